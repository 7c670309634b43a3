/*
 * load.c - a zone made, replaced, removed: durable when it is said to be done, or not at all.
 * A little that differs is changed in place, in one transaction. Else the new content is written under an
 * id of its own, then the table of zones is turned over to it; so a load of any size is one change, and
 * never holds more than a batch.
 */
#include "mapd/load.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "mapd/backlog.h"
#include "mapd/build.h"
#include "mapd/claim.h"
#include "mapd/meta.h"
#include "mapd/revise.h"
#include "mapd/spool.h"

static void
outcome_error(struct outcome *out, int rc)
{
	if (out->why[0] == '\0')
		snprintf(out->why, sizeof out->why, "%s", error_text(rc));
}

/* Never lower than what was served before, also before a removal (RFC 1982). */
uint32_t
load_serial(struct change *change, const struct plan *plan)
{
	uint32_t last;

	if (!meta_serial_get(change, &plan->apex, &last) || serial_after(plan->serial, last))
		return plan->serial;
	return last + 1;
}

/* The keys of the zone, and who signs with them. */
int
load_signers(struct work *work, struct build *build, struct signers *signers, uint64_t now,
    struct outcome *out)
{
	int rc = work_keys(
	    work, build->change, &build->plan->apex, &build->keys, out->why, sizeof out->why);

	if (rc == 0)
		rc = keyset_signers(build->keys, now, signers);
	build->signers = signers;
	return rc;
}

/* The zone's row, and what goes with it. */
void
load_put(struct build *build, uint64_t now)
{
	build->zone->loaded = now;
	/* what was served before may be in caches for long: the longest TTL is that of all times */
	if (build->zone->ttl_max < build->plan->ttl_max)
		build->zone->ttl_max = build->plan->ttl_max;
	work_zone_put(build->change, build->zone);
	meta_serial_put(build->change, &build->zone->apex, build->zone->serial);
	work_put_clock(build->change, now);
}

/* Writes the content under an id of its own, and turns the table of zones over to it. */
static int
load_build(struct work *work, struct build *build, const struct zone *before, uint64_t now,
    struct outcome *out)
{
	struct zone *zone = build->zone;
	int rc;

	*zone = (struct zone){.id = meta_next_zone(build->change),
	    .serial = load_serial(build->change, build->plan),
	    .denial = rules_denial(work->rules, &build->plan->apex),
	    .algorithm = keyset_have(build->keys).algorithm,
	    .negative_ttl = build->plan->negative_ttl,
	    .ttl_max = before->ttl_max,
	    .apex = build->plan->apex};
	rc = build_zone(build);
	if (rc != 0) {
		snprintf(out->why, sizeof out->why, "%s", build->why);
		return rc;
	}
	load_put(build, now);
	meta_bump_generation(build->change);
	return 0;
}

/*
 * Changes what is stored where the file differs from it, so that serial and signatures move as little as the
 * data did. False: it is to be built anew; else *rc is what came of it.
 */
static bool
load_revise(struct work *work, struct build *build, const struct zone *before, uint64_t now,
    struct outcome *out, int *rc)
{
	struct zone *zone = build->zone;
	struct revision *revision;
	struct revised sum;

	*zone = *before;
	zone->negative_ttl = build->plan->negative_ttl;
	*rc = revise_find(build, before, &revision);
	if (*rc != 0) {
		snprintf(out->why, sizeof out->why, "%s", build->why);
		return true;
	}
	if (revision == NULL)
		return false;
	sum = revise_sum(revision);
	out->revised = true;
	out->added = sum.added;
	out->removed = sum.removed;
	out->unchanged = !sum.differs && !serial_after(build->plan->serial, before->serial);
	if (!out->unchanged) {
		zone->serial = load_serial(build->change, build->plan);
		journal_begin(work->journal, before);
		batch_set_journal(build->batch, work->journal);
		*rc = revise_write(build, revision);
		batch_set_journal(build->batch, NULL);
		if (*rc == 0) {
			load_put(build, now);
			journal_end(
			    work->journal, build->change, zone, now, work->rules->journal);
		}
	}
	revise_free(revision);
	return true;
}

/* What stays the zone's when its content changes. */
static bool
load_may_revise(const struct work *work, const struct build *build, const struct zone *before)
{
	return before->denial == rules_denial(work->rules, &before->apex) &&
	       before->negative_ttl == build->plan->negative_ttl;
}

static void
load_done(
    struct work *work, const struct zone *zone, const struct zone *before, struct outcome *out)
{
	out->serial = zone->serial;
	out->records = zone->records;
	out->resign = zone->resign;
	out->expires = zone->expires;
	work_due_note(work, zone);
	work_compare_zone(work, zone);
	if (out->replaced && !out->revised && work_sweep(work, before->id) != 0)
		diag_warn(
		    "database: old content could not be removed: the next start tries again");
}

int
load_plan(struct work *work, struct loading *loading, const struct name *apex,
    struct bytes records, struct outcome *out)
{
	struct plan *plan = &loading->plan;
	int rc;

	memset(out, 0, sizeof *out);
	loading->zone = loading->before = (struct zone){0};
	loading->opened = false;
	loading->out = out;
	loading->now = clock_seconds();
	rc = plan_make(plan, apex, records, work->rules, work->pool,
	    loading->anew ? PLAN_STORED : loading->now);
	out->refused = plan->refused;
	if (rc != 0)
		snprintf(out->why, sizeof out->why, "%s", plan->why);
	return rc;
}

/* Those of a zone that is new were counted in the one above. */
static void
load_claims(const struct loading *loading, struct change *change)
{
	const struct name *apex = &loading->plan.apex;
	struct name first = *apex;
	bool more = loading->drop;

	if (!loading->out->replaced)
		claim_adopt(change, apex);
	/* however many: after a crash nobody would go on with the rest */
	while (more)
		more = claim_forget(change, apex, &first, WORK_CLAIMS);
}

int
load_write(struct work *work, struct loading *loading, struct change **change, bool alone)
{
	struct outcome *out = loading->out;
	struct zone *before = &loading->before;
	struct build build = {.plan = &loading->plan,
	    .batch = work->batch,
	    .behind = work->behind,
	    .store = alone ? work->store : NULL,
	    .change = *change,
	    .zone = &loading->zone};
	struct signers signers;
	bool follows = !loading->anew && !loading->edit;
	int rc = work_check_clock(*change, loading->now, out->why, sizeof out->why);

	loading->alone = alone;
	loading->opened = work_keys_known(work, &loading->plan.apex) == NULL;
	out->replaced = rc == 0 && work_zone(*change, &loading->plan.apex, before);
	out->previous = before->serial;
	if (rc == 0)
		rc = load_signers(work, &build, &signers, loading->now, out);
	if (rc == 0 && follows)
		rc = backlog_put_zone(build.change, &loading->plan.apex, false);
	if (rc == 0 &&
	    (loading->anew || !out->replaced || !load_may_revise(work, &build, before) ||
		!load_revise(work, &build, before, loading->now, out, &rc)))
		rc = load_build(work, &build, before, loading->now, out);
	if (rc == 0)
		load_claims(loading, build.change);
	if (rc == 0 && follows && !out->unchanged)
		rc = backlog_put_zone(build.change, &loading->plan.apex, true);
	*change = build.change;
	return rc;
}

bool
load_is_nothing(const struct loading *loading)
{
	return loading->out->unchanged && !loading->drop;
}

void
load_end(struct work *work, struct loading *loading, int rc)
{
	uint32_t id = loading->zone.id;

	if (rc == 0) {
		load_done(work, &loading->zone, &loading->before, loading->out);
	} else {
		outcome_error(loading->out, rc);
		if (loading->opened)
			work_forget(work, &loading->plan.apex);
		/* what was committed on the way; beside others nothing was, and the id is another's now */
		if (loading->alone && id != 0 && id != loading->before.id)
			(void)work_sweep(work, id); /* else the next start does it */
	}
	plan_fini(&loading->plan);
}

int
load_run(struct work *work, struct loading *loading, const struct name *apex,
    struct bytes records, struct outcome *out)
{
	struct change *change = NULL;
	int rc = load_plan(work, loading, apex, records, out);

	if (rc == 0)
		rc = change_begin(work->store, &change);
	if (rc == 0)
		rc = load_write(work, loading, &change, true);
	if (rc == 0 && !load_is_nothing(loading)) {
		rc = change_commit(change);
		change = NULL;
	}
	change_abort(change);
	load_end(work, loading, rc);
	return rc;
}

int
work_load(struct work *work, const struct name *apex, struct bytes records, struct outcome *out)
{
	struct loading loading = {.alone = true};

	return load_run(work, &loading, apex, records, out);
}

/* Appends what the zone's operator gave of a name; what the signer made is left out. */
static int
collect_node(struct spool *spool, struct bytes key, struct bytes value)
{
	uint8_t octets[NAME_WIRE + RRSET_NAME];
	struct node node;
	struct node_set set;
	struct name owner;
	struct bytes rdata;
	size_t at = 0;
	uint16_t type;
	int rc = node_key_name(key, &owner);

	if (rc == 0)
		rc = node_read(value, &node);
	while (rc == 0 && node_next(&node, &at, &set)) {
		size_t in = 0;

		while (rc == 0 && rrtype_refusal(set.type) == NULL &&
		       node_set_next(&set, &in, &type, &rdata)) {
			struct rr rr = {&owner, type, CLASS_IN, set.ttl, rdata};
			struct wr wr = wr_init(octets, sizeof octets);

			if (type != set.type)
				continue; /* its signature */
			frame_record_put(&wr, &rr);
			rc = wr.error != 0 ? wr.error : spool_add(spool, wr_done(&wr));
		}
	}
	return rc;
}

/* All records of a zone as they were loaded. */
static int
collect_zone(struct work *work, const struct name *apex, struct spool *spool)
{
	struct bytes key, value;
	struct change *change;
	struct zone zone;
	uint8_t prefix[4];
	int rc = change_begin(work->store, &change);

	if (rc != 0)
		return rc;
	if (!work_zone(change, apex, &zone))
		rc = -MAP_ENOTFOUND;
	put_u32(prefix, zone.id);
	for (bool found = rc == 0 && change_ceiling(change, TABLE_NODES,
					 (struct bytes){prefix, 4}, &key, &value);
	     found && rc == 0 && key.n >= 4 && memcmp(key.p, prefix, 4) == 0;
	     found = change_next(change, TABLE_NODES, &key, &value))
		rc = collect_node(spool, key, value);
	if (rc == 0)
		rc = change_error(change);
	change_abort(change);
	return rc;
}

int
work_rebuild(struct work *work, const struct name *apex, struct outcome *out)
{
	struct loading loading = {.alone = true, .anew = true};
	struct spool *spool = NULL;
	struct bytes records;
	int rc = spool_new(store_directory(work->store), &spool);

	memset(out, 0, sizeof *out);
	out->refused = PLAN_NONE;
	if (rc == 0)
		rc = collect_zone(work, apex, spool);
	if (rc == 0)
		rc = spool_map(spool, &records);
	if (rc == 0)
		rc = load_run(work, &loading, apex, records, out);
	if (rc != 0)
		outcome_error(out, rc);
	spool_free(spool);
	return rc;
}

int
work_remove(struct work *work, const struct name *apex, struct outcome *out)
{
	uint8_t key[NAME_KEY];
	struct name claimed = *apex;
	struct change *change = NULL;
	struct zone zone;
	bool more = false;
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
	if (rc == 0)
		rc = backlog_put_zone(change, apex, false);
	if (rc == 0) {
		change_remove(
		    change, TABLE_ZONES, (struct bytes){key, zone_meta_key(apex, key)});
		meta_bump_generation(change);
		more = claim_forget(change, apex, &claimed, WORK_CLAIMS);
		rc = backlog_put_zone(change, apex, true);
	}
	if (rc == 0)
		rc = change_commit(change);
	else
		change_abort(change);
	if (rc != 0) {
		outcome_error(out, rc);
		return rc;
	}
	work_due_note(work, &zone);
	out->serial = zone.serial;
	out->records = zone.records;
	if ((more && work_sweep_claims(work, apex, &claimed) != 0) ||
	    work_sweep(work, zone.id) != 0)
		diag_warn(
		    "database: old content could not be removed: the next start tries again");
	return 0;
}
