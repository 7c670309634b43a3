/*
 * build.c - the UPDATE of a registration: zone, what goes, what comes, options, seal.
 */
#include "register/build.h"

#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define OPTION_COOKIE 10
#define POINTER 0xc000
#define RDATA_ROOM 1024 /* octets of the longest EPID or KEY */

/* A message being made. */
struct making {
	const struct build *b;
	struct wr *wr;
	uint16_t changes;
	struct name last; /* the owner written last, and where: its next records point there */
	uint16_t last_at;
};

/* Compressed: the zone's name stands behind the header. */
static void
owner_put(struct making *k, const struct name *owner)
{
	const struct name *zone = &k->b->content->zone;

	if (k->last.n > 0 && name_equal(&k->last, owner)) {
		wr_u16(k->wr, (uint16_t)(POINTER | k->last_at));
		return;
	}
	if (k->wr->n < POINTER >> 2) {
		k->last = *owner;
		k->last_at = (uint16_t)k->wr->n;
	}
	wr_copy(k->wr, owner->w, (size_t)(owner->n - zone->n));
	wr_u16(k->wr, POINTER | HEADER_SIZE);
}

static void
record_put(
    struct making *k, const struct name *owner, uint16_t type, uint32_t ttl, struct bytes rdata)
{
	owner_put(k, owner);
	wr_u16(k->wr, type);
	wr_u16(k->wr, CLASS_IN);
	wr_u32(k->wr, ttl);
	wr_u16(k->wr, (uint16_t)rdata.n);
	wr_bytes(k->wr, rdata);
	k->changes++;
}

/* RFC 2136 2.5.2 */
static void
set_delete(struct making *k, const struct name *owner, uint16_t type)
{
	owner_put(k, owner);
	wr_u16(k->wr, type);
	wr_u16(k->wr, CLASS_ANY);
	wr_u32(k->wr, 0);
	wr_u16(k->wr, 0);
	k->changes++;
}

static void
epid_record(struct making *k, const struct name *owner, const struct epid *epid)
{
	uint8_t octets[RDATA_ROOM];
	struct wr wr = wr_init(octets, sizeof octets);

	epid_put(&wr, epid);
	if (wr.error != 0)
		k->wr->error = wr.error;
	record_put(k, owner, RR_EPID, BUILD_TTL_IDENTITY, wr_done(&wr));
}

/* The proof made before still does: the same locators, and more than half of its life is left. */
static bool
proof_is_good(const struct build *b, const struct build_proof *proof)
{
	int32_t left = (int32_t)(proof->expiry - (uint32_t)(b->now / 1000));

	return b->verb == BUILD_REFRESH && proof->n > 0 && proof->without == b->without &&
	       left > 0 && (uint32_t)left > b->content->expire / 2;
}

static int
proof_make(
    const struct build *b, const struct bytes *rdata, size_t n, struct build_proof *proof)
{
	struct wr wr = wr_init(proof->rdata, sizeof proof->rdata);
	uint64_t serial = b->now > b->serial_above ? b->now : b->serial_above + 1;
	uint32_t expiry = (uint32_t)(b->now / 1000) + b->content->expire;
	int error = trust_proof_sign(
	    b->content->key, &b->content->owner, rdata, n, serial, expiry, 0, &wr);

	proof->n = 0;
	if (error != 0)
		return error;
	proof->serial = serial;
	proof->expiry = expiry;
	proof->without = b->without;
	proof->n = wr.n;
	return 0;
}

static int
locators_put(struct making *k, struct build_proof *proof)
{
	const struct content *content = k->b->content;
	struct bytes rdata[CONTENT_LOCATORS];
	size_t n = 0;
	int error = 0;

	for (size_t i = 0; i < content->n_locators; i++)
		if ((k->b->without >> i & 1) == 0)
			rdata[n++] =
			    (struct bytes){content->locators[i].octets, content->locators[i].n};
	for (size_t i = 0; i < n; i++)
		record_put(k, &content->owner, RR_ELOC, BUILD_TTL_LOCATORS, rdata[i]);
	if (!content->proof || n == 0)
		return 0;
	if (!proof_is_good(k->b, proof))
		error = proof_make(k->b, rdata, n, proof);
	if (error == 0)
		record_put(k, &content->owner, RR_ELOC, BUILD_TTL_LOCATORS,
		    (struct bytes){proof->rdata, proof->n});
	return error;
}

static int
changes_put(struct making *k, struct build_proof *proof)
{
	const struct content *content = k->b->content;
	bool sets = k->b->verb == BUILD_REGISTER || k->b->verb == BUILD_REFRESH;
	struct epid epid = {.preference = 10, .id = content->id};
	uint8_t octets[RDATA_ROOM];
	struct wr key = wr_init(octets, sizeof octets);
	int error = seal_key_put(&key, content->key);

	if (error != 0)
		return error;
	set_delete(k, &content->owner, RR_ELOC);
	if (sets)
		error = locators_put(k, proof);
	if (sets)
		record_put(k, &content->owner, RR_KEY, BUILD_TTL_IDENTITY, wr_done(&key));
	else if (k->b->verb == BUILD_RELEASE)
		set_delete(k, &content->owner, RR_KEY);
	if (content->n_others > 0 || !sets)
		set_delete(k, &content->owner, RR_EPID);
	for (size_t i = 0; sets && i < content->n_others; i++)
		epid_record(k, &content->owner, &content->others[i]);
	for (size_t i = 0; i < content->n_names; i++) {
		set_delete(k, &content->names[i], RR_EPID);
		if (sets)
			epid_record(k, &content->names[i], &epid);
	}
	return error;
}

static void
cookie_put(struct wr *wr, const struct build *b)
{
	wr_u16(wr, OPTION_COOKIE);
	wr_u16(wr, (uint16_t)(COOKIE_CLIENT + b->server_cookie.n));
	wr_copy(wr, b->cookie, COOKIE_CLIENT);
	wr_bytes(wr, b->server_cookie);
}

static void
opt_put(struct wr *wr, const struct build *b)
{
	struct lease_option lease = {.present = true, .both = true};
	size_t at;

	if (b->verb == BUILD_REGISTER || b->verb == BUILD_REFRESH)
		lease.lease = b->content->lease;
	if (b->verb != BUILD_RELEASE)
		lease.key_lease = b->content->key_lease;
	wr_u8(wr, 0);
	wr_u16(wr, RR_OPT);
	wr_u16(wr, BUILD_UDP);
	wr_u32(wr, 0);
	at = wr->n;
	wr_u16(wr, 0);
	lease_option_put(wr, &lease);
	if (b->prove.present)
		prove_option_put(wr, &b->prove);
	if (b->cookie != NULL)
		cookie_put(wr, b);
	if (wr->error == 0)
		wr_u16_at(wr, at, (uint16_t)(wr->n - at - 2));
}

static int
seal(const struct build *b, struct wr *wr, struct build_mac *mac)
{
	uint64_t now = b->now / 1000;
	int n;

	mac->n = 0;
	if (b->tsig == NULL)
		return seal_sig0_sign(b->content->key, &b->content->owner,
		    (uint32_t)(now - BUILD_SIGNED), (uint32_t)(now + BUILD_SIGNED), wr);
	n = seal_tsig_sign(b->tsig, now, wr, mac->octets);
	if (n < 0)
		return n;
	mac->n = (size_t)n;
	return 0;
}

int
build_update(
    const struct build *b, struct build_proof *proof, struct wr *wr, struct build_mac *mac)
{
	struct making k = {.b = b, .wr = wr};
	int error;

	wr_u16(wr, b->id);
	wr_u16(wr, OPCODE_UPDATE << 11);
	wr_u16(wr, 1);
	wr_u16(wr, 0);
	wr_u16(wr, 0);
	wr_u16(wr, 1);
	name_put(wr, &b->content->zone);
	wr_u16(wr, RR_SOA);
	wr_u16(wr, CLASS_IN);
	error = changes_put(&k, proof);
	opt_put(wr, b);
	if (error == 0)
		error = wr->error;
	if (error != 0)
		return error;
	wr_u16_at(wr, 8, k.changes);
	return seal(b, wr, mac);
}
