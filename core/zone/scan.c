/*
 * scan.c - the text of RDATA to octets. EPID and ELOC are mapping.c's; ldns reads the other types,
 * and what it takes too easily is checked here against the words.
 */
#include "core/zone/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldns/ldns.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "core/zone/source.h"

static int
scan_wrong(const char **why, const char *cause)
{
	*why = cause;
	return -MAP_ETEXT;
}

int
type_scan(const char *word)
{
	int code = rrtype_scan(word, strlen(word));
	ldns_rr_type theirs;

	if (code >= 0)
		return code;
	if (strncasecmp(word, "TYPE", 4) == 0)
		return -1;
	theirs = ldns_get_rr_type_by_name(word);
	return theirs != 0 ? (int)theirs : -1;
}

/* "1h30m": numbers with units of BIND's, each unit once. */
static int
units_scan(const char *word, uint64_t max, uint64_t *seconds)
{
	static const char units[] = "wdhms";
	static const uint32_t sizes[] = {604800, 86400, 3600, 60, 1};
	size_t from = 0;

	*seconds = 0;
	while (*word != '\0') {
		size_t digits = strspn(word, "0123456789");
		const char *unit =
		    word[digits] != '\0' ? strchr(units, word[digits] | 0x20) : NULL;
		uint64_t value;

		if (unit == NULL || (size_t)(unit - units) < from ||
		    text_decimal_read(word, digits, UINT32_MAX, &value) != 0)
			return -MAP_ETEXT;
		*seconds += value * sizes[unit - units];
		if (*seconds > max)
			return -MAP_ETEXT;
		from = (size_t)(unit - units) + 1;
		word += digits + 1;
	}
	return 0;
}

int
period_scan(const char *word, uint64_t max, uint32_t *seconds)
{
	uint64_t value;
	int error = text_decimal_read(word, strlen(word), max, &value);

	if (error != 0 && *word != '\0')
		error = units_scan(word, max, &value);
	*seconds = (uint32_t)value;
	return error;
}

/* RFC 3597 5: \# length hex... */
static int
opaque_scan(uint16_t type, char *const *words, size_t n, struct wr *rdata, const char **why)
{
	uint64_t length;
	size_t left;
	int error;

	if (n < 2 || text_decimal_read(words[1], strlen(words[1]), RDATA_MAX, &length) != 0)
		return scan_wrong(why, "\\# needs a length of at most 65535");
	if (length > rdata->max - rdata->n)
		return scan_wrong(why, "the RDATA is too long");
	left = (size_t)length;
	for (size_t i = 2; i < n; i++) {
		int got =
		    text_hex_read(words[i], strlen(words[i]), rdata->base + rdata->n, left);

		if (got < 0)
			return scan_wrong(why,
			    got == -MAP_ESPACE ? "more octets than the length after \\# says"
					       : "what follows \\# and the length is not hex");
		rdata->n += (size_t)got;
		left -= (size_t)got;
	}
	if (left != 0)
		return scan_wrong(why, "fewer octets than the length after \\# says");
	error = rdata_check(
	    type, (struct bytes){rdata->base + rdata->n - (size_t)length, (size_t)length});
	return error != 0 ? scan_wrong(why, error_text(error)) : 0;
}

/* ldns' reading of the words: the record, or NULL with *why. */
static ldns_rr *
ldns_read(
    uint16_t type, char *const *words, size_t n, const struct name *origin, const char **why)
{
	char mnemonic[16], *text;
	size_t size = 64, at;
	ldns_rdf *theirs = NULL;
	ldns_rr *rr = NULL;
	ldns_status status;

	for (size_t i = 0; i < n; i++)
		size += strlen(words[i]) + 1;
	text = malloc(size);
	if (origin != NULL)
		theirs = ldns_dname_new_frm_data(origin->n, origin->w);
	if (text == NULL || (origin != NULL && theirs == NULL)) {
		*why = error_text(-MAP_ENOMEM);
		goto free_all;
	}
	at = (size_t)snprintf(text, size, ". 0 IN %s", rrtype_print(type, mnemonic));
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(words[i]);

		text[at++] = ' ';
		memcpy(text + at, words[i], length + 1);
		at += length;
	}
	status = ldns_rr_new_frm_str(&rr, text, 0, theirs, NULL);
	if (status != LDNS_STATUS_OK) {
		*why = ldns_get_errorstr_by_id(status);
		rr = NULL;
	}
free_all:
	ldns_rdf_deep_free(theirs);
	free(text);
	return rr;
}

/* ldns cuts numbers down to their fields and takes signs. */
static const char *
number_wrong(const char *word, uint64_t value, uint64_t max)
{
	uint32_t read;

	if ((*word < '0' || *word > '9') && *word != '-' && *word != '+')
		return NULL; /* a mnemonic, as of an algorithm */
	if (period_scan(word, max, &read) != 0)
		return "a number out of its range";
	return read != value ? "a number that is not understood" : NULL;
}

static const char *
name_wrong(const char *word, const struct name *origin, const struct name *value)
{
	struct name read;

	if (name_scan(word, strlen(word), origin, &read) != 0)
		return "not a valid domain name";
	return name_equal(&read, value) ? NULL : "a domain name that is not understood";
}

/* SvcParams: ldns drops doubles and cuts ports. */
static const char *
svcb_wrong(char *const *words, size_t n, struct rd *rd)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t port;

		if (rd_left(rd) < 4)
			return "a parameter twice";
		rd_u16(rd);
		rd_bytes(rd, rd_u16(rd));
		if (strncasecmp(words[i], "port=", 5) == 0 &&
		    text_decimal_read(words[i] + 5, strlen(words[i] + 5), UINT16_MAX, &port) !=
			0)
			return "a port out of its range";
	}
	return rd_end(rd) != 0 ? "parameters that are not understood" : NULL;
}

/* Type bit maps: ldns takes an unknown mnemonic for type 0. */
static const char *
types_wrong(char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (type_scan(words[i]) <= 0)
			return "an unknown type in the list of types";
	return NULL;
}

/* ldns completes an odd number of hex digits. */
static const char *
hex_wrong(uint16_t type, char *const *words, size_t n, size_t octets)
{
	size_t digits = 0;

	if (type != RR_DS && type != RR_CDS && type != RR_SSHFP && type != RR_TLSA &&
	    type != RR_SMIMEA && type != RR_ZONEMD)
		return NULL;
	for (size_t i = 0; i < n; i++)
		digits += strlen(words[i]);
	return digits != octets * 2 ? "an odd number of hex digits" : NULL;
}

/* What is wrong in the last field, from words[0] on. */
static const char *
tail_wrong(const struct rrtype *row, char letter, char *const *words, size_t n, struct rd *rd)
{
	if (letter == 'X')
		return hex_wrong(row->code, words, n, rd_left(rd));
	if (letter == 'M')
		return types_wrong(words, n);
	if (letter == 'x' && (row->code == RR_SVCB || row->code == RR_HTTPS))
		return svcb_wrong(words, n, rd);
	return NULL;
}

/* Holds what ldns made of the words against the words, field by field. NULL: nothing wrong. */
static const char *
fields_wrong(const struct rrtype *row, char *const *words, size_t n, const struct name *origin,
    struct bytes rdata)
{
	struct rd rd = rd_init(rdata);
	const char *wrong = NULL;
	struct name name;
	size_t i = 0;

	for (const char *f = row->fields; *f != '\0' && i < n && wrong == NULL; f++, i++) {
		if (*f == '1')
			wrong = number_wrong(words[i], rd_u8(&rd), UINT8_MAX);
		else if (*f == '2')
			wrong = number_wrong(words[i], rd_u16(&rd), UINT16_MAX);
		else if (*f == '4')
			wrong = number_wrong(words[i], rd_u32(&rd), UINT32_MAX);
		else if (*f == 'n') {
			name_read_plain(&rd, &name);
			wrong = name_wrong(words[i], origin, &name);
		} else if (*f == 's')
			rd_bytes(&rd, rd_u8(&rd));
		else
			return tail_wrong(row, *f, words + i, n - i, &rd);
	}
	return wrong;
}

/* Types of names and numbers only. */
static bool
is_ours(const struct rrtype *row)
{
	return row != NULL && (row->flags & RRF_SIGNER) == 0 &&
	       row->fields[strspn(row->fields, "124n")] == '\0';
}

/* One number; those of SOA behind its serial are times (RFC 2308 and ldns: 1h, 2d). */
static bool
number_scan(char letter, bool is_time, const char *word, struct wr *rdata)
{
	uint32_t max = letter == '1' ? UINT8_MAX : letter == '2' ? UINT16_MAX : UINT32_MAX;
	uint32_t seconds = 0;
	uint64_t value = 0;
	int error = is_time ? period_scan(word, max, &seconds)
			    : text_decimal_read(word, strlen(word), max, &value);

	if (is_time)
		value = seconds;
	if (letter == '1')
		wr_u8(rdata, (uint8_t)value);
	else if (letter == '2')
		wr_u16(rdata, (uint16_t)value);
	else
		wr_u32(rdata, (uint32_t)value);
	return error == 0;
}

/*
 * Most of the records of most zones, read without ldns; which, besides, takes a name whose first label is an at
 * sign for the origin even where a backslash stands before it (RFC 1035 5.1).
 */
static int
fields_scan(const struct rrtype *row, char *const *words, size_t n, const struct name *origin,
    struct wr *rdata, const char **why)
{
	size_t fields = strlen(row->fields);
	struct name name;

	if (n != fields)
		return scan_wrong(
		    why, n < fields ? "something is missing" : "more than it has");
	for (size_t i = 0; i < n; i++) {
		if (row->fields[i] == 'n') {
			if (name_scan(words[i], strlen(words[i]), origin, &name) != 0)
				return scan_wrong(why, "not a valid domain name");
			name_put(rdata, &name);
		} else if (!number_scan(
			       row->fields[i], row->code == RR_SOA && i > 2, words[i], rdata))
			return scan_wrong(why, "a number out of its range");
	}
	return rdata->error != 0 ? scan_wrong(why, "the RDATA is too long") : 0;
}

static int
standard_scan(uint16_t type, char *const *words, size_t n, const struct name *origin,
    struct wr *rdata, const char **why)
{
	const struct rrtype *row = rrtype_find(type);
	ldns_rr *rr = ldns_read(type, words, n, origin, why);
	size_t at = rdata->n;
	struct bytes made;
	int error;

	if (rr == NULL)
		return -MAP_ETEXT;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		wr_copy(rdata, ldns_rdf_data(ldns_rr_rdf(rr, i)),
		    ldns_rdf_size(ldns_rr_rdf(rr, i)));
	ldns_rr_free(rr);
	if (rdata->error != 0 || rdata->n - at > RDATA_MAX)
		return scan_wrong(why, "the RDATA is too long");
	made = (struct bytes){rdata->base + at, rdata->n - at};
	error = rdata_check(type, made);
	if (error != 0)
		return scan_wrong(why, error_text(error));
	/* What the signer makes is read only by tests; its times look like numbers out of range. */
	*why = NULL;
	if (row != NULL && (row->flags & RRF_SIGNER) == 0)
		*why = fields_wrong(row, words, n, origin, made);
	return *why != NULL ? -MAP_ETEXT : 0;
}

int
rdata_scan(uint16_t type, char *const *words, size_t n, const struct name *origin,
    struct wr *rdata, const char **why)
{
	if (n > 0 && strcmp(words[0], "\\#") == 0)
		return opaque_scan(type, words, n, rdata, why);
	if (type == RR_EPID)
		return epid_scan(words, n, origin, rdata, why);
	if (type == RR_ELOC)
		return eloc_scan(words, n, origin, rdata, why);
	if (is_ours(rrtype_find(type)))
		return fields_scan(rrtype_find(type), words, n, origin, rdata, why);
	return standard_scan(type, words, n, origin, rdata, why);
}

char *
rdata_words(uint16_t type, char text[RDATA_WORDS])
{
	static const struct {
		char letter;
		const char *words;
	} fields[] = {{'1', "a number to 255"}, {'2', "a number to 65535"},
	    {'4', "a number to 4294967295"}, {'8', "64 bits as four groups of hex"},
	    {'n', "a domain name"}, {'A', "an IPv4 address"}, {'B', "an IPv6 address"},
	    {'s', "a string"}, {'S', "strings"}, {'H', "hex"}, {'M', "types"},
	    {'x', "the rest as this type has it"}, {'X', "the rest as this type has it"}};
	const struct rrtype *row = rrtype_find(type);
	size_t at = 0;

	text[0] = '\0';
	if (row == NULL || type == RR_EPID || type == RR_ELOC)
		return text;
	for (const char *f = row->fields; *f != '\0'; f++)
		for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
			if (fields[i].letter == *f)
				at += (size_t)snprintf(text + at, RDATA_WORDS - at, "%s%s",
				    at > 0 ? ", " : "", fields[i].words);
	return text;
}

int
zone_scan_rdata(uint16_t type, const char *text, const struct name *origin, struct wr *rdata,
    const char **why)
{
	size_t n = strlen(text);
	FILE *file;
	struct source *source;
	struct entry entry = {.n = 0};
	int got = 0;

	*why = NULL;
	if (n == 0)
		return rdata_scan(type, NULL, 0, origin, rdata, why);
	/* Only read from: the mode says so. */
	file = fmemopen((void *)(uintptr_t)text, n, "r");
	source = file != NULL ? source_new(file) : NULL;
	if (source == NULL)
		return -MAP_ENOMEM;
	got = source_next(source, &entry);
	if (got == -MAP_ETEXT)
		*why = entry.why;
	if (got >= 0)
		got = rdata_scan(type, entry.words, entry.n, origin, rdata, why);
	source_free(source);
	return got;
}
