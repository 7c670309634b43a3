/*
 * host.c - addresses become locators, and locators addresses.
 * Knows what stands at a name; knows nothing of who may put it there.
 */
#include "mapd/host.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"

#define ELOC_DIRECT 22 /* octets of a direct locator's RDATA, at most */

static bool
key_has_no_flags(const struct update_item *item)
{
	return item->rdata.n > 4 && get_u16(item->rdata.p) == 0;
}

const struct name *
host_described(const struct update *update)
{
	const struct lease_option *lease = &update->lease;
	const struct name *host = NULL;
	unsigned deletes = 0, keys = 0;

	if (update->n_prerequisites > 0 || !lease->present || lease->lease > lease->key_lease)
		return NULL;
	for (size_t i = 0; i < update->n_changes; i++) {
		const struct update_item *item = &update->items[i];

		if (host != NULL && !name_equal(item->owner, host))
			return NULL;
		host = item->owner;
		if (item->verb == UPDATE_DELETE_NAME)
			deletes++;
		else if (item->verb == UPDATE_ADD && item->type == RR_KEY &&
			 key_has_no_flags(item))
			keys++;
		else if (item->verb != UPDATE_ADD ||
			 (item->type != RR_A && item->type != RR_AAAA))
			return NULL;
	}
	return deletes == 1 && keys == 1 ? host : NULL;
}

/* One record of draft's, made of octets that the desk keeps. */
static int
record_add(
    struct desk *desk, struct draft *draft, uint16_t type, uint32_t ttl, struct bytes rdata)
{
	uint8_t *octets = desk_octets(desk, rdata.n);
	struct draft_record record = {.type = type, .ttl = ttl, .rdata = {octets, rdata.n}};

	if (octets == NULL)
		return -MAP_ENOMEM;
	memcpy(octets, rdata.p, rdata.n);
	return draft_add(draft, &record);
}

static bool
record_is_address(const struct draft_record *record)
{
	return record->type == RR_A || record->type == RR_AAAA;
}

int
host_set_locators(struct desk *desk, struct draft *draft)
{
	uint8_t octets[ELOC_DIRECT];
	uint32_t ttl = UINT32_MAX;
	size_t n;
	int rc = 0;

	draft_drop(draft, RR_ELOC);
	n = draft->n;
	/* RFC 2181 5.2: they are one set, of which no record lives longer than its address */
	for (size_t i = 0; i < n; i++)
		if (record_is_address(&draft->records[i]) && draft->records[i].ttl < ttl)
			ttl = draft->records[i].ttl;
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct draft_record record = draft->records[i];
		struct wr wr = wr_init(octets, sizeof octets);

		if (!record_is_address(&record))
			continue;
		wr_u16(&wr, HOST_PREFERENCE);
		wr_u16(&wr, 1);
		wr_u8(&wr, 0);
		wr_u8(&wr, record.type == RR_A ? ELOC_IP4 : ELOC_IP6);
		wr_bytes(&wr, record.rdata);
		rc = record_add(desk, draft, RR_ELOC, ttl, wr_done(&wr));
	}
	return rc;
}

/* Whether some direct locator takes new sessions: then only those are shown. */
static bool
mapping_has_open(const struct draft *mapping)
{
	struct eloc eloc;

	for (size_t i = 0; i < mapping->n; i++)
		if (mapping->records[i].type == RR_ELOC &&
		    eloc_read(mapping->records[i].rdata, &eloc) == 0 &&
		    (eloc.kind == ELOC_IP4 || eloc.kind == ELOC_IP6) &&
		    (eloc.flags & ELOC_DRAIN) == 0)
			return true;
	return false;
}

/* Two locators may have the same address, with another preference or path; a set has no record twice (RFC 2181 5). */
static int
address_add(
    struct desk *desk, struct draft *draft, uint16_t type, uint32_t ttl, struct bytes address)
{
	return draft_has_record(draft, type, address)
		   ? 0
		   : record_add(desk, draft, type, ttl, address);
}

int
host_set_addresses(struct desk *desk, const struct draft *mapping, struct draft *draft)
{
	bool open = mapping_has_open(mapping);
	struct eloc eloc;
	int rc = 0;

	draft_drop(draft, RR_A);
	draft_drop(draft, RR_AAAA);
	if (draft_has(draft, RR_CNAME))
		return 0;
	for (size_t i = 0; i < mapping->n && rc == 0; i++) {
		const struct draft_record *record = &mapping->records[i];

		if (record->type != RR_ELOC || eloc_read(record->rdata, &eloc) != 0 ||
		    (open && (eloc.flags & ELOC_DRAIN) != 0))
			continue;
		if (eloc.kind == ELOC_IP4)
			rc = address_add(desk, draft, RR_A, record->ttl,
			    (struct bytes){eloc.address + 12, 4});
		else if (eloc.kind == ELOC_IP6)
			rc = address_add(desk, draft, RR_AAAA, record->ttl,
			    (struct bytes){eloc.address, 16});
	}
	return rc;
}
