/*
 * view.h - one name of an update as policy.c's rules see it: where it stands to who signed, what comes and goes.
 */
#ifndef MAPD_VIEW_H
#define MAPD_VIEW_H

#include "core/wire/mapping.h"
#include "mapd/policy.h"

#define KEY_HEAD 4 /* octets of a KEY before the key: flags, protocol, algorithm */

/* Where the owner stands to the actor: see policy.def. */
enum place { PLACE_NONE, PLACE_OWN, PLACE_NAME, PLACE_HOST, PLACE_ASSIGNED, PLACE_REVERSE };

struct view {
	const struct policy_case *c;
	enum place place;
	uint16_t type; /* without content: 0 is all */
	bool content;
	/* the owner, and the actor's name, are look-up names of identities that certify themselves: */
	bool certain, actor_certain;
	struct eid id, actor_id;
};

struct view view_of(const struct policy_case *c, uint16_t type, bool content) NONNULL;
/* What may be changed there. */
bool place_has_type(enum place place, uint16_t type);

/* What the update changes, record by record: *at 0 at first. False at the end. */
struct difference {
	const struct draft_record *record;
	bool added, removed; /* neither: another TTL */
};
bool difference_next(const struct view *v, size_t *at, struct difference *out) NONNULL;
bool difference_has(const struct view *v, uint16_t type) NONNULL;
uint32_t difference_ttl(const struct view *v) NONNULL; /* the longest that comes, seconds; 0: none comes */
bool owner_is_wild(const struct view *v) NONNULL; /* a wildcard, or below one of the zone */
/* The next record of a type that is added, or NULL; the next ELOC of a kind. */
const struct draft_record *added_next(const struct view *v, uint16_t type, size_t *at) NONNULL;
bool added_eloc_next(const struct view *v, enum eloc_kind kind, size_t *at, struct eloc *out) NONNULL;

size_t draft_octets(const struct draft *draft) NONNULL; /* of RDATA */
bool key_is_actors(const struct draft_record *record, const struct actor *actor) NONNULL;
/* The KEY is the one that the identity certifies. */
bool key_is_certified(const struct eid *id, struct bytes rdata) NONNULL;

/* Whether one of names is that. */
bool names_have(const struct name *names, size_t n, const struct name *name);

/* Puts the words into text, for a rule that forbids: always true. */
__attribute__((format(printf, 2, 3))) bool say(char *text, const char *format, ...);
/* A name for such words, cut when it is long. */
const char *name_short(const struct name *name, char text[NAME_TEXT]);

/* The rules of policy.def: whether each is the one that decides. Who may is policy.c's, what may be content.c's. */
#define RULE(function, ...) bool rule_##function(const struct view *v, char *text);
#define TYPE(...)
#define MOST(...)
#include "mapd/policy.def"
#undef MOST
#undef TYPE
#undef RULE

#endif
