/*
 * pulsework.c - sockets, events, probes and endpoints that are on paper.
 */
#include <linux/mptcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/watches.h"
#include "tests/resolverd/pulsework.h"

struct subflow list[PULSEWORK_PATHS];
size_t n_list;
struct pulse *pulse;
unsigned offers;
bool kept, over;
uint64_t all_us, one_us;
uint64_t received;
size_t hidden;
int fails;
unsigned reads, agains, checks;
bool answers;
const uint8_t *answerer;
bool pending;
void (*meanwhile)(void);
void (*unheard)(void);
const uint8_t *offered;
static watch_fn *events_fn;
static void *events_arg;
static struct mptcp_event told;
heartbeat_fn *check_fn;
static void *check_arg;
struct heartbeat_plan looked;
bool gives_up;
uint32_t probed_us;

const uint8_t a[16] = {0x20, 1, 0x0d, 0xb8, 1}, b[16] = {0x20, 1, 0x0d, 0xb8, 2};
const uint8_t r[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
const uint8_t r2[16] = {0x20, 1, 0x0d, 0xb8, [15] = 2};

/* --- linked with --wrap --- */

int __wrap_netlink_open(int bus, unsigned groups, struct netlink **out);
int __wrap_netlink_join(struct netlink *nl, uint32_t group);
int __wrap_netlink_fd(const struct netlink *nl);
void __wrap_netlink_close(struct netlink *nl);
int __wrap_netlink_events(struct netlink *nl, netlink_fn *hear, void *arg);
bool __wrap_mptcp_event_read(const struct nlmsghdr *message, struct mptcp_event *out);
uint32_t __wrap_mptcp_event_group(const struct mptcp *mptcp);
struct watch *__wrap_watch_new(
    struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg);
void __wrap_watch_free(struct watch *watch);
int __wrap_subflows_read(struct netlink *diag, struct subflows *out);
int __wrap_subflows_again(struct netlink *diag, struct subflows *out);
bool __wrap_subflows_listen(struct netlink *diag);
int __wrap_heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out);
void __wrap_heartbeat_cancel(struct heartbeat_check *check);
bool __wrap_heartbeat_lately(struct heartbeat *heartbeat, const struct prober_way *way,
    uint64_t ms, struct heartbeat_outcome *out);

int
__wrap_netlink_open(int bus, unsigned groups, struct netlink **out)
{
	(void)bus;
	(void)groups;
	*out = (struct netlink *)&now;
	return 0;
}

int
__wrap_netlink_join(struct netlink *nl, uint32_t group)
{
	(void)nl;
	(void)group;
	return 0;
}

int
__wrap_netlink_fd(const struct netlink *nl)
{
	(void)nl;
	return 0;
}

void
__wrap_netlink_close(struct netlink *nl)
{
	(void)nl;
}

int
__wrap_netlink_events(struct netlink *nl, netlink_fn *hear, void *arg)
{
	static const struct nlmsghdr message;

	(void)nl;
	if (told.kind != 0)
		hear(arg, &message);
	told.kind = 0;
	if (unheard != NULL)
		unheard();
	unheard = NULL;
	return 0;
}

bool
__wrap_mptcp_event_read(const struct nlmsghdr *message, struct mptcp_event *out)
{
	(void)message;
	*out = told;
	return told.kind != 0;
}

uint32_t
__wrap_mptcp_event_group(const struct mptcp *mptcp)
{
	(void)mptcp;
	return 1;
}

struct watch *
__wrap_watch_new(struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg)
{
	(void)loop;
	(void)fd;
	(void)events;
	events_fn = fn;
	events_arg = arg;
	return (struct watch *)&now;
}

void
__wrap_watch_free(struct watch *watch)
{
	(void)watch;
}

static int
tell_all(struct subflows *out)
{
	static struct subflow_session sessions[PULSEWORK_PATHS];

	*out = (struct subflows){
	    .n = n_list, .list = list, .sessions = sessions, .complete = true};
	for (size_t i = 0; i < n_list; i++)
		if (i == 0 || list[i].token != list[i - 1].token)
			sessions[out->n_sessions++] = (struct subflow_session){
			    .token = list[i].token, .over = over, .received = received};
	return 0;
}

int
__wrap_subflows_read(struct netlink *diag, struct subflows *out)
{
	(void)diag;
	reads++;
	spent_us += all_us;
	return fails < 0 ? fails : tell_all(out);
}

int
__wrap_subflows_again(struct netlink *diag, struct subflows *out)
{
	(void)diag;
	agains++;
	spent_us += n_list * one_us;
	(void)tell_all(out);
	out->n -= hidden;
	return fails;
}

bool
__wrap_subflows_listen(struct netlink *diag)
{
	(void)diag;
	return false;
}

int
__wrap_heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out)
{
	(void)heartbeat;
	checks++;
	check_fn = fn;
	check_arg = arg;
	looked = *plan;
	*out = (struct heartbeat_check *)&now;
	return 0;
}

void
__wrap_heartbeat_cancel(struct heartbeat_check *check)
{
	(void)check;
}

bool
__wrap_heartbeat_lately(struct heartbeat *heartbeat, const struct prober_way *way, uint64_t ms,
    struct heartbeat_outcome *out)
{
	(void)heartbeat;
	(void)way;
	(void)ms;
	*out = (struct heartbeat_outcome){.beat = BEAT_ALIVE, .rtt_us = probed_us};
	return true;
}

/* --- */

static size_t
own(void *arg, uint8_t (*out)[16], size_t max)
{
	(void)arg;
	assert_true(max >= 2);
	memcpy(out[0], a, 16);
	memcpy(out[1], b, 16);
	return 2;
}

static void
renew(void *arg, const uint8_t address[16], bool accepts, const char *why)
{
	(void)arg;
	(void)accepts;
	(void)why;
	assert_memory_equal(address, offered, 16);
	offers++;
	kept = false;
}

static void
keep_back(void *arg, const uint8_t address[16], const char *why)
{
	(void)arg;
	(void)why;
	assert_memory_equal(address, a, 16);
	kept = true;
}

static bool
is_kept(void *arg, const uint8_t address[16])
{
	(void)arg;
	return kept && memcmp(address, a, 16) == 0;
}

static void
accepts(void *arg)
{
	(void)arg;
}

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

static const struct watch_row *
watch(void *arg, uint32_t token)
{
	(void)arg;
	(void)token;
	return watch_row(WATCH_FAST);
}

static bool
is_given_up(void *arg, uint32_t token, const uint8_t remote[16])
{
	(void)arg;
	(void)token;
	return gives_up && memcmp(remote, r2, 16) == 0;
}

static void
mark(void *arg, const struct pair_mark *mark)
{
	(void)arg;
	(void)mark;
}

static const struct pulse_ops ops = {own, keep_back, is_kept, renew, accepts};
static const struct paths_company company = {.heartbeat = (struct heartbeat *)&now,
    .watch = watch,
    .mark = mark,
    .tell = tell,
    .count = count,
    .gives_up = is_given_up,
    .flap = {1000, 60000, 2}};

void
put(uint32_t token, const uint8_t local[16], const uint8_t remote[16])
{
	struct subflow flow = {.token = token, .local_port = (uint16_t)n_list, .began = true};

	memcpy(flow.local, local, 16);
	memcpy(flow.remote, remote, 16);
	list[n_list++] = flow;
}

void
put_both(uint32_t token, const uint8_t remote[16])
{
	put(token, a, remote);
	put(token, b, remote);
}

void
tell_joined(uint32_t token)
{
	told = (struct mptcp_event){.kind = MPTCP_EVENT_SUB_ESTABLISHED, .token = token};
	events_fn(events_arg, 0, LOOP_READ);
}

void
begin(void)
{
	now = 100000;
	n_timers = offers = 0;
	spent_us = all_us = one_us = received = 0;
	answers = kept = over = gives_up = pending = false;
	hidden = 0;
	fails = 0;
	answerer = offered = a;
	meanwhile = unheard = NULL;
	check_fn = NULL;
	probed_us = 0;
	assert_int_equal(
	    pulse_open((struct loop *)&now, (struct mptcp *)&now, &ops, NULL, &pulse), 0);
	assert_int_equal(pulse_attend(pulse, &company, NULL), 0);
}

void
end(void)
{
	pulse->seen = (struct subflows){.n = 0}; /* its list is ours */
	pulse_close(pulse);
	n_list = 0;
}

void
pass(uint64_t ms)
{
	struct heartbeat_outcome outcomes[HEARTBEAT_PAIRS] = {{0}};

	for (uint64_t until = now + ms; now < until; now += 5) {
		for (size_t i = 0; i < n_timers; i++)
			if (timers[i].due != 0 && timers[i].due <= now)
				clockwork_fire(&timers[i]);
		for (size_t i = 0; i < HEARTBEAT_PAIRS; i++) {
			bool alive = answers && memcmp(looked.ways[i].local, answerer, 16) == 0;

			outcomes[i].beat = alive ? BEAT_ALIVE : BEAT_SILENT;
		}
		if (check_fn != NULL && !pending) {
			heartbeat_fn *fn = check_fn;

			check_fn = NULL;
			if (meanwhile != NULL)
				meanwhile();
			fn(check_arg, outcomes, looked.n);
		}
	}
}
