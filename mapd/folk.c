/*
 * folk.c - identities enrolled, banned, released, and the names assigned to them.
 * Knows which rows and which records that takes; how records become a signed change of their zone is amend.c's.
 */
#include "mapd/folk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/amend.h"
#include "mapd/backlog.h"
#include "mapd/claim.h"
#include "mapd/draft.h"
#include "mapd/holder.h"

/* A name whose records are taken out. */
struct folk_owner {
	struct name name;
	struct name apex; /* of the zone that it is in; n 0: in none that is served */
	bool done;
};

struct folking {
	struct work *work;
	const struct folk *folk;
	struct outcome *out;
	const struct name *apex; /* of the zone that is changed now */
	uint64_t now;
	bool first; /* that zone is the identity's own */
	unsigned claims, records; /* that were taken away */
	bool rows; /* of tables were changed too */
	struct folk_owner *owners; /* the identity, then the names assigned to it */
	size_t n_owners, max_owners;
};

__attribute__((format(printf, 2, 3))) static void
folk_say(struct outcome *out, const char *format, ...)
{
	size_t n = strlen(out->done);
	va_list args;

	va_start(args, format);
	vsnprintf(out->done + n, sizeof out->done - n, format, args);
	va_end(args);
}

__attribute__((format(printf, 3, 4))) static int
folk_refuse(struct outcome *out, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out->why, sizeof out->why, format, args);
	va_end(args);
	return error;
}

/*
 * The KEY of who is banned stays as long as the ban: he cannot refresh it. Behind that it has its lease once more, which
 * his own update sets anew.
 */
static void
claim_hold(struct folking *f, struct change *change, bool banned)
{
	struct claim claim;
	uint64_t until;

	if (!claim_get(change, &f->folk->identity, &claim))
		return;
	until = banned || claim.key_lease == 0 ? 0 : f->now + claim.key_lease;
	if (claim.key_until == until)
		return;
	claim.key_until = until;
	claim_put(change, f->apex, &f->folk->identity, &claim);
	f->rows = true;
}

static void
enroll_rows(struct folking *f, struct change *change)
{
	struct person person = {0};
	bool there = person_get(change, &f->folk->identity, &person);

	f->out->unchanged = there && (person.flags & PERSON_ENROLLED) != 0;
	folk_say(f->out, f->out->unchanged ? "enrolled already" : "enrolled");
	if (there && (person.flags & PERSON_BANNED) != 0)
		folk_say(f->out, "; it is banned");
	if (f->out->unchanged)
		return;
	person.flags |= PERSON_ENROLLED;
	person.enrolled = f->now;
	person_put(change, &f->folk->identity, &person);
}

static void
unban_rows(struct folking *f, struct change *change)
{
	struct person person = {0};

	f->out->unchanged = !person_get(change, &f->folk->identity, &person) ||
			    (person.flags & PERSON_BANNED) == 0;
	folk_say(f->out, f->out->unchanged ? "was not banned" : "may register again");
	if (f->out->unchanged)
		return;
	person.flags &= (uint8_t)~PERSON_BANNED;
	person.banned = 0;
	person.why[0] = '\0';
	person_put(change, &f->folk->identity, &person);
	claim_hold(f, change, false);
}

static void
ban_rows(struct folking *f, struct change *change)
{
	struct person person = {0};
	bool banned = person_get(change, &f->folk->identity, &person) &&
		      (person.flags & PERSON_BANNED) != 0;

	folk_say(f->out, banned ? "banned already" : "banned");
	if (!banned)
		person.banned = f->now;
	person.flags |= PERSON_BANNED;
	if (!banned || f->folk->why[0] != '\0')
		snprintf(person.why, sizeof person.why, "%s", f->folk->why);
	person_put(change, &f->folk->identity, &person);
	f->rows |= !banned || f->folk->why[0] != '\0';
	claim_hold(f, change, true);
}

static int
assign_rows(struct folking *f, struct change *change)
{
	const struct folk *folk = f->folk;
	char name[NAME_TEXT], other[NAME_TEXT];
	struct name there;
	struct zone zone;
	int rc;

	name_print(&folk->name, name);
	if (!work_zone_of(change, &folk->name, &zone))
		return folk_refuse(
		    f->out, -MAP_ENOTFOUND, "%s: in no zone that is served here", name);
	if (assigned_get(change, &folk->name, &there) && !name_equal(&there, &folk->identity))
		return folk_refuse(f->out, -MAP_EEXIST, "%s: assigned to %s already", name,
		    name_print(&there, other));
	f->out->unchanged = assigned_get(change, &folk->name, &there);
	if (!f->out->unchanged && folk->names != 0 &&
	    assigned_count(change, &folk->identity) >= folk->names)
		return folk_refuse(f->out, -MAP_ELIMIT,
		    "%s: it has %u names, which is as many as the zone's policy allows", name,
		    folk->names);
	folk_say(f->out, "%.*s %s", OUTCOME_DONE / 2, name,
	    f->out->unchanged ? "is its already" : "assigned to it");
	if (f->out->unchanged)
		return 0;
	rc = assigned_put(change, &folk->name, &folk->identity);
	return rc != 0 ? rc : backlog_put_assigned(change, &folk->name, &folk->identity);
}

/* What is stored at a name of the zone, into an empty draft that the caller frees. */
static int
stored_read(struct change *change, const struct zone *zone, const struct name *name,
    struct draft *draft)
{
	uint8_t key[NODE_KEY];
	struct bytes value = {NULL, 0};

	(void)change_get(
	    change, TABLE_NODES, (struct bytes){key, node_key(zone->id, name, key)}, &value);
	return draft_read(draft, value);
}

/* Of a name where no KEY is: who had it was whom it was assigned to. */
static bool
is_keyless(struct change *change, const struct name *name, struct zone *zone)
{
	struct draft draft = {0};
	bool none = work_zone_of(change, name, zone) &&
		    stored_read(change, zone, name, &draft) == 0 && !draft_has(&draft, RR_KEY);

	draft_fini(&draft);
	return none;
}

static int
unassign_rows(struct folking *f, struct change *change)
{
	const struct name *name = &f->folk->name;
	char text[NAME_TEXT];
	struct name there;
	struct zone zone;

	if (!assigned_get(change, name, &there))
		return folk_refuse(f->out, -MAP_ENOTFOUND, "%s: assigned to no identity",
		    name_print(name, text));
	assigned_remove(change, name);
	if (is_keyless(change, name, &zone)) /* or its lease would end what is put there next */
		claim_remove(change, &zone.apex, name);
	folk_say(f->out, "taken back from %.*s", OUTCOME_DONE / 2, name_print(&there, text));
	return 0;
}

/* What takes rows and no records. */
static int
folk_rows(struct folking *f)
{
	struct change *change;
	int rc = change_begin(f->work->store, &change);

	if (rc != 0)
		return rc;
	if (f->folk->verb == FOLK_ENROLL)
		enroll_rows(f, change);
	else if (f->folk->verb == FOLK_UNBAN)
		unban_rows(f, change);
	else if (f->folk->verb == FOLK_ASSIGN)
		rc = assign_rows(f, change);
	else
		rc = unassign_rows(f, change);
	if (rc != 0)
		change_abort(change);
	else
		rc = change_commit(change);
	return rc;
}

static int
owner_add(struct folking *f, struct change *change, const struct name *name)
{
	struct folk_owner *owner;
	struct zone zone;

	if (f->n_owners == f->max_owners) {
		size_t max = f->max_owners * 2 + 8;
		struct folk_owner *more = realloc(f->owners, max * sizeof *more);

		if (more == NULL)
			return -MAP_ENOMEM;
		f->owners = more;
		f->max_owners = max;
	}
	owner = &f->owners[f->n_owners++];
	*owner = (struct folk_owner){.name = *name};
	if (work_zone_of(change, name, &zone))
		owner->apex = zone.apex;
	return 0;
}

static int
owners_find(struct folking *f)
{
	struct name at = {0};
	struct change *change;
	int rc = change_begin(f->work->store, &change);

	if (rc != 0)
		return rc;
	rc = owner_add(f, change, &f->folk->identity);
	while (rc == 0 && assigned_next(change, &f->folk->identity, &at))
		rc = owner_add(f, change, &at);
	if (rc == 0)
		rc = change_error(change);
	if (rc == 0 && (f->owners[0].apex.n == 0 || !name_equal(&f->owners[0].apex, f->apex)))
		rc = folk_refuse(f->out, -MAP_ENOTFOUND, "not served here");
	change_abort(change);
	return rc;
}

/* What is taken out: of the identity's own name, and of those assigned to it. host: addresses there are its own. */
static bool
type_goes(const struct folking *f, const struct folk_owner *owner, uint16_t type, bool host)
{
	bool own = owner == f->owners, release = f->folk->verb == FOLK_RELEASE;

	switch (type) {
	case RR_EPID:
		return true;
	case RR_ELOC:
		return own;
	case RR_KEY:
		return own && release;
	case RR_PTR: /* of a reverse name */
		return !own;
	case RR_A:
	case RR_AAAA:
		return !own || release || host;
	}
	return false;
}

/* The lines that take out what goes of one name. */
static int
owner_lines(struct folking *f, struct change *change, const struct zone *zone,
    const struct folk_owner *owner, struct lines *lines)
{
	struct draft draft = {0};
	struct line line = {.verb = LINE_UNSET, .owner = owner->name};
	struct holder holder;
	bool host;
	int rc = stored_read(change, zone, &owner->name, &draft);

	/* by the KEY that is there; without one they are the zone's, as they are where no key may change them */
	holder = holder_of(change, f->work->rules, &owner->name, &draft);
	host = draft_has(&draft, RR_KEY) && holder_has_type(&holder, RR_A);
	for (size_t i = 0; i < draft.n && rc == 0; i++) {
		/* the records of a set are side by side */
		bool begun = i > 0 && draft.records[i - 1].type == draft.records[i].type;

		if (!type_goes(f, owner, draft.records[i].type, host))
			continue;
		f->records++;
		line.type = draft.records[i].type;
		line.number = lines->count + 1;
		if (!begun)
			rc = lines_add(lines, &line);
	}
	draft_fini(&draft);
	return rc;
}

/* The same of all names in a zone; they are done with it. */
static int
zone_lines(struct folking *f, struct lines *lines)
{
	struct change *change;
	struct zone zone;
	int rc = change_begin(f->work->store, &change);

	if (rc != 0)
		return rc;
	if (!work_zone(change, f->apex, &zone))
		rc = -MAP_ENOTFOUND;
	for (size_t i = 0; i < f->n_owners && rc == 0; i++)
		if (!f->owners[i].done && name_equal(&f->owners[i].apex, f->apex))
			rc = owner_lines(f, change, &zone, &f->owners[i], lines);
	if (rc == 0)
		rc = change_error(change);
	change_abort(change);
	return rc;
}

/* The name is given up. A KEY of another one, which stays, keeps the claim for its own lease. */
static void
release_row(
    struct folking *f, struct change *change, const struct name *name, struct claim *claim)
{
	struct zone zone;

	if (name_equal(name, &f->folk->identity) || is_keyless(change, name, &zone)) {
		claim_remove(change, f->apex, name);
		return;
	}
	claim->until = claim->lease = 0;
	claim_put(change, f->apex, name, claim);
}

/* The rows that go with a zone's records, in its change. */
static int
zone_rows(void *arg, struct change *change)
{
	struct folking *f = arg;
	struct claim claim;

	if (f->first && f->folk->verb == FOLK_BAN)
		ban_rows(f, change);
	for (size_t i = 0; i < f->n_owners && f->folk->verb == FOLK_RELEASE; i++)
		if (name_equal(&f->owners[i].apex, f->apex) &&
		    claim_get(change, &f->owners[i].name, &claim)) {
			release_row(f, change, &f->owners[i].name, &claim);
			f->claims++;
			f->rows = true;
		}
	/* nothing at all: the change is not made */
	if (f->first && f->folk->verb == FOLK_RELEASE && f->n_owners == 1 &&
	    f->claims + f->records == 0)
		return -MAP_ENOTFOUND;
	return change_error(change);
}

static int
zone_run(struct folking *f, struct outcome *out)
{
	struct lines lines = {0};
	struct amend amend = {
	    .lines = &lines, .label = "identity", .beside = zone_rows, .beside_arg = f};
	int rc;

	f->records = f->claims = 0;
	rc = zone_lines(f, &lines);
	if (rc == 0)
		rc = amend_change(f->work, f->apex, &amend, out);
	lines_fini(&lines);
	return rc;
}

/* "2 records taken out, serial 7 -> 8" */
static void
zone_say(struct folking *f, const struct outcome *out)
{
	char text[NAME_TEXT];

	if (!f->first)
		folk_say(f->out, "; zone %.128s", name_print(f->apex, text));
	if (f->folk->verb == FOLK_RELEASE && f->first)
		folk_say(f->out, "released");
	if (out->unchanged)
		folk_say(f->out, "; no records of it were there, serial %u", out->serial);
	else
		folk_say(f->out, "%s %u records taken out, serial %u -> %u",
		    f->first ? ";" : ":", f->records, out->previous, out->serial);
}

/* Zone after zone: the identity's own first. */
static int
folk_records(struct folking *f)
{
	struct outcome *other = calloc(1, sizeof *other);
	int rc = other == NULL ? -MAP_ENOMEM : owners_find(f);

	for (size_t i = 0; i < f->n_owners && rc == 0; i++) {
		struct folk_owner *owner = &f->owners[i];

		if (owner->done || owner->apex.n == 0)
			continue;
		f->apex = &owner->apex;
		f->first = i == 0;
		/* what was said of the first is kept */
		rc = zone_run(f, f->first ? f->out : other);
		if (rc == 0 && (f->first || !other->unchanged))
			zone_say(f, f->first ? f->out : other);
		else if (rc != 0 && !f->first)
			rc = folk_refuse(f->out, rc, "%s: %.512s",
			    "done in its own zone, but not of all names assigned to it",
			    other->why[0] != '\0' ? other->why : error_text(rc));
		for (size_t k = i; k < f->n_owners; k++)
			f->owners[k].done |= name_equal(&f->owners[k].apex, &owner->apex);
	}
	if (rc == -MAP_ENOTFOUND && f->first && f->folk->verb == FOLK_RELEASE)
		(void)folk_refuse(f->out, rc, "nothing is registered there");
	if (rc == 0 && f->rows)
		f->out->unchanged = false;
	free(other);
	return rc;
}

/* Of whom it is said. */
static void
folk_name(const struct folk *folk, struct outcome *out)
{
	const struct name *of = folk->verb == FOLK_UNASSIGN ? &folk->name : &folk->identity;
	char text[NAME_TEXT], done[OUTCOME_DONE];

	snprintf(done, sizeof done, "%s", out->done);
	snprintf(out->done, sizeof out->done, "%.200s: %.300s", name_print(of, text), done);
}

int
folk_run(
    struct work *work, const struct name *apex, const struct folk *folk, struct outcome *out)
{
	struct folking f = {.work = work,
	    .folk = folk,
	    .out = out,
	    .apex = apex,
	    .now = clock_seconds(),
	    .first = true};
	int rc;

	memset(out, 0, sizeof *out);
	out->refused = PLAN_NONE;
	if (folk->verb == FOLK_BAN || folk->verb == FOLK_RELEASE)
		rc = folk_records(&f);
	else
		rc = folk_rows(&f);
	if (rc == 0)
		folk_name(folk, out);
	else if (out->why[0] == '\0')
		snprintf(out->why, sizeof out->why, "%s", error_text(rc));
	free(f.owners);
	return rc;
}
