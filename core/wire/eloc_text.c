/*
 * eloc_text.c - ELOC records as master-file text and back (protocol 3).
 * Knows the words; whether they make sense together is eloc_read()'s to say.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/text.h"

struct word {
	const char *text;
	uint32_t value;
};

static const struct word flag_words[] = {
    {"home", ELOC_HOME}, {"backup", ELOC_BACKUP}, {"drain", ELOC_DRAIN}, {NULL, 0}};
static const struct word capability_words[] = {
    {"mptcp", CAP_MPTCP}, {"tls", CAP_TLS}, {"shim", CAP_SHIM}, {NULL, 0}};
static const struct word key_words[] = {{"mandatory", PARAM_MANDATORY}, {"path", PARAM_PATH},
    {"cap", PARAM_CAPABILITIES}, {"probe", PARAM_PROBE}, {NULL, 0}};

static const struct word *
word_find(const struct word *rows, const char *text, size_t n)
{
	for (; rows->text != NULL; rows++)
		if (strlen(rows->text) == n && memcmp(rows->text, text, n) == 0)
			return rows;
	return NULL;
}

/* Text being written; error is sticky. */
struct out {
	char *p;
	size_t max;
	size_t n;
	int error;
};

__attribute__((format(printf, 2, 3))) static void
out_print(struct out *out, const char *format, ...)
{
	va_list args;
	int n;

	if (out->error != 0)
		return;
	va_start(args, format);
	n = vsnprintf(out->p + out->n, out->max - out->n, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= out->max - out->n)
		out->error = -MAP_ESPACE;
	else
		out->n += (size_t)n;
}

static void
out_done(struct out *out, int n)
{
	if (n < 0)
		out->error = n;
	else
		out->n += (size_t)n;
}

static void
out_hex(struct out *out, struct bytes b)
{
	if (out->error == 0)
		out_done(out, text_hex_put(out->p + out->n, out->max - out->n, b));
}

static void
out_base64(struct out *out, struct bytes b)
{
	if (out->error == 0)
		out_done(out, text_base64_put(out->p + out->n, out->max - out->n, b));
}

int
mapping_print_opaque(struct bytes rdata, char *text, size_t max)
{
	struct out out = {.p = text, .max = max};

	out_print(&out, "\\# %zu", rdata.n);
	if (rdata.n > 0)
		out_print(&out, " ");
	out_hex(&out, rdata);
	return out.error;
}

static void
proof_print(struct out *out, const struct proof *proof)
{
	char expiry[16] = "";

	if (text_time_put(expiry, sizeof expiry, proof->expiry) < 0)
		out->error = -MAP_ESPACE;
	out_print(out, "proof:%llu:%s:%u:%u:", (unsigned long long)proof->serial, expiry,
	    proof->algorithm, proof->flags);
	out_base64(out, (struct bytes){proof->key, proof->key_n});
	out_print(out, ":");
	out_base64(out, (struct bytes){proof->signature, sizeof proof->signature});
}

static void
locator_print(struct out *out, const struct eloc *e)
{
	char address[ADDRESS_TEXT], name[NAME_TEXT];

	switch ((enum eloc_kind)e->kind) {
	case ELOC_PROOF:
		proof_print(out, &e->proof);
		break;
	case ELOC_IP4:
		out_print(out, "%s", address_print(e->address, address));
		break;
	case ELOC_IP6:
		out_print(out, "%s", address_print_ip6(e->address, address));
		break;
	case ELOC_VIA:
		out_print(out, "via:%s@%s", address_print_ip6(e->address, address),
		    name_print(&e->set, name));
		break;
	case ELOC_NET6:
		out_print(out, "net:%s/%u", address_print_ip6(e->address, address), e->length);
		break;
	}
}

static void
key_print(struct out *out, uint16_t key)
{
	for (const struct word *row = key_words; row->text != NULL; row++)
		if (row->value == key) {
			out_print(out, "%s", row->text);
			return;
		}
	out_print(out, "key%u", key);
}

static void
mandatory_print(struct out *out, struct bytes value)
{
	struct rd keys = rd_init(value);

	out_print(out, " mandatory=");
	for (const char *comma = ""; rd_left(&keys) > 0; comma = ",") {
		out_print(out, "%s", comma);
		key_print(out, rd_u16(&keys));
	}
}

static void
capabilities_print(struct out *out, struct bytes value)
{
	uint32_t bits = get_u32(value.p), known = 0;
	const char *comma = "";

	for (const struct word *row = capability_words; row->text != NULL; row++)
		known |= row->value;
	/* Bits without a name, or none: as hex, so that nothing is lost. */
	if (bits == 0 || (bits & ~known) != 0) {
		out_print(out, " key%u=", PARAM_CAPABILITIES);
		out_hex(out, value);
		return;
	}
	out_print(out, " cap=");
	for (const struct word *row = capability_words; row->text != NULL; row++) {
		if ((bits & row->value) == 0)
			continue;
		out_print(out, "%s%s", comma, row->text);
		comma = ",";
	}
}

/* The values were checked by eloc_read(). */
static void
params_print(struct out *out, struct bytes params)
{
	struct rd rd = rd_init(params);

	while (rd_left(&rd) > 0) {
		uint16_t key = rd_u16(&rd);
		struct bytes value = rd_bytes(&rd, rd_u16(&rd));

		if (key == PARAM_MANDATORY) {
			mandatory_print(out, value);
		} else if (key == PARAM_PATH) {
			out_print(out, " path=%.*s", (int)value.n, (const char *)value.p);
		} else if (key == PARAM_CAPABILITIES) {
			capabilities_print(out, value);
		} else if (key == PARAM_PROBE) {
			out_print(out, " probe=%u", get_u16(value.p));
		} else {
			out_print(out, " key%u=", key);
			out_hex(out, value);
		}
	}
}

/* False: there are no words for its kind, algorithm or flags. */
static bool
eloc_has_text(const struct eloc *e)
{
	if (e->kind > ELOC_NET6 || (e->kind == ELOC_PROOF && e->proof.key_n == 0))
		return false;
	return (e->flags & ~(ELOC_HOME | ELOC_BACKUP | ELOC_DRAIN)) == 0;
}

int
eloc_print(struct bytes rdata, char *text, size_t max)
{
	struct out out = {.p = text, .max = max};
	struct eloc e;
	int error = eloc_read(rdata, &e);

	if (error != 0 && error != -MAP_EUNKNOWN)
		return error;
	if (!eloc_has_text(&e))
		return mapping_print_opaque(rdata, text, max);
	out_print(&out, "%u %u ", e.preference, e.weight);
	locator_print(&out, &e);
	for (const struct word *row = flag_words; row->text != NULL; row++)
		if ((e.flags & row->value) != 0)
			out_print(&out, " %s", row->text);
	params_print(&out, e.params);
	return out.error;
}

static const char *
number_scan(const char *text, uint16_t *out)
{
	uint64_t v = 0;

	if (text_decimal_read(text, strlen(text), UINT16_MAX, &v) != 0)
		return "preference and weight must be numbers of 0 to 65535";
	*out = (uint16_t)v;
	return NULL;
}

static const char *
via_scan(const char *text, const struct name *origin, struct eloc *e)
{
	const char *at = strchr(text, '@');

	e->kind = ELOC_VIA;
	if (at == NULL)
		return "via: wants HOSTPART@SET";
	if (memchr(text, ':', (size_t)(at - text)) == NULL ||
	    address_scan(text, (size_t)(at - text), e->address) != 0)
		return "the host part of via: is no IPv6 address";
	if (name_scan(at + 1, strlen(at + 1), origin, &e->set) != 0)
		return "the set of via: is no valid name";
	name_fold(&e->set);
	return NULL;
}

static const char *
net_scan(const char *text, struct eloc *e)
{
	const char *slash = strchr(text, '/');
	uint64_t length = 0;

	e->kind = ELOC_NET6;
	if (slash == NULL || memchr(text, ':', (size_t)(slash - text)) == NULL ||
	    address_scan(text, (size_t)(slash - text), e->address) != 0)
		return "net: wants an IPv6 prefix, ADDRESS/LENGTH";
	if (text_decimal_read(slash + 1, strlen(slash + 1), 64, &length) != 0 || length < 16)
		return "the length of net: must be 16 to 64";
	e->length = (uint8_t)length;
	return NULL;
}

/* The next of the fields of a proof, which colons divide; NULL: none left. */
static const char *
field_next(const char **text, size_t *n)
{
	const char *start = *text;

	if (start == NULL)
		return NULL;
	*n = strcspn(start, ":");
	*text = start[*n] == ':' ? start + *n + 1 : NULL;
	return start;
}

static bool
field_number(const char **text, uint64_t max, uint64_t *out)
{
	size_t n = 0;
	const char *field = field_next(text, &n);

	return field != NULL && text_decimal_read(field, n, max, out) == 0;
}

static bool
field_base64(const char **text, uint8_t *to, int *got)
{
	size_t n = 0;
	const char *field = field_next(text, &n);

	*got = field != NULL ? text_base64_read(field, n, to, 64) : -MAP_ETEXT;
	return *got >= 0;
}

static const char *
proof_scan(const char *text, struct eloc *e)
{
	struct proof *proof = &e->proof;
	uint64_t expiry = 0, algorithm = 0, flags = 0;
	const char *field;
	size_t n = 0;
	int key_n = 0, signature_n = 0;

	e->kind = ELOC_PROOF;
	if (!field_number(&text, UINT64_MAX, &proof->serial))
		return "the serial of proof: is no number";
	field = field_next(&text, &n);
	if (field == NULL || text_time_read(field, n, &expiry) < 0 || expiry > UINT32_MAX)
		return "the expiry of proof: is no time of the form YYYYMMDDHHmmSS";
	if (!field_number(&text, UINT8_MAX, &algorithm))
		return "the algorithm of proof: is no number";
	if (!field_number(&text, UINT8_MAX, &flags))
		return "the flags of proof: are no number";
	if (!field_base64(&text, proof->key, &key_n))
		return "the key of proof: is no base64 of at most 64 octets";
	if (!field_base64(&text, proof->signature, &signature_n) || signature_n != 64)
		return "the signature of proof: is no base64 of 64 octets";
	if (text != NULL)
		return "proof: has more than six fields";
	if (!(algorithm == 15 && key_n == 32) && !(algorithm == 13 && key_n == 64))
		return "proof: wants algorithm 15 with 32 octets of key, or 13 with 64";
	proof->expiry = (uint32_t)expiry;
	proof->algorithm = (uint8_t)algorithm;
	proof->flags = (uint8_t)flags;
	proof->key_n = (uint8_t)key_n;
	return NULL;
}

static const char *
locator_scan(const char *text, const struct name *origin, struct eloc *e)
{
	if (strncmp(text, "via:", 4) == 0)
		return via_scan(text + 4, origin, e);
	if (strncmp(text, "net:", 4) == 0)
		return net_scan(text + 4, e);
	if (strncmp(text, "proof:", 6) == 0)
		return proof_scan(text + 6, e);
	if (address_scan(text, strlen(text), e->address) != 0)
		return "the locator is no address, via:, net: or proof:";
	e->kind = strchr(text, ':') != NULL ? ELOC_IP6 : ELOC_IP4;
	return NULL;
}

/* The parameter key of n characters; -1: none. */
static int
key_scan(const char *text, size_t n)
{
	const struct word *row = word_find(key_words, text, n);
	uint64_t key = 0;

	if (row != NULL)
		return (int)row->value;
	if (n < 4 || memcmp(text, "key", 3) != 0 ||
	    text_decimal_read(text + 3, n - 3, UINT16_MAX, &key) != 0)
		return -1;
	return (int)key;
}

/* The parts of a list that commas divide, each handed to part(); false: one was refused. */
static bool
list_scan(const char *text, bool (*part)(void *arg, const char *text, size_t n), void *arg)
{
	for (;;) {
		size_t n = strcspn(text, ",");

		if (!part(arg, text, n))
			return false;
		if (text[n] == '\0')
			return true;
		text += n + 1;
	}
}

static bool
mandatory_part(void *arg, const char *text, size_t n)
{
	int key = key_scan(text, n);

	if (key >= 0)
		wr_u16(arg, (uint16_t)key);
	return key >= 0;
}

static bool
capability_part(void *arg, const char *text, size_t n)
{
	const struct word *row = word_find(capability_words, text, n);
	uint32_t *bits = arg;

	if (row == NULL || (*bits & row->value) != 0)
		return false;
	*bits |= row->value;
	return true;
}

static const char *
hex_scan(const char *text, struct wr *wr)
{
	size_t n = strlen(text);
	uint8_t octet;

	if (n % 2 != 0)
		return "the value of a keyN= must be hex, two digits an octet";
	for (size_t i = 0; i < n; i += 2) {
		if (text_hex_read(text + i, 2, &octet, 1) != 1)
			return "the value of a keyN= must be hex, two digits an octet";
		wr_u8(wr, octet);
	}
	return NULL;
}

/* The value behind "=" of a word with a name of its own. */
static const char *
value_scan(int key, const char *value, struct wr *wr)
{
	uint64_t number = 0;
	uint32_t bits = 0;

	switch (key) {
	case PARAM_MANDATORY:
		return list_scan(value, mandatory_part, wr)
			   ? NULL
			   : "mandatory= wants names of parameters, divided by commas";
	case PARAM_CAPABILITIES:
		if (!list_scan(value, capability_part, &bits))
			return "cap= wants some of mptcp, tls, shim, divided by commas";
		wr_u32(wr, bits);
		return NULL;
	case PARAM_PROBE:
		if (text_decimal_read(value, strlen(value), UINT16_MAX, &number) != 0 ||
		    number == 0)
			return "probe= wants a UDP port, 1 to 65535";
		wr_u16(wr, (uint16_t)number);
		return NULL;
	default:
		wr_copy(wr, value, strlen(value));
		return NULL;
	}
}

static const char *
param_scan(const char *word, int key, struct wr *wr)
{
	const char *value = strchr(word, '=') + 1, *why;
	size_t at;

	wr_u16(wr, (uint16_t)key);
	at = wr->n;
	wr_u16(wr, 0);
	why = word_find(key_words, word, (size_t)(value - word) - 1) != NULL
		  ? value_scan(key, value, wr)
		  : hex_scan(value, wr);
	wr_u16_at(wr, at, (uint16_t)(wr->n - at - 2));
	return why;
}

/* The parameters in ascending order of their keys, whatever their order in the text. */
static const char *
params_scan(char *const *words, size_t n, struct wr *wr)
{
	const char *why = NULL;
	int last = -1;

	for (;;) {
		const char *next = NULL;
		int lowest = UINT16_MAX + 1;

		for (size_t i = 0; i < n; i++) {
			const char *equals = strchr(words[i], '=');
			int key = equals != NULL
				      ? key_scan(words[i], (size_t)(equals - words[i]))
				      : -1;

			if (key == lowest)
				return "a parameter stands there twice";
			if (key > last && key < lowest) {
				lowest = key;
				next = words[i];
			}
		}
		if (next == NULL)
			return NULL;
		why = param_scan(next, lowest, wr);
		if (why != NULL)
			return why;
		last = lowest;
	}
}

/* Flags into e; every other word must be a parameter. */
static const char *
flags_scan(char *const *words, size_t n, struct eloc *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct word *flag = word_find(flag_words, words[i], strlen(words[i]));
		const char *equals = strchr(words[i], '=');

		if (flag != NULL && (e->flags & flag->value) != 0)
			return "a flag stands there twice";
		if (flag != NULL)
			e->flags |= (uint8_t)flag->value;
		else if (equals == NULL || key_scan(words[i], (size_t)(equals - words[i])) < 0)
			return "what follows the locator is no flag (home, backup, drain) "
			       "and no parameter (mandatory=, path=, cap=, probe=, keyN=)";
	}
	return NULL;
}

static const char *
words_scan(char *const *words, size_t n, const struct name *origin, struct wr *rdata)
{
	struct eloc e;
	const char *why;

	memset(&e, 0, sizeof e);
	if (n < 3)
		return "ELOC wants PREFERENCE WEIGHT LOCATOR";
	why = number_scan(words[0], &e.preference);
	if (why == NULL)
		why = number_scan(words[1], &e.weight);
	if (why == NULL)
		why = locator_scan(words[2], origin, &e);
	if (why == NULL)
		why = flags_scan(words + 3, n - 3, &e);
	if (why != NULL)
		return why;
	eloc_put(rdata, &e);
	return params_scan(words + 3, n - 3, rdata);
}

/* What eloc_read() finds wrong with a record whose words are fine one by one. */
static const char *
record_refusal(struct bytes rdata)
{
	struct eloc e;
	int error = eloc_read(rdata, &e);

	if (error == 0 || error == -MAP_EUNKNOWN)
		return NULL;
	if (e.kind == ELOC_PROOF)
		return "a proof has preference 0, weight 0, no flags and no parameters";
	if (e.kind == ELOC_NET6 && e.params.p == NULL)
		return "net: has bits beyond its length";
	return "a parameter has a bad value: path= 1 to 32 of A-Za-z0-9._-, mandatory= names "
	       "others of this record in order";
}

int
eloc_scan(
    char *const *words, size_t n, const struct name *origin, struct wr *rdata, const char **why)
{
	size_t start = rdata->n;

	*why = words_scan(words, n, origin, rdata);
	if (*why == NULL && rdata->error != 0)
		*why = "the record does not fit";
	if (*why == NULL)
		*why = record_refusal((struct bytes){rdata->base + start, rdata->n - start});
	if (*why == NULL)
		return 0;
	return rdata->error != 0 ? rdata->error : -MAP_ETEXT;
}
