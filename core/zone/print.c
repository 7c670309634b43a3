/*
 * print.c - records as lines of master-file text. What ldns or we cannot print faithfully is printed
 * in the form of RFC 3597, which every reader takes.
 */
#include "core/zone/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"

/* "\# length hex" */
static int
opaque_print(struct bytes rdata, char *text, size_t max)
{
	int n = snprintf(text, max, rdata.n > 0 ? "\\# %zu " : "\\# %zu", rdata.n);
	int hex;

	if (n < 0 || (size_t)n >= max)
		return -MAP_ESPACE;
	hex = text_hex_put(text + n, max - (size_t)n, rdata);
	return hex < 0 ? hex : n + hex;
}

/* The record as ldns holds it, at the root; NULL: it cannot. */
static ldns_rr *
ldns_of(uint16_t type, struct bytes rdata)
{
	size_t n = 1 + 10 + rdata.n, at = 0;
	uint8_t *wire = malloc(n);
	ldns_rr *rr = NULL;

	if (wire == NULL)
		return NULL;
	memset(wire, 0, 1 + 10);
	put_u16(wire + 1, type);
	put_u16(wire + 3, CLASS_IN);
	put_u16(wire + 9, (uint16_t)rdata.n);
	if (rdata.n > 0)
		memcpy(wire + 11, rdata.p, rdata.n);
	if (ldns_wire2rr(&rr, wire, n, &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK || at != n) {
		ldns_rr_free(rr);
		rr = NULL;
	}
	free(wire);
	return rr;
}

/* ldns prints ".\t0\tIN\tTYPE\tRDATA\n": what is behind the fourth tab, without the newline. */
static int
line_rdata(const char *line, char *text, size_t max)
{
	size_t n;

	for (unsigned tabs = 0; tabs < 4; tabs++) {
		line = strchr(line, '\t');
		if (line++ == NULL)
			return -MAP_ETEXT;
	}
	n = strcspn(line, "\n");
	while (n > 0 && line[n - 1] == ' ')
		n--;
	if (n >= max)
		return -MAP_ESPACE;
	memcpy(text, line, n);
	text[n] = '\0';
	return n > 0 ? (int)n : -MAP_ETEXT;
}

/* Whether the text means the RDATA: ldns leaves out empty strings and does not escape quotes. */
static bool
text_means(uint16_t type, const char *text, struct bytes rdata)
{
	uint8_t *back = malloc(rdata.n + 1);
	struct wr wr = wr_init(back, back != NULL ? rdata.n : 0);
	const char *why;
	bool same = back != NULL && zone_scan_rdata(type, text, &name_root, &wr, &why) == 0 &&
		    bytes_equal(wr_done(&wr), rdata);

	free(back);
	return same;
}

/* Addresses are printed well, and what the signer makes is what others expect: most of a dump. */
static bool
is_trusted(uint16_t type)
{
	const struct rrtype *row = rrtype_find(type);

	return type == RR_A || type == RR_AAAA ||
	       (row != NULL && (row->flags & RRF_SIGNER) != 0);
}

static bool
is_ours(const char *fields)
{
	return fields[strspn(fields, "124n")] == '\0' || strcmp(fields, "nM") == 0;
}

/* Whether the signer's name is one that ldns prints as all others read it. */
static bool
is_plain(const char *text)
{
	return text[strcspn(text, "\"$@`{}[]|~^'")] == '\0' && strstr(text, "\\\\") == NULL;
}

/* The names of our own types are known to nobody else. */
static const char *
type_word(uint16_t type, char word[16])
{
	if (type != RR_EPID && type != RR_ELOC)
		return rrtype_print(type, word);
	snprintf(word, 16, "TYPE%u", type);
	return word;
}

static size_t
types_print(struct rd *rd, char *text, size_t max)
{
	char word[16];
	size_t n = 0;

	while (rd_left(rd) > 0) {
		unsigned window = rd_u8(rd) * 256u;
		struct bytes bits = rd_bytes(rd, rd_u8(rd));

		for (unsigned i = 0; i < bits.n * 8 && n < max; i++)
			if ((bits.p[i / 8] & 0x80 >> i % 8) != 0)
				n += (size_t)snprintf(text + n, max - n, "%s%s",
				    n > 0 ? " " : "", type_word((uint16_t)(window + i), word));
	}
	return n;
}

/* Names and numbers, which are most of the records of most zones, and the names of any octets. */
static int
fields_print(const char *fields, struct bytes rdata, char *text, size_t max)
{
	struct rd rd = rd_init(rdata);
	char name_text[NAME_TEXT];
	struct name name;
	size_t n = 0;

	for (size_t i = 0; fields[i] != '\0' && n < max; i++) {
		if (i > 0)
			n += (size_t)snprintf(text + n, max - n, " ");
		if (n >= max)
			break;
		if (fields[i] == 'n') {
			name_read_plain(&rd, &name);
			n += (size_t)snprintf(
			    text + n, max - n, "%s", name_print_portable(&name, name_text));
		} else if (fields[i] == 'M') {
			n += types_print(&rd, text + n, max - n);
		} else {
			n += (size_t)snprintf(text + n, max - n, "%lu",
			    fields[i] == '1'   ? (unsigned long)rd_u8(&rd)
			    : fields[i] == '2' ? (unsigned long)rd_u16(&rd)
					       : (unsigned long)rd_u32(&rd));
		}
	}
	if (n >= max)
		return -MAP_ESPACE;
	return rd_end(&rd) == 0 ? (int)n : -MAP_ETEXT;
}

/* -MAP_ETEXT: this is for opaque_print(). */
static int
standard_print(uint16_t type, struct bytes rdata, char *text, size_t max)
{
	const char *fields = rrtype_find(type)->fields;
	ldns_rr *rr = NULL;
	char *line = NULL;
	int n;

	if (is_ours(fields))
		return fields_print(fields, rdata, text, max);
	rr = ldns_of(type, rdata);
	line = rr != NULL ? ldns_rr2str_fmt(ldns_output_format_nocomments, rr) : NULL;
	n = line != NULL ? line_rdata(line, text, max) : -MAP_ETEXT;

	free(line);
	ldns_rr_free(rr);
	if (n > 0 && ((type == RR_RRSIG && !is_plain(text)) ||
			 (!is_trusted(type) && !text_means(type, text, rdata))))
		return -MAP_ETEXT;
	return n;
}

/* Reserved bits, which readers ignore, have no text. */
static int
mapping_print(uint16_t type, struct bytes rdata, char *text, size_t max)
{
	int error =
	    type == RR_EPID ? epid_print(rdata, text, max) : eloc_print(rdata, text, max);

	if (error != 0)
		return error;
	return text_means(type, text, rdata) ? (int)strlen(text) : -MAP_ETEXT;
}

static int
rdata_print(uint16_t type, struct bytes rdata, char *text, size_t max)
{
	int n =
	    -MAP_ETEXT; /* a length, 0 (the mapping's printers do not tell it), or an error */

	if (type == RR_EPID || type == RR_ELOC)
		n = mapping_print(type, rdata, text, max);
	else if (rrtype_find(type) != NULL && rdata_check(type, rdata) == 0)
		n = standard_print(type, rdata, text, max);
	return n >= 0 || n == -MAP_ESPACE ? n : opaque_print(rdata, text, max);
}

/* The line up to the RDATA. */
static int
head_print(const struct rr *rr, const char *type, char *text, size_t max)
{
	char owner[NAME_TEXT];
	int n = snprintf(text, max, "%s\t%lu\tIN\t%s\t", name_print_portable(rr->owner, owner),
	    (unsigned long)rr->ttl, type);

	return n >= 0 && (size_t)n < max ? n : -MAP_ESPACE;
}

/* Ends the line of n octets to which more were to be added. */
static int
line_end(int n, int more, char *text, size_t max)
{
	if (more < 0)
		return more;
	n += more;
	if ((size_t)n + 2 > max)
		return -MAP_ESPACE;
	text[n] = '\n';
	text[n + 1] = '\0';
	return n + 1;
}

int
zone_print(const struct rr *rr, char *text, size_t max)
{
	char type[16];
	int n = head_print(rr, rrtype_print(rr->type, type), text, max);

	if (n < 0)
		return n;
	return line_end(
	    n, rdata_print(rr->type, rr->rdata, text + n, max - (size_t)n), text, max);
}

int
zone_print_plain(const struct rr *rr, char *text, size_t max)
{
	char type[16];
	int n;

	if (rr->type != RR_EPID && rr->type != RR_ELOC)
		return zone_print(rr, text, max);
	snprintf(type, sizeof type, "TYPE%u", rr->type);
	n = head_print(rr, type, text, max);
	if (n < 0)
		return n;
	return line_end(n, opaque_print(rr->rdata, text + n, max - (size_t)n), text, max);
}
