/*
 * pulse.c - when to look: woken by the kernel's events of sessions, asleep when there is nothing to
 * watch. What is seen is judged by silence.c.
 */
#include "resolverd/pulse_own.h"

#include <errno.h>
#include <linux/mptcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "resolverd/liveness.h"
#include "resolverd/stories.h"

#define PULSE_BUSY_MS 15
#define PULSE_PROBING_MS 5 /* the same where a suspicion is worth a probe */
#define PULSE_REST_MS 200 /* after a suspect path answered */
/* After nothing did, where the kernel has a session with that path only: another provider may come at any moment, and probes alone
 * find it. */
#define PULSE_LONE_REST_MS 5
/* What is probed then: no more often, but without pauses in which who comes would be missed. */
#define PULSE_LONE_PROBES 8
#define PULSE_LONE_GAP_MS 20
#define PULSE_LONG_MS 60000 /* after such a time of silence ... */
#define PULSE_SLOW_MS 2000 /* ... whatever did not answer rests for so long */
#define PULSE_STOPPED_REST_MS 30000 /* at most; else for as long as it had stopped */
#define PULSE_HINT_MS 100 /* after a peer's warning */
#define PULSE_IDLE_MS 100 /* at most, while nothing happens */
#define PULSE_ALL_MS 1000 /* from a look at all that the machine has to the next */
#define PULSE_BLIND_MS 1000 /* after the kernel did not tell */
/* A look may cost at most one part in this many of the time between looks: of a CPU, since what it waits for one is no cost, and on
 * a busy machine dead paths would be found late. */
#define PULSE_SHARE 25
/* The same of looks at all that the machine has, where the others are cheaper; so much at once is no reason to put one off. */
#define PULSE_ALL_SHARE 50
#define PULSE_ALL_US 10000

static void
pulse_next(struct pulse *pulse, uint64_t cost_us)
{
	uint64_t busy = pulse->heartbeat != NULL ? PULSE_PROBING_MS : PULSE_BUSY_MS;
	uint64_t ms = silence_is_busy(pulse->silence) ? busy : 2 * pulse->pause_ms;

	/* step by step: between two looks there may be none of a stream's octets */
	ms = ms < PULSE_IDLE_MS ? ms : PULSE_IDLE_MS;
	ms = ms > busy ? ms : busy;
	pulse->pause_ms = ms;
	pulse->running =
	    silence_has_several(pulse->silence) || pulse->begun || pulse->n_lost > 0;
	if (ms < cost_us * PULSE_SHARE / 1000)
		ms = cost_us * PULSE_SHARE / 1000;
	if (pulse->running)
		timer_start(pulse->timer, ms);
}

/* Whether all is to be read: what begins is an event, and each second, since an event may be heard before its path stands. */
static bool
pulse_is_behind(struct pulse *pulse)
{
	uint64_t now = loop_now_ms(), paid = (now - pulse->paid_at) * 1000 / PULSE_ALL_SHARE;

	pulse->debt_us -= pulse->debt_us < paid ? pulse->debt_us : paid;
	pulse->paid_at = now;
	return pulse->debt_us <= PULSE_ALL_US &&
	       (pulse->news || now - pulse->all_at >= PULSE_ALL_MS);
}

/* A handshake whose packets waited, for a link's neighbours say, tells nothing of the way, and is all that the kernel knows until data was
 * acknowledged: a probe that took less there knows better. */
static void
pulse_time(const struct pulse *pulse, struct subflow *flow)
{
	struct prober_way way = prober_way_of(flow->local, flow->remote);
	struct heartbeat_outcome lately;

	if (flow->delivered > 1 || pulse->heartbeat == NULL ||
	    !heartbeat_lately(pulse->heartbeat, &way, LIVENESS_WORKED_MS, &lately) ||
	    lately.rtt_us == 0 || lately.rtt_us >= flow->rtt_us)
		return;
	flow->rtt_us = lately.rtt_us;
	flow->rttvar_us = lately.rtt_us / 2; /* as after the first measure (RFC 6298 2.2) */
}

int
pulse_read(struct pulse *pulse)
{
	uint64_t started = clock_spent_us(), spent;
	size_t n = pulse->seen.n;
	bool many = !pulse->seen.complete || n * pulse->one_us > pulse->all_us;
	bool all = many || pulse_is_behind(pulse);
	int rc = all ? subflows_read(pulse->diag, &pulse->seen)
		     : subflows_again(pulse->diag, &pulse->seen);

	spent = clock_spent_us() - started;
	if (all) {
		pulse->news = rc < 0;
		pulse->all_at = loop_now_ms();
		pulse->all_us = spent;
		pulse->debt_us += many ? 0 : spent;
		pulse->aside_us += many ? 0 : spent;
	} else if (n > 0) {
		pulse->one_us = spent / n;
	}
	for (size_t i = 0; rc == 0 && i < pulse->seen.n; i++) {
		pulse_time(pulse, &pulse->seen.list[i]);
		if (pulse->manage != NULL)
			pulse->seen.list[i].managed =
			    manage_has(pulse->manage, pulse->seen.list[i].token);
	}
	return rc;
}

static bool
suspicion_is_of(const struct suspicion *s, const struct subflow *flow)
{
	return s->pulse != NULL && s->flow.token == flow->token &&
	       subflow_compare(&s->flow, flow) == 0;
}

/* The pair that a probe was about works, or does not, for all who connect next too. */
static void
suspicion_mark(const struct suspicion *s, bool works, uint32_t rtt_us)
{
	struct pair_mark mark = {.worked = works, .rtt_us = rtt_us};

	memcpy(mark.source, s->flow.local, 16);
	memcpy(mark.destination, s->flow.remote, 16);
	s->pulse->company->mark(s->pulse->company->arg, &mark);
}

/* Whether all that answers is by other addresses of this host: else leaving the address would leave what lives, too. */
static bool
suspicion_is_of_address(
    const struct suspicion *s, const struct heartbeat_outcome *outcomes, size_t n)
{
	bool elsewhere = false;

	for (size_t i = 1; i < n && i <= s->n_controls; i++) {
		if (!beat_lives(outcomes[i].beat))
			continue;
		if (memcmp(s->ways[i].local, s->flow.local, 16) == 0)
			return false;
		elsewhere = true;
	}
	return elsewhere;
}

static silence_confirm_fn pulse_confirm;

struct silence_judge
pulse_judge(struct pulse *pulse, uint8_t (*own)[16])
{
	return (struct silence_judge){own, pulse->ops->own(pulse->arg, own, MPTCP_ENDPOINTS),
	    pulse_confirm, pulse, pulse->company->flap};
}

/* The peer may be slow, or gone, or nowhere to be reached for now, or answers no probes: who has nothing else is looked after. */
static void
suspicion_unproven(
    struct suspicion *s, bool lives, const struct heartbeat_outcome *outcomes, size_t n)
{
	if (s->flow.managed && (!lives || s->n_controls == 0))
		manage_cut(s->pulse->manage, &s->flow);
	else if (s->lone && lives)
		pulse_revive(s->pulse, s, outcomes, n);
}

/* Nothing answered, or what did is no proof: that is asked again, for a minute quickly. */
static void
suspicion_again(struct suspicion *s, bool lives, uint64_t now)
{
	if (s->silent >= PULSE_LONG_MS) {
		s->rest = now + PULSE_SLOW_MS;
	} else if (s->lone && !lives) {
		s->rest = now + PULSE_LONE_REST_MS;
		timer_start(s->pulse->timer, PULSE_LONE_REST_MS); /* it may be idle else */
	}
}

/* The peer has nothing to say: that is asked again, but not often. */
static void
suspicion_content(struct suspicion *s, uint64_t now)
{
	uint64_t ms = s->stopped < PULSE_STOPPED_REST_MS ? s->stopped : PULSE_STOPPED_REST_MS;

	if (ms > PULSE_REST_MS)
		s->rest = now + ms;
}

/* Whether the pair answered a probe ever. */
static bool
suspicion_was_probed(const struct suspicion *s, size_t i)
{
	struct heartbeat_outcome outcome;

	return heartbeat_lately(s->pulse->heartbeat, &s->ways[i], UINT64_MAX, &outcome);
}

/* It is left; and with it other paths of its session that begin or end where it does, and were as silent as it meanwhile: else its
 * data would be moved to them, and wait there for the same once more. */
static void
suspicion_lose(const struct suspicion *s, const struct heartbeat_outcome *outcomes)
{
	struct pulse *pulse = s->pulse;
	uint64_t now = loop_now_ms();

	for (size_t i = 1; i <= s->n_controls; i++) {
		const struct subflow *other = &s->others[i - 1];

		if (!beat_lives(outcomes[i].beat) &&
		    (memcmp(other->local, s->flow.local, 16) == 0 ||
			memcmp(other->remote, s->flow.remote, 16) == 0) &&
		    silence_is_quiet(pulse->silence, other, now - s->began, now))
			manage_died(pulse->manage, other, suspicion_was_probed(s, i));
	}
	manage_lose(pulse->manage, &s->flow, suspicion_was_probed(s, 0));
}

/* What speaks against a path that its peer warned of is less: each sign of life that there is counts, until now. */
static bool
suspicion_is_heard(const struct suspicion *s)
{
	struct pulse *pulse = s->pulse;

	return pulse_read(pulse) < 0 ||
	       silence_hears(pulse->silence, &pulse->seen, &s->flow, s->began);
}

/* Never on one sign alone: it owes, or is silent when its peer warns, and answers no probes, where another one of the session does. */
static void
suspicion_checked(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	struct suspicion *s = arg;
	struct pulse *pulse = s->pulse;
	uint8_t own[MPTCP_ENDPOINTS][16];
	struct silence_judge judge = pulse_judge(pulse, own);
	uint64_t now = loop_now_ms();
	char local[EID_TEXT], remote[EID_TEXT], words[160];
	bool answers = false, lives = false, told = outcomes[0].beat != BEAT_SILENT;

	s->check = NULL;
	s->rest = now + PULSE_REST_MS;
	for (size_t i = 1; i < n; i++) {
		answers |= outcomes[i].beat == BEAT_ALIVE;
		lives |= beat_lives(outcomes[i].beat);
	}
	if (beat_lives(outcomes[0].beat)) {
		suspicion_mark(s, true, outcomes[0].rtt_us);
		s->said = s->was_lone = false;
		suspicion_content(s, now);
		return;
	}
	if (silence_since(pulse->silence, &s->flow, s->owes, now) < now - s->began ||
	    (s->stopped != 0 && !s->lone && suspicion_is_heard(s)))
		return; /* it is alive: its probes alone were lost */
	/* a peer's kernel says that nothing listens a few times only, and then seems dead: such silence is no proof */
	s->mute = !answers && !(lives && told);
	if (s->mute) {
		suspicion_unproven(s, lives, outcomes, n);
		suspicion_again(s, lives, now);
		return;
	}
	suspicion_mark(s, false, 0);
	snprintf(words, sizeof words, "path from %s to %s: %s, where another one answers",
	    address_print(s->flow.local, local), address_print(s->flow.remote, remote),
	    beat_word(outcomes[0].beat));
	if (!s->flow.managed && !s->lone && suspicion_is_of_address(s, outcomes, n) &&
	    pulse_may_leave(pulse, s, &judge)) {
		diag_info("%s: left", words);
		snprintf(words, sizeof words, "%s, where another one answers",
		    beat_word(outcomes[0].beat));
		/* where nothing is owed the silence of who was never heard to answer tells little: it is offered at once */
		pulse_renew(
		    pulse, &s->flow, words, s->stopped == 0 || suspicion_was_probed(s, 0));
		return;
	}
	/* one of the kernel's may be the peer's to leave, or the kernel's to avoid, or was left just now: that is found again */
	if (s->flow.managed || !s->said)
		pulse->company->tell(pulse->company->arg, s->flow.token, words);
	s->said = true;
	if (s->flow.managed)
		suspicion_lose(s, outcomes);
	else if (s->lone)
		pulse_revive(pulse, s, outcomes, n);
}

/* A free row, or the one that rests longest. NULL: all are being probed. */
static struct suspicion *
suspicion_row(struct pulse *pulse, const struct subflow *flow)
{
	struct suspicion *row = NULL;

	for (size_t i = 0; i < PULSE_CHECKS; i++) {
		struct suspicion *s = &pulse->suspicions[i];

		if (suspicion_is_of(s, flow))
			return s;
		if (s->check == NULL && (row == NULL || s->rest < row->rest))
			row = s;
	}
	return row;
}

/* A session that the kernel has with one path: its peer is probed from the other addresses of this host. */
static void
suspicion_spares(struct suspicion *s, struct heartbeat_plan *plan)
{
	uint8_t own[MPTCP_ENDPOINTS][16];
	size_t n = s->pulse->ops->own(s->pulse->arg, own, MPTCP_ENDPOINTS);

	for (size_t i = 0; i < n && plan->n < HEARTBEAT_PAIRS; i++) {
		if (memcmp(own[i], s->flow.local, 16) == 0 ||
		    address_is_ipv4(own[i]) != address_is_ipv4(s->flow.remote))
			continue;
		plan->ways[plan->n++] = prober_way_of(own[i], s->flow.remote);
		s->n_controls++;
	}
}

/* The path was found silent, as all others were: now the first of those to answer is what counts. */
static void
suspicion_await(struct heartbeat_plan *plan)
{
	plan->probes = PULSE_LONE_PROBES;
	plan->gap_ms = PULSE_LONE_GAP_MS;
	plan->patience_ms = PULSE_LONE_GAP_MS + 3 * plan->rtt_us[0] / 1000;
	plan->lead = 1;
}

static void
suspicion_start(struct pulse *pulse, const struct silence_suspect *suspect)
{
	const struct watch_row *watch =
	    pulse->company->watch(pulse->company->arg, suspect->flow.token);
	struct suspicion *s = suspicion_row(pulse, &suspect->flow);
	struct heartbeat_plan plan;

	/* who rests, or is looked at, because what came has stopped is looked at anew when something is owed; who had no other path, when
	 * another one is there */
	if (s == NULL || (s->check != NULL && (s->stopped == 0 || s->lone || !suspect->owes)))
		return;
	if (suspicion_is_of(s, &suspect->flow) && s->rest > loop_now_ms() &&
	    (s->stopped == 0 || suspect->stopped) && !(s->lone && suspect->n_others > 0))
		return;
	heartbeat_cancel(s->check);
	*s = (struct suspicion){.pulse = pulse,
	    .flow = suspect->flow,
	    .n_controls = suspect->n_others,
	    .began = loop_now_ms(),
	    .owes = suspect->owes,
	    .stopped = suspect->stopped ? suspect->ms : 0,
	    .silent = suspect->ms,
	    .was_lone = suspicion_is_of(s, &suspect->flow) && (s->lone || s->was_lone) &&
			suspect->n_others > 0,
	    .mute = suspicion_is_of(s, &suspect->flow) && s->mute,
	    .said = suspicion_is_of(s, &suspect->flow) && s->said};
	plan = (struct heartbeat_plan){.n = 1 + suspect->n_others,
	    .ways = {prober_way_of(suspect->flow.local, suspect->flow.remote)},
	    .rtt_us = {subflow_round_trip(&suspect->flow)},
	    .warns = suspect->owes,
	    .probes = watch->probes,
	    .gap_ms = watch->gap_ms,
	    .lead = watch->lead,
	    .patience_ms = watch->patience_ms + 3 * subflow_round_trip(&suspect->flow) / 1000};
	for (size_t i = 0; i < suspect->n_others; i++) {
		plan.ways[1 + i] =
		    prober_way_of(suspect->others[i].local, suspect->others[i].remote);
		plan.rtt_us[1 + i] = subflow_round_trip(&suspect->others[i]);
	}
	s->lone = !suspect->flow.managed && plan.n == 1;
	if (s->lone)
		suspicion_spares(s, &plan);
	if (s->lone && s->mute)
		suspicion_await(&plan);
	if (suspect->flow.managed)
		plan.n += manage_spares(pulse->manage, suspect->flow.token, plan.ways + plan.n,
		    HEARTBEAT_PAIRS - plan.n);
	memcpy(s->others, suspect->others, sizeof s->others);
	memcpy(s->ways, plan.ways, sizeof s->ways);
	if (heartbeat_start(pulse->heartbeat, &plan, suspicion_checked, s, &s->check) < 0)
		s->rest = loop_now_ms() + PULSE_REST_MS;
}

/* Loss is no death: what seems silent is probed, and left if that finds it dead. Only where nothing answers probes, or none may
 * be sent, does its silence speak for itself. */
static bool
pulse_confirm(void *arg, const struct silence_suspect *suspect)
{
	struct pulse *pulse = arg;
	struct suspicion *s = suspicion_row(pulse, &suspect->flow);

	if (pulse->heartbeat == NULL)
		return suspect->ms >= SILENCE_MUTE_MS;
	if (s != NULL && suspicion_is_of(s, &suspect->flow) && s->mute)
		return suspect->ms >= SILENCE_MUTE_MS;
	suspicion_start(pulse, suspect);
	return false;
}

static void
pulse_suspect(struct pulse *pulse)
{
	struct silence_suspect suspects[PULSE_CHECKS];
	size_t n = silence_suspects(pulse->silence, loop_now_ms(), suspects, PULSE_CHECKS);

	for (size_t i = 0; i < n; i++)
		suspicion_start(pulse, &suspects[i]);
}

/* A peer that warns by one path of a session holds another one for silent, which is looked at from here too: the address may be this
 * host's to leave. */
static void
pulse_take_hint(struct pulse *pulse)
{
	struct silence_suspect suspect;
	uint64_t now = loop_now_ms();

	if (now - pulse->hinted <= PULSE_HINT_MS &&
	    silence_hinted(
		pulse->silence, pulse->hint.local, pulse->hint.remote, now, &suspect))
		suspicion_start(pulse, &suspect);
}

static void
pulse_beat(void *arg)
{
	struct pulse *pulse = arg;
	uint64_t started = clock_spent_us();
	uint8_t own[MPTCP_ENDPOINTS][16];
	struct silence_judge judge = pulse_judge(pulse, own);
	struct silence_verdict verdict;
	char local[EID_TEXT], remote[EID_TEXT], why[80];
	int rc;

	pulse->aside_us = 0;
	rc = pulse_read(pulse);
	if (rc < 0) {
		if (!pulse->blind)
			diag_warn("paths: sessions cannot be read: %s; asked again each second",
			    rc == -MAP_ESYS ? strerror(errno) : error_text(rc));
		pulse->blind = true;
		timer_start(pulse->timer, PULSE_BLIND_MS);
		return;
	}
	pulse->blind = false;
	if (pulse->begun && !pulse->news) { /* else it is not among what was seen */
		pulse->begun = false;
		pulse_offer_kept(pulse);
	}
	pulse_seek_lost(pulse);
	if (silence_look(pulse->silence, &pulse->seen, loop_now_ms(), &judge, &verdict)) {
		snprintf(why, sizeof why, "silent for %llu ms (%s) while others carry on",
		    (unsigned long long)verdict.ms,
		    verdict.owes ? "acknowledges nothing" : "data is missing");
		diag_info("path from %s to %s: %s", address_print(verdict.flow.local, local),
		    address_print(verdict.flow.remote, remote), why);
		if (verdict.flow.managed)
			manage_lose(pulse->manage, &verdict.flow, false);
		else
			pulse_renew(pulse, &verdict.flow, why, false);
	} else if (pulse->heartbeat != NULL) {
		pulse_suspect(pulse);
		pulse_take_hint(pulse);
	}
	pulse_next(pulse, clock_spent_us() - started - pulse->aside_us);
}

/* Whatever happened to a session: look soon. */
static void
pulse_heard(void *arg, const struct nlmsghdr *message)
{
	struct pulse *pulse = arg;
	struct mptcp_event event;

	(void)mptcp_event_read(message, &event);
	pulse->news |= event.kind == MPTCP_EVENT_CREATED ||
		       event.kind == MPTCP_EVENT_ESTABLISHED ||
		       event.kind == MPTCP_EVENT_SUB_ESTABLISHED;
	if (event.kind == MPTCP_EVENT_ESTABLISHED) {
		pulse->begun = true;
		pulse->newest = event.token;
	}
	if (event.kind == MPTCP_EVENT_SUB_ESTABLISHED) {
		pulse->company->count(pulse->company->arg, PATH_JOINED);
		if (pulse->manage == NULL) /* else it tells, of all sessions */
			stories_joined(pulse->company, event.token, &event.path);
	}
	if (event.kind == MPTCP_EVENT_SUB_CLOSED) {
		struct prober_way way = prober_way_of(event.path.local, event.path.remote);

		pulse_ended(pulse, event.token, &way, event.error);
	}
	if (event.kind == MPTCP_LISTENER_CREATED ||
	    (event.kind == MPTCP_EVENT_ESTABLISHED && event.server))
		pulse->ops->accepts(pulse->arg);
	if (!pulse->running) {
		pulse->running = true;
		timer_start(pulse->timer, PULSE_BUSY_MS);
	}
}

void
pulse_hear(struct pulse *pulse)
{
	if (netlink_events(pulse->events, pulse_heard, pulse) == 0)
		return;
	pulse_unheard(pulse);
	pulse->news = pulse->begun = true;
	if (!pulse->running) {
		pulse->running = true;
		timer_start(pulse->timer, PULSE_BUSY_MS);
	}
}

static void
pulse_ready(void *arg, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	pulse_hear(arg);
}

static int
pulse_start(struct loop *loop, const struct mptcp *mptcp, struct pulse *pulse)
{
	int rc = netlink_open(NETLINK_GENERIC, 0, &pulse->events);

	if (rc == 0)
		rc = netlink_join(pulse->events, mptcp_event_group(mptcp));
	if (rc == 0)
		rc = netlink_open(NETLINK_SOCK_DIAG, 0, &pulse->diag);
	if (rc == 0)
		rc = pulse_read(pulse);
	if (rc < 0)
		return rc;
	pulse->timer = timer_new(loop, pulse_beat, pulse);
	pulse->watch =
	    watch_new(loop, netlink_fd(pulse->events), LOOP_READ, pulse_ready, pulse);
	if (pulse->timer == NULL || pulse->watch == NULL)
		return -MAP_ENOMEM;
	pulse->running = true; /* there may be sessions already */
	timer_start(pulse->timer, PULSE_BUSY_MS);
	return 0;
}

int
pulse_open(struct loop *loop, const struct mptcp *mptcp, const struct pulse_ops *ops, void *arg,
    struct pulse **out)
{
	struct pulse *pulse = calloc(1, sizeof *pulse);
	int rc = -MAP_ENOMEM;

	*out = NULL;
	if (pulse == NULL)
		return rc;
	pulse->ops = ops;
	pulse->loop = loop;
	pulse->arg = arg;
	pulse->silence = silence_new();
	if (pulse->silence != NULL)
		rc = pulse_start(loop, mptcp, pulse);
	if (rc == 0) {
		*out = pulse;
		return 0;
	}
	if (rc == -MAP_ESYS && errno == ENOENT) {
		diag_info("paths: the kernel shows no MPTCP sockets; its own timers alone move "
			  "sessions");
		rc = 0;
	}
	pulse_close(pulse);
	return rc;
}

void
pulse_close(struct pulse *pulse)
{
	if (pulse == NULL)
		return;
	for (size_t i = 0; i < PULSE_CHECKS; i++)
		heartbeat_cancel(pulse->suspicions[i].check);
	returns_close(pulse->returns);
	watch_free(pulse->watch);
	timer_free(pulse->timer);
	netlink_close(pulse->events);
	netlink_close(pulse->diag);
	silence_free(pulse->silence);
	subflows_clear(&pulse->seen);
	free(pulse);
}
