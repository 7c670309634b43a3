/*
 * world.h - a host, a server on loopback, and the loop of both, made anew for each test.
 */
#ifndef TESTS_REGISTER_WORLD_H
#define TESTS_REGISTER_WORLD_H

#include "tests/register/sample.h"
#include "tests/register/server.h"

#include "register/registration.h"

#define HISTORY 64

/* The server's answers look at it. */
extern struct world {
	struct loop *loop;
	struct server server;
	struct crypto_key *key;
	struct content content;
	struct registration_options options;
	struct tsig_key tsig;
	struct registration *registration;
	size_t n;
	enum registration_state history[HISTORY];
	const char
	    *reachable[CONTENT_LOCATORS + 1]; /* addresses that probes get to; NULL ends */
	unsigned dropped; /* messages that get no answer before one does */
	unsigned refused; /* messages that are refused before one is not */
	struct says says; /* what else */
} w;

int world_open(void **state);
int world_close(void **state);
#define WORLD(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

struct says says_granted(void);
/* Notes a state in the history. */
void world_changed(void *arg, const struct registration_status *status);
/* The registration waits for nothing but its next time. */
bool world_is_over(void);
/* One request to its end. */
const struct registration_status *world_run(enum build_verb verb);
/* The proof in a message is right over all else in it. */
void world_proof_holds(const struct asked *asked) NONNULL;

/* Lets the loop work until the condition holds; a test that hangs ends by the 8 s. */
#define until(condition)                                     \
	do {                                                 \
		uint64_t end_ms = loop_now_ms() + 8000;      \
		while (!(condition)) {                       \
			assert_true(loop_now_ms() < end_ms); \
			loop_once(w.loop, 100);              \
		}                                            \
	} while (0)

#endif
