/*
 * account.h - what each user has in flight, so that none can starve the others.
 */
#ifndef RESOLVERD_ACCOUNT_H
#define RESOLVERD_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "core/wire/bytes.h"

#define ACCOUNT_PLACES 256

/* Root, too, is a user. */
struct account {
	struct account *chain;
	uint32_t uid;
	size_t clients; /* connected */
	size_t tickets; /* clients' waits */
	size_t lookups; /* that this user began */
	size_t sessions;
	size_t checks; /* of pairs, that this user began; others may share them for longer */
	size_t asks; /* questions of these upstream; they may outlive the look-up */
};

struct accounts {
	struct account *places[ACCOUNT_PLACES];
};

/* A user's, made when there is none; borrowed until a moment when nothing of it is in flight. NULL:
 * out of memory. */
struct account *account_get(struct accounts *all, uint32_t uid) NONNULL;
/* Something of it has ended: without any it goes, at once or with the next account_get(). */
void account_put(struct accounts *all, struct account *account) NONNULL;
void accounts_fini(struct accounts *all) NONNULL;

/*
 * Whether one more of max things may be begun, of which all are in flight, and own are the user's:
 * nobody may have more than he leaves to all others, so that there is always room for another.
 */
static inline bool
account_allows(size_t own, size_t all, size_t max)
{
	return all < max && own < max - all;
}

#endif
