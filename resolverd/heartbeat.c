/*
 * heartbeat.c - checks: probes on several ways side by side, and what became of each.
 * Knows ways and times; knows nothing of sessions and routes.
 */
#include "resolverd/heartbeat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"
#include "resolverd/responder.h"

#define CHECKS_MAX 1024
/* A single error may be of a route that was just being replaced. */
#define ERRORS_ENOUGH 2
#define LATE_US 10000 /* besides two round trips */

struct lane {
	struct prober_way way;
	bool done;
	uint32_t arrived; /* last number that came to the peer, as he reports */
	unsigned errors; /* that came back */
	unsigned refusals; /* of the kernel, to send */
	uint64_t late_us; /* how long after its first probe an answer may come */
	struct heartbeat_outcome outcome;
};

struct heartbeat_check {
	struct heartbeat_check *next, **link;
	struct heartbeat *heartbeat;
	struct timer *timer;
	uint64_t token;
	uint32_t sequence; /* of the last round */
	unsigned probes, gap_ms, patience_ms, lead;
	heartbeat_fn *fn;
	void *arg;
	size_t n;
	struct lane lanes[HEARTBEAT_PAIRS];
	uint64_t rounds_us[]; /* when each round was sent, by its number less 1 */
};

#define LATELY_PLACES 4096

/* A way that was found alive; another one of the same place takes its row. */
struct lately {
	struct prober_way way;
	uint64_t at; /* ms; 0: never */
	struct heartbeat_outcome outcome;
};

struct heartbeat {
	struct lately lately[LATELY_PLACES];
	struct loop *loop;
	struct prober *prober;
	struct responder *responder;
	heartbeat_knows_fn *knows;
	void *arg;
	size_t n;
	struct heartbeat_check *checks;
};

static const struct {
	const char *word;
	bool lives;
} beat_rows[BEATS] = {
#define X(name, word, lives) [name] = {word, lives},
#include "resolverd/beats.def"
#undef X
};

const char *
beat_word(enum beat beat)
{
	return beat_rows[beat].word;
}

bool
beat_lives(enum beat beat)
{
	return beat_rows[beat].lives;
}

static void
check_free(struct heartbeat_check *check)
{
	*check->link = check->next;
	if (check->next != NULL)
		check->next->link = check->link;
	check->heartbeat->n--;
	timer_free(check->timer);
	free(check);
}

static struct lately *
lately_of(struct heartbeat *heartbeat, const struct prober_way *way)
{
	return &heartbeat->lately[prober_way_hash(way) % LATELY_PLACES];
}

bool
heartbeat_lately(struct heartbeat *heartbeat, const struct prober_way *way, uint64_t ms,
    struct heartbeat_outcome *out)
{
	const struct lately *row = lately_of(heartbeat, way);

	if (row->at == 0 || loop_now_ms() - row->at > ms || !prober_way_equal(&row->way, way))
		return false;
	*out = row->outcome;
	return true;
}

/* Its silence is all there is; or numbers of it arrived, as another way reports. */
static void
lane_give_up(struct lane *lane)
{
	if (!lane->done && lane->errors == 0 && lane->arrived > 0)
		lane->outcome.beat = BEAT_INWARD;
	lane->done = true;
}

/* Tells what is known, and is gone. */
static void
check_tell(struct heartbeat_check *check)
{
	struct heartbeat_outcome outcomes[HEARTBEAT_PAIRS];
	heartbeat_fn *fn = check->fn;
	void *arg = check->arg;
	size_t n = check->n;

	for (size_t i = 0; i < n; i++) {
		lane_give_up(&check->lanes[i]);
		outcomes[i] = check->lanes[i].outcome;
	}
	check_free(check);
	fn(arg, outcomes, n);
}

static bool
check_is_done(const struct heartbeat_check *check)
{
	for (size_t i = 0; i < check->n; i++)
		if (!check->lanes[i].done)
			return false;
	return true;
}

static void
lane_end(struct heartbeat_check *check, struct lane *lane, enum beat beat, uint32_t sequence)
{
	lane->done = true;
	lane->outcome.beat = beat;
	if (sequence > 0 && sequence <= check->sequence)
		lane->outcome.rtt_us =
		    (uint32_t)(loop_now_us() - check->rounds_us[sequence - 1]);
	if (beat_lives(beat))
		*lately_of(check->heartbeat, &lane->way) =
		    (struct lately){lane->way, loop_now_ms(), lane->outcome};
}

static void
lane_send(struct heartbeat_check *check, size_t i)
{
	struct lane *lane = &check->lanes[i];
	struct probe probe = {
	    .token = check->token, .pair = (uint32_t)i + 1, .sequence = check->sequence};
	int error = prober_send(check->heartbeat->prober, &lane->way, &probe);

	/* a full queue, or a want of memory, is not the way's; and one error may be another way's */
	if (error != 0 && error != EAGAIN && error != ENOBUFS && error != ENOMEM &&
	    ++lane->refusals >= ERRORS_ENOUGH)
		lane_end(check, lane, BEAT_NOROUTE, 0);
}

/* The next round, or the end. */
static void
check_beat(void *arg)
{
	struct heartbeat_check *check = arg;

	if (check->sequence == check->probes || check_is_done(check)) {
		check_tell(check);
		return;
	}
	check->rounds_us[check->sequence++] = loop_now_us();
	for (size_t i = 0; i < check->n; i++)
		if (!check->lanes[i].done ||
		    (check->lead > 0 && check->lanes[i].outcome.beat == BEAT_ALIVE))
			lane_send(check, i);
	if (check_is_done(check))
		timer_start(check->timer, 0);
	else
		timer_start(check->timer,
		    check->sequence < check->probes ? check->gap_ms : check->patience_ms);
}

/* A way answered this number: the others that answered none by now are dead, if they are to be judged so. */
static void
check_lead(struct heartbeat_check *check, uint32_t sequence)
{
	uint64_t passed = loop_now_us() - check->rounds_us[0];

	for (size_t i = 0; i < check->n && check->lead > 0 && sequence >= check->lead; i++)
		if (passed >= check->lanes[i].late_us)
			lane_give_up(&check->lanes[i]);
}

/* The check and lane that a probe of ours belongs to; NULL: forged, or too late. */
static struct heartbeat_check *
heartbeat_find(struct heartbeat *heartbeat, const struct probe *probe,
    const struct prober_way *way, struct lane **lane)
{
	for (struct heartbeat_check *check = heartbeat->checks; check != NULL;
	     check = check->next) {
		if (check->token != probe->token || probe->pair > check->n)
			continue;
		*lane = &check->lanes[probe->pair - 1];
		if (memcmp((*lane)->way.remote, way->remote, 16) != 0 ||
		    probe->sequence > check->sequence)
			return NULL;
		return check;
	}
	return NULL;
}

static void
heartbeat_answered(
    struct heartbeat *heartbeat, const struct prober_way *way, const struct probe *probe)
{
	struct lane *lane;
	struct heartbeat_check *check = heartbeat_find(heartbeat, probe, way, &lane);

	if (check == NULL || memcmp(lane->way.local, way->local, 16) != 0)
		return;
	for (size_t i = 0; i < PROBE_REPORTS; i++) {
		const struct probe_report *report = &probe->reports[i];

		if (report->pair > 0 && report->pair <= check->n &&
		    report->sequence <= check->sequence)
			check->lanes[report->pair - 1].arrived = report->sequence;
	}
	if (!lane->done)
		lane_end(check, lane, BEAT_ALIVE, probe->sequence);
	if (lane->outcome.beat == BEAT_ALIVE)
		check_lead(check, probe->sequence);
	if (check_is_done(check))
		timer_start(check->timer, 0); /* not here: who is told may close the sockets */
}

static void
heartbeat_heard(void *arg, const struct prober_way *way, const struct probe *probe)
{
	struct heartbeat *heartbeat = arg;
	struct probe answer;

	if (probe->flags & PROBE_ANSWER) {
		heartbeat_answered(heartbeat, way, probe);
		return;
	}
	if (heartbeat->responder == NULL ||
	    !responder_take(heartbeat->responder, way->remote, probe,
		heartbeat->knows(heartbeat->arg, way), loop_now_ms(), &answer))
		return;
	(void)prober_send(heartbeat->prober, way, &answer); /* who asks asks again */
}

static void
heartbeat_failed(void *arg, const struct prober_way *way, const struct probe *probe, int error,
    const uint8_t by[16])
{
	struct lane *lane;
	struct heartbeat_check *check = heartbeat_find(arg, probe, way, &lane);

	if (check == NULL || lane->done || probe->flags & PROBE_ANSWER)
		return;
	lane->errors++;
	memcpy(lane->outcome.by, by, 16);
	lane->outcome.beat =
	    error == EACCES || error == EPERM ? BEAT_PROHIBITED : BEAT_UNREACHABLE;
	if (memcmp(by, way->remote, 16) ==
	    0) /* the peer himself: he is there, whatever he says */
		lane_end(check, lane, BEAT_CLOSED, probe->sequence);
	else if (lane->errors >= ERRORS_ENOUGH)
		lane->done = true;
	if (check_is_done(check))
		timer_start(check->timer, 0);
}

static const struct prober_ops heartbeat_ops = {heartbeat_heard, heartbeat_failed};

int
heartbeat_open(struct loop *loop, uint16_t port, heartbeat_knows_fn *knows, void *arg,
    struct heartbeat **out)
{
	struct heartbeat *heartbeat = calloc(1, sizeof *heartbeat);
	int rc = -MAP_ENOMEM;

	*out = NULL;
	if (heartbeat == NULL)
		return rc;
	*heartbeat = (struct heartbeat){.loop = loop, .knows = knows, .arg = arg};
	heartbeat->responder = port != 0 ? responder_new() : NULL;
	if (port == 0 || heartbeat->responder != NULL)
		rc = prober_open(loop, port, &heartbeat_ops, heartbeat, &heartbeat->prober);
	if (rc != 0) {
		heartbeat_close(heartbeat);
		return rc;
	}
	*out = heartbeat;
	return 0;
}

void
heartbeat_close(struct heartbeat *heartbeat)
{
	int saved = errno;

	if (heartbeat == NULL)
		return;
	while (heartbeat->checks != NULL)
		check_free(heartbeat->checks);
	prober_close(heartbeat->prober);
	responder_free(heartbeat->responder);
	free(heartbeat);
	errno = saved;
}

bool
heartbeat_hears(const struct heartbeat *heartbeat)
{
	return heartbeat->responder != NULL && prober_hears(heartbeat->prober);
}

static void
check_init(struct heartbeat_check *check, const struct heartbeat_plan *plan)
{
	check->probes = plan->probes;
	check->gap_ms = plan->gap_ms;
	check->patience_ms = plan->patience_ms;
	check->lead = plan->lead;
	check->n = plan->n;
	for (size_t i = 0; i < plan->n; i++)
		check->lanes[i] = (struct lane){.way = plan->ways[i],
		    .late_us = 2 * (uint64_t)plan->rtt_us[i] + LATE_US,
		    .outcome.beat = BEAT_SILENT};
}

int
heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out)
{
	struct heartbeat_check *check;

	*out = NULL;
	if (heartbeat->n == CHECKS_MAX)
		return -MAP_ELIMIT;
	check = calloc(1, sizeof *check + plan->probes * sizeof check->rounds_us[0]);
	if (check == NULL)
		return -MAP_ENOMEM;
	check_init(check, plan);
	check->heartbeat = heartbeat;
	check->fn = fn;
	check->arg = arg;
	check->timer = timer_new(heartbeat->loop, check_beat, check);
	if (check->timer == NULL || crypto_random(&check->token, sizeof check->token) < 0) {
		int rc = check->timer == NULL ? -MAP_ENOMEM : -MAP_ECRYPTO;

		timer_free(check->timer);
		free(check);
		return rc;
	}
	check->next = heartbeat->checks;
	check->link = &heartbeat->checks;
	if (check->next != NULL)
		check->next->link = &check->next;
	heartbeat->checks = check;
	heartbeat->n++;
	timer_start(check->timer, 0);
	*out = check;
	return 0;
}

void
heartbeat_cancel(struct heartbeat_check *check)
{
	if (check != NULL)
		check_free(check);
}
