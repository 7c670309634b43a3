/*
 * realm.h - an open realm in a zone of shop.h, two keys, and updates of theirs.
 */
#ifndef TESTS_STORE_REALM_H
#define TESTS_STORE_REALM_H

#include "mapd/claim.h"
#include "tests/store/petition.h"

/* RFC 8032 test 1; the zone's prefix is 2001:3f:fe00:a00::/56. */
#define ME "05e437dbb22e81cb3e"
#define MY_KEY "512 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define OTHER_KEY "512 3 15 PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="

extern struct crypto_key *mine, *other;

void open_realm(uint8_t denial);
void close_realm(void);
struct proposal *my_update(const char *name);
struct proposal *others_update(const char *name);
void ask_lease(struct proposal *p, uint32_t lease, uint32_t key_lease);
/* All that wait, of which this one is looked at: its RCODE, and words of its text. */
void answers(struct proposal *p, unsigned rcode, const char *words);
/* How many records of a type are at a name. */
unsigned count(const char *owner, const char *type);
uint32_t ttl_at(const char *owner, const char *type); /* of that set; 0: there is none */
bool claim_of(const char *owner, struct claim *out);
/* Its leases began so many seconds ago, and a moment. */
void claim_age(const char *owner, uint64_t seconds);
void register_me(void);
/* RFC 9665: a printer, whose addresses become its locators; p is of who has the public key (base64). */
void register_printer(struct proposal *p, const char *key);

#endif
