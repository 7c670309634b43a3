/*
 * test_manage.c - which pairs are looked at, and how long an answer is waited for: none is forgotten for another one; what is read anew,
 * and what is done again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/manage_own.h"

#define SESSIONS 20
#define NOW 100000

static struct loop *loop;
static struct manage manage;
static struct managed sessions[SESSIONS];
static uint64_t paper; /* ms: the clock; 0: it is the kernel's */
static uint64_t due; /* ms: of the timer to read anew; 0: it does not run */
static unsigned reads, marks;
static int refusal; /* errno of marks; 0: they are taken */
static int unread; /* errno of reads */
static unsigned withdrawn; /* numbers, a bit for each */
static unsigned ends, buried; /* paths; and those whose socket went as well */
static struct session_note grave; /* the last one */
static unsigned walks; /* through all sessions, for a sign */
static uint64_t spent_us, row_us; /* of a CPU; and what one session costs a walk */

/* --- linked with --wrap --- */

uint64_t __real_loop_now_ms(void);
uint64_t __wrap_loop_now_ms(void);
void __real_timer_start(struct timer *timer, uint64_t ms);
void __wrap_timer_start(struct timer *timer, uint64_t ms);
uint64_t __wrap_clock_spent_us(void);
bool __wrap_managed_sign(struct managed *m, const struct prober_way *way, uint64_t at);
int __wrap_subflows_read(struct netlink *diag, struct subflows *out);
int __wrap_mptcp_withdraw(struct mptcp *mptcp, uint32_t token, uint8_t id);
int __wrap_mptcp_end(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path);
int __wrap_sockets_end(struct netlink *diag, const struct session_note *note);
int __wrap_mptcp_set_backup(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path);

uint64_t
__wrap_loop_now_ms(void)
{
	return paper != 0 ? paper : __real_loop_now_ms();
}

void
__wrap_timer_start(struct timer *timer, uint64_t ms)
{
	if (paper != 0 && timer == manage.reread)
		due = paper + ms;
	else
		__real_timer_start(timer, ms);
}

uint64_t
__wrap_clock_spent_us(void)
{
	return spent_us;
}

bool
__wrap_managed_sign(struct managed *m, const struct prober_way *way, uint64_t at)
{
	(void)way;
	(void)at;
	walks += m == manage.list;
	spent_us += row_us;
	return false;
}

int
__wrap_subflows_read(struct netlink *diag, struct subflows *out)
{
	(void)diag;
	out->complete = false;
	reads++;
	errno = unread;
	return unread != 0 ? -MAP_ESYS : 0;
}

int
__wrap_mptcp_set_backup(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path)
{
	(void)mptcp;
	assert_int_equal(token, 1);
	assert_true(path->backup);
	marks++;
	errno = refusal;
	return refusal != 0 ? -MAP_ESYS : 0;
}

int
__wrap_mptcp_withdraw(struct mptcp *mptcp, uint32_t token, uint8_t id)
{
	(void)mptcp;
	assert_int_equal(token, 1);
	withdrawn |= 1u << id;
	return 0;
}

int
__wrap_mptcp_end(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path)
{
	(void)mptcp;
	(void)path;
	assert_int_equal(token, 1);
	ends++;
	return 0;
}

int
__wrap_sockets_end(struct netlink *diag, const struct session_note *note)
{
	(void)diag;
	assert_true(ends > buried); /* each after its path: or the session would end */
	grave = *note;
	buried++;
	return 0;
}

/* --- */

static void
tell(void *arg, uint32_t token, const char *words)
{
	(void)arg;
	(void)token;
	(void)words;
}

static void
count(void *arg, enum path_change change)
{
	(void)arg;
	(void)change;
}

static const struct paths_company company = {.tell = tell, .count = count};

static void
address(uint8_t out[16], unsigned n)
{
	static const uint8_t base[16] = {0x20, 0x01, 0x0d, 0xb8};

	memcpy(out, base, 16);
	out[15] = (uint8_t)n;
}

static struct prober_way
way(unsigned local, unsigned remote)
{
	struct prober_way w = {.port = 0};

	address(w.local, local);
	address(w.remote, remote);
	return w;
}

/* Two addresses here; each session leads to a peer of its own, by the first. */
static int
fresh(void **state)
{
	(void)state;
	manage = (struct manage){.n_own = 2,
	    .cut = NOW + 1000,
	    .list = &sessions[0],
	    .company = &company,
	    .ways.rule = HOLD_RULE};
	for (unsigned i = 0; i < LOOKS; i++)
		manage.looks[i].manage = &manage;
	assert_int_equal(loop_new(&loop), 0);
	manage.diag = (struct netlink *)(void *)&manage; /* not looked into */
	manage.mptcp = (struct mptcp *)(void *)&manage;
	manage.tick = timer_new(loop, manage_ticked, &manage);
	manage.turn = timer_new(loop, manage_turned, &manage);
	manage.reread = timer_new(loop, manage_reread, &manage);
	paper = due = reads = marks = withdrawn = walks = ends = buried = 0;
	spent_us = row_us = 0;
	refusal = unread = 0;
	for (unsigned i = 0; i < 2; i++)
		address(manage.own[i].address, 1 + i);
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct managed *m = &sessions[i];
		struct mptcp_path path = {.local_port = 1};

		address(path.local, 1);
		address(path.remote, 0x40 + i);
		*m = (struct managed){.next = i + 1 < SESSIONS ? &sessions[i + 1] : NULL,
		    .token = 1 + i,
		    .ready = true,
		    .cut = NOW + 1000,
		    .cut_since = NOW,
		    .first = path};
		assert_true(managed_put(m, &path, true, NOW));
	}
	return 0;
}

static int
end(void **state)
{
	(void)state;
	timer_free(manage.tick);
	timer_free(manage.turn);
	timer_free(manage.reread);
	loop_free(loop);
	return 0;
}

static bool
looks_at(const struct heartbeat_plan *plan, const struct prober_way *at)
{
	for (size_t i = 0; i < plan->n; i++)
		if (prober_way_equal(&plan->ways[i], at))
			return true;
	return false;
}

/* In how many looks this pair is looked at; 0: in none of as many as there are sessions. */
static unsigned
looks_until(const struct prober_way *at)
{
	for (unsigned i = 1; i <= SESSIONS; i++) {
		manage_gather_cut(&manage, NOW);
		assert_true(manage.looks[LOOK_CUT].plan.n <= HEARTBEAT_PAIRS);
		if (looks_at(&manage.looks[LOOK_CUT].plan, at))
			return i;
	}
	return 0;
}

static void
test_each_session_has_its_turn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct prober_way is = way(1, 0x40 + i), may = way(2, 0x40 + i);

		assert_true(looks_until(&is) > 0);
		assert_true(looks_until(&may) > 0);
	}
}

/* Those that have been cut off for long, and maybe for good, do not slow down one that was just now. */
static void
test_latest_first(void **state)
{
	struct prober_way may = way(2, 0x40 + SESSIONS - 1), old = way(2, 0x40);

	(void)state;
	for (unsigned i = 0; i + 1 < SESSIONS; i++)
		sessions[i].cut_since = 0;
	for (unsigned i = 0; i < SESSIONS; i++) {
		manage_gather_cut(&manage, NOW);
		assert_true(looks_until(&may) <= 2);
	}
	for (unsigned i = 0; i < SESSIONS; i++) {
		manage.cut_all = 0;
		manage_gather_cut(&manage, NOW);
		if (looks_at(&manage.looks[LOOK_CUT].plan, &old))
			return;
	}
	fail_msg("the first one is never looked at");
}

/* However many sessions are cut off. */
static void
test_dead_pairs_have_their_own_look(void **state)
{
	struct prober_way dead = way(2, 9);

	(void)state;
	ways_died(&manage.ways, &dead, true, NOW - HOLD_MS);
	manage_gather_dead(&manage, NOW);
	assert_int_equal(manage.looks[LOOK_DEAD].plan.n, 1);
	assert_true(looks_at(&manage.looks[LOOK_DEAD].plan, &dead));
}

/* An answer is waited for as long as it takes to a peer that is far away, and not for ever. */
static void
test_far(void **state)
{
	static const uint32_t ways_us[] = {0, 100, 80000, 600000, 900000};
	const struct heartbeat_plan *plan = &manage.looks[LOOK_DEAD].plan;
	struct prober_way dead = way(2, 9);

	(void)state;
	ways_died(&manage.ways, &dead, true, NOW - HOLD_MS);
	for (size_t i = 0; i < sizeof ways_us / sizeof ways_us[0]; i++) {
		ways_took(&manage.ways, &dead, ways_us[i]);
		ways_hurry(&manage.ways, &dead, NOW);
		manage_gather_dead(&manage, NOW);
		assert_int_equal(plan->n, 1);
		assert_true(plan->patience_ms >= 2 * ways_us[i] / 1000);
		assert_int_equal(plan->lead, 0);
	}
	ways_took(&manage.ways, &dead, 0); /* it may have become longer */
	for (unsigned i = 0; i < 8; i++)
		manage_gather_dead(&manage, NOW + (i + 1) * WAYS_LOOK_MAX);
	assert_int_equal(plan->n, 1);
	assert_true(plan->patience_ms >= 100);
	ways_took(&manage.ways, &dead, UINT32_MAX);
	ways_hurry(&manage.ways, &dead, NOW);
	manage_gather_dead(&manage, NOW);
	assert_true(plan->patience_ms < 5000);
}

/* More pairs than one look takes: each has its turn. */
static void
test_each_pair_has_its_turn(void **state)
{
	(void)state;
	sessions[0].next = NULL;
	for (unsigned i = 0; i < MANAGED_PAIRS; i++) {
		address(sessions[0].pairs[i].source, 1);
		address(sessions[0].pairs[i].destination, 0x80 + i);
	}
	sessions[0].n_pairs = MANAGED_PAIRS;
	for (unsigned i = 0; i < MANAGED_PAIRS; i++) {
		struct prober_way at = way(1, 0x80 + i);

		assert_true(looks_until(&at) > 0);
	}
}

/* That a link says something is no reason to try anything; that an address comes or goes is. */
static void
test_same_addresses(void **state)
{
	struct mptcp_path path = sessions[0].first;
	struct managed_own own[2];

	(void)state;
	address(path.remote, 9);
	assert_true(managed_put(&sessions[0], &path, false, NOW));
	memcpy(own, manage.own, sizeof own);
	manage_addresses(&manage, own, 2);
	assert_int_equal(sessions[0].paths[1].wait, MANAGED_JOIN_MS);
	manage_addresses(&manage, own, 1);
	assert_int_equal(sessions[0].paths[1].wait, 0);
}

/* Who has events lost without end has everything read anew as seldom as one who does once. */
static void
test_overrun(void **state)
{
	(void)state;
	paper = NOW;
	manage_overrun(&manage);
	assert_int_equal(due, NOW); /* it was long ago */
	for (unsigned i = 0; i < 5 * MANAGE_READ_MS; i++, paper++) {
		manage_overrun(&manage);
		if (paper < due)
			continue;
		due = 0;
		manage_reread(&manage);
		assert_int_equal(due, 0);
	}
	assert_int_equal(reads, 5);
}

/* What could not be read then is read later, as often; not where the kernel has nothing to be read. */
static void
test_unread(void **state)
{
	(void)state;
	paper = NOW;
	unread = ENOBUFS;
	manage_reread(&manage);
	assert_int_equal(due, NOW + MANAGE_READ_MS);
	paper = due;
	due = unread = 0;
	manage_reread(&manage);
	assert_int_equal(reads, 2);
	assert_int_equal(due, 0);
	unread = ENOENT;
	manage_reread(&manage);
	assert_int_equal(due, 0);
}

/* However many sessions there are, and however many probes anybody makes up, they take 4 % of a CPU at most. */
static void
test_signs_of_strangers(void **state)
{
	struct prober_way nobody = way(2, 9);

	(void)state;
	for (paper = NOW; paper < NOW + 1000; paper++)
		manage_sign(&manage, &nobody);
	assert_int_equal(walks, 200);
	walks = 0;
	row_us = 500;
	for (; paper < NOW + 11000; paper++)
		manage_sign(&manage, &nobody);
	assert_int_equal(walks, 40);
	assert_int_equal(spent_us, 10000000 / 25);
}

/* Who probes by a path of a session may have left it: its mark is told again, as it is, and not with each probe. */
static void
test_sign_asks(void **state)
{
	struct prober_way looks = way(2, 9);
	struct mptcp_path path = {.local_port = 1, .remote_port = 2, .backup = true};

	(void)state;
	paper = NOW;
	sessions[0].next = NULL;
	memcpy(path.local, looks.local, 16);
	memcpy(path.remote, looks.remote, 16);
	assert_true(managed_put(&sessions[0], &path, true, paper));
	for (; paper < NOW + MANAGED_ASK_MS; paper += 10)
		manage_sign(&manage, &looks);
	assert_int_equal(marks, 1);
	manage_sign(&manage, &looks);
	assert_int_equal(marks, 2);
}

/* A session that began before this process did; of its path nothing is known but that it is no backup. */
static void
mark_wanted(void)
{
	sessions[0].next = NULL;
	sessions[0].n_pairs = 1;
	sessions[0].pairs[0].backup = true;
	address(sessions[0].pairs[0].source, 1);
	address(sessions[0].pairs[0].destination, 0x40);
}

/* Else a backup would carry data for good. */
static void
test_mark_again(void **state)
{
	static const int errors[] = {ENOBUFS, EINVAL};

	(void)state;
	mark_wanted();
	for (unsigned i = 0; i < 2; i++) {
		refusal = errors[i];
		manage.waits = false;
		manage_act(&manage, &sessions[0]);
		assert_int_equal(marks, 1 + i);
		assert_true(manage.waits);
		assert_false(sessions[0].paths[0].path.backup);
		assert_false(sessions[0].foreign);
	}
	refusal = 0;
	manage_act(&manage, &sessions[0]);
	assert_int_equal(marks, 3);
	assert_true(sessions[0].paths[0].path.backup);
	manage_act(&manage, &sessions[0]);
	assert_int_equal(marks, 3);
}

/* The session is the kernel's, which takes none. */
static void
test_mark_refused(void **state)
{
	(void)state;
	mark_wanted();
	refusal = EINVAL;
	for (unsigned i = 0; i < 100; i++)
		manage_act(&manage, &sessions[0]);
	assert_int_equal(marks, 20);
	assert_false(sessions[0].ours);
}

/* A session has its only address by two numbers, 0 and that by which it joined: when the path that it began with is left, the peer
 * keeps the other one, or it would end the path that lives. */
static void
test_two_numbers(void **state)
{
	struct managed *m = &sessions[0];
	struct mptcp_path other = {.local_port = 2, .local_id = 1};
	struct prober_way first = way(1, 0x40), second = way(1, 0x41);

	(void)state;
	m->next = NULL;
	manage.n_own = 1;
	address(other.local, 1);
	address(other.remote, 0x41);
	assert_true(managed_put(m, &other, true, NOW));
	ways_died(&manage.ways, &first, true, NOW);
	manage_act(&manage, m);
	assert_false(m->paths[0].up);
	assert_int_equal(withdrawn, 1u << 0);
	m->first.local_port = 3; /* it is back, and the other one goes */
	assert_true(ways_lived(&manage.ways, &first, NOW));
	assert_true(managed_put(m, &m->first, true, NOW));
	ways_died(&manage.ways, &second, true, NOW);
	withdrawn = 0;
	manage_act(&manage, m);
	assert_false(m->paths[1].up);
	assert_int_equal(withdrawn, 1u << 1);
}

/* Of a path that died nothing stays behind, whose FIN would say to the peer that all is well; other paths end as TCP has it. */
static void
test_buried(void **state)
{
	struct managed *m = &sessions[0];
	struct mptcp_path other = {.local_port = 3, .remote_port = 4, .local_id = 1};
	struct prober_way first = way(1, 0x40);

	(void)state;
	m->next = NULL;
	m->server = manage.own[0].announced = manage.own[1].announced = true;
	address(other.local, 2);
	address(other.remote, 0x41);
	assert_true(managed_put(m, &other, true, NOW));
	m->paths[0].path.remote_port = 2;
	ways_died(&manage.ways, &first, true, NOW);
	manage_act(&manage, m);
	assert_int_equal(buried, 1);
	assert_memory_equal(grave.source, first.local, 16);
	assert_memory_equal(grave.destination, first.remote, 16);
	assert_int_equal(grave.source_port << 16 | grave.destination_port, 0x10002);
	(void)ways_lived(&manage.ways, &first, NOW);
	assert_true(managed_put(m, &m->first, true, NOW));
	manage.n_own = 1; /* 2 is taken away */
	manage_act(&manage, m);
	assert_int_equal(ends, 2);
	assert_int_equal(buried, 1);
}

/* How many paths of the first session are to be left, from address 1, which is withdrawn. */
static unsigned
leaves(void)
{
	struct managed_world world = manage_world(&manage);
	struct act acts[MANAGED_ACTS];
	size_t n = managed_acts(&sessions[0], &world, acts, MANAGED_ACTS);
	unsigned found = 0;

	for (size_t i = 0; i < n; i++)
		found +=
		    acts[i].kind == ACT_LEAVE && acts[i].path.local[15] == 1 && acts[i].whole;
	return found;
}

/* What is deprecated is left for what is not; what is dead for anything that lives. */
static void
test_fading(void **state)
{
	struct prober_way dead = way(1, 0x40);
	struct mptcp_path path = {.local_port = 2, .local_id = 1};

	(void)state;
	paper = NOW;
	address(path.local, 2);
	address(path.remote, 0x40);
	assert_true(managed_put(&sessions[0], &path, true, NOW));
	assert_int_equal(leaves(), 0);
	manage.own[0].fades = manage.own[1].fades = true;
	assert_int_equal(leaves(), 0);
	manage.own[1].fades = false;
	assert_int_equal(leaves(), 1);
	address(path.local, 1); /* all by its number go, so that the peer is told */
	address(path.remote, 0x41);
	path.local_id = 0;
	assert_true(managed_put(&sessions[0], &path, true, NOW));
	assert_int_equal(leaves(), 2);
	managed_fell(managed_path(&sessions[0], &path), NOW);
	manage.own[1].fades = true;
	ways_died(&manage.ways, &dead, true, NOW);
	assert_int_equal(leaves(), 1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, end)
	const struct CMUnitTest tests[] = {
	    T(test_each_session_has_its_turn),
	    T(test_latest_first),
	    T(test_dead_pairs_have_their_own_look),
	    T(test_far),
	    T(test_each_pair_has_its_turn),
	    T(test_same_addresses),
	    T(test_overrun),
	    T(test_unread),
	    T(test_signs_of_strangers),
	    T(test_sign_asks),
	    T(test_buried),
	    T(test_mark_again),
	    T(test_mark_refused),
	    T(test_two_numbers),
	    T(test_fading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
