/*
 * joint.c - one or two look-ups of one client, side by side; when both are there, pairs.c ranks.
 * Knows nothing of connections, caches and DNS.
 */
#include "resolverd/joint.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "resolverd/pairs.h"

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
	ticket_fn *fn;
	void *arg;
	struct half halves[SIDES];
};

struct joints {
	struct agent *agent;
	struct result results[SIDES];
	uint8_t payload[FRAME_MAX - FRAME_HEADER];
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
	if (side == SIDE_PEER)
		return;
	out->id = request->local;
	out->flags = request->flags & RESOLVE_ALLOW_INSECURE;
	if (out->id.form != EID_NAME)
		out->flags |= RESOLVE_TRUSTED_ID;
}

/* The peer's result with pairs; local is empty where no identity of this host was asked for. */
static struct bytes
joint_rank(struct joints *joints, const struct resolve_request *asked, struct bytes peer,
    struct bytes local)
{
	struct result *result = &joints->results[SIDE_PEER],
		      *own = &joints->results[SIDE_LOCAL];
	const struct pairs_wanted wanted = {.local = local.n > 0 ? own : NULL,
	    .wishes = &asked->wishes,
	    .usual = &joints->agent->conf->classes[asked->wishes.class]};
	struct wr wr = wr_init(joints->payload, sizeof joints->payload);

	if ((asked->flags & RESOLVE_PAIRS) == 0)
		return peer;
	if (result_read(peer, result) != 0 || (local.n > 0 && result_read(local, own) != 0))
		return requests_error(joints->agent->requests, asked, -MAP_EINTERNAL,
		    "a result that cannot be read");
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

static void
half_done(void *arg, struct bytes payload)
{
	struct half *half = arg;
	struct joint *joint = half->joint;
	struct half *peer = &joint->halves[SIDE_PEER], *local = &joint->halves[SIDE_LOCAL];
	struct half *other = half == peer ? local : peer;

	half->ticket = NULL;
	if (!joint_has_local(&joint->asked)) {
		joint_tell(joint,
		    joint_rank(joint->joints, &joint->asked, payload, (struct bytes){NULL, 0}));
		return;
	}
	if (!half_put(half, payload)) {
		ticket_cancel(other->ticket);
		joint_tell(joint, requests_error(joint->joints->agent->requests, &joint->asked,
				      -MAP_ENOMEM, "out of memory"));
	} else if (other->payload != NULL) {
		joint_tell(joint, joint_rank(joint->joints, &joint->asked, half_payload(peer),
				      half_payload(local)));
	}
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

/* Both; *now is the whole when nothing is waited for. */
static int
joint_start(struct joint *joint, struct account *account, struct bytes *now)
{
	struct half *halves = joint->halves;
	bool there = true;

	for (size_t i = 0; i < SIDES; i++) {
		int error = half_ask(&halves[i], (enum side)i, account, now);

		if (error != 0)
			return error;
		if (!joint_has_local(&joint->asked)) {
			if (halves[i].ticket == NULL)
				*now = joint_rank(joint->joints, &joint->asked, *now,
				    (struct bytes){NULL, 0});
			return 0;
		}
		if (halves[i].ticket == NULL && !half_put(&halves[i], *now))
			return -MAP_ENOMEM;
		there = there && halves[i].ticket == NULL;
	}
	if (there)
		*now = joint_rank(joint->joints, &joint->asked,
		    half_payload(&halves[SIDE_PEER]), half_payload(&halves[SIDE_LOCAL]));
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
	*joint = (struct joint){
	    .joints = joints, .asked = *request, .fn = asker->fn, .arg = asker->arg};
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

	*now = (struct bytes){NULL, 0};
	*out = NULL;
	if (error != 0)
		return error;
	error = joint_start(joint, asker->account, now);
	if (error == 0 && (joint->halves[SIDE_PEER].ticket != NULL ||
			      joint->halves[SIDE_LOCAL].ticket != NULL)) {
		*out = joint;
		*now = (struct bytes){NULL, 0};
		return 0;
	}
	joint_cancel(joint);
	return error;
}
