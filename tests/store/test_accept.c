/*
 * test_accept.c - what hosts must bring along: proofs that hold, addresses they hear at, messages that are new.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapd/claim.h"
#include "mapd/expiry.h"
#include "mapd/meta.h"
#include "mapd/people.h"
#include "mapd/prove.h"
#include "mapd/replay.h"

/* ELOC with a proof over one locator; spoilt: over another one. */
static void
prove(struct proposal *p, uint64_t serial, uint8_t flags, const char *address, bool spoilt)
{
	uint8_t rdata[64], proof[256];
	struct wr wr = wr_init(rdata, sizeof rdata), out = wr_init(proof, sizeof proof);
	struct bytes set[1];
	char text[64];
	const char *why;
	struct name me;
	size_t n = address != NULL;

	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	if (address != NULL) {
		snprintf(text, sizeof text, "10 1 %s", address);
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", text);
		assert_int_equal(zone_scan_rdata(RR_ELOC, text, &shop.apex, &wr, &why), 0);
	}
	if (spoilt)
		rdata[wr.n - 1] ^= 1;
	set[0] = wr_done(&wr);
	assert_int_equal(trust_proof_sign(mine, &me, set, n, serial,
			     (uint32_t)clock_seconds() + 3600, flags, &out),
	    0);
	petition_rdata(p, UPDATE_ADD, ME, 60, RR_ELOC, wr_done(&out));
}

static void
test_proof(void **state)
{
	uint64_t serial = clock_ms();
	struct proposal *p;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	p = my_update(ME);
	prove(p, serial, 0, "192.0.2.1", true);
	answers(p, RCODE_REFUSED, "does not match");
	p = my_update(ME);
	prove(p, serial, 0, "192.0.2.1", false);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count(ME, "ELOC"), 2);
	/* no way back */
	p = my_update(ME);
	prove(p, serial - 1, 0, "192.0.2.2", false);
	answers(p, RCODE_REFUSED, "serial");
	p = my_update(ME);
	prove(p, serial + 3600000, 0, "192.0.2.2", false);
	answers(p, RCODE_REFUSED, "ahead of the clock");
	p = my_update(ME);
	prove(p, serial + 1, 0, "192.0.2.2", false);
	answers(p, RCODE_NOERROR, "");
	/* one more record, and it is none any more */
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.3");
	answers(p, RCODE_NOERROR, "proof was removed");
	assert_int_equal(count(ME, "ELOC"), 2);
	/* revoked: only an administrator can do anything there */
	p = my_update(ME);
	prove(p, serial + 2, 128, NULL, false);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count(ME, "ELOC"), 1);
	p = my_update(ME);
	prove(p, serial + 3, 0, "192.0.2.2", false);
	answers(p, RCODE_REFUSED, "revoked");
	claim_age(ME, 366 * 86400);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(count(ME, "ELOC"), 1);
	p = petition_new();
	petition_item(p, UPDATE_DELETE_NAME, ME, 0, NULL, NULL);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(shop_zone().names, 1);
}

static void
test_reachable(void **state)
{
	uint8_t address[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}, token[PROVE_TOKEN];
	struct prover *prover;
	struct proposal *p;
	struct name me;

	(void)state;
	open_realm(DENIAL_NSEC3);
	shop.rule.policy.verify_locators = true;
	assert_int_equal(prover_new((struct bytes){NULL, 0}, &prover), 0);
	shop.work.prover = prover;
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	for (int turn = 0; turn < 3; turn++) {
		p = my_update(ME);
		petition_item(p, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "20 1 192.0.2.1");
		p->update.prove = (struct prove_option){turn > 0, 4177, {token, 0}};
		assert_int_equal(prove_token(prover, &me, address, clock_seconds(), token), 0);
		if (turn == 2)
			p->update.prove.tokens.n = PROVE_TOKEN;
		petitions_run();
		if (turn < 2) {
			assert_int_equal(p->verdict.rcode, RCODE_REFUSED);
			assert_string_equal(p->verdict.text, "prove 192.0.2.1");
			/* probes only to who says where he hears them */
			assert_int_equal(p->verdict.n_prove, turn);
		} else {
			assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
		}
		petitions_free();
	}
	/* what is published is proved */
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "30 1 192.0.2.1");
	answers(p, RCODE_NOERROR, "");
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "30 1 192.0.2.2");
	answers(p, RCODE_REFUSED, "prove 192.0.2.2");
	shop.work.prover = NULL;
	prover_free(prover);
}

/* The octets that come again; a later one that came before; after a restart too. */
static void
test_replay(void **state)
{
	uint8_t digest[32];
	struct proposal *p;
	uint32_t serial;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	p = my_update(ME);
	memcpy(digest, p->digest, sizeof digest);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_NOERROR, "");
	register_me();
	serial = shop_zone().serial;
	for (int turn = 0; turn < 2; turn++) {
		p = my_update(ME);
		memcpy(p->digest, digest, sizeof digest);
		petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
		ask_lease(p, 3600, 0);
		petitions_run();
		assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
		assert_string_equal(
		    p->verdict.text, "answered before: this is that answer again");
		assert_true(p->verdict.lease.present);
		assert_int_equal(p->verdict.lease.key_lease, 3600);
		petitions_free();
		p = my_update(ME);
		p->sig0.inception -= 10;
		petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
		answers(p, RCODE_REFUSED, "signed before");
		assert_int_equal(count(ME, "ELOC"), 1);
		assert_int_equal(shop_zone().serial, serial);
		shop_close();
		shop_open();
	}
	/* a prerequisite that did not hold holds when it comes again: it is answered as before */
	p = my_update(ME);
	memcpy(digest, p->digest, sizeof digest);
	petition_item(p, UPDATE_RRSET_EXISTS, "later", 0, "A", NULL);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_NXRRSET, "");
	p = petition_new();
	petition_item(p, UPDATE_ADD, "later", 300, "A", "192.0.2.1");
	answers(p, RCODE_NOERROR, "");
	p = my_update(ME);
	memcpy(p->digest, digest, sizeof digest);
	petition_item(p, UPDATE_RRSET_EXISTS, "later", 0, "A", NULL);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_NXRRSET, "answered before");
	/* no more of a key than are remembered */
	for (unsigned i = 0; i < REPLAY_OF_KEY; i++) {
		p = my_update(ME);
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
	}
	petitions_run();
	assert_int_equal(p->verdict.rcode, RCODE_REFUSED);
	petitions_free();
}

/* Changes the clock by which the last change was made; the start after it. */
static void
restart_after(uint64_t clock)
{
	struct change *change;

	assert_int_equal(change_begin(shop.store, &change), 0);
	meta_clock_put(change, clock);
	assert_int_equal(change_commit(change), 0);
	shop_close();
	shop_open();
}

/* The clock was set back before a start: what was taken by the later one may be forgotten. */
static void
test_clock_was_set_back(void **state)
{
	struct proposal *p;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	restart_after(clock_seconds() + 290);
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.2");
	answers(p, RCODE_NOERROR, "");
	restart_after(clock_seconds() + 600);
	p = my_update(ME);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_REFUSED, "compare clocks");
	p = petition_new();
	petition_item(p, UPDATE_ADD, "later", 300, "A", "192.0.2.1");
	answers(p, RCODE_REFUSED, "compare clocks");
	p = my_update(ME);
	p->sig0.expiration += 310;
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_NOERROR, "");
}

/* What the memory that a start at one time makes says of a message at another. */
static enum replay_answer
started_says(uint64_t start, const struct proposal *p, uint64_t now)
{
	enum replay_answer answer;
	struct replay *replay;
	struct change *change;
	unsigned rcode;

	assert_int_equal(replay_new(&replay), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(replay_load(replay, change, start), 0);
	answer = replay_judge(replay, p, now, &rcode);
	change_abort(change);
	replay_free(replay);
	return answer;
}

/* A start leaves out what is over by then, of a row and whole rows; the clock is set back after it. */
static void
test_clock_is_set_back_after_start(void **state)
{
	struct proposal *mine_now, *p;
	uint64_t now = clock_seconds();

	(void)state;
	open_realm(DENIAL_NSEC3);
	mine_now = my_update(ME);
	petition_item(mine_now, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
	p = petition_new();
	p->tsig.fudge = 5000;
	petition_item(p, UPDATE_ADD, "later", 300, "A", "192.0.2.1");
	petitions_run();
	assert_int_equal(mine_now->verdict.rcode, RCODE_NOERROR);
	assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
	assert_int_equal(started_says(now, mine_now, now + 100), REPLAY_KNOWN);
	assert_int_equal(started_says(now + 2000, mine_now, now + 100), REPLAY_OVER);
	assert_int_equal(started_says(now + 2000, p, now + 100), REPLAY_KNOWN);
	assert_int_equal(started_says(now + 6000, mine_now, now + 100), REPLAY_OVER);
	assert_int_equal(started_says(now + 6000, p, now + 100), REPLAY_OVER);
	petitions_free();
	p = my_update(ME);
	p->sig0.expiration += REPLAY_WINDOW;
	assert_int_equal(started_says(now + 2000, p, now + 100), REPLAY_NEW);
	petitions_free();
}

static struct proposal *
conditional(uint8_t digest[32], bool again)
{
	struct proposal *p = my_update(ME);

	if (again)
		memcpy(p->digest, digest, sizeof p->digest);
	memcpy(digest, p->digest, sizeof p->digest);
	petition_item(p, UPDATE_RRSET_EXISTS, "later", 0, "A", NULL);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	return p;
}

/* No file of this process may grow; as with a full disk, each write fails. */
static void
disk_fill(bool full)
{
	static struct rlimit before;
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct rlimit limit;

	assert_int_equal(sigaction(SIGXFSZ, &ignore, NULL), 0);
	if (full)
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	if (full)
		limit.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A prerequisite that fails is not answered as long as that is not remembered; what nothing remembers is. */
static void
test_forgotten(void **state)
{
	uint8_t digest[32];
	struct proposal *p[5];

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	for (int turn = 0; turn < 2; turn++) {
		p[0] = conditional(digest, turn > 0);
		p[1] = conditional(digest, true);
		p[2] = my_update(ME);
		petition_item(p[2], UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.9");
		p[3] = my_update(ME);
		petition_item(p[3], UPDATE_ADD, "@", 60, "A", "192.0.2.9");
		p[4] = others_update(ME);
		p[4]->dry = true;
		petition_item(p[4], UPDATE_RRSET_EXISTS, "later", 0, "A", NULL);
		disk_fill(turn == 0);
		petitions_run();
		disk_fill(false);
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(
			    p[i]->verdict.rcode, turn == 0 ? RCODE_SERVFAIL : RCODE_NXRRSET);
		assert_int_equal(
		    p[2]->verdict.rcode, turn == 0 ? RCODE_SERVFAIL : RCODE_NOERROR);
		assert_int_equal(p[3]->verdict.rcode, RCODE_REFUSED);
		assert_int_equal(p[4]->verdict.rcode, RCODE_NXRRSET);
		petitions_free();
		assert_int_equal(count(ME, "ELOC"), 1 + turn);
	}
}

/* What an update can get wrong, in the order in which the writer looks. */
enum { FAULT_OLD, FAULT_PREREQUISITE, FAULT_POLICY, FAULT_PROOF, FAULT_ADDRESS, FAULTS };

static const struct {
	unsigned rcode;
	const char *words;
} fault_answers[FAULTS] = {
    {RCODE_REFUSED, "signed before"},
    {RCODE_NXRRSET, "a prerequisite"},
    {RCODE_REFUSED, "not for the identity to change"},
    {RCODE_REFUSED, "does not match"},
    {RCODE_REFUSED, "prove 192.0.2.9"},
};

/* Any of them together: the first decides. */
static void
test_first_fault(void **state)
{
	uint64_t serial = clock_ms();
	struct prover *prover;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	assert_int_equal(prover_new((struct bytes){NULL, 0}, &prover), 0);
	for (unsigned faults = 1; faults < 1u << FAULTS; faults++) {
		struct proposal *p = my_update(ME);
		bool at_home = (faults & 1u << FAULT_ADDRESS) == 0;
		unsigned first = 0;

		while ((faults & 1u << first) == 0)
			first++;
		shop.rule.policy.verify_locators = !at_home;
		shop.work.prover = at_home ? NULL : prover;
		if (faults & 1u << FAULT_OLD)
			p->sig0.inception -= 100;
		if (faults & 1u << FAULT_PREREQUISITE)
			petition_item(p, UPDATE_RRSET_EXISTS, "later", 0, "A", NULL);
		if (faults & 1u << FAULT_POLICY)
			petition_item(p, UPDATE_ADD, ME, 60, "A", "192.0.2.1");
		prove(p, serial, 0, "192.0.2.9", (faults & 1u << FAULT_PROOF) != 0);
		print_message("%#x: %s\n", faults, fault_answers[first].words);
		answers(p, fault_answers[first].rcode, fault_answers[first].words);
		assert_int_equal(count(ME, "ELOC"), 1);
	}
	shop.work.prover = NULL;
	prover_free(prover);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_proof),
	    TEST(test_reachable),
	    TEST(test_replay),
	    TEST(test_clock_was_set_back),
	    TEST(test_clock_is_set_back_after_start),
	    TEST(test_forgotten),
	    TEST(test_first_fault),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_realm();
	return failed;
}
