/*
 * manage_act.c - what managed.c decides is done, by commands over sessions.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "resolverd/manage_own.h"
#include "resolverd/sockets.h"

#define MANAGE_TURN 64 /* sessions that are looked at in one turn of the loop */
#define MANAGE_ROUNDS 4 /* of acts, each following from the last */
#define MANAGE_REFUSALS \
	20 /* of an announcement, or a mark: the kernel may not want one at all */

struct managed_world
manage_world(struct manage *manage)
{
	return (struct managed_world){manage->n_own, manage->own, &manage->ways, loop_now_ms()};
}

void
manage_tell(struct manage *manage, const struct managed *m, const struct mptcp_path *path,
    const char *what, const char *why)
{
	char local[EID_TEXT], remote[EID_TEXT], words[160];

	snprintf(words, sizeof words, "path from %s to %s %s%s%s",
	    address_print(path->local, local), address_print(path->remote, remote), what,
	    why[0] != '\0' ? ": " : "", why);
	diag_debug("session %08x: %s", m->token, words);
	manage->company->tell(manage->company->arg, m->token, words);
}

/* Tells the peer that nothing leads from there any more, under each number that he may know it by: paths to the address that
 * the session began at have number 0 for the kernel here, also when the peer joined by one that was announced later. */
static bool
manage_withdraw(struct manage *manage, struct managed *m, const struct mptcp_path *path)
{
	uint8_t announced = managed_forget(m, path);
	bool done = mptcp_withdraw(manage->mptcp, m->token, path->local_id) == 0;

	if (announced != 0 && announced != path->local_id)
		done |= mptcp_withdraw(manage->mptcp, m->token, announced) == 0;
	if (!done)
		diag_debug("session %08x: address %u not withdrawn: %s", m->token,
		    path->local_id, strerror(errno));
	return done;
}

/* The FIN of a dead path would be sent again when it lives, by a timer that doubles, and until then hold up the peer, who may have heard
 * of nothing: he would be answered as if all were well. Without a socket there, a reset tells him. */
static void
manage_bury(struct manage *manage, const struct mptcp_path *path)
{
	struct session_note note = {.transport = SESSION_TCP,
	    .source_port = path->local_port,
	    .destination_port = path->remote_port};

	memcpy(note.source, path->local, 16);
	memcpy(note.destination, path->remote, 16);
	if (sockets_end(manage->diag, &note) < 0 && errno != ENOENT)
		diag_debug("a path that died is closed by its FIN only: %s", strerror(errno));
}

/* The withdrawal goes over another path and reaches the peer also when this one is dead. It may leave the path itself as it is
 * (so does Linux 6.18 with the first one), or end it. */
static int
manage_leave(struct manage *manage, struct managed *m, const struct act *act)
{
	bool withdrawn = act->whole && manage_withdraw(manage, m, &act->path);
	struct managed_path *path;
	struct prober_way dead;

	if (mptcp_end(manage->mptcp, m->token, &act->path) < 0 && errno != ESRCH && !withdrawn)
		return -MAP_ESYS;
	dead = prober_way_of(act->path.local, act->path.remote);
	if (ways_is_dead(&manage->ways, &dead))
		manage_bury(manage, &act->path);
	manage->company->count(manage->company->arg, PATH_LEFT);
	manage_tell(manage, m, &act->path, "left", act->why);
	path = managed_path(m, &act->path);
	if (path != NULL)
		managed_fell(path, loop_now_ms());
	return 0;
}

static int
manage_announce(struct manage *manage, struct managed *m, const struct act *act)
{
	int rc = mptcp_announce(manage->mptcp, m->token, act->path.local, act->path.local_id);

	if (rc < 0 && ++m->refusals < MANAGE_REFUSALS) {
		manage->announces = true;
		return rc;
	}
	m->refusals = 0;
	for (size_t i = 0; i < m->n_own; i++)
		if (m->own[i].id == act->path.local_id)
			m->own[i].announced = true;
	return 0;
}

static int
manage_join(struct manage *manage, struct managed *m, const struct act *act)
{
	int rc = mptcp_join(manage->mptcp, m->token, &act->path), error = errno;

	if (!managed_put(m, &act->path, false, loop_now_ms()))
		diag_debug("session %08x: too many paths", m->token);
	manage->waits = true;
	errno = error;
	return rc;
}

/* A path that is just ending cannot be marked, nor can one of a session that is the kernel's: neither is to be told from the other. */
static int
manage_mark(struct manage *manage, struct managed *m, const struct act *act)
{
	struct managed_path *path = managed_path(m, &act->path);
	int rc = mptcp_set_backup(manage->mptcp, m->token, &act->path);

	if (rc < 0 && ++m->refusals < MANAGE_REFUSALS) {
		manage->waits = true;
		return rc;
	}
	m->refusals = 0;
	if (path != NULL)
		path->path.backup = act->path.backup;
	return rc;
}

static int
manage_do(struct manage *manage, struct managed *m, const struct act *act)
{
	switch (act->kind) {
	case ACT_LEAVE:
		return manage_leave(manage, m, act);
	case ACT_ANNOUNCE:
		return manage_announce(manage, m, act);
	case ACT_JOIN:
		return manage_join(manage, m, act);
	case ACT_BACKUP:
		return manage_mark(manage, m, act);
	}
	return 0;
}

/* What one needs now, and what follows from that. A session that is the kernel's own is known by the first command. */
void
manage_act(struct manage *manage, struct managed *m)
{
	struct act acts[MANAGED_ACTS];
	struct managed_world world;
	bool done = false;

	for (unsigned round = 0; round < MANAGE_ROUNDS; round++) {
		size_t n;
		bool failed = false;

		world = manage_world(manage);
		n = managed_acts(m, &world, acts, MANAGED_ACTS);
		for (size_t i = 0; i < n; i++) {
			if (manage_do(manage, m, &acts[i]) == 0) {
				done = m->ours = true;
				continue;
			}
			if (errno == ENOENT || errno == ESRCH) { /* its end is an event */
				m->ready = false;
				return;
			}
			m->foreign |= errno == EINVAL && !m->ours && acts[i].kind != ACT_BACKUP;
			failed = true;
			diag_debug("session %08x: act %d: %s", m->token, (int)acts[i].kind,
			    strerror(errno));
		}
		if (n == 0 || failed)
			break;
	}
	for (size_t i = 0; i < m->n_paths; i++)
		manage->waits |= !m->paths[i].up;
	manage->awaits |= managed_awaits(m, &world);
	if (done || manage->waits || manage->announces || manage->awaits)
		manage_plan(manage);
}

void
manage_act_young(struct manage *manage)
{
	struct managed *next;

	for (struct managed *m = manage->list;
	     m != NULL && loop_now_ms() - m->began < 4 * MANAGED_MAP_MS; m = next) {
		next = m->next;
		manage_act(manage, m);
	}
}

/* All are looked at, a few in each turn. */
void
manage_sweep(struct manage *manage)
{
	if (manage->cursor != NULL) {
		manage->again = true;
		return;
	}
	manage->cursor = manage->list;
	if (manage->cursor != NULL)
		timer_start(manage->turn, 0);
}

void
manage_turned(void *arg)
{
	struct manage *manage = arg;

	for (unsigned i = 0; i < MANAGE_TURN && manage->cursor != NULL; i++) {
		struct managed *m = manage->cursor;

		manage->cursor = m->next;
		manage_act(manage, m);
	}
	if (manage->cursor != NULL) {
		timer_start(manage->turn, 0);
	} else if (manage->again) {
		manage->again = false;
		manage_sweep(manage);
	}
}

void
manage_hurry(struct manage *manage, const struct prober_way *way)
{
	for (struct managed *m = manage->list; m != NULL; m = m->next)
		managed_hurry(m, way);
	manage_sweep(manage);
}
