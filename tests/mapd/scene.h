/*
 * scene.h - one name of a realm on paper: who signs, what was there, what would be; and the rule that decides.
 */
#ifndef TESTS_MAPD_SCENE_H
#define TESTS_MAPD_SCENE_H

#include "core/trust/trust.h"
#include "core/wire/rrtype.h"
#include "mapd/policy.h"

#define RECORDS 40
#define RULES 64
#define NOW 1795651200u /* 2026-11-26 00:00:00 UTC */
#define N(rows) (sizeof(rows) / sizeof(rows)[0])

/* Keys a, b, c are of Ed25519, p is of P-256. */
enum { KEY_A, KEY_B, KEY_C, KEY_P, KEYS };

extern struct scene {
	struct crypto_key *keys[KEYS];
	struct realm realm;
	struct name apex, site;
	struct policy policy;
	struct actor actor;
	struct name owner, assigned;
	struct draft before, after;
	struct policy_case c;
	char text[POLICY_TEXT];
	uint8_t octets[1 << 20]; /* of all RDATA */
	size_t octets_n;
	unsigned decided[RULES]; /* how often, by each row */
} scene;

int scene_setup(void **state);
int scene_teardown(void **state);

/* An open realm, nothing at the name, the one who signs is key b with the name itself. */
void begin(const char *at);
/* The identity of key a at its own name, where its KEY is; the host of key b at its name, where its KEY is. */
void begin_own(void);
void begin_host(void);
void act_as(const struct name *name, unsigned key);
void assign(const struct name *to);

struct name name_of(const char *from);
/* The look-up name of an identity that certifies itself: the HHIT of a key, the key identity of key p. */
struct name name_of_key(unsigned key);
struct bytes rdata_of_key(unsigned key, uint16_t flags);
/* What was written behind the octets that are kept is kept too. */
struct bytes octets_keep(struct wr *wr);
void put(struct draft *draft, uint16_t type, struct bytes rdata);
/* Of types whose content no rule looks at, the text itself. */
void put_text(struct draft *draft, uint16_t type, const char *from);
void put_key(struct draft *draft, unsigned key);

/* The rule that decides, after a look at what holds for every verdict. */
const struct policy_rule *judge(void);
/* The same, with words of what is said. */
void expect(const char *rule, const char *words);

#endif
