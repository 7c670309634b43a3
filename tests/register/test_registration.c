/*
 * test_registration.c - a registration against a server on loopback that takes, refuses, is slow, silent or not
 * there; under SIG(0) and TSIG. Datagrams are test_datagrams.c's.
 */
#include "tests/register/world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/wire/rrtype.h"

/* --- the clocks: linked with --wrap --- */

static int64_t clock_is_off; /* ms */
static uint64_t suspended; /* ms */

uint64_t __real_clock_ms(void);
uint64_t __wrap_clock_ms(void);
uint64_t __wrap_clock_seconds(void);

uint64_t
__wrap_clock_ms(void)
{
	return __real_clock_ms() + (uint64_t)clock_is_off;
}

uint64_t
__wrap_clock_seconds(void)
{
	return __wrap_clock_ms() / 1000;
}

uint64_t __real_loop_boot_ms(void);
uint64_t __wrap_loop_boot_ms(void);

uint64_t
__wrap_loop_boot_ms(void)
{
	return __real_loop_boot_ms() + suspended;
}

/* The one timer of this process that goes on in suspend. */
static int
boot_timer(void)
{
	DIR *folder = opendir("/proc/self/fdinfo");
	struct dirent *entry;
	int fd = -1;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		char path[300], text[512] = "";
		FILE *file;

		snprintf(path, sizeof path, "/proc/self/fdinfo/%s", entry->d_name);
		file = fopen(path, "r");
		if (file == NULL)
			continue;
		(void)!fread(text, 1, sizeof text - 1, file);
		fclose(file);
		if (strstr(text, "clockid: 7\n") == NULL)
			continue;
		assert_int_equal(fd, -1);
		fd = (int)strtol(entry->d_name, NULL, 10);
	}
	closedir(folder);
	assert_int_not_equal(fd, -1);
	return fd;
}

/* --- over TCP --- */

static void
test_granted(void **state)
{
	const struct registration_status *s = world_run(BUILD_REGISTER);
	uint64_t after;

	(void)state;
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_string_equal(s->reason, "");
	assert_true(s->registered && s->leased);
	assert_int_equal(s->lease, 3600);
	assert_int_equal(s->key_lease, 86400);
	after = s->next - s->granted;
	assert_in_range(after, 3600 * 800, 3600 * 850);
	assert_int_equal(w.server.n_asked, 1);
	assert_false(w.server.asked[0].datagram);
	assert_true(w.server.asked[0].update.prove.present);
	assert_int_not_equal(w.server.asked[0].update.prove.port, 0);
	world_proof_holds(&w.server.asked[0]);
	/* the same records again: nothing changes but the lease */
	s = world_run(BUILD_REFRESH);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_bytes_equal(asked_proof(&w.server.asked[0]), asked_proof(&w.server.asked[1]));
	assert_int_not_equal(w.server.asked[0].message.id, w.server.asked[1].message.id);
	/* and everything anew */
	s = world_run(BUILD_REGISTER);
	assert_false(
	    bytes_equal(asked_proof(&w.server.asked[0]), asked_proof(&w.server.asked[2])));
	assert_int_equal(s->serial, get_u64(asked_proof(&w.server.asked[2]).p + 6));
}

static void
test_proof_ends_before_lease(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.content.expire = 600;
	s = world_run(BUILD_REGISTER);
	assert_in_range(s->next - s->granted, 300000, 310000);
}

static void
test_no_leases(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.refused = 1; /* by nobody: it is granted without a lease */
	w.says = (struct says){.rcode = RCODE_NOERROR};
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_false(s->leased);
	assert_int_equal(s->lease, 7200);
	assert_true(s->next > s->granted);
}

static void
test_withdraw(void **state)
{
	const struct registration_status *s = world_run(BUILD_REGISTER);

	(void)state;
	s = world_run(BUILD_WITHDRAW);
	assert_int_equal(s->state, REGISTRATION_WITHDRAWN);
	assert_false(s->registered);
	assert_int_equal(s->next, 0);
	assert_int_equal(s->key_lease, 86400);
	assert_int_equal(w.server.asked[1].update.lease.lease, 0);
	assert_false(w.server.asked[1].update.prove.present);
	assert_int_equal(asked_count(&w.server.asked[1], RR_ELOC), 0);
	s = world_run(BUILD_RELEASE);
	assert_int_equal(w.server.asked[2].update.lease.key_lease, 0);
}

/* It is asked for until it is granted: the lease that lasts meanwhile is not refreshed. */
static void
test_withdraw_unanswered(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.keep = true;
	w.refused = 1; /* by nobody: a lease of 1 s, so that the next try is near */
	w.says = says_granted();
	w.says.lease.lease = 1;
	s = world_run(BUILD_REGISTER);
	assert_true(s->registered);
	w.dropped = 3;
	s = world_run(BUILD_WITHDRAW);
	assert_int_equal(s->state, REGISTRATION_UNANSWERED);
	assert_int_not_equal(s->next, 0);
	until(w.server.n_asked == 4 && world_is_over());
	assert_int_equal(s->state, REGISTRATION_WITHDRAWN);
	assert_false(s->registered);
	assert_int_equal(w.server.asked[3].update.lease.lease, 0);
	assert_int_equal(asked_count(&w.server.asked[3], RR_ELOC), 0);
}

static void
test_refused(void **state)
{
	static const struct {
		unsigned rcode;
		const char *text, *says;
		bool again;
	} rows[] = {
	    {RCODE_YXDOMAIN, "held by key 4711", "YXDOMAIN: held by key 4711; use the key",
		false},
	    {RCODE_REFUSED, "not enrolled", "REFUSED: not enrolled; ask the realm's operator",
		false},
	    {RCODE_REFUSED, "", "; other names asked for: host.id.example.test.", false},
	    {RCODE_REFUSED, "busy: use TCP", "REFUSED: busy", true},
	    /* the clock was set back since: it passes */
	    {RCODE_REFUSED, "older than what its key signed before: compare clocks",
		"compare clocks; try again", true},
	    {RCODE_REFUSED, "signed before an update that was taken already",
		"already; try again", true},
	    {RCODE_REFUSED, "the serial of the proof is not above that of the one before",
		"before; try again", true},
	    {RCODE_NOTAUTH, "", "NOTAUTH: the server has no such zone", false},
	    {RCODE_NOTZONE, "", "NOTZONE: a name is not in the zone", false},
	    {RCODE_FORMERR, "", "FORMERR: the server cannot read", false},
	    {RCODE_NOTIMP, "", "NOTIMP: the server takes no updates", false},
	    {RCODE_SERVFAIL, "the database is full", "SERVFAIL: the database is full", true},
	    {RCODE_BADCOOKIE, "", "BADCOOKIE: the server does not take its own", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct registration_status *s;

		w.refused = UINT32_MAX;
		w.says = (struct says){.rcode = rows[i].rcode, .text = rows[i].text};
		s = world_run(BUILD_REGISTER);
		assert_int_equal(s->state, REGISTRATION_REFUSED);
		assert_int_equal(s->rcode, rows[i].rcode);
		assert_string_equal(s->note, rows[i].text);
		assert_non_null(strstr(s->reason, rows[i].says));
		assert_memory_equal(s->reason, SAMPLE_OWNER, strlen(SAMPLE_OWNER));
		assert_int_equal(s->next != 0, rows[i].again);
		assert_int_equal(s->failures, i + 1);
		assert_false(s->registered);
	}
}

/* A refusal leaves what was granted before as it is. */
static void
test_refused_later(void **state)
{
	const struct registration_status *s = world_run(BUILD_REGISTER);
	uint64_t granted = s->granted;

	(void)state;
	w.refused = UINT32_MAX;
	w.says = (struct says){.rcode = RCODE_SERVFAIL};
	s = world_run(BUILD_REFRESH);
	assert_int_equal(s->state, REGISTRATION_REFUSED);
	assert_true(s->registered);
	assert_int_equal(s->granted, granted);
	assert_in_range(s->next, granted + 3600 * 800, granted + 3600 * 1000);
	w.says = (struct says){.rcode = RCODE_REFUSED, .text = "not enrolled"};
	s = world_run(BUILD_REFRESH);
	assert_true(s->registered);
	assert_int_equal(s->next, 0);
}

/* Who is to stay registered does not end for a refusal, which anybody may have sent, as long as he is. */
static void
test_refused_kept(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.keep = true;
	s = world_run(BUILD_REGISTER);
	w.refused = UINT32_MAX;
	w.says = (struct says){.rcode = RCODE_REFUSED, .text = "not enrolled"};
	s = world_run(BUILD_REFRESH);
	assert_true(s->registered);
	assert_in_range(s->next - clock_ms(), 3600 * 790, 3600 * 1000);
	suspended += 3600 * 1000;
	s = world_run(BUILD_REFRESH);
	assert_int_equal(s->state, REGISTRATION_REFUSED);
	assert_int_equal(s->next, 0);
	suspended = 0;
}

/* Its proof ends before its lease: it is tried again within that, and often when the proof is over. */
static void
test_proof_is_over(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.content.expire = 600;
	s = world_run(BUILD_REGISTER);
	w.refused = UINT32_MAX;
	w.says = (struct says){.rcode = RCODE_SERVFAIL};
	suspended += 310000;
	s = world_run(BUILD_REFRESH);
	assert_true(s->registered);
	assert_in_range(s->next - clock_ms(), 1000, 60000);
	suspended += 300000;
	s = world_run(BUILD_REFRESH);
	assert_true(s->registered);
	assert_in_range(s->next - clock_ms(), 1000, 2500);
	suspended = 0;
}

/* The clock is set by as much while a lease lasts: it is tried again within it, which neither lengthens nor ends it. */
static void
test_clock_is_set(void **state)
{
	static const int64_t by[] = {-7200000, 7200000};

	(void)state;
	for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
		const struct registration_status *s;

		w.refused = 0;
		s = world_run(BUILD_REGISTER);
		assert_true(s->registered);
		clock_is_off += by[i];
		w.refused = UINT32_MAX;
		w.says = (struct says){.rcode = RCODE_REFUSED, .text = "signed before"};
		s = world_run(BUILD_REFRESH);
		assert_int_equal(s->state, REGISTRATION_REFUSED);
		assert_true(s->registered);
		assert_in_range(s->next - clock_ms(), 3600 * 790, 3600 * 1000);
	}
	clock_is_off = 0;
}

/* A lease ends in suspend too: what was due then is done as soon as the host wakes, and if that fails nothing is registered. */
static void
test_suspended(void **state)
{
	static const struct itimerspec due = {.it_value.tv_nsec = 1};
	const struct registration_status *s;
	struct itimerspec left;
	uint64_t next;

	(void)state;
	w.options.keep = true;
	s = world_run(BUILD_REGISTER);
	assert_true(s->registered);
	assert_int_equal(timerfd_gettime(boot_timer(), &left), 0);
	assert_in_range(left.it_value.tv_sec, 3600 * 79 / 100, 3600 * 85 / 100);
	suspended += 4 * 3600 * 1000;
	assert_int_equal(timerfd_settime(boot_timer(), 0, &due, NULL), 0);
	until(w.server.n_asked == 2 && world_is_over());
	assert_int_equal(s->verb, BUILD_REFRESH);
	assert_true(s->registered);
	assert_int_equal(timerfd_gettime(boot_timer(), &left), 0);
	assert_in_range(left.it_value.tv_sec, 3600 * 79 / 100, 3600 * 85 / 100);
	suspended += 4 * 3600 * 1000;
	w.refused = UINT32_MAX;
	w.says = (struct says){.rcode = RCODE_SERVFAIL};
	assert_int_equal(timerfd_settime(boot_timer(), 0, &due, NULL), 0);
	until(w.server.n_asked == 3 && world_is_over());
	assert_int_equal(s->state, REGISTRATION_REFUSED);
	assert_false(s->registered);
	next = s->next - clock_ms();
	assert_in_range(next, 1000, 2500);
	suspended = 0;
}

/* A server that fails for the rest of a lease is not asked every two seconds. */
static void
test_many_failures(void **state)
{
	const struct registration_status *s;

	(void)state;
	s = world_run(BUILD_REGISTER);
	assert_true(s->registered);
	w.refused = UINT32_MAX;
	w.says = (struct says){.rcode = RCODE_SERVFAIL};
	for (unsigned i = 0; i < 12; i++)
		s = world_run(BUILD_REFRESH);
	assert_true(s->registered);
	assert_int_equal(s->failures, 12);
	assert_in_range(s->next - clock_ms(), 299000, 375000);
}

static void
test_nobody_answers(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.datagram = true;
	w.options.deadline = 700;
	w.dropped = UINT32_MAX;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_UNANSWERED);
	assert_non_null(strstr(s->reason, "over UDP: no answer in 700 ms"));
	assert_false(s->answered);
	assert_in_range(s->next - clock_ms(), 1500, 2600);
	assert_int_equal(w.server.n_asked, 2);
}

/* ------------------------------------------------------------------------------------------ TCP */

static void
test_connection_breaks(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.dropped = 1;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_int_equal(w.server.n_asked, 2);
	assert_int_equal(w.server.asked[1].n, w.server.asked[0].n);
	assert_memory_equal(
	    w.server.asked[1].wire, w.server.asked[0].wire, w.server.asked[0].n);
	/* twice is too often */
	w.dropped = UINT32_MAX;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_UNANSWERED);
	assert_non_null(strstr(s->reason, "over TCP: the peer closed the connection"));
	assert_int_equal(w.server.n_asked, 4);
}

static void
test_nobody_listens(void **state)
{
	const struct registration_status *s;
	uint64_t before = loop_now_ms();

	(void)state;
	acceptor_free(w.server.acceptor);
	close(w.server.tcp);
	w.server.acceptor = NULL;
	w.server.tcp = -1;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_UNANSWERED);
	assert_non_null(strstr(s->reason, "over TCP: Connection refused"));
	assert_true(loop_now_ms() - before < 2000);
	/* UDP says so too */
	w.options.datagram = true;
	watch_free(w.server.watch);
	close(w.server.udp);
	w.server.watch = NULL;
	w.server.udp = -1;
	registration_free(w.registration);
	w.registration = NULL;
	s = world_run(BUILD_REGISTER);
	assert_non_null(strstr(s->reason, "over UDP: Connection refused"));
}

/* ----------------------------------------------------------------------------------------- TSIG */

static void
test_tsig(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.tsig = &w.tsig;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_true(w.server.asked[0].has_tsig);
	world_proof_holds(&w.server.asked[0]);
}

static void
test_tsig_does_not_hold(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.tsig = &w.tsig;
	w.options.deadline = 300;
	w.refused = UINT32_MAX;
	w.says = says_granted();
	w.says.wrong_seal = true;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_UNANSWERED);
	assert_non_null(strstr(s->reason, "an answer came whose TSIG does not hold"));
	w.says.wrong_seal = false;
	w.says.no_seal = true;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_UNANSWERED);
	/* an answer to a key that is not known has no MAC, and is a refusal all the same */
	w.says = (struct says){.rcode = RCODE_NOTAUTH};
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REFUSED);
	assert_non_null(strstr(s->reason, "the server does not know the TSIG key"));
	w.says = (struct says){.rcode = RCODE_REFUSED, .no_seal = true};
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD(test_granted),
	    WORLD(test_proof_ends_before_lease),
	    WORLD(test_no_leases),
	    WORLD(test_withdraw),
	    WORLD(test_withdraw_unanswered),
	    WORLD(test_refused),
	    WORLD(test_refused_later),
	    WORLD(test_refused_kept),
	    WORLD(test_proof_is_over),
	    WORLD(test_clock_is_set),
	    WORLD(test_suspended),
	    WORLD(test_many_failures),
	    WORLD(test_nobody_answers),
	    WORLD(test_connection_breaks),
	    WORLD(test_nobody_listens),
	    WORLD(test_tsig),
	    WORLD(test_tsig_does_not_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
