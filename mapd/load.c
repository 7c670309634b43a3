/*
 * load.c - a zone made, replaced, removed: durable when it is said to be done, or not at all.
 * The new content is written under an id of its own, then the table of zones is turned over to it
 * in one transaction; so a load of any size is one change, and never holds more than a batch.
 */
#include "mapd/work.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "mapd/build.h"
#include "mapd/meta.h"

static void
outcome_error(struct outcome *out, int rc)
{
	if (out->why[0] == '\0')
		snprintf(out->why, sizeof out->why, "%s", error_text(rc));
}

/* Never lower than what was served before, also before a removal (RFC 1982). */
static uint32_t
load_serial(struct change *change, const struct plan *plan)
{
	uint32_t last;

	if (!meta_serial_get(change, &plan->apex, &last) || serial_after(plan->serial, last))
		return plan->serial;
	return last + 1;
}

/* Writes the content, and turns the table of zones over to it. */
static int
load_build(struct work *work, struct build *build, uint64_t now, struct outcome *out)
{
	struct zone *zone = build->zone;
	const struct work_key *key;
	struct signer signer;
	int rc;

	rc = work_key(work, build->change, &build->plan->apex, &key, out->why, sizeof out->why);
	if (rc == 0)
		rc = signer_init(
		    &signer, &build->plan->apex, key->secret, zonekey_dnskey(&key->key), now);
	if (rc != 0) {
		change_abort(build->change);
		return rc;
	}
	build->key = &key->key;
	build->signer = &signer;
	*zone = (struct zone){.id = meta_next_zone(build->change),
	    .serial = load_serial(build->change, build->plan),
	    .denial = rules_denial(work->rules, &build->plan->apex),
	    .algorithm = key->key.algorithm,
	    .negative_ttl = build->plan->negative_ttl,
	    .loaded = now,
	    .apex = build->plan->apex};
	rc = build_zone(build);
	if (rc != 0) {
		snprintf(out->why, sizeof out->why, "%s", build->why);
		return rc;
	}
	work_zone_put(build->change, zone);
	meta_serial_put(build->change, &zone->apex, zone->serial);
	work_put_clock(build->change, now);
	meta_bump_generation(build->change);
	return change_commit(build->change);
}

static int
load_plan(struct work *work, const struct plan *plan, uint64_t now, struct outcome *out)
{
	struct zone zone = {0}, before = {0};
	struct build build = {
	    .plan = plan, .batch = work->batch, .store = work->store, .zone = &zone};
	int rc = change_begin(work->store, &build.change);

	if (rc != 0)
		return rc;
	rc = work_check_clock(build.change, now, out->why, sizeof out->why);
	if (rc != 0) {
		change_abort(build.change);
		return rc;
	}
	out->replaced = work_zone(build.change, &plan->apex, &before);
	out->previous = before.serial;
	rc = load_build(work, &build, now, out);
	if (rc != 0) {
		if (!out->replaced)
			work_forget(work, &plan->apex);
		if (zone.id != 0)
			(void)work_sweep(work, zone.id); /* else the next start does it */
		return rc;
	}
	work_due_note(work, &zone);
	out->serial = zone.serial;
	out->records = zone.records;
	rules_compare(work->rules, &zone);
	if (out->replaced && work_sweep(work, before.id) != 0)
		diag_warn(
		    "database: old content could not be removed: the next start tries again");
	return 0;
}

int
work_load(struct work *work, const struct name *apex, struct bytes records, struct outcome *out)
{
	uint64_t now = clock_seconds();
	struct plan plan;
	int rc;

	memset(out, 0, sizeof *out);
	rc = plan_make(&plan, apex, records, work->rules, work->pool, now);
	out->refused = plan.refused;
	if (rc != 0)
		snprintf(out->why, sizeof out->why, "%s", plan.why);
	else
		rc = load_plan(work, &plan, now, out);
	plan_fini(&plan);
	if (rc != 0)
		outcome_error(out, rc);
	return rc;
}

int
work_remove(struct work *work, const struct name *apex, struct outcome *out)
{
	uint8_t key[NAME_KEY];
	struct change *change;
	struct zone zone;
	int rc;

	memset(out, 0, sizeof *out);
	out->refused = PLAN_NONE;
	rc = change_begin(work->store, &change);
	if (rc == 0 && !work_zone(change, apex, &zone)) {
		change_abort(change);
		rc = -MAP_ENOTFOUND;
		snprintf(out->why, sizeof out->why, "not served here");
		return rc;
	}
	if (rc == 0) {
		change_remove(
		    change, TABLE_ZONES, (struct bytes){key, zone_meta_key(apex, key)});
		meta_bump_generation(change);
		rc = change_commit(change);
	}
	if (rc != 0) {
		outcome_error(out, rc);
		return rc;
	}
	work_due_note(work, &zone);
	out->serial = zone.serial;
	out->records = zone.records;
	if (work_sweep(work, zone.id) != 0)
		diag_warn(
		    "database: old content could not be removed: the next start tries again");
	return 0;
}
