/*
 * test_datagrams.c - a registration over UDP, against a server on loopback: cookies, answers that are lost or somebody else's, and
 * what only TCP can have.
 */
#include "tests/register/world.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/rrtype.h"

static void
test_datagram_cookie(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.datagram = true;
	w.refused = 1;
	w.says = (struct says){.rcode = RCODE_BADCOOKIE, .cookie = true};
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_true(s->datagram);
	assert_int_equal(w.server.n_asked, 2);
	assert_true(w.server.asked[0].cookie.present && w.server.asked[1].cookie.present);
	assert_int_equal(w.server.asked[0].cookie.server.n, 0);
	assert_int_equal(w.server.asked[1].cookie.server.n, COOKIE_SERVER);
	assert_memory_equal(
	    w.server.asked[0].cookie.client, w.server.asked[1].cookie.client, 8);
	/* the next one has it from the start */
	world_run(BUILD_REFRESH);
	assert_int_equal(w.server.n_asked, 3);
	assert_int_equal(w.server.asked[2].cookie.server.n, COOKIE_SERVER);
}

/* From who has sent a cookie before, what comes without is somebody else's; one that does without from now on is heard at the next try. */
static void
test_datagram_without_cookie(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.datagram = true;
	w.options.deadline = 300;
	w.refused = UINT32_MAX;
	w.says = says_granted();
	w.says.cookie = true;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	w.says = (struct says){.rcode = RCODE_NOTAUTH, .no_cookie = true};
	s = world_run(BUILD_REFRESH);
	assert_int_equal(s->state, REGISTRATION_UNANSWERED);
	s = world_run(BUILD_REFRESH);
	assert_int_equal(s->state, REGISTRATION_REFUSED);
}

/* What bears no seal may be anybody's, and something else may come. */
static void
test_datagram_unsealed(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.datagram = true;
	w.options.tsig = &w.tsig;
	w.options.deadline = 300;
	w.refused = UINT32_MAX;
	w.says = (struct says){.rcode = RCODE_REFUSED, .no_seal = true};
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_UNANSWERED);
	assert_non_null(strstr(s->reason, "an answer came whose TSIG does not hold"));
}

/* What only TCP can mend. */
static void
test_datagram_gives_way(void **state)
{
	static const struct {
		struct says says;
		unsigned before; /* messages over UDP */
	} rows[] = {{{.rcode = RCODE_BADCOOKIE, .cookie = true}, 3},
	    {{.rcode = RCODE_REFUSED, .text = "busy: use TCP"}, 1},
	    {{.rcode = RCODE_NOERROR, .truncated = true}, 1}};

	(void)state;
	w.options.datagram = true;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct registration_status *s;
		size_t first = w.server.n_asked;

		w.dropped = 0;
		w.refused = (unsigned)first + rows[i].before;
		w.says = rows[i].says;
		s = world_run(BUILD_REGISTER);
		assert_int_equal(s->state, REGISTRATION_REGISTERED);
		assert_false(s->datagram);
		assert_int_equal(w.server.n_asked, first + rows[i].before + 1);
		for (size_t k = first; k < w.server.n_asked; k++)
			assert_int_equal(w.server.asked[k].datagram, k + 1 < w.server.n_asked);
	}
}

/* Sent again until there is an answer, and always the same octets. */
static void
test_datagram_lost(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.datagram = true;
	w.dropped = 2;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_int_equal(w.server.n_asked, 3);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(w.server.asked[i].n, w.server.asked[0].n);
		assert_memory_equal(
		    w.server.asked[i].wire, w.server.asked[0].wire, w.server.asked[0].n);
	}
}

static void
test_datagram_foreign(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.datagram = true;
	w.refused = 1;
	w.says = says_granted();
	w.says.wrong_id = true;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_int_equal(w.server.n_asked, 2);
}

static void
test_message_too_long_for_a_datagram(void **state)
{
	const struct registration_status *s;
	char text[64];

	(void)state;
	w.options.datagram = true;
	w.content.n_locators = 0;
	for (unsigned i = 0; i < CONTENT_LOCATORS; i++) {
		snprintf(text, sizeof text,
		    "10 50 2001:db8::%x path=a-provider-with-a-long-name-%u", i + 1, i % 10);
		sample_locator(&w.content, text);
	}
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_false(w.server.asked[0].datagram);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD(test_datagram_cookie),
	    WORLD(test_datagram_without_cookie),
	    WORLD(test_datagram_unsealed),
	    WORLD(test_datagram_gives_way),
	    WORLD(test_datagram_lost),
	    WORLD(test_datagram_foreign),
	    WORLD(test_message_too_long_for_a_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
