/*
 * silence.c - the judgement over subflows; knows no sockets, no clock and no endpoints.
 */
#include "resolverd/silence_own.h"

#include <stdlib.h>
#include <string.h>

struct silence *
silence_new(void)
{
	return calloc(1, sizeof(struct silence));
}

void
silence_free(struct silence *silence)
{
	for (size_t i = 0; silence != NULL && i < 2; i++) {
		free(silence->views[i].flows);
		free(silence->views[i].sessions);
	}
	free(silence);
}

bool
silence_is_busy(const struct silence *silence)
{
	return silence->busy;
}

bool
silence_has_several(const struct silence *silence)
{
	return silence->several;
}

/* What this look says of a subflow that was there before (was) or is new (NULL). */
static struct silence_flow
silence_flow(struct silence *silence, const struct silence_flow *was, const struct subflow *s,
    uint64_t now)
{
	struct silence_flow flow = {.last = *s, .heard = now, .data = now, .flows = now};
	bool heard;

	if (was == NULL) {
		flow.data = 0; /* its handshake brought none */
		flow.owed = flow.stuck = s->unacked > 0 ? now : 0;
		return flow;
	}
	heard = s->segments_in != was->last.segments_in;
	if (heard)
		silence->busy = true;
	else
		flow.heard = was->heard;
	if (s->octets_in == was->last.octets_in)
		flow.data = was->data;
	if (flow.data - was->data < SILENCE_STOPPED_MS)
		flow.flows = was->flows;
	if (s->unacked > 0) {
		silence->busy = true;
		flow.owed = heard || was->owed == 0 ? now : was->owed;
		flow.stuck =
		    s->delivered != was->last.delivered || was->stuck == 0 ? now : was->stuck;
	}
	return flow;
}

/* Room for a look, which is as long as what was seen; false: there is no memory for it. */
static bool
silence_reserve(struct silence_view *view, const struct subflows *seen)
{
	void *flows = view->flows, *sessions = view->sessions;

	if (view->room < seen->n) {
		flows = realloc(view->flows, seen->n * sizeof *view->flows);
		if (flows == NULL)
			return false;
		view->flows = flows;
		view->room = seen->n;
	}
	if (view->room_sessions < seen->n_sessions) {
		sessions = realloc(view->sessions, seen->n_sessions * sizeof *view->sessions);
		if (sessions == NULL)
			return false;
		view->sessions = sessions;
		view->room_sessions = seen->n_sessions;
	}
	return true;
}

/* Both looks are in the same order, so one walk joins them. */
static void
silence_join_flows(struct silence *silence, const struct silence_view *was,
    struct silence_view *is, const struct subflows *seen, uint64_t now)
{
	size_t j = 0;

	for (size_t i = 0; i < seen->n; i++) {
		const struct silence_flow *before = NULL;

		while (j < was->n && subflow_compare(&was->flows[j].last, &seen->list[i]) < 0)
			j++;
		if (j < was->n && subflow_compare(&was->flows[j].last, &seen->list[i]) == 0)
			before = &was->flows[j];
		is->flows[is->n++] = silence_flow(silence, before, &seen->list[i], now);
	}
}

static void
silence_join_sessions(const struct silence_view *was, struct silence_view *is,
    const struct subflows *seen, uint64_t now)
{
	size_t j = 0;

	for (size_t i = 0; i < seen->n_sessions; i++) {
		const struct subflow_session *s = &seen->sessions[i];
		struct silence_session session = {s->token, s->received, now};

		while (j < was->n_sessions && was->sessions[j].token < s->token)
			j++;
		if (j < was->n_sessions && was->sessions[j].token == s->token &&
		    was->sessions[j].received == s->received)
			session.moved = was->sessions[j].moved;
		is->sessions[is->n_sessions++] = session;
	}
}

/* How long a working path of this round trip may be silent. */
static uint64_t
silence_patience(const struct subflow *s)
{
	return SILENCE_FLOOR_MS + (2 * (uint64_t)s->rtt_us + 4 * (uint64_t)s->rttvar_us) / 1000;
}

/* Acknowledgements are owed and none came, while another path was heard of after that began. */
static bool
silence_owes(const struct silence_flow *flow, uint64_t now, uint64_t heard_elsewhere)
{
	uint64_t wait = silence_patience(&flow->last);

	/* with two segments out the sender's loss probe forces an answer; one alone may be delayed */
	if (flow->last.unacked == 1)
		wait += SILENCE_LONE_MS - SILENCE_FLOOR_MS;
	return flow->owed != 0 && now - flow->owed >= wait && heard_elsewhere > flow->owed;
}

/* Data came by another path for a while and yet the stream does not move: a piece is missing, and
 * this path, from which nothing came since, is where it is. */
static bool
silence_withholds(const struct silence_flow *flow, const struct silence_session *session,
    uint64_t now, uint64_t data_elsewhere)
{
	uint64_t wait = silence_patience(&flow->last);

	return now - session->moved >= wait && now - flow->heard >= wait &&
	       data_elsewhere > session->moved + wait / 2;
}

static bool
silence_is_own(const struct silence_judge *judge, const uint8_t address[16])
{
	for (size_t i = 0; i < judge->n; i++)
		if (memcmp(judge->own[i], address, 16) == 0)
			return true;
	return false;
}

bool
silence_same(const struct silence_flow *a, const struct silence_flow *b)
{
	return memcmp(a->last.local, b->last.local, sizeof a->last.local) == 0 &&
	       (!a->last.managed ||
		   memcmp(a->last.remote, b->last.remote, sizeof a->last.remote) == 0);
}

/* Latest times at which the session's paths by other local addresses were heard. */
static void
silence_elsewhere(const struct silence_group *group, const struct silence_flow *flow,
    uint64_t *heard, uint64_t *data)
{
	*heard = *data = 0;
	for (size_t i = 0; i < group->n; i++) {
		const struct silence_flow *other = &group->flows[i];

		if (silence_same(other, flow))
			continue;
		if (other->heard > *heard)
			*heard = other->heard;
		if (other->data > *data)
			*data = other->data;
	}
}

/*
 * Where the session misses data, several paths may be silent, idle spare ones among them. One is
 * meant for certain when it is the only one that brought nothing since, or when it was heard until
 * just before the stream stopped.
 */
static bool
silence_is_suspect(const struct silence_group *group, const struct silence_flow *flow)
{
	uint64_t wait = silence_patience(&flow->last);
	unsigned candidates = 0;

	for (size_t i = 0; i < group->n; i++)
		if (group->flows[i].data <= group->session->moved)
			candidates++;
	return candidates == 1 || flow->heard + wait >= group->session->moved;
}

static bool
silence_is_silent(const struct silence_group *group, const struct silence_flow *flow,
    uint64_t now, struct silence_verdict *out)
{
	uint64_t heard, data;

	silence_elsewhere(group, flow, &heard, &data);
	out->owes = silence_owes(flow, now, heard);
	out->ms = now - (out->owes ? flow->owed : flow->heard);
	out->flow = flow->last;
	return out->owes ||
	       (group->session != NULL && silence_withholds(flow, group->session, now, data) &&
		   silence_is_suspect(group, flow));
}

struct silence_group
silence_group(const struct silence_view *view, size_t from)
{
	struct silence_group group = {&view->flows[from], 0, NULL};
	uint32_t token = view->flows[from].last.token;
	size_t low = 0, high = view->n_sessions;

	while (from + group.n < view->n && view->flows[from + group.n].last.token == token)
		group.n++;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (view->sessions[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < view->n_sessions && view->sessions[low].token == token)
		group.session = &view->sessions[low];
	return group;
}

/* Leaving flow's local address costs this session nothing: it does not use it, or has another that
 * was not silent itself. */
static bool
silence_spares(const struct silence_group *group, const struct silence_flow *flow, uint64_t now)
{
	bool uses = false, other = false;

	for (size_t i = 0; i < group->n; i++) {
		const struct silence_flow *f = &group->flows[i];

		if (silence_same(f, flow))
			uses = true;
		else if (f->owed == 0 || now - f->owed < silence_patience(&f->last))
			other = true;
	}
	return !uses || other;
}

static bool
silence_all_spare(
    const struct silence_view *view, const struct silence_flow *flow, uint64_t now)
{
	for (size_t i = 0; i < view->n;) {
		struct silence_group group = silence_group(view, i);

		if (!group.flows[0].last.managed && !silence_spares(&group, flow, now))
			return false;
		i += group.n;
	}
	return true;
}

/* Whether the address may be judged again, and notes that it was. needed: what flaps has to wait no longer than others. */
static bool
silence_may(struct silence *silence, const uint8_t address[16], const struct hold_rule *rule,
    uint64_t now, bool needed)
{
	struct silence_hold *row = NULL;

	for (size_t i = 0; i < silence->n_holds && row == NULL; i++)
		if (memcmp(silence->holds[i].address, address, 16) == 0)
			row = &silence->holds[i];
	if (row == NULL) {
		if (silence->n_holds == SILENCE_ADDRESSES)
			silence->n_holds =
			    0; /* more addresses than endpoints: forget the past */
		row = &silence->holds[silence->n_holds++];
		*row = (struct silence_hold){.hold = {0, 0}};
		memcpy(row->address, address, 16);
	}
	return hold_may_after(&row->hold, rule, now, needed ? rule->hold_ms : row->hold.wait);
}

void
silence_put_others(const struct silence_group *group, const struct silence_flow *flow,
    bool same, struct silence_suspect *out)
{
	for (size_t i = 0; i < group->n && out->n_others < SILENCE_OTHERS; i++)
		if (&group->flows[i] != flow && silence_same(&group->flows[i], flow) == same)
			out->others[out->n_others++] = group->flows[i].last;
}

static bool
silence_is_confirmed(const struct silence_group *group, const struct silence_flow *flow,
    const struct silence_judge *judge, const struct silence_verdict *why)
{
	struct silence_suspect suspect = {.flow = flow->last, .owes = why->owes, .ms = why->ms};

	silence_put_others(group, flow, false, &suspect);
	silence_put_others(group, flow, true, &suspect);
	return judge->confirm(judge->arg, &suspect);
}

/* All sessions are gone through, for each address once a look: a dead one may be many sessions'. */
static bool
silence_all_spare_now(struct silence *silence, const struct silence_flow *flow, uint64_t now)
{
	if (!silence->asked || memcmp(silence->address, flow->last.local, 16) != 0) {
		silence->asked = true;
		memcpy(silence->address, flow->last.local, 16);
		silence->spare =
		    silence_all_spare(&silence->views[silence->now_view], flow, now);
	}
	return silence->spare;
}

/* Who may leave it loses nothing by that. */
static bool
silence_is_free(struct silence *silence, const struct silence_group *group,
    const struct silence_flow *flow, uint64_t now, const struct silence_judge *judge)
{
	if (flow->last.managed)
		return silence_spares(group, flow, now);
	return silence_is_own(judge, flow->last.local) &&
	       silence_all_spare_now(silence, flow, now);
}

/* What can be said against one session's flows, and may be now. */
static bool
silence_accuse(struct silence *silence, const struct silence_group *group, uint64_t now,
    const struct silence_judge *judge, struct silence_verdict *out)
{
	for (size_t i = 0; i < group->n && group->n <= SILENCE_PATHS; i++) {
		const struct silence_flow *flow = &group->flows[i];

		if (silence_is_silent(group, flow, now, out) &&
		    silence_is_free(silence, group, flow, now, judge) &&
		    silence_is_confirmed(group, flow, judge, out) &&
		    (flow->last.managed ||
			silence_may(silence, flow->last.local, &judge->rule, now, false)))
			return true;
	}
	return false;
}

bool
silence_is_lone(const struct silence_group *group)
{
	return group->flows[0].last.managed || (group->n == 1 && group->flows[0].last.began);
}

bool
silence_look(struct silence *silence, const struct subflows *seen, uint64_t now,
    const struct silence_judge *judge, struct silence_verdict *out)
{
	const struct silence_view *was = &silence->views[silence->now_view];
	struct silence_view *is = &silence->views[silence->now_view ^= 1];
	bool found = false;

	is->n = is->n_sessions = 0;
	silence->busy = silence->several = silence->asked = false;
	if (!silence_reserve(is, seen)) {
		silence->several = true; /* and so looked at again */
		return false;
	}
	silence_join_flows(silence, was, is, seen, now);
	silence_join_sessions(was, is, seen, now);
	for (size_t i = 0; i < is->n;) {
		struct silence_group group = silence_group(is, i);

		silence->several |= group.n > 1 || silence_is_lone(&group);
		if (!found && seen->complete)
			found = silence_accuse(silence, &group, now, judge, out);
		i += group.n;
	}
	return found;
}

bool
silence_leave(struct silence *silence, const uint8_t address[16], uint64_t now,
    const struct silence_judge *judge, bool needed)
{
	const struct silence_view *view = &silence->views[silence->now_view];

	if (!silence_is_own(judge, address))
		return false;
	for (size_t i = 0; i < view->n; i++)
		if (memcmp(view->flows[i].last.local, address, 16) == 0)
			return silence_all_spare(view, &view->flows[i], now) &&
			       silence_may(silence, address, &judge->rule, now, needed);
	return false;
}
