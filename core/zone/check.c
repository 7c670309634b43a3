/*
 * check.c - what a zone must be as a whole; knows sorted records, not how they were written.
 */
#include "core/zone/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"

#define APEX_MAX 222 /* an NSEC3 label must fit in front (RFC 5155 3) */

#define VIA_TOLD 16

struct check {
	struct reading *r;
	uint8_t apex_key[NAME_KEY];
	struct bytes apex;
	struct bytes cut; /* key of the last delegation or DNAME; p is NULL: none */
	uint16_t cut_type;
	struct bytes *rdata; /* of one set, for mapping_refusal() */
	size_t rdata_max;
	struct name told[VIA_TOLD]; /* sets outside the zone that were warned of */
	size_t n_told;
};

/* The rows of one name. */
struct group {
	struct zone_row *const *rows;
	size_t n;
	bool apex;
};

/* A refusal spoils the zone, a warning does not. */
enum verdict { REFUSED, WARNED };

static void
row_tell(struct check *check, const struct zone_row *row, enum verdict verdict, const char *why)
{
	struct name owner;
	char text[NAME_TEXT], type[16];

	if (name_from_key(row_key(row), &owner) != 0)
		owner = name_root;
	(verdict == WARNED ? reading_warn : reading_report)(check->r, row->file, row->line,
	    "%s %s: %s", name_print(&owner, text), rrtype_print(row->type, type), why);
}

static void
row_is_twice(void *arg, const struct zone_row *row)
{
	row_tell(arg, row, WARNED, "the same record twice");
}

static const struct zone_row *
group_find(const struct group *g, uint16_t type)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->rows[i]->type == type)
			return g->rows[i];
	return NULL;
}

/* Keys end each label, so a key's prefix is an ancestor. */
static bool
key_is_below(struct bytes key, struct bytes above)
{
	return above.p != NULL && key.n > above.n && memcmp(key.p, above.p, above.n) == 0;
}

static bool
key_is_wildcard(struct bytes key)
{
	/* The last label: "*" and its end, behind another label's end. */
	return key.n >= 2 && key.p[key.n - 2] == '*' && (key.n == 2 || key.p[key.n - 3] == 0);
}

/* CNAME alone (RFC 1034 3.6.2); DNAME beside no CNAME, and no NS but the apex's (RFC 6672 2.3). */
static void
check_aliases(struct check *check, const struct group *g)
{
	const struct zone_row *cname = group_find(g, RR_CNAME);
	const struct zone_row *dname = group_find(g, RR_DNAME);

	if (cname != NULL && g->rows[0]->type != RR_CNAME)
		row_tell(check, cname, REFUSED, "an alias beside other records of the name");
	else if (cname != NULL && g->rows[g->n - 1]->type != RR_CNAME)
		row_tell(check, cname, REFUSED, "an alias beside other records of the name");
	if (dname != NULL && !g->apex && group_find(g, RR_NS) != NULL)
		row_tell(check, dname, REFUSED, "beside a delegation");
}

static void
check_cut(struct check *check, const struct group *g)
{
	const struct zone_row *ns = g->apex ? NULL : group_find(g, RR_NS);
	const struct zone_row *ds = group_find(g, RR_DS);

	for (size_t i = 0; ns != NULL && i < g->n; i++) {
		uint16_t type = g->rows[i]->type;

		if (type != RR_NS && type != RR_DS && type != RR_A && type != RR_AAAA &&
		    type != RR_DNAME) /* that is check_aliases()'s */
			row_tell(check, g->rows[i], REFUSED,
			    "at a delegation, where the child zone answers");
	}
	if (ds != NULL && ns == NULL)
		row_tell(check, ds, REFUSED,
		    g->apex ? "belongs into the parent zone" : "without NS records");
}

/* What a wildcard cannot be (RFC 4592 4, protocol 3). */
static void
check_wildcard(struct check *check, const struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		uint16_t type = g->rows[i]->type;

		if (type == RR_NS || type == RR_DNAME || type == RR_DS)
			row_tell(check, g->rows[i], REFUSED,
			    "a wildcard can be neither delegation nor DNAME");
		if (type == RR_EPID || type == RR_ELOC)
			row_tell(check, g->rows[i], REFUSED,
			    "a wildcard never matches for mappings");
	}
}

/* Below a delegation only glue is of use, below a DNAME nothing may be (RFC 6672 2.4). */
static bool
check_occluded(struct check *check, const struct group *g)
{
	if (!key_is_below(row_key(g->rows[0]), check->cut)) {
		check->cut.p = NULL;
		return false;
	}
	for (size_t i = 0; i < g->n; i++) {
		uint16_t type = g->rows[i]->type;

		if (check->cut_type == RR_DNAME)
			row_tell(check, g->rows[i], REFUSED,
			    "below a DNAME, where nothing can be seen");
		else if (type != RR_A && type != RR_AAAA) {
			row_tell(check, g->rows[i], WARNED,
			    "below a delegation, where the child zone answers: left out");
			g->rows[i]->left_out = true;
		}
	}
	return true;
}

static void
check_mapping(struct check *check, struct zone_row *const *rows, size_t n)
{
	const struct zone_options *o = check->r->options;
	const char *why;
	size_t at;

	if (n > check->rdata_max) {
		struct bytes *grown = realloc(check->rdata, n * sizeof grown[0]);

		if (grown == NULL) {
			row_tell(check, rows[0], REFUSED, error_text(-MAP_ENOMEM));
			return;
		}
		check->rdata = grown;
		check->rdata_max = n;
	}
	for (size_t i = 0; i < n; i++)
		check->rdata[i] = row_rdata(rows[i]);
	why = mapping_refusal_at(
	    rows[0]->type, check->rdata, n, o->private_locators, o->realms, o->n_realms, &at);
	if (why != NULL)
		row_tell(check, rows[at], REFUSED, why);
}

/* RFC 2181 5.2: a set has one TTL, the least if they differ. */
static void
check_ttl(struct check *check, struct zone_row *const *rows, size_t n)
{
	uint32_t least = rows[0]->ttl;
	size_t other = 0;

	for (size_t i = 1; i < n; i++) {
		if (rows[i]->ttl != rows[0]->ttl && other == 0)
			other = i;
		if (rows[i]->ttl < least)
			least = rows[i]->ttl;
	}
	if (other > 0)
		row_tell(check, rows[other], WARNED,
		    "another TTL than the set's first record: the least counts for all");
	for (size_t i = 0; i < n && other > 0; i++)
		rows[i]->ttl = least;
}

/* The octets of the set. */
static size_t
check_set(struct check *check, struct zone_row *const *rows, size_t n, bool apex)
{
	const struct rrtype *type = rrtype_find(rows[0]->type);
	size_t octets = 0, most = 0;

	for (size_t i = 0; i < n; i++) {
		octets += rows[i]->rdata_n + (size_t)RRSET_FRAME;
		if (octets <= RRSET_OCTETS && i < RRSET_RECORDS)
			most++;
	}
	check_ttl(check, rows, n);
	if (most < n)
		row_tell(check, rows[most], REFUSED,
		    "more records than fit: at most 4096 and 60000 octets of one type");
	if (n > 1 && type != NULL && (type->flags & RRF_SINGLE) != 0)
		row_tell(check, rows[1], REFUSED,
		    "a second record of a type that can be there once");
	if (rows[0]->type == RR_SOA && !apex)
		row_tell(check, rows[0], REFUSED, "not at the name of the zone");
	if (rows[0]->type == RR_EPID || rows[0]->type == RR_ELOC)
		check_mapping(check, rows, n);
	return octets;
}

static void
check_sets(struct check *check, const struct group *g)
{
	size_t at = 0, sets = 0, octets = 0;

	while (at < g->n) {
		size_t first = at;

		while (at < g->n && g->rows[at]->type == g->rows[first]->type)
			at++;
		octets += check_set(check, g->rows + first, at - first, g->apex);
		if (++sets == RRSET_TYPES + 1)
			row_tell(
			    check, g->rows[first], REFUSED, "more than 256 types at one name");
	}
	if (octets > RRSET_NAME)
		row_tell(check, g->rows[g->n - 1], REFUSED,
		    "more octets than fit: at most 262144 at one name");
}

static void
check_name(struct check *check, const struct group *g)
{
	check_sets(check, g);
	if (check_occluded(check, g))
		return;
	check_aliases(check, g);
	check_cut(check, g);
	if (key_is_wildcard(row_key(g->rows[0])))
		check_wildcard(check, g);
	/* Rows are sorted, so whatever is below a cut comes right behind it. */
	check->cut_type = group_find(g, RR_DNAME) != NULL ? RR_DNAME : RR_NS;
	if (group_find(g, check->cut_type) != NULL && (!g->apex || check->cut_type == RR_DNAME))
		check->cut = row_key(g->rows[0]);
}

static bool
records_have_address(const struct records *records, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++)
		if (records->rows[i]->type == RR_A || records->rows[i]->type == RR_AAAA)
			return true;
	return false;
}

static bool
records_have(const struct records *records, size_t first, size_t n, uint16_t type)
{
	for (size_t i = first; i < first + n; i++)
		if (records->rows[i]->type == type)
			return true;
	return false;
}

/*
 * Whether something above the target, at one ancestor, lets it have an address that is not at its own
 * name: a wildcard, or a delegation of somebody else than the one it serves.
 */
static bool
ancestor_helps(struct check *check, const struct name *ancestor, struct bytes own)
{
	const struct records *records = &check->r->records;
	uint8_t octets[NAME_KEY];
	struct bytes key = {octets, name_key(ancestor, octets)};
	struct name wildcard;
	size_t first, n = records_find(records, key, &first);

	if (!bytes_equal(key, check->apex) && !bytes_equal(key, own) &&
	    records_have(records, first, n, RR_NS))
		return true;
	if (records_have(records, first, n, RR_DNAME) ||
	    name_wildcard_of(ancestor, &wildcard) != 0)
		return records_have(records, first, n, RR_DNAME);
	key.n = name_key(&wildcard, octets);
	n = records_find(records, key, &first);
	return records_have_address(records, first, n);
}

/* A name server inside the zone needs an address, else nobody gets there. */
static const char *
server_wrong(struct check *check, const struct zone_row *row, bool *warning)
{
	const struct records *records = &check->r->records;
	struct rd rd = rd_init(row_rdata(row));
	uint8_t octets[NAME_KEY];
	struct name target;
	struct bytes key;
	size_t first, n;

	*warning = false;
	name_read_plain(&rd, &target);
	key = (struct bytes){octets, name_key(&target, octets)};
	if (rd.error != 0 || !name_is_below(&target, check->r->apex))
		return NULL;
	n = records_find(records, key, &first);
	if (records_have(records, first, n, RR_CNAME))
		return "the name server's name is an alias (RFC 2181 10.3)";
	if (records_have_address(records, first, n))
		return NULL;
	while (!name_equal(&target, check->r->apex)) {
		name_parent(&target, 1, &target);
		if (ancestor_helps(check, &target, row_key(row)))
			return NULL;
	}
	*warning = true;
	return "the name server has no address in this zone";
}

static void
check_servers(struct check *check)
{
	const struct records *records = &check->r->records;

	for (size_t i = 0; i < records->n && !reading_is_over(check->r); i++) {
		const struct zone_row *row = records->rows[i];
		const char *why;
		bool warning;

		if (row->type != RR_NS || row->left_out)
			continue;
		why = server_wrong(check, row, &warning);
		if (why != NULL)
			row_tell(check, row, warning ? WARNED : REFUSED, why);
	}
}

/* Whether a prefix set can be at name: one is, or a delegation or a DNAME is above. */
static bool
has_prefixes(struct check *check, struct name name)
{
	const struct records *records = &check->r->records;
	uint8_t octets[NAME_KEY];
	size_t first, n;
	struct eloc eloc;

	n = records_find(records, (struct bytes){octets, name_key(&name, octets)}, &first);
	for (size_t i = first; i < first + n; i++)
		if (records->rows[i]->type == RR_ELOC &&
		    eloc_read(row_rdata(records->rows[i]), &eloc) == 0 &&
		    eloc.kind == ELOC_NET6)
			return true;
	if (records_have(records, first, n, RR_CNAME))
		return true;
	for (; !name_equal(&name, check->r->apex); name_parent(&name, 1, &name)) {
		n = records_find(
		    records, (struct bytes){octets, name_key(&name, octets)}, &first);
		if (records_have(records, first, n, RR_NS) ||
		    records_have(records, first, n, RR_DNAME))
			return true;
	}
	return false;
}

/* Each set outside is told of once: a realm has many hosts and few sites. */
static bool
via_is_new(struct check *check, const struct name *set)
{
	for (size_t i = 0; i < check->n_told; i++)
		if (name_equal(&check->told[i], set))
			return false;
	if (check->n_told == VIA_TOLD)
		return false;
	check->told[check->n_told++] = *set;
	return true;
}

static void
check_via(struct check *check, const struct zone_row *row)
{
	char text[NAME_TEXT], why[NAME_TEXT + 80];
	struct eloc eloc;

	if (row->type != RR_ELOC || row->left_out || eloc_read(row_rdata(row), &eloc) != 0 ||
	    eloc.kind != ELOC_VIA)
		return;
	name_print(&eloc.set, text);
	if (!name_is_below(&eloc.set, check->r->apex)) {
		snprintf(
		    why, sizeof why, "via %s: not in this zone: prefixes must be there", text);
		if (via_is_new(check, &eloc.set))
			row_tell(check, row, WARNED, why);
	} else if (!has_prefixes(check, eloc.set)) {
		snprintf(
		    why, sizeof why, "via %s: no prefix set (ELOC net:...) is there", text);
		row_tell(check, row, REFUSED, why);
	}
}

/* What must be there; only asked of a file whose records were all understood. */
static void
check_apex(struct check *check)
{
	const struct records *records = &check->r->records;
	size_t first, n = records_find(records, check->apex, &first);
	/* What is not there has no line: the name's first record has, or the file's beginning. */
	uint16_t file = n > 0 ? records->rows[first]->file : 0;
	unsigned line = n > 0 ? records->rows[first]->line : 1;
	char text[NAME_TEXT];

	name_print(check->r->apex, text);
	if (check->r->apex->n > APEX_MAX)
		reading_report(
		    check->r, file, line, "%s: too long a name for a signed zone", text);
	if (!records_have(records, first, n, RR_SOA))
		reading_report(check->r, file, line, "%s SOA: missing; a zone has one", text);
	if (!records_have(records, first, n, RR_NS))
		reading_report(
		    check->r, file, line, "%s NS: missing; a zone has at least one", text);
}

int
reading_check(struct reading *r)
{
	struct check check = {.r = r};
	bool understood = r->errors == 0;
	size_t at = 0;

	check.apex = (struct bytes){check.apex_key, name_key(r->apex, check.apex_key)};
	records_sort(&r->records, row_is_twice, &check);
	while (at < r->records.n && !reading_is_over(r)) {
		struct group g = {.rows = r->records.rows + at};

		g.n = records_name(&r->records, &at);
		g.apex = bytes_equal(row_key(g.rows[0]), check.apex);
		check_name(&check, &g);
	}
	if (understood) {
		check_apex(&check);
		check_servers(&check);
		for (size_t i = 0; i < r->records.n && !reading_is_over(r); i++)
			check_via(&check, r->records.rows[i]);
	}
	free(check.rdata);
	return 0;
}
