/*
 * own.c - decides over a mapping and this host's addresses; asks nobody.
 */
#include "resolverd/own.h"

static bool
own_is_named(const struct eid *id, const struct result *local)
{
	for (size_t i = 0; local != NULL && i < local->n_identities; i++)
		if (local->identities[i].error == 0 && eid_equal(&local->identities[i].id, id))
			return true;
	return false;
}

bool
own_is_identity(const struct found_identity *id, const struct result *local,
    const struct addresses *addresses)
{
	if (id->id.form != EID_NONE && own_is_named(&id->id, local))
		return true;
	for (size_t l = 0; l < id->n_locators; l++)
		if (addresses_find(addresses, id->locators[l].locator.address) == NULL)
			return false;
	return true;
}

bool
own_is_in_the_way(
    const struct locator *locator, bool own_identity, const struct addresses *addresses)
{
	return !own_identity && addresses_find(addresses, locator->address) != NULL;
}
