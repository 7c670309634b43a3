/*
 * realm.c - an open realm, two keys, and updates of theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapd/claim.h"
#include "mapd/expiry.h"
#include "mapd/people.h"
#include "mapd/prove.h"
#include "mapd/replay.h"

struct crypto_key *mine, *other;
static uint8_t my_public[64], other_public[64];

void
open_realm(uint8_t denial)
{
	static const uint8_t secret[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba,
	    0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69,
	    0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
	static const uint8_t second[32] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d,
	    0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6,
	    0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
	static const uint8_t prefix[16] = {0x20, 0x01, 0x00, 0x3f, 0xfe, 0x00, 0x0a};

	if (mine == NULL) {
		assert_int_equal(crypto_key_from_private(15, secret, &mine), 0);
		assert_int_equal(crypto_key_from_private(15, second, &other), 0);
		assert_int_equal(crypto_key_public(mine, my_public), 0);
		assert_int_equal(crypto_key_public(other, other_public), 0);
	}
	shop_begin("zone.test.");
	shop.rule = (struct zone_rule){.apex = shop.apex, .denial = denial};
	policy_defaults(&shop.rule.policy, POLICY_OPEN);
	shop.rule.policy.verify_locators = false;
	shop.rule.policy.private_locators = true;
	shop.realm = (struct realm){.length = 56, .suffix = shop.apex};
	memcpy(shop.realm.prefix, prefix, 16);
	shop.rules.n_zones = 1;
	shop.rules.realms = &shop.realm;
	shop.rules.n_realms = 1;
	shop.rules.journal = 1 << 22;
	shop_add_apex("1");
	shop_load_good();
}

struct proposal *
my_update(const char *name)
{
	struct proposal *p = petition_new();

	petition_sign(p, name, 15, my_public, 32);
	claim_source((struct bytes){(const uint8_t *)"\300\0\2\1", 4}, p->source);
	p->shown = true;
	return p;
}

struct proposal *
others_update(const char *name)
{
	struct proposal *p = petition_new();

	petition_sign(p, name, 15, other_public, 32);
	return p;
}

void
ask_lease(struct proposal *p, uint32_t lease, uint32_t key_lease)
{
	p->update.lease = (struct lease_option){true, true, lease, key_lease};
}

void
answers(struct proposal *p, unsigned rcode, const char *words)
{
	petitions_run();
	if (p->verdict.rcode != rcode || strstr(p->verdict.text, words) == NULL)
		fail_msg("RCODE %u: %s", p->verdict.rcode, p->verdict.text);
	petitions_free();
}

/* The set of a type at a name, without its octets; no records: there is none. */
static struct node_set
set_at(const char *owner, const char *type)
{
	uint8_t octets[NODE_KEY];
	struct node_set set = {0};
	struct node node;
	struct change *change;
	struct bytes value;
	struct name name;
	uint32_t id = shop_zone().id;

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	if (change_get(change, TABLE_NODES, (struct bytes){octets, node_key(id, &name, octets)},
		&value) &&
	    node_read(value, &node) == 0 &&
	    node_find(&node, (uint16_t)rrtype_scan(type, strlen(type)), &set))
		assert_true(set.signatures > 0);
	else
		set = (struct node_set){0};
	change_abort(change);
	return set;
}

unsigned
count(const char *owner, const char *type)
{
	return set_at(owner, type).records;
}

uint32_t
ttl_at(const char *owner, const char *type)
{
	return set_at(owner, type).ttl;
}

bool
claim_of(const char *owner, struct claim *out)
{
	struct change *change;
	struct name name;
	bool found;

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	found = claim_get(change, &name, out);
	change_abort(change);
	return found;
}

void
claim_age(const char *owner, uint64_t seconds)
{
	struct change *change;
	struct claim claim;
	struct name name;

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(claim_get(change, &name, &claim));
	if (claim.until > 0)
		claim.until -= seconds + 1;
	if (claim.key_until > 0)
		claim.key_until -= seconds + 1;
	claim_put(change, &shop.apex, &name, &claim);
	assert_int_equal(change_commit(change), 0);
}

void
register_me(void)
{
	struct proposal *p = my_update(ME);

	petition_item(p, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
	answers(p, RCODE_NOERROR, "");
}

void
register_printer(struct proposal *p, const char *key)
{
	char text[64];

	snprintf(text, sizeof text, "0 3 15 %s", key);
	petition_item(p, UPDATE_DELETE_NAME, "printer", 0, NULL, NULL);
	petition_item(p, UPDATE_ADD, "printer", 300, "KEY", text);
	petition_item(p, UPDATE_ADD, "printer", 300, "A", "192.0.2.1");
	ask_lease(p, 3600, 86400);
	answers(p, RCODE_NOERROR, "");
}

void
close_realm(void)
{
	crypto_key_free(mine);
	crypto_key_free(other);
	mine = other = NULL;
}
