/*
 * command_folk.c - the commands of the control socket that are about identities and who has them.
 * Knows what is stored of them; what an operator does to them is asked of the writer.
 */
#include <stdio.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "mapd/claim.h"
#include "mapd/command.h"
#include "mapd/draft.h"
#include "mapd/rules.h"

#define LIST_PAGE 200 /* identities in one answer */
#define LIST_LOOK 4096 /* entries that are looked at for it */
#define NAMES_SHOWN 256 /* of an identity */
#define KEY_HEAD 4 /* octets of a KEY before the key */
#define KEY_MOST 64

const struct rules *
client_rules(const struct client *client)
{
	const struct control_hooks *hooks = &client->control->options.hooks;

	return hooks->rules(hooks->arg);
}

/* Where an address is looked up: by the most specific row of the realms, else in the reverse tree. */
static int
address_owner(const struct client *client, const struct eid *id, struct name *owner)
{
	const struct rules *rules = client_rules(client);
	const struct realm *best = NULL;

	for (size_t i = 0; i < rules->n_realms; i++)
		if (realm_covers(&rules->realms[i], id) &&
		    (best == NULL || rules->realms[i].length > best->length))
			best = &rules->realms[i];
	return best != NULL ? eid_owner_below(id, best->length, &best->suffix, owner)
			    : eid_owner_reverse(id->address, owner);
}

bool
client_identity(
    struct client *client, const json_t *request, struct name *owner, struct zone *zone)
{
	const char *text = json_string_value(json_object_get(request, "identity"));
	struct eid id;
	int rc = text == NULL ? -MAP_ETEXT : eid_scan(text, strlen(text), false, &id);

	if (rc == 0)
		rc = id.form == EID_ADDRESS ? address_owner(client, &id, owner)
					    : eid_owner_own(&id, owner);
	if (rc != 0) {
		client_fail(client, -MAP_EUSAGE,
		    "\"identity\" must be an identity or a name: an address, KEY@REALM or a "
		    "domain name");
		return false;
	}
	name_fold(owner);
	return client_zone_of(client, owner, zone);
}

/* The identity that is looked up there, or null. */
static json_t *
identity_text(const struct client *client, const struct name *owner)
{
	const struct rules *rules = client_rules(client);
	char text[EID_TEXT];
	struct eid id;

	if (eid_from_owner(owner, rules->realms, rules->n_realms, &id) != 0)
		return json_null();
	return json_string(eid_print(&id, text));
}

/* A look-up name as mapctl's commands take it: one with a colon is a name there when that is escaped. */
static const char *
owner_print(const struct name *owner, char text[EID_TEXT])
{
	struct eid id = {.form = EID_NAME, .name = *owner};

	return eid_print_absolute(&id, text);
}

static json_t *
seconds_or_null(uint64_t seconds)
{
	return seconds != 0 ? json_integer((json_int_t)seconds) : json_null();
}

/* "192.0.2.0/24", "2001:db8:a:100::/56" */
static const char *
source_print(const uint8_t source[CLAIM_SOURCE], char text[ADDRESS_TEXT + 4])
{
	uint8_t address[16] = {0};
	char prefix[ADDRESS_TEXT];

	if (source[0] == 6) {
		memcpy(address, source + 1, 7);
		snprintf(text, ADDRESS_TEXT + 4, "%s/56", address_print_ip6(address, prefix));
	} else if (memcmp(source, claim_unproved, CLAIM_SOURCE) == 0) {
		snprintf(text, ADDRESS_TEXT + 4, "anywhere");
	} else {
		snprintf(
		    text, ADDRESS_TEXT + 4, "%u.%u.%u.0/24", source[1], source[2], source[3]);
	}
	return text;
}

static json_t *
claim_row(const struct claim *claim)
{
	char source[ADDRESS_TEXT + 4];
	json_t *row = json_pack("{s:I, s:s, s:I, s:I, s:b}", "since", (json_int_t)claim->since,
	    "source", source_print(claim->source, source), "lease", (json_int_t)claim->lease,
	    "key_lease", (json_int_t)claim->key_lease, "host",
	    (claim->flags & CLAIM_HOST) != 0);

	json_object_set_new(row, "until", seconds_or_null(claim->until));
	json_object_set_new(row, "key_until", seconds_or_null(claim->key_until));
	return row;
}

static json_t *
key_row(struct bytes rdata)
{
	char text[(KEY_MOST + 2) / 3 * 4 + 1];

	if (rdata.n < KEY_HEAD || rdata.n > KEY_HEAD + KEY_MOST ||
	    text_base64_put(
		text, sizeof text, (struct bytes){rdata.p + KEY_HEAD, rdata.n - KEY_HEAD}) < 0)
		text[0] = '\0';
	return json_pack("{s:i, s:i, s:s}", "algorithm", rdata.n < KEY_HEAD ? 0 : rdata.p[3],
	    "tag", (int)dnssec_key_tag(rdata), "key", text);
}

/* What of it is in the zone: "keys", and how many "locators" and "identities"; false: nothing. */
static bool
records_add(
    struct client *client, const struct zone *zone, const struct name *owner, json_t *fields)
{
	uint8_t key[NODE_KEY];
	struct bytes value = {NULL, 0};
	struct draft draft = {0};
	json_t *keys = json_array();
	int locators = 0, identities = 0;

	(void)snapshot_get(client->control->snap, TABLE_NODES,
	    (struct bytes){key, node_key(zone->id, owner, key)}, &value);
	if (draft_read(&draft, value) == 0)
		for (size_t i = 0; i < draft.n; i++) {
			const struct draft_record *record = &draft.records[i];

			if (record->type == RR_KEY)
				json_array_append_new(keys, key_row(record->rdata));
			locators += record->type == RR_ELOC;
			identities += record->type == RR_EPID;
		}
	draft_fini(&draft);
	json_object_set_new(fields, "keys", keys);
	json_object_set_new(fields, "locators", json_integer(locators));
	json_object_set_new(fields, "identities", json_integer(identities));
	return json_array_size(keys) > 0 || locators > 0 || identities > 0;
}

/* What an operator said: of the identity, and of the name. False: nothing. */
static bool
people_add(struct client *client, const struct name *owner, json_t *fields)
{
	struct snapshot *snap = client->control->snap;
	json_t *names = json_array();
	struct person person = {0};
	char text[NAME_TEXT];
	struct name other, at = {0};
	bool known = person_find(snap, owner, &person), more;
	bool banned = (person.flags & PERSON_BANNED) != 0;

	json_object_set_new(fields, "enrolled",
	    seconds_or_null((person.flags & PERSON_ENROLLED) != 0 ? person.enrolled : 0));
	json_object_set_new(fields, "banned", seconds_or_null(banned ? person.banned : 0));
	if (banned && person.why[0] != '\0')
		json_object_set_new(fields, "reason", json_string(person.why));
	if (assigned_find(snap, owner, &other)) {
		known = true;
		json_object_set_new(
		    fields, "assigned_to", json_string(name_print(&other, text)));
	}
	more = assigned_find_next(snap, owner, &at);
	for (; more && json_array_size(names) < NAMES_SHOWN;
	     more = assigned_find_next(snap, owner, &at))
		json_array_append_new(names, json_string(name_print(&at, text)));
	known |= json_array_size(names) > 0;
	json_object_set_new(fields, "names", names);
	if (more)
		json_object_set_new(fields, "more_names", json_true());
	return known;
}

void
folk_show(struct client *client, const json_t *request)
{
	struct snapshot *snap = client->control->snap;
	char zone_text[NAME_TEXT], text[EID_TEXT];
	bool claimed, stored, told;
	struct claim claim;
	struct name owner;
	struct zone zone;
	json_t *fields;

	if (!client_identity(client, request, &owner, &zone))
		return;
	name_print(&zone.apex, zone_text);
	owner_print(&owner, text);
	fields = json_pack("{s:s, s:s}", "zone", zone_text, "name", text);
	json_object_set_new(fields, "identity", identity_text(client, &owner));
	told = people_add(client, &owner, fields);
	claimed = claim_find(snap, &owner, &claim);
	json_object_set_new(fields, "claim", claimed ? claim_row(&claim) : json_null());
	stored = records_add(client, &zone, &owner, fields);
	if (!told && !claimed && !stored) {
		json_decref(fields);
		client_fail(client, -MAP_ENOTFOUND, "zone %s: %s: nothing is known of it",
		    zone_text, text);
		return;
	}
	client_answer(client, fields, "zone %s: %s", zone_text, text);
}

/* A walk through the names of a zone that are in either of two tables, in canonical order. */
struct listing {
	struct snapshot *snap;
	struct bytes key[2]; /* of PEOPLE and LEASES: what comes next; p NULL: no more */
};

static const enum table listed[2] = {TABLE_PEOPLE, TABLE_LEASES};

static void
listing_begin(struct listing *l, struct snapshot *snap, struct bytes from)
{
	struct bytes value;

	l->snap = snap;
	for (int i = 0; i < 2; i++)
		if (!snapshot_ceiling(snap, listed[i], from, &l->key[i], &value))
			l->key[i].p = NULL;
}

/* The next name; false: no more that begin so. */
static bool
listing_next(struct listing *l, struct bytes prefix, struct name *out)
{
	struct bytes *a = &l->key[0], *b = &l->key[1], value;
	int order = a->p == NULL ? 1 : b->p == NULL ? -1 : bytes_compare(*a, *b);
	struct bytes at = order <= 0 ? *a : *b;

	if (at.p == NULL || at.n < prefix.n || memcmp(at.p, prefix.p, prefix.n) != 0 ||
	    name_from_key(at, out) != 0)
		return false;
	if (order <= 0 && !snapshot_next(l->snap, listed[0], a, &value))
		a->p = NULL;
	if (order >= 0 && !snapshot_next(l->snap, listed[1], b, &value))
		b->p = NULL;
	return true;
}

static json_t *
list_row(struct client *client, const struct name *owner)
{
	struct snapshot *snap = client->control->snap;
	char text[EID_TEXT], source[ADDRESS_TEXT + 4];
	struct person person = {0};
	struct claim claim;
	json_t *row = json_pack("{s:s}", "name", owner_print(owner, text));

	json_object_set_new(row, "identity", identity_text(client, owner));
	(void)person_find(snap, owner, &person);
	json_object_set_new(
	    row, "enrolled", json_boolean((person.flags & PERSON_ENROLLED) != 0));
	json_object_set_new(row, "banned", json_boolean((person.flags & PERSON_BANNED) != 0));
	if (!claim_find(snap, owner, &claim))
		return row;
	json_object_set_new(row, "since", json_integer((json_int_t)claim.since));
	json_object_set_new(row, "until", seconds_or_null(claim.until));
	json_object_set_new(row, "source", json_string(source_print(claim.source, source)));
	return row;
}

/* Whether a name is the zone's own, and not in another zone below it that is served too. */
static bool
owner_is_in(struct client *client, const struct name *owner, const struct name *apex)
{
	struct snapshot *snap = client->control->snap;
	struct name at = *owner;
	uint8_t key[NAME_KEY];
	struct bytes value;

	while (!name_equal(&at, apex)) {
		if (snapshot_get(snap, TABLE_ZONES,
			(struct bytes){key, zone_meta_key(&at, key)}, &value))
			return false;
		name_parent(&at, 1, &at);
	}
	return true;
}

void
folk_list(struct client *client, const json_t *request)
{
	uint8_t octets[NAME_KEY], first[NAME_KEY];
	char zone_text[NAME_TEXT], text[NAME_TEXT];
	json_t *rows, *fields;
	struct listing listing;
	struct name from, owner;
	struct bytes prefix;
	struct zone zone;
	unsigned looked = 0;
	bool more;

	if (!client_zone(client, &zone))
		return;
	name_print(&zone.apex, zone_text);
	from = zone.apex;
	if (json_object_get(request, "from") != NULL &&
	    !client_name(client, request, "from", &from))
		return;
	if (!name_is_below(&from, &zone.apex)) {
		client_fail(client, -MAP_EUSAGE, "zone %s: %s is not in it", zone_text,
		    name_print(&from, text));
		return;
	}
	prefix = (struct bytes){octets, name_key(&zone.apex, octets)};
	listing_begin(
	    &listing, client->control->snap, (struct bytes){first, name_key(&from, first)});
	rows = json_array();
	while ((more = listing_next(&listing, prefix, &owner)) &&
	       json_array_size(rows) < LIST_PAGE && looked++ < LIST_LOOK)
		if (owner_is_in(client, &owner, &zone.apex))
			json_array_append_new(rows, list_row(client, &owner));
	fields = json_pack("{s:s, s:o}", "zone", zone_text, "identities", rows);
	if (more)
		json_object_set_new(fields, "next", json_string(name_print(&owner, text)));
	client_answer(client, fields, "zone %s: %zu identities%s", zone_text,
	    json_array_size(rows), more ? ", and more" : "");
}

/* Hands a change to the writer that is about an identity alone. */
static void
folk_ask(struct client *client, const json_t *request, struct folk *folk)
{
	struct zone zone;

	if (!client_identity(client, request, &folk->identity, &zone))
		return;
	folk->names = rules_policy(client_rules(client), &zone.apex)->names;
	client_change(client, &(struct job){.kind = JOB_PEOPLE, .folk = folk});
}

void
folk_enroll(struct client *client, const json_t *request)
{
	folk_ask(client, request, &(struct folk){.verb = FOLK_ENROLL});
}

void
folk_unban(struct client *client, const json_t *request)
{
	folk_ask(client, request, &(struct folk){.verb = FOLK_UNBAN});
}

void
folk_release(struct client *client, const json_t *request)
{
	folk_ask(client, request, &(struct folk){.verb = FOLK_RELEASE});
}

void
folk_assign(struct client *client, const json_t *request)
{
	struct folk folk = {.verb = FOLK_ASSIGN};

	if (client_name(client, request, "name", &folk.name))
		folk_ask(client, request, &folk);
}

void
folk_unassign(struct client *client, const json_t *request)
{
	struct folk folk = {.verb = FOLK_UNASSIGN};
	struct zone zone;

	if (client_name(client, request, "name", &folk.name) &&
	    client_zone_of(client, &folk.name, &zone))
		client_change(client, &(struct job){.kind = JOB_PEOPLE, .folk = &folk});
}

void
folk_ban(struct client *client, const json_t *request)
{
	const json_t *given = json_object_get(request, "reason");
	const char *reason = given == NULL ? "" : json_string_value(given);
	struct folk folk = {.verb = FOLK_BAN};

	if (reason == NULL || strlen(reason) >= sizeof folk.why) {
		client_fail(client, -MAP_EUSAGE,
		    "\"reason\" must be a text of at most %zu octets", sizeof folk.why - 1);
		return;
	}
	snprintf(folk.why, sizeof folk.why, "%s", reason);
	folk_ask(client, request, &folk);
}

void
folk_answer(struct client *client, const struct job *job)
{
	const struct folk *folk = job->folk;
	const struct outcome *o = &job->outcome;
	bool records = folk->verb == FOLK_BAN || folk->verb == FOLK_RELEASE;
	const struct name *subject =
	    folk->verb == FOLK_UNASSIGN ? &folk->name : &folk->identity;
	char zone[NAME_TEXT], text[NAME_TEXT];
	json_t *fields = json_pack(
	    "{s:s, s:b}", "zone", name_print(&job->zone, zone), "changed", (int)!o->unchanged);

	if (folk->verb == FOLK_ASSIGN)
		json_object_set_new(
		    fields, "assigned", json_string(name_print(&folk->name, text)));
	json_object_set_new(fields, "name", json_string(name_print(subject, text)));
	if (records) {
		json_object_set_new(fields, "serial", json_integer((json_int_t)o->serial));
		json_object_set_new(fields, "previous", json_integer((json_int_t)o->previous));
	}
	client_answer(client, fields, "zone %s: %s", zone, o->done);
}
