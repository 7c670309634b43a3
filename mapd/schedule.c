/*
 * schedule.c - what becomes of keys by itself: rolls begin when a key has had its time, and go on when it is
 * safe. Knows the rules and the clock it is given; each step is rollover.c's.
 */
#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/rollover.h"

#include <string.h>

#define CHANGES 16 /* of a tick, each a commit: jobs and renewals wait as long */
#define RETRY \
	60 /* seconds until something that failed, or waits for the parent, is tried again */

static void
tick_say(const struct name *apex, int rc, const struct outcome *out)
{
	char name[NAME_TEXT];

	if (rc == 0)
		diag_info("zone %s: %s", name_print(apex, name), out->done);
	else
		diag_error("zone %s: keys: %s", name_print(apex, name), out->why);
}

static void
tick_at(uint64_t *at, uint64_t when)
{
	if (when < *at)
		*at = when;
}

/* When the first key in use has had its time; UINT64_MAX: never. */
static uint64_t
keys_end(const struct keyset *keys, const struct zone_rule *rule, enum roll_what *what)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < keys->n && rule != NULL; i++) {
		const struct zonekey *key = &keys->keys[i].key;
		uint32_t lifetime =
		    key->role == ROLE_ZSK ? rule->zsk_lifetime : rule->ksk_lifetime;

		if (key->side != KEY_CURRENT || lifetime == 0 || key->since + lifetime >= first)
			continue;
		first = key->since + lifetime;
		*what = key->role == ROLE_CSK	? WHAT_CSK
			: key->role == ROLE_KSK ? WHAT_KSK
						: WHAT_ZSK;
	}
	return first;
}

/* The DS of apex in a zone above it that is served here; false: there is no such zone. */
static bool
parent_find(struct change *change, const struct name *apex, struct node_set *out)
{
	struct name above;
	uint8_t key[NODE_KEY];
	struct bytes value;
	struct node node;
	struct zone zone;

	for (unsigned n = 1; n <= name_labels(apex); n++) {
		name_parent(apex, n, &above);
		if (!work_zone(change, &above, &zone))
			continue;
		*out = (struct node_set){0};
		if (!change_get(change, TABLE_NODES,
			(struct bytes){key, node_key(zone.id, apex, key)}, &value) ||
		    node_read(value, &node) != 0 || (node.flags & NODE_CUT) == 0)
			return false;
		(void)node_find(&node, RR_DS, out);
		return true;
	}
	return false;
}

/* Asks the parent if it is served here; false: it is not. */
static bool
tick_parent(struct work *work, const struct name *apex, uint64_t now, uint64_t *at)
{
	uint8_t copy[ROLLOVER_DS][4 + 64];
	struct bytes ds[ROLLOVER_DS], rdata;
	struct outcome out;
	struct change *change;
	struct node_set set;
	size_t in = 0, n = 0;
	uint16_t type;
	bool found;

	if (change_begin(work->store, &change) != 0)
		return false;
	found = parent_find(change, apex, &set);
	while (found && n < ROLLOVER_DS && set.records > n &&
	       node_set_next(&set, &in, &type, &rdata)) {
		if (type != RR_DS || rdata.n > sizeof copy[0])
			continue;
		memcpy(copy[n], rdata.p, rdata.n);
		ds[n] = (struct bytes){copy[n], rdata.n};
		n++;
	}
	change_abort(change);
	/* of too many to be looked at, the old one may be one */
	if (found && set.records <= ROLLOVER_DS &&
	    rollover_told(work, apex, ds, n, set.ttl, now, &out) == 0)
		tick_say(apex, 0, &out);
	if (found)
		tick_at(at, now + RETRY);
	return found;
}

/* One zone: *at is brought forward to when it is to be looked at again. */
static void
tick_zone(struct work *work, const struct name *apex, uint64_t now, uint64_t *at)
{
	const struct zone_rule *rule = rules_find(work->rules, apex);
	const struct keyset *keys = work_keys_known(work, apex); /* until it changes */
	enum roll_what what = WHAT_CONFIGURED;
	struct roll_verdict verdict;
	struct outcome out;
	uint64_t end;
	int rc;

	if (keys->roll.kind == ROLL_NONE) {
		end = keys_end(keys, rule, &what);
		if (end > now) {
			tick_at(at, end);
			return;
		}
		rc = rollover_begin(work, apex, what, now, &out);
	} else {
		work->rolling = true;
		verdict = roll_check(&keys->roll, rules_propagation(work->rules, apex), now);
		if (verdict.missing == ROLL_W_DS && tick_parent(work, apex, now, at))
			return;
		if (verdict.missing != 0)
			return; /* what is missing comes with an event */
		if (!verdict.ready || (rule != NULL && rule->manual)) {
			tick_at(at, verdict.ready ? now + RETRY : verdict.at);
			return;
		}
		rc = rollover_next(work, apex, now, &out);
	}
	if (rc != -MAP_ENOTFOUND) /* keys outlive their zone */
		tick_say(apex, rc, &out);
	work->rolling = true;
	tick_at(at, rc == 0 ? now : now + RETRY);
}

uint64_t
rollover_tick(struct work *work, uint64_t now, uint64_t limit)
{
	uint64_t at = UINT64_MAX, one;
	size_t changed = 0;

	if (now < work->roll_at)
		return work->roll_at - now < limit ? work->roll_at - now : limit;
	work->rolling = false;
	for (size_t i = 0; i < work->n_keys && changed < CHANGES; i++) {
		struct name apex = work->keys[i]->apex;

		one = UINT64_MAX;
		tick_zone(work, &apex, now, &one);
		changed += one <= now;
		tick_at(&at, one);
	}
	work->roll_at = at;
	if (at <= now)
		return 0;
	return at - now < limit ? at - now : limit;
}
