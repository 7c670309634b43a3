/*
 * people.c - what an operator says of identities, and the names assigned to them.
 * Knows rows and their keys; knows nothing of what follows from them.
 */
#include "mapd/people.h"

#include <string.h>

#include "core/wire/errors.h"
#include "mapd/node.h"

#define ASSIGNED_KEY (1 + 2 * NAME_WIRE) /* STORE_KEY */

static bool
person_read(struct bytes value, struct person *out)
{
	struct rd rd = rd_init(value);
	size_t n;

	memset(out, 0, sizeof *out);
	if (rd_u8(&rd) != NODE_VERSION)
		return false;
	out->flags = rd_u8(&rd);
	out->enrolled = rd_u64(&rd);
	out->banned = rd_u64(&rd);
	n = rd_u16(&rd);
	if (n >= sizeof out->why)
		return false;
	rd_copy(&rd, out->why, n);
	return rd_end(&rd) == 0;
}

bool
person_get(struct change *change, const struct name *identity, struct person *out)
{
	uint8_t key[NAME_KEY];
	struct bytes value;

	return change_get(change, TABLE_PEOPLE, (struct bytes){key, name_key(identity, key)},
		   &value) &&
	       person_read(value, out);
}

bool
person_find(struct snapshot *snap, const struct name *identity, struct person *out)
{
	uint8_t key[NAME_KEY];
	struct bytes value;

	return snapshot_get(
		   snap, TABLE_PEOPLE, (struct bytes){key, name_key(identity, key)}, &value) &&
	       person_read(value, out);
}

void
person_put(struct change *change, const struct name *identity, const struct person *person)
{
	uint8_t octets[NAME_KEY], value[20 + PERSON_WHY];
	struct bytes key = {octets, name_key(identity, octets)}, old;
	struct wr wr = wr_init(value, sizeof value);
	size_t n = strnlen(person->why, sizeof person->why - 1);

	if (person->flags == 0) {
		if (change_get(change, TABLE_PEOPLE, key, &old))
			change_remove(change, TABLE_PEOPLE, key);
		return;
	}
	wr_u8(&wr, NODE_VERSION);
	wr_u8(&wr, person->flags);
	wr_u64(&wr, person->enrolled);
	wr_u64(&wr, person->banned);
	wr_u16(&wr, (uint16_t)n);
	wr_copy(&wr, person->why, n);
	change_put(change, TABLE_PEOPLE, key, wr_done(&wr));
}

static void
lower_put(struct wr *wr, const struct name *name)
{
	struct name lower = *name;

	name_fold(&lower);
	wr_bytes(wr, name_bytes(&lower));
}

static struct bytes
name_row(const struct name *name, uint8_t octets[1 + NAME_KEY])
{
	octets[0] = 'n';
	return (struct bytes){octets, 1 + name_key(name, octets + 1)};
}

/* name NULL: what all names of the identity begin with; a name in wire form is no other one's beginning. */
static struct bytes
identity_row(const struct name *identity, const struct name *name, uint8_t octets[ASSIGNED_KEY])
{
	struct wr wr = wr_init(octets, ASSIGNED_KEY);

	wr_u8(&wr, 'i');
	lower_put(&wr, identity);
	if (name != NULL)
		lower_put(&wr, name);
	return wr_done(&wr);
}

static bool
assigned_read(struct bytes value, struct name *identity)
{
	struct rd rd = rd_init(value);

	if (rd_u8(&rd) != NODE_VERSION)
		return false;
	name_read_plain(&rd, identity);
	return rd_end(&rd) == 0;
}

bool
assigned_get(struct change *change, const struct name *name, struct name *identity)
{
	uint8_t key[1 + NAME_KEY];
	struct bytes value;

	return change_get(change, TABLE_ASSIGNED, name_row(name, key), &value) &&
	       assigned_read(value, identity);
}

bool
assigned_find(struct snapshot *snap, const struct name *name, struct name *identity)
{
	uint8_t key[1 + NAME_KEY];
	struct bytes value;

	return snapshot_get(snap, TABLE_ASSIGNED, name_row(name, key), &value) &&
	       assigned_read(value, identity);
}

int
assigned_put(struct change *change, const struct name *name, const struct name *identity)
{
	uint8_t key[1 + NAME_KEY], back[ASSIGNED_KEY], octets[1 + NAME_WIRE];
	struct wr value = wr_init(octets, sizeof octets);
	struct name there;

	if (assigned_get(change, name, &there))
		return name_equal(&there, identity) ? 0 : -MAP_EEXIST;
	wr_u8(&value, NODE_VERSION);
	lower_put(&value, identity);
	change_put(change, TABLE_ASSIGNED, name_row(name, key), wr_done(&value));
	change_put(change, TABLE_ASSIGNED, identity_row(identity, name, back),
	    (struct bytes){octets, 1});
	return change_error(change);
}

void
assigned_remove(struct change *change, const struct name *name)
{
	uint8_t key[1 + NAME_KEY], back[ASSIGNED_KEY];
	struct name identity;

	if (!assigned_get(change, name, &identity))
		return;
	change_remove(change, TABLE_ASSIGNED, name_row(name, key));
	change_remove(change, TABLE_ASSIGNED, identity_row(&identity, name, back));
}

/* The name in the key of an entry that begins as all of the identity do; false: another one's. */
static bool
assigned_name(struct bytes found, struct bytes prefix, struct name *out)
{
	struct rd rd;

	if (found.n <= prefix.n || memcmp(found.p, prefix.p, prefix.n) != 0)
		return false;
	rd = rd_init((struct bytes){found.p + prefix.n, found.n - prefix.n});
	name_read_plain(&rd, out);
	return rd_end(&rd) == 0;
}

bool
assigned_next(struct change *change, const struct name *identity, struct name *at)
{
	uint8_t octets[ASSIGNED_KEY], first[ASSIGNED_KEY];
	struct bytes prefix = identity_row(identity, NULL, first), found, value;
	struct bytes key = identity_row(identity, at->n > 0 ? at : NULL, octets);

	if (!change_ceiling(change, TABLE_ASSIGNED, key, &found, &value))
		return false;
	if (at->n > 0 && bytes_equal(found, key) &&
	    !change_next(change, TABLE_ASSIGNED, &found, &value))
		return false;
	return assigned_name(found, prefix, at);
}

bool
assigned_each(struct change *change, struct name *at, struct name *identity)
{
	uint8_t octets[1 + NAME_KEY] = {'n'};
	struct bytes key = {octets, 1}, found, value;

	if (at->n > 0)
		key = name_row(at, octets);
	if (!change_ceiling(change, TABLE_ASSIGNED, key, &found, &value))
		return false;
	if (at->n > 0 && bytes_equal(found, key) &&
	    !change_next(change, TABLE_ASSIGNED, &found, &value))
		return false;
	return found.n > 1 && found.p[0] == 'n' &&
	       name_from_key((struct bytes){found.p + 1, found.n - 1}, at) == 0 &&
	       assigned_read(value, identity);
}

bool
assigned_find_next(struct snapshot *snap, const struct name *identity, struct name *at)
{
	uint8_t octets[ASSIGNED_KEY], first[ASSIGNED_KEY];
	struct bytes prefix = identity_row(identity, NULL, first), found, value;
	struct bytes key = identity_row(identity, at->n > 0 ? at : NULL, octets);

	if (!snapshot_ceiling(snap, TABLE_ASSIGNED, key, &found, &value))
		return false;
	if (at->n > 0 && bytes_equal(found, key) &&
	    !snapshot_next(snap, TABLE_ASSIGNED, &found, &value))
		return false;
	return assigned_name(found, prefix, at);
}

size_t
assigned_count(struct change *change, const struct name *identity)
{
	struct name at = {0};
	size_t n = 0;

	while (assigned_next(change, identity, &at))
		n++;
	return n;
}
