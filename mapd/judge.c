/*
 * judge.c - whether a zone that is edited is one that would be loaded.
 * Knows what a check must see beside the edited names, so that it says of a part what it would say of the
 * whole; what it says is core/zone's.
 */
#include "mapd/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trust/identity.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"
#include "core/zone/reading.h"
#include "mapd/revise.h"

#define AGAINST_MOST 50 /* records elsewhere that are blamed on one line */
#define FILE_LINES 0
#define FILE_ZONE 1
#define ZONE_LABEL "zone: "

struct judging {
	struct judge *judge;
	struct places *places;
	struct reading reading;
	struct zone_options options;
};

static void
text_add(char text[JUDGE_TEXT], const char *message)
{
	size_t n = strlen(text);

	if (n + strlen(message) + 2 < JUDGE_TEXT)
		snprintf(text + n, JUDGE_TEXT - n, "%s\n", message);
}

static void
message_keep(void *arg, const char *message)
{
	text_add(((struct judge *)arg)->errors, message);
}

/* What is around the edit was warned of when it was made. */
static void
warning_keep(void *arg, const char *message)
{
	if (strncmp(message, ZONE_LABEL, sizeof ZONE_LABEL - 1) != 0)
		text_add(((struct judge *)arg)->warnings, message);
}

/* One record to be checked, or (silent) only to be seen. */
static int
row_add(struct judging *j, const struct name *owner, const struct draft_record *record,
    uint32_t line, bool silent)
{
	struct rr rr = {owner, record->type, CLASS_IN, record->ttl, record->rdata};
	struct records *records = &j->reading.records;
	int rc = records_add(records, &rr, line != 0 ? FILE_LINES : FILE_ZONE, line);

	if (rc == 0)
		records->rows[records->n - 1]->left_out = silent;
	return rc;
}

static bool
type_is_wanted(uint16_t type, const uint16_t *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (types[i] == type)
			return true;
	return false;
}

/* Records of these types of a stored name that the edit does not change. */
static int
stored_add(struct judging *j, const struct name *name, const uint16_t *types, size_t n,
    uint32_t line, bool silent)
{
	uint8_t octets[NODE_KEY];
	struct bytes key = {octets, node_key(j->places->zone->id, name, octets)}, value;
	struct draft draft = {0};
	int rc = 0;

	if (!change_get(j->places->change, TABLE_NODES, key, &value))
		return 0;
	rc = draft_read(&draft, value);
	for (size_t i = 0; i < draft.n && rc == 0; i++)
		if (type_is_wanted(draft.records[i].type, types, n))
			rc = row_add(j, name, &draft.records[i], line, silent);
	draft_fini(&draft);
	return rc;
}

/* What is looked at where something points to: the name, those above it, and their wildcards. */
static int
target_add(struct judging *j, struct name name)
{
	static const uint16_t at[] = {RR_A, RR_AAAA, RR_NS, RR_CNAME, RR_DNAME, RR_ELOC},
			      wild[] = {RR_A, RR_AAAA};
	struct name wildcard;
	int rc = 0;

	name_fold(&name);
	if (!name_is_below(&name, &j->places->zone->apex))
		return 0;
	for (bool end = false; rc == 0 && !end;) {
		end = name_equal(&name, &j->places->zone->apex);
		if (!place_is_changed(places_find(j->places, &name)))
			rc = stored_add(j, &name, at, sizeof at / sizeof at[0], 0, true);
		if (rc == 0 && name_wildcard_of(&name, &wildcard) == 0 &&
		    !place_is_changed(places_find(j->places, &wildcard)))
			rc = stored_add(j, &wildcard, wild, 2, 0, true);
		if (!end)
			name_parent(&name, 1, &name);
	}
	return rc;
}

/* The name that a record points to in a way that is checked; false: to none. */
static bool
record_target(const struct draft_record *record, struct name *out)
{
	struct rd rd = rd_init(record->rdata);
	struct eloc eloc;

	if (record->type == RR_NS) {
		name_read_plain(&rd, out);
		return rd.error == 0;
	}
	if (record->type != RR_ELOC || eloc_read(record->rdata, &eloc) != 0 ||
	    eloc.kind != ELOC_VIA)
		return false;
	*out = eloc.set;
	return true;
}

static int
place_add(struct judging *j, const struct place *place)
{
	static const uint16_t above[] = {RR_SOA, RR_NS, RR_CNAME, RR_DNAME};
	struct name target;
	int rc = 0;

	if (!place_is_changed(place))
		return stored_add(
		    j, &place->name, above, sizeof above / sizeof above[0], 0, true);
	for (size_t i = 0; i < place->draft.n && rc == 0; i++) {
		const struct draft_record *record = &place->draft.records[i];

		rc = row_add(j, &place->name, record,
		    record->line != 0 ? record->line : place->line, false);
		if (rc == 0 && record_target(record, &target))
			rc = target_add(j, target);
	}
	return rc;
}

/* Whether one of the cut's name servers is name. */
static bool
cut_serves(const struct draft *cut, const struct name *name)
{
	struct name server;

	for (size_t i = 0; i < cut->n; i++)
		if (cut->records[i].type == RR_NS && record_target(&cut->records[i], &server) &&
		    name_equal(&server, name))
			return true;
	return false;
}

/* The delegation that a place is below; NULL: none. What is below a DNAME the check itself refuses. */
static const struct place *
place_cut(const struct judging *j, const struct place *place)
{
	const struct name *apex = &j->places->zone->apex;
	const struct place *cut = NULL;
	struct name above = place->name;

	while (!name_equal(&above, apex)) {
		const struct place *at;

		name_parent(&above, 1, &above);
		at = places_find(j->places, &above);
		if (at != NULL && !name_equal(&above, apex) && draft_has(&at->draft, RR_NS))
			cut = at;
	}
	return cut;
}

/* What lines add below a delegation must be glue of its own: nothing else there is ever seen. */
static void
place_refuse_hidden(struct judging *j, const struct place *place)
{
	const struct place *cut = place_cut(j, place);
	char owner[NAME_TEXT], type[16];

	for (size_t i = 0; i < place->draft.n && cut != NULL; i++) {
		const struct draft_record *record = &place->draft.records[i];
		bool address = record->type == RR_A || record->type == RR_AAAA;

		if (record->line == 0 || (address && cut_serves(&cut->draft, &place->name)))
			continue;
		reading_report(&j->reading, FILE_LINES, record->line, "%s %s: %s",
		    name_print(&place->name, owner), rrtype_print(record->type, type),
		    address ? "below a delegation, and no address of its name servers"
			    : "below a delegation, where the child zone answers");
		return;
	}
}

static bool
draft_has_prefixes(const struct draft *draft)
{
	struct eloc eloc;

	for (size_t i = 0; i < draft->n; i++)
		if (draft->records[i].type == RR_ELOC &&
		    eloc_read(draft->records[i].rdata, &eloc) == 0 && eloc.kind == ELOC_NET6)
			return true;
	return false;
}

static bool
type_came(const struct place *place, uint16_t type)
{
	return draft_has(&place->draft, type) && !draft_has(&place->before, type);
}

static bool
type_went(const struct place *place, uint16_t type)
{
	return draft_has(&place->before, type) && !draft_has(&place->draft, type);
}

/* A place at which what points to it may be wrong now: at it (NS), at it or below it (via). */
static bool
place_harms_servers(const struct place *place)
{
	return type_came(place, RR_CNAME);
}

static bool
place_harms_vias(const struct place *place)
{
	return (draft_has_prefixes(&place->before) && !draft_has_prefixes(&place->draft)) ||
	       type_went(place, RR_CNAME) || type_went(place, RR_NS) ||
	       type_went(place, RR_DNAME);
}

/* The place that is to blame if what record points to is wrong; NULL: there is none. */
static const struct place *
record_harmed(const struct judging *j, const struct draft_record *record)
{
	const struct name *apex = &j->places->zone->apex;
	const struct place *place;
	struct name name;

	if (!record_target(record, &name) || !name_is_below(&name, apex))
		return NULL;
	for (bool first = true;; first = false) {
		place = places_find(j->places, &name);
		if (place_is_changed(place) &&
		    (record->type == RR_NS ? first && place_harms_servers(place)
					   : place_harms_vias(place)))
			return place;
		if (record->type == RR_NS || name_equal(&name, apex))
			return NULL;
		name_parent(&name, 1, &name);
	}
}

/* One stored name: its records that point to what changes are checked too, and blamed on the line there. */
static int
against_node(struct judging *j, const struct name *name, struct bytes value, unsigned *left)
{
	struct draft draft = {0};
	int rc = draft_read(&draft, value);

	for (size_t i = 0; i < draft.n && rc == 0 && *left > 0; i++) {
		const struct place *place = record_harmed(j, &draft.records[i]);
		uint16_t type = draft.records[i].type;
		struct name target;

		if (place == NULL)
			continue;
		rc = stored_add(j, name, &type, 1, place->line, false);
		if (rc == 0 && record_target(&draft.records[i], &target))
			rc = target_add(j, target);
		(*left)--;
		break;
	}
	draft_fini(&draft);
	return rc;
}

/*
 * What points to a name that has become an alias, or to prefixes that have gone, can be anywhere in the
 * zone: only then all of it is read.
 */
static int
against_add(struct judging *j)
{
	struct change *change = j->places->change;
	uint8_t prefix[4];
	struct bytes key = {prefix, sizeof prefix}, value;
	unsigned left = AGAINST_MOST;
	bool harm = false, more;
	struct name name;
	int rc = 0;

	for (size_t i = 0; i < j->places->n && !harm; i++)
		harm = place_is_changed(j->places->at[i]) &&
		       (place_harms_servers(j->places->at[i]) ||
			   place_harms_vias(j->places->at[i]));
	if (!harm)
		return 0;
	put_u32(prefix, j->places->zone->id);
	for (more = change_ceiling(change, TABLE_NODES, key, &key, &value);
	     more && rc == 0 && left > 0 && key.n >= 4 && memcmp(key.p, prefix, 4) == 0;
	     more = change_next(change, TABLE_NODES, &key, &value)) {
		if (node_key_name(key, &name) != 0)
			return -MAP_EDATABASE;
		if (!place_is_changed(places_find_key(j->places, key)))
			rc = against_node(j, &name, value, &left);
	}
	return rc;
}

/* The proof of an ELOC set that the edit may have changed (rows from first on, of one owner and type). */
static void
proof_check(struct judging *j, const struct place *place, size_t first, size_t n)
{
	struct zone_row *const *rows = j->reading.records.rows + first;
	struct bytes rdata[MAPPING_SET];
	struct rrset set = {&place->name, RR_ELOC, CLASS_IN, rows[0]->ttl, n, rdata};
	char owner[NAME_TEXT];
	const char *why;
	int proof;

	if (n > MAPPING_SET)
		return;
	for (size_t i = 0; i < n; i++)
		rdata[i] = row_rdata(rows[i]);
	proof = mapping_proof_index(rdata, n);
	if (proof < 0)
		return;
	why = identity_refusal(&set, j->options.realms, j->options.n_realms, j->judge->now);
	if (why != NULL)
		reading_report(&j->reading, rows[proof]->file, rows[proof]->line, "%s ELOC: %s",
		    name_print(&place->name, owner), why);
}

/* Hands over what was checked and belongs to a place, and looks at its proofs. */
static int
rows_take(struct judging *j, struct records *kept)
{
	struct records *records = &j->reading.records;
	uint8_t octets[4 + NAME_KEY];
	int rc = 0;

	put_u32(octets, j->places->zone->id);
	for (size_t i = 0; i < j->places->n; i++)
		j->places->at[i]->new_records =
		    place_is_changed(j->places->at[i]) ? 0 : j->places->at[i]->old_records;
	for (size_t i = 0, n; i < records->n && rc == 0; i += n) {
		struct bytes key = row_key(records->rows[i]);
		struct place *place;
		uint16_t type = records->rows[i]->type;

		memcpy(octets + 4, key.p, key.n);
		place = places_find_key(j->places, (struct bytes){octets, 4 + key.n});
		for (n = 1; i + n < records->n && records->rows[i + n]->type == type &&
			    bytes_equal(row_key(records->rows[i + n]), key);)
			n++;
		if (!place_is_changed(place))
			continue;
		if (type == RR_ELOC && place->mapping)
			proof_check(j, place, i, n);
		for (size_t k = i; k < i + n && rc == 0; k++) {
			struct zone_row *row = records->rows[k];
			struct rr rr = {&place->name, type, CLASS_IN, row->ttl, row_rdata(row)};

			if (row->left_out)
				continue;
			rc = records_add(kept, &rr, row->file, row->line);
			place->new_records++;
		}
	}
	return rc;
}

static int
judging_run(struct judging *j, struct records *kept)
{
	struct reading *r = &j->reading;
	int rc = 0;

	r->files[FILE_LINES] = strdup(j->judge->label);
	r->files[FILE_ZONE] = strdup("zone");
	r->n_files = 2;
	if (r->files[FILE_LINES] == NULL || r->files[FILE_ZONE] == NULL)
		return -MAP_ENOMEM;
	for (size_t i = 0; i < j->places->n && rc == 0; i++)
		rc = place_add(j, j->places->at[i]);
	for (size_t i = 0; i < j->places->n && rc == 0 && j->judge->strict; i++)
		place_refuse_hidden(j, j->places->at[i]);
	if (rc == 0)
		rc = against_add(j);
	if (rc == 0)
		rc = change_error(j->places->change);
	if (rc == 0)
		rc = reading_check(r);
	if (rc == 0)
		rc = rows_take(j, kept);
	if (rc == 0 && r->errors > 0)
		rc = -MAP_EFORMAT;
	return rc;
}

int
judge_run(struct judge *judge, struct places *places, struct records *kept)
{
	const struct zone_rule *rule = rules_find(judge->rules, &places->zone->apex);
	struct judging *j = calloc(1, sizeof *j);
	int rc;

	judge->errors[0] = judge->warnings[0] = '\0';
	if (j == NULL)
		return -MAP_ENOMEM;
	j->judge = judge;
	j->places = places;
	j->options =
	    (struct zone_options){.private_locators = rule != NULL && rule->private_locators,
		.realms = judge->rules->realms,
		.n_realms = judge->rules->n_realms,
		.warning = warning_keep,
		.warning_arg = judge};
	rc = reading_init(&j->reading, &places->zone->apex, &j->options, message_keep, judge);
	if (rc == 0)
		rc = judging_run(j, kept);
	reading_fini(&j->reading);
	free(j);
	return rc;
}
