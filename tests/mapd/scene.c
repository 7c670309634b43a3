/*
 * scene.c - one name of a realm on paper: who signs, what was there, what would be; and the rule that decides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/mapd/scene.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/zone/zone.h"

static struct draft_record before_records[RECORDS], after_records[RECORDS];
struct scene scene = {
    .before = {before_records, 0, RECORDS}, .after = {after_records, 0, RECORDS}};

struct name
name_of(const char *from)
{
	struct name name;

	assert_int_equal(name_scan(from, strlen(from), &scene.apex, &name), 0);
	return name;
}

/* The look-up name of an identity that certifies itself: the HHIT of key a, the key identity of key p. */
struct name
name_of_key(unsigned key)
{
	struct eid id = {.form = key == KEY_P ? EID_KEY : EID_ADDRESS, .name = scene.apex};
	uint8_t public[64];
	struct name name;

	assert_int_equal(crypto_key_public(scene.keys[key], public), 0);
	if (key == KEY_P) {
		assert_int_equal(
		    trust_digest(CRYPTO_ECDSAP256, (struct bytes){public, 64}, id.digest), 0);
		assert_int_equal(eid_owner_own(&id, &name), 0);
		return name;
	}
	memcpy(id.address, scene.realm.prefix, 8);
	id.address[7] = 5;
	assert_int_equal(trust_hhit(id.address, public, id.address), 0);
	assert_int_equal(
	    eid_owner_below(&id, scene.realm.length, &scene.realm.suffix, &name), 0);
	return name;
}

struct bytes
octets_keep(struct wr *wr)
{
	assert_int_equal(wr->error, 0);
	scene.octets_n += wr->n;
	return wr_done(wr);
}

struct bytes
rdata_of_key(unsigned key, uint16_t flags)
{
	struct wr wr =
	    wr_init(scene.octets + scene.octets_n, sizeof scene.octets - scene.octets_n);
	int algorithm = crypto_key_algorithm(scene.keys[key]);
	uint8_t public[64];

	assert_int_equal(crypto_key_public(scene.keys[key], public), 0);
	wr_u16(&wr, flags);
	wr_u8(&wr, 3);
	wr_u8(&wr, (uint8_t)algorithm);
	wr_copy(&wr, public, crypto_public_size(algorithm));
	return octets_keep(&wr);
}

/* Of types whose content no rule looks at, the text itself. */
static struct bytes
rdata_of(uint16_t type, const char *from)
{
	struct wr wr =
	    wr_init(scene.octets + scene.octets_n, sizeof scene.octets - scene.octets_n);
	const char *why = NULL;

	if (type == RR_ELOC || type == RR_EPID || type == RR_A || type == RR_AAAA) {
		if (zone_scan_rdata(type, from, &scene.apex, &wr, &why) != 0)
			fail_msg("%s: %s", from, why);
	} else {
		wr_copy(&wr, from, strlen(from));
	}
	return octets_keep(&wr);
}

void
put(struct draft *draft, uint16_t type, struct bytes rdata)
{
	assert_true(draft->n < RECORDS);
	draft->records[draft->n++] = (struct draft_record){type, 300, 0, rdata};
}

void
put_text(struct draft *draft, uint16_t type, const char *from)
{
	put(draft, type, rdata_of(type, from));
}

void
put_key(struct draft *draft, unsigned key)
{
	put(draft, RR_KEY, rdata_of_key(key, 512));
}

void
act_as(const struct name *name, unsigned key)
{
	int algorithm = crypto_key_algorithm(scene.keys[key]);

	scene.actor = (struct actor){.kind = ACTOR_KEY,
	    .name = *name,
	    .algorithm = (uint8_t)algorithm,
	    .key_n = (uint8_t)crypto_public_size(algorithm)};
	assert_int_equal(crypto_key_public(scene.keys[key], scene.actor.key), 0);
}

/* An open realm, nothing at the name. */
void
begin(const char *at)
{
	scene.octets_n = 0;
	scene.before.n = scene.after.n = 0;
	scene.owner = name_of(at);
	policy_defaults(&scene.policy, POLICY_OPEN);
	scene.policy.sites = &scene.site;
	scene.policy.n_sites = 1;
	scene.c = (struct policy_case){.policy = &scene.policy,
	    .apex = &scene.apex,
	    .realms = &scene.realm,
	    .n_realms = 1,
	    .actor = &scene.actor,
	    .owner = &scene.owner,
	    .before = &scene.before,
	    .after = &scene.after,
	    .is_new = true,
	    .now = NOW};
	act_as(&scene.owner, KEY_B);
}

/* The identity of key a at its own name, where its KEY is. */
void
begin_own(void)
{
	begin("@.");
	scene.owner = name_of_key(KEY_A);
	act_as(&scene.owner, KEY_A);
	put_key(&scene.before, KEY_A);
	put_key(&scene.after, KEY_A);
	scene.c.is_new = false;
}

/* The host of key b at its name, where its KEY is. */
void
begin_host(void)
{
	begin("host");
	put_key(&scene.before, KEY_B);
	put_key(&scene.after, KEY_B);
	scene.c.is_new = false;
}

void
assign(const struct name *to)
{
	scene.assigned = *to;
	scene.c.assigned = &scene.assigned;
}

/* What holds for every verdict. */
const struct policy_rule *
judge(void)
{
	const struct policy_rule *rule = policy_judge(&scene.c, scene.text);
	size_t i = 0, n = strlen(scene.text);

	while (policy_rule_at(i) != rule)
		assert_non_null(policy_rule_at(i++));
	assert_true(i < RULES);
	scene.decided[i]++;
	assert_true(n > 0 && n < POLICY_TEXT);
	for (size_t k = 0; k < n; k++)
		assert_true(scene.text[k] >= ' ' && scene.text[k] < 0x7f);
	if (rule->allows) {
		assert_int_equal(rule->rcode, RCODE_NOERROR);
		assert_int_equal(rule->ede, EDE_NONE);
	} else {
		assert_true(rule->rcode == RCODE_REFUSED || rule->rcode == RCODE_YXDOMAIN ||
			    rule->rcode == RCODE_BADCOOKIE);
		assert_int_not_equal(rule->ede, EDE_NONE);
	}
	return rule;
}

/* The rule that decides, and words of what is said. */
void
expect(const char *rule, const char *words)
{
	const char *name = judge()->name;

	if (strcmp(name, rule) != 0 || strstr(scene.text, words) == NULL)
		fail_msg(
		    "%s: '%s', where %s: '%s' was expected", name, scene.text, rule, words);
}

int
scene_setup(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(name_from("id.example.org.", &scene.apex), 0);
	assert_int_equal(name_from("site.id.example.org.", &scene.site), 0);
	assert_int_equal(
	    realm_scan("2001:3f:fe00:a00::/56=id.example.org", &scene.realm, &why), 0);
	for (unsigned i = 0; i < KEYS; i++) {
		uint8_t secret[32] = {[0] = 1, [31] = (uint8_t)(i + 1)};

		assert_int_equal(
		    crypto_key_from_private(
			i == KEY_P ? CRYPTO_ECDSAP256 : CRYPTO_ED25519, secret, &scene.keys[i]),
		    0);
	}
	return 0;
}

int
scene_teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEYS; i++)
		crypto_key_free(scene.keys[i]);
	return 0;
}
