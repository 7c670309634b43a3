/*
 * step.c - names whose addresses keep step with a mapping.
 */
#include "mapd/step.h"

#include "core/wire/rrtype.h"
#include "mapd/host.h"
#include "mapd/people.h"

static int
step_name(struct desk *desk, const struct spot *identity, const struct name *name)
{
	struct spot *spot;
	int rc = desk_spot(desk, name, &spot);

	if (rc != 0 || spot_is_occluded(spot) || spot_is_apex(desk, spot))
		return rc;
	rc = desk_try(desk, spot);
	return rc != 0 ? rc : host_set_addresses(desk, &identity->next, &spot->next);
}

int
step_names(struct desk *desk, const struct spot *identity)
{
	struct name name = {0};
	int rc = 0;

	if (!draft_has(&identity->now, RR_ELOC) && !draft_has(&identity->next, RR_ELOC))
		return 0;
	while (rc == 0 && assigned_next(desk->change, &identity->name, &name))
		if (name_is_below(&name, &desk->zone.apex) && !host_is_reverse(&name))
			rc = step_name(desk, identity, &name);
	return rc != 0 ? rc : change_error(desk->change);
}
