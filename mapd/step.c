/*
 * step.c - names whose addresses keep step with a mapping.
 */
#include "mapd/step.h"

#include "core/wire/rrtype.h"
#include "mapd/host.h"
#include "mapd/people.h"

/* The desk of the zone that a name is in: most often the identity's; NULL: it is in none of this server. */
static struct desk *
step_desk(struct commit *commit, struct desk *desk, const struct name *name, int *rc)
{
	struct zone zone;

	*rc = 0;
	if (eid_is_reverse(name) || !work_zone_of(commit->change, name, &zone))
		return NULL;
	if (name_equal(&zone.apex, &desk->zone.apex))
		return desk;
	return commit_desk(commit, &zone.apex, rc);
}

int
step_name(struct desk *desk, const struct draft *mapping, const struct name *name)
{
	struct spot *spot;
	int rc = desk_spot(desk, name, &spot);

	if (rc != 0 || spot_is_occluded(spot) || spot_is_apex(desk, spot))
		return rc;
	rc = desk_try(desk, spot);
	return rc != 0 ? rc : host_set_addresses(desk, mapping, &spot->next);
}

int
step_own(struct commit *commit, struct desk *desk, struct spot *spot)
{
	const struct draft *mapping;
	struct spot *own;
	struct desk *home;
	struct name identity;
	struct zone zone;
	int rc;

	if (eid_is_reverse(&spot->name) ||
	    !assigned_get(commit->change, &spot->name, &identity) ||
	    !work_zone_of(commit->change, &identity, &zone))
		return change_error(commit->change);
	home = commit_desk(commit, &zone.apex, &rc);
	if (home == NULL || rc != 0)
		return rc;
	rc = desk_spot(home, &identity, &own);
	if (rc != 0)
		return rc;
	mapping = own->tried ? &own->next : &own->now;
	return draft_has(mapping, RR_ELOC) ? step_name(desk, mapping, &spot->name) : 0;
}

int
step_names(struct commit *commit, struct desk *desk, const struct spot *identity)
{
	struct name name = {0};
	int rc = 0;

	if (!draft_has(&identity->now, RR_ELOC) && !draft_has(&identity->next, RR_ELOC))
		return 0;
	while (rc == 0 && assigned_next(commit->change, &identity->name, &name)) {
		struct desk *other = step_desk(commit, desk, &name, &rc);

		if (other != NULL && rc == 0)
			rc = step_name(other, &identity->next, &name);
	}
	return rc != 0 ? rc : change_error(commit->change);
}
