/*
 * test_group.c - loads that share a commit when something goes wrong, and a renewal whose commit fails: nothing
 * is said to be done that was not, and keys in memory are those of the database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/group.h"
#include "mapd/renew.h"
#include "mapd/rollover.h"
#include "tests/store/shop.h"

#define DAY 86400u
#define LOADS 3

static bool no_begin; /* writes cannot begin any more */
static unsigned commits; /* so many until one fails; 0: none does */

/* In the place of LMDB's own. */
int
mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
	static int (*begin)(MDB_env *, MDB_txn *, unsigned, MDB_txn **);

	if (begin == NULL)
		*(void **)&begin = dlsym(RTLD_NEXT, "mdb_txn_begin");
	if (no_begin && (flags & MDB_RDONLY) == 0)
		return MDB_CORRUPTED;
	return begin(env, parent, flags, txn);
}

int
mdb_txn_commit(MDB_txn *txn)
{
	static int (*commit)(MDB_txn *);

	if (commit == NULL)
		*(void **)&commit = dlsym(RTLD_NEXT, "mdb_txn_commit");
	if (commits > 0 && --commits == 0) {
		mdb_txn_abort(txn);
		return ENOSPC;
	}
	return commit(txn);
}

static struct group {
	struct group_load loads[LOADS];
	struct name names[LOADS];
	struct outcome outcomes[LOADS];
	uint8_t octets[LOADS][4096];
	size_t n;
} group;

/* One more zone; what is added until the next call, or group_run(), is its records. */
static struct group_load *
group_add(const char *zone, const char *serial)
{
	struct group_load *load = &group.loads[group.n];
	size_t i = group.n++;

	shop_begin(zone);
	shop_add_apex(serial);
	group.names[i] = shop.apex;
	*load = (struct group_load){.zone = &group.names[i], .out = &group.outcomes[i]};
	return load;
}

static void
group_keep(void)
{
	size_t i = group.n - 1;
	struct bytes records = wr_done(&shop.records);

	assert_in_range(records.n, 1, sizeof group.octets[i]);
	memcpy(group.octets[i], records.p, records.n);
	group.loads[i].records = (struct bytes){group.octets[i], records.n};
}

static void
group_begin(void)
{
	group.n = 0;
}

static bool
is_served(const struct name *apex)
{
	struct change *change;
	struct zone zone;
	bool found;

	assert_int_equal(change_begin(shop.store, &change), 0);
	found = work_zone(change, apex, &zone);
	change_abort(change);
	return found;
}

/* After a disk that failed LMDB begins nothing any more: no load was done, and none is said to be. */
static void
test_nothing_begins(void **state)
{
	(void)state;
	group_begin();
	group_add("a.test.", "1");
	group_keep();
	group_add("b.test.", "1");
	group_keep();
	no_begin = true;
	group_load(&shop.work, group.loads, group.n);
	no_begin = false;
	for (size_t i = 0; i < group.n; i++) {
		assert_int_equal(group.loads[i].error, -MAP_EDATABASE);
		assert_true(group.outcomes[i].why[0] != '\0');
		assert_false(is_served(&group.names[i]));
	}
}

/* One commit that fails for all need not fail for each. */
static void
test_commit_fails_once(void **state)
{
	(void)state;
	group_begin();
	group_add("a.test.", "1");
	group_keep();
	group_add("b.test.", "1");
	shop_add("@", 300, "DNSKEY", "257 3 13 AAAA"); /* refused */
	group_keep();
	group_add("c.test.", "1");
	group_keep();
	commits = 3; /* those of the savepoints, then the one of all */
	group_load(&shop.work, group.loads, group.n);
	assert_int_equal(commits, 0);
	assert_int_equal(group.loads[0].error, 0);
	assert_int_equal(group.loads[1].error, -MAP_EFORMAT);
	assert_int_equal(group.loads[2].error, 0);
	assert_true(is_served(&group.names[0]));
	assert_false(is_served(&group.names[1]));
	assert_true(is_served(&group.names[2]));
	shop_close();
	shop_open(); /* the keys of both are on the disk */
}

/* A file that is refused takes nothing from the zone that is served: its roll goes on. */
static void
test_refused_in_a_roll(void **state)
{
	uint64_t now = clock_seconds();
	struct outcome outcome;
	const struct keyset *keys;
	struct name apex;

	(void)state;
	shop_begin("a.test.");
	shop_add_apex("1");
	shop_load_good();
	apex = shop.apex;
	assert_int_equal(rollover_begin(&shop.work, &apex, WHAT_CSK, now, &outcome), 0);
	keys = work_keys_known(&shop.work, &apex);
	assert_non_null(keys);

	shop_add("@", 300, "DNSKEY", "257 3 13 AAAA");
	assert_int_equal(shop_load(), -MAP_EFORMAT);
	assert_ptr_equal(work_keys_known(&shop.work, &apex), keys);

	group_begin();
	group_add("a.test.", "2");
	shop_add("@", 300, "DNSKEY", "257 3 13 AAAA");
	group_keep();
	group_add("b.test.", "1");
	group_keep();
	group_load(&shop.work, group.loads, group.n);
	assert_int_equal(group.loads[0].error, -MAP_EFORMAT);
	assert_int_equal(group.loads[1].error, 0);
	assert_ptr_equal(work_keys_known(&shop.work, &apex), keys);
	assert_int_equal(keys->roll.kind, ROLL_ALL);
}

/* Whether each ELOC is signed beyond until. */
static void
assert_all_renewed(uint64_t until)
{
	struct change *change;
	struct bytes key, value, rdata;
	struct node node;
	struct node_set set;
	struct rrsig sig;
	uint16_t type;
	unsigned n = 0;

	assert_int_equal(change_begin(shop.store, &change), 0);
	for (bool found =
		 change_ceiling(change, TABLE_NODES, (struct bytes){NULL, 0}, &key, &value);
	     found; found = change_next(change, TABLE_NODES, &key, &value)) {
		size_t at = 0;

		assert_int_equal(node_read(value, &node), 0);
		if (!node_find(&node, RR_ELOC, &set))
			continue;
		while (node_set_next(&set, &at, &type, &rdata))
			if (type == RR_RRSIG) {
				assert_int_equal(rrsig_read(rdata, &sig), 0);
				assert_true(serial_after(sig.expiration, (uint32_t)until));
				n++;
			}
	}
	change_abort(change);
	assert_int_equal(n, 3000);
}

/* What a step renewed and could not keep is renewed again. */
static void
test_renewal_not_kept(void **state)
{
	uint64_t now = clock_seconds(), later = now + 2 * DAY;
	struct renew renew = {0};
	unsigned steps = 0, failed = 0;
	char owner[32];

	(void)state;
	shop_begin("a.test.");
	shop_add_apex("1");
	for (int i = 0; i < 3000; i++) {
		snprintf(owner, sizeof owner, "h%04d", i);
		shop_add(owner, 60, "ELOC", "10 10 192.0.2.1");
	}
	shop_load_good();
	while (renew.walking || renew_start(&renew, &shop.work, later)) {
		commits = steps == 1 || steps == 4 ? 1 : 0;
		failed += renew_step(&renew, &shop.work, later) != 0;
		assert_true(++steps < 1000);
	}
	assert_int_equal(failed, 2);
	assert_all_renewed(later + 2 * DAY);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(test_nothing_begins),
	    CASE(test_commit_fails_once),
	    CASE(test_refused_in_a_roll),
	    CASE(test_renewal_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
