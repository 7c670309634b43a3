/*
 * reference.h - "eid:" references (protocol 11): text to value and back; no signature made here.
 */
#ifndef WIRE_REFERENCE_H
#define WIRE_REFERENCE_H

#include "core/wire/eid.h"

#define REFERENCE_TEXT 513 /* 512 characters and the NUL */
#define REFERENCE_AHEAD (30 * 86400)

struct reference {
	struct eid id; /* with its at= hint */
	uint16_t port; /* 0: none */
	bool is_signed;
	struct eid by;
	uint8_t key[32];
	uint64_t exp;
	uint8_t sig[64];
	size_t signed_n; /* characters before "&sig=" in the text read */
};

/* Reads and holds it to the grammar; -MAP_EREFERENCE with *why a static sentence. Neither time
 * nor signature is looked at. */
int reference_scan(const char *text, struct reference *out, const char **why) NONNULL MUST_CHECK;
/* Prints; without "&sig=..." when with_sig is false, which is the text to be signed. */
int reference_print(const struct reference *ref, bool with_sig, char text[REFERENCE_TEXT]) NONNULL MUST_CHECK;
/* Appends the signed octets: "eidref-1" 0x00 and the first n characters of text. */
void reference_message(struct wr *wr, const char *text, size_t n) NONNULL;

#endif
