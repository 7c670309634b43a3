/*
 * managed_rows.c - what is known of a session: its paths, and the addresses that either end was told of. Decides nothing.
 */
#include "resolverd/managed.h"

#include <string.h>

#include "core/wire/eid.h"

static bool
same(const uint8_t a[16], const uint8_t b[16])
{
	return memcmp(a, b, 16) == 0;
}

/* Paths between the same addresses differ in the port of who began the session; the other one is the same for all. */
static bool
same_ports(const struct mptcp_path *a, const struct mptcp_path *b)
{
	return a->local_port == b->local_port && a->remote_port == b->remote_port;
}

struct managed_path *
managed_path(struct managed *m, const struct mptcp_path *path)
{
	struct managed_path *found = NULL;

	for (size_t i = 0; i < m->n_paths; i++) {
		struct managed_path *row = &m->paths[i];
		const struct mptcp_path *p = &row->path;

		if (!same(p->local, path->local) || !same(p->remote, path->remote))
			continue;
		if (path->local_port == 0 ? row->up : same_ports(p, path))
			return row;
		if (found == NULL && (path->local_port == 0 || p->local_port == 0))
			found = row;
	}
	return found;
}

/* A row for one more: in place of one that did not come to stand, the oldest, where all are taken. */
static struct managed_path *
path_row(struct managed *m)
{
	struct managed_path *row = NULL;

	if (m->n_paths < MANAGED_PATHS)
		return &m->paths[m->n_paths++];
	for (size_t i = 0; i < m->n_paths; i++)
		if (!m->paths[i].up && (row == NULL || m->paths[i].since < row->since))
			row = &m->paths[i];
	return row;
}

/* Number 0 is the address that the session began at; the first path that is known may be another one, in a session that was
 * taken over. */
void
managed_number(struct managed *m, const struct managed_address *own)
{
	for (size_t i = 0; i < m->n_own; i++)
		if (m->own[i].id == own->id) {
			m->own[i].announced |= own->announced;
			return;
		}
	if (own->id == 0 || m->n_own == MANAGED_PATHS)
		return;
	m->own[m->n_own++] = *own;
	if (m->last_id < own->id)
		m->last_id = own->id;
}

/* The peer knows the address by this number. */
static void
own_known(struct managed *m, const struct mptcp_path *path)
{
	struct managed_address own = {.id = path->local_id, .announced = true};

	memcpy(own.address, path->local, 16);
	managed_number(m, &own);
}

bool
managed_put(struct managed *m, const struct mptcp_path *path, bool up, uint64_t now)
{
	struct managed_path *row = managed_path(m, path);
	uint64_t wait = row != NULL && !up ? row->wait * 2 : 0;

	if (wait < MANAGED_JOIN_MS)
		wait = MANAGED_JOIN_MS;
	if (row == NULL || (row->up && !same_ports(&row->path, path)))
		row = path_row(m);
	if (row == NULL)
		return false;
	*row = (struct managed_path){.path = *path,
	    .up = up,
	    .since = now,
	    .wait = wait < MANAGED_JOIN_MAX ? wait : MANAGED_JOIN_MAX};
	if (up)
		own_known(m, path);
	return true;
}

void
managed_fell(struct managed_path *path, uint64_t now)
{
	if (path->up) /* whose peer has looked there misses it */
		path->wait = path->asked != 0 ? MANAGED_SIGN_MS : MANAGED_JOIN_MS;
	path->up = path->mute = false;
	path->path.local_port = 0;
	path->since = now;
}

size_t
managed_settle(struct managed *m, uint64_t now, struct prober_way out[MANAGED_PATHS])
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_paths; i++) {
		struct managed_path *path = &m->paths[i];

		if (m->cut > now && path->up && path->mute)
			out[n++] = prober_way_of(path->path.local, path->path.remote);
		path->mute = false;
	}
	m->cut = 0;
	return n;
}

void
managed_hurry(struct managed *m, const struct prober_way *way)
{
	for (size_t i = 0; i < m->n_paths; i++) {
		struct managed_path *p = &m->paths[i];

		if (!p->up && (way == NULL || same(p->path.local, way->local) ||
				  same(p->path.remote, way->remote)))
			p->wait = 0;
	}
}

unsigned
managed_joins(struct managed *m, uint64_t now)
{
	if (now - m->joins_since >= MANAGED_JOINS_MS) {
		m->joins_since = now;
		m->joins = 0;
	}
	return m->joins;
}

/* Those of the session that begin where its peer probes, who looks at that address, and once only where he is answered. */
static struct managed_path *
looked_at(struct managed *m, const struct prober_way *way, size_t i)
{
	for (size_t k = 0; k < m->n_paths; k++)
		if (same(m->paths[k].path.local, way->local) &&
		    same(m->paths[k].path.remote, way->remote))
			return same(m->paths[i].path.local, way->local) ? &m->paths[i] : NULL;
	return NULL;
}

bool
managed_sign(struct managed *m, const struct prober_way *way, uint64_t now)
{
	bool found = false;

	for (size_t i = 0; i < m->n_paths; i++) {
		struct managed_path *p = looked_at(m, way, i);

		if (p == NULL || p->up || now - p->since < MANAGED_SIGN_MS)
			continue;
		if (managed_joins(m, now) >= MANAGED_SIGNED)
			return false;
		p->wait = 0;
		found = true;
	}
	return found;
}

size_t
managed_asks(struct managed *m, const struct prober_way *way, uint64_t now,
    const struct mptcp_path *out[MANAGED_PATHS])
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_paths && !m->server; i++) {
		struct managed_path *p = looked_at(m, way, i);

		if (p == NULL || !p->up || (p->asked != 0 && now - p->asked < MANAGED_ASK_MS) ||
		    managed_joins(m, now) >= MANAGED_SIGNED)
			continue;
		p->asked = now;
		out[n++] = &p->path;
	}
	return n;
}

/* A private address is a peer's who is at one himself; of any other it is a host here, which he would have us call at. */
static bool
is_elsewhere(const struct managed *m, const struct managed_address *heard)
{
	bool private_ok = address_refusal(m->first.remote, false, NULL, 0) != NULL;

	return address_refusal(heard->address, private_ok, NULL, 0) == NULL;
}

void
managed_heard(struct managed *m, const struct managed_address *address)
{
	managed_withdrawn(m, address->id);
	if (m->n_heard < MANAGED_HEARD && is_elsewhere(m, address))
		m->heard[m->n_heard++] = *address;
}

void
managed_withdrawn(struct managed *m, uint8_t id)
{
	for (size_t i = 0; i < m->n_heard; i++)
		if (m->heard[i].id == id)
			m->heard[i--] = m->heard[--m->n_heard];
	for (size_t i = 0; i < m->n_paths; i++) {
		if (m->paths[i].path.remote_id == id) /* which ends now, and is not missed */
			m->paths[i].asked = 0;
	}
}

/* Whether another path that stands has this number: the address that a session began at has two, 0 and that by which it joins. */
static bool
goes_on_by(const struct managed *m, uint8_t id, const struct mptcp_path *left)
{
	for (size_t i = 0; i < m->n_paths; i++)
		if (m->paths[i].up && m->paths[i].path.local_id == id && id != left->local_id)
			return true;
	return false;
}

uint8_t
managed_forget(struct managed *m, const struct mptcp_path *left)
{
	uint8_t id = 0;

	for (size_t i = 0; i < m->n_own; i++)
		if (same(m->own[i].address, left->local) &&
		    !goes_on_by(m, m->own[i].id, left)) {
			id = m->own[i].id;
			m->own[i--] = m->own[--m->n_own];
		}
	return id;
}
