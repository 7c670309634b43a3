/*
 * world.h - zones loaded from files, signed, and served in memory: what the tests of answers ask.
 */
#ifndef TESTS_MAPD_WORLD_H
#define TESTS_MAPD_WORLD_H

#include "core/wire/message.h"
#include "mapd/rules.h"
#include "mapd/serve.h"

struct world;

/* A database of its own in a temporary directory, removed by world_free(). NULL after a message. */
struct world *world_new(void);
/* The same with example.test. of tests/cases/basic.zone, by NSEC3. */
struct world *world_basic(void);
void world_free(struct world *world);
/* Loads a zone file, or what it has become; denial as enum zone_denial, or 0. False after a message on standard error. */
bool world_load(struct world *world, const char *apex, const char *path, uint8_t denial);
bool world_small(struct world *world, const char *apex); /* the same for a zone of an apex and its server */
/* The prefix of identities that are looked up below a zone. */
bool world_prefix(struct world *world, const char *apex, const char *prefix, uint8_t length);
/* The configuration has a zone, which is not loaded. */
bool world_configure(struct world *world, const char *apex);
/* What the configuration has the server say of itself; "": nothing. */
void world_say(struct world *world, const char *version, const char *identity);

/* Serves one message; out has room for SERVE_TCP_MAX octets. */
size_t world_ask(
    struct world *world, enum transport transport, struct bytes wire, uint8_t *out);
/* The same while the database cannot be read. */
size_t world_ask_without_database(struct world *world, struct bytes wire, uint8_t *out);
/* From now on it takes updates, as these say; NULL: none. Borrowed. */
void world_updates(struct world *world, const struct updates *updates);
/* Whose updates a zone takes; the rules as they are then, borrowed until another zone comes. */
bool world_policy(struct world *world, const char *apex, enum policy_kind kind);
struct rules *world_rules(struct world *world);
/* Where the next asker's address is, 4 octets. */
void world_from(struct world *world, const uint8_t address[4]);
struct store *world_store(struct world *world); /* for workers; freed before the world */
uint64_t world_count(const struct world *world, enum stat stat);

#endif
