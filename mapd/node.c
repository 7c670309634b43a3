/*
 * node.c - the stored form of names, denial records and zones, written and read back.
 * Knows octets; knows nothing of the store they lie in, nor of what an answer needs.
 */
#include "mapd/node.h"

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define NODE_POINTER 0xc00c /* to the question's name, right behind a message's header */
#define NODE_SETS_AT 2
#define RECORD_FRAME 12 /* pointer, type, class, ttl, rdlength */

size_t
node_key(uint32_t zone, const struct name *name, uint8_t key[NODE_KEY])
{
	put_u32(key, zone);
	return 4 + name_key(name, key + 4);
}

int
node_key_name(struct bytes key, struct name *name)
{
	if (key.n < 4)
		return -MAP_ETRUNC;
	return name_from_key((struct bytes){key.p + 4, key.n - 4}, name);
}

int
node_read(struct bytes value, struct node *out)
{
	struct rd rd = rd_init(value);

	if (rd_u8(&rd) != NODE_VERSION)
		rd_fail(&rd, -MAP_EFORMAT);
	out->flags = rd_u8(&rd);
	out->sets = rd_u16(&rd);
	out->body = rd_rest(&rd);
	return rd_end(&rd);
}

bool
node_next(const struct node *node, size_t *at, struct node_set *out)
{
	struct rd rd;

	if (*at >= node->body.n)
		return false;
	rd = rd_init((struct bytes){node->body.p + *at, node->body.n - *at});
	out->type = rd_u16(&rd);
	out->records = rd_u16(&rd);
	out->signatures = rd_u16(&rd);
	out->ttl = rd_u32(&rd);
	out->wire = rd_bytes(&rd, rd_u32(&rd));
	*at = node->body.n - rd_left(&rd);
	return rd.error == 0;
}

bool
node_find(const struct node *node, uint16_t type, struct node_set *out)
{
	size_t at = 0;

	while (node_next(node, &at, out) && out->type <= type)
		if (out->type == type)
			return true;
	return false;
}

bool
node_set_next(const struct node_set *set, size_t *at, uint16_t *type, struct bytes *rdata)
{
	struct rd rd;

	if (*at >= set->wire.n)
		return false;
	rd = rd_init((struct bytes){set->wire.p + *at, set->wire.n - *at});
	(void)rd_u16(&rd);
	*type = rd_u16(&rd);
	(void)rd_u16(&rd);
	(void)rd_u32(&rd);
	*rdata = rd_bytes(&rd, rd_u16(&rd));
	*at = set->wire.n - rd_left(&rd);
	return rd.error == 0;
}

size_t
node_start(struct wr *wr, uint8_t flags)
{
	size_t started = wr->n;

	wr_u8(wr, NODE_VERSION);
	wr_u8(wr, flags);
	wr_u16(wr, 0);
	return started;
}

static void
node_put_record(struct wr *wr, const struct rrset *set, uint16_t type, struct bytes rdata)
{
	wr_u16(wr, NODE_POINTER);
	wr_u16(wr, type);
	wr_u16(wr, set->class);
	wr_u32(wr, set->ttl);
	wr_u16(wr, (uint16_t)rdata.n);
	wr_bytes(wr, rdata);
}

void
node_put_set(struct wr *wr, size_t started, const struct rrset *set,
    const struct bytes *signatures, size_t n_signatures)
{
	size_t length = 0;

	for (size_t i = 0; i < set->n; i++)
		length += RECORD_FRAME + set->rdata[i].n;
	for (size_t i = 0; i < n_signatures; i++)
		length += RECORD_FRAME + signatures[i].n;
	wr_u16(wr, set->type);
	wr_u16(wr, (uint16_t)set->n);
	wr_u16(wr, (uint16_t)n_signatures);
	wr_u32(wr, set->ttl);
	wr_u32(wr, (uint32_t)length);
	for (size_t i = 0; i < set->n; i++)
		node_put_record(wr, set, set->type, set->rdata[i]);
	for (size_t i = 0; i < n_signatures; i++)
		node_put_record(wr, set, RR_RRSIG, signatures[i]);
	if (wr->error == 0)
		wr_u16_at(wr, started + NODE_SETS_AT,
		    (uint16_t)(get_u16(wr->base + started + NODE_SETS_AT) + 1));
}

size_t
denial_key(uint32_t zone, const uint8_t hash[20], uint8_t key[DENIAL_KEY])
{
	struct wr wr = wr_init(key, DENIAL_KEY);

	wr_u32(&wr, zone);
	wr_copy(&wr, hash, 20);
	return wr.n;
}

int
denial_read(struct bytes value, struct denial *out)
{
	struct rd rd = rd_init(value);

	if (rd_u8(&rd) != NODE_VERSION)
		rd_fail(&rd, -MAP_EFORMAT);
	(void)rd_u8(&rd);
	out->rdata = rd_bytes(&rd, rd_u16(&rd));
	out->signatures = rd_u16(&rd);
	out->ttl = rd_u32(&rd);
	out->body = rd_rest(&rd);
	return rd_end(&rd);
}

void
denial_put(struct wr *wr, struct bytes nsec3, uint32_t ttl, const struct bytes *signatures,
    size_t n_signatures)
{
	wr_u8(wr, NODE_VERSION);
	wr_u8(wr, 0);
	wr_u16(wr, (uint16_t)nsec3.n);
	wr_bytes(wr, nsec3);
	wr_u16(wr, (uint16_t)n_signatures);
	wr_u32(wr, ttl);
	for (size_t i = 0; i < n_signatures; i++) {
		wr_u16(wr, (uint16_t)signatures[i].n);
		wr_bytes(wr, signatures[i]);
	}
}

size_t
zone_meta_key(const struct name *apex, uint8_t key[NAME_KEY])
{
	size_t n = name_key(apex, key);

	if (n > 0)
		return n;
	key[0] = 0; /* the root's is empty, which no key may be; and no other begins with 00 */
	return 1;
}

#define ZONE_VERSION 2 /* 1 had no ttl_max */
#define TTL_UNKNOWN (7 * 86400) /* as long as most resolvers keep anything (RFC 8767 5) */

int
zone_meta_read(struct bytes value, struct zone *out)
{
	struct rd rd = rd_init(value);
	uint8_t version = rd_u8(&rd);

	if (version != NODE_VERSION && version != ZONE_VERSION)
		rd_fail(&rd, -MAP_EFORMAT);
	out->id = rd_u32(&rd);
	out->serial = rd_u32(&rd);
	out->denial = rd_u8(&rd);
	out->algorithm = rd_u8(&rd);
	out->negative_ttl = rd_u32(&rd);
	out->names = rd_u64(&rd);
	out->records = rd_u64(&rd);
	out->loaded = rd_u64(&rd);
	out->resign = rd_u32(&rd);
	out->expires = rd_u32(&rd);
	out->ttl_max = version == NODE_VERSION ? TTL_UNKNOWN : rd_u32(&rd);
	name_read_plain(&rd, &out->apex);
	return rd_end(&rd);
}

void
zone_meta_put(struct wr *wr, const struct zone *zone)
{
	wr_u8(wr, ZONE_VERSION);
	wr_u32(wr, zone->id);
	wr_u32(wr, zone->serial);
	wr_u8(wr, zone->denial);
	wr_u8(wr, zone->algorithm);
	wr_u32(wr, zone->negative_ttl);
	wr_u64(wr, zone->names);
	wr_u64(wr, zone->records);
	wr_u64(wr, zone->loaded);
	wr_u32(wr, zone->resign);
	wr_u32(wr, zone->expires);
	wr_u32(wr, zone->ttl_max);
	name_put(wr, &zone->apex);
}
