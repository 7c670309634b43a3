/*
 * meta.c - the few values of the database that belong to no zone, or outlive it.
 * Each is u8 version and a number.
 */
#include "mapd/meta.h"

#include <string.h>

#include "core/wire/cursor.h"
#include "mapd/node.h"

#define META_ZONE "last zone"
#define META_CLOCK "clock"
#define META_SERIAL "serial " /* then the ordered key of the apex */
#define META_SERIAL_N (sizeof META_SERIAL - 1)

static struct bytes
meta_key(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool
meta_get(struct change *change, struct bytes key, uint64_t *number)
{
	struct bytes value;
	struct rd rd;

	if (!change_get(change, TABLE_META, key, &value))
		return false;
	rd = rd_init(value);
	(void)rd_u8(&rd);
	*number = rd_u64(&rd);
	return rd_end(&rd) == 0;
}

static void
meta_put(struct change *change, struct bytes key, uint64_t number)
{
	uint8_t octets[9];
	struct wr wr = wr_init(octets, sizeof octets);

	wr_u8(&wr, NODE_VERSION);
	wr_u64(&wr, number);
	change_put(change, TABLE_META, key, wr_done(&wr));
}

static uint64_t
meta_next(struct change *change, struct bytes key)
{
	uint64_t number = 0;

	(void)meta_get(change, key, &number);
	meta_put(change, key, number + 1);
	return number + 1;
}

void
meta_bump_generation(struct change *change)
{
	(void)meta_next(change, meta_key(META_GENERATION));
}

uint32_t
meta_next_zone(struct change *change)
{
	return (uint32_t)meta_next(change, meta_key(META_ZONE));
}

static struct bytes
meta_serial_key(const struct name *apex, uint8_t key[META_SERIAL_N + NAME_KEY])
{
	memcpy(key, META_SERIAL, META_SERIAL_N);
	return (struct bytes){key, META_SERIAL_N + name_key(apex, key + META_SERIAL_N)};
}

bool
meta_serial_get(struct change *change, const struct name *apex, uint32_t *serial)
{
	uint8_t key[META_SERIAL_N + NAME_KEY];
	uint64_t number;

	if (!meta_get(change, meta_serial_key(apex, key), &number))
		return false;
	*serial = (uint32_t)number;
	return true;
}

void
meta_serial_put(struct change *change, const struct name *apex, uint32_t serial)
{
	uint8_t key[META_SERIAL_N + NAME_KEY];

	meta_put(change, meta_serial_key(apex, key), serial);
}

uint64_t
meta_clock_get(struct change *change)
{
	uint64_t seconds = 0;

	(void)meta_get(change, meta_key(META_CLOCK), &seconds);
	return seconds;
}

void
meta_clock_put(struct change *change, uint64_t seconds)
{
	meta_put(change, meta_key(META_CLOCK), seconds);
}
