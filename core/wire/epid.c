/*
 * epid.c - EPID records (protocol 3): RDATA read strictly and written, and their text.
 * Knows one record; what a set of them means is mapping.c's and resolve's.
 */
#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/text.h"

/* Names inside our types are uncompressed and lower case. */
static void
name_read_lower(struct rd *rd, struct name *name)
{
	name_read_plain(rd, name);
	if (rd->error == 0 && !name_is_lower(name))
		rd_fail(rd, -MAP_EFORMAT);
}

static bool
at_length_is_valid(uint64_t length)
{
	return length >= 16 && length <= 124 && length % 4 == 0;
}

static void
address_read(struct rd *rd, struct eid *id)
{
	rd_copy(rd, id->address, sizeof id->address);
	if (rd_left(rd) == 0)
		return;
	id->at_length = rd_u8(rd);
	if (!at_length_is_valid(id->at_length))
		rd_fail(rd, -MAP_EFORMAT);
	name_read_lower(rd, &id->at);
}

int
epid_read(struct bytes rdata, struct epid *out)
{
	struct rd rd = rd_init(rdata);
	uint8_t form;

	memset(out, 0, sizeof *out);
	out->preference = rd_u16(&rd);
	out->flags = rd_u8(&rd);
	form = rd_u8(&rd);
	if (rd.error != 0)
		return rd.error;
	switch (form) {
	case EID_ADDRESS:
		address_read(&rd, &out->id);
		break;
	case EID_KEY:
		rd_copy(&rd, out->id.digest, sizeof out->id.digest);
		name_read_lower(&rd, &out->id.name);
		if (out->id.name.n > EID_REALM_MAX)
			rd_fail(&rd, -MAP_EFORMAT);
		break;
	case EID_NAME:
		name_read_lower(&rd, &out->id.name);
		break;
	default:
		return -MAP_EUNKNOWN;
	}
	out->id.form = (enum eid_form)form;
	return rd_end(&rd);
}

void
epid_put(struct wr *wr, const struct epid *e)
{
	wr_u16(wr, e->preference);
	wr_u8(wr, e->flags);
	wr_u8(wr, (uint8_t)e->id.form);
	switch (e->id.form) {
	case EID_NONE:
		break;
	case EID_ADDRESS:
		wr_copy(wr, e->id.address, sizeof e->id.address);
		if (e->id.at_length == 0)
			break;
		wr_u8(wr, e->id.at_length);
		name_put(wr, &e->id.at);
		break;
	case EID_KEY:
		wr_copy(wr, e->id.digest, sizeof e->id.digest);
		name_put(wr, &e->id.name);
		break;
	case EID_NAME:
		name_put(wr, &e->id.name);
		break;
	}
}

int
epid_print(struct bytes rdata, char *text, size_t max)
{
	struct epid e;
	char id[EID_TEXT], at[NAME_TEXT + 16] = "", name[NAME_TEXT];
	int error = epid_read(rdata, &e), n;

	/* Reserved flags have no words either. */
	if (error == -MAP_EUNKNOWN ||
	    (error == 0 && (e.flags & ~(EPID_TEMPORARY | EPID_SUCCESSOR)) != 0))
		return mapping_print_opaque(rdata, text, max);
	if (error != 0)
		return error;
	eid_print_absolute(&e.id, id);
	if (e.id.at_length != 0)
		snprintf(
		    at, sizeof at, " at=%u/%s", e.id.at_length, name_print(&e.id.at, name));
	n = snprintf(text, max, "%u %s%s%s%s", e.preference, id, at,
	    (e.flags & EPID_TEMPORARY) != 0 ? " temporary" : "",
	    (e.flags & EPID_SUCCESSOR) != 0 ? " successor" : "");
	return n >= 0 && (size_t)n < max ? 0 : -MAP_ESPACE;
}

/* The identity of a zone file: as eid_scan(), but names may be relative. */
static const char *
identity_scan(const char *word, const struct name *origin, struct eid *id)
{
	size_t n = strlen(word);
	const char *at;
	int error;

	if (address_scan(word, n, id->address) == 0) {
		id->form = EID_ADDRESS;
		return NULL;
	}
	at = memchr(word, '@', n);
	if (at == NULL && strchr(word, ':') != NULL)
		return "the identity is no IPv6 address";
	if (at == NULL || (at > word && at[-1] == '\\') || n == 1) {
		id->form = EID_NAME;
		error = name_scan(word, n, origin, &id->name);
		name_fold(&id->name);
		return error == 0 ? NULL : "the identity is no valid name";
	}
	id->form = EID_KEY;
	if (text_base32_read(word, (size_t)(at - word), id->digest, sizeof id->digest) !=
	    EID_DIGEST)
		return "the part before @ must be 52 lower-case base32 characters, the last a "
		       "or q";
	at++;
	if (name_scan(at, n - (size_t)(at - word), origin, &id->name) != 0)
		return "the realm behind @ is no valid name";
	name_fold(&id->name);
	return id->name.n > EID_REALM_MAX ? "the realm behind @ is longer than 197 octets"
					  : NULL;
}

static const char *
at_scan(const char *value, const struct name *origin, struct eid *id)
{
	const char *slash = strchr(value, '/');
	uint64_t length = 0;

	if (id->form != EID_ADDRESS)
		return "at= goes with an address only";
	if (id->at_length != 0)
		return "at= stands there twice";
	if (slash == NULL ||
	    text_decimal_read(value, (size_t)(slash - value), 124, &length) != 0 ||
	    !at_length_is_valid(length))
		return "at= wants LENGTH/SUFFIX, the length 16 to 124 by fours";
	if (name_scan(slash + 1, strlen(slash + 1), origin, &id->at) != 0)
		return "the suffix of at= is no valid name";
	name_fold(&id->at);
	id->at_length = (uint8_t)length;
	return NULL;
}

static const char *
option_scan(const char *word, const struct name *origin, struct epid *e)
{
	uint8_t flag = 0;

	if (strncmp(word, "at=", 3) == 0)
		return at_scan(word + 3, origin, &e->id);
	if (strcmp(word, "temporary") == 0)
		flag = EPID_TEMPORARY;
	else if (strcmp(word, "successor") == 0)
		flag = EPID_SUCCESSOR;
	if (flag == 0)
		return "only at=LENGTH/SUFFIX, temporary and successor may follow the identity";
	if ((e->flags & flag) != 0)
		return "a flag stands there twice";
	e->flags |= flag;
	return NULL;
}

static const char *
words_scan(char *const *words, size_t n, const struct name *origin, struct epid *e)
{
	const char *why = NULL;
	uint64_t preference = 0;

	if (n < 2)
		return "EPID wants PREFERENCE IDENTITY";
	if (text_decimal_read(words[0], strlen(words[0]), UINT16_MAX, &preference) != 0)
		return "the preference must be a number of 0 to 65535";
	e->preference = (uint16_t)preference;
	why = identity_scan(words[1], origin, &e->id);
	for (size_t i = 2; i < n && why == NULL; i++)
		why = option_scan(words[i], origin, e);
	return why;
}

int
epid_scan(
    char *const *words, size_t n, const struct name *origin, struct wr *rdata, const char **why)
{
	struct epid e;

	memset(&e, 0, sizeof e);
	*why = words_scan(words, n, origin, &e);
	if (*why != NULL)
		return -MAP_ETEXT;
	epid_put(rdata, &e);
	if (rdata->error != 0)
		*why = "the record does not fit";
	return rdata->error;
}
