/*
 * target.c - what the caller wants found, out of its text: identity, name or reference; service.
 */
#include "libmap/context.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

#define TARGET_SCHEME "eid:"

struct target_flag {
	unsigned map;
	uint16_t resolve;
};

static const struct target_flag target_flags[] = {
    {MAP_ALLOW_INSECURE, RESOLVE_ALLOW_INSECURE},
    {MAP_ALLOW_LEGACY, RESOLVE_ALLOW_LEGACY},
    {MAP_REQUIRE_PROOF, RESOLVE_REQUIRE_PROOF},
    {MAP_FRESH, RESOLVE_FRESH},
    {MAP_REQUIRE_MPTCP, 0},
    {MAP_NONBLOCK, 0},
    {MAP_DATAGRAM, 0},
};

static int
target_read_flags(struct map *map, unsigned flags, uint16_t *out)
{
	unsigned known = 0;

	*out = 0;
	for (size_t i = 0; i < sizeof target_flags / sizeof target_flags[0]; i++) {
		known |= target_flags[i].map;
		if (flags & target_flags[i].map)
			*out |= target_flags[i].resolve;
	}
	if (flags & ~known)
		return context_fail(map, -MAP_EUSAGE, "flags 0x%x: not known", flags & ~known);
	/* protocol 6: the explicit back-off contradicts the demand */
	if ((flags & MAP_ALLOW_LEGACY) && (flags & MAP_REQUIRE_PROOF))
		return context_fail(map, -MAP_EUSAGE,
		    "MAP_ALLOW_LEGACY: addresses without identity cannot be proved, and "
		    "MAP_REQUIRE_PROOF asks for that");
	return 0;
}

static bool
target_trusts(const struct map *map, const struct eid *by)
{
	for (size_t i = 0; i < map->n_referrers; i++)
		if (eid_equal(&map->referrers[i], by))
			return true;
	return false;
}

static int
target_read_reference(struct map *map, const char *text, struct target *out)
{
	struct reference reference;
	const char *why = "";
	int rc = reference_scan(text, &reference, &why);

	if (rc < 0)
		return context_fail(map, rc, "%s: %s", text, why);
	out->id = reference.id;
	out->port = reference.port;
	if (!reference.is_signed)
		return 0;
	rc = trust_reference_verify(text, &reference, (uint64_t)time(NULL));
	if (rc < 0)
		return context_fail(map, rc, "%s: %s", text, error_text(rc));
	if (target_trusts(map, &reference.by))
		out->flags |= RESOLVE_TRUSTED_ID;
	return 0;
}

int
target_read(struct map *map, const char *what, unsigned flags, struct target *out)
{
	int rc = target_read_flags(map, flags, &out->flags);

	out->port = 0;
	if (rc < 0)
		return rc;
	if (strncmp(what, TARGET_SCHEME, strlen(TARGET_SCHEME)) == 0)
		return target_read_reference(map, what, out);
	rc = eid_scan(what, strlen(what), false, &out->id);
	if (rc < 0)
		return context_fail(
		    map, -MAP_ETEXT, "%s: not an identity, a name or a reference", what);
	if (out->id.form != EID_NAME)
		out->flags |= RESOLVE_TRUSTED_ID; /* who gives an identity means that one */
	return 0;
}

char *
target_hint(const struct eid *id, char text[TARGET_HINT])
{
	char suffix[NAME_TEXT];
	size_t n;

	text[0] = '\0';
	if (id->form != EID_ADDRESS || id->at_length == 0)
		return text;
	n = (size_t)snprintf(
	    text, TARGET_HINT, "%u/%s", id->at_length, name_print(&id->at, suffix));
	if (n > 0 && n < TARGET_HINT && text[n - 1] == '.')
		text[n - 1] = '\0';
	return text;
}

int
target_service(struct map *map, const char *service, bool datagrams, uint16_t *port)
{
	struct servent entry, *found = NULL;
	char buffer[1024];
	uint64_t number;

	if (text_decimal_read(service, strlen(service), UINT16_MAX, &number) == 0 &&
	    number > 0) {
		*port = (uint16_t)number;
		return 0;
	}
	if (getservbyname_r(service, datagrams ? "udp" : "tcp", &entry, buffer, sizeof buffer,
		&found) != 0 ||
	    found == NULL)
		return context_fail(
		    map, -MAP_EUSAGE, "service %s: neither a port nor in services(5)", service);
	*port = get_u16((const uint8_t *)&found->s_port);
	return 0;
}
