/*
 * backlog.c - names that must be brought in step with the mapping of their identity by an edit of their zone.
 * Knows rows, and what is stored at the identity of each; what is made of that is step.c's.
 */
#include "mapd/backlog.h"

#include <stdlib.h>

#include "core/sys/diag.h"
#include "core/sys/loop.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/later.h"
#include "mapd/people.h"
#include "mapd/step.h"

#define BACKLOG_MOST 256 /* names of an edit */
#define BACKLOG_RETRY 60 /* seconds until one that failed is tried again */
#define BACKLOG_ROW 9

/* Those of one zone that are due. */
struct backlog {
	uint64_t now, next; /* the first that is not due yet */
	struct name apex, names[BACKLOG_MOST];
	size_t n;
	struct name idle[BACKLOG_MOST]; /* nothing is to be done for them any more */
	size_t n_idle;
};

void
backlog_put(struct change *change, const struct name *name, uint64_t not_before)
{
	uint8_t key[NAME_KEY], value[BACKLOG_ROW] = {NODE_VERSION};

	put_u64(value + 1, not_before);
	change_put(change, TABLE_BACKLOG, (struct bytes){key, name_key(name, key)},
	    (struct bytes){value, sizeof value});
}

/* The records of an identity; none, when it is in no zone here. */
static int
mapping_read(struct change *change, const struct name *identity, struct draft *draft)
{
	uint8_t key[NODE_KEY];
	struct bytes value;
	struct zone zone;

	if (!work_zone_of(change, identity, &zone) ||
	    !change_get(change, TABLE_NODES,
		(struct bytes){key, node_key(zone.id, identity, key)}, &value))
		return change_error(change);
	return draft_read(draft, value);
}

void
backlog_put_names(struct change *change, const struct name *identity)
{
	struct name name = {0};

	while (assigned_next(change, identity, &name))
		if (!eid_is_reverse(&name))
			backlog_put(change, &name, 0);
}

/* What is at a name whose identity has no mapping is its operator's: it keeps step with nothing. */
int
backlog_put_assigned(
    struct change *change, const struct name *name, const struct name *identity)
{
	struct draft mapping = {0};
	int rc;

	if (eid_is_reverse(name))
		return 0;
	rc = mapping_read(change, identity, &mapping);
	if (rc == 0 && draft_has(&mapping, RR_ELOC))
		backlog_put(change, name, 0);
	draft_fini(&mapping);
	return rc;
}

/* In the zone apex, or would be if it were there. */
static bool
name_is_in(struct change *change, const struct name *name, const struct name *apex)
{
	struct zone zone;

	return name_is_below(name, apex) && (!work_zone_of(change, name, &zone) ||
						name_labels(&zone.apex) <= name_labels(apex));
}

int
backlog_put_zone(struct change *change, const struct name *apex, bool behind)
{
	struct name name = {0}, identity;
	int rc = 0;

	while (rc == 0 && assigned_each(change, &name, &identity)) {
		bool own = name_is_in(change, &name, apex);

		/* what it has before at its own names is not what it is to have */
		if (own ? behind : name_is_in(change, &identity, apex))
			rc = backlog_put_assigned(change, &name, &identity);
	}
	return rc != 0 ? rc : change_error(change);
}

static bool
backlog_has(struct change *change, const struct name *name)
{
	uint8_t key[NAME_KEY];
	struct bytes value;

	return change_get(
	    change, TABLE_BACKLOG, (struct bytes){key, name_key(name, key)}, &value);
}

static void
backlog_remove(struct change *change, const struct name *name)
{
	uint8_t key[NAME_KEY];

	change_remove(change, TABLE_BACKLOG, (struct bytes){key, name_key(name, key)});
}

int
backlog_tell(struct work *work)
{
	struct bytes key = {NULL, 0}, value;
	struct change *change;
	size_t n = 0;
	int rc = change_begin(work->store, &change);
	bool more;

	if (rc != 0)
		return rc;
	more = change_ceiling(change, TABLE_BACKLOG, key, &key, &value);
	for (; more; more = change_next(change, TABLE_BACKLOG, &key, &value))
		n++;
	rc = change_error(change);
	change_abort(change);
	if (rc == 0 && n > 0)
		diag_info(
		    "database: %zu assigned names are still to be brought in step with their "
		    "identities",
		    n);
	return rc;
}

/* Far ahead: the clock was, when it was put off. */
static bool
row_is_due(struct backlog *b, struct bytes value)
{
	uint64_t at = value.n == BACKLOG_ROW ? get_u64(value.p + 1) : 0;

	if (at <= b->now || at - b->now > BACKLOG_RETRY)
		return true;
	if (at < b->next)
		b->next = at;
	return false;
}

/* Sorts in one that is due; what has gone with its zone, or is nobody's any more, keeps step with nothing. */
static void
backlog_sort(struct backlog *b, struct change *change, const struct name *name)
{
	struct name identity;
	struct zone zone;

	if (eid_is_reverse(name) || !work_zone_of(change, name, &zone) ||
	    !assigned_get(change, name, &identity)) {
		b->idle[b->n_idle++] = *name;
		return;
	}
	if (b->n == 0)
		b->apex = zone.apex;
	if (name_equal(&zone.apex, &b->apex))
		b->names[b->n++] = *name;
}

static int
backlog_find(struct backlog *b, struct work *work)
{
	struct bytes key = {NULL, 0}, value;
	struct change *change;
	struct name name;
	int rc = change_begin(work->store, &change);
	bool more;

	if (rc != 0)
		return rc;
	b->n = b->n_idle = 0;
	b->next = UINT64_MAX;
	more = change_ceiling(change, TABLE_BACKLOG, key, &key, &value);
	while (more && b->n < BACKLOG_MOST && b->n_idle < BACKLOG_MOST) {
		if (row_is_due(b, value) && name_from_key(key, &name) == 0)
			backlog_sort(b, change, &name);
		more = change_next(change, TABLE_BACKLOG, &key, &value);
	}
	for (size_t i = 0; i < b->n_idle; i++)
		backlog_remove(change, &b->idle[i]);
	rc = change_error(change);
	if (rc == 0 && b->n_idle > 0)
		return change_commit(change);
	change_abort(change);
	return rc;
}

static int
backlog_name(void *arg, struct commit *commit, struct desk *desk, size_t i)
{
	const struct backlog *b = arg;
	struct draft mapping = {0};
	struct name identity;
	int rc = 0;

	if (!assigned_get(commit->change, &b->names[i], &identity))
		return change_error(commit->change);
	rc = mapping_read(commit->change, &identity, &mapping);
	if (rc == 0)
		rc = step_name(desk, &mapping, &b->names[i]);
	draft_fini(&mapping);
	return rc;
}

static void
backlog_done(void *arg, struct change *change, size_t i)
{
	const struct backlog *b = arg;

	backlog_remove(change, &b->names[i]);
}

/* Those that are there still wait for a while. */
static int
backlog_wait(const struct backlog *b, struct work *work)
{
	struct change *change;
	int rc = change_begin(work->store, &change);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < b->n; i++)
		if (backlog_has(change, &b->names[i]))
			backlog_put(change, &b->names[i], b->now + BACKLOG_RETRY);
	return change_commit(change);
}

static int
backlog_zone(struct backlog *b, struct work *work)
{
	const struct later later = {.apex = &b->apex,
	    .label = "assigned names",
	    .n = b->n,
	    .name = backlog_name,
	    .beside = backlog_done,
	    .arg = b};
	char name[NAME_TEXT], why[PLAN_WHY];
	size_t failed = later_run(work, &later, why);
	int rc = failed > 0 ? backlog_wait(b, work) : 0;

	if (rc == 0 && failed > 0)
		diag_warn("zone %s: addresses of %zu assigned names are not in step, tried "
			  "again in %d s: %s",
		    name_print(&b->apex, name), failed, BACKLOG_RETRY, why);
	return rc;
}

uint64_t
backlog_step(struct work *work, uint64_t limit)
{
	struct backlog *b = calloc(1, sizeof *b);
	uint64_t wait = BACKLOG_RETRY;
	unsigned left_out;
	int rc = b == NULL ? -MAP_ENOMEM : 0;

	if (rc == 0) {
		b->now = clock_seconds();
		rc = backlog_find(b, work);
	}
	while (rc == 0 && b->n + b->n_idle > 0) {
		if (b->n > 0)
			rc = backlog_zone(b, work);
		if (rc == 0)
			rc = backlog_find(b, work);
	}
	/* tried with each commit, and said now and then */
	if (rc != 0 &&
	    remark_may(&work->behind_said, 1, BACKLOG_RETRY, clock_seconds(), &left_out))
		diag_warn(
		    "addresses of assigned names are not in step, tried again in %d s: %s",
		    BACKLOG_RETRY, error_text(rc));
	if (rc == 0)
		wait = b->next == UINT64_MAX ? limit : b->next - b->now;
	free(b);
	return wait < limit ? wait : limit;
}
