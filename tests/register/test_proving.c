/*
 * test_proving.c - a registration whose server asks for proof of addresses, and one that is kept: refreshed, tried
 * again, changed while it is under way.
 */
#include "tests/register/world.h"

#include <stdio.h>
#include <unistd.h>

#include "core/wire/rrtype.h"

/* --------------------------------------------------------------------------------------- proving */

/* The token of an address, as a server without memory makes it. */
static void
token_make(const uint8_t address[16], uint8_t token[PROVE_TOKEN])
{
	for (int i = 0; i < PROVE_TOKEN; i++)
		token[i] = (uint8_t)(address[i] ^ address[i + 8] ^ 0xa5);
}

static bool
token_is_there(const struct asked *asked, const uint8_t address[16])
{
	uint8_t token[PROVE_TOKEN];

	token_make(address, token);
	for (size_t at = 0; at < asked->update.prove.tokens.n; at += PROVE_TOKEN)
		if (memcmp(asked->update.prove.tokens.p + at, token, PROVE_TOKEN) == 0)
			return true;
	return false;
}

static bool
is_published(const uint8_t address[16], size_t before)
{
	char text[ADDRESS_TEXT];

	for (size_t i = 0; i < before; i++)
		if (w.server.asked[i].message.wire.p == NULL &&
		    asked_has(&w.server.asked[i], address_print(address, text)))
			return true;
	return false;
}

/* As protocol 8 says: no state but what is published; at most eight a request; all or nothing. */
static struct says
answer_with_probes(struct server *server, const struct asked *asked)
{
	static char text[512];
	uint8_t token[PROVE_TOKEN];
	unsigned n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < asked->update.n_changes; i++) {
		const struct update_item *item = &asked->update.items[i];
		struct eloc eloc;
		char address[ADDRESS_TEXT];
		bool reachable = false;

		if (item->type != RR_ELOC || item->verb != UPDATE_ADD ||
		    eloc_read(item->rdata, &eloc) != 0 ||
		    (eloc.kind != ELOC_IP4 && eloc.kind != ELOC_IP6) ||
		    token_is_there(asked, eloc.address) ||
		    is_published(eloc.address, server->n_asked - 1) || n == PROVE_MOST)
			continue;
		address_print(eloc.address, address);
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
		    n++ == 0 ? "prove " : ", ", address);
		for (size_t k = 0; w.reachable[k] != NULL; k++)
			reachable = reachable || strcmp(w.reachable[k], address) == 0;
		token_make(eloc.address, token);
		if (reachable)
			server_probe(eloc.address, token, asked->update.prove.port, false);
	}
	if (n > 0)
		return (struct says){.rcode = RCODE_REFUSED, .text = text};
	server->asked[server->n_asked - 1].message.wire.p = NULL; /* published */
	return says_granted();
}

static void
test_proved(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.server.answer = answer_with_probes;
	w.reachable[0] = "192.0.2.1";
	w.reachable[1] = "2001:db8::1";
	w.options.proving = 5000; /* all come, so nothing waits so long */
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_string_equal(s->reason, "");
	assert_int_equal(w.n, 4);
	assert_int_equal(w.history[0], REGISTRATION_ASKING);
	assert_int_equal(w.history[1], REGISTRATION_PROVING);
	assert_int_equal(w.history[2], REGISTRATION_ASKING);
	assert_int_equal(w.server.n_asked, 2);
	assert_int_equal(w.server.asked[0].update.prove.tokens.n, 0);
	assert_int_equal(w.server.asked[1].update.prove.tokens.n, 2 * PROVE_TOKEN);
	assert_int_equal(asked_count(&w.server.asked[1], RR_ELOC), 3);
	world_proof_holds(&w.server.asked[1]);
	assert_true(get_u64(asked_proof(&w.server.asked[1]).p + 6) >
		    get_u64(asked_proof(&w.server.asked[0]).p + 6));
	/* what is published needs no proof any more */
	world_run(BUILD_REFRESH);
	assert_int_equal(w.server.n_asked, 3);
	assert_bytes_equal(asked_proof(&w.server.asked[1]), asked_proof(&w.server.asked[2]));
}

static void
test_proved_in_part(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.server.answer = answer_with_probes;
	w.reachable[0] = "2001:db8::1";
	sample_locator(&w.content, "10 50 via:::1:0:0:0:10@site.example.test.");
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_non_null(strstr(s->reason, "left out, because no probe"));
	assert_non_null(strstr(s->reason, ": 192.0.2.1"));
	assert_int_equal(s->proving.locators[0].place, PLACE_DEAF);
	assert_int_equal(s->proving.locators[1].place, PLACE_SENT);
	assert_int_equal(s->proving.locators[2].place, PLACE_SENT);
	/* what can be reached is there at once; then all are tried once more, which changes nothing */
	assert_int_equal(w.server.n_asked, 4);
	assert_false(asked_has(&w.server.asked[1], "192.0.2.1"));
	assert_true(asked_has(&w.server.asked[1], "2001:db8::1"));
	world_proof_holds(&w.server.asked[1]);
	assert_true(asked_has(&w.server.asked[2], "192.0.2.1"));
	assert_bytes_equal(asked_proof(&w.server.asked[1]), asked_proof(&w.server.asked[3]));
	/* a refresh tries it again, and if it is still deaf changes nothing */
	s = world_run(BUILD_REFRESH);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_int_equal(w.server.n_asked, 6);
	assert_true(asked_has(&w.server.asked[4], "192.0.2.1"));
	assert_bytes_equal(asked_proof(&w.server.asked[1]), asked_proof(&w.server.asked[5]));
	/* now it hears: a proof that is newer than all that were made */
	w.reachable[1] = "192.0.2.1";
	s = world_run(BUILD_REFRESH);
	assert_string_equal(s->reason, "");
	assert_int_equal(w.server.n_asked, 8);
	assert_true(asked_has(&w.server.asked[7], "192.0.2.1"));
	assert_true(get_u64(asked_proof(&w.server.asked[7]).p + 6) >
		    get_u64(asked_proof(&w.server.asked[4]).p + 6));
	world_proof_holds(&w.server.asked[7]);
}

/* The first probe is lost, or the server sends none so soon after another one. */
static struct says
answer_with_late_probes(struct server *server, const struct asked *asked)
{
	if (server->n_asked == 3)
		w.reachable[1] = "192.0.2.1";
	return answer_with_probes(server, asked);
}

static void
test_proved_at_the_second_try(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.server.answer = answer_with_late_probes;
	w.reachable[0] = "2001:db8::1";
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_string_equal(s->reason, "");
	assert_int_equal(w.server.n_asked, 4);
	assert_true(asked_has(&w.server.asked[3], "192.0.2.1"));
	assert_true(asked_has(&w.server.asked[3], "2001:db8::1"));
	world_proof_holds(&w.server.asked[3]);
}

/* Who asks for something else meanwhile does not wait. */
static void
test_pause_gives_way(void **state)
{
	(void)state;
	w.server.answer = answer_with_probes;
	w.reachable[0] = "2001:db8::1";
	w.options.pause = 60000;
	assert_int_equal(registration_new(w.loop, &w.content, &w.options, world_changed, NULL,
			     &w.registration),
	    0);
	registration_ask(w.registration, BUILD_REGISTER);
	until(w.server.n_asked == 2 &&
	      registration_status(w.registration)->state == REGISTRATION_PROVING);
	assert_true(registration_status(w.registration)->registered);
	assert_int_equal(world_run(BUILD_WITHDRAW)->state, REGISTRATION_WITHDRAWN);
	assert_int_equal(w.server.n_asked, 3);
}

static void
test_proved_not_at_all(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.server.answer = answer_with_probes;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REFUSED);
	assert_non_null(strstr(s->reason, "none of its addresses can be reached"));
	assert_non_null(strstr(s->reason, "192.0.2.1, 2001:db8::1"));
	assert_int_equal(w.server.n_asked, 2);
	assert_true(s->next > 0);
}

/* More than one message has room for: in two steps. */
static void
test_proved_in_steps(void **state)
{
	const struct registration_status *s;
	static char texts[12][ADDRESS_TEXT + 8];

	(void)state;
	w.server.answer = answer_with_probes;
	w.options.proving = 5000;
	w.content.n_locators = 0;
	for (unsigned i = 0; i < 12; i++) {
		snprintf(texts[i], sizeof texts[i], "10 50 2001:db8::%x", i + 1);
		sample_locator(&w.content, texts[i]);
		w.reachable[i] = texts[i] + 6;
	}
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_string_equal(s->reason, "");
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(s->proving.locators[i].place, PLACE_SENT);
	assert_int_equal(asked_count(&w.server.asked[w.server.n_asked - 1], RR_ELOC), 13);
	for (size_t i = 0; i < w.server.n_asked; i++)
		assert_true(
		    w.server.asked[i].update.prove.tokens.n <= PROVE_MOST * PROVE_TOKEN);
}

/* A server that takes no token: an end, and it is said. */
static struct says
answer_never_proved(struct server *server, const struct asked *asked)
{
	uint8_t address[16], token[PROVE_TOKEN] = {1};

	(void)server;
	assert_int_equal(address_scan("192.0.2.1", 9, address), 0);
	server_probe(address, token, asked->update.prove.port, false);
	return (struct says){.rcode = RCODE_REFUSED, .text = "prove 192.0.2.1"};
}

static void
test_token_not_taken(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.server.answer = answer_never_proved;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REFUSED);
	assert_non_null(strstr(s->reason, "REFUSED: prove 192.0.2.1"));
	assert_int_equal(w.server.n_asked, 5);
}

/* What is no probe, and probes of what is not ours. */
static struct says
answer_with_noise(struct server *server, const struct asked *asked)
{
	uint8_t address[16], token[PROVE_TOKEN] = {1};
	struct addr to;
	int fd;

	if (server->n_asked > 1)
		return says_granted();
	assert_int_equal(addr_scan("127.0.0.1", asked->update.prove.port, &to), 0);
	fd = sock_udp_connect(&to);
	assert_true(fd >= 0);
	for (size_t n = 0; n < 40; n++)
		assert_int_equal(
		    send(fd, "prove-1\0aaaaaaaaaaaaaaaabbbbbbbbcccccccc", n, 0), n);
	close(fd);
	assert_int_equal(address_scan("192.0.2.99", 10, address), 0);
	server_probe(address, token, asked->update.prove.port, false);
	assert_int_equal(address_scan("2001:db8::1", 11, address), 0);
	server_probe(address, token, asked->update.prove.port, true);
	return (struct says){.rcode = RCODE_REFUSED, .text = "prove 2001:db8::1, 192.0.2.99"};
}

static void
test_noise(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.server.answer = answer_with_noise;
	s = world_run(BUILD_REGISTER);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_int_equal(w.server.n_asked, 2);
	/* over IPv6, where there is one */
	if (s->reason[0] == '\0')
		assert_int_equal(w.server.asked[1].update.prove.tokens.n, PROVE_TOKEN);
}

/* --------------------------------------------------------------------------------------- keeping */

/* A lease of two seconds: refreshed in time, and tried again in time when that fails twice. */
static struct says
answer_shortly(struct server *server, const struct asked *asked)
{
	struct says says = says_granted();

	(void)asked;
	says.lease.lease = 2;
	if (server->n_asked == 2 || server->n_asked == 3)
		says = (struct says){.rcode = RCODE_SERVFAIL};
	return says;
}

static void
test_kept(void **state)
{
	const struct registration_status *s;
	uint64_t granted, next;

	(void)state;
	w.server.answer = answer_shortly;
	w.options.keep = true;
	s = world_run(BUILD_REGISTER);
	granted = s->granted;
	next = s->next;
	assert_in_range(next - granted, 1600, 1700);
	for (unsigned i = 1; i <= 2; i++) {
		until(w.server.n_asked == i + 1 && world_is_over());
		assert_int_equal(s->state, REGISTRATION_REFUSED);
		assert_int_equal(s->failures, i);
		assert_true(clock_ms() >= next);
		assert_true(s->next > next);
		/* but for a machine that stood still: within the lease */
		assert_true(!s->registered || s->next < granted + 2000);
		next = s->next;
	}
	until(w.server.n_asked == 4 && world_is_over());
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_true(s->registered && s->granted > granted);
	assert_int_equal(s->failures, 0);
	for (size_t i = 1; i < 4; i++)
		assert_bytes_equal(
		    asked_proof(&w.server.asked[0]), asked_proof(&w.server.asked[i]));
}

/* A change while a request is under way: one at a time, and the last word counts. */
static void
test_changed_meanwhile(void **state)
{
	const struct registration_status *s;

	(void)state;
	w.options.datagram = true;
	w.dropped = 1;
	assert_int_equal(registration_new(w.loop, &w.content, &w.options, world_changed, NULL,
			     &w.registration),
	    0);
	registration_ask(w.registration, BUILD_REGISTER);
	w.content.n_locators = 1;
	assert_int_equal(registration_change(w.registration, &w.content), 0);
	sample_locator(&w.content, "10 50 198.51.100.7");
	assert_int_equal(registration_change(w.registration, &w.content), 0);
	until(w.server.n_asked == 3 && world_is_over());
	s = registration_status(w.registration);
	assert_int_equal(s->state, REGISTRATION_REGISTERED);
	assert_true(asked_has(&w.server.asked[1], "2001:db8::1"));
	assert_false(asked_has(&w.server.asked[2], "2001:db8::1"));
	assert_true(asked_has(&w.server.asked[2], "198.51.100.7"));
	world_proof_holds(&w.server.asked[2]);
}

/* Freed in every state. */
static void
test_freed_meanwhile(void **state)
{
	(void)state;
	w.server.answer = answer_with_probes;
	for (unsigned rounds = 0; rounds < 6; rounds++) {
		assert_int_equal(registration_new(w.loop, &w.content, &w.options, world_changed,
				     NULL, &w.registration),
		    0);
		w.n = 0;
		registration_ask(w.registration, BUILD_REGISTER);
		for (unsigned i = 0; i < rounds; i++)
			loop_once(w.loop, 20);
		registration_free(w.registration);
		w.registration = NULL;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD(test_proved),
	    WORLD(test_proved_in_part),
	    WORLD(test_proved_at_the_second_try),
	    WORLD(test_pause_gives_way),
	    WORLD(test_proved_not_at_all),
	    WORLD(test_proved_in_steps),
	    WORLD(test_token_not_taken),
	    WORLD(test_noise),
	    WORLD(test_kept),
	    WORLD(test_changed_meanwhile),
	    WORLD(test_freed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
