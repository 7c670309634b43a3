/*
 * amend.c - an edit of a zone: its lines checked, shown, and written.
 * Knows how the names that an edit touches become what a load of the whole zone would make of them; the rest
 * of the zone is not read. What is too much for that goes the way of a load.
 */
#include "mapd/amend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "core/zone/records.h"
#include "mapd/backlog.h"
#include "mapd/beside.h"
#include "mapd/chain.h"
#include "mapd/claim.h"
#include "mapd/gather.h"
#include "mapd/holder.h"
#include "mapd/load.h"
#include "mapd/meta.h"
#include "mapd/renew.h"
#include "mapd/revise.h"

#define AMEND_MOST 8192 /* names written in one transaction */
#define SOA_SERIAL_END 20

/* While an edit is done. */
struct amending {
	struct work *work;
	struct amend *amend;
	struct outcome *out;
	struct change *change;
	struct zone before, zone;
	struct places places, befores;
	struct records kept; /* of the places; then what is beside them too */
	struct plan plan;
	uint8_t *octets; /* of the plan */
	uint64_t now;
};

static void
row_doubled(void *arg, const struct zone_row *row)
{
	(void)arg;
	(void)row;
}

/* Rows as a load sends records; caller frees. NULL: out of memory. */
static uint8_t *
rows_encode(const struct records *rows, struct bytes *out)
{
	size_t max = 1;
	uint8_t *octets;
	struct name owner;
	struct wr wr;

	for (size_t i = 0; i < rows->n; i++)
		max += NAME_WIRE + 8u + rows->rows[i]->rdata_n;
	octets = malloc(max);
	wr = wr_init(octets, octets != NULL ? max : 0);
	for (size_t i = 0; i < rows->n && octets != NULL; i++) {
		const struct zone_row *row = rows->rows[i];
		struct rr rr = {&owner, row->type, CLASS_IN, row->ttl, row_rdata(row)};

		if (name_from_key(row_key(row), &owner) == 0)
			frame_record_put(&wr, &rr);
	}
	*out = wr_done(&wr);
	return octets;
}

/* An SOA that only has another serial is another one when that is a later one. */
static bool
record_is_row(
    const struct amending *a, const struct draft_record *record, const struct zone_row *row)
{
	struct bytes rdata = row_rdata(row);

	if (record->type != row->type || record->ttl != row->ttl ||
	    !revise_rdata_equal(row->type, record->rdata, rdata))
		return false;
	return row->type != RR_SOA || rdata.n < SOA_SERIAL_END ||
	       !serial_after(get_u32(rdata.p + rdata.n - SOA_SERIAL_END), a->before.serial);
}

/* The records of one place that come and go; rows are those it is to have. */
static int
place_diff(const struct amending *a, const struct place *place, struct zone_row *const *rows,
    size_t n, struct records *out[2])
{
	const struct draft *before = &place->before;
	int rc = 0;

	for (size_t i = 0; i < before->n && rc == 0; i++) {
		const struct draft_record *record = &before->records[i];
		struct rr rr = {
		    &place->name, record->type, CLASS_IN, record->ttl, record->rdata};
		size_t k = 0;

		while (k < n && !record_is_row(a, record, rows[k]))
			k++;
		if (k == n)
			rc = records_add(out[0], &rr, 0, 0);
	}
	for (size_t k = 0; k < n && rc == 0; k++) {
		struct rr rr = {
		    &place->name, rows[k]->type, CLASS_IN, rows[k]->ttl, row_rdata(rows[k])};
		size_t i = 0;

		while (i < before->n && !record_is_row(a, &before->records[i], rows[k]))
			i++;
		if (i == before->n)
			rc = records_add(out[1], &rr, 0, 0);
	}
	return rc;
}

/* Fills in what comes and goes; kept is in the order of the places. */
static int
amend_diff(struct amending *a)
{
	struct records removed = {0}, added = {0}, *both[2] = {&removed, &added};
	struct amend *amend = a->amend;
	struct bytes parts[2];
	uint8_t *octets[2] = {NULL, NULL};
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; i < a->places.n && rc == 0; i++) {
		const struct place *place = a->places.at[i];

		if (!place_is_changed(place))
			continue;
		/* where nothing is kept there are no rows to count from */
		rc = place_diff(a, place, at < a->kept.n ? a->kept.rows + at : NULL,
		    place->new_records, both);
		at += place->new_records;
	}
	for (int i = 0; i < 2 && rc == 0; i++) {
		octets[i] = rows_encode(both[i], &parts[i]);
		rc = octets[i] == NULL ? -MAP_ENOMEM : 0;
	}
	if (rc == 0)
		amend->records = malloc(parts[0].n + parts[1].n + 1);
	if (rc == 0 && amend->records == NULL)
		rc = -MAP_ENOMEM;
	if (rc == 0) {
		memcpy(amend->records, parts[0].p, parts[0].n);
		memcpy(amend->records + parts[0].n, parts[1].p, parts[1].n);
		amend->removed = (struct bytes){amend->records, parts[0].n};
		amend->added = (struct bytes){amend->records + parts[0].n, parts[1].n};
		a->out->removed = removed.n;
		a->out->added = added.n;
	}
	free(octets[0]);
	free(octets[1]);
	records_fini(&removed);
	records_fini(&added);
	return rc;
}

/* Names assigned to an identity whose mapping it changes are to follow. */
static void
place_follow(struct change *change, const struct place *place)
{
	if (place->mapping &&
	    (draft_has(&place->before, RR_ELOC) || draft_has(&place->draft, RR_ELOC)))
		backlog_put_names(change, &place->name);
}

/* What goes with the edit joins its change; the claims of names that lose their KEY, or all they have, go in every case. */
static int
amend_beside(const struct amending *a, struct change *change)
{
	const struct amend *amend = a->amend;
	int rc = amend->beside != NULL ? amend->beside(amend->beside_arg, change) : 0;

	for (size_t i = 0; i < a->places.n && rc == 0; i++) {
		const struct place *place = a->places.at[i];

		if (place->touched &&
		    ((place->draft.n == 0 && !amend->steps) ||
			(draft_loses_key(&place->before, &place->draft) &&
			    !holder_stays(change, &place->name, &place->draft))))
			claim_remove(change, &a->before.apex, &place->name);
		if (!amend->steps)
			place_follow(change, place);
	}
	return rc != 0 ? rc : change_error(change);
}

/* The same and the end of it, where nothing of the zone differs. */
static int
amend_unchanged(struct amending *a)
{
	int rc;

	a->out->unchanged = true;
	if (a->amend->dry || a->amend->beside == NULL)
		return 0;
	rc = amend_beside(a, a->change);
	if (rc != 0)
		return rc;
	rc = change_commit(a->change);
	a->change = NULL;
	return rc;
}

/* A load of all records, with what goes with the edit. */
static int
amend_load(struct amending *a, struct bytes records)
{
	struct loading loading = {.alone = true, .edit = true};
	struct change *change = NULL;
	int rc = load_plan(a->work, &loading, &a->before.apex, records, a->out);

	if (rc == 0)
		rc = change_begin(a->work->store, &change);
	if (rc == 0)
		rc = load_write(a->work, &loading, &change, true);
	if (rc == 0)
		rc = amend_beside(a, change);
	if (rc == 0) {
		rc = change_commit(change);
		change = NULL;
	}
	change_abort(change);
	load_end(a->work, &loading, rc);
	return rc;
}

/* The zone with the edit, all of it, goes the way of a load. */
static int
amend_whole(struct amending *a)
{
	struct records rows = {0};
	uint8_t prefix[4], *octets = NULL;
	struct bytes key = {prefix, sizeof prefix}, value, records;
	struct draft draft = {0};
	struct name name;
	bool more;
	int rc = 0;

	put_u32(prefix, a->before.id);
	more = change_ceiling(a->change, TABLE_NODES, key, &key, &value);
	for (; more && rc == 0 && key.n >= 4 && memcmp(key.p, prefix, 4) == 0;
	     more = change_next(a->change, TABLE_NODES, &key, &value)) {
		if (place_is_changed(places_find_key(&a->places, key)))
			continue;
		rc =
		    node_key_name(key, &name) != 0 ? -MAP_EDATABASE : draft_read(&draft, value);
		for (size_t i = 0; i < draft.n && rc == 0; i++) {
			const struct draft_record *d = &draft.records[i];
			struct rr rr = {&name, d->type, CLASS_IN, d->ttl, d->rdata};

			rc = records_add(&rows, &rr, 0, 0);
		}
	}
	for (size_t i = 0; i < a->kept.n && rc == 0; i++) {
		const struct zone_row *row = a->kept.rows[i];
		struct rr rr = {&name, row->type, CLASS_IN, row->ttl, row_rdata(row)};

		rc = name_from_key(row_key(row), &name);
		if (rc == 0)
			rc = records_add(&rows, &rr, 0, 0);
	}
	if (rc == 0) {
		records_sort(&rows, row_doubled, NULL);
		octets = rows_encode(&rows, &records);
		rc = octets == NULL ? -MAP_ENOMEM : 0;
	}
	draft_fini(&draft);
	records_fini(&rows);
	change_abort(a->change);
	a->change = NULL;
	if (rc == 0)
		rc = amend_load(a, records);
	free(octets);
	return rc;
}

/* Each place and each name before one learns its entry; flags that the part does not show are as stored. */
static void
amend_entries(struct amending *a)
{
	struct name name, wildcard;

	for (size_t i = 0; i < a->plan.n; i++) {
		struct plan_entry *entry = &a->plan.entries[i];
		struct place *place, *before;

		plan_name(&a->plan, entry, &name);
		place = places_find(&a->places, &name);
		before = places_find(&a->befores, &name);
		if (before != NULL) {
			before->entry = (uint32_t)i;
			entry->flags = before->flags;
		}
		if (place == NULL)
			continue;
		place->entry = (uint32_t)i;
		if (place->stored && name_wildcard_of(&name, &wildcard) == 0 &&
		    places_find(&a->places, &wildcard) == NULL)
			entry->flags |= place->flags & NODE_WILDCARD;
	}
}

static int
amend_shape(struct amending *a)
{
	struct bytes records;
	int rc = beside_add(&a->places, &a->kept, &a->befores);

	if (rc != 0)
		return rc;
	records_sort(&a->kept, row_doubled, NULL);
	a->octets = rows_encode(&a->kept, &records);
	if (a->octets == NULL)
		return -MAP_ENOMEM;
	rc = plan_shape(&a->plan, &a->before.apex, records);
	if (rc != 0)
		snprintf(a->out->why, sizeof a->out->why, "%s", a->plan.why);
	else
		amend_entries(a);
	return rc;
}

static int
names_write(
    struct amending *a, struct build *build, const struct places *places, struct gathered *g)
{
	int rc = 0;

	for (size_t i = 0; i < places->n && rc == 0; i++) {
		const struct place *place = places->at[i];

		if (place->entry != PLACE_NONE)
			rc = revise_name(build, place->entry, g);
		else if (place->stored)
			batch_remove(build->batch, a->change, TABLE_NODES,
			    (struct bytes){place->key, place->key_n});
	}
	return rc;
}

/* The zone's figures as the edit moves them. */
static void
amend_count(struct amending *a)
{
	const struct batch_sum *sum = batch_sum(a->work->batch);
	struct zone *zone = &a->zone;

	for (size_t i = 0; i < a->places.n; i++) {
		const struct place *place = a->places.at[i];

		zone->names += (place->new_records > 0) - (uint64_t)(place->old_records > 0);
		zone->records += place->new_records - place->old_records;
	}
	zone->resign = sign_earlier(zone->resign, sum->resign);
	zone->expires = sign_earlier(zone->expires, sum->expires);
}

/* While the chain of denial is brought up to date. */
struct linking {
	struct chain chain;
	struct build *build;
	struct gathered *g;
};

/* The place's record in the chain, from its entry of the plan. */
static int
link_put(void *arg, const struct chain_link *link)
{
	struct linking *l = arg;
	struct hashed at = {.entry = (uint32_t)link->at}, next = {.entry = 0};
	int rc;

	memcpy(at.hash, link->hash, NSEC3_HASH);
	memcpy(next.hash, link->next, NSEC3_HASH);
	rc = gather_nsec3(l->build, &at, &next, l->g);
	if (rc != 0 || chain_has(&l->chain, link, l->g->sets[0].rdata[0], l->g->sets[0].ttl))
		return rc;
	batch_denial(l->build->batch, l->build->zone->id, link->hash);
	batch_set(l->build->batch, &l->g->sets[0], l->build->signers);
	return 0;
}

static int
amend_link(struct amending *a, struct chain *chain)
{
	int rc = 0;

	for (size_t i = 0; i < a->places.n && rc == 0; i++) {
		const struct place *place = a->places.at[i];
		bool wanted = place->entry != PLACE_NONE &&
			      (a->plan.entries[place->entry].flags & NODE_OCCLUDED) == 0;

		rc = chain_add(chain, &place->name,
		    place->stored && (place->flags & NODE_OCCLUDED) == 0, wanted, place->entry);
	}
	return rc != 0 ? rc : chain_find(chain);
}

static int
amend_write(struct amending *a, struct build *build)
{
	struct gathered *g = malloc(sizeof *g);
	struct linking l = {.chain = {.change = build->change,
				.batch = build->batch,
				.signers = build->signers,
				.zone = build->zone,
				.why = build->why,
				.why_max = sizeof build->why},
	    .build = build,
	    .g = g};
	int rc = g == NULL ? -MAP_ENOMEM : 0;

	batch_reset(build->batch);
	journal_begin(a->work->journal, &a->before);
	batch_set_journal(build->batch, a->work->journal);
	/* what the chain is to be is found before anything of it is written */
	if (rc == 0 && a->zone.denial == DENIAL_NSEC3)
		rc = amend_link(a, &l.chain);
	if (rc == 0)
		rc = names_write(a, build, &a->places, g);
	if (rc == 0)
		rc = names_write(a, build, &a->befores, g);
	if (rc == 0)
		rc = chain_write(&l.chain, link_put, &l);
	if (rc == 0)
		rc = batch_flush(build->batch, a->change);
	batch_set_journal(build->batch, NULL);
	chain_fini(&l.chain);
	free(g);
	if (rc != 0) {
		batch_reset(build->batch);
		snprintf(a->out->why, sizeof a->out->why, "%s", build->why);
		return rc;
	}
	amend_count(a);
	load_put(build, a->now);
	journal_end(a->work->journal, a->change, &a->zone, a->now, a->work->rules->journal);
	rc = amend_beside(a, a->change);
	if (rc != 0)
		return rc;
	rc = change_commit(a->change);
	a->change = NULL;
	return rc;
}

/*
 * What stays the zone's in an edit; else all of it changes. Another denial that it has by configuration since is for a load or a
 * roll: here a host's update, or a lease that ends, would choose the time for it.
 */
static bool
amend_is_small(const struct amending *a)
{
	return a->before.negative_ttl == a->plan.negative_ttl &&
	       a->places.n + a->befores.n <= AMEND_MOST;
}

static int
amend_commit(struct amending *a)
{
	struct build build = {.plan = &a->plan,
	    .batch = a->work->batch,
	    .store = a->work->store,
	    .change = a->change,
	    .zone = &a->zone};
	struct signers signers;
	size_t n = a->kept.n;
	int rc = amend_shape(a);

	if (rc == 0)
		rc = load_signers(a->work, &build, &signers, a->now, a->out);
	if (rc != 0)
		return rc;
	a->zone = a->before;
	if (!amend_is_small(a)) {
		/* the places' own rows are all that is wanted of kept */
		(void)n;
		return amend_whole(a);
	}
	a->zone.serial = load_serial(a->change, &a->plan);
	rc = amend_write(a, &build);
	if (rc != 0)
		return rc;
	a->out->serial = a->zone.serial;
	a->out->records = a->zone.records;
	a->out->resign = a->zone.resign;
	a->out->expires = a->zone.expires;
	a->out->revised = true;
	work_due_note(a->work, &a->zone);
	return 0;
}

static int
amend_check(struct amending *a)
{
	int rc = places_make(&a->places, a->amend->lines, a->out->why, sizeof a->out->why);

	a->amend->judge.rules = a->work->rules;
	a->amend->judge.label = a->amend->label;
	a->amend->judge.now = a->now;
	if (rc == 0)
		rc = judge_run(&a->amend->judge, &a->places, &a->kept);
	/* what would be refused is shown all the same */
	if (rc == 0 || (rc == -MAP_EFORMAT && a->amend->dry && a->out->why[0] == '\0'))
		rc = amend_diff(a);
	return rc;
}

int
amend_run(struct work *work, const struct name *apex, struct amend *amend, struct outcome *out)
{
	struct amending *a = calloc(1, sizeof *a);
	int rc;

	memset(out, 0, sizeof *out);
	out->refused = PLAN_NONE;
	if (a == NULL)
		return -MAP_ENOMEM;
	a->work = work;
	a->amend = amend;
	a->out = out;
	a->now = clock_seconds();
	rc = change_begin(work->store, &a->change);
	if (rc == 0 && !work_zone(a->change, apex, &a->before)) {
		rc = -MAP_ENOTFOUND;
		snprintf(out->why, sizeof out->why, "not served here");
	}
	a->places.change = a->change;
	a->places.zone = &a->before;
	out->replaced = true;
	out->serial = out->previous = a->before.serial;
	out->records = a->before.records;
	if (rc == 0 && !amend->dry)
		rc = work_check_clock(a->change, a->now, out->why, sizeof out->why);
	if (rc == 0)
		rc = amend_check(a);
	if (rc == 0 && out->added + out->removed == 0)
		rc = amend_unchanged(a);
	else if (rc == 0 && !amend->dry)
		rc = amend_commit(a);
	if (rc != 0 && out->why[0] == '\0')
		snprintf(out->why, sizeof out->why, "%s", error_text(rc));
	change_abort(a->change);
	places_fini(&a->places);
	places_fini(&a->befores);
	records_fini(&a->kept);
	plan_fini(&a->plan);
	free(a->octets);
	free(a);
	return rc;
}

void
amend_fini(struct amend *amend)
{
	free(amend->records);
	amend->records = NULL;
}

int
amend_change(
    struct work *work, const struct name *apex, struct amend *amend, struct outcome *out)
{
	int rc = amend_run(work, apex, amend, out);
	const char *errors = amend->judge.errors;

	if (rc != 0 && errors[0] != '\0')
		snprintf(out->why, sizeof out->why, "%.*s", (int)strcspn(errors, "\n"), errors);
	if (rc == 0 && !out->unchanged && work->walk != NULL)
		renew_tell(work->walk, apex, out->resign, out->expires);
	amend_fini(amend);
	return rc;
}
