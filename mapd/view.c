/*
 * view.c - one name of an update as policy.c's rules see it.
 * Knows places, and what comes and goes; knows nothing of what is allowed but policy.def's types.
 */
#include "mapd/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/rrtype.h"

static size_t
draft_find(const struct draft *draft, const struct draft_record *record, size_t from)
{
	for (size_t n = 0; n < draft->n; n++) {
		size_t i = (from + n) % draft->n;

		if (draft->records[i].type == record->type &&
		    bytes_equal(draft->records[i].rdata, record->rdata))
			return i;
	}
	return SIZE_MAX;
}

/* What stays is mostly in the same order. */
bool
difference_next(const struct view *v, size_t *at, struct difference *out)
{
	const struct draft *before = v->c->before, *after = v->c->after;

	for (size_t i = (*at)++; i < before->n + after->n; i = (*at)++) {
		bool old = i < before->n;
		const struct draft *other = old ? after : before;
		size_t near = old ? i : i - before->n, found;

		out->record = old ? &before->records[i] : &after->records[i - before->n];
		found = draft_find(other, out->record, near);
		out->removed = old && found == SIZE_MAX;
		out->added = !old && found == SIZE_MAX;
		if (found == SIZE_MAX ||
		    (!old && other->records[found].ttl != out->record->ttl))
			return true;
	}
	return false;
}

bool
difference_has(const struct view *v, uint16_t type)
{
	struct difference d;

	for (size_t at = 0; difference_next(v, &at, &d);)
		if (d.record->type == type)
			return true;
	return false;
}

uint32_t
difference_ttl(const struct view *v)
{
	struct difference d;
	uint32_t ttl = 0;

	for (size_t at = 0; difference_next(v, &at, &d);)
		if (!d.removed && d.record->ttl > ttl)
			ttl = d.record->ttl;
	return ttl;
}

bool
owner_is_wild(const struct view *v)
{
	const struct name *owner = v->c->owner;

	for (size_t at = 0; owner->n - at > v->c->apex->n; at += owner->w[at] + 1u)
		if (owner->w[at] == 1 && owner->w[at + 1] == '*')
			return true;
	return false;
}

/* The next record of a type that the update adds. */
const struct draft_record *
added_next(const struct view *v, uint16_t type, size_t *at)
{
	struct difference d;

	while (difference_next(v, at, &d))
		if (d.added && d.record->type == type)
			return d.record;
	return NULL;
}

size_t
draft_octets(const struct draft *draft)
{
	size_t n = 0;

	for (size_t i = 0; i < draft->n; i++)
		n += draft->records[i].rdata.n;
	return n;
}

bool
key_is_actors(const struct draft_record *record, const struct actor *actor)
{
	return record->type == RR_KEY && record->rdata.n == KEY_HEAD + (size_t)actor->key_n &&
	       record->rdata.p[3] == actor->algorithm &&
	       memcmp(record->rdata.p + KEY_HEAD, actor->key, actor->key_n) == 0;
}

bool
draft_has_key(const struct draft *draft, const struct actor *actor)
{
	for (size_t i = 0; i < draft->n; i++)
		if (key_is_actors(&draft->records[i], actor))
			return true;
	return false;
}

bool
key_is_certified(const struct eid *id, struct bytes rdata)
{
	return rdata.n > KEY_HEAD &&
	       trust_key_check(
		   id, rdata.p[3], (struct bytes){rdata.p + KEY_HEAD, rdata.n - KEY_HEAD}) == 0;
}

/* The next ELOC of a kind that the update adds. */
bool
added_eloc_next(const struct view *v, enum eloc_kind kind, size_t *at, struct eloc *out)
{
	const struct draft_record *record;

	while ((record = added_next(v, RR_ELOC, at)) != NULL)
		if (eloc_read(record->rdata, out) == 0 && out->kind == kind)
			return true;
	return false;
}

static bool
is_own(const struct policy_case *c)
{
	return name_equal(c->owner, &c->actor->name);
}

static enum place
place_find(const struct policy_case *c, bool certain, bool identity)
{
	if (is_own(c) && (certain || (c->enrolled && identity)))
		return PLACE_OWN;
	if (is_own(c) && c->enrolled)
		return PLACE_NAME;
	if (c->assigned != NULL && name_equal(c->assigned, &c->actor->name))
		return eid_is_reverse(c->owner) ? PLACE_REVERSE : PLACE_ASSIGNED;
	if (is_own(c) && !identity && !eid_is_reverse(c->owner) &&
	    c->policy->kind == POLICY_OPEN)
		return PLACE_HOST;
	return PLACE_NONE;
}

struct view
view_of(const struct policy_case *c, uint16_t type, bool content)
{
	struct view v = {.c = c, .type = type, .content = content};
	bool identity = eid_from_owner(c->owner, c->realms, c->n_realms, &v.id) == 0;

	v.certain = identity && eid_is_self_certifying(&v.id);
	if (c->actor->kind == ACTOR_ADMIN)
		return v;
	v.actor_certain = v.certain;
	v.actor_id = v.id;
	if (!is_own(c))
		v.actor_certain =
		    eid_from_owner(&c->actor->name, c->realms, c->n_realms, &v.actor_id) == 0 &&
		    eid_is_self_certifying(&v.actor_id);
	v.place = place_find(c, v.certain, identity);
	return v;
}

bool
place_has_type(enum place place, uint16_t type)
{
	static const struct {
		enum place place;
		uint16_t type;
	} rows[] = {
#define RULE(...)
#define MOST(...)
#define TYPE(place, type) {PLACE_##place, RR_##type},
#include "mapd/policy.def"
#undef TYPE
#undef MOST
#undef RULE
	};

#define NAME_SHORT 100 /* characters of a name in a text */

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].place == place && rows[i].type == type)
			return true;
	return false;
}

bool
names_have(const struct name *names, size_t n, const struct name *name)
{
	while (n > 0 && !name_equal(&names[n - 1], name))
		n--;
	return n > 0;
}

bool
say(char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, POLICY_TEXT, format, args);
	va_end(args);
	return true;
}

const char *
name_short(const struct name *name, char text[NAME_TEXT])
{
	name_print(name, text);
	if (strlen(text) > NAME_SHORT)
		snprintf(text + NAME_SHORT - 3, 4, "...");
	return text;
}
