/*
 * suspects.c - which subflows are worth a probe, and for how long each was silent; knows no sockets and no clock.
 */
#include <string.h>

#include "resolverd/silence_own.h"

static bool
silence_is_suspect_flow(const struct silence_flow *flow, uint64_t now)
{
	uint64_t least = flow->last.unacked == 1 ? SILENCE_SUSPECT_LONE_MS : SILENCE_SUSPECT_MS;
	uint64_t round_trips = 2 * (uint64_t)subflow_round_trip(&flow->last) / 1000;

	return flow->stuck != 0 &&
	       now - flow->stuck >= (round_trips > least ? round_trips : least);
}

/* An only path that this host chose, which brought a stream until it stopped. */
static bool
silence_has_stopped(const struct silence_group *group, uint64_t now)
{
	const struct silence_flow *flow = &group->flows[0];

	return group->n == 1 && flow->last.began && !flow->last.managed &&
	       flow->data >= flow->flows + SILENCE_STREAM_MS &&
	       now - flow->data >= SILENCE_STOPPED_MS;
}

/* That of a session which owes for longest, or NULL. */
static const struct silence_flow *
silence_worst(const struct silence_group *group, uint64_t now)
{
	const struct silence_flow *worst = NULL;

	for (size_t k = 0; (group->n > 1 || silence_is_lone(group)) && k < group->n; k++)
		if (silence_is_suspect_flow(&group->flows[k], now) &&
		    (worst == NULL || group->flows[k].stuck < worst->stuck))
			worst = &group->flows[k];
	return worst;
}

/* Where the first session after that one begins, in the order of tokens. */
static size_t
silence_after(const struct silence_view *view, uint32_t token)
{
	size_t i = 0;

	while (i < view->n && view->flows[i].last.token <= token)
		i++;
	return i < view->n ? i : 0;
}

size_t
silence_suspects(struct silence *silence, uint64_t now, struct silence_suspect *out, size_t max)
{
	const struct silence_view *view = &silence->views[silence->now_view];
	size_t found = 0, from = silence_after(view, silence->turn), n = 0;

	while (n < view->n && found < max) {
		struct silence_group group = silence_group(view, (from + n) % view->n);
		const struct silence_flow *worst = silence_worst(&group, now);
		bool stopped = worst == NULL && silence_has_stopped(&group, now);

		if (stopped)
			worst = &group.flows[0];
		if (worst != NULL) {
			out[found] = (struct silence_suspect){.flow = worst->last,
			    .owes = !stopped,
			    .stopped = stopped,
			    .ms = now - (stopped ? worst->data : worst->stuck)};
			silence_put_others(&group, worst, false, &out[found]);
			silence_put_others(&group, worst, true, &out[found]);
			found++;
		}
		n += group.n;
		silence->turn = group.flows[0].last.token;
	}
	return found;
}

/* Nothing came by any path of the session from there for so long that an answer would have. */
static bool
silence_is_mute(
    const struct silence_group *group, const struct silence_flow *flow, uint64_t now)
{
	for (size_t i = 0; i < group->n; i++) {
		const struct silence_flow *f = &group->flows[i];

		if (silence_same(f, flow) &&
		    now - f->heard <
			SILENCE_SUSPECT_MS + 2 * (uint64_t)subflow_round_trip(&f->last) / 1000)
			return false;
	}
	return true;
}

static bool
silence_leads(
    const struct silence_group *group, const uint8_t local[16], const uint8_t remote[16])
{
	for (size_t i = 0; i < group->n; i++)
		if (memcmp(group->flows[i].last.local, local, 16) == 0 &&
		    memcmp(group->flows[i].last.remote, remote, 16) == 0)
			return true;
	return false;
}

bool
silence_hinted(const struct silence *silence, const uint8_t local[16], const uint8_t remote[16],
    uint64_t now, struct silence_suspect *out)
{
	const struct silence_view *view = &silence->views[silence->now_view];
	const struct silence_flow *last = NULL;
	struct silence_group group, of = {NULL, 0, NULL};

	for (size_t i = 0; i < view->n; i += group.n) {
		group = silence_group(view, i);
		if (group.flows[0].last.managed || group.n > SILENCE_PATHS ||
		    !silence_leads(&group, local, remote))
			continue;
		for (size_t k = 0; k < group.n; k++) {
			const struct silence_flow *flow = &group.flows[k];

			if (memcmp(flow->last.local, local, 16) == 0 ||
			    now - flow->heard > SILENCE_HINTED_MS ||
			    (last != NULL && flow->heard <= last->heard) ||
			    !silence_is_mute(&group, flow, now))
				continue;
			last = flow;
			of = group;
		}
	}
	if (last == NULL)
		return false;
	*out = (struct silence_suspect){
	    .flow = last->last, .stopped = true, .ms = now - last->heard};
	silence_put_others(&of, last, false, out);
	silence_put_others(&of, last, true, out);
	return true;
}

/* NULL: it is gone. */
static const struct silence_flow *
silence_find(const struct silence_view *view, const struct subflow *flow)
{
	size_t low = 0, high = view->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (subflow_compare(&view->flows[middle].last, flow) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < view->n && subflow_compare(&view->flows[low].last, flow) == 0
		   ? &view->flows[low]
		   : NULL;
}

bool
silence_again(const struct silence *silence, const struct subflow *flow, uint64_t now,
    struct silence_suspect *out)
{
	const struct silence_view *view = &silence->views[silence->now_view];
	const struct silence_flow *found = silence_find(view, flow);
	struct silence_group group;
	size_t from;

	if (found == NULL)
		return false;
	from = (size_t)(found - view->flows);
	while (from > 0 && view->flows[from - 1].last.token == flow->token)
		from--;
	group = silence_group(view, from);
	*out = (struct silence_suspect){.flow = found->last,
	    .owes = found->stuck != 0,
	    .stopped = found->stuck == 0,
	    .ms = now - (found->stuck != 0 ? found->stuck : found->heard)};
	silence_put_others(&group, found, false, out);
	silence_put_others(&group, found, true, out);
	return true;
}

bool
silence_may_live(const struct silence *silence, const struct subflow *flow, uint64_t now)
{
	const struct silence_flow *found =
	    silence_find(&silence->views[silence->now_view], flow);

	return found == NULL || !silence_is_suspect_flow(found, now);
}

uint64_t
silence_since(
    const struct silence *silence, const struct subflow *flow, bool owes, uint64_t now)
{
	const struct silence_flow *found =
	    silence_find(&silence->views[silence->now_view], flow);

	if (found == NULL)
		return 0;
	if (!owes)
		return now - found->heard;
	return found->stuck != 0 ? now - found->stuck : 0;
}

bool
silence_hears(const struct silence *silence, const struct subflows *seen,
    const struct subflow *flow, uint64_t since)
{
	const struct silence_view *view = &silence->views[silence->now_view];

	for (size_t i = 0; i < view->n; i++) {
		const struct silence_flow *one = &view->flows[i];

		if (one->heard >= since && memcmp(one->last.local, flow->local, 16) == 0 &&
		    memcmp(one->last.remote, flow->remote, 16) == 0)
			return true;
	}
	for (size_t i = 0; i < seen->n; i++)
		if (subflow_compare(&seen->list[i], flow) == 0)
			return seen->list[i].segments_in != flow->segments_in;
	return true;
}

bool
silence_is_quiet(
    const struct silence *silence, const struct subflow *flow, uint64_t ms, uint64_t now)
{
	return silence_since(silence, flow, false, now) >= ms &&
	       ms > SILENCE_SUSPECT_MS + 2 * (uint64_t)subflow_round_trip(flow) / 1000;
}
