/*
 * reference.c - references handed on: made, signed, taken apart, verified.
 */
#include "libmap/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/trust/keyfile.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

_Static_assert(MAP_REFERENCE_TEXT == REFERENCE_TEXT, "map.h promises the room for a reference");
_Static_assert(MAP_IDENTITY_TEXT >= TARGET_HINT && MAP_IDENTITY_TEXT >= EID_TEXT,
    "map.h promises the room for an identity");
_Static_assert(MAP_REFERENCE_DAYS * 86400 == REFERENCE_AHEAD, "map.h tells how long");

__attribute__((format(printf, 4, 5))) static int
reference_fail(char *why, size_t max, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (why != NULL && max > 0)
		vsnprintf(why, max, format, args);
	va_end(args);
	return error;
}

/* "56/id.example.org" */
static int
reference_hint(const char *at, struct eid *id)
{
	const char *slash = strchr(at, '/');
	uint64_t length;
	struct eid suffix;

	if (slash == NULL || id->form != EID_ADDRESS ||
	    text_decimal_read(at, (size_t)(slash - at), 124, &length) < 0 || length < 16 ||
	    length % 4 != 0 || eid_scan(slash + 1, strlen(slash + 1), false, &suffix) < 0 ||
	    suffix.form != EID_NAME)
		return -MAP_ETEXT;
	id->at_length = (uint8_t)length;
	id->at = suffix.name;
	return 0;
}

int
map_reference_make(
    const char *identity, const char *at, uint16_t port, char text[MAP_REFERENCE_TEXT])
{
	struct reference reference = {.port = port};
	int rc = eid_scan(identity, strlen(identity), false, &reference.id);

	if (rc == 0 && at != NULL && *at != '\0')
		rc = reference_hint(at, &reference.id);
	return rc == 0 ? reference_print(&reference, false, text) : -MAP_ETEXT;
}

int
map_reference_sign(const char *unsigned_text, const char *by, const char *key_file,
    uint32_t seconds, char text[MAP_REFERENCE_TEXT], char *why, size_t max)
{
	struct reference reference;
	struct crypto_key *key = NULL;
	const char *cause = "";
	char message[256] = "";
	struct eid referrer;
	int rc = reference_scan(unsigned_text, &reference, &cause);

	if (rc < 0)
		return reference_fail(why, max, rc, "%s: %s", unsigned_text, cause);
	if (reference.is_signed)
		return reference_fail(
		    why, max, -MAP_EREFERENCE, "%s: is signed already", unsigned_text);
	if (seconds == 0 || seconds > REFERENCE_AHEAD)
		return reference_fail(
		    why, max, -MAP_EUSAGE, "%u s: from 1 to %d", seconds, REFERENCE_AHEAD);
	if (eid_scan(by, strlen(by), false, &referrer) < 0)
		return reference_fail(why, max, -MAP_ETEXT, "%s: not an identity", by);
	rc = keyfile_read(key_file, &key, message, sizeof message);
	if (rc < 0)
		return reference_fail(why, max, -MAP_ECONFIG, "%s", message);
	rc = trust_reference_sign(
	    &reference, key, &referrer, (uint64_t)time(NULL) + seconds, text);
	crypto_key_free(key);
	if (rc < 0)
		return reference_fail(
		    why, max, rc, "%s as %s: %s", key_file, by, error_text(rc));
	return 0;
}

int
map_reference_parse(const char *text, struct map_reference *out, char *why, size_t max)
{
	struct reference reference;
	const char *cause = "";
	int rc = reference_scan(text, &reference, &cause);

	memset(out, 0, sizeof *out);
	if (rc < 0)
		return reference_fail(why, max, rc, "%s", cause);
	eid_print(&reference.id, out->identity);
	target_hint(&reference.id, out->at);
	out->port = reference.port;
	out->is_signed = reference.is_signed;
	if (reference.is_signed) {
		eid_print(&reference.by, out->by);
		out->expires = reference.exp;
	}
	return 0;
}

int
map_reference_verify(const char *text)
{
	struct reference reference;
	const char *cause;
	int rc = reference_scan(text, &reference, &cause);

	if (rc < 0)
		return rc;
	if (!reference.is_signed)
		return -MAP_EREFERENCE;
	return trust_reference_verify(text, &reference, (uint64_t)time(NULL));
}

int
map_trust_referrer(struct map *map, const char *identity)
{
	struct eid id;

	if (eid_scan(identity, strlen(identity), false, &id) < 0)
		return context_fail(map, -MAP_ETEXT, "%s: not an identity", identity);
	if (!eid_is_self_certifying(&id))
		return context_fail(
		    map, -MAP_EUSAGE, "%s: not self-certifying, so it cannot sign", identity);
	if (map->referrers == NULL)
		map->referrers = calloc(CONTEXT_REFERRERS, sizeof *map->referrers);
	if (map->referrers == NULL)
		return context_fail(map, -MAP_ENOMEM, "out of memory");
	if (map->n_referrers == CONTEXT_REFERRERS)
		return context_fail(map, -MAP_ELIMIT, "%s: more than %d referrers", identity,
		    CONTEXT_REFERRERS);
	map->referrers[map->n_referrers++] = id;
	return 0;
}
