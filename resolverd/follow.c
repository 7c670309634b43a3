/*
 * follow.c - look-ups for one session, and where they send it. Of a session that the kernel manages the paths to what is given
 * up are ended; it is managed one by one where paths.h says so.
 */
#include "resolverd/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "resolverd/joint.h"
#include "resolverd/pairs.h"
#include "resolverd/paths.h"
#include "resolverd/places.h"
#include "resolverd/sockets.h"
#include "resolverd/subflows.h"

#define FOLLOW_RETRY_MS 5000 /* after a look-up that failed */
/* From one look at paths to what is given up to the next: the peer may announce it at any time. Doubles while there are none. */
#define FOLLOW_LEAVE_MS 5000
#define FOLLOW_LEAVE_MAX 320000
#define FOLLOW_LEAST_MS 1000
#define FOLLOW_DEADLINE_MS 5000

struct follow {
	struct session *session;
	struct timer *timer;
	struct joint *joint; /* a look-up under way, or NULL */
	uint64_t leave_ms; /* until the next look at paths to what is given up */
	struct places places;
	struct paths_places latest; /* what they say */
};

static void follow_ask(void *arg);

bool
follow_gives_up(const struct follow *follow, const uint8_t remote[16])
{
	for (size_t i = 0; i < follow->latest.n_given_up; i++)
		if (memcmp(follow->latest.given_up[i], remote, 16) == 0)
			return true;
	return false;
}

static void
follow_end(struct follow *follow, const struct subflow *flow)
{
	struct session *session = follow->session;
	struct session_note note = {.transport = SESSION_TCP,
	    .cookie = flow->cookie,
	    .source_port = flow->local_port,
	    .destination_port = flow->remote_port};
	char text[EID_TEXT];

	memcpy(note.source, flow->local, 16);
	memcpy(note.destination, flow->remote, 16);
	address_print(flow->remote, text);
	if (sockets_end(sessions_diag(session->all), &note) < 0) {
		if (errno != ENOENT) /* else it has gone since it was seen */
			session_tell(
			    session, "path to %s cannot be left: %s", text, strerror(errno));
		return;
	}
	agent_count(sessions_agent(session->all), STAT_PATH_LEFT);
	session_tell(session, "path to %s left: the mapping gives it up", text);
}

/* The kernel keeps a dead path for as long as its retransmissions last. */
static bool
follow_is_dead(const struct follow *follow, const struct subflow *flow)
{
	const struct agent *agent = sessions_agent(follow->session->all);
	struct prober_way way = prober_way_of(flow->local, flow->remote);

	return pairs_known(agent->pairs, &way, loop_now_ms()) == LIVENESS_FAILED;
}

/* The kernel's manager knows no mapping: paths to what is given up are ended, as long as there is another one that is not known to be
 * dead. False: there are none. */
static bool
follow_leave(struct follow *follow)
{
	const struct subflows *seen = sessions_subflows(follow->session->all);
	uint32_t token = follow->session->note.token;
	size_t first = seen != NULL ? subflows_of(seen, token) : 0, n = 0;
	size_t n_given_up = 0, n_staying = 0;

	for (; seen != NULL && first + n < seen->n && seen->list[first + n].token == token;
	     n++) {
		if (follow_gives_up(follow, seen->list[first + n].remote))
			n_given_up++;
		else if (!follow_is_dead(follow, &seen->list[first + n]))
			n_staying++;
	}
	for (size_t i = 0; n_staying > 0 && i < n; i++)
		if (follow_gives_up(follow, seen->list[first + i].remote))
			follow_end(follow, &seen->list[first + i]);
	return n_given_up > 0 || n == 0; /* it may be younger than what was seen */
}

/* When to look for such paths again. */
static uint64_t
follow_leave_again(struct follow *follow)
{
	if (follow_leave(follow) || follow->leave_ms == 0)
		follow->leave_ms = FOLLOW_LEAVE_MS;
	else if (follow->leave_ms < FOLLOW_LEAVE_MAX)
		follow->leave_ms *= 2;
	return follow->leave_ms;
}

static void
follow_found(void *arg, struct bytes payload)
{
	struct follow *follow = arg;
	struct agent *agent = sessions_agent(follow->session->all);
	struct result *result = sessions_result(follow->session->all);
	uint64_t ms = FOLLOW_RETRY_MS, again = UINT64_MAX;
	struct paths_places *latest = &follow->latest;

	follow->joint = NULL;
	if (result_read(payload, result) == 0 && result->error == 0) {
		ms = result->lifetime * (uint64_t)1000;
		places_take(&follow->places, result, latest);
		if (!paths_map(agent->paths, follow->session->note.token, latest) &&
		    latest->n_given_up > 0)
			again = follow_leave_again(follow);
	}
	ms = ms < again ? ms : again;
	timer_start(follow->timer, ms > FOLLOW_LEAST_MS ? ms : FOLLOW_LEAST_MS);
}

static void
follow_ask(void *arg)
{
	struct follow *follow = arg;
	const struct session_note *note = &follow->session->note;
	struct resolve_request request = {.flags = note->flags | RESOLVE_PAIRS,
	    .deadline = FOLLOW_DEADLINE_MS,
	    .id = note->id,
	    .local = note->local,
	    .wishes = note->wishes};
	struct request_asker asker = {follow->session->account, follow_found, follow};
	struct bytes now;

	if (joint_ask(sessions_agent(follow->session->all)->joints, &request, &asker, &now,
		&follow->joint) < 0)
		timer_start(follow->timer, FOLLOW_RETRY_MS);
	else if (follow->joint == NULL)
		follow_found(follow, now);
}

int
follow_new(struct session *session, struct follow **out)
{
	struct follow *follow = calloc(1, sizeof *follow);

	*out = NULL;
	if (follow == NULL)
		return -MAP_ENOMEM;
	follow->session = session;
	follow->timer = timer_new(sessions_agent(session->all)->loop, follow_ask, follow);
	if (follow->timer == NULL) {
		free(follow);
		return -MAP_ENOMEM;
	}
	timer_start(follow->timer, 0);
	*out = follow;
	return 0;
}

void
follow_again(struct follow *follow)
{
	if (follow->joint != NULL)
		return;
	timer_stop(follow->timer);
	follow_ask(follow);
}

void
follow_free(struct follow *follow)
{
	if (follow == NULL)
		return;
	joint_cancel(follow->joint);
	timer_free(follow->timer);
	free(follow);
}
