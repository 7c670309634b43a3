/*
 * account.c - a small table of users; those without anything in flight are forgotten.
 */
#include "resolverd/account.h"

#include <stdlib.h>

static bool
account_is_idle(const struct account *a)
{
	return a->clients == 0 && a->tickets == 0 && a->lookups == 0 && a->sessions == 0 &&
	       a->checks == 0 && a->asks == 0;
}

struct account *
account_get(struct accounts *all, uint32_t uid)
{
	struct account **at = &all->places[uid % ACCOUNT_PLACES], *a;

	while ((a = *at) != NULL && a->uid != uid) {
		if (account_is_idle(a)) {
			*at = a->chain;
			free(a);
		} else {
			at = &a->chain;
		}
	}
	if (a != NULL)
		return a;
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return NULL;
	a->uid = uid;
	*at = a;
	return a;
}

void
account_put(struct accounts *all, struct account *account)
{
	struct account **at = &all->places[account->uid % ACCOUNT_PLACES];

	if (!account_is_idle(account))
		return;
	while (*at != account)
		at = &(*at)->chain;
	*at = account->chain;
	free(account);
}

void
accounts_fini(struct accounts *all)
{
	for (size_t i = 0; i < ACCOUNT_PLACES; i++)
		while (all->places[i] != NULL) {
			struct account *a = all->places[i];

			all->places[i] = a->chain;
			free(a);
		}
}
