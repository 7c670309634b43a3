/*
 * dnssec.c - the octets of DNSSEC; makes no digest and no signature, and keeps no key.
 */
#include "core/wire/dnssec.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/text.h"

int
rrsig_read(struct bytes rdata, struct rrsig *out)
{
	struct rd rd = rd_init(rdata);

	out->covered = rd_u16(&rd);
	out->algorithm = rd_u8(&rd);
	out->labels = rd_u8(&rd);
	out->ttl = rd_u32(&rd);
	out->expiration = rd_u32(&rd);
	out->inception = rd_u32(&rd);
	out->tag = rd_u16(&rd);
	name_read_plain(&rd, &out->signer);
	out->signature = rd_rest(&rd);
	return rd_end(&rd);
}

void
rrsig_put(struct wr *wr, const struct rrsig *sig)
{
	wr_u16(wr, sig->covered);
	wr_u8(wr, sig->algorithm);
	wr_u8(wr, sig->labels);
	wr_u32(wr, sig->ttl);
	wr_u32(wr, sig->expiration);
	wr_u32(wr, sig->inception);
	wr_u16(wr, sig->tag);
	name_put(wr, &sig->signer);
	wr_bytes(wr, sig->signature);
}

uint16_t
dnssec_key_tag(struct bytes dnskey_rdata)
{
	uint32_t sum = 0;

	/* RFC 4034 appendix B */
	for (size_t i = 0; i < dnskey_rdata.n; i++)
		sum += i % 2 == 0 ? (uint32_t)dnskey_rdata.p[i] << 8 : dnskey_rdata.p[i];
	return (uint16_t)(sum + (sum >> 16));
}

unsigned
dnssec_labels(const struct name *owner)
{
	return name_labels(owner) - name_is_wildcard(owner);
}

/* The owner as it was signed: that of the wildcard where the answer came from one. */
static int
signed_owner(const struct name *owner, unsigned labels, struct name *out)
{
	unsigned has = dnssec_labels(owner);

	if (labels > has)
		return -MAP_EFORMAT;
	*out = *owner;
	name_fold(out);
	if (labels == has)
		return 0;
	name_parent(out, name_labels(owner) - labels, out);
	return name_wildcard_of(out, out);
}

/* The set's RDATA in canonical form, to be sorted. */
struct canonical {
	uint8_t *octets;
	struct bytes *rdata;
};

static int
canonical_make(const struct rrset *set, struct canonical *c)
{
	size_t total = 0;
	struct wr wr;

	for (size_t i = 0; i < set->n; i++)
		total += set->rdata[i].n;
	c->octets = malloc(total + 1);
	c->rdata = calloc(set->n + 1, sizeof c->rdata[0]);
	if (c->octets == NULL || c->rdata == NULL)
		return -MAP_ENOMEM;
	/* Only case changes, so the lengths stay. */
	wr = wr_init(c->octets, total);
	for (size_t i = 0; i < set->n; i++) {
		size_t at = wr.n;
		int error = rdata_canonical(set->type, set->rdata[i], &wr);

		if (error != 0)
			return error;
		c->rdata[i] = (struct bytes){c->octets + at, wr.n - at};
	}
	return 0;
}

static void
canonical_free(struct canonical *c)
{
	free(c->octets);
	free(c->rdata);
}

static int
rdata_order(const void *a, const void *b)
{
	const struct bytes *x = a, *y = b;

	return bytes_compare(*x, *y);
}

static void
records_put(struct wr *wr, const struct name *owner, const struct rrset *set, uint32_t ttl,
    const struct bytes *rdata)
{
	for (size_t i = 0; i < set->n; i++) {
		if (i > 0 && bytes_equal(rdata[i], rdata[i - 1]))
			continue;
		name_put(wr, owner);
		wr_u16(wr, set->type);
		wr_u16(wr, set->class);
		wr_u32(wr, ttl);
		wr_u16(wr, (uint16_t)rdata[i].n);
		wr_bytes(wr, rdata[i]);
	}
}

int
dnssec_signed(struct wr *wr, const struct rrsig *sig, const struct rrset *set)
{
	struct rrsig head = *sig;
	struct canonical c = {NULL, NULL};
	struct name owner;
	int error = signed_owner(set->owner, sig->labels, &owner);

	if (error == 0)
		error = canonical_make(set, &c);
	if (error == 0) {
		qsort(c.rdata, set->n, sizeof c.rdata[0], rdata_order);
		name_fold(&head.signer);
		head.signature = (struct bytes){NULL, 0};
		rrsig_put(wr, &head);
		records_put(wr, &owner, set, sig->ttl, c.rdata);
		error = wr->error;
	}
	canonical_free(&c);
	return error;
}

void
dnssec_ds_message(struct wr *wr, const struct name *owner, struct bytes dnskey)
{
	struct name lower = *owner;

	name_fold(&lower);
	name_put(wr, &lower);
	wr_bytes(wr, dnskey);
}

/* Writes the window of types[0]; returns how many types it took. */
static size_t
window_put(struct wr *wr, const uint16_t *types, size_t n)
{
	uint8_t bits[32] = {0};
	size_t took = 0, octets = 0;

	while (took < n && types[took] >> 8 == types[0] >> 8) {
		unsigned low = types[took++] & 255U;

		bits[low / 8] |= (uint8_t)(0x80U >> low % 8);
		octets = low / 8 + 1;
	}
	wr_u8(wr, (uint8_t)(types[0] >> 8));
	wr_u8(wr, (uint8_t)octets);
	wr_copy(wr, bits, octets);
	return took;
}

void
dnssec_bitmap_put(struct wr *wr, const uint16_t *types, size_t n)
{
	for (size_t at = 0; at < n;)
		at += window_put(wr, types + at, n - at);
}

bool
dnssec_bitmap_has(struct bytes bitmap, uint16_t type)
{
	struct rd rd = rd_init(bitmap);

	while (rd_left(&rd) > 0) {
		unsigned window = rd_u8(&rd);
		struct bytes bits = rd_bytes(&rd, rd_u8(&rd));
		unsigned low = type & 255U;

		if (rd.error != 0)
			return false;
		if (window == type >> 8)
			return low / 8 < bits.n && (bits.p[low / 8] & 0x80U >> low % 8) != 0;
	}
	return false;
}

void
nsec3_label(const uint8_t hash[NSEC3_HASH], char label[NSEC3_LABEL + 1])
{
	/* 20 octets are 32 digits exactly. */
	if (text_base32hex_put(label, NSEC3_LABEL + 1, (struct bytes){hash, NSEC3_HASH}) < 0)
		label[0] = '\0';
}

int
nsec3_label_read(const uint8_t *label, size_t n, uint8_t hash[NSEC3_HASH])
{
	char text[NSEC3_LABEL];
	int got;

	if (n != NSEC3_LABEL)
		return -MAP_ETEXT;
	memcpy(text, label, n);
	got = text_base32hex_read(text, n, hash, NSEC3_HASH);
	return got == NSEC3_HASH ? 0 : -MAP_ETEXT;
}

bool
serial_after(uint32_t a, uint32_t b)
{
	return a != b && a - b < UINT32_C(0x80000000);
}
