/*
 * shop.h - a database of its own, and zones put together record by record, right or wrong.
 */
#ifndef TESTS_STORE_SHOP_H
#define TESTS_STORE_SHOP_H

#include "core/wire/cursor.h"
#include "mapd/work.h"

extern struct shop {
	char directory[64];
	char keys[80];
	char why[2048];
	struct store *store;
	struct work work;
	struct zone_rule rule; /* not one of rules until a test says so */
	struct realm realm;
	struct rules rules;
	uint8_t octets[1 << 23];
	struct wr records; /* over octets */
	struct name apex;
	struct outcome outcome;
} shop;

/* For each test. */
int shop_setup(void **state);
int shop_teardown(void **state);
void shop_open(void);
void shop_close(void);

/* Begins a zone; records are added in the order they are to have. */
void shop_begin(const char *zone);
void shop_add_rdata(const char *owner, uint32_t ttl, uint16_t type, struct bytes rdata);
void shop_add(const char *owner, uint32_t ttl, const char *type, const char *text);
void shop_add_apex(const char *serial); /* NS and SOA */

/* Loads what was added; shop.outcome says what came of it. */
int shop_load(void);
void shop_load_good(void);
/* The zone as it is stored. */
uint64_t shop_claims(void); /* of the zone, which count for its quota */
struct zone shop_zone(void);

#endif
