/*
 * mapping.c - what EPID and ELOC records mean together: the proof's octets, composed locators,
 * and what a server refuses. Verifies no signature.
 */
#include "core/wire/mapping.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define PROOF_RECORDS 256 /* records that a proof can cover */
#define ELOC_KIND_AT 5 /* offset of the kind octet */
#define PRIVATE_KEYS 65280

static bool
rdata_is_proof(struct bytes rdata)
{
	return rdata.n > ELOC_KIND_AT && rdata.p[ELOC_KIND_AT] == ELOC_PROOF;
}

int
mapping_proof_index(const struct bytes *rdata, size_t n)
{
	int found = -1;

	for (size_t i = 0; i < n; i++) {
		if (!rdata_is_proof(rdata[i]))
			continue;
		if (found >= 0)
			return -2;
		found = (int)i;
	}
	return found;
}

/* Indexes of the records beside the proof, in ascending order of RDATA. */
static size_t
others_order(const struct bytes *rdata, size_t n, uint16_t order[PROOF_RECORDS])
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = count;

		if (rdata_is_proof(rdata[i]))
			continue;
		for (; at > 0 && bytes_compare(rdata[order[at - 1]], rdata[i]) > 0; at--)
			order[at] = order[at - 1];
		order[at] = (uint16_t)i;
		count++;
	}
	return count;
}

int
proof_message(struct wr *wr, const struct name *owner, const struct proof *proof,
    const struct bytes *rdata, size_t n)
{
	uint16_t order[PROOF_RECORDS];
	struct name lower = *owner;
	size_t others;

	if (n > PROOF_RECORDS)
		return -MAP_ESPACE;
	name_fold(&lower);
	wr_copy(wr, "epsig-1", sizeof "epsig-1");
	name_put(wr, &lower);
	wr_u64(wr, proof->serial);
	wr_u32(wr, proof->expiry);
	wr_u8(wr, proof->algorithm);
	wr_u8(wr, proof->flags);
	wr_copy(wr, proof->key, proof->key_n);
	others = others_order(rdata, n, order);
	wr_u16(wr, (uint16_t)others);
	for (size_t i = 0; i < others; i++) {
		struct bytes record = rdata[order[i]];

		if (record.n > UINT16_MAX)
			return -MAP_ESPACE;
		wr_u16(wr, (uint16_t)record.n);
		wr_bytes(wr, record);
	}
	return wr->error;
}

bool
locator_compose(const struct eloc *via, const struct eloc *net6, struct locator *out)
{
	unsigned preference = (unsigned)via->preference + net6->preference;

	for (unsigned i = 0; i < net6->length; i++)
		if ((via->address[i / 8] >> (7 - i % 8) & 1) != 0)
			return false;
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < sizeof out->address; i++)
		out->address[i] = net6->address[i] | via->address[i];
	out->preference = (uint16_t)(preference < UINT16_MAX ? preference : UINT16_MAX);
	out->weight = net6->weight;
	out->flags = (via->flags | net6->flags) & (ELOC_BACKUP | ELOC_DRAIN);
	out->capabilities = via->capabilities;
	out->probe = via->probe;
	memcpy(out->path, net6->path, sizeof out->path);
	/* an IPv4 address comes from a record of its own kind only */
	return !address_is_ipv4(out->address);
}

void
locator_direct(const struct eloc *direct, struct locator *out)
{
	memset(out, 0, sizeof *out);
	memcpy(out->address, direct->address, sizeof out->address);
	out->preference = direct->preference;
	out->weight = direct->weight;
	out->flags = direct->flags & (ELOC_HOME | ELOC_BACKUP | ELOC_DRAIN);
	out->capabilities = direct->capabilities;
	out->probe = direct->probe;
	memcpy(out->path, direct->path, sizeof out->path);
}

void
locators_sort(struct locator *locators, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct locator moved = locators[i];
		size_t at = i;

		for (; at > 0 && locators[at - 1].preference > moved.preference; at--)
			locators[at] = locators[at - 1];
		locators[at] = moved;
	}
}

/* What the checks of a server know of. */
struct refusing {
	bool private_ok;
	const struct realm *realms;
	size_t n_realms;
};

static const char *
epid_refusal(struct bytes rdata)
{
	struct epid e;
	int error = epid_read(rdata, &e);

	if (error == -MAP_EUNKNOWN)
		return "an EPID of a form that is not known here";
	if (error != 0)
		return "a malformed EPID";
	if ((e.flags & ~(EPID_TEMPORARY | EPID_SUCCESSOR)) != 0)
		return "an EPID with reserved flags";
	if (eid_is_hit(&e.id))
		return "a HIT (2001:20::/28) cannot be looked up";
	return NULL;
}

static const char *
params_refusal(struct bytes params)
{
	struct rd rd = rd_init(params);

	while (rd_left(&rd) > 0) {
		uint16_t key = rd_u16(&rd);

		rd_bytes(&rd, rd_u16(&rd));
		if (key > PARAM_PROBE && key < PRIVATE_KEYS)
			return "an ELOC with a parameter that is not known here";
		if (key == 3)
			return "an ELOC with parameter 3, which is not assigned";
	}
	return NULL;
}

static const char *
direct_refusal(const struct eloc *e, const struct refusing *by)
{
	bool home = (e->flags & ELOC_HOME) != 0;

	if (e->kind == ELOC_IP6 && address_is_ipv4(e->address))
		return "an IPv4-mapped address is no IPv6 locator";
	/* A home locator is its own identity, so that it may lie under a realm's prefix. */
	return address_refusal(
	    e->address, by->private_ok, home ? NULL : by->realms, home ? 0 : by->n_realms);
}

static const char *
eloc_refusal(const struct eloc *e, const struct refusing *by)
{
	uint8_t allowed = ELOC_BACKUP | ELOC_DRAIN;
	const char *why = NULL;

	if (e->kind == ELOC_IP4 || e->kind == ELOC_IP6)
		allowed |= ELOC_HOME;
	if ((e->flags & ELOC_HOME & ~allowed) != 0)
		return "home goes with an address only";
	if ((e->flags & ~allowed) != 0)
		return "an ELOC with reserved flags";
	switch ((enum eloc_kind)e->kind) {
	case ELOC_PROOF:
		return (e->proof.flags & ~PROOF_REVOKED) != 0 ? "a proof with reserved flags"
							      : NULL;
	case ELOC_IP4:
	case ELOC_IP6:
		why = direct_refusal(e, by);
		break;
	case ELOC_NET6:
		why = address_refusal(e->address, by->private_ok, by->realms, by->n_realms);
		break;
	case ELOC_VIA:
		break;
	}
	return why != NULL ? why : params_refusal(e->params);
}

/* What is wrong with one record of a set. */
static const char *
eloc_one_refusal(struct bytes rdata, const struct refusing *by, struct eloc *e)
{
	int error = eloc_read(rdata, e);

	if (error == -MAP_EUNKNOWN)
		return "an ELOC of a kind, algorithm or mandatory parameter not known here";
	return error != 0 ? "a malformed ELOC" : eloc_refusal(e, by);
}

static const char *
eloc_set_refusal(const struct bytes *rdata, size_t n, const struct refusing *by, size_t *at)
{
	size_t proofs = 0, nets = 0, net = 0, revoked = 0, revocation = 0;

	for (size_t i = 0; i < n; i++) {
		struct eloc e;
		const char *why = eloc_one_refusal(rdata[i], by, &e);

		*at = i;
		if (why != NULL)
			return why;
		proofs += e.kind == ELOC_PROOF;
		if (proofs > 1)
			return "two proofs in one set";
		if (e.kind == ELOC_NET6 && nets++ == 0)
			net = i;
		if (e.kind == ELOC_PROOF && (e.proof.flags & PROOF_REVOKED) != 0 &&
		    revoked++ == 0)
			revocation = i;
	}
	if (nets > 0 && nets < n) {
		*at = net;
		return "net: beside other locators: a prefix set holds nothing else";
	}
	if (revoked > 0 && n > 1) {
		*at = revocation;
		return "a revocation beside locators";
	}
	return NULL;
}

const char *
mapping_refusal(uint16_t type, const struct bytes *rdata, size_t n, bool private_ok,
    const struct realm *realms, size_t n_realms)
{
	size_t at;

	return mapping_refusal_at(type, rdata, n, private_ok, realms, n_realms, &at);
}

const char *
mapping_refusal_at(uint16_t type, const struct bytes *rdata, size_t n, bool private_ok,
    const struct realm *realms, size_t n_realms, size_t *at)
{
	struct refusing by = {private_ok, realms, n_realms};
	const char *why = NULL;

	*at = MAPPING_SET;
	if (n > MAPPING_SET)
		return "more than 16 records in one set";
	if (type == RR_ELOC)
		return eloc_set_refusal(rdata, n, &by, at);
	for (size_t i = 0; i < n && why == NULL; i++) {
		*at = i;
		why = epid_refusal(rdata[i]);
	}
	return why;
}
