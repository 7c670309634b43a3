/*
 * gather.c - the sets of one name as they will be served.
 * Knows what DNSSEC wants at each kind of name; knows nothing of signatures and the store.
 */
#include "mapd/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"

#define SOA_SERIAL_END 20 /* the serial stands so many octets before the end */
#define BITMAP_MAX (256 * 34)
#define NSEC3_HEAD 25 /* algorithm, flags, iterations, no salt, length and hash */

/* SOA RDATA with another serial. */
static void
soa_put(struct wr *wr, struct bytes rdata, uint32_t serial)
{
	wr_copy(wr, rdata.p, rdata.n - SOA_SERIAL_END);
	wr_u32(wr, serial);
	wr_copy(wr, rdata.p + rdata.n - SOA_SERIAL_END + 4, SOA_SERIAL_END - 4);
}

static void
gathered_add(struct gathered *g, uint16_t type, uint32_t ttl, struct bytes rdata)
{
	struct rrset *set = &g->sets[g->n++];

	g->rdata[g->n_rdata] = rdata;
	*set = (struct rrset){&g->name, type, CLASS_IN, ttl, 1, &g->rdata[g->n_rdata++]};
}

/* Types ascending, as nodes have them and bit maps want them. */
static void
gathered_sort(struct gathered *g)
{
	for (size_t i = 1; i < g->n; i++) {
		struct rrset set = g->sets[i];
		size_t k = i;

		for (; k > 0 && g->sets[k - 1].type > set.type; k--)
			g->sets[k] = g->sets[k - 1];
		g->sets[k] = set;
	}
}

/* RFC 4034 2, RFC 7344 3: a set that the keys make. */
static int
gather_keys(struct build *build, struct gathered *g, uint16_t type)
{
	uint8_t(*digests)[ZONEKEY_DS] =
	    (void *)batch_keep(build->batch, NULL, sizeof(uint8_t[KEYSET_KEYS][ZONEKEY_DS]));
	struct bytes *rdata = &g->rdata[g->n_rdata];
	size_t n;

	if (digests == NULL)
		return -MAP_ESPACE;
	n = keyset_rdata(build->keys, type, rdata, digests);
	if (n == 0)
		return -MAP_ECRYPTO;
	g->sets[g->n++] = (struct rrset){&g->name, type, CLASS_IN, ZONEKEY_TTL, n, rdata};
	g->n_rdata += n;
	return 0;
}

/* RFC 5155 4: what a signed zone's own name has besides. */
static int
gather_apex(struct build *build, struct gathered *g)
{
	static const uint8_t nsec3param[] = {1, 0, 0, 0, 0}; /* SHA-1, 0 iterations, no salt */
	int rc = gather_keys(build, g, RR_DNSKEY);

	if (rc == 0)
		rc = gather_keys(build, g, RR_CDS);
	if (rc == 0)
		rc = gather_keys(build, g, RR_CDNSKEY);
	if (rc == 0 && build->zone->denial == DENIAL_NSEC3)
		gathered_add(g, RR_NSEC3PARAM, build->zone->negative_ttl,
		    (struct bytes){nsec3param, sizeof nsec3param});
	return rc;
}

/* Gathers the sets of an entry as they will be served. */
static int
gather_sets(struct build *build, const struct plan_entry *entry, struct gathered *g)
{
	struct plan_reader reader = plan_sets(build->plan, entry);
	int rc = 0;

	g->n = g->n_rdata = 0;
	plan_name(build->plan, entry, &g->name);
	while (g->n < RRSET_TYPES &&
	       plan_next_set(&reader, &g->sets[g->n], &g->rdata[g->n_rdata], RRSET_RECORDS)) {
		g->sets[g->n].owner = &g->name;
		g->n_rdata += g->sets[g->n++].n;
	}
	for (size_t i = 0; i < g->n; i++)
		if (g->sets[i].type == RR_SOA) {
			struct bytes *soa = &g->rdata[g->sets[i].rdata - g->rdata];
			uint8_t *octets = batch_keep(build->batch, NULL, soa->n);
			struct wr wr = wr_init(octets, octets != NULL ? soa->n : 0);

			soa_put(&wr, *soa, build->zone->serial);
			*soa = wr_done(&wr);
		}
	if ((entry->flags & NODE_APEX) != 0)
		rc = gather_apex(build, g);
	gathered_sort(g);
	return rc;
}

/* RFC 4035 2.2: at a cut only DS (and NSEC) are signed, below it nothing. */
bool
gather_is_signed(uint8_t flags, uint16_t type)
{
	if ((flags & NODE_OCCLUDED) != 0)
		return false;
	return (flags & NODE_CUT) == 0 || type == RR_DS || type == RR_NSEC;
}

/* The types of an entry as its proof of absence lists them; returns how many. */
static size_t
gathered_types(const struct build *build, const struct plan_entry *entry,
    const struct gathered *g, uint16_t types[GATHER_SETS + 2])
{
	bool cut = (entry->flags & NODE_CUT) != 0;
	bool nsec = build->zone->denial == DENIAL_NSEC;
	bool is_signed = nsec;
	size_t n = 0, k;

	for (size_t i = 0; i < g->n; i++) {
		/* RFC 4035 2.3, RFC 5155 7.1: glue at a cut is the child's */
		if (cut && g->sets[i].type != RR_NS && g->sets[i].type != RR_DS)
			continue;
		is_signed |= gather_is_signed(entry->flags, g->sets[i].type);
		types[n++] = g->sets[i].type;
	}
	if (is_signed)
		types[n++] = RR_RRSIG;
	if (nsec)
		types[n++] = RR_NSEC;
	for (size_t i = n > 2 ? n - 2 : 1; i < n; i++) {
		uint16_t type = types[i];

		for (k = i; k > 0 && types[k - 1] > type; k--)
			types[k] = types[k - 1];
		types[k] = type;
	}
	return n;
}

static bool
plan_entry_denies(const struct plan_entry *entry)
{
	return (entry->flags & (NODE_EMPTY | NODE_OCCLUDED)) == 0;
}

/* RFC 4034 4: the next name that has an NSEC record, the apex after the last. */
static int
gather_nsec(struct build *build, size_t i, struct gathered *g)
{
	const struct plan *plan = build->plan;
	uint16_t types[GATHER_SETS + 2];
	uint8_t octets[NAME_WIRE + BITMAP_MAX];
	struct wr wr = wr_init(octets, sizeof octets);
	struct name next = plan->apex;
	uint8_t *kept;
	size_t k = i + 1;

	while (k < plan->n && !plan_entry_denies(&plan->entries[k]))
		k++;
	if (k < plan->n)
		plan_name(plan, &plan->entries[k], &next);
	name_put(&wr, &next);
	dnssec_bitmap_put(&wr, types, gathered_types(build, &plan->entries[i], g, types));
	kept = batch_keep(build->batch, wr.base, wr.n);
	if (wr.error != 0 || kept == NULL)
		return -MAP_ESPACE;
	gathered_add(g, RR_NSEC, build->zone->negative_ttl, (struct bytes){kept, wr.n});
	gathered_sort(g);
	return 0;
}

int
gather_name(struct build *build, size_t i, struct gathered *g)
{
	const struct plan_entry *entry = &build->plan->entries[i];
	int rc = gather_sets(build, entry, g);

	if (rc == 0 && build->zone->denial == DENIAL_NSEC && plan_entry_denies(entry))
		rc = gather_nsec(build, i, g);
	return rc;
}

static int
hashed_compare(const void *a, const void *b)
{
	return memcmp(
	    ((const struct hashed *)a)->hash, ((const struct hashed *)b)->hash, NSEC3_HASH);
}

/* Each name that is not occluded, empty ones too, by its hash. */
static int
hashes_fill(struct build *build, struct hashed *hashed, size_t *n)
{
	const struct plan *plan = build->plan;
	char text[NAME_TEXT];
	struct name name;
	int rc = 0;

	*n = 0;
	for (size_t i = 0; i < plan->n && rc == 0; i++) {
		if ((plan->entries[i].flags & NODE_OCCLUDED) != 0)
			continue;
		plan_name(plan, &plan->entries[i], &name);
		rc = trust_nsec3(&name, hashed[*n].hash);
		hashed[(*n)++].entry = (uint32_t)i;
	}
	qsort(hashed, *n, sizeof hashed[0], hashed_compare);
	for (size_t i = 1; i < *n && rc == 0; i++)
		if (hashed_compare(&hashed[i - 1], &hashed[i]) == 0) {
			plan_name(plan, &plan->entries[hashed[i].entry], &name);
			snprintf(build->why, sizeof build->why,
			    "%s: the same NSEC3 hash as another name: configure denial: nsec",
			    name_print(&name, text));
			rc = -MAP_EREFUSED;
		}
	return rc;
}

int
gather_hashes(struct build *build, struct hashed **out, size_t *n)
{
	int rc;

	if (build->plan->apex.n + 1 + NSEC3_LABEL > NAME_WIRE) {
		snprintf(build->why, sizeof build->why,
		    "the zone's name leaves no room for NSEC3 names: configure denial: nsec");
		return -MAP_EREFUSED;
	}
	*out = calloc(build->plan->n, sizeof **out);
	if (*out == NULL)
		return -MAP_ENOMEM;
	rc = hashes_fill(build, *out, n);
	if (rc != 0) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

/* RFC 5155 3: one record of the chain. */
int
gather_nsec3(
    struct build *build, const struct hashed *at, const struct hashed *next, struct gathered *g)
{
	const struct plan_entry *entry = &build->plan->entries[at->entry];
	uint16_t types[GATHER_SETS + 2];
	uint8_t octets[NSEC3_HEAD + BITMAP_MAX], label[NSEC3_LABEL + 2];
	struct wr wr = wr_init(octets, sizeof octets);
	uint8_t *kept;
	int rc = 0;

	g->n = 0;
	if (entry->records > 0)
		rc = gather_sets(build, entry, g);
	if (rc != 0)
		return rc;
	wr_u8(&wr, 1);
	wr_u8(&wr, 0);
	wr_u16(&wr, 0);
	wr_u8(&wr, 0);
	wr_u8(&wr, NSEC3_HASH);
	wr_copy(&wr, next->hash, NSEC3_HASH);
	dnssec_bitmap_put(&wr, types, gathered_types(build, entry, g, types));
	kept = batch_keep(build->batch, wr.base, wr.n);
	if (wr.error != 0 || kept == NULL)
		return -MAP_ESPACE;
	label[0] = NSEC3_LABEL;
	nsec3_label(at->hash, (char *)label + 1);
	g->n = g->n_rdata = 0;
	gathered_add(g, RR_NSEC3, build->zone->negative_ttl, (struct bytes){kept, wr.n});
	return name_child(&build->plan->apex, label, &g->name);
}
