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
#include "resolverd/account.h"
#include "resolverd/pace.h"
#include "resolverd/responder.h"

/* Of series: who joins one costs nothing on any wire. */
#define SERIES_MAX 1024
#define SERIES_OF_USERS 896 /* the others are for this daemon's own, which are fewer */
#define SERIES_OF_WAY 12 /* of users, so that one of them leaves others enough of its probes */
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

/* Who asks; several may ask for the same at once. */
struct heartbeat_check {
	struct heartbeat_check *next, **link;
	struct series *series;
	size_t n, lanes[HEARTBEAT_PAIRS]; /* of the series, in its own order */
	heartbeat_fn *fn;
	void *arg;
};

struct series {
	struct series *next, **link;
	struct heartbeat *heartbeat;
	struct heartbeat_check *askers;
	struct account *account; /* who began it; NULL: this daemon */
	struct timer *timer;
	uint64_t token;
	uint32_t sequence; /* of the last round */
	unsigned probes, gap_ms, patience_ms, lead;
	bool warns;
	bool over; /* the askers are being told */
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
	struct paces paces;
	struct loop *loop;
	struct prober *prober;
	struct responder *responder;
	heartbeat_knows_fn *knows;
	void *arg;
	size_t n, n_users; /* of series, and of those that users began */
	struct series *series;
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
asker_free(struct heartbeat_check *asker)
{
	*asker->link = asker->next;
	if (asker->next != NULL)
		asker->next->link = asker->link;
	free(asker);
}

static void
series_free(struct series *series)
{
	while (series->askers != NULL)
		asker_free(series->askers);
	*series->link = series->next;
	if (series->next != NULL)
		series->next->link = series->link;
	series->heartbeat->n--;
	if (series->account != NULL) {
		series->heartbeat->n_users--;
		series->account->checks--;
	}
	timer_free(series->timer);
	free(series);
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

/* How long after its first probe an answer may come. */
static uint64_t
lane_late(const struct heartbeat_plan *plan, size_t i)
{
	return 2 * (uint64_t)plan->rtt_us[i] + LATE_US;
}

/* Its silence is all there is; or numbers of it arrived, as another way reports. */
static void
lane_give_up(struct lane *lane)
{
	if (!lane->done && lane->errors == 0 && lane->arrived > 0)
		lane->outcome.beat = BEAT_INWARD;
	lane->done = true;
}

/* Tells one asker what is known; the others in turns of their own, as who is told may close everything. */
static void
series_tell(struct series *series)
{
	struct heartbeat_outcome outcomes[HEARTBEAT_PAIRS];
	struct heartbeat_check asker = *series->askers;

	series->over = true;
	for (size_t i = 0; i < series->n; i++)
		lane_give_up(&series->lanes[i]);
	for (size_t i = 0; i < asker.n; i++)
		outcomes[i] = series->lanes[asker.lanes[i]].outcome;
	asker_free(series->askers);
	if (series->askers == NULL)
		series_free(series);
	else
		timer_start(series->timer, 0);
	asker.fn(asker.arg, outcomes, asker.n);
}

static bool
series_is_done(const struct series *series)
{
	for (size_t i = 0; i < series->n; i++)
		if (!series->lanes[i].done)
			return false;
	return true;
}

static void
lane_end(struct series *series, struct lane *lane, enum beat beat, uint32_t sequence)
{
	lane->done = true;
	lane->outcome.beat = beat;
	if (sequence > 0 && sequence <= series->sequence)
		lane->outcome.rtt_us =
		    (uint32_t)(loop_now_us() - series->rounds_us[sequence - 1]);
	if (beat_lives(beat))
		*lately_of(series->heartbeat, &lane->way) =
		    (struct lately){lane->way, loop_now_ms(), lane->outcome};
}

static bool
lane_is_sent(const struct series *series, const struct lane *lane)
{
	return !lane->done || (series->lead > 0 && lane->outcome.beat == BEAT_ALIVE);
}

/* All ways of a round are probed at once, so that they can be compared: none before each may be. */
static uint64_t
series_wait(const struct series *series)
{
	uint64_t most = 0;

	for (size_t i = 0; i < series->n; i++) {
		uint64_t wait =
		    lane_is_sent(series, &series->lanes[i])
			? paces_wait(&series->heartbeat->paces, &series->lanes[i].way)
			: 0;

		if (wait > most)
			most = wait;
	}
	return most;
}

static void
lane_send(struct series *series, size_t i)
{
	struct lane *lane = &series->lanes[i];
	struct probe probe = {.token = series->token,
	    .pair = (uint32_t)i + 1,
	    .sequence = series->sequence,
	    .flags = series->warns ? PROBE_WARNS : 0};
	int error = prober_send(series->heartbeat->prober, &lane->way, &probe);

	paces_note(&series->heartbeat->paces, &lane->way);
	/* a full queue, or a want of memory, is not the way's; and one error may be another way's */
	if (error != 0 && error != EAGAIN && error != ENOBUFS && error != ENOMEM &&
	    ++lane->refusals >= ERRORS_ENOUGH)
		lane_end(series, lane, BEAT_NOROUTE, 0);
}

/* The next round, or the end. */
static void
series_beat(void *arg)
{
	struct series *series = arg;
	uint64_t wait;

	if (series->sequence == series->probes || series_is_done(series)) {
		series_tell(series);
		return;
	}
	wait = series_wait(series);
	if (wait > 0) {
		timer_start(series->timer, wait);
		return;
	}
	series->rounds_us[series->sequence++] = loop_now_us();
	for (size_t i = 0; i < series->n; i++)
		if (lane_is_sent(series, &series->lanes[i]))
			lane_send(series, i);
	if (series_is_done(series))
		timer_start(series->timer, 0);
	else
		timer_start(series->timer,
		    series->sequence < series->probes ? series->gap_ms : series->patience_ms);
}

/* A way answered this number: the others that answered none by now are dead, if they are to be judged so. */
static void
series_lead(struct series *series, uint32_t sequence)
{
	uint64_t passed = loop_now_us() - series->rounds_us[0];

	for (size_t i = 0; i < series->n && series->lead > 0 && sequence >= series->lead; i++)
		if (passed >= series->lanes[i].late_us)
			lane_give_up(&series->lanes[i]);
}

/* The series and lane that a probe of ours belongs to; NULL: forged, or too late. */
static struct series *
heartbeat_find(struct heartbeat *heartbeat, const struct probe *probe,
    const struct prober_way *way, struct lane **lane)
{
	for (struct series *series = heartbeat->series; series != NULL; series = series->next) {
		if (series->token != probe->token || probe->pair > series->n)
			continue;
		*lane = &series->lanes[probe->pair - 1];
		if (memcmp((*lane)->way.remote, way->remote, 16) != 0 ||
		    probe->sequence > series->sequence)
			return NULL;
		return series;
	}
	return NULL;
}

static void
heartbeat_answered(
    struct heartbeat *heartbeat, const struct prober_way *way, const struct probe *probe)
{
	struct lane *lane;
	struct series *series = heartbeat_find(heartbeat, probe, way, &lane);

	if (series == NULL || memcmp(lane->way.local, way->local, 16) != 0)
		return;
	for (size_t i = 0; i < PROBE_REPORTS; i++) {
		const struct probe_report *report = &probe->reports[i];

		if (report->pair > 0 && report->pair <= series->n &&
		    report->sequence <= series->sequence)
			series->lanes[report->pair - 1].arrived = report->sequence;
	}
	if (!lane->done)
		lane_end(series, lane, BEAT_ALIVE, probe->sequence);
	if (lane->outcome.beat == BEAT_ALIVE)
		series_lead(series, probe->sequence);
	if (series_is_done(series))
		timer_start(series->timer, 0); /* not here: who is told may close the sockets */
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
		heartbeat->knows(heartbeat->arg, way, probe->flags == PROBE_WARNS),
		loop_now_ms(), &answer))
		return;
	(void)prober_send(heartbeat->prober, way, &answer); /* who asks asks again */
}

static void
heartbeat_failed(void *arg, const struct prober_way *way, const struct probe *probe, int error,
    const uint8_t by[16])
{
	struct lane *lane;
	struct series *series = heartbeat_find(arg, probe, way, &lane);

	if (series == NULL || lane->done || probe->flags & PROBE_ANSWER)
		return;
	lane->errors++;
	memcpy(lane->outcome.by, by, 16);
	lane->outcome.beat =
	    error == EACCES || error == EPERM ? BEAT_PROHIBITED : BEAT_UNREACHABLE;
	if (memcmp(by, way->remote, 16) ==
	    0) /* the peer himself: he is there, whatever he says */
		lane_end(series, lane, BEAT_CLOSED, probe->sequence);
	else if (lane->errors >= ERRORS_ENOUGH)
		lane->done = true;
	if (series_is_done(series))
		timer_start(series->timer, 0);
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
	while (heartbeat->series != NULL)
		series_free(heartbeat->series);
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
series_init(struct series *series, const struct heartbeat_plan *plan)
{
	series->probes = plan->probes;
	series->gap_ms = plan->gap_ms;
	series->patience_ms = plan->patience_ms;
	series->lead = plan->lead;
	series->n = plan->n;
	for (size_t i = 0; i < plan->n; i++)
		series->lanes[i] = (struct lane){.way = plan->ways[i],
		    .late_us = lane_late(plan, i),
		    .outcome.beat = BEAT_SILENT};
}

static int
series_new(struct heartbeat *heartbeat, const struct heartbeat_plan *plan, struct series **out)
{
	struct series *series =
	    calloc(1, sizeof *series + plan->probes * sizeof series->rounds_us[0]);

	if (series == NULL)
		return -MAP_ENOMEM;
	series_init(series, plan);
	series->heartbeat = heartbeat;
	series->account = plan->account;
	series->timer = timer_new(heartbeat->loop, series_beat, series);
	if (series->timer == NULL || crypto_random(&series->token, sizeof series->token) < 0) {
		int rc = series->timer == NULL ? -MAP_ENOMEM : -MAP_ECRYPTO;

		timer_free(series->timer);
		free(series);
		return rc;
	}
	series->next = heartbeat->series;
	series->link = &heartbeat->series;
	if (series->next != NULL)
		series->next->link = &series->next;
	heartbeat->series = series;
	heartbeat->n++;
	if (series->account != NULL) {
		heartbeat->n_users++;
		series->account->checks++;
	}
	timer_start(series->timer, 0);
	*out = series;
	return 0;
}

/* Whether the series has all ways of the plan, and which lanes they are. */
static bool
series_has(const struct series *series, const struct heartbeat_plan *plan, size_t *lanes)
{
	for (size_t i = 0; i < plan->n; i++) {
		size_t k = 0;

		while (k < series->n &&
		       (!prober_way_equal(&series->lanes[k].way, &plan->ways[i]) ||
			   series->lanes[k].way.port != plan->ways[i].port))
			k++;
		if (k == series->n)
			return false;
		lanes[i] = k;
	}
	return true;
}

/* A series under way that will do. If the first way has answered it already that may be too long ago. */
static struct series *
series_find(const struct heartbeat *heartbeat, const struct heartbeat_plan *plan, size_t *lanes)
{
	struct series *series = heartbeat->series;

	while (series != NULL &&
	       (series->over || series->probes != plan->probes ||
		   series->gap_ms != plan->gap_ms || series->lead != plan->lead ||
		   !series_has(series, plan, lanes) || series->lanes[lanes[0]].done))
		series = series->next;
	return series;
}

/* Who expects longer round trips has them waited for. */
static void
series_join(struct series *series, const struct heartbeat_plan *plan, const size_t *lanes)
{
	if (series->patience_ms < plan->patience_ms)
		series->patience_ms = plan->patience_ms;
	for (size_t i = 0; i < plan->n; i++)
		if (series->lanes[lanes[i]].late_us < lane_late(plan, i))
			series->lanes[lanes[i]].late_us = lane_late(plan, i);
}

static void
series_put(struct series *series, struct heartbeat_check *asker)
{
	asker->series = series;
	asker->next = series->askers;
	asker->link = &series->askers;
	if (asker->next != NULL)
		asker->next->link = &asker->next;
	series->askers = asker;
}

static bool
series_shares_way(const struct series *series, const struct prober_way *way)
{
	for (size_t i = 0; i < series->n; i++)
		if (prober_way_equal(&series->lanes[i].way, way))
			return true;
	return false;
}

/* A way has so many probes, whoever asks: nobody may have them all by asking for it beside ever other ones. */
static bool
heartbeat_way_has_room(const struct heartbeat *heartbeat, const struct account *account,
    const struct prober_way *way)
{
	size_t all = 0, own = 0;

	for (const struct series *s = heartbeat->series; s != NULL; s = s->next)
		if (s->account != NULL && !s->over && series_shares_way(s, way)) {
			all++;
			own += s->account == account;
		}
	return account_allows(own, all, SERIES_OF_WAY);
}

static bool
heartbeat_has_room(const struct heartbeat *heartbeat, const struct heartbeat_plan *plan)
{
	if (heartbeat->n == SERIES_MAX)
		return false;
	if (plan->account == NULL)
		return true;
	if (!account_allows(plan->account->checks, heartbeat->n_users, SERIES_OF_USERS))
		return false;
	for (size_t i = 0; i < plan->n; i++)
		if (!heartbeat_way_has_room(heartbeat, plan->account, &plan->ways[i]))
			return false;
	return true;
}

int
heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out)
{
	struct heartbeat_check *asker;
	struct series *series;
	int rc = 0;

	*out = NULL;
	asker = calloc(1, sizeof *asker);
	if (asker == NULL)
		return -MAP_ENOMEM;
	*asker = (struct heartbeat_check){.n = plan->n, .fn = fn, .arg = arg};
	series = series_find(heartbeat, plan, asker->lanes);
	if (series != NULL) {
		series_join(series, plan, asker->lanes);
	} else {
		for (size_t i = 0; i < plan->n; i++)
			asker->lanes[i] = i;
		rc = heartbeat_has_room(heartbeat, plan) ? series_new(heartbeat, plan, &series)
							 : -MAP_ELIMIT;
	}
	if (rc != 0) {
		free(asker);
		return rc;
	}
	series->warns |= plan->warns;
	series_put(series, asker);
	*out = asker;
	return 0;
}

void
heartbeat_cancel(struct heartbeat_check *check)
{
	struct series *series;

	if (check == NULL)
		return;
	series = check->series;
	asker_free(check);
	if (series->askers == NULL)
		series_free(series);
}
