/*
 * input.h - what the user typed: a name, an identity, a locator or a reference, told apart.
 * Asks nobody; a reference's signature is checked, since that needs no look-up.
 */
#ifndef MAPDIG_INPUT_H
#define MAPDIG_INPUT_H

#include "core/wire/eid.h"
#include "core/wire/reference.h"

enum input_kind { INPUT_NAME, INPUT_IDENTITY, INPUT_LOCATOR, INPUT_REFERENCE };

struct input {
	enum input_kind kind;
	const char *text; /* borrowed from the caller */
	struct eid id; /* what is looked up */
	uint8_t address[16]; /* INPUT_LOCATOR: the same as octets */
	struct reference reference; /* INPUT_REFERENCE */
};

const char *input_kind_word(enum input_kind kind); /* "name"; a static string */

/*
 * realms is the local table (an address under one of its prefixes is an identity); now in seconds.
 * 0; -MAP_ETEXT, -MAP_EREFERENCE, -MAP_EUNKNOWN (not resolvable) or what the reference's
 * verification says, with why.
 */
int input_scan(const char *text, const struct realm *realms, size_t n_realms, uint64_t now,
    struct input *out, const char **why);

#endif
