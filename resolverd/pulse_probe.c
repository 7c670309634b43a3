/*
 * pulse_probe.c - what is suspect is probed: whether it is dead, and what is left then, or offered instead.
 */
#include <stdio.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "resolverd/pulse_own.h"

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

static bool
suspicion_is_of(const struct suspicion *s, const struct subflow *flow)
{
	return s->pulse != NULL && s->flow.token == flow->token &&
	       subflow_compare(&s->flow, flow) == 0;
}

/* Nothing came by it, or was acknowledged there, since it was looked at. */
static bool
suspicion_is_still(const struct suspicion *s, const struct subflow *flow)
{
	return s->owes ? s->flow.delivered == flow->delivered
		       : s->flow.segments_in == flow->segments_in;
}

/* Its session has a path by another address. */
static bool
suspect_is_one_of_two(const struct silence_suspect *suspect)
{
	return suspect->n_others > 0 &&
	       memcmp(suspect->others[0].local, suspect->flow.local, 16) != 0;
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
		s->said = s->waits = false;
		suspicion_content(s, now);
		return;
	}
	if (silence_since(pulse->silence, &s->flow, s->owes, now) < now - s->began ||
	    (s->stopped != 0 && !s->lone && suspicion_is_heard(s))) {
		s->waits = false;
		return; /* it is alive: its probes alone were lost */
	}
	if (s->waits && !s->lone && s->stopped != 0)
		suspicion_content(s, now);
	s->waits |= s->lone;
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
		s->waits = false;
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
	bool same = s != NULL && suspicion_is_of(s, &suspect->flow);

	/* who rests, or is looked at, because what came has stopped is looked at anew when something is owed; who had no other path,
	 * when another one is there */
	if (s == NULL || (s->check != NULL && (s->stopped == 0 || s->lone || !suspect->owes)))
		return;
	if (same && s->rest > loop_now_ms() && (s->stopped == 0 || suspect->stopped) &&
	    !(s->waits && s->lone && suspect_is_one_of_two(suspect)))
		return;
	heartbeat_cancel(s->check);
	*s = (struct suspicion){.pulse = pulse,
	    .flow = suspect->flow,
	    .n_controls = suspect->n_others,
	    .began = loop_now_ms(),
	    .owes = suspect->owes,
	    .stopped = suspect->stopped ? suspect->ms : 0,
	    .silent = suspect->ms,
	    .waits = same && s->waits,
	    .joined = same && s->joined,
	    .mute = same && s->mute,
	    .said = same && s->said};
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

void
pulse_suspect(struct pulse *pulse)
{
	struct silence_suspect suspects[PULSE_CHECKS];
	size_t n = silence_suspects(pulse->silence, loop_now_ms(), suspects, PULSE_CHECKS);

	for (size_t i = 0; i < n; i++)
		suspicion_start(pulse, &suspects[i]);
}

void
pulse_joined(struct pulse *pulse, uint32_t token)
{
	for (size_t i = 0; i < PULSE_CHECKS; i++) {
		struct suspicion *s = &pulse->suspicions[i];

		if (s->pulse == NULL || s->flow.token != token)
			continue;
		s->joined = true;
		if (s->waits)
			pulse_hasten(pulse);
	}
}

void
pulse_all_seen(struct pulse *pulse)
{
	for (size_t i = 0; i < PULSE_CHECKS; i++)
		pulse->suspicions[i].joined = false;
}

void
pulse_relieve(struct pulse *pulse)
{
	struct silence_suspect suspect;

	for (size_t i = 0; i < PULSE_CHECKS; i++) {
		struct suspicion *s = &pulse->suspicions[i];

		if (!s->waits || s->check != NULL ||
		    !silence_again(pulse->silence, &s->flow, loop_now_ms(), &suspect))
			continue;
		s->waits = suspicion_is_still(s, &suspect.flow);
		if (s->waits && suspect_is_one_of_two(&suspect))
			suspicion_start(pulse, &suspect);
	}
}

void
pulse_take_hint(struct pulse *pulse)
{
	struct silence_suspect suspect;
	uint64_t now = loop_now_ms();

	if (now - pulse->hinted <= PULSE_HINT_MS &&
	    silence_hinted(
		pulse->silence, pulse->hint.local, pulse->hint.remote, now, &suspect))
		suspicion_start(pulse, &suspect);
}
