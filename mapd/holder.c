/*
 * holder.c - what of a name is its holder's.
 * Knows who that is, by the tables of people; which place he has there is view.c's.
 */
#include "mapd/holder.h"

#include "core/wire/rrtype.h"
#include "mapd/people.h"
#include "mapd/view.h"

static enum place
place_to(struct change *change, const struct rules *rules, const struct name *name,
    const struct name *identity)
{
	/* what was claimed while the realm was open is its host's still when it is not any more */
	struct policy_case c = {.policy = &policy_usual[POLICY_OPEN],
	    .realms = rules->realms,
	    .n_realms = rules->n_realms,
	    .owner = name,
	    .assigned = name_equal(name, identity) ? NULL : identity};
	struct actor actor = {.kind = ACTOR_KEY, .name = *identity};
	struct person person;

	c.actor = &actor;
	c.enrolled =
	    person_get(change, identity, &person) && (person.flags & PERSON_ENROLLED) != 0;
	return view_of(&c, 0, false).place;
}

/* A key may have come first, and the name been assigned to another one since. */
struct holder
holder_of(struct change *change, const struct rules *rules, const struct name *name,
    const struct draft *stored)
{
	struct holder holder = {place_to(change, rules, name, name), PLACE_NONE};
	struct name identity;

	if (!assigned_get(change, name, &identity))
		return holder;
	holder.assigned = place_to(change, rules, name, &identity);
	if (!draft_has(stored, RR_KEY))
		holder.own = PLACE_NONE;
	return holder;
}

struct holder
holder_signing(struct change *change, const struct rules *rules, const struct name *name,
    const struct draft *stored, const struct name *signer)
{
	struct holder holder = holder_of(change, rules, name, stored);

	if (holder.assigned != PLACE_NONE && !name_equal(name, signer))
		holder.own = PLACE_NONE;
	return holder;
}

bool
holder_stays(struct change *change, const struct name *name, const struct draft *stored)
{
	struct name identity;

	return draft_has(stored, RR_EPID) && assigned_get(change, name, &identity) &&
	       !name_equal(&identity, name);
}

bool
holder_has_type(const struct holder *holder, uint16_t type)
{
	bool none = holder->own == PLACE_NONE && holder->assigned == PLACE_NONE;
	bool has = place_has_type((enum place)holder->own, type) ||
		   place_has_type((enum place)holder->assigned, type);

	for (enum place any = PLACE_OWN; none && any <= PLACE_REVERSE; any++)
		has |= place_has_type(any, type);
	return has;
}
