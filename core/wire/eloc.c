/*
 * eloc.c - ELOC records (protocol 3): RDATA read strictly and written.
 * Knows one record; what a set of them means is mapping.c's and resolve's.
 */
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"

#define PATH_LONGEST (PATH_MAX_TEXT - 1)

/* Key and signature sizes of a proof, by algorithm (RFC 8080, RFC 6605). */
struct proof_sizes {
	uint8_t algorithm;
	uint8_t key;
	uint8_t signature;
};

static const struct proof_sizes proof_rows[] = {{15, 32, 64}, {13, 64, 64}};

static const struct proof_sizes *
proof_sizes_find(uint8_t algorithm)
{
	for (size_t i = 0; i < sizeof proof_rows / sizeof proof_rows[0]; i++)
		if (proof_rows[i].algorithm == algorithm)
			return &proof_rows[i];
	return NULL;
}

/* Where reading one record stands. */
struct reading {
	struct rd rd;
	struct eloc *out;
	bool unknown; /* well formed, but not to be used by this reader */
};

static void
proof_read(struct reading *r)
{
	struct proof *proof = &r->out->proof;
	const struct proof_sizes *sizes;

	if (r->out->preference != 0 || r->out->weight != 0 || r->out->flags != 0)
		rd_fail(&r->rd, -MAP_EFORMAT);
	proof->serial = rd_u64(&r->rd);
	proof->expiry = rd_u32(&r->rd);
	proof->algorithm = rd_u8(&r->rd);
	proof->flags = rd_u8(&r->rd);
	if (r->rd.error != 0)
		return;
	sizes = proof_sizes_find(proof->algorithm);
	if (sizes == NULL) {
		r->unknown = true;
		rd_rest(&r->rd);
		return;
	}
	proof->key_n = sizes->key;
	rd_copy(&r->rd, proof->key, sizes->key);
	rd_copy(&r->rd, proof->signature, sizes->signature);
}

static void
ip4_read(struct reading *r)
{
	r->out->address[10] = 0xff;
	r->out->address[11] = 0xff;
	rd_copy(&r->rd, r->out->address + 12, 4);
}

static void
ip6_read(struct reading *r)
{
	rd_copy(&r->rd, r->out->address, sizeof r->out->address);
}

static void
via_read(struct reading *r)
{
	rd_copy(&r->rd, r->out->address, sizeof r->out->address);
	name_read_plain(&r->rd, &r->out->set);
	if (r->rd.error == 0 && !name_is_lower(&r->out->set))
		rd_fail(&r->rd, -MAP_EFORMAT);
}

static bool
address_ends_within(const uint8_t address[16], unsigned bits)
{
	for (unsigned i = bits; i < 128; i++)
		if ((address[i / 8] >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static void
net6_read(struct reading *r)
{
	r->out->length = rd_u8(&r->rd);
	rd_copy(&r->rd, r->out->address, sizeof r->out->address);
	if (r->rd.error != 0)
		return;
	if (r->out->length < 16 || r->out->length > 64 ||
	    !address_ends_within(r->out->address, r->out->length))
		rd_fail(&r->rd, -MAP_EFORMAT);
}

static void (*const kind_readers[])(struct reading *) = {
    [ELOC_PROOF] = proof_read,
    [ELOC_IP4] = ip4_read,
    [ELOC_IP6] = ip6_read,
    [ELOC_VIA] = via_read,
    [ELOC_NET6] = net6_read,
};

#define KINDS (sizeof kind_readers / sizeof kind_readers[0])

static bool
path_octet_is_valid(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

bool
path_is_valid(struct bytes path)
{
	for (size_t i = 0; i < path.n; i++)
		if (!path_octet_is_valid(path.p[i]))
			return false;
	return path.n > 0 && path.n <= PATH_LONGEST;
}

static void
path_read(struct reading *r, struct bytes value)
{
	if (!path_is_valid(value)) {
		rd_fail(&r->rd, -MAP_EFORMAT);
		return;
	}
	memcpy(r->out->path, value.p, value.n);
	r->out->path[value.n] = '\0';
}

static void
capabilities_read(struct reading *r, struct bytes value)
{
	if (value.n != 4)
		rd_fail(&r->rd, -MAP_EFORMAT);
	else
		r->out->capabilities = get_u32(value.p);
}

static void
probe_read(struct reading *r, struct bytes value)
{
	if (value.n != 2 || get_u16(value.p) == 0)
		rd_fail(&r->rd, -MAP_EFORMAT);
	else
		r->out->probe = get_u16(value.p);
}

static bool
param_is_there(struct bytes params, uint16_t wanted)
{
	struct rd rd = rd_init(params);

	while (rd_left(&rd) > 0) {
		uint16_t key = rd_u16(&rd);

		rd_bytes(&rd, rd_u16(&rd));
		if (rd.error == 0 && key == wanted)
			return true;
	}
	return false;
}

/* Keys ascending, each of them there; one that is not known makes the record unusable here. */
static void
mandatory_check(struct reading *r, struct bytes value)
{
	struct rd keys = rd_init(value);
	uint16_t last = PARAM_MANDATORY;

	if (value.n == 0 || value.n % 2 != 0)
		rd_fail(&r->rd, -MAP_EFORMAT);
	while (r->rd.error == 0 && rd_left(&keys) > 0) {
		uint16_t key = rd_u16(&keys);

		if (key <= last || !param_is_there(r->out->params, key))
			rd_fail(&r->rd, -MAP_EFORMAT);
		if (key != PARAM_PATH && key != PARAM_CAPABILITIES && key != PARAM_PROBE)
			r->unknown = true;
		last = key;
	}
}

static void
params_read(struct reading *r)
{
	struct bytes mandatory = {NULL, 0};
	int last = -1;

	r->out->params = (struct bytes){r->rd.p, rd_left(&r->rd)};
	while (rd_left(&r->rd) > 0) {
		uint16_t key = rd_u16(&r->rd);
		struct bytes value = rd_bytes(&r->rd, rd_u16(&r->rd));

		if (key <= last)
			rd_fail(&r->rd, -MAP_EFORMAT);
		if (r->rd.error != 0)
			return;
		last = key;
		if (key == PARAM_MANDATORY)
			mandatory = (struct bytes){value.p, value.n};
		else if (key == PARAM_PATH)
			path_read(r, value);
		else if (key == PARAM_CAPABILITIES)
			capabilities_read(r, value);
		else if (key == PARAM_PROBE)
			probe_read(r, value);
	}
	if (mandatory.p != NULL)
		mandatory_check(r, mandatory);
}

int
eloc_read(struct bytes rdata, struct eloc *out)
{
	struct reading r = {.rd = rd_init(rdata), .out = out};
	int error;

	memset(out, 0, sizeof *out);
	out->preference = rd_u16(&r.rd);
	out->weight = rd_u16(&r.rd);
	out->flags = rd_u8(&r.rd);
	out->kind = rd_u8(&r.rd);
	if (r.rd.error != 0)
		return r.rd.error;
	if (out->kind >= KINDS)
		return -MAP_EUNKNOWN;
	kind_readers[out->kind](&r);
	if (out->kind != ELOC_PROOF && r.rd.error == 0)
		params_read(&r);
	error = rd_end(&r.rd);
	return error == 0 && r.unknown ? -MAP_EUNKNOWN : error;
}

static void
proof_put(struct wr *wr, const struct proof *proof)
{
	const struct proof_sizes *sizes = proof_sizes_find(proof->algorithm);

	wr_u64(wr, proof->serial);
	wr_u32(wr, proof->expiry);
	wr_u8(wr, proof->algorithm);
	wr_u8(wr, proof->flags);
	wr_copy(wr, proof->key, proof->key_n);
	wr_copy(wr, proof->signature, sizes != NULL ? sizes->signature : 0);
}

static void
param_put(struct wr *wr, uint16_t key, struct bytes value)
{
	wr_u16(wr, key);
	wr_u16(wr, (uint16_t)value.n);
	wr_bytes(wr, value);
}

/* What the fields hold under a known key; n 0: nothing. */
static struct bytes
param_of_fields(const struct eloc *e, uint16_t key, uint8_t scratch[4])
{
	if (key == PARAM_PATH)
		return (struct bytes){(const uint8_t *)e->path, strlen(e->path)};
	if (key == PARAM_CAPABILITIES && e->capabilities != 0) {
		put_u32(scratch, e->capabilities);
		return (struct bytes){scratch, 4};
	}
	if (key == PARAM_PROBE && e->probe != 0) {
		put_u16(scratch, e->probe);
		return (struct bytes){scratch, 2};
	}
	return (struct bytes){NULL, 0};
}

/* Known parameters from the fields, the others from params, in ascending order of keys. */
static void
params_put(struct wr *wr, const struct eloc *e)
{
	static const uint16_t known[] = {PARAM_PATH, PARAM_CAPABILITIES, PARAM_PROBE};
	struct rd rd = rd_init(e->params);
	uint8_t scratch[4];
	size_t next = 0;

	while (rd_left(&rd) > 0 || next < sizeof known / sizeof known[0]) {
		bool more = rd_left(&rd) > 0;
		uint16_t key = more ? rd_u16(&rd) : UINT16_MAX;
		struct bytes value =
		    more ? rd_bytes(&rd, rd_u16(&rd)) : (struct bytes){NULL, 0};

		for (; next < sizeof known / sizeof known[0] && known[next] <= key; next++) {
			struct bytes field = param_of_fields(e, known[next], scratch);

			if (field.n > 0)
				param_put(wr, known[next], field);
		}
		if (more && rd.error == 0 && key != PARAM_PATH && key != PARAM_CAPABILITIES &&
		    key != PARAM_PROBE)
			param_put(wr, key, value);
	}
}

void
eloc_put(struct wr *wr, const struct eloc *e)
{
	wr_u16(wr, e->preference);
	wr_u16(wr, e->weight);
	wr_u8(wr, e->flags);
	wr_u8(wr, e->kind);
	switch ((enum eloc_kind)e->kind) {
	case ELOC_PROOF:
		proof_put(wr, &e->proof);
		return;
	case ELOC_IP4:
		wr_copy(wr, e->address + 12, 4);
		break;
	case ELOC_IP6:
		wr_copy(wr, e->address, sizeof e->address);
		break;
	case ELOC_VIA:
		wr_copy(wr, e->address, sizeof e->address);
		name_put(wr, &e->set);
		break;
	case ELOC_NET6:
		wr_u8(wr, e->length);
		wr_copy(wr, e->address, sizeof e->address);
		break;
	}
	params_put(wr, e);
}
