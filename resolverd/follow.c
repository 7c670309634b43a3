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
#include "resolverd/paths.h"
#include "resolverd/places.h"
#include "resolverd/sockets.h"
#include "resolverd/subflows.h"

#define FOLLOW_RETRY_MS 5000 /* after a look-up that failed */
#define FOLLOW_LEAST_MS 1000
#define FOLLOW_DEADLINE_MS 5000

struct follow {
	struct session *session;
	struct timer *timer;
	struct joint *joint; /* a look-up under way, or NULL */
	struct places places;
};

static void follow_ask(void *arg);

static bool
has(const uint8_t (*list)[16], size_t n, const uint8_t address[16])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], address, 16) == 0)
			return true;
	return false;
}

static void
follow_end(struct follow *follow, const struct subflow *flow)
{
	struct session *session = follow->session;
	struct session_note note = {.transport = SESSION_TCP,
	    .source_port = flow->local_port,
	    .destination_port = flow->remote_port};
	char text[EID_TEXT];

	memcpy(note.source, flow->local, 16);
	memcpy(note.destination, flow->remote, 16);
	address_print(flow->remote, text);
	if (sockets_end(sessions_diag(session->all), &note) < 0) {
		session_tell(session, "path to %s cannot be left: %s", text, strerror(errno));
		return;
	}
	agent_count(sessions_agent(session->all), STAT_PATH_LEFT);
	session_tell(session, "path to %s left: the mapping gives it up", text);
}

/* The kernel's manager knows no mapping: paths to what is given up are ended, as long as there is another one. */
static void
follow_leave(struct follow *follow, const struct paths_places *places)
{
	struct subflows seen = {.n = 0};
	uint32_t token = follow->session->note.token;
	bool stays = false;

	if (subflows_read(sessions_diag(follow->session->all), &seen) < 0) {
		subflows_clear(&seen);
		return;
	}
	for (size_t i = 0; i < seen.n; i++)
		stays |= seen.list[i].token == token &&
			 !has(places->given_up, places->n_given_up, seen.list[i].remote);
	for (size_t i = 0; stays && i < seen.n; i++)
		if (seen.list[i].token == token &&
		    has(places->given_up, places->n_given_up, seen.list[i].remote))
			follow_end(follow, &seen.list[i]);
	subflows_clear(&seen);
}

static void
follow_found(void *arg, struct bytes payload)
{
	struct follow *follow = arg;
	struct agent *agent = sessions_agent(follow->session->all);
	struct result *result = sessions_result(follow->session->all);
	uint64_t ms = FOLLOW_RETRY_MS;
	struct paths_places places;

	follow->joint = NULL;
	if (result_read(payload, result) == 0 && result->error == 0) {
		ms = result->lifetime * (uint64_t)1000;
		places_take(&follow->places, result, &places);
		if (!paths_map(agent->paths, follow->session->note.token, &places) &&
		    places.n_given_up > 0)
			follow_leave(follow, &places);
		if (places.n_given_up > 0 && ms > FOLLOW_RETRY_MS)
			ms = FOLLOW_RETRY_MS; /* until it is elsewhere */
	}
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
	if (follow->joint == NULL)
		timer_start(follow->timer, 0);
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
