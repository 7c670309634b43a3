/*
 * pulse_offer.c - which addresses of this host the kernel is made to try anew, and when: what was left by one answers again, or its
 * peer asks there. What is silent is found by pulse_probe.c.
 */
#include <errno.h>
#include <string.h>

#include "core/wire/eid.h"
#include "resolverd/pulse_own.h"
#include "resolverd/stories.h"

#define PULSE_LOST_MS \
	1000 /* for so long a path that ended may be on its way again; then twice as long each time */
#define PULSE_LOST_TIMES 5

void
pulse_offer(struct pulse *pulse, const uint8_t address[16], const char *why)
{
	bool accepts = !pulse->seen.complete;

	for (size_t i = 0; i < pulse->seen.n && !accepts; i++)
		accepts = !pulse->seen.list[i].began;
	accepts = accepts || subflows_listen(pulse->diag);
	returns_offered(pulse->returns, address);
	pulse->ops->renew(pulse->arg, address, accepts, why);
	pulse->company->count(pulse->company->arg, PATH_RENEWED);
}

/* The kernel has no way to offer an address to one session: all that are by it leave it for a round trip or so. */
bool
pulse_may_offer(struct pulse *pulse, const uint8_t address[16], const uint8_t *silent)
{
	uint8_t own[MPTCP_ENDPOINTS][16];
	struct silence_judge judge = pulse_judge(pulse, own);

	if (!subflows_use(&pulse->seen, address))
		return true;
	if (returns_spent(pulse->returns, address) ||
	    !subflows_spare(&pulse->seen, address, silent) ||
	    !silence_leave(pulse->silence, address, loop_now_ms(), &judge, false))
		return false;
	returns_spend(pulse->returns, address);
	return true;
}

/* The kernel tries by itself, too: what it has made just now another offer would end, and what that carries would wait for timers. */
static int
pulse_catch_up(struct pulse *pulse)
{
	pulse_hear(pulse);
	return pulse_read(pulse);
}

/* The kernel is made to try the addresses that answer anew, where no session would be without a path meanwhile; when a path from there
 * stands the silent one is judged. */
void
pulse_revive(struct pulse *pulse, const struct suspicion *s,
    const struct heartbeat_outcome *outcomes, size_t n)
{
	if (pulse_catch_up(pulse) < 0)
		return; /* it is looked at again */
	for (size_t i = 1; i < n; i++) {
		const uint8_t *local = s->ways[i].local;

		if (!beat_lives(outcomes[i].beat))
			continue;
		if (s->joined || subflows_has(&pulse->seen, s->flow.token, local))
			pulse_hasten(pulse);
		else if (pulse_may_offer(pulse, local, s->flow.local))
			pulse_offer(pulse, local, "tried again");
	}
}

/* Whether a session that is by other addresses only would come by it, too. Where none of those leads to its peer, another one's peer is
 * looked for from there in its place. */
static bool
pulse_lacks(struct pulse *pulse, const struct prober_way *way)
{
	const struct subflow *flow = subflows_lacking(&pulse->seen, way->local, way->remote);
	struct heartbeat_outcome outcome;
	struct prober_way is, to;

	if (flow == NULL)
		return false; /* they are over, or back */
	if (memcmp(flow->remote, way->remote, 16) == 0)
		return true;
	is = prober_way_of(flow->local, flow->remote);
	to = prober_way_of(way->local, flow->remote);
	returns_seek(pulse->returns, &to,
	    pulse->heartbeat != NULL &&
		heartbeat_lately(pulse->heartbeat, &is, UINT64_MAX, &outcome));
	return false;
}

static bool
pulse_wants(void *arg, const struct prober_way *way)
{
	struct pulse *pulse = arg;

	return pulse_read(pulse) < 0 /* it is asked again */ || pulse_lacks(pulse, way);
}

/* What was left by its address answers again. The kernel tries an address once, and not at all when a router says that it is
 * unreachable: it is offered anew, unless all sessions are back by it. False: those that are cannot spare it now. */
static bool
pulse_returned(void *arg, const struct prober_way *way, bool answers)
{
	struct pulse *pulse = arg;
	bool kept = pulse->ops->is_kept(pulse->arg, way->local);

	if (pulse_catch_up(pulse) < 0)
		return false;
	if (!kept && (pulse->seen.n == 0 ||
			 (subflows_use(&pulse->seen, way->local) && !pulse_lacks(pulse, way))))
		return true;
	if (!pulse_may_offer(pulse, way->local, NULL))
		return returns_spent(pulse->returns, way->local);
	pulse_offer(pulse, way->local, "tried again");
	if (answers) /* else it is tried time and again */
		stories_returned(pulse->company, &pulse->seen, way->local);
	return true;
}

void
pulse_unheard(struct pulse *pulse)
{
	uint8_t own[MPTCP_ENDPOINTS][16];
	size_t n = pulse->ops->own(pulse->arg, own, MPTCP_ENDPOINTS);

	for (size_t i = 0; i < n; i++)
		returns_unheard(pulse->returns, own[i]);
}

/* What was left before this process began nobody knows any more. A session that began here has a path by each address that works: what it
 * lacks is looked for. Of one that was accepted its peer chooses, and asks where it misses one. */
static void
pulse_recall(struct pulse *pulse)
{
	uint8_t own[MPTCP_ENDPOINTS][16];
	size_t n = pulse->ops->own(pulse->arg, own, MPTCP_ENDPOINTS);

	for (size_t i = 0; i < pulse->seen.n; i++) {
		const struct subflow *flow = &pulse->seen.list[i];

		for (size_t k = 0; k < n && flow->began && !flow->managed; k++) {
			struct prober_way way = prober_way_of(own[k], flow->remote);

			if (address_is_ipv4(own[k]) == address_is_ipv4(flow->remote) &&
			    address_refusal(flow->remote, true, NULL, 0) == NULL &&
			    !subflows_has(&pulse->seen, flow->token, own[k]))
				returns_seek(pulse->returns, &way, true);
		}
	}
	pulse_unheard(pulse);
}

static const struct returns_ops pulse_returns = {pulse_returned, pulse_wants};

int
pulse_attend(struct pulse *pulse, const struct paths_company *company, struct manage *manage)
{
	int rc;

	pulse->company = company;
	pulse->heartbeat = company->heartbeat;
	pulse->manage = manage;
	rc = returns_open(pulse->loop, pulse->heartbeat, &company->flap, &pulse_returns, pulse,
	    &pulse->returns);
	if (rc == 0 && pulse_read(pulse) == 0)
		pulse_recall(pulse);
	return rc;
}

void
pulse_sign(struct pulse *pulse, const struct prober_way *way, bool warns)
{
	returns_sign(pulse->returns, way);
	if (!warns)
		return;
	pulse->hint = *way;
	pulse->hinted = loop_now_ms();
}

/* A path of the session to this address, or NULL. */
static const struct subflow *
pulse_path_to(const struct pulse *pulse, uint32_t token, const uint8_t remote[16])
{
	const struct subflow *list = pulse->seen.list;

	for (size_t i = subflows_of(&pulse->seen, token);
	     i < pulse->seen.n && list[i].token == token; i++)
		if (memcmp(list[i].remote, remote, 16) == 0)
			return &list[i];
	return NULL;
}

/* Who cannot be joined, or is silent, is none that was lost: each time he is asked costs one of the few addresses that the kernel takes up. */
static bool
pulse_was_lost(const struct pulse *pulse, uint32_t token, int error)
{
	size_t at = subflows_of(&pulse->seen, token);

	return (error == 0 || error == ECONNABORTED || error == ECONNRESET) &&
	       at < pulse->seen.n && pulse->seen.list[at].began &&
	       !pulse->seen.list[at].managed;
}

void
pulse_ended(struct pulse *pulse, uint32_t token, const struct prober_way *way, int error)
{
	struct lost lost = {.token = token, .next = loop_now_ms() + PULSE_LOST_MS};
	bool known = pulse->returns == NULL || !pulse_was_lost(pulse, token, error);

	returns_ended(pulse->returns, way->local);
	for (size_t i = 0; i < pulse->n_lost && !known; i++)
		known = pulse->lost[i].token == token &&
			memcmp(pulse->lost[i].remote, way->remote, 16) == 0;
	if (known || pulse->n_lost == PULSE_CHECKS)
		return;
	memcpy(lost.remote, way->remote, 16);
	pulse->lost[pulse->n_lost++] = lost;
}

/* From an address that the session is by; NULL: it is over, has a path there again, or is to have none. */
static const struct subflow *
pulse_seeks(const struct pulse *pulse, const struct lost *lost)
{
	const struct paths_company *company = pulse->company;
	const struct subflow *list = pulse->seen.list;
	size_t i = subflows_of(&pulse->seen, lost->token);

	if (!pulse->seen.complete || !subflows_live(&pulse->seen, lost->token) ||
	    pulse_path_to(pulse, lost->token, lost->remote) != NULL ||
	    company->gives_up(company->arg, lost->token, lost->remote))
		return NULL;
	for (; i < pulse->seen.n && list[i].token == lost->token; i++)
		if (!list[i].managed &&
		    address_is_ipv4(list[i].local) == address_is_ipv4(lost->remote))
			return &list[i];
	return NULL;
}

/* Its kernel joins an announced address once, and from one of its own: when that is taken out of it, if only for the sake of another
 * session, nothing leads there any more. Who announced it does so again for a peer that looks there, if he can just then. */
void
pulse_seek_lost(struct pulse *pulse)
{
	uint64_t now = loop_now_ms();
	size_t rest = 0;

	for (size_t i = 0; i < pulse->n_lost; i++) {
		struct lost lost = pulse->lost[i];
		const struct subflow *from =
		    now >= lost.next ? pulse_seeks(pulse, &lost) : NULL;

		if (from != NULL) {
			struct prober_way way = prober_way_of(from->local, lost.remote);

			returns_seek(pulse->returns, &way, true);
			lost.next = now + ((uint64_t)PULSE_LOST_MS << ++lost.times);
		}
		if (now < lost.next && lost.times < PULSE_LOST_TIMES)
			pulse->lost[rest++] = lost;
	}
	pulse->n_lost = rest;
}

void
pulse_offer_kept(struct pulse *pulse)
{
	uint8_t own[MPTCP_ENDPOINTS][16];
	size_t n = pulse->ops->own(pulse->arg, own, MPTCP_ENDPOINTS);

	for (size_t i = 0; i < n; i++)
		if (pulse->ops->is_kept(pulse->arg, own[i]) &&
		    !subflows_has(&pulse->seen, pulse->newest, own[i]) &&
		    pulse_may_offer(pulse, own[i], NULL))
			pulse_offer(pulse, own[i], "a session has begun");
}

/* What the session has by that address was probed with the silent path, if it has no more than are, and answered as little. */
static bool
pulse_was_probed(
    const struct pulse *pulse, const struct subflow *flow, const uint8_t remote[16])
{
	const struct subflow *list = pulse->seen.list;
	bool is = false;
	size_t n = 0;

	for (size_t i = subflows_of(&pulse->seen, flow->token);
	     i < pulse->seen.n && list[i].token == flow->token; i++, n++)
		is |= memcmp(list[i].local, flow->local, 16) == 0 &&
		      memcmp(list[i].remote, remote, 16) == 0;
	return memcmp(flow->remote, remote, 16) == 0 || (is && n <= 1 + SILENCE_OTHERS);
}

/* Whether a path by the same address to another peer may live. */
static bool
pulse_may_live_elsewhere(const struct pulse *pulse, const struct subflow *flow)
{
	uint64_t now = loop_now_ms();

	for (size_t i = 0; i < pulse->seen.n; i++) {
		const struct subflow *other = &pulse->seen.list[i];

		if (memcmp(other->local, flow->local, 16) == 0 &&
		    !pulse_was_probed(pulse, flow, other->remote) &&
		    silence_may_live(pulse->silence, other, now))
			return true;
	}
	return !pulse->seen.complete;
}

bool
pulse_may_leave(
    struct pulse *pulse, const struct suspicion *s, const struct silence_judge *judge)
{
	return pulse_catch_up(pulse) == 0 &&
	       subflows_spare(&pulse->seen, s->flow.local, NULL) &&
	       silence_leave(pulse->silence, s->flow.local, loop_now_ms(), judge,
		   s->waits && !pulse_may_live_elsewhere(pulse, &s->flow));
}

/*
 * An address that is announced before its path answers costs one of the few that a peer's kernel takes up in a session: it tries to come
 * there, in vain, and Linux 6.18 does not count it back. So it is kept back until it answers, or a session begins, which may be another
 * peer's; and offered at once where others may live by it, and where nothing would tell that it answers.
 */
void
pulse_renew(struct pulse *pulse, const struct subflow *flow, const char *why, bool probed)
{
	struct prober_way way = prober_way_of(flow->local, flow->remote);

	stories_left(pulse->company, &pulse->seen, flow, why);
	if (probed && pulse->returns != NULL && !pulse_may_live_elsewhere(pulse, flow))
		pulse->ops->keep_back(pulse->arg, flow->local, "silent");
	else
		pulse_offer(pulse, flow->local, "silent");
	if (pulse->returns != NULL)
		returns_left(pulse->returns, &way, probed);
}
