/*
 * test_follow.c - is a path of the kernel's to what the mapping gives up left for one that lives, and only then? The look-up, the clock and
 * the sockets are on paper; what is known of pairs is real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/follow.h"
#include "resolverd/joint.h"
#include "resolverd/pairs.h"
#include "resolverd/places.h"
#include "resolverd/sockets.h"
#include "resolverd/subflows.h"
#include "tests/resolverd/clockwork.h"

#define LIFETIME 3600u /* s */

static const uint8_t a[16] = {0x20, 1, 0x0d, 0xb8, 1};
static const uint8_t x[16] = {0x20, 1, 0x0d, 0xb8, 2}, y[16] = {0x20, 1, 0x0d, 0xb8, 3};
static struct subflow list[3];
static struct subflows seen = {.list = list, .complete = true};
static struct agent agent;
static struct session session = {.note = {.token = 7}};
static struct result result;
static unsigned ended;

/* --- linked with --wrap --- */

int __wrap_joint_ask(struct joints *joints, const struct resolve_request *request,
    const struct request_asker *asker, struct bytes *now, struct joint **out);
int __wrap_result_read(struct bytes payload, struct result *out);
void __wrap_places_take(
    struct places *places, const struct result *result, struct paths_places *out);
bool __wrap_paths_map(struct paths *paths, uint32_t token, const struct paths_places *places);
struct agent *__wrap_sessions_agent(const struct sessions *all);
struct result *__wrap_sessions_result(struct sessions *all);
struct netlink *__wrap_sessions_diag(const struct sessions *all);
const struct subflows *__wrap_sessions_subflows(struct sessions *all);
void __wrap_session_tell(struct session *session, const char *format, ...);
int __wrap_sockets_end(struct netlink *diag, const struct session_note *note);

int
__wrap_joint_ask(struct joints *joints, const struct resolve_request *request,
    const struct request_asker *asker, struct bytes *payload, struct joint **out)
{
	(void)joints;
	(void)request;
	(void)asker;
	*payload = (struct bytes){0};
	*out = NULL;
	return 0;
}

int
__wrap_result_read(struct bytes payload, struct result *out)
{
	(void)payload;
	out->error = 0;
	out->lifetime = LIFETIME;
	return 0;
}

void
__wrap_places_take(struct places *places, const struct result *found, struct paths_places *out)
{
	(void)places;
	(void)found;
	*out = (struct paths_places){.n_given_up = 1};
	memcpy(out->given_up[0], x, 16);
}

bool
__wrap_paths_map(struct paths *paths, uint32_t token, const struct paths_places *places)
{
	(void)paths;
	(void)token;
	(void)places;
	return false;
}

struct agent *
__wrap_sessions_agent(const struct sessions *all)
{
	(void)all;
	return &agent;
}

struct result *
__wrap_sessions_result(struct sessions *all)
{
	(void)all;
	return &result;
}

struct netlink *
__wrap_sessions_diag(const struct sessions *all)
{
	(void)all;
	return (struct netlink *)&now;
}

const struct subflows *
__wrap_sessions_subflows(struct sessions *all)
{
	(void)all;
	return &seen;
}

void
__wrap_session_tell(struct session *one, const char *format, ...)
{
	(void)one;
	(void)format;
}

int
__wrap_sockets_end(struct netlink *diag, const struct session_note *note)
{
	(void)diag;
	assert_memory_equal(note->destination, x, 16);
	ended++;
	for (size_t i = 0; i < seen.n; i++)
		if (memcmp(list[i].remote, x, 16) == 0)
			list[i] = list[--seen.n];
	return 0;
}

/* --- */

static struct follow *
begin(size_t n)
{
	static const uint8_t *const to[] = {x, y};
	struct follow *follow;

	now = 1000;
	n_timers = 0;
	ended = 0;
	seen.n = n;
	for (size_t i = 0; i < n; i++) {
		list[i] = (struct subflow){.token = 7};
		memcpy(list[i].local, a, 16);
		memcpy(list[i].remote, to[i], 16);
	}
	session.all = (struct sessions *)&now;
	agent.joints = (struct joints *)&now; /* not looked into, as that */
	agent.paths = (struct paths *)&now;
	assert_int_equal(pairs_open("/nonexistent", &agent.pairs), 0);
	assert_int_equal(follow_new(&session, &follow), 0);
	return follow;
}

/* What comes of the next look-up, which is due by then. */
static void
step(void)
{
	assert_in_range(timers[0].due, now, now + 5000);
	now = timers[0].due;
	clockwork_fire(&timers[0]);
}

static void
finish(struct follow *follow)
{
	follow_free(follow);
	pairs_close(agent.pairs);
}

static void
mark(bool worked)
{
	struct pair_mark of = {.worked = worked};

	memcpy(of.source, a, 16);
	memcpy(of.destination, y, 16);
	pairs_mark(agent.pairs, LIVENESS_ALL, &of, now);
}

static void
test_leaves(void **state)
{
	struct follow *follow = begin(2);

	(void)state;
	step();
	assert_int_equal(ended, 1);
	finish(follow);
}

static void
test_only_one(void **state)
{
	struct follow *follow = begin(1);

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		step();
	assert_int_equal(ended, 0);
	finish(follow);
}

/* The other one is dead, though the kernel has it still: what is given up goes on until that answers. */
static void
test_other_is_dead(void **state)
{
	struct follow *follow = begin(2);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		mark(false);
		step();
	}
	assert_int_equal(ended, 0);
	mark(true);
	step();
	assert_int_equal(ended, 1);
	finish(follow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_leaves),
	    cmocka_unit_test(test_only_one),
	    cmocka_unit_test(test_other_is_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
