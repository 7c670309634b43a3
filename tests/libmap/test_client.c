/*
 * test_client.c - look-ups through libmap: results, errors, and agents that misbehave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "libmap/map.h"
#include "tests/libmap/fake.h"

/* protocol 4's sample */
#define HHIT "2001:3f:fe00:a05:e437:dbb2:2e81:cb3e"

static struct fake *fake;
static struct map *map;

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
fill(struct result *r)
{
	struct found_identity *id = &r->identities[0];
	struct eid asked, suffix;

	memset(r, 0, sizeof *r);
	assert_int_equal(eid_scan("host.example.org", 16, false, &asked), 0);
	assert_int_equal(eid_scan("id.example.org", 14, false, &suffix), 0);
	r->kind = RESULT_EPID;
	r->asked = asked.name;
	r->name.dnssec = VERDICT_SECURE;
	r->lifetime = 60;
	r->n_identities = 1;
	assert_int_equal(eid_scan(HHIT, strlen(HHIT), false, &id->id), 0);
	id->id.at_length = 56;
	id->id.at = suffix.name;
	id->owner = asked.name;
	id->mapping.dnssec = VERDICT_SECURE;
	id->proof = VERDICT_PROVED;
	id->n_locators = 2;
	for (size_t i = 0; i < 2; i++) {
		struct locator *l = &id->locators[i].locator;

		id->locators[i].trust = i == 0 ? VERDICT_PROVED : VERDICT_SECURE;
		memcpy(
		    l->address, (const uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = (uint8_t)i}, 16);
		l->preference = (uint16_t)(10 + i);
		l->weight = 50;
		l->flags = i == 1 ? ELOC_BACKUP : 0;
		memcpy(l->path, i == 0 ? "isp-a" : "isp-b", 6);
	}
}

static int
setup(void **state)
{
	(void)state;
	fake = fake_start();
	fill(&fake->result);
	fake->result_of_id = fake->result;
	fake->result_of_id.kind = RESULT_IDENTITY;
	fake->result_of_id.asked.n = 0;
	return map_open(&map);
}

static int
teardown(void **state)
{
	(void)state;
	map_close(map);
	fake_stop(fake);
	return 0;
}

static void
test_result(void **state)
{
	struct map_result *r;
	const struct map_identity *id;

	(void)state;
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), 0);
	assert_int_equal(map_result_found(r), MAP_FOUND_NAMED);
	assert_true(map_result_is_secure(r));
	assert_int_equal(map_result_lifetime(r), 60);
	assert_int_equal(map_result_identities(r), 1);
	assert_null(map_result_identity(r, 1));
	id = map_result_identity(r, 0);
	assert_string_equal(id->text, HHIT);
	assert_string_equal(id->at, "56/id.example.org");
	assert_true(id->proved);
	assert_int_equal(id->n_locators, 2);
	assert_int_equal(id->locators[0].trust, MAP_TRUST_PROVED);
	assert_int_equal(id->locators[1].trust, MAP_TRUST_SECURE);
	assert_int_equal(id->locators[1].flags, MAP_LOCATOR_BACKUP);
	assert_string_equal(id->locators[1].path, "isp-b");
	map_result_free(r);
	assert_int_equal(fake->last.flags, 0);
}

/* Who gives an identity means that one; a name says nothing of the kind. */
static void
test_flags_for_the_agent(void **state)
{
	struct map_result *r;

	(void)state;
	assert_int_equal(map_resolve(map, HHIT, MAP_ALLOW_INSECURE | MAP_FRESH, &r), 0);
	map_result_free(r);
	assert_int_equal(
	    fake->last.flags, RESOLVE_ALLOW_INSECURE | RESOLVE_FRESH | RESOLVE_TRUSTED_ID);
	assert_in_range(fake->last.deadline, 4000, 5000);
	assert_int_equal(map_resolve(map, "host.example.org", MAP_REQUIRE_PROOF, &r), 0);
	map_result_free(r);
	assert_int_equal(fake->last.flags, RESOLVE_REQUIRE_PROOF);
}

static void
test_wrong_arguments(void **state)
{
	struct map_result *r;

	(void)state;
	assert_int_equal(map_resolve(map, "host..example", 0, &r), -MAP_ETEXT);
	assert_non_null(strstr(map_why(map), "host..example"));
	assert_int_equal(
	    map_resolve(map, "a.example", MAP_ALLOW_LEGACY | MAP_REQUIRE_PROOF, &r),
	    -MAP_EUSAGE);
	assert_int_equal(map_resolve(map, "a.example", 0x8000, &r), -MAP_EUSAGE);
	assert_int_equal(map_connect(map, NULL, "a.example", NULL, 0), -MAP_EUSAGE);
	assert_int_equal(
	    map_connect(map, NULL, "a.example", "no-such-service", 0), -MAP_EUSAGE);
	assert_int_equal(map_connect(map, NULL, "a.example", "0", 0), -MAP_EUSAGE);
	assert_int_equal(map_connect(map, NULL, "a.example", "65536", 0), -MAP_EUSAGE);
	assert_int_equal(fake->requests, 0);
}

static void
test_error_of_the_agent(void **state)
{
	struct map_result *r = NULL;

	(void)state;
	fake->result.error = -MAP_EBOGUS;
	snprintf(fake->result.why, RESULT_WHY, "signature of host.example.org. EPID expired");
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), -MAP_EBOGUS);
	assert_null(r);
	assert_string_equal(map_why(map), "signature of host.example.org. EPID expired");
}

static void
test_no_agent(void **state)
{
	struct map *other;
	struct map_result *r;
	uint64_t start = now_ms();

	(void)state;
	setenv("MAP_SOCKET", "/nonexistent/map.sock", 1);
	assert_int_equal(map_open(&other), 0);
	assert_int_equal(map_resolve(other, "host.example.org", 0, &r), -MAP_ENOAGENT);
	assert_non_null(strstr(map_why(other), "/nonexistent/map.sock"));
	assert_int_equal(map_connect(other, NULL, "host.example.org", "80", 0), -MAP_ENOAGENT);
	assert_in_range(now_ms() - start, 0, 1000);
	map_close(other);
}

static void
test_path_too_long(void **state)
{
	char path[300];
	struct map *other;

	(void)state;
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	setenv("MAP_SOCKET", path, 1);
	assert_int_equal(map_open(&other), -MAP_EUSAGE);
	assert_null(other);
}

static void
test_agent_dies(void **state)
{
	struct map_result *r;

	(void)state;
	fake->mood = FAKE_DIES;
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), -MAP_ENOAGENT);
	assert_non_null(strstr(map_why(map), "closed"));
	fake_lock(fake);
	fake->mood = FAKE_ANSWERS;
	fake_unlock(fake);
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), 0);
	map_result_free(r);
	assert_int_equal(fake->connections, 2);
}

static void
test_agent_restarted_between_calls(void **state)
{
	struct map_result *r;
	struct fake *second;

	(void)state;
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), 0);
	map_result_free(r);
	fake_stop(fake);
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), -MAP_ENOAGENT);
	second = fake_start(); /* at another path: this context does not know it */
	fake = second;
}

static void
test_deadline(void **state)
{
	struct map_result *r;
	uint64_t start = now_ms();

	(void)state;
	fake->mood = FAKE_SILENT;
	map_set_deadlines(map, 150, 0);
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), -MAP_ETIMEOUT);
	assert_in_range(now_ms() - start, 150, 1000);
	assert_in_range(fake->last.deadline, 1, 150);
	assert_non_null(strstr(map_why(map), "deadline"));
}

static void
test_dribble(void **state)
{
	struct map_result *r;

	(void)state;
	fake->mood = FAKE_DRIBBLES;
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), 0);
	map_result_free(r);
}

static void
test_not_its_protocol(void **state)
{
	struct map_result *r;

	(void)state;
	fake->mood = FAKE_GARBAGE;
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), -MAP_EFORMAT);
	fake_lock(fake);
	fake->mood = FAKE_LIES;
	fake_unlock(fake);
	assert_int_equal(map_resolve(map, "host.example.org", 0, &r), -MAP_EFORMAT);
}

struct told {
	unsigned n;
	int error;
	struct map_request *cancel; /* from within the callback */
};

static void
tell(void *arg, int error, const char *why, struct map_result *result)
{
	struct told *told = arg;

	assert_non_null(why);
	told->n++;
	told->error = error;
	map_result_free(result);
	map_cancel(told->cancel);
	told->cancel = NULL;
}

static void
run_until(const unsigned *n, unsigned want)
{
	struct pollfd p = {.fd = map_fd(map), .events = map_events(map)};

	while (*n < want) {
		poll(&p, 1, map_timeout(map));
		map_process(map);
	}
}

static void
test_events(void **state)
{
	struct told told = {0};

	(void)state;
	assert_int_equal(map_timeout(map), -1);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(
		    map_resolve_start(map, "host.example.org", 0, tell, &told, NULL), 0);
	assert_int_equal(told.n, 0);
	assert_in_range(map_timeout(map), 1, 5000);
	run_until(&told.n, 20);
	assert_int_equal(told.error, 0);
	assert_int_equal(map_timeout(map), -1);
	assert_int_equal(fake->connections, 1);
}

/* Without an agent the callback comes too, and not from the call itself. */
static void
test_events_without_agent(void **state)
{
	struct told told = {0};
	struct map *ours = map;

	(void)state;
	setenv("MAP_SOCKET", "/nonexistent", 1);
	assert_int_equal(map_open(&map), 0);
	assert_int_equal(map_resolve_start(map, "host.example.org", 0, tell, &told, NULL), 0);
	assert_int_equal(told.n, 0);
	assert_int_equal(map_timeout(map), 0);
	run_until(&told.n, 1);
	assert_int_equal(told.error, -MAP_ENOAGENT);
	map_close(map);
	map = ours;
}

static void
test_cancel(void **state)
{
	struct told first = {0}, second = {0}, third = {0};
	struct map_request *request;

	(void)state;
	fake->mood = FAKE_SILENT;
	map_set_deadlines(map, 100, 0);
	assert_int_equal(map_resolve_start(map, "a.example", 0, tell, &first, &request), 0);
	map_cancel(request);
	assert_int_equal(map_resolve_start(map, "b.example", 0, tell, &second, &request), 0);
	third.cancel = request;
	map_set_deadlines(map, 50, 0);
	assert_int_equal(map_resolve_start(map, "c.example", 0, tell, &third, NULL), 0);
	run_until(&third.n, 1);
	assert_int_equal(third.error, -MAP_ETIMEOUT);
	assert_int_equal(first.n + second.n, 0);
	assert_int_equal(map_timeout(map), -1);
	/* left in flight: map_close() cancels it */
	assert_int_equal(map_resolve_start(map, "d.example", 0, tell, &first, NULL), 0);
}

static void
test_texts_of_errors(void **state)
{
	(void)state;
	assert_string_equal(map_error_name(-MAP_ETIMEOUT), "MAP_ETIMEOUT");
	assert_string_equal(map_error_text(MAP_ETIMEOUT), error_text(-MAP_ETIMEOUT));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_result),
	    T(test_flags_for_the_agent),
	    T(test_wrong_arguments),
	    T(test_error_of_the_agent),
	    T(test_no_agent),
	    T(test_path_too_long),
	    T(test_agent_dies),
	    T(test_agent_restarted_between_calls),
	    T(test_deadline),
	    T(test_dribble),
	    T(test_not_its_protocol),
	    T(test_events),
	    T(test_events_without_agent),
	    T(test_cancel),
	    T(test_texts_of_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
