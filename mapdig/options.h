/*
 * options.h - the command line, dig's way: @SERVER, -x, +word; each is a row of options.def.
 */
#ifndef MAPDIG_OPTIONS_H
#define MAPDIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/wire/eid.h"
#include "core/wire/wishes.h"

#define OPTION_LIST 8 /* servers, anchor files */

struct option_list {
	const char *words[OPTION_LIST];
	size_t n;
};

/* All words are borrowed from argv. */
struct options {
	const char *input;
	struct option_list servers; /* of @: without the port of -p */
	struct option_list anchors;
	const char *socket; /* -s, or NULL */
	const char *realms; /* -r, or NULL */
	uint16_t port;
	uint16_t probe; /* port to connect to, 0: none */
	uint64_t timeout_ms; /* 0: the default */
	struct eid from; /* EID_NONE: any address */
	struct wishes wishes;
	/* Words: set by +word, cleared by +noword. */
	bool is_short;
	bool json;
	bool chain;
	bool pairs;
	bool why;
	bool reverse;
	bool insecure;
	bool legacy;
	bool proof;
	bool fresh;
	bool private_locators;
	bool color;
	/* Asked for instead of a look-up. */
	bool help;
	bool version;
};

/* 0, or -MAP_EUSAGE with why. color_default: standard output is a terminal that wants it. */
int options_parse(int argc, char *const *argv, bool color_default, struct options *out,
    char *why, size_t max);
void options_help(FILE *to);

#endif
