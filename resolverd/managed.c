/*
 * managed.c - decides; asks the kernel nothing. What it decides by is kept in managed_rows.c.
 */
#include "resolverd/managed.h"

#include <string.h>

#include "core/wire/eid.h"

static bool
same(const uint8_t a[16], const uint8_t b[16])
{
	return memcmp(a, b, 16) == 0;
}

static bool
is_dead(const struct managed_world *world, const struct mptcp_path *path)
{
	struct prober_way way = prober_way_of(path->local, path->remote);

	return ways_is_dead(world->ways, &way);
}

/* --- what this host has --- */

static bool
is_own(const struct managed_world *world, const uint8_t address[16])
{
	for (size_t i = 0; i < world->n_own; i++)
		if (same(world->own[i].address, address))
			return true;
	return false;
}

/* Where paths are that stay. */
static bool
is_lasting(const struct managed_world *world, const uint8_t address[16])
{
	for (size_t i = 0; i < world->n_own; i++)
		if (same(world->own[i].address, address))
			return !world->own[i].fades;
	return false;
}

/* Whether paths may begin there, too. */
static bool
is_source(const struct managed_world *world, const uint8_t address[16])
{
	for (size_t i = 0; i < world->n_own; i++)
		if (same(world->own[i].address, address))
			return !world->own[i].passive;
	return false;
}

/* Whether a path stands from there. */
static bool
is_used(const struct managed *m, const uint8_t local[16])
{
	for (size_t i = 0; i < m->n_paths; i++)
		if (m->paths[i].up && same(m->paths[i].path.local, local))
			return true;
	return false;
}

/* A row for one more number: where all are taken, that of an address that this host had once. NULL: there is none. */
static struct managed_address *
own_row(struct managed *m, const struct managed_world *world)
{
	if (m->n_own < MANAGED_PATHS)
		return &m->own[m->n_own++];
	for (size_t i = 0; i < m->n_own; i++)
		if (!is_own(world, m->own[i].address) && !is_used(m, m->own[i].address))
			return &m->own[i];
	return NULL;
}

static bool
number_is_taken(const struct managed *m, uint8_t id)
{
	bool taken = id == m->first.local_id;

	for (size_t i = 0; i < m->n_own; i++)
		taken |= m->own[i].id == id;
	return taken;
}

/* The number of an own address, given when it has none; NULL: there are none left. A number is not used again as long as
 * there are others: peers differ in what they still believe about an old one. */
static struct managed_address *
own_number(struct managed *m, const struct managed_world *world, const uint8_t address[16])
{
	struct managed_address *row;

	for (size_t i = 0; i < m->n_own; i++)
		if (same(m->own[i].address, address))
			return &m->own[i];
	row = own_row(m, world);
	if (row == NULL)
		return NULL;
	*row = (struct managed_address){.announced = false};
	memcpy(row->address, address, 16);
	do
		m->last_id = m->last_id == UINT8_MAX ? 1 : m->last_id + 1;
	while (number_is_taken(m, m->last_id));
	row->id = m->last_id;
	return row;
}

/* --- where it is to be --- */

#define MANAGED_REMOTES (1 + MANAGED_HEARD)
_Static_assert(MANAGED_REMOTES >= MANAGED_PAIRS, "a mapping's destinations have room");

/* An IPv4 session has an IPv4 socket, which no IPv6 path can join. */
static bool
is_of_family(const struct managed *m, const uint8_t local[16], const uint8_t remote[16])
{
	return address_is_ipv4(local) == address_is_ipv4(remote) &&
	       (!address_is_ipv4(m->first.local) || address_is_ipv4(local));
}

static void
put_pair(struct mptcp_path *out, size_t *n, size_t max, const struct managed *m,
    const uint8_t local[16], const struct managed_address *remote, bool backup)
{
	if (*n == max || !is_of_family(m, local, remote->address))
		return;
	for (size_t i = 0; i < *n; i++)
		if (same(out[i].local, local) && same(out[i].remote, remote->address))
			return;
	out[*n] = (struct mptcp_path){
	    .remote_port = remote->port, .remote_id = remote->id, .backup = backup};
	memcpy(out[*n].local, local, 16);
	memcpy(out[(*n)++].remote, remote->address, 16);
}

static void
put_all(struct mptcp_path *out, size_t *n, size_t max, const struct managed *m,
    const struct managed_world *world, const struct managed_address *remote)
{
	for (size_t i = 0; i < world->n_own; i++)
		if (!world->own[i].passive)
			put_pair(out, n, max, m, world->own[i].address, remote, false);
}

/* Pairs of one address of the peer's, at most as many as a session may have. */
struct choice {
	size_t n;
	struct mptcp_path pairs[MANAGED_PAIRS];
};

static size_t
shares_local(const struct mptcp_path *pair, const struct mptcp_path *list, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += same(list[i].local, pair->local);
	return found;
}

/* Takes the pair whose address of ours the others have least, the first of those. */
static void
choose(struct choice *from, struct mptcp_path *out, size_t *n)
{
	size_t best = 0;

	for (size_t i = 1; i < from->n; i++)
		if (shares_local(&from->pairs[i], out, *n) <
		    shares_local(&from->pairs[best], out, *n))
			best = i;
	out[(*n)++] = from->pairs[best];
	from->n--;
	memmove(&from->pairs[best], &from->pairs[best + 1],
	    (from->n - best) * sizeof from->pairs[0]);
}

/* A mapping, or a peer, may have an address more than once. */
static bool
is_among(const struct managed_address *address, const struct managed_address *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same(list[i].address, address->address))
			return true;
	return false;
}

/* From each of ours to each of these. There may be more pairs than it can have: then one to each of the peer's before the second
 * to any, and from as many of ours, so that it does not stand still when one of either is gone. */
static size_t
each_to_each(const struct managed *m, const struct managed_world *world,
    const struct managed_address *to, size_t n_to, struct mptcp_path *out, size_t max)
{
	struct choice choices[MANAGED_REMOTES] = {{.n = 0}};
	size_t n = 0, before;

	for (size_t k = 0; k < n_to; k++)
		if (!is_among(&to[k], to, k))
			put_all(
			    choices[k].pairs, &choices[k].n, MANAGED_PAIRS, m, world, &to[k]);
	do {
		before = n;
		for (size_t k = 0; k < n_to && n < max; k++)
			if (choices[k].n > 0)
				choose(&choices[k], out, &n);
	} while (n > before);
	return n;
}

/* Where the peer may be: where its mapping has him; without one, where he is known to be. */
static size_t
remotes(const struct managed *m, struct managed_address out[MANAGED_REMOTES])
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_pairs; i++) {
		out[n] = (struct managed_address){.port = m->first.remote_port};
		memcpy(out[n++].address, m->pairs[i].destination, 16);
	}
	if (n > 0)
		return n;
	out[n] =
	    (struct managed_address){.port = m->first.remote_port, .id = m->first.remote_id};
	memcpy(out[n++].address, m->first.remote, 16);
	for (size_t k = 0; k < m->n_heard; k++) {
		out[n] = m->heard[k];
		if (out[n].port == 0)
			out[n].port = m->first.remote_port;
		n++;
	}
	return n;
}

/* The pairs that it is to be by, the best first: those of its mapping, or, where the host has moved since, or without one, from all
 * of ours to where the peer may be. */
static size_t
wanted(const struct managed *m, const struct managed_world *world, struct mptcp_path *out,
    size_t max)
{
	struct managed_address to[MANAGED_REMOTES] = {{.port = m->first.remote_port}};
	size_t n = 0, n_to;

	for (size_t i = 0; i < m->n_pairs; i++) {
		memcpy(to[0].address, m->pairs[i].destination, 16);
		if (is_source(world, m->pairs[i].source))
			put_pair(
			    out, &n, max, m, m->pairs[i].source, &to[0], m->pairs[i].backup);
	}
	if (n > 0)
		return n;
	n_to = remotes(m, to);
	return each_to_each(m, world, to, n_to, out, max);
}

static bool
is_given_up(const struct managed *m, const uint8_t remote[16])
{
	for (size_t i = 0; i < m->n_given_up; i++)
		if (same(m->given_up[i], remote))
			return true;
	return false;
}

static const char deprecated[] = "its address is deprecated";

/* Whether it has another path that stands, lives, and is not to be left itself: for why this one is. */
static bool
has_other(const struct managed *m, const struct managed_world *world,
    const struct managed_path *than, const char *why)
{
	for (size_t i = 0; i < m->n_paths; i++) {
		const struct managed_path *p = &m->paths[i];

		if (p != than && p->up && !is_dead(world, &p->path) &&
		    !is_given_up(m, p->path.remote) &&
		    (why == deprecated ? is_lasting : is_own)(world, p->path.local))
			return true;
	}
	return false;
}

/* Why a path is to be left, or NULL. */
static const char *
leave_why(
    const struct managed *m, const struct managed_world *world, const struct managed_path *path)
{
	for (const struct managed_path *p = m->paths; p < path && !m->server; p++)
		if (p->up && same(p->path.local, path->path.local) &&
		    same(p->path.remote, path->path.remote))
			return "there is one already";
	if (is_dead(world, &path->path))
		return "dead";
	if (!is_own(world, path->path.local))
		return "its address is gone";
	if (!is_lasting(world, path->path.local))
		return deprecated;
	return is_given_up(m, path->path.remote) ? "the mapping gives it up" : NULL;
}

/* Why a path is left now, or NULL: there is no reason, or no other for it, so that it stays. */
static const char *
leave_now(
    const struct managed *m, const struct managed_world *world, const struct managed_path *path)
{
	const char *why = path->up ? leave_why(m, world, path) : NULL;

	return why != NULL && has_other(m, world, path, why) ? why : NULL;
}

/* Whether another path by the same number stays: then the address is not withdrawn. */
static bool
shares_number(
    const struct managed *m, const struct managed_world *world, const struct managed_path *than)
{
	for (size_t i = 0; i < m->n_paths; i++) {
		const struct managed_path *p = &m->paths[i];

		if (p != than && p->up && p->path.local_id == than->path.local_id &&
		    leave_now(m, world, p) == NULL)
			return true;
	}
	return false;
}

static void
act_leave(struct managed *m, const struct managed_world *world, struct act *out, size_t *n,
    size_t max)
{
	for (size_t i = 0; i < m->n_paths && *n < max; i++) {
		const struct managed_path *path = &m->paths[i];
		const char *why = leave_now(m, world, path);

		if (why == NULL)
			continue;
		out[(*n)++] = (struct act){.kind = ACT_LEAVE,
		    .whole =
			!shares_number(m, world, path) && !is_given_up(m, path->path.remote),
		    .path = path->path,
		    .why = why};
	}
}

/* A path from there stands, or none can. */
static bool
leads_from(const struct managed *m, const struct managed_world *world, const uint8_t local[16])
{
	struct prober_way way = prober_way_of(local, m->first.remote);

	return is_used(m, local) || ways_is_dead(world->ways, &way);
}

static bool
announce(struct managed *m, const struct managed_world *world, const uint8_t address[16],
    struct act *out, size_t *n)
{
	struct managed_address *number = own_number(m, world, address);

	if (number == NULL || number->announced)
		return false;
	out[*n] = (struct act){.kind = ACT_ANNOUNCE, .path.local_id = number->id, .why = ""};
	memcpy(out[(*n)++].path.local, address, 16);
	return true;
}

/* Nothing was announced, and no path has joined: a peer to whom nothing was acknowledged yet may join none. */
static bool
is_unheard(const struct managed *m)
{
	for (size_t i = 0; i < m->n_own; i++)
		if (m->own[i].announced)
			return false;
	return m->n_paths == 1 && m->paths[0].up;
}

/* One after the other: the kernel sends one at a time. Any announcement acknowledges the peer's handshake (RFC 8684 3.1), so that
 * he may join before he has sent anything: where there is none to make it is of the address that he came to. */
static void
act_announce(struct managed *m, const struct managed_world *world, struct act *out, size_t *n,
    size_t max)
{
	bool knows_first = false;

	for (size_t i = 0; i < world->n_own && *n < max; i++) {
		const struct managed_own *own = &world->own[i];

		if (!own->announced || !is_of_family(m, own->address, own->address))
			continue;
		knows_first |= same(own->address, m->first.local);
		if (!leads_from(m, world, own->address) &&
		    announce(m, world, own->address, out, n))
			return;
	}
	if (knows_first && *n < max && is_unheard(m))
		(void)announce(m, world, m->first.local, out, n);
}

/* Whether a path that stands is some good: it is not to be left when there is another one, nor the session cut off by it. */
static bool
is_good(
    const struct managed *m, const struct managed_world *world, const struct managed_path *p)
{
	bool mute = p->mute && m->cut > world->now;

	return !mute && !is_dead(world, &p->path) && is_own(world, p->path.local) &&
	       !is_given_up(m, p->path.remote);
}

/* Those that are no good are left when another one stands, for which they must not take the room. */
static bool
has_room(const struct managed *m, const struct managed_world *world)
{
	size_t standing = 0, good = 0;

	for (size_t i = 0; i < m->n_paths; i++) {
		standing += m->paths[i].up;
		good += m->paths[i].up && is_good(m, world, &m->paths[i]);
	}
	return standing < MANAGED_PATHS && good < MANAGED_PAIRS;
}

static void
act_join(struct managed *m, const struct managed_world *world, const struct mptcp_path *pair,
    struct act *out, size_t *n)
{
	struct managed_path *path = managed_path(m, pair);
	struct prober_way way = prober_way_of(pair->local, pair->remote);
	const struct managed_address *number;

	if (path != NULL && path->up) {
		if (path->path.backup == pair->backup || m->n_pairs == 0)
			return;
		out[*n] = (struct act){.kind = ACT_BACKUP, .path = path->path, .why = ""};
		out[(*n)++].path.backup = pair->backup;
		return;
	}
	if ((path != NULL && world->now - path->since < path->wait) || !has_room(m, world) ||
	    managed_joins(m, world->now) >= MANAGED_JOINS)
		return;
	if (!ways_may(world->ways, &way)) /* the last: it may be a trial, which is over then */
		return;
	number = own_number(m, world, pair->local);
	if (number == NULL)
		return;
	m->joins++;
	out[*n] = (struct act){.kind = ACT_JOIN, .path = *pair, .why = ""};
	out[(*n)++].path.local_id = number->id;
}

bool
managed_awaits(const struct managed *m, const struct managed_world *world)
{
	return !m->server && m->n_pairs == 0 && world->now - m->began < MANAGED_MAP_MS;
}

/* Its peer is this host itself, or on its link and nowhere else: no other path leads there. */
static bool
is_local(const struct managed *m, const struct managed_world *world)
{
	return is_own(world, m->first.remote) ||
	       address_refusal(m->first.remote, true, NULL, 0) != NULL;
}

size_t
managed_acts(struct managed *m, const struct managed_world *world, struct act *out, size_t max)
{
	struct mptcp_path pairs[MANAGED_PAIRS];
	size_t n = 0, n_pairs;

	if (!m->ready || m->foreign || is_local(m, world))
		return 0;
	act_leave(m, world, out, &n, max);
	if (m->server) {
		act_announce(m, world, out, &n, max);
		return n;
	}
	if (managed_awaits(m, world))
		return n;
	n_pairs = wanted(m, world, pairs, MANAGED_PAIRS);
	for (size_t i = 0; i < n_pairs && n < max; i++)
		act_join(m, world, &pairs[i], out, &n);
	return n;
}

/* Whether one side's path of this pair stands. */
static bool
stands(const struct managed *m, const uint8_t local[16], const uint8_t remote[16])
{
	for (size_t i = 0; i < m->n_paths; i++)
		if (m->paths[i].up && same(m->paths[i].path.local, local) &&
		    same(m->paths[i].path.remote, remote))
			return true;
	return false;
}

size_t
managed_spares(const struct managed *m, const struct managed_world *world,
    struct prober_way *out, size_t max)
{
	struct mptcp_path pairs[MANAGED_PAIRS];
	size_t n = 0, n_pairs = 0;

	if (is_local(m, world))
		return 0;
	if (m->server) {
		struct managed_address to = {.port = 0};

		memcpy(to.address, m->first.remote, 16);
		put_all(pairs, &n_pairs, MANAGED_PAIRS, m, world, &to);
	} else {
		n_pairs = wanted(m, world, pairs, MANAGED_PAIRS);
	}
	for (size_t i = 0; i < n_pairs && n < max; i++)
		if (!stands(m, pairs[i].local, pairs[i].remote))
			out[n++] = prober_way_of(pairs[i].local, pairs[i].remote);
	return n;
}
