/*
 * refusal.h - a server's "no" in words: which name, why, and what to do.
 */
#ifndef REGISTER_REFUSAL_H
#define REGISTER_REFUSAL_H

#include "register/answer.h"
#include "register/content.h"

enum refusal_again {
	AGAIN_NEVER, /* not as it is: somebody has to do something first */
	AGAIN_LATER,
	AGAIN_TCP /* at once, if it was not over TCP */
};

/* Of an RCODE that is not NOERROR: when it makes sense to ask once more. */
enum refusal_again refusal_again(const struct answer *answer) NONNULL;
/* "NAME: RCODE: why; what to do", in printable ASCII. Returns text. */
char *refusal_print(const struct answer *answer, const struct name *name, char *text, size_t max) NONNULL;
/* A server that gives no reason may mean any of the names: they are added. */
void refusal_add_names(const struct answer *answer, const struct content *content, char *text, size_t max) NONNULL;
/* "REFUSED"; text has 16 octets, for numbers without a name. */
const char *refusal_rcode(unsigned rcode, char text[16]) NONNULL;

#endif
