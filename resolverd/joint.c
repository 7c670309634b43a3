/*
 * joint.c - one or two look-ups of one client, side by side; when both are there, pairs.c ranks.
 * Knows nothing of connections, caches and DNS.
 */
#include "resolverd/joint.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "resolverd/heartbeat.h"
#include "resolverd/others.h"
#include "resolverd/pairs.h"

/* Probes of pairs that a datagram session may begin with: a third of a second at most. */
#define LIVE_PROBES 3
#define LIVE_GAP_MS 40
#define LIVE_PATIENCE_MS 250
#define LIVE_LATELY_MS 1000
#define LIVE_MUTE_MS 10000
#define LIVE_MUTES 1024

enum side { SIDE_PEER, SIDE_LOCAL, SIDES };

struct half {
	struct joint *joint;
	struct ticket *ticket; /* NULL: not waiting */
	uint8_t *payload; /* NULL: not there yet */
	size_t n;
};

struct joint {
	struct joints *joints;
	struct resolve_request asked;
	struct account *account;
	ticket_fn *fn;
	void *arg;
	struct half halves[SIDES];
	struct heartbeat_check *check; /* of the best pairs, or NULL */
	struct heartbeat_plan plan;
};

/* Of a best pair beside which nothing answered: connecting shall not wait for that each time. */
struct mute {
	struct prober_way way;
	uint64_t until; /* ms */
};

struct joints {
	struct agent *agent;
	struct result results[SIDES];
	uint8_t payload[FRAME_MAX - FRAME_HEADER];
	struct mute mutes[LIVE_MUTES];
};

struct joints *
joints_new(struct agent *agent)
{
	struct joints *joints = calloc(1, sizeof *joints);

	if (joints != NULL)
		joints->agent = agent;
	return joints;
}

void
joints_free(struct joints *joints)
{
	free(joints);
}

static void
joint_free(struct joint *joint)
{
	for (size_t i = 0; i < SIDES; i++)
		free(joint->halves[i].payload);
	free(joint);
}

void
joint_cancel(struct joint *joint)
{
	if (joint == NULL)
		return;
	for (size_t i = 0; i < SIDES; i++)
		ticket_cancel(joint->halves[i].ticket);
	heartbeat_cancel(joint->check);
	joint_free(joint);
}

static bool
joint_has_local(const struct resolve_request *request)
{
	return request->local.form != EID_NONE;
}

/* Who names an identity means that one; a name has to lead to one securely, unless that is waived. */
static void
joint_question(
    const struct resolve_request *request, enum side side, struct resolve_request *out)
{
	*out = *request;
	out->local.form = EID_NONE;
	out->flags &= (uint16_t)~RESOLVE_LIVE;
	if (side == SIDE_PEER)
		return;
	out->id = request->local;
	out->flags = request->flags & RESOLVE_ALLOW_INSECURE;
	if (out->id.form != EID_NAME)
		out->flags |= RESOLVE_TRUSTED_ID;
}

/* The peer's result with pairs; local is empty where no identity of this host was asked for. */
static struct bytes
joint_rank(struct joint *joint, struct bytes peer, struct bytes local)
{
	struct joints *joints = joint->joints;
	const struct resolve_request *asked = &joint->asked;
	struct result *result = &joints->results[SIDE_PEER],
		      *own = &joints->results[SIDE_LOCAL];
	const struct pairs_wanted wanted = {.local = local.n > 0 ? own : NULL,
	    .wishes = &asked->wishes,
	    .user = joint->account->uid,
	    .usual = &joints->agent->conf->classes[asked->wishes.class]};
	struct wr wr = wr_init(joints->payload, sizeof joints->payload);

	if ((asked->flags & RESOLVE_PAIRS) == 0)
		return peer;
	if (result_read(peer, result) != 0 || (local.n > 0 && result_read(local, own) != 0)) {
		result->error = -MAP_EINTERNAL;
		return requests_error(joints->agent->requests, asked, -MAP_EINTERNAL,
		    "a result that cannot be read");
	}
	pairs_fill(joints->agent->pairs, result, &wanted, loop_now_ms());
	result_put(&wr, result);
	return wr_done(&wr);
}

static bool
half_put(struct half *half, struct bytes payload)
{
	half->payload = malloc(payload.n + 1);
	if (half->payload == NULL)
		return false;
	memcpy(half->payload, payload.p, payload.n);
	half->n = payload.n;
	return true;
}

static struct bytes
half_payload(const struct half *half)
{
	return (struct bytes){half->payload, half->n};
}

/* Tells the client, and is gone. */
static void
joint_tell(struct joint *joint, struct bytes payload)
{
	ticket_fn *fn = joint->fn;
	void *arg = joint->arg;

	joint_free(joint);
	fn(arg, payload);
}

static struct mute *
joints_mute(struct joints *joints, const struct prober_way *way)
{
	return &joints->mutes[prober_way_hash(way) % LIVE_MUTES];
}

/* How a pair has answered: in the check that has just ended, or lately. Of a peer's agent that is believed for longer, so that a
 * closed port never outlives the answer of the agent that was heard beside it. */
static enum beat
joint_beat(const struct joint *joint, const struct pair *pair,
    const struct heartbeat_outcome *outcomes, size_t n)
{
	struct prober_way way = prober_way_of(pair->source, pair->destination);
	struct heartbeat *heartbeat = joint->joints->agent->heartbeat;
	struct heartbeat_outcome lately;

	for (size_t i = 0; i < n; i++)
		if (prober_way_equal(&joint->plan.ways[i], &way))
			return outcomes[i].beat;
	if (heartbeat_lately(heartbeat, &way, LIVE_LATELY_MS, &lately) ||
	    (heartbeat_lately(heartbeat, &way, 2 * LIVE_LATELY_MS, &lately) &&
		lately.beat == BEAT_ALIVE))
		return lately.beat;
	return BEAT_SILENT;
}

/* The ranked result, which lies in the joints, with nothing but the pairs by which a datagram session may begin. */
static struct bytes
joint_begin(const struct joint *joint, struct bytes ranked,
    const struct heartbeat_outcome *outcomes, size_t n)
{
	struct joints *joints = joint->joints;
	struct result *result = &joints->results[SIDE_PEER];
	struct wr wr = wr_init(joints->payload, sizeof joints->payload);
	enum beat beats[RESULT_PAIRS];

	if ((joint->asked.flags & RESOLVE_LIVE) == 0 || joints->agent->heartbeat == NULL ||
	    result->error != 0)
		return ranked;
	for (size_t i = 0; i < result->n_pairs; i++)
		beats[i] = joint_beat(joint, &result->pairs[i], outcomes, n);
	result->n_pairs = others_begin(result->pairs, result->n_pairs, beats);
	result_put(&wr, result);
	return wr_done(&wr);
}

/* What became of the probes is known now, and so the order. */
static void
joint_probed(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	struct joint *joint = arg;
	struct joints *joints = joint->joints;
	struct bytes ranked;
	bool any = false;

	joint->check = NULL;
	for (size_t i = 0; i < n; i++)
		any |= beat_lives(outcomes[i].beat);
	if (!any)
		*joints_mute(joints, &joint->plan.ways[0]) =
		    (struct mute){joint->plan.ways[0], loop_now_ms() + LIVE_MUTE_MS};
	pairs_checked(joints->agent->pairs, joint->plan.ways, outcomes, n, loop_now_ms());
	ranked = joint_rank(joint, half_payload(&joint->halves[SIDE_PEER]),
	    half_payload(&joint->halves[SIDE_LOCAL]));
	joint_tell(joint, joint_begin(joint, ranked, outcomes, n));
}

/* A pair that was probed just now need not be again; that one worked some minutes ago is no reason. */
static bool
joint_is_probed(const struct joint *joint, const struct pair *pair)
{
	struct prober_way way = prober_way_of(pair->source, pair->destination);
	const struct mute *mute = joints_mute(joint->joints, &way);
	struct heartbeat_outcome outcome;

	return heartbeat_lately(
		   joint->joints->agent->heartbeat, &way, LIVE_LATELY_MS, &outcome) ||
	       (loop_now_ms() < mute->until && prober_way_equal(&mute->way, &way));
}

/* Whether the best pairs are to be probed first: the result is ranked and lies in the joints. True: they
 * are, and the client is told then. */
static bool
joint_probe(struct joint *joint)
{
	const struct result *result = &joint->joints->results[SIDE_PEER];
	struct heartbeat_plan *plan = &joint->plan;

	if ((joint->asked.flags & RESOLVE_LIVE) == 0 ||
	    joint->joints->agent->heartbeat == NULL || result->error != 0 ||
	    result->n_pairs < 2 || joint_is_probed(joint, &result->pairs[0]))
		return false;
	*plan = (struct heartbeat_plan){.account = joint->account,
	    .probes = LIVE_PROBES,
	    .gap_ms = LIVE_GAP_MS,
	    .patience_ms = LIVE_PATIENCE_MS};
	for (size_t i = 0; i < result->n_pairs && plan->n < HEARTBEAT_PAIRS; i++) {
		if (result->pairs[i].identity != result->pairs[0].identity)
			break;
		plan->ways[plan->n++] =
		    prober_way_of(result->pairs[i].source, result->pairs[i].destination);
	}
	return heartbeat_start(joint->joints->agent->heartbeat, plan, joint_probed, joint,
		   &joint->check) == 0;
}

/* Ranks what is there; *now, unless the pairs are probed first. */
static bool
joint_finish(struct joint *joint, struct bytes *now)
{
	*now = joint_rank(joint, half_payload(&joint->halves[SIDE_PEER]),
	    half_payload(&joint->halves[SIDE_LOCAL]));
	if (joint_probe(joint))
		return false;
	*now = joint_begin(joint, *now, NULL, 0);
	return true;
}

/* Nothing but the peer's result is wanted as it is, or ranked. */
static bool
joint_is_plain(const struct resolve_request *asked)
{
	return !joint_has_local(asked) && (asked->flags & RESOLVE_LIVE) == 0;
}

static void
half_done(void *arg, struct bytes payload)
{
	struct half *half = arg;
	struct joint *joint = half->joint;
	struct joints *joints = joint->joints;
	struct bytes now;

	half->ticket = NULL;
	if (joint_is_plain(&joint->asked)) {
		joint_tell(joint, joint_rank(joint, payload, (struct bytes){NULL, 0}));
		return;
	}
	if (!half_put(half, payload)) {
		for (size_t i = 0; i < SIDES; i++)
			ticket_cancel(joint->halves[i].ticket);
		joint_tell(joint, requests_error(joints->agent->requests, &joint->asked,
				      -MAP_ENOMEM, "out of memory"));
		return;
	}
	for (size_t i = 0; i < SIDES; i++)
		if (joint->halves[i].ticket != NULL)
			return;
	if (joint_finish(joint, &now))
		joint_tell(joint, now);
}

/* One look-up; *now is what is there at once. */
static int
half_ask(struct half *half, enum side side, struct account *account, struct bytes *now)
{
	struct joint *joint = half->joint;
	struct resolve_request question;

	joint_question(&joint->asked, side, &question);
	return requests_ask(joint->joints->agent->requests, &question,
	    &(struct request_asker){account, half_done, half}, now, &half->ticket);
}

/* Both; *waits is false when *now is the whole. */
static int
joint_start(struct joint *joint, struct account *account, struct bytes *now, bool *waits)
{
	size_t sides = joint_has_local(&joint->asked) ? SIDES : SIDE_LOCAL;

	*waits = false;
	for (size_t i = 0; i < sides; i++) {
		struct half *half = &joint->halves[i];
		int error = half_ask(half, (enum side)i, account, now);

		if (error != 0)
			return error;
		*waits |= half->ticket != NULL;
		if (half->ticket == NULL && !joint_is_plain(&joint->asked) &&
		    !half_put(half, *now))
			return -MAP_ENOMEM;
	}
	if (*waits)
		return 0;
	if (joint_is_plain(&joint->asked))
		*now = joint_rank(joint, *now, (struct bytes){NULL, 0});
	else
		*waits = !joint_finish(joint, now);
	return 0;
}

static int
joint_new(struct joints *joints, const struct resolve_request *request,
    const struct request_asker *asker, struct joint **out)
{
	struct joint *joint = calloc(1, sizeof *joint);

	*out = joint;
	if (joint == NULL)
		return -MAP_ENOMEM;
	*joint = (struct joint){.joints = joints,
	    .asked = *request,
	    .account = asker->account,
	    .fn = asker->fn,
	    .arg = asker->arg};
	for (size_t i = 0; i < SIDES; i++)
		joint->halves[i].joint = joint;
	return 0;
}

int
joint_ask(struct joints *joints, const struct resolve_request *request,
    const struct request_asker *asker, struct bytes *now, struct joint **out)
{
	struct joint *joint;
	int error = joint_new(joints, request, asker, &joint);
	bool waits = false;

	*now = (struct bytes){NULL, 0};
	*out = NULL;
	if (error != 0)
		return error;
	error = joint_start(joint, asker->account, now, &waits);
	if (error == 0 && waits) {
		*out = joint;
		*now = (struct bytes){NULL, 0};
		return 0;
	}
	joint_cancel(joint);
	return error;
}
