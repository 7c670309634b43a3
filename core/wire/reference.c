/*
 * reference.c - "eid:" references (protocol 11) as text and back.
 * Looks at neither time nor signature, and resolves nothing.
 */
#include "core/wire/reference.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/text.h"

#define SCHEME "eid:"
#define KEY_TEXT 43 /* base64url characters of 32 octets */
#define SIG_TEXT 86 /* and of 64 */

/* Text being read. */
struct cursor {
	const char *start;
	const char *p;
};

/* Names carry nothing that a reference would have to escape. */
static bool
name_is_plain(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
		    c != '_' && c != '.')
			return false;
	}
	return n > 0 && text[n - 1] != '.';
}

static bool
identity_text_is_plain(const char *text, size_t n)
{
	const char *at = memchr(text, '@', n);

	if (at == NULL)
		return name_is_plain(text, n);
	return name_is_plain(text, (size_t)(at - text)) &&
	       name_is_plain(at + 1, n - (size_t)(at - text) - 1);
}

/* An identity up to one of the characters in stop; IPv6 literals stand in brackets. */
static int
identity_scan(struct cursor *c, const char *stop, struct eid *id)
{
	bool bracket = *c->p == '[';
	const char *text = bracket ? c->p + 1 : c->p;
	size_t n = strcspn(text, bracket ? "]" : stop);
	int error;

	if (bracket && text[n] != ']')
		return -MAP_EREFERENCE;
	if (!bracket && !identity_text_is_plain(text, n))
		return -MAP_EREFERENCE;
	error = eid_scan(text, n, true, id);
	if (error != 0)
		return -MAP_EREFERENCE;
	if (bracket != (id->form == EID_ADDRESS && !address_is_ipv4(id->address)))
		return -MAP_EREFERENCE;
	c->p = text + n + (bracket ? 1 : 0);
	return strchr(stop, *c->p) != NULL ? 0 : -MAP_EREFERENCE;
}

static const char *
port_scan(struct cursor *c, struct reference *out)
{
	size_t n;
	uint64_t port = 0;

	if (*c->p != ':')
		return NULL;
	c->p++;
	n = strcspn(c->p, "?");
	if (text_decimal_read(c->p, n, UINT16_MAX, &port) != 0 || port == 0)
		return "the port must be 1 to 65535, without leading zeros";
	out->port = (uint16_t)port;
	c->p += n;
	return NULL;
}

static const char *
at_scan(const char *value, size_t n, struct reference *out)
{
	const char *slash = memchr(value, '/', n);
	size_t digits = slash != NULL ? (size_t)(slash - value) : 0;
	uint64_t length = 0;
	struct eid *id = &out->id;

	if (id->form != EID_ADDRESS)
		return "at= goes with an address only";
	if (slash == NULL || text_decimal_read(value, digits, 124, &length) != 0 ||
	    length < 16 || length % 4 != 0)
		return "at= wants LENGTH/SUFFIX, the length 16 to 124 by fours";
	if (!name_is_plain(slash + 1, n - digits - 1) ||
	    name_scan(slash + 1, n - digits - 1, NULL, &id->at) != 0)
		return "the suffix of at= must be a lower-case name without trailing dot";
	id->at_length = (uint8_t)length;
	return NULL;
}

static const char *
by_scan(const char *value, size_t n, struct reference *out)
{
	struct cursor c = {value, value};

	if (identity_scan(&c, "&", &out->by) != 0 || c.p != value + n)
		return "by= wants an identity as it is written in front";
	if (out->by.form == EID_NAME)
		return "by= wants an identity with a key of its own, no name";
	return NULL;
}

static const char *
key_scan(const char *value, size_t n, struct reference *out)
{
	if (n != KEY_TEXT || text_base64url_read(value, n, out->key, sizeof out->key) != 32)
		return "key= wants 43 base64url characters";
	return NULL;
}

static const char *
exp_scan(const char *value, size_t n, struct reference *out)
{
	if (text_decimal_read(value, n, UINT64_MAX, &out->exp) != 0)
		return "exp= wants decimal seconds";
	return NULL;
}

static const char *
sig_scan(const char *value, size_t n, struct reference *out)
{
	if (n != SIG_TEXT || text_base64url_read(value, n, out->sig, sizeof out->sig) != 64)
		return "sig= wants 86 base64url characters";
	return NULL;
}

/* In the order in which they must stand. */
struct parameter {
	const char *name;
	const char *(*scan)(const char *value, size_t n, struct reference *out);
};

enum { AT, BY, KEY, EXP, SIG, PARAMETERS };

static const struct parameter parameters[PARAMETERS] = {
    [AT] = {"at=", at_scan},
    [BY] = {"by=", by_scan},
    [KEY] = {"key=", key_scan},
    [EXP] = {"exp=", exp_scan},
    [SIG] = {"sig=", sig_scan},
};

static const char *
parameters_scan(struct cursor *c, struct reference *out)
{
	unsigned seen = 0, signature = 1u << BY | 1u << KEY | 1u << EXP | 1u << SIG;
	size_t next = AT;

	while (*c->p != '\0') {
		const char *separator = c->p++, *why;
		size_t name_n, n;

		if (*separator != (seen == 0 ? '?' : '&'))
			return "parameters follow ? and are divided by &";
		while (next < PARAMETERS &&
		       strncmp(c->p, parameters[next].name, strlen(parameters[next].name)) != 0)
			next++;
		if (next == PARAMETERS)
			return "a parameter that is not known, stands twice, or in the wrong "
			       "place";
		name_n = strlen(parameters[next].name);
		n = strcspn(c->p + name_n, "&");
		why = parameters[next].scan(c->p + name_n, n, out);
		if (why != NULL)
			return why;
		if (next == SIG)
			out->signed_n = (size_t)(separator - c->start);
		seen |= 1u << next++;
		c->p += name_n + n;
	}
	if ((seen & signature) != 0 && (seen & signature) != signature)
		return "by, key, exp and sig stand together or not at all";
	out->is_signed = (seen & signature) != 0;
	return NULL;
}

static const char *
text_scan(struct cursor *c, struct reference *out)
{
	const char *why;

	if (strnlen(c->p, REFERENCE_TEXT) >= REFERENCE_TEXT)
		return "longer than 512 characters";
	if (strncmp(c->p, SCHEME, strlen(SCHEME)) != 0)
		return "does not begin with eid:";
	c->p += strlen(SCHEME);
	if (identity_scan(c, ":?", &out->id) != 0)
		return "no identity behind eid: (IPv6 in brackets, names lower case, no "
		       "trailing dot)";
	why = port_scan(c, out);
	return why != NULL ? why : parameters_scan(c, out);
}

int
reference_scan(const char *text, struct reference *out, const char **why)
{
	struct cursor c = {text, text};

	memset(out, 0, sizeof *out);
	*why = text_scan(&c, out);
	return *why == NULL ? 0 : -MAP_EREFERENCE;
}

/* As it stands in a reference, or false: it cannot stand in one. */
static bool
identity_print(const struct eid *id, char text[EID_TEXT])
{
	size_t n;

	if (id->form == EID_ADDRESS && !address_is_ipv4(id->address)) {
		text[0] = '[';
		address_print_ip6(id->address, text + 1);
		n = strlen(text);
		memcpy(text + n, "]", 2);
		return true;
	}
	eid_print(id, text);
	return identity_text_is_plain(text, strlen(text));
}

static bool
at_print(const struct eid *id, char text[NAME_TEXT + 16])
{
	char name[NAME_TEXT];
	size_t n = strlen(name_print(&id->at, name));

	name[n - 1] = '\0';
	snprintf(text, NAME_TEXT + 16, "?at=%u/%s", id->at_length, name);
	return name_is_plain(name, n - 1);
}

/* Appends, or false: it does not fit. */
static bool
append(char text[REFERENCE_TEXT], size_t *n, const char *more)
{
	size_t more_n = strlen(more);

	if (more_n >= REFERENCE_TEXT - *n)
		return false;
	memcpy(text + *n, more, more_n + 1);
	*n += more_n;
	return true;
}

static bool
signature_print(
    const struct reference *ref, bool with_sig, char separator, char text[EID_TEXT + 256])
{
	char by[EID_TEXT], key[KEY_TEXT + 1], sig[SIG_TEXT + 1];

	if (!identity_print(&ref->by, by) ||
	    text_base64url_put(key, sizeof key, (struct bytes){ref->key, 32}) < 0 ||
	    text_base64url_put(sig, sizeof sig, (struct bytes){ref->sig, 64}) < 0)
		return false;
	snprintf(text, EID_TEXT + 256, "%cby=%s&key=%s&exp=%llu%s%s", separator, by, key,
	    (unsigned long long)ref->exp, with_sig ? "&sig=" : "", with_sig ? sig : "");
	return true;
}

int
reference_print(const struct reference *ref, bool with_sig, char text[REFERENCE_TEXT])
{
	char part[EID_TEXT + 256], port[8];
	size_t n = 0;

	if (!identity_print(&ref->id, part))
		return -MAP_EREFERENCE;
	if (!append(text, &n, SCHEME) || !append(text, &n, part))
		return -MAP_ESPACE;
	if (ref->port != 0) {
		snprintf(port, sizeof port, ":%u", ref->port);
		if (!append(text, &n, port))
			return -MAP_ESPACE;
	}
	if (ref->id.form == EID_ADDRESS && ref->id.at_length != 0) {
		if (!at_print(&ref->id, part))
			return -MAP_EREFERENCE;
		if (!append(text, &n, part))
			return -MAP_ESPACE;
	}
	if (!ref->is_signed)
		return 0;
	if (!signature_print(ref, with_sig, strchr(text, '?') == NULL ? '?' : '&', part))
		return -MAP_EREFERENCE;
	return append(text, &n, part) ? 0 : -MAP_ESPACE;
}

void
reference_message(struct wr *wr, const char *text, size_t n)
{
	wr_copy(wr, "eidref-1", sizeof "eidref-1");
	wr_copy(wr, text, n);
}
