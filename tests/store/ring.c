/*
 * ring.c - what tests of rolls do and look at: steps, time that passes, rows, files and signatures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/journal.h"
#include "mapd/renew.h"
#include "mapd/rollover.h"
#include "tests/store/ring.h"

static const struct bytes no_text;

uint64_t
now(void)
{
	return clock_seconds();
}

void
configure(uint8_t algorithm, bool split)
{
	shop.rule.apex = shop.apex;
	shop.rule.algorithm = algorithm;
	shop.rule.split = split;
	shop.rules.n_zones = 1;
}

void
begin_zone(void)
{
	shop.rules.journal = 1 << 20;
	shop_begin("zone.test.");
	shop_add_apex("7");
	shop_add("a", 300, "A", "192.0.2.1");
}

struct keyset *
keys(void)
{
	struct keyset *set = work_keys_known(&shop.work, &shop.apex);

	assert_non_null(set);
	return set;
}

size_t
count_side(enum key_side side, uint8_t role)
{
	size_t n = 0;

	for (size_t i = 0; i < keys()->n; i++)
		n += keys()->keys[i].key.side == side && keys()->keys[i].key.role == role;
	return n;
}

size_t
count_files(const char *suffix)
{
	DIR *dir = opendir(shop.keys);
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		size_t k = strlen(entry->d_name);

		n += k > strlen(suffix) &&
		     strcmp(entry->d_name + k - strlen(suffix), suffix) == 0;
	}
	closedir(dir);
	return n;
}

void
expect(int rc, int wanted, const char *words)
{
	const char *said = wanted == 0 ? shop.outcome.done : shop.outcome.why;

	if (rc != wanted || strstr(said, words) == NULL)
		fail_msg("%d (%s), expected %d with \"%s\"", rc, said, wanted, words);
}

int
gain(uint8_t algorithm, uint8_t role)
{
	return rollover_gain(
	    &shop.work, &shop.apex, algorithm, role, no_text, now(), &shop.outcome);
}

int
roll(enum roll_what what)
{
	return rollover_begin(&shop.work, &shop.apex, what, now(), &shop.outcome);
}

int
next(void)
{
	return rollover_next(&shop.work, &shop.apex, now(), &shop.outcome);
}

/* The roll is so much older than it was. */
void
age(uint64_t seconds)
{
	struct roll *roll = &keys()->roll;
	struct change *change;

	roll->since -= seconds;
	roll->walked -= roll->walked > 0 ? seconds : 0;
	roll->seen -= roll->seen > 0 ? seconds : 0;
	assert_int_equal(change_begin(shop.store, &change), 0);
	keyset_put_roll(change, keys());
	assert_int_equal(change_commit(change), 0);
}

/* All that a roll wants signed, as the writer does it between two jobs. */
void
walk(void)
{
	struct renew renew;

	shop.work.rolling = true;
	while (renew_start(&renew, &shop.work, now()))
		while (renew.walking)
			assert_int_equal(renew_step(&renew, &shop.work, now()), 0);
}

/* How many signatures the set of type at name has. */
unsigned
signatures(const char *name_text, uint16_t type)
{
	struct zone zone = shop_zone();
	struct change *change;
	struct node node;
	struct node_set set = {0};
	struct name name;
	struct bytes value;
	uint8_t k[NODE_KEY];

	assert_int_equal(name_scan(name_text, strlen(name_text), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(change_get(
	    change, TABLE_NODES, (struct bytes){k, node_key(zone.id, &name, k)}, &value));
	assert_int_equal(node_read(value, &node), 0);
	assert_true(node_find(&node, type, &set));
	change_abort(change);
	return set.signatures;
}

/* What a secondary gets leads to the zone as it is. */
void
journal_is_whole(void)
{
	struct zone zone = shop_zone();
	struct journal_head head;
	struct difference difference;
	struct change *change;
	struct bytes value;
	uint8_t k[JOURNAL_KEY];
	uint32_t n = 0, serial;

	put_u32(k, zone.id);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(change_get(change, TABLE_JOURNAL, (struct bytes){k, 4}, &value));
	assert_int_equal(journal_head_read(value, &head), 0);
	assert_int_equal(head.last, zone.serial);
	for (serial = head.first; serial != head.last; serial = difference.to, n++) {
		struct bytes key = {k, journal_key(zone.id, serial, k)};

		assert_true(change_get(change, TABLE_JOURNAL, key, &value));
		assert_int_equal(difference_read(value, &difference), 0);
	}
	assert_int_equal(n, head.n);
	change_abort(change);
}
