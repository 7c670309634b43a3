/*
 * anchors.c - trust anchor files, looked through before libunbound gets them.
 * It takes an empty file, skips records of other types, ignores what it has no algorithm for (and then
 * everything below is insecure), and says of a bad line only "initialization failure".
 */
#include "resolve/anchors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"

/* A name that is trusted by one record or more. */
struct point {
	struct name owner;
	unsigned line; /* of its first record */
	bool usable;
};

struct looking {
	const char *path;
	char *why;
	size_t max;
	bool said; /* why is filled */
	struct point *points;
	size_t n;
};

/* RFC 8624; the algorithms that libunbound validates by. */
static bool
algorithm_is_usable(uint8_t algorithm)
{
	static const uint8_t usable[] = {5, 7, 8, 10, 13, 14, 15, 16};

	return memchr(usable, algorithm, sizeof usable) != NULL;
}

/* Octets of a DS digest; 0: unknown. */
static size_t
digest_size(uint8_t type)
{
	static const struct {
		uint8_t type;
		size_t n;
	} rows[] = {{1, 20}, {2, 32}, {4, 48}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].type == type)
			return rows[i].n;
	return 0;
}

/* key tag | algorithm | digest type | digest */
static const char *
ds_wrong(struct bytes rdata, bool *usable)
{
	size_t n = digest_size(rdata.p[3]);

	*usable = n > 0 && algorithm_is_usable(rdata.p[2]);
	return n > 0 && rdata.n - 4 != n ? "a digest whose length is not that of its type"
					 : NULL;
}

/* flags | protocol | algorithm | key */
static const char *
dnskey_wrong(struct bytes rdata, bool *usable)
{
	*usable = algorithm_is_usable(rdata.p[3]);
	if ((get_u16(rdata.p) & DNSKEY_ZONE) == 0)
		return "flags of no zone's key, which are 256 or 257";
	return rdata.p[2] != 3 ? "a protocol that is not 3" : NULL; /* RFC 4034 2.1.2 */
}

static struct point *
point_get(struct looking *look, const struct name *owner, unsigned line)
{
	struct point *grown;

	for (size_t i = 0; i < look->n; i++)
		if (name_equal(&look->points[i].owner, owner))
			return &look->points[i];
	grown = realloc(look->points, (look->n + 1) * sizeof grown[0]);
	if (grown == NULL)
		return NULL;
	look->points = grown;
	grown[look->n] = (struct point){.owner = *owner, .line = line};
	return &grown[look->n++];
}

static int
record_say(struct looking *look, unsigned line, const struct name *owner, const char *type,
    const char *cause)
{
	char text[NAME_TEXT];

	snprintf(look->why, look->max, "%.512s:%u: %s%s%s: %s", look->path, line,
	    name_print(owner, text), type[0] != '\0' ? " " : "", type, cause);
	look->said = true;
	return -MAP_ECONFIG;
}

static int
record_take(void *arg, const struct rr *rr, const struct zone_place *place)
{
	struct looking *look = arg;
	struct point *point = point_get(look, rr->owner, place->line);
	const char *why = "no trust anchor";
	bool usable = false;
	char type[16];

	if (point == NULL)
		return -MAP_ENOMEM;
	if (rr->type == RR_DS && rr->rdata.n > 4)
		why = ds_wrong(rr->rdata, &usable);
	else if (rr->type == RR_DNSKEY && rr->rdata.n > 4)
		why = dnskey_wrong(rr->rdata, &usable);
	point->usable = point->usable || usable;
	return why == NULL ? 0
			   : record_say(look, place->line, rr->owner,
				 rrtype_print(rr->type, type), why);
}

/* The first message says enough. */
static void
message_take(void *arg, const char *message)
{
	struct looking *look = arg;

	if (!look->said)
		snprintf(look->why, look->max, "%s", message);
	look->said = true;
}

static int
points_check(struct looking *look)
{
	for (size_t i = 0; i < look->n; i++)
		if (!look->points[i].usable)
			return record_say(look, look->points[i].line, &look->points[i].owner,
			    "", "no anchor of an algorithm and digest that can be used here");
	if (look->n > 0)
		return 0;
	snprintf(look->why, look->max, "%.512s: has no records", look->path);
	return -MAP_ECONFIG;
}

int
anchors_check(const char *path, char *why, size_t max)
{
	struct looking look = {.path = path, .why = why, .max = max};
	int error = zone_read_loose(path, record_take, &look, message_take, &look);

	if (error == 0)
		error = points_check(&look);
	free(look.points);
	if (error == -MAP_ENOMEM)
		snprintf(why, max, "out of memory");
	return error == -MAP_ETEXT ? -MAP_ECONFIG : error;
}
