/*
 * test_managed.c - what a session needs: acts that follow from its paths, both ends' addresses, and which pairs are dead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/resolverd/acts.h"

/* Each of ours to where the peer is known to be; an announced address counts when it has come. */
static void
test_join_unmapped(void **state)
{
	struct managed_address heard = {.id = 3};

	(void)state;
	assert_string_equal(acts_are(), "join b-c");
	assert_int_equal(acts[0].path.remote_port, 7000);
	assert_int_not_equal(acts[0].path.local_id, 0);
	assert_true(managed_put(&m, &acts[0].path, false, world.now));
	assert_string_equal(acts_are(), "");
	address(heard.address, D);
	managed_heard(&m, &heard);
	assert_string_equal(acts_are(), "join b-d, join a-d");
	assert_int_equal(acts[0].path.remote_id, 3);
	heard.id = 4;
	managed_heard(&m, &heard);
	heard.id = 5;
	address(heard.address, C);
	managed_heard(&m, &heard);
	assert_string_equal(acts_are(), "join b-d, join a-d"); /* each once */
	for (uint8_t id = 3; id <= 5; id++)
		managed_withdrawn(&m, id);
	assert_string_equal(acts_are(), "");
}

/* The mapping's pairs and no others, also to where the peer announced nothing, and spared where it says so. */
static void
test_join_mapped(void **state)
{
	(void)state;
	map(B, D, false);
	map(B, C, true);
	assert_string_equal(acts_are(), "join b-d, join b-c");
	assert_false(acts[0].path.backup);
	assert_true(acts[1].path.backup);
	assert_int_equal(acts[0].path.local_id, acts[1].path.local_id);
}

/* A path that stands is asked to be spared, and no more, when the mapping says so. */
static void
test_backup(void **state)
{
	(void)state;
	map(A, C, true);
	assert_string_equal(acts_are(), "backup a-c");
	assert_true(acts[0].path.backup);
	m.paths[0].path.backup = true;
	assert_string_equal(acts_are(), "");
	map(B, C, true);
	assert_string_equal(acts_are(), "join b-c");
	assert_true(acts[0].path.backup);
	m.pairs[0].backup = false;
	assert_true(managed_put(&m, &acts[0].path, false, world.now));
	assert_string_equal(acts_are(), "backup a-c");
	assert_false(acts[0].path.backup);
	m.n_pairs = 0; /* no mapping says nothing of it */
	assert_string_equal(acts_are(), "");
}

/* Who began it waits a moment for the mapping, whose backups are not to be joined as anything else; who accepted has none to wait
 * for. */
static void
test_awaits_mapping(void **state)
{
	struct managed_address heard = {.id = 3};

	(void)state;
	m.began = world.now;
	address(heard.address, D);
	managed_heard(&m, &heard);
	assert_true(managed_awaits(&m, &world));
	assert_string_equal(acts_are(), "");
	world.now += MANAGED_MAP_MS - 1;
	assert_string_equal(acts_are(), "");
	map(A, D, true);
	assert_false(managed_awaits(&m, &world));
	assert_string_equal(acts_are(), "join a-d");
	assert_true(acts[0].path.backup);
	m.n_pairs = 0;
	world.now++;
	assert_false(managed_awaits(&m, &world));
	assert_string_equal(acts_are(), "join b-d, join b-c, join a-d");
	m.began = world.now;
	m.server = true;
	assert_false(managed_awaits(&m, &world));
	assert_string_equal(acts_are(), "announce b");
}

/* Too soon, the kernel's own, or accepted here: nothing is joined. */
static void
test_not_ours_to_join(void **state)
{
	(void)state;
	m.ready = false;
	assert_string_equal(acts_are(), "");
	m.ready = true;
	m.foreign = true;
	assert_string_equal(acts_are(), "");
	m.foreign = false;
	m.server = true;
	assert_string_equal(acts_are(), "announce b");
	m.own[0].announced = true; /* it was */
	assert_string_equal(acts_are(), "");
}

/* The address that a session began at is announced again when it was left, under another number: paths there have none of their own. */
static void
test_announced_again(void **state)
{
	struct prober_way a = way(A, C);
	uint8_t first;

	(void)state;
	m.server = true;
	up(B, C, 1);
	ways_died(&ways, &a, true, world.now);
	assert_string_equal(acts_are(), "leave a-c!");
	assert_int_equal(managed_forget(&m, &m.paths[0].path), 0);
	managed_fell(&m.paths[0], world.now);
	assert_string_equal(acts_are(), ""); /* not as long as it is dead */
	assert_true(ways_lived(&ways, &a, world.now));
	assert_string_equal(acts_are(), "announce a");
	first = acts[0].path.local_id;
	assert_int_not_equal(first, 0);
	up(A, C, 0); /* joined */
	assert_int_equal(managed_forget(&m, &m.paths[0].path), first);
	managed_fell(&m.paths[0], world.now);
	assert_string_equal(acts_are(), "announce a");
	assert_int_not_equal(acts[0].path.local_id, first);
}

/* No path begins at a temporary address, and one that is there stays: it is not gone. */
static void
test_passive(void **state)
{
	(void)state;
	own[0].passive = true;
	up(B, C, 1);
	assert_string_equal(acts_are(), "");
	m.server = true;
	own[0].announced = false;
	assert_string_equal(acts_are(), "");
	m.server = false;
	managed_fell(&m.paths[0], world.now);
	managed_hurry(&m, NULL);
	assert_string_equal(acts_are(), ""); /* and once gone it does not come back */
	map(A, D, false);
	map(B, D, false);
	assert_string_equal(acts_are(), "join b-d");
}

/* What is between this host and itself, or a neighbour by its link, has no other path. */
static void
test_local(void **state)
{
	static const uint8_t loopback[16] = {[15] = 1},
			     loopback4[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 53},
			     neighbour[16] = {0xfe, 0x80, [15] = 1};
	const uint8_t *peers[] = {own[1].address, loopback, loopback4, neighbour};
	struct prober_way spare;

	(void)state;
	for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
		memcpy(m.first.remote, peers[i], 16);
		m.server = false;
		assert_string_equal(acts_are(), "");
		assert_int_equal(managed_spares(&m, &world, &spare, 1), 0);
		m.server = true;
		assert_string_equal(acts_are(), "");
	}
}

/* A private address is used, and nobody is told; a peer's counts if he is at one. */
static void
test_private(void **state)
{
	struct managed_address heard = {.id = 1, .address = {0xfd, [15] = D}};

	(void)state;
	managed_heard(&m, &heard);
	assert_int_equal(m.n_heard, 0);
	own[1].announced = false;
	m.server = true;
	assert_string_equal(acts_are(), "announce a"); /* which he knows */
	own[0].announced = false;
	assert_string_equal(acts_are(), "");
	m.server = false;
	assert_string_equal(acts_are(), "join b-c");
	m.first.remote[0] = 0xfd;
	managed_heard(&m, &heard);
	assert_int_equal(m.n_heard, 1);
}

/* Who has one address announces that, once: whoever came to it may join then. Not when he has joined, or was told of another. */
static void
test_announced_alone(void **state)
{
	struct prober_way b = way(B, C);

	(void)state;
	m.server = true;
	have(1, A);
	assert_string_equal(acts_are(), "announce a");
	assert_int_not_equal(acts[0].path.local_id, 0);
	m.own[0].announced = true; /* done */
	assert_string_equal(acts_are(), "");
	m.n_own = 0;
	up(A, D, 0);
	assert_string_equal(acts_are(), "");
	m.n_paths = 1;
	have(2, A, B);
	ways_died(&ways, &b, true, world.now);
	assert_string_equal(acts_are(), "announce a");
	assert_true(ways_lived(&ways, &b, world.now));
	m.n_own = 0;
	assert_string_equal(acts_are(), "announce b");
}

/* A dead path is left for another, never without one; the peer is told when nothing else leads from that address. */
static void
test_dead(void **state)
{
	struct prober_way dead = way(A, C);

	(void)state;
	ways_died(&ways, &dead, false, world.now);
	assert_string_equal(acts_are(), "join b-c");
	up(B, C, 1);
	assert_string_equal(acts_are(), "leave a-c!");
	map(A, C, false);
	map(B, C, false);
	up(A, D, 0);
	assert_string_equal(acts_are(), "leave a-c");
	managed_fell(&m.paths[0], world.now);
	assert_string_equal(acts_are(), ""); /* and not joined, as long as it is dead */
	assert_true(ways_lived(&ways, &dead, world.now + 5000));
	world.now += 5000;
	assert_string_equal(acts_are(), "join a-c");
}

/* A path by a deprecated address that stays, for want of any better, keeps the number of that address: a withdrawal would end it. */
static void
test_deprecated_stays(void **state)
{
	struct mptcp_path late = path(A, D, 1, 2000);
	struct prober_way dead = way(A, C);

	(void)state;
	have(1, A);
	own[0].passive = own[0].fades = true;
	managed_fell(&m.paths[0], world.now);
	up(A, C, 1);
	up(A, D, 1);
	assert_true(managed_put(&m, &late, true, world.now));
	assert_string_equal(acts_are(), "leave a-d");
	managed_fell(managed_path(&m, &late), world.now);
	ways_died(&ways, &dead, true, world.now);
	assert_string_equal(acts_are(), "leave a-c");
	have(2, A, B);
	own[0].passive = own[0].fades = true;
	up(B, C, 2);
	assert_string_equal(acts_are(), "leave a-c!, leave a-d!");
}

/* All are dead: none is left. */
static void
test_all_dead(void **state)
{
	struct prober_way a = way(A, C), b = way(B, C);

	(void)state;
	up(B, C, 1);
	ways_died(&ways, &a, false, world.now);
	ways_died(&ways, &b, false, world.now);
	assert_string_equal(acts_are(), "");
}

/* What the mapping gives up is left once it has another one: made before the other is broken. */
static void
test_given_up(void **state)
{
	(void)state;
	map(A, D, false);
	m.n_given_up = 1;
	address(m.given_up[0], C);
	assert_string_equal(acts_are(), "join a-d");
	assert_true(managed_put(&m, &acts[0].path, false, world.now));
	assert_string_equal(acts_are(), "");
	up(A, D, 1);
	assert_string_equal(acts_are(), "leave a-c");
}

/* The only path was silent, and another one carries: it is dead if that is so now, and not if it was so once. */
static void
test_settle(void **state)
{
	struct prober_way dead[MANAGED_PATHS];

	(void)state;
	m.paths[0].mute = true;
	m.cut = world.now + 1000;
	up(B, C, 1);
	assert_int_equal(managed_settle(&m, world.now + 999, dead), 1);
	assert_int_equal(dead[0].local[15], A);
	assert_int_equal(managed_settle(&m, world.now + 999, dead), 0);
	m.paths[0].mute = true;
	m.cut = world.now + 1000;
	assert_int_equal(managed_settle(&m, world.now + 60000, dead), 0);
	m.cut = world.now + 62000; /* cut off again, by others */
	assert_int_equal(managed_settle(&m, world.now + 61000, dead), 0);
}

/* An address of ours is gone, the host has moved. */
static void
test_moved(void **state)
{
	(void)state;
	have(1, B);
	assert_string_equal(acts_are(), "join b-c");
	up(B, C, 1);
	assert_string_equal(acts_are(), "leave a-c!");
	m.n_paths = 1;
	map(A, C, false); /* ranked before it moved */
	map(A, D, false);
	assert_string_equal(acts_are(), "join b-c, join b-d");
}

/* A handshake that comes to nothing is tried again ever more seldom, and at once when something changed. */
static void
test_patience(void **state)
{
	struct mptcp_path to;

	(void)state;
	assert_string_equal(acts_are(), "join b-c");
	to = acts[0].path;
	for (uint64_t wait = MANAGED_JOIN_MS; wait <= MANAGED_JOIN_MAX; wait *= 2) {
		assert_true(managed_put(&m, &to, false, world.now));
		world.now += wait - 1;
		assert_string_equal(acts_are(), "");
		world.now++;
		assert_string_equal(acts_are(), "join b-c");
	}
	assert_true(managed_put(&m, &to, false, world.now));
	assert_string_equal(acts_are(), "");
	managed_hurry(&m, NULL);
	assert_string_equal(acts_are(), "join b-c");
}

/* A session that was taken over when its first path was gone already: the one that is left has a number, and keeps it. */
static void
test_taken_over(void **state)
{
	struct mptcp_path left = path(B, C, 1, 1000 + B);

	(void)state;
	m = (struct managed){.token = 7, .ready = true, .first = left};
	assert_true(managed_put(&m, &left, true, world.now));
	have(1, B);
	map(B, D, false);
	assert_string_equal(acts_are(), "join b-d");
	assert_int_equal(acts[0].path.local_id, 1);
}

/* A pair that lives again is a reason to try what shares an end with it, and nothing else. */
static void
test_hurry(void **state)
{
	struct mptcp_path here = path(B, C, 1, 0), there = path(A, D, 0, 0),
			  elsewhere = path(B, D, 1, 0);
	struct prober_way lives = way(A, C);

	(void)state;
	map(B, C, false);
	map(A, D, false);
	map(B, D, false);
	assert_true(managed_put(&m, &here, false, world.now));
	assert_true(managed_put(&m, &there, false, world.now));
	assert_true(managed_put(&m, &elsewhere, false, world.now));
	assert_string_equal(acts_are(), "");
	managed_hurry(&m, &lives);
	assert_string_equal(acts_are(), "join b-c, join a-d");
	managed_hurry(&m, NULL);
	assert_string_equal(acts_are(), "join b-c, join a-d, join b-d");
}

/* Two paths of one pair, as a late handshake makes them: one goes. */
static void
test_twice(void **state)
{
	struct mptcp_path late = path(B, C, 1, 2000);

	(void)state;
	up(B, C, 1);
	assert_true(managed_put(&m, &late, true, world.now));
	assert_int_equal(m.n_paths, 3);
	assert_string_equal(acts_are(), "leave b-c");
	assert_int_equal(acts[0].path.local_port, 2000);
}

/* The first of the two ends by itself: the other one is that which stands, and which ends next. */
static void
test_twice_ends(void **state)
{
	struct mptcp_path pair = path(A, C, 0, 0), late = path(A, C, 1, 2000);

	(void)state;
	have(1, A);
	assert_true(managed_put(&m, &late, true, world.now));
	managed_fell(&m.paths[0], world.now);
	assert_ptr_equal(managed_path(&m, &pair), &m.paths[1]);
	world.now += MANAGED_JOIN_MAX;
	assert_string_equal(acts_are(), "");
	managed_fell(managed_path(&m, &late), world.now);
	assert_false(m.paths[1].up);
	world.now += MANAGED_JOIN_MAX;
	assert_string_equal(acts_are(), "join a-c");
}

/* The same where it was accepted: all have this end's port. Who began the session ends one of the two; the other one stands, and the
 * path that dies then is left for it. */
static void
test_twice_accepted(void **state)
{
	struct mptcp_path one = path(B, C, 1, 7000), late = path(B, C, 1, 7000);
	struct prober_way dead = way(A, C);

	(void)state;
	m.server = true;
	one.remote_port = 1001;
	late.remote_port = 1002;
	assert_true(managed_put(&m, &one, true, world.now));
	assert_true(managed_put(&m, &late, true, world.now));
	assert_int_equal(m.n_paths, 3);
	assert_string_equal(acts_are(), "");
	managed_fell(managed_path(&m, &late), world.now);
	assert_true(m.paths[1].up);
	assert_false(m.paths[2].up);
	ways_died(&ways, &dead, false, world.now);
	assert_string_equal(acts_are(), "leave a-c!");
}

/* IPv4 paths only join where the socket can have them. */
static void
test_family(void **state)
{
	(void)state;
	have(1, A);
	map(A, D, false);
	memset(m.pairs[0].destination, 0, 10);
	memset(m.pairs[0].destination + 10, 0xff, 2);
	assert_string_equal(acts_are(), "");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {T(test_join_unmapped), T(test_join_mapped),
	    T(test_backup), T(test_awaits_mapping), T(test_not_ours_to_join),
	    T(test_announced_again), T(test_private), T(test_announced_alone), T(test_passive),
	    T(test_local), T(test_taken_over), T(test_dead), T(test_deprecated_stays),
	    T(test_all_dead), T(test_given_up), T(test_settle), T(test_moved), T(test_patience),
	    T(test_hurry), T(test_twice), T(test_twice_ends), T(test_twice_accepted),
	    T(test_family)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
