/*
 * guard.c - signs, looks and what follows; the probes are heartbeat.c's, the order of the others is select.c's.
 */
#include "resolverd/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "resolverd/heartbeat.h"
#include "resolverd/hold.h"
#include "resolverd/joint.h"
#include "resolverd/others.h"
#include "resolverd/pairs.h"
#include "resolverd/sockets.h"

#define CLOSED_BEAT_MS 6000
#define CLOSED_PROBES 2
#define CLOSED_GAP_MS 150
#define CLOSED_OTHERS 1
#define ACT_MS 1000 /* for a client to do what it was told */
#define BEAT_PROBES 2 /* at rest: the second, when the first had time enough to be answered */
#define LOST_MS 1000 /* until a lost session is looked at again; doubles ... */
#define LOST_MAX 30000 /* ... up to this */
#define STAY_MS 1000 /* until the mapping is asked again for a pair that lives in its place */
#define MUTE_MS 1000 /* until a pair that never answered is looked at again; doubles ... */
#define MUTE_MAX 60000 /* ... up to this */
#define REVIEW_MS 5000 /* after a look-up that failed */
#define DEADLINE_MS 5000 /* of look-ups */

struct guard {
	struct session *session;
	struct timer *timer;
	struct heartbeat_check *check; /* under way, or NULL */
	struct joint *
	    joint; /* the same of a look-up, which a look does not wait for where others are known */
	enum trigger trigger; /* what the look is for */
	bool answered; /* its pair has answered a probe: then silence means something */
	bool
	    agent; /* the last answer had the token: the peer has an agent, here and elsewhere */
	bool
	    closed; /* ... that nothing listens there, as kernels say once a second, 6 times at once */
	bool looking; /* a look is under way, or waits for the mapping: signs are noted only */
	bool lost; /* no pair lives, and the client knows */
	unsigned wait_ms;
	uint64_t mute,
	    mute_wait; /* ms: not before, and how long, a pair that never answered is looked at */
	uint32_t rtt_us;
	uint64_t review; /* ms: when the mapping has to be asked for again */
	uint64_t held; /* ms: when a move that has to wait is tried again; 0: none has */
	uint64_t probed; /* ms: TCP, when its pair was last */
	uint64_t acked; /* ms: TCP, when anything was acknowledged last */
	uint64_t stalled; /* since when nothing is; 0: it is */
	unsigned stall_ms; /* TCP: how long that may last */
	struct hold hold;
	struct signs signs;
	struct others others; /* that are probed beside it */
};

static void guard_look(struct guard *guard, enum trigger trigger);

static struct agent *
guard_agent(const struct guard *guard)
{
	return sessions_agent(guard->session->all);
}

static const struct watch_row *
guard_watch(const struct guard *guard)
{
	return conf_watch(guard_agent(guard)->conf, guard->session->note.wishes.class);
}

static bool
guard_is_udp(const struct guard *guard)
{
	return guard->session->note.transport == SESSION_UDP;
}

static void
guard_idle(struct guard *guard, uint64_t ms)
{
	timer_start(guard->timer, ms);
}

/* From one probe of a pair that nobody suspects to the next. */
static unsigned
guard_beat(const struct guard *guard)
{
	unsigned beat = guard_watch(guard)->beat_ms;

	return guard->closed && beat < CLOSED_BEAT_MS ? CLOSED_BEAT_MS : beat;
}

/* The next ordinary look, or what a hold has put off. */
static void
guard_rest(struct guard *guard)
{
	uint64_t now = loop_now_ms(), ms = guard_is_udp(guard)
					       ? guard_beat(guard)
					       : guard_watch(guard)->stall_ms / 4;

	if (guard->held != 0 && guard->held < now + ms)
		ms = guard->held > now ? guard->held - now : 0;
	guard_idle(guard, ms);
}

/* Answers may be as late as several round trips of a pair that works. */
static unsigned
guard_patience(const struct guard *guard)
{
	unsigned least = guard_watch(guard)->patience_ms, by_rtt = 3 * guard->rtt_us / 1000;

	return by_rtt > least ? by_rtt : least;
}

/* A pair at rest costs one probe and its answer a beat, however long its round trip. */
static unsigned
guard_beat_gap(const struct guard *guard)
{
	unsigned least = guard_watch(guard)->gap_ms, by_rtt = 1 + 2 * guard->rtt_us / 1000;

	if (guard->closed)
		return CLOSED_GAP_MS;
	return by_rtt > least ? by_rtt : least;
}

/* From one sign of a dead pair to the next, where nothing but its probes, or the looks at its socket, find it out. */
static uint64_t
guard_every(const struct guard *guard)
{
	uint64_t look = guard_is_udp(guard) ? 0 : guard_watch(guard)->stall_ms / 4;
	uint64_t beat = guard_beat(guard) + (BEAT_PROBES - 1) * guard_beat_gap(guard) +
			guard_patience(guard);

	return look + (beat > guard->stall_ms ? beat : guard->stall_ms);
}

static void
guard_answered(struct guard *guard, const struct heartbeat_outcome *outcome)
{
	guard->answered = true;
	guard->closed = outcome->beat == BEAT_CLOSED;
	guard->agent = outcome->beat == BEAT_ALIVE;
	guard->rtt_us = outcome->rtt_us;
}

/* --- the ordinary looks --- */

/* Whether to look all the same at a pair that never answered: its peer may answer by another, or never do. */
static bool
guard_is_mute(struct guard *guard)
{
	uint64_t now = loop_now_ms();

	if (now < guard->mute)
		return false;
	guard->mute_wait = guard->mute_wait == 0 ? MUTE_MS : 2 * guard->mute_wait;
	if (guard->mute_wait > MUTE_MAX)
		guard->mute_wait = MUTE_MAX;
	guard->mute = now + guard->mute_wait;
	return true;
}

static void
guard_beaten(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	static const enum trigger triggers[BEATS] = {
	    [BEAT_INWARD] = TRIGGER_HEARTBEAT,
	    [BEAT_SILENT] = TRIGGER_HEARTBEAT,
	    [BEAT_UNREACHABLE] = TRIGGER_ICMP,
	    [BEAT_PROHIBITED] = TRIGGER_ICMP,
	    [BEAT_NOROUTE] = TRIGGER_ROUTE,
	};
	struct guard *guard = arg;
	enum beat beat = outcomes[0].beat;

	(void)n;
	guard->check = NULL;
	guard_rest(guard);
	if (beat_lives(beat)) {
		guard_answered(guard, &outcomes[0]);
		guard_rest(guard);
	} else if (guard->answered || triggers[beat] != TRIGGER_HEARTBEAT ||
		   guard_is_mute(guard)) {
		guard_sign(guard, triggers[beat]);
	}
}

static void
guard_probe(struct guard *guard)
{
	const struct session_note *note = &guard->session->note;
	struct heartbeat_plan plan = {.account = guard->session->account,
	    .n = 1,
	    .ways = {prober_way_of(note->source, note->destination)},
	    .probes = guard->closed ? CLOSED_PROBES : BEAT_PROBES,
	    .gap_ms = guard_beat_gap(guard),
	    .patience_ms = guard_patience(guard)};

	struct heartbeat_outcome lately;

	/* another session of the pair may have probed it just now */
	if (heartbeat_lately(guard_agent(guard)->heartbeat, &plan.ways[0],
		(guard->closed ? CLOSED_BEAT_MS : guard_watch(guard)->beat_ms) * 3 / 4,
		&lately)) {
		guard_answered(guard, &lately);
		guard_rest(guard);
	} else if (heartbeat_start(guard_agent(guard)->heartbeat, &plan, guard_beaten, guard,
		       &guard->check) < 0) {
		guard_rest(guard);
	}
}

/* Suspicion comes without packets: data that is out, and nothing that acknowledges any of it. Who only receives has nothing
 * out; there the pair is probed when nothing came for a beat. */
static void
guard_look_at_socket(struct guard *guard)
{
	struct socket_look look;
	uint64_t now = loop_now_ms(), acked;
	unsigned beat = guard_watch(guard)->beat_ms;

	guard_rest(guard);
	if (sockets_look(sessions_diag(guard->session->all), &guard->session->note, &look) < 0)
		return; /* its end is an event */
	acked = now - look.last_ack_ms;
	guard->stall_ms = guard_watch(guard)->stall_ms + 2 * look.rtt_us / 1000;
	if (look.unacked == 0 || acked > guard->acked + 1) {
		guard->acked = acked;
		guard->stalled = 0;
	} else if (guard->stalled == 0) {
		guard->stalled = now;
	} else if (now - guard->stalled >= guard->stall_ms) {
		guard->stalled = now;
		guard_sign(guard, TRIGGER_TRANSPORT);
		return;
	}
	if (look.unacked == 0 && look.last_ack_ms > beat && look.last_data_ms > beat &&
	    now - guard->probed >= beat) {
		guard->probed = now;
		guard_probe(guard);
	}
}

/* The first look is a probe in any case: whether its pair answers has to be known before it is silent. */
static void
guard_ordinary(struct guard *guard)
{
	if (guard_is_udp(guard) || guard->probed == 0) {
		guard->probed = loop_now_ms();
		guard_probe(guard);
	} else {
		guard_look_at_socket(guard);
	}
}

/* --- signs --- */

void
guard_sign(struct guard *guard, enum trigger trigger)
{
	uint64_t now = loop_now_ms();

	signs_note(&guard->signs, trigger, now);
	/* while it is looked at that goes on, and where nothing lives it is looked at anyway */
	if (!guard->looking && !guard->lost &&
	    signs_are_enough(&guard->signs, guard_watch(guard), guard_every(guard), now))
		guard_look(guard, trigger);
}

void
guard_retry(struct guard *guard)
{
	if (!guard->lost || guard->looking)
		return;
	guard->wait_ms = 0;
	guard_look(guard, guard->trigger);
}

/* --- a look: the others ranked, all probed, and what follows --- */

static void
guard_act(struct guard *guard, const struct pair *to, const char *words)
{
	struct session *session = guard->session;
	struct session_event event = {
	    .kind = guard_is_udp(guard) ? SESSION_MOVE : SESSION_ENDED};
	char text[EID_TEXT];

	memcpy(event.source, to->source, 16);
	memcpy(event.destination, to->destination, 16);
	memcpy(event.path, to->path, sizeof event.path);
	snprintf(event.why, sizeof event.why, "%s: %s", trigger_word(guard->trigger), words);
	guard->lost = false;
	guard->held = 0;
	guard_idle(guard, ACT_MS); /* until the client says that it has moved */
	address_print(to->destination, text);
	if (guard_is_udp(guard)) {
		agent_count(guard_agent(guard), STAT_SESSION_MOVED);
		session_tell(session, "moves to %s: %s", text, event.why);
	} else if (session->note.transport == SESSION_TCP &&
		   sockets_end(sessions_diag(session->all), &session->note) == 0) {
		agent_count(guard_agent(guard), STAT_SESSION_ENDED);
		session_tell(session, "ended, since it could be by %s: %s", text, event.why);
	} else {
		session_tell(session, "could be by %s, and cannot be ended from here: %s", text,
		    strerror(errno));
		return; /* it goes on, as TCP does */
	}
	session_send(session, &event);
}

static void
guard_cut_off(struct guard *guard, const char *words)
{
	struct session_event event = {.kind = SESSION_LOST};

	guard->wait_ms = guard->lost && guard->wait_ms < LOST_MAX / 2 ? guard->wait_ms * 2
			 : guard->lost				      ? LOST_MAX
								      : LOST_MS;
	guard_idle(guard, guard->wait_ms);
	if (guard->lost)
		return;
	guard->lost = true;
	agent_count(guard_agent(guard), STAT_SESSION_LOST);
	snprintf(event.why, sizeof event.why, "%s: %s, and no other pair answers",
	    trigger_word(guard->trigger), words);
	session_tell(guard->session, "cut off: %s", event.why);
	if (guard_is_udp(guard))
		session_send(guard->session, &event);
}

/* It has just moved: what flaps has to wait. */
static void
guard_wait(struct guard *guard)
{
	guard->held = hold_end(&guard->hold);
	guard_rest(guard);
}

/* The mapping has given up its pair, which is the only one that lives: that is asked again soon. */
static void
guard_stay(struct guard *guard)
{
	guard->review = loop_now_ms() + STAY_MS;
	guard_rest(guard);
}

/* Whether what lives may be in the mapping that is still to come: then the look goes on with that. */
static bool
guard_awaits(struct guard *guard)
{
	guard->looking = guard->joint != NULL;
	return guard->looking;
}

static void
guard_lives(struct guard *guard, const struct heartbeat_outcome *outcome)
{
	struct session_event event = {.kind = SESSION_BACK, .why = "its own pair answers"};

	guard_answered(guard, outcome);
	guard_rest(guard);
	if (!guard->lost)
		return;
	guard->lost = false;
	session_tell(guard->session, "back: %s", event.why);
	if (guard_is_udp(guard))
		session_send(guard->session, &event);
}

/* The n ways of a look: its own pair and those of the others that are probed beside it. */
static void
guard_ways(const struct guard *guard, struct prober_way *ways, size_t n)
{
	const struct session_note *note = &guard->session->note;

	ways[0] = prober_way_of(note->source, note->destination);
	for (size_t i = 1; i < n; i++)
		ways[i] = prober_way_of(
		    guard->others.pairs[i - 1].source, guard->others.pairs[i - 1].destination);
}

static void
guard_checked(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	struct guard *guard = arg;
	const struct session_note *note = &guard->session->note;
	enum beat own = outcomes[0].beat;
	const struct pair *to;
	struct prober_way ways[HEARTBEAT_PAIRS];
	struct others tried = guard->others;
	bool any_lives = false, dead;

	guard->check = NULL;
	guard->looking = false;
	guard->held = 0;
	tried.n = n - 1; /* of those that were left out nothing is known */
	for (size_t i = 0; i < n; i++)
		any_lives |= beat_lives(outcomes[i].beat);
	guard_ways(guard, ways, n);
	pairs_checked(guard_agent(guard)->pairs, ways, outcomes, n, loop_now_ms());
	dead = others_is_astray(note, outcomes, n) ||
	       (!beat_lives(own) && (guard->answered || any_lives ||
					(own != BEAT_SILENT && own != BEAT_INWARD)));
	if (!dead && !(guard->others.given_up && guard_is_udp(guard))) {
		if (beat_lives(own))
			guard_lives(guard, &outcomes[0]);
		else if (!guard_awaits(guard))
			guard_rest(guard); /* nobody answers, and nobody ever did */
		return;
	}
	to = others_choose(
	    &tried, note, &(struct others_heard){guard->answered, guard->agent}, outcomes);
	if (to != NULL &&
	    hold_may(&guard->hold, &guard_agent(guard)->conf->flap, loop_now_ms()))
		guard_act(guard, to, dead ? beat_word(own) : "another one is to be used");
	else if (to != NULL)
		guard_wait(guard);
	else if (!dead)
		guard_stay(guard);
	else if (!guard_awaits(guard))
		guard_cut_off(guard, beat_word(own));
}

static void
guard_check(struct guard *guard)
{
	const struct watch_row *watch = guard_watch(guard);
	struct heartbeat_plan plan = {.account = guard->session->account,
	    .n = 1 + guard->others.n,
	    .probes = guard->closed ? CLOSED_PROBES : watch->probes,
	    .gap_ms = guard->closed ? CLOSED_GAP_MS : watch->gap_ms,
	    .lead = guard->closed ? 0 : watch->lead,
	    .rtt_us = {guard->rtt_us},
	    .patience_ms = guard_patience(guard)};

	/* such a peer has few answers to give, and they must not be used up by more pairs than matter: where nothing lives all do */
	if (guard->closed && !guard->lost && plan.n > 1 + CLOSED_OTHERS)
		plan.n = 1 + CLOSED_OTHERS;
	guard_ways(guard, plan.ways, plan.n);
	if (heartbeat_start(guard_agent(guard)->heartbeat, &plan, guard_checked, guard,
		&guard->check) < 0) {
		guard->looking = false;
		if (guard->held != 0)
			guard->held = loop_now_ms() + STAY_MS; /* not at once again */
		guard_rest(guard);
	}
}

static void
guard_start(struct guard *guard, enum trigger trigger)
{
	heartbeat_cancel(guard->check);
	guard->check = NULL;
	guard->trigger = trigger;
	guard->looking = true;
	timer_stop(guard->timer);
}

/* The others as the mapping has them now. Whether they are not those of before. */
static bool
guard_take(struct guard *guard, struct bytes payload)
{
	struct result *result = sessions_result(guard->session->all);
	uint64_t now = loop_now_ms();

	if (result_read(payload, result) != 0)
		result->error = -MAP_EINTERNAL;
	guard->others.given_up = false;
	guard->review = now + REVIEW_MS;
	if (result->error != 0)
		return false; /* the others that are known will do */
	guard->review = now + (result->lifetime > 0 ? result->lifetime : 1) * (uint64_t)1000;
	return others_take(&guard->others, &guard->session->note, result);
}

static void
guard_ranked(void *arg, struct bytes payload)
{
	struct guard *guard = arg;
	bool differ = guard_take(guard, payload);

	guard->joint = NULL;
	if (guard->looking ? differ || guard->check == NULL : guard->others.given_up) {
		guard_start(guard, guard->looking ? guard->trigger : TRIGGER_MAPPING);
		guard_check(guard);
	}
}

/* Asks for the mapping, unless that is under way. False: it is still to come. */
static bool
guard_ask(struct guard *guard)
{
	const struct session_note *note = &guard->session->note;
	struct resolve_request request = {.flags = note->flags | RESOLVE_PAIRS,
	    .deadline = DEADLINE_MS,
	    .id = note->id,
	    .local = note->local,
	    .wishes = note->wishes};
	struct request_asker asker = {guard->session->account, guard_ranked, guard};
	struct bytes now;

	if (guard->joint != NULL)
		return false;
	if (joint_ask(guard_agent(guard)->joints, &request, &asker, &now, &guard->joint) < 0)
		return true; /* the others that are known will do */
	if (guard->joint == NULL)
		(void)guard_take(guard, now);
	return guard->joint == NULL;
}

/* What is dead need not wait for servers that are, too, perhaps by the same provider. */
static void
guard_look(struct guard *guard, enum trigger trigger)
{
	guard_start(guard, trigger);
	if (guard_ask(guard) || guard->others.n > 0)
		guard_check(guard);
}

/* Its mapping is over. While that is asked for the ordinary looks go on. */
static void
guard_review(struct guard *guard)
{
	if (guard_ask(guard) && guard->others.given_up) {
		guard_start(guard, TRIGGER_MAPPING);
		guard_check(guard);
	} else {
		guard_ordinary(guard); /* which is due as well */
	}
}

static void
guard_due(void *arg)
{
	struct guard *guard = arg;

	if (guard->lost || (guard->held != 0 && guard->held <= loop_now_ms()))
		guard_look(guard, guard->trigger);
	else if (guard->review <= loop_now_ms())
		guard_review(guard);
	else
		guard_ordinary(guard);
}

int
guard_new(struct session *session, struct guard **out)
{
	struct guard *guard;

	*out = NULL;
	if (sessions_agent(session->all)->heartbeat == NULL)
		return 0; /* probes are off: nothing can be told apart */
	guard = calloc(1, sizeof *guard);
	if (guard == NULL)
		return -MAP_ENOMEM;
	guard->session = session;
	guard->timer = timer_new(sessions_agent(session->all)->loop, guard_due, guard);
	if (guard->timer == NULL) {
		free(guard);
		return -MAP_ENOMEM;
	}
	guard->review = loop_now_ms() + REVIEW_MS;
	guard_idle(guard, 0);
	*out = guard;
	return 0;
}

void
guard_free(struct guard *guard)
{
	if (guard == NULL)
		return;
	heartbeat_cancel(guard->check);
	joint_cancel(guard->joint);
	timer_free(guard->timer);
	free(guard);
}

void
guard_moved(struct guard *guard, const struct session_note *was)
{
	others_moved(&guard->others, was, &guard->session->note);
	heartbeat_cancel(guard->check);
	guard->check = NULL;
	guard->lost = guard->answered = guard->closed = guard->looking = false;
	guard->acked = guard->stalled = guard->mute = guard->mute_wait = 0;
	guard->rtt_us = 0;
	guard->held = 0;
	guard->signs = (struct signs){0}; /* of the pair that it has left */
	joint_cancel(guard->joint);
	guard->joint = NULL;
	guard_idle(guard, 0); /* the new one is probed at once */
}
