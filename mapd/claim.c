/*
 * claim.c - what is known of names that hosts registered, and when each must be looked at.
 * Knows rows and their keys; knows nothing of records, policy and clocks but the one it is given.
 */
#include "mapd/claim.h"

#include <string.h>

#include "mapd/node.h"

#define CLAIM_SIZE 51 /* octets of a row */
#define TIME_SIZE 5 /* octets: enough for 34,000 years, and a key with the longest name fits */
#define TIME_MOST ((UINT64_C(1) << 40) - 1)
#define EXPIRY_KEY (TIME_SIZE + NAME_KEY)
#define COUNT_KEY (1 + CLAIM_SOURCE + NAME_WIRE)

const uint8_t claim_unproved[CLAIM_SOURCE] = {0xff};

void
claim_source(struct bytes address, uint8_t source[CLAIM_SOURCE])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	memset(source, 0, CLAIM_SOURCE);
	if (address.n == 16 && memcmp(address.p, mapped, sizeof mapped) == 0)
		address = (struct bytes){address.p + sizeof mapped, 4};
	source[0] = address.n == 16 ? 6 : 4;
	if (address.n == 16)
		memcpy(source + 1, address.p, 7);
	else if (address.n == 4)
		memcpy(source + 1, address.p, 3);
}

static bool
claim_read(struct bytes value, struct claim *out)
{
	struct rd rd = rd_init(value);

	if (rd_u8(&rd) != NODE_VERSION)
		return false;
	*out = (struct claim){.counted = true};
	out->since = rd_u64(&rd);
	out->until = rd_u64(&rd);
	out->key_until = rd_u64(&rd);
	out->lease = rd_u32(&rd);
	out->key_lease = rd_u32(&rd);
	out->flags = rd_u8(&rd);
	rd_copy(&rd, out->source, CLAIM_SOURCE);
	out->entry = rd_u64(&rd);
	out->counted_labels = rd_u8(&rd);
	memcpy(out->counted_source, out->source, CLAIM_SOURCE);
	return rd_end(&rd) == 0;
}

bool
claim_get(struct change *change, const struct name *owner, struct claim *out)
{
	uint8_t key[NAME_KEY];
	struct bytes value;

	return change_get(
		   change, TABLE_LEASES, (struct bytes){key, name_key(owner, key)}, &value) &&
	       claim_read(value, out);
}

bool
claim_find(struct snapshot *snap, const struct name *owner, struct claim *out)
{
	uint8_t key[NAME_KEY];
	struct bytes value;

	return snapshot_get(
		   snap, TABLE_LEASES, (struct bytes){key, name_key(owner, key)}, &value) &&
	       claim_read(value, out);
}

static void
claim_write(struct change *change, const struct name *owner, const struct claim *claim)
{
	uint8_t key[NAME_KEY], value[CLAIM_SIZE];
	struct wr wr = wr_init(value, sizeof value);

	wr_u8(&wr, NODE_VERSION);
	wr_u64(&wr, claim->since);
	wr_u64(&wr, claim->until);
	wr_u64(&wr, claim->key_until);
	wr_u32(&wr, claim->lease);
	wr_u32(&wr, claim->key_lease);
	wr_u8(&wr, claim->flags);
	wr_copy(&wr, claim->source, CLAIM_SOURCE);
	wr_u64(&wr, claim->entry);
	wr_u8(&wr, claim->counted_labels);
	change_put(
	    change, TABLE_LEASES, (struct bytes){key, name_key(owner, key)}, wr_done(&wr));
}

/* When the claim must be looked at; 0: never. */
static uint64_t
claim_end(const struct claim *claim)
{
	uint64_t end = claim->until;

	if (end == 0 || (claim->key_until != 0 && claim->key_until < end))
		end = claim->key_until;
	return end < TIME_MOST ? end : TIME_MOST;
}

static struct bytes
expiry_key(uint64_t time, const struct name *owner, uint8_t key[EXPIRY_KEY])
{
	key[0] = (uint8_t)(time >> 32);
	put_u32(key + 1, (uint32_t)time);
	return (struct bytes){key, TIME_SIZE + name_key(owner, key + TIME_SIZE)};
}

static uint64_t
expiry_time(struct bytes key)
{
	return key.n > TIME_SIZE ? (uint64_t)key.p[0] << 32 | get_u32(key.p + 1) : 0;
}

static void
expiry_put(struct change *change, uint64_t time, const struct name *owner)
{
	static const uint8_t version = NODE_VERSION;
	uint8_t key[EXPIRY_KEY];

	change_put(change, TABLE_EXPIRY, expiry_key(time, owner, key),
	    (struct bytes){&version, sizeof version});
}

static void
expiry_remove(struct change *change, uint64_t time, const struct name *owner)
{
	uint8_t key[EXPIRY_KEY];

	if (time != 0)
		change_remove(change, TABLE_EXPIRY, expiry_key(time, owner, key));
}

/* Of the zone (source is NULL), or of a source in it. */
static struct bytes
count_key(const struct name *apex, const uint8_t *source, uint8_t octets[COUNT_KEY])
{
	struct wr wr = wr_init(octets, COUNT_KEY);
	struct name lower = *apex;

	name_fold(&lower);
	wr_u8(&wr, source != NULL ? 's' : 'r');
	if (source != NULL)
		wr_copy(&wr, source, CLAIM_SOURCE);
	wr_bytes(&wr, name_bytes(&lower));
	return wr_done(&wr);
}

static uint64_t
count_get(struct change *change, struct bytes key)
{
	struct bytes value;

	if (!change_get(change, TABLE_COUNTS, key, &value) || value.n != 9 ||
	    value.p[0] != NODE_VERSION)
		return 0;
	return get_u64(value.p + 1);
}

static void
count_add(struct change *change, const struct name *apex, const uint8_t *source, bool up)
{
	uint8_t octets[COUNT_KEY], value[9];
	struct bytes key = count_key(apex, source, octets);
	uint64_t count = count_get(change, key);

	if (count <= 1 && !up) {
		if (count == 1)
			change_remove(change, TABLE_COUNTS, key);
		return;
	}
	value[0] = NODE_VERSION;
	put_u64(value + 1, up ? count + 1 : count - 1);
	change_put(change, TABLE_COUNTS, key, (struct bytes){value, sizeof value});
}

uint64_t
claim_count(struct change *change, const struct name *apex)
{
	uint8_t octets[COUNT_KEY];

	return count_get(change, count_key(apex, NULL, octets));
}

uint64_t
claim_count_source(
    struct change *change, const struct name *apex, const uint8_t source[CLAIM_SOURCE])
{
	uint8_t octets[COUNT_KEY];

	return count_get(change, count_key(apex, source, octets));
}

/* The zone that a claim is counted in. */
static struct name
claim_apex(const struct name *owner, const struct claim *claim)
{
	unsigned labels = name_labels(owner);
	struct name apex;

	name_parent(
	    owner, labels > claim->counted_labels ? labels - claim->counted_labels : 0, &apex);
	return apex;
}

/* In its zone and source as they were written. */
static void
claim_count_down(struct change *change, const struct name *owner, const struct claim *claim)
{
	struct name apex = claim_apex(owner, claim);

	count_add(change, &apex, NULL, false);
	count_add(change, &apex, claim->counted_source, false);
}

void
claim_put(struct change *change, const struct name *apex, const struct name *owner,
    const struct claim *claim)
{
	struct claim row = *claim, there;
	uint8_t labels = (uint8_t)name_labels(apex);
	uint64_t end = claim_end(claim);

	/* One that was not asked for before may be there all the same. */
	if (!row.counted && claim_get(change, owner, &there)) {
		row.counted = true;
		row.entry = there.entry;
		row.counted_labels = there.counted_labels;
		memcpy(row.counted_source, there.source, CLAIM_SOURCE);
	} else if (!row.counted) {
		row.entry = 0;
	}
	if (end != 0 && (row.entry == 0 || row.entry > end)) {
		expiry_remove(change, row.entry, owner);
		expiry_put(change, end, owner);
		row.entry = end;
	}
	if (row.counted && (row.counted_labels != labels ||
			       memcmp(row.source, row.counted_source, CLAIM_SOURCE) != 0)) {
		claim_count_down(change, owner, &row);
		row.counted = false;
	}
	if (!row.counted) {
		count_add(change, apex, NULL, true);
		count_add(change, apex, row.source, true);
	}
	row.counted_labels = labels;
	claim_write(change, owner, &row);
}

void
claim_remove(struct change *change, const struct name *apex, const struct name *owner)
{
	uint8_t key[NAME_KEY];
	struct claim claim;

	(void)apex; /* the row has it, also of a zone that has gone */
	if (!claim_get(change, owner, &claim))
		return;
	expiry_remove(change, claim.entry, owner);
	change_remove(change, TABLE_LEASES, (struct bytes){key, name_key(owner, key)});
	claim_count_down(change, owner, &claim);
}

static bool
claim_is_of(const struct name *owner, const struct claim *claim, const struct name *apex)
{
	struct name counted = claim_apex(owner, claim);

	return name_equal(&counted, apex);
}

bool
claim_forget(struct change *change, const struct name *apex, struct name *last, size_t most)
{
	uint8_t prefix[NAME_KEY], octets[NAME_KEY];
	size_t prefix_n = name_key(apex, prefix);
	struct bytes key = {octets, name_key(last, octets)}, value;
	bool more = change_ceiling(change, TABLE_LEASES, key, &key, &value);

	for (size_t i = 0; more && key.n >= prefix_n && memcmp(key.p, prefix, prefix_n) == 0;
	     i++) {
		struct claim claim;

		if (name_from_key(key, last) != 0)
			return false;
		if (i == most)
			return true;
		/* those of a zone below stay */
		if (!claim_read(value, &claim) || !claim_is_of(last, &claim, apex)) {
			more = change_next(change, TABLE_LEASES, &key, &value);
			continue;
		}
		claim_remove(change, apex, last);
		key = (struct bytes){octets, name_key(last, octets)};
		more = change_ceiling(change, TABLE_LEASES, key, &key, &value);
	}
	return false;
}

void
claim_adopt(struct change *change, const struct name *apex)
{
	uint8_t prefix[NAME_KEY], octets[NAME_KEY];
	size_t prefix_n = name_key(apex, prefix);
	struct bytes key = {prefix, prefix_n}, value;
	bool more = change_ceiling(change, TABLE_LEASES, key, &key, &value);

	while (more && key.n >= prefix_n && memcmp(key.p, prefix, prefix_n) == 0) {
		struct claim claim;
		struct name owner;

		/* those of a zone below it stay there */
		if (name_from_key(key, &owner) == 0 && claim_read(value, &claim) &&
		    claim.counted_labels < name_labels(apex)) {
			claim_put(change, apex, &owner, &claim);
			key = (struct bytes){octets, name_key(&owner, octets)};
			more = change_ceiling(change, TABLE_LEASES, key, &key, &value);
		}
		more = more && change_next(change, TABLE_LEASES, &key, &value);
	}
}

bool
claim_zone_next(struct change *change, struct name *apex)
{
	uint8_t octets[COUNT_KEY] = {'r'};
	struct bytes key = {octets, 1}, found, value;
	struct name next;
	struct rd rd;
	bool more;

	if (apex->n > 0)
		key = count_key(apex, NULL, octets);
	more = change_ceiling(change, TABLE_COUNTS, key, &found, &value);
	if (more && bytes_equal(found, key))
		more = change_next(change, TABLE_COUNTS, &found, &value);
	if (!more || found.n < 2 || found.p[0] != 'r')
		return false;
	rd = rd_init((struct bytes){found.p + 1, found.n - 1});
	name_read_plain(&rd, &next);
	if (rd_end(&rd) != 0)
		return false;
	*apex = next;
	return true;
}

/* Its entry at time is gone. True: the claim is due; else the entry was put where it belongs, if anywhere. */
static bool
claim_is_due(struct change *change, const struct name *owner, uint64_t time, uint64_t now)
{
	struct claim claim;
	uint64_t end;

	if (!claim_get(change, owner, &claim) || claim.entry != time)
		return false;
	end = claim_end(&claim);
	claim.entry = end > now ? end : 0;
	if (claim.entry != 0)
		expiry_put(change, end, owner);
	claim_write(change, owner, &claim);
	return end != 0 && end <= now;
}

size_t
claim_due(struct change *change, uint64_t now, struct name *owners, size_t max, uint64_t *next)
{
	const struct bytes first = {NULL, 0};
	struct bytes found, value;
	size_t n = 0;

	*next = UINT64_MAX;
	for (size_t taken = 0; change_ceiling(change, TABLE_EXPIRY, first, &found, &value);
	     taken++) {
		uint64_t time = expiry_time(found);
		uint8_t key[STORE_KEY];
		struct bytes copy = {key, found.n};
		bool good;

		if (time > now || taken == max) {
			*next = time;
			break;
		}
		memcpy(key, found.p, found.n);
		good = found.n > TIME_SIZE &&
		       name_from_key((struct bytes){key + TIME_SIZE, found.n - TIME_SIZE},
			   &owners[n]) == 0;
		change_remove(change, TABLE_EXPIRY, copy);
		n += good && claim_is_due(change, &owners[n], time, now);
		if (change_error(change) != 0)
			break;
	}
	return n;
}
