/*
 * renew.c - signatures renewed before they expire, a few names at a time.
 * Knows how the stored form holds signatures; content other than the SOA's serial stays as it is.
 */
#include "mapd/renew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/build.h"
#include "mapd/meta.h"

#define RENEW_AHEAD 3600 /* seconds: what is due so soon is renewed along */
#define RENEW_NAMES 512 /* names rewritten in one transaction */
#define RENEW_LOOKED 200000 /* names looked at in one transaction */
#define RENEW_SIGNATURES 4 /* of one set */

/* What one transaction of a walk works with. */
struct step {
	struct renew *renew;
	struct work *work;
	struct change *change;
	const struct keyset *keys;
	struct signers signers;
	struct zone zone;
	size_t names; /* rewritten */
};

static bool
due_at(uint32_t due, uint64_t until)
{
	return !serial_after(due, (uint32_t)until);
}

/* When the signatures of a set must be renewed; kept in *first and *expires as the earliest. */
static bool
signature_times(struct bytes rdata, uint16_t type, uint32_t *due, uint32_t *expiration)
{
	struct rrsig sig;

	if (rrsig_read(rdata, &sig) != 0)
		return false;
	*due = sign_due(type, sig.expiration);
	*expiration = sig.expiration;
	return true;
}

static void
renew_note(struct renew *renew, uint32_t due, uint32_t expiration)
{
	renew->resign = renew->any ? sign_earlier(renew->resign, due) : due;
	renew->expires = renew->any ? sign_earlier(renew->expires, expiration) : expiration;
	renew->any = true;
}

/* Whether the set must be signed anew: a signature is due, or not of the keys that sign now. */
static bool
set_wants(const struct step *step, uint16_t type, const struct bytes *signatures, size_t n)
{
	uint32_t due, expiration;

	for (size_t i = 0; i < n; i++)
		if (!signature_times(signatures[i], type, &due, &expiration) ||
		    due_at(due, step->renew->until))
			return true;
	return n > 0 && !signers_match(&step->signers, type, signatures, n);
}

/* The same; the times of those that are not due are noted. */
static bool
set_is_due(struct step *step, uint16_t type, const struct bytes *signatures, size_t n)
{
	uint32_t due, expiration;

	if (set_wants(step, type, signatures, n))
		return true;
	for (size_t i = 0; i < n; i++)
		if (signature_times(signatures[i], type, &due, &expiration))
			renew_note(step->renew, due, expiration);
	return false;
}

/* A set of a node, its records and signatures apart. */
static int
set_open(const struct node_set *stored, const struct name *owner, struct bytes *rdata,
    size_t max, struct rrset *set)
{
	size_t at = 0, n = 0;
	uint16_t type;

	while (n < max && node_set_next(stored, &at, &type, &rdata[n]))
		n++;
	*set =
	    (struct rrset){owner, stored->type, CLASS_IN, stored->ttl, stored->records, rdata};
	return n == (size_t)stored->records + stored->signatures ? 0 : -MAP_EDATABASE;
}

/* The signatures of a set; returns how many. */
static size_t
set_signatures(const struct node_set *set, struct bytes signatures[RENEW_SIGNATURES])
{
	struct bytes rdata;
	uint16_t type;
	size_t at = 0, n = 0;

	while (n < RENEW_SIGNATURES && node_set_next(set, &at, &type, &rdata))
		if (type == RR_RRSIG)
			signatures[n++] = rdata;
	return n;
}

static bool
node_is_due(struct step *step, const struct node *node)
{
	struct bytes signatures[RENEW_SIGNATURES];
	struct node_set set;
	size_t at = 0;

	while (node_next(node, &at, &set))
		if (set.signatures > 0 &&
		    set_wants(step, set.type, signatures, set_signatures(&set, signatures)))
			return true;
	return false;
}

/* A set that the keys make, as they have it now; kept while it is the same. 1: it is put. */
static int
keys_rewrite(struct step *step, const struct name *owner, const struct node_set *stored)
{
	struct batch *batch = step->work->batch;
	uint8_t(*digests)[ZONEKEY_DS] =
	    (void *)batch_keep(batch, NULL, sizeof(uint8_t[KEYSET_KEYS][ZONEKEY_DS]));
	struct bytes rdata[KEYSET_KEYS], before;
	struct rrset set = {owner, stored->type, CLASS_IN, ZONEKEY_TTL, 0, rdata};
	size_t at = 0, same = 0;
	uint16_t type;

	if (digests == NULL)
		return -MAP_ESPACE;
	set.n = keyset_rdata(step->keys, stored->type, rdata, digests);
	if (set.n == 0)
		return -MAP_ECRYPTO;
	while (same < set.n && node_set_next(stored, &at, &type, &before) &&
	       bytes_equal(before, rdata[same]))
		same++;
	if (same == set.n && stored->records == set.n)
		return 0;
	batch_set(batch, &set, &step->signers);
	step->renew->renewed++;
	return 1;
}

static bool
type_is_keys(uint16_t type)
{
#define X(made)             \
	if (type == (made)) \
		return true;
	KEYSET_MADE(X)
#undef X
	return false;
}

/* Puts a node into the batch with what is due (and the SOA, if serial is given) signed anew. */
static int
node_rewrite(struct step *step, struct bytes key, struct bytes value, const uint32_t *serial)
{
	struct batch *batch = step->work->batch;
	struct bytes *rdata = step->work->scratch;
	struct node node;
	struct node_set stored;
	struct rrset set;
	struct name owner;
	uint8_t *copy = batch_keep(batch, value.p, value.n);
	size_t at = 0, used = 0;
	int rc;

	if (copy == NULL)
		return -MAP_ESPACE;
	rc = node_key_name(key, &owner);
	if (rc == 0)
		rc = node_read((struct bytes){copy, value.n}, &node);
	if (rc != 0)
		return rc;
	batch_node(batch, step->zone.id, &owner, node.flags);
	while (rc == 0 && node_next(&node, &at, &stored)) {
		bool soa = serial != NULL && stored.type == RR_SOA;

		if ((node.flags & NODE_APEX) != 0 && type_is_keys(stored.type)) {
			rc = keys_rewrite(step, &owner, &stored);
			if (rc != 0) {
				rc = rc > 0 ? 0 : rc;
				continue;
			}
		}
		rc = set_open(&stored, &owner, rdata + used, WORK_SCRATCH - used, &set);
		if (rc != 0)
			return rc;
		used += stored.records + stored.signatures;
		if (soa) /* in the copy: the octets are ours */
			put_u32(copy + (set.rdata[0].p - copy) + set.rdata[0].n - 20, *serial);
		if (soa || set_is_due(step, stored.type, set.rdata + stored.records,
			       stored.signatures)) {
			batch_set(batch, &set, &step->signers);
			step->renew->renewed++;
		} else
			batch_set_kept(
			    batch, &set, set.rdata + stored.records, stored.signatures);
	}
	return rc;
}

static int
node_visit(struct step *step, struct bytes key, struct bytes value)
{
	struct bytes signatures[RENEW_SIGNATURES];
	struct node node;
	struct node_set stored;
	size_t at = 0;
	int rc = node_read(value, &node);

	if (rc != 0)
		return -MAP_EDATABASE;
	if (node_is_due(step, &node)) {
		step->names++;
		return node_rewrite(step, key, value, NULL);
	}
	while (node_next(&node, &at, &stored))
		(void)set_is_due(
		    step, stored.type, signatures, set_signatures(&stored, signatures));
	return 0;
}

static int
denial_visit(struct step *step, struct bytes key, struct bytes value)
{
	struct batch *batch = step->work->batch;
	uint8_t label[NSEC3_LABEL + 2] = {NSEC3_LABEL};
	struct bytes rdata, signatures[RENEW_SIGNATURES];
	struct denial denial;
	struct name owner;
	struct rrset set;
	struct rd rd;
	uint8_t *copy;
	size_t n = 0;

	if (key.n != DENIAL_KEY || denial_read(value, &denial) != 0)
		return -MAP_EDATABASE;
	rd = rd_init(denial.body);
	while (n < denial.signatures && n < RENEW_SIGNATURES && rd.error == 0)
		signatures[n++] = rd_bytes(&rd, rd_u16(&rd));
	if (rd.error != 0)
		return -MAP_EDATABASE;
	if (!set_is_due(step, RR_NSEC3, signatures, n))
		return 0;
	copy = batch_keep(batch, denial.rdata.p, denial.rdata.n);
	if (copy == NULL)
		return -MAP_ESPACE;
	nsec3_label(key.p + 4, (char *)label + 1);
	if (name_child(&step->zone.apex, label, &owner) != 0)
		return -MAP_EDATABASE;
	rdata = (struct bytes){copy, denial.rdata.n};
	set = (struct rrset){&owner, RR_NSEC3, CLASS_IN, denial.ttl, 1, &rdata};
	batch_denial(batch, step->zone.id, key.p + 4);
	batch_set(batch, &set, &step->signers);
	step->renew->renewed++;
	step->names++;
	return 0;
}

/* The next entry of the walk; false: this table is done. */
static bool
step_next(struct step *step, bool first, struct bytes *key, struct bytes *value)
{
	struct renew *renew = step->renew;
	struct bytes from = {renew->key, renew->key_n};
	uint8_t prefix[4];
	bool found;

	put_u32(prefix, renew->id);
	if (!first)
		found = change_next(step->change, renew->table, key, value);
	else if (renew->key_n == 0)
		found = change_ceiling(
		    step->change, renew->table, (struct bytes){prefix, 4}, key, value);
	else {
		found = change_ceiling(step->change, renew->table, from, key, value);
		if (found && bytes_equal(*key, from))
			found = change_next(step->change, renew->table, key, value);
	}
	return found && key->n >= 4 && key->n <= NODE_KEY && memcmp(key->p, prefix, 4) == 0;
}

/* Records and signatures of an entry. */
static size_t
step_records(const struct step *step, struct bytes value)
{
	struct node node;
	struct node_set set;
	size_t at = 0, n = 0;

	if (step->renew->table == TABLE_DENIAL || node_read(value, &node) != 0)
		return 1;
	while (node_next(&node, &at, &set))
		n += (size_t)set.records + set.signatures;
	return n;
}

/* Looks at entries until enough must be rewritten; true in *end: the table is done. */
static int
step_walk(struct step *step, bool *end)
{
	struct renew *renew = step->renew;
	struct bytes key, value;
	size_t looked = 0;
	int rc = 0;

	*end = false;
	while (rc == 0 && step->names < RENEW_NAMES && looked < RENEW_LOOKED) {
		if (!step_next(step, looked == 0, &key, &value)) {
			*end = true;
			break;
		}
		looked++;
		if (!batch_fits(step->work->batch, step_records(step, value), 2 * value.n)) {
			rc = step->names > 0 ? 0 : -MAP_ESPACE; /* empty: it will never fit */
			break;
		}
		rc = renew->table == TABLE_NODES ? node_visit(step, key, value)
						 : denial_visit(step, key, value);
		memcpy(renew->key, key.p, key.n);
		renew->key_n = key.n;
	}
	return rc != 0 ? rc : change_error(step->change);
}

/* One more serial for what was rewritten: the SOA is signed anew with it. */
static int
step_serial(struct step *step)
{
	uint8_t key[NODE_KEY];
	size_t n = node_key(step->zone.id, &step->zone.apex, key);
	struct bytes value;
	int rc = batch_flush(step->work->batch, step->change);

	if (rc != 0)
		return rc;
	if (!change_get(step->change, TABLE_NODES, (struct bytes){key, n}, &value))
		return -MAP_EDATABASE;
	step->zone.serial++;
	rc = node_rewrite(step, (struct bytes){key, n}, value, &step->zone.serial);
	if (rc == 0)
		rc = batch_flush(step->work->batch, step->change);
	meta_serial_put(step->change, &step->zone.apex, step->zone.serial);
	return rc;
}

static int
step_finish(struct step *step, bool end, uint64_t now)
{
	const struct batch_sum *sum = batch_sum(step->work->batch);
	struct renew *renew = step->renew;
	int rc = step->names > 0 ? step_serial(step) : 0;

	if (sum->any)
		renew_note(renew, sum->resign, sum->expires);
	if (rc == 0 && end && renew->table == TABLE_DENIAL) {
		step->zone.resign = renew->resign;
		step->zone.expires = renew->expires;
		renew->walking = false;
		renew->walked = true;
	}
	if (step->names > 0)
		step->zone.loaded = now;
	work_zone_put(step->change, &step->zone);
	work_put_clock(step->change, now);
	return rc;
}

static void
renew_say(const struct renew *renew, const struct zone *zone)
{
	char name[NAME_TEXT];

	if (renew->renewed > 0)
		diag_info("zone %s: %llu signatures renewed, serial %u",
		    name_print(&zone->apex, name), (unsigned long long)renew->renewed,
		    zone->serial);
}

static int
step_begin(struct step *step, const struct name *apex, uint64_t now)
{
	char why[512];
	int rc = work_keys(step->work, step->change, apex, &step->keys, why, sizeof why);

	batch_reset(step->work->batch);
	if (rc != 0) {
		diag_error("%s", why);
		return rc;
	}
	return keyset_signers(step->keys, now, &step->signers);
}

/* What a walk that has seen all says of the roll whose phase it began in. */
static struct keyset *
step_roll(struct step *step, uint64_t now)
{
	struct renew *renew = step->renew;
	struct keyset *keys;

	if (!renew->walked || !roll_wants_walk(&step->keys->roll) ||
	    step->keys->roll.since != renew->since)
		return NULL;
	keys = keyset_copy(step->keys);
	if (keys == NULL)
		return NULL; /* the next walk says it */
	keys->roll.walked = now;
	keyset_put_roll(step->change, keys);
	return keys;
}

int
renew_step(struct renew *renew, struct work *work, uint64_t now)
{
	struct step step = {.renew = renew, .work = work};
	struct keyset *keys = NULL;
	bool end = false;
	int rc = change_begin(work->store, &step.change);

	if (rc != 0)
		return rc;
	/* The zone may have been replaced or removed since the last step. */
	if (!work_zone(step.change, &renew->apex, &step.zone) || step.zone.id != renew->id) {
		renew->walking = false;
		change_abort(step.change);
		return 0;
	}
	rc = step_begin(&step, &renew->apex, now);
	journal_begin(work->journal, &step.zone);
	batch_set_journal(work->batch, work->journal);
	if (rc == 0)
		rc = step_walk(&step, &end);
	if (rc == 0)
		rc = step_finish(&step, end, now);
	batch_set_journal(work->batch, NULL);
	if (rc == 0 && step.names > 0)
		journal_end(work->journal, step.change, &step.zone, now, work->rules->journal);
	if (rc != 0) {
		batch_reset(work->batch);
		change_abort(step.change);
		renew->walking = false;
		return rc;
	}
	keys = step_roll(&step, now);
	rc = change_commit(step.change);
	if (rc != 0) { /* the walk is past names whose signatures are the old ones still */
		free(keys);
		renew->walking = false;
		return rc;
	}
	if (keys != NULL)
		rc = work_keys_take(work, keys);
	if (rc == 0)
		work_due_note(work, &step.zone);
	if (rc == 0 && !renew->walking)
		renew_say(renew, &step.zone);
	if (end && renew->table == TABLE_NODES) {
		renew->table = TABLE_DENIAL;
		renew->key_n = 0;
	}
	return rc;
}

int
renew_apex(struct work *work, struct change *change, const struct keyset *keys,
    struct zone *zone, uint64_t now)
{
	struct renew renew = {.apex = zone->apex, .id = zone->id, .until = now};
	struct step step = {
	    .renew = &renew, .work = work, .change = change, .keys = keys, .zone = *zone};
	const struct batch_sum *sum = batch_sum(work->batch);
	int rc = keyset_signers(keys, now, &step.signers);

	batch_reset(work->batch);
	journal_begin(work->journal, zone);
	batch_set_journal(work->batch, work->journal);
	if (rc == 0)
		rc = step_serial(&step);
	batch_set_journal(work->batch, NULL);
	if (rc == 0)
		journal_end(work->journal, change, &step.zone, now, work->rules->journal);
	if (rc != 0) {
		batch_reset(work->batch);
		return rc;
	}
	if (sum->any) {
		if (work->walk != NULL)
			renew_tell(work->walk, &zone->apex, sum->resign, sum->expires);
		step.zone.resign = sign_earlier(step.zone.resign, sum->resign);
		step.zone.expires = sign_earlier(step.zone.expires, sum->expires);
	}
	step.zone.loaded = now;
	*zone = step.zone;
	return change_error(change);
}

/* The zone that a roll wants looked at as a whole. */
static bool
renew_find_roll(struct work *work, struct renew *renew)
{
	struct change *change;
	struct zone zone;
	bool found = false;

	for (size_t i = 0; i < work->n_keys && work->rolling && !found; i++) {
		const struct keyset *keys = work->keys[i];

		if (!roll_wants_walk(&keys->roll) || change_begin(work->store, &change) != 0)
			continue;
		found = work_zone(change, &keys->apex, &zone);
		change_abort(change);
		renew->apex = keys->apex;
		renew->id = zone.id;
	}
	return found;
}

bool
renew_is_due(struct work *work, uint64_t now)
{
	return work_due_find(work) && due_at(work->due.at, now);
}

bool
renew_start(struct renew *renew, struct work *work, uint64_t now)
{
	const struct keyset *keys;

	memset(renew, 0, sizeof *renew);
	if (renew_is_due(work, now)) {
		renew->apex = work->due.apex;
		renew->id = work->due.id;
	} else if (!renew_find_roll(work, renew))
		return false;
	keys = work_keys_known(work, &renew->apex);
	renew->walking = true;
	renew->since = keys != NULL ? keys->roll.since : 0;
	renew->table = TABLE_NODES;
	renew->until = now + RENEW_AHEAD;
	return true;
}

void
renew_tell(struct renew *renew, const struct name *apex, uint32_t resign, uint32_t expires)
{
	if (renew->walking && name_equal(&renew->apex, apex))
		renew_note(renew, resign, expires);
}

void
renew_tell_keys(struct renew *renew, const struct name *apex)
{
	if (renew->walking && name_equal(&renew->apex, apex))
		renew->since = 0;
}

uint64_t
renew_wait(struct work *work, uint64_t now, uint64_t limit)
{
	uint32_t left;

	if (!work_due_find(work))
		return limit;
	if (due_at(work->due.at, now))
		return 0;
	left = work->due.at - (uint32_t)now;
	return left < limit ? left : limit;
}
