/*
 * policy.c - RFC 6724's default table, gai.conf's own, and the longest match in them.
 */
#include "resolverd/policy.h"

#include <string.h>

#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

struct policy_default_row {
	const char *prefix;
	uint8_t length;
	uint8_t precedence, label;
};

/* RFC 6724 2.1. */
static const struct policy_default_row policy_rows[] = {
    {"::1", 128, 50, 0},
    {"::", 0, 40, 1},
    {"::ffff:0:0", 96, 35, 4},
    {"2002::", 16, 30, 2},
    {"2001::", 32, 5, 5},
    {"fc00::", 7, 3, 13},
    {"::", 96, 1, 3},
    {"fec0::", 10, 1, 11},
    {"3ffe::", 16, 1, 12},
};

#define POLICY_DEFAULTS (sizeof policy_rows / sizeof policy_rows[0])

void
policy_default(struct policy *out)
{
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < POLICY_DEFAULTS; i++) {
		const struct policy_default_row *from = &policy_rows[i];
		struct policy_row row = {.length = from->length};

		if (address_scan(from->prefix, strlen(from->prefix), row.prefix) < 0)
			continue;
		row.value = from->label;
		out->labels.rows[out->labels.n++] = row;
		row.value = from->precedence;
		out->precedences.rows[out->precedences.n++] = row;
	}
}

unsigned
policy_common(const uint8_t a[16], const uint8_t b[16], unsigned length)
{
	unsigned bits = 0;

	while (bits < length && ((a[bits / 8] ^ b[bits / 8]) & (0x80 >> bits % 8)) == 0)
		bits++;
	return bits;
}

static uint32_t
policy_value(const struct policy_table *table, const uint8_t address[16])
{
	const struct policy_row *best = NULL;

	for (size_t i = 0; i < table->n; i++) {
		const struct policy_row *row = &table->rows[i];

		if (policy_common(row->prefix, address, row->length) == row->length &&
		    (best == NULL || row->length > best->length))
			best = row;
	}
	return best != NULL ? best->value : 1;
}

uint32_t
policy_label(const struct policy *policy, const uint8_t address[16])
{
	return policy_value(&policy->labels, address);
}

uint32_t
policy_precedence(const struct policy *policy, const uint8_t address[16])
{
	return policy_value(&policy->precedences, address);
}

unsigned
policy_scope(const uint8_t address[16])
{
	if (address_is_ipv4(address)) {
		/* RFC 6724 3.2: autoconfiguration and loopback are link-local, all else global */
		bool local = address[12] == 127 || (address[12] == 169 && address[13] == 254);

		return local ? 0x2 : 0xe;
	}
	if (address[0] == 0xff)
		return address[1] & 0x0f;
	if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80)
		return 0x2;
	if (address[0] == 0xfe && (address[1] & 0xc0) == 0xc0)
		return 0x5;
	if (memcmp(address, (const uint8_t[15]){0}, 15) == 0 && address[15] == 1)
		return 0x2;
	return 0xe;
}

struct policy_word {
	const char *p;
	size_t n;
};

static struct policy_word
policy_next(const char **p, const char *end)
{
	struct policy_word word;

	while (*p < end && (**p == ' ' || **p == '\t'))
		(*p)++;
	word.p = *p;
	while (*p < end && **p != ' ' && **p != '\t')
		(*p)++;
	word.n = (size_t)(*p - word.p);
	return word;
}

static bool
policy_row_read(const char *p, const char *end, struct policy_row *row)
{
	struct policy_word prefix = policy_next(&p, end), value = policy_next(&p, end);
	const char *slash = memchr(prefix.p, '/', prefix.n);
	size_t n = slash != NULL ? (size_t)(slash - prefix.p) : prefix.n;
	uint64_t length = 128, number;

	if (policy_next(&p, end).n != 0 || address_scan(prefix.p, n, row->prefix) < 0 ||
	    text_decimal_read(value.p, value.n, UINT32_MAX, &number) < 0)
		return false;
	if (slash != NULL && text_decimal_read(slash + 1, prefix.n - n - 1, 128, &length) < 0)
		return false;
	if (memchr(prefix.p, ':', n) == NULL && slash != NULL)
		length += 96; /* a dotted quad's own length */
	row->length = (uint8_t)length;
	row->value = (uint32_t)number;
	return length <= 128;
}

static int
policy_put(struct policy_table *table, bool *own, const char *p, const char *end)
{
	struct policy_row row;

	if (!policy_row_read(p, end, &row))
		return -MAP_ETEXT;
	if (!*own)
		table->n = 0;
	*own = true;
	if (table->n == POLICY_ROWS)
		return -MAP_ESPACE;
	table->rows[table->n++] = row;
	return 0;
}

unsigned
policy_read(struct policy *policy, const char *text, size_t n)
{
	const char *end = text + n, *line = text;
	bool own_labels = false, own_precedences = false;
	unsigned wrong = 0;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *next = stop != NULL ? stop + 1 : end;
		const char *hash;
		struct policy_word word;
		int rc = 0;

		stop = stop != NULL ? stop : end;
		hash = memchr(line, '#', (size_t)(stop - line));
		stop = hash != NULL ? hash : stop;
		word = policy_next(&line, stop);
		if (word.n == 5 && memcmp(word.p, "label", 5) == 0)
			rc = policy_put(&policy->labels, &own_labels, line, stop);
		else if (word.n == 10 && memcmp(word.p, "precedence", 10) == 0)
			rc = policy_put(&policy->precedences, &own_precedences, line, stop);
		wrong += rc < 0;
		line = next;
	}
	return wrong;
}
