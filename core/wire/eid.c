/*
 * eid.c - identities (protocol 2): HHITs, owner names, text, octets of frames.
 * Computes no digest and looks nothing up.
 */
#include "core/wire/eid.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/text.h"

#define HHIT_PREFIX 0x2001003u /* 2001:30::/28 */
#define DIGEST_TEXT 52 /* base32 characters of a digest */

/* RFC 9374 3.5.2: the ORCHID context of HHITs. */
const uint8_t hhit_context[16] = {0x00, 0xb5, 0xa6, 0x9c, 0x79, 0x5d, 0xf5, 0xd5, 0xf0, 0x08,
    0x7f, 0x56, 0x84, 0x3f, 0x2c, 0x40};

void
hhit_left(uint16_t raa, uint16_t hda, uint8_t left[8])
{
	uint64_t v = (uint64_t)HHIT_PREFIX << 36 | (uint64_t)(raa & 0x3fff) << 22 |
		     (uint64_t)(hda & 0x3fff) << 8 | HHIT_SUITE_ED25519;

	put_u64(left, v);
}

void
hhit_input(const uint8_t left[8], const uint8_t key[32], uint8_t input[HHIT_INPUT])
{
	memcpy(input, left, 8);
	memcpy(input + 8, key, 32);
}

void
eid_key_input(struct wr *wr, uint8_t algorithm, struct bytes key)
{
	wr_u8(wr, algorithm);
	wr_bytes(wr, key);
}

bool
eid_is_hhit(const struct eid *id)
{
	return id->form == EID_ADDRESS && get_u32(id->address) >> 4 == HHIT_PREFIX &&
	       id->address[7] == HHIT_SUITE_ED25519;
}

bool
eid_is_hit(const struct eid *id)
{
	return id->form == EID_ADDRESS && get_u32(id->address) >> 4 == 0x2001002u;
}

bool
eid_is_self_certifying(const struct eid *id)
{
	return id->form == EID_KEY || eid_is_hhit(id);
}

bool
eid_equal(const struct eid *a, const struct eid *b)
{
	if (a->form != b->form)
		return false;
	switch (a->form) {
	case EID_NONE:
		return true;
	case EID_ADDRESS:
		return memcmp(a->address, b->address, sizeof a->address) == 0;
	case EID_KEY:
		return memcmp(a->digest, b->digest, sizeof a->digest) == 0 &&
		       name_equal(&a->name, &b->name);
	case EID_NAME:
		return name_equal(&a->name, &b->name);
	}
	return false;
}

int
eid_owner_below(
    const struct eid *id, unsigned length, const struct name *suffix, struct name *owner)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t label[1 + 32];
	size_t n = 0;

	if (id->form != EID_ADDRESS || length < 16 || length > 124 || length % 4 != 0)
		return -MAP_EUSAGE;
	for (unsigned nibble = length / 4; nibble < 32; nibble++) {
		uint8_t octet = id->address[nibble / 2];

		label[++n] = (uint8_t)digits[nibble % 2 == 0 ? octet >> 4 : octet & 15];
	}
	label[0] = (uint8_t)n;
	return name_child(suffix, label, owner);
}

static int
owner_reverse4(const uint8_t octets[4], struct name *owner)
{
	uint8_t address[16] = {
	    [10] = 0xff, [11] = 0xff, octets[3], octets[2], octets[1], octets[0]};
	char text[ADDRESS_TEXT + sizeof ".in-addr.arpa."];

	address_print(address, text);
	memcpy(text + strlen(text), ".in-addr.arpa.", sizeof ".in-addr.arpa.");
	return name_from(text, owner);
}

int
eid_owner_reverse(const uint8_t address[16], struct name *owner)
{
	static const char digits[] = "0123456789abcdef";
	char text[64 + sizeof "ip6.arpa."];
	char *to = text;

	if (address_is_ipv4(address))
		return owner_reverse4(address + 12, owner);
	for (int i = 15; i >= 0; i--) {
		*to++ = digits[address[i] & 15];
		*to++ = '.';
		*to++ = digits[address[i] >> 4];
		*to++ = '.';
	}
	memcpy(to, "ip6.arpa.", sizeof "ip6.arpa.");
	return name_from(text, owner);
}

bool
eid_is_reverse(const struct name *name)
{
	static const struct name arpa[] = {{14, "\7in-addr\4arpa"}, {10, "\3ip6\4arpa"}};

	return name_is_below(name, &arpa[0]) || name_is_below(name, &arpa[1]);
}

int
eid_owner_own(const struct eid *id, struct name *owner)
{
	static const uint8_t eid_label[] = {4, '_', 'e', 'i', 'd'};
	uint8_t label[1 + DIGEST_TEXT + 1];
	struct name base;
	int error;

	if (id->form == EID_NAME) {
		*owner = id->name;
		return 0;
	}
	if (id->form != EID_KEY)
		return -MAP_EUNKNOWN;
	error = text_base32_put(
	    (char *)label + 1, sizeof label - 1, (struct bytes){id->digest, sizeof id->digest});
	if (error < 0)
		return error;
	label[0] = DIGEST_TEXT;
	error = name_child(&id->name, eid_label, &base);
	return error != 0 ? error : name_child(&base, label, owner);
}

/* Where the '@' of a key identity stands: the first that no backslash precedes; NULL: none. */
static const char *
at_sign_find(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == '@')
			return text + i;
	}
	return NULL;
}

static int
name_scan_folded(const char *text, size_t n, struct name *out)
{
	int error = name_scan(text, n, NULL, out);

	if (error == 0)
		name_fold(out);
	return error;
}

static int
key_scan(const char *text, size_t n, const char *at, struct eid *out)
{
	size_t digest_n = (size_t)(at - text);
	int got, error;

	out->form = EID_KEY;
	if (digest_n != DIGEST_TEXT)
		return -MAP_ETEXT;
	got = text_base32_read(text, digest_n, out->digest, sizeof out->digest);
	if (got != EID_DIGEST)
		return -MAP_ETEXT;
	error = name_scan_folded(at + 1, n - digest_n - 1, &out->name);
	if (error == 0 && out->name.n > EID_REALM_MAX)
		error = -MAP_ESPACE;
	return error;
}

int
eid_scan(const char *text, size_t n, bool strict, struct eid *out)
{
	const char *at = at_sign_find(text, n);
	char canonical[EID_TEXT];
	int error;

	memset(out, 0, sizeof *out);
	if (at != NULL) {
		error = key_scan(text, n, at, out);
	} else if (address_scan(text, n, out->address) == 0) {
		out->form = EID_ADDRESS;
		error = 0;
	} else {
		memset(out->address, 0, sizeof out->address);
		out->form = EID_NAME;
		/* A colon is a literal gone wrong rather than a part of a name. */
		error = memchr(text, ':', n) != NULL ? -MAP_ETEXT
						     : name_scan_folded(text, n, &out->name);
	}
	if (error == 0 && strict) {
		eid_print(out, canonical);
		if (strlen(canonical) != n || memcmp(canonical, text, n) != 0)
			error = -MAP_ETEXT;
	}
	return error;
}

/* As name_print(), but a colon is escaped: what has one is a literal. */
static void
name_print_escaped(const struct name *name, char text[NAME_TEXT])
{
	char plain[NAME_TEXT];

	for (const char *p = name_print(name, plain); *p != '\0'; p++) {
		if (*p == ':') {
			memcpy(text, "\\058", 4);
			text += 4;
		} else {
			*text++ = *p;
		}
	}
	*text = '\0';
}

char *
eid_print_absolute(const struct eid *id, char text[EID_TEXT])
{
	int n;

	text[0] = '\0';
	switch (id->form) {
	case EID_NONE:
		break;
	case EID_ADDRESS:
		address_print(id->address, text);
		break;
	case EID_KEY:
		n = text_base32_put(
		    text, EID_TEXT, (struct bytes){id->digest, sizeof id->digest});
		if (n < 0)
			break;
		text[n] = '@';
		name_print_escaped(&id->name, text + n + 1);
		break;
	case EID_NAME:
		name_print_escaped(&id->name, text);
		break;
	}
	return text;
}

char *
eid_print(const struct eid *id, char text[EID_TEXT])
{
	uint8_t address[16];
	size_t n = strlen(eid_print_absolute(id, text));

	/* The root keeps its dot, and a name that looks like a literal: text is unambiguous. */
	if (id->form == EID_ADDRESS || id->name.n <= 1 ||
	    (id->form == EID_NAME && address_scan(text, n - 1, address) == 0))
		return text;
	text[n - 1] = '\0';
	return text;
}

void
eid_put(struct wr *wr, const struct eid *id)
{
	wr_u8(wr, (uint8_t)id->form);
	switch (id->form) {
	case EID_NONE:
		break;
	case EID_ADDRESS:
		wr_copy(wr, id->address, sizeof id->address);
		wr_u8(wr, id->at_length);
		if (id->at_length != 0)
			name_put(wr, &id->at);
		break;
	case EID_KEY:
		wr_copy(wr, id->digest, sizeof id->digest);
		name_put(wr, &id->name);
		break;
	case EID_NAME:
		name_put(wr, &id->name);
		break;
	}
}

/* A name of an identity: uncompressed and lower case. */
static void
name_read_lower(struct rd *rd, struct name *name)
{
	name_read_plain(rd, name);
	if (rd->error == 0 && !name_is_lower(name))
		rd_fail(rd, -MAP_EFORMAT);
}

static void
address_read(struct rd *rd, struct eid *out)
{
	rd_copy(rd, out->address, sizeof out->address);
	out->at_length = rd_u8(rd);
	if (out->at_length == 0)
		return;
	if (out->at_length < 16 || out->at_length > 124 || out->at_length % 4 != 0)
		rd_fail(rd, -MAP_EFORMAT);
	name_read_lower(rd, &out->at);
}

void
eid_read(struct rd *rd, struct eid *out)
{
	uint8_t form = rd_u8(rd);

	memset(out, 0, sizeof *out);
	if (form == EID_ADDRESS) {
		address_read(rd, out);
	} else if (form == EID_KEY) {
		rd_copy(rd, out->digest, sizeof out->digest);
		name_read_lower(rd, &out->name);
		if (out->name.n > EID_REALM_MAX)
			rd_fail(rd, -MAP_EFORMAT);
	} else if (form == EID_NAME) {
		name_read_lower(rd, &out->name);
	} else if (form != EID_NONE) {
		rd_fail(rd, -MAP_EFORMAT);
	}
	if (rd->error == 0)
		out->form = (enum eid_form)form;
}
