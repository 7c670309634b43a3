/*
 * realm.c - rows of the local table: which identities are looked up below which suffix.
 * Reads no file.
 */
#include <string.h>

#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"
#define DIGEST_LABEL 52 /* octets of a key identity's label */

static int
digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The label of row's suffix as the bits that follow the prefix. */
static bool
label_address(const uint8_t *label, const struct realm *row, uint8_t address[16])
{
	size_t first = row->length / 4;

	if (label[0] != 32 - first)
		return false;
	memcpy(address, row->prefix, 16);
	for (size_t i = 0; i < label[0]; i++) {
		int digit = digit_value(label[1 + i]);
		size_t nibble = first + i;

		if (digit < 0)
			return false;
		address[nibble / 2] |= (uint8_t)(nibble % 2 == 0 ? digit << 4 : digit);
	}
	return true;
}

static bool
nibbles_address(const struct name *owner, uint8_t address[16])
{
	uint8_t octets[16] = {0};
	struct name back;

	if (owner->n != 32 * 2 + 10)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int digit = digit_value(owner->w[2 * i + 1]);

		if (owner->w[2 * i] != 1 || digit < 0)
			return false;
		octets[15 - i / 2] |= (uint8_t)(i % 2 == 0 ? digit : digit << 4);
	}
	memcpy(address, octets, sizeof octets);
	return eid_owner_reverse(octets, &back) == 0 && name_equal(&back, owner);
}

static bool
digest_owner(const struct name *owner, struct eid *out)
{
	static const uint8_t eid_label[] = {4, '_', 'e', 'i', 'd'};

	if (owner->n < 1 + DIGEST_LABEL + sizeof eid_label + 1 || owner->w[0] != DIGEST_LABEL ||
	    memcmp(owner->w + 1 + DIGEST_LABEL, eid_label, sizeof eid_label) != 0)
		return false;
	if (text_base32_read((const char *)owner->w + 1, DIGEST_LABEL, out->digest,
		sizeof out->digest) != EID_DIGEST)
		return false;
	name_parent(owner, 2, &out->name);
	return out->name.n <= EID_REALM_MAX;
}

int
eid_from_owner(
    const struct name *owner, const struct realm *realms, size_t n_realms, struct eid *out)
{
	struct name lower = *owner, parent;

	memset(out, 0, sizeof *out);
	name_fold(&lower);
	if (digest_owner(&lower, out)) {
		out->form = EID_KEY;
		return 0;
	}
	memset(out, 0, sizeof *out);
	out->form = EID_ADDRESS;
	if (nibbles_address(&lower, out->address))
		return 0;
	for (size_t i = 0; i < n_realms && lower.n > 1; i++) {
		name_parent(&lower, 1, &parent);
		if (name_equal(&parent, &realms[i].suffix) &&
		    label_address(lower.w, &realms[i], out->address))
			return 0;
	}
	memset(out, 0, sizeof *out);
	return -MAP_ENOTFOUND;
}

bool
realm_covers(const struct realm *row, const struct eid *id)
{
	return id->form == EID_ADDRESS && address_is_in(id->address, row->prefix, row->length);
}

static const char *
text_scan(const char *text, struct realm *out)
{
	static const uint8_t zero[16];
	const char *equals = strchr(text, '='), *slash = strchr(text, '/');
	uint8_t below[16];
	uint64_t length = 0;

	if (equals == NULL || slash == NULL || slash > equals)
		return "a realm is written PREFIX/LENGTH=SUFFIX";
	if (address_scan(text, (size_t)(slash - text), out->prefix) != 0)
		return "the prefix of a realm is no address";
	if (text_decimal_read(slash + 1, (size_t)(equals - slash) - 1, 124, &length) != 0 ||
	    length < 16 || length % 4 != 0)
		return "the length of a realm's prefix must be 16 to 124, by fours";
	out->length = (uint8_t)length;
	memcpy(below, out->prefix, sizeof below);
	memset(below, 0, out->length / 8);
	if (length % 8 != 0)
		below[length / 8] &= 0x0f;
	if (memcmp(below, zero, sizeof below) != 0)
		return "the prefix of a realm has bits beyond its length";
	if (name_scan(equals + 1, strlen(equals + 1), NULL, &out->suffix) != 0)
		return "the suffix of a realm is no valid name";
	name_fold(&out->suffix);
	return NULL;
}

int
realm_scan(const char *text, struct realm *out, const char **why)
{
	memset(out, 0, sizeof *out);
	*why = text_scan(text, out);
	return *why == NULL ? 0 : -MAP_ETEXT;
}
