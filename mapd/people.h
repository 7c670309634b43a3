/*
 * people.h - what an operator says of identities: enrolled, banned, and the names assigned to them.
 *
 * TABLE_PEOPLE:   ordered key of the identity's look-up name -> u8 version | u8 flags | u64 enrolled |
 *                 u64 banned | u16 length, why it was banned
 * TABLE_ASSIGNED: 'n' ordered key of a name -> u8 version | the identity's look-up name in wire form
 *                 'i' look-up name, name, both in wire form, lower case -> u8 version
 */
#ifndef MAPD_PEOPLE_H
#define MAPD_PEOPLE_H

#include "core/wire/name.h"
#include "mapd/store.h"

#define PERSON_ENROLLED 0x01
#define PERSON_BANNED 0x02
#define PERSON_WHY 200

struct person {
	uint8_t flags;
	uint64_t enrolled, banned; /* seconds since 1970 */
	char why[PERSON_WHY];
};

bool person_get(struct change *change, const struct name *identity, struct person *out) NONNULL;
bool person_find(struct snapshot *snap, const struct name *identity, struct person *out) NONNULL;
/* flags 0 removes the row. */
void person_put(
    struct change *change, const struct name *identity, const struct person *person) NONNULL;

/* The identity that name is assigned to; false: to none. */
bool assigned_get(struct change *change, const struct name *name, struct name *identity) NONNULL;
bool assigned_find(struct snapshot *snap, const struct name *name, struct name *identity) NONNULL;
/* -MAP_EEXIST: to another one already. */
int assigned_put(struct change *change, const struct name *name, const struct name *identity) NONNULL;
void assigned_remove(struct change *change, const struct name *name) NONNULL;
/* The names assigned to identity in turn: *at empty (n 0) at first. False at the end. */
bool assigned_next(struct change *change, const struct name *identity, struct name *at) NONNULL;
bool assigned_find_next(
    struct snapshot *snap, const struct name *identity, struct name *at) NONNULL;
/* All names that are assigned, with their identities, in the same way. */
bool assigned_each(struct change *change, struct name *at, struct name *identity) NONNULL;
size_t assigned_count(struct change *change, const struct name *identity) NONNULL;

#endif
