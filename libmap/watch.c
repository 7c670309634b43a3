/*
 * watch.c - what the agent is told of the sessions, and what it tells of them: datagram sessions go where it says.
 */
#include "libmap/context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "libmap/transport.h"

#define WATCH_NOTE 2048
#define WATCH_REJOIN_MS 200 /* a restart takes so long */

static bool
watch_send(struct map *map, struct session_row *row)
{
	uint8_t payload[WATCH_NOTE];
	struct wr wr = wr_init(payload, sizeof payload);

	session_note_put(&wr, &row->note);
	return wr.error == 0 && agent_frame(map, FRAME_SESSION, row->number, wr_done(&wr));
}

void
watch_note(struct map *map)
{
	for (size_t i = 0; i < map->n_sessions && map->agent.waiter.fd >= 0; i++) {
		struct session_row *row = &map->sessions[i];

		if (row->number == 0 || row->noted)
			continue;
		/* a descriptor that was closed meanwhile may be somebody else's */
		row->noted = sessions_find(map, row->fd) != row || watch_send(map, row);
		if (!row->noted)
			return;
	}
}

void
watch_lost(struct map *map)
{
	for (size_t i = 0; i < map->n_sessions; i++) {
		if (map->sessions[i].number != 0)
			map->agent.rejoin = context_now() + WATCH_REJOIN_MS;
		map->sessions[i].noted = false;
	}
}

static struct session_row *
watch_find(struct map *map, uint32_t number)
{
	for (size_t i = 0; i < map->n_sessions; i++)
		if (map->sessions[i].number == number)
			return sessions_find(map, map->sessions[i].fd) == &map->sessions[i]
				   ? &map->sessions[i]
				   : NULL;
	return NULL;
}

/* Goes there and says so; the program hears what came of it. */
static enum map_move
watch_move(struct map *map, struct session_row *row, struct session_event *event)
{
	if (transport_rehome(row->fd, &row->note, event->source, event->destination) < 0) {
		snprintf(event->why, sizeof event->why, "cannot move: %s", strerror(errno));
		if (transport_note(row->fd, &row->note)) /* it has another port all the same */
			row->noted = watch_send(map, row);
		return MAP_CUT_OFF;
	}
	if (!transport_note(row->fd, &row->note))
		return MAP_CUT_OFF;
	memcpy(row->info.source, event->source, 16);
	memcpy(row->info.destination, event->destination, 16);
	memcpy(row->info.path, event->path, sizeof row->info.path);
	row->noted = watch_send(map, row);
	return MAP_MOVED;
}

void
watch_event(struct map *map, uint32_t number, struct bytes payload)
{
	static const enum map_move moves[] = {[SESSION_MOVE] = MAP_MOVED,
	    [SESSION_LOST] = MAP_CUT_OFF,
	    [SESSION_BACK] = MAP_BACK,
	    [SESSION_ENDED] = MAP_BROKEN};
	struct session_event event;
	struct session_row *row = watch_find(map, number);
	enum map_move what;

	if (session_event_read(payload, &event) != 0)
		return;
	if (row == NULL) { /* closed meanwhile */
		(void)agent_frame(map, FRAME_FORGET, number, (struct bytes){NULL, 0});
		return;
	}
	what = moves[event.kind];
	if (event.kind == SESSION_MOVE) {
		if (row->note.transport != SESSION_UDP)
			return;
		what = watch_move(map, row, &event);
	}
	if (row->fn != NULL)
		row->fn(row->arg, row->fd, what, event.why);
}

static struct session_row *
watch_row(struct map *map, int fd)
{
	struct session_row *row = sessions_find(map, fd);

	if (row != NULL && row->number != 0)
		return row;
	context_fail(
	    map, -MAP_ENOTFOUND, "descriptor %d: no session that this context opened", fd);
	return NULL;
}

int
map_on_move(struct map *map, int fd, map_moved_fn *fn, void *arg)
{
	struct session_row *row = watch_row(map, fd);

	if (row == NULL)
		return -MAP_ENOTFOUND;
	row->fn = fn;
	row->arg = arg;
	return 0;
}

int
map_doubt(struct map *map, int fd)
{
	struct session_row *row = watch_row(map, fd);

	if (row == NULL)
		return -MAP_ENOTFOUND;
	if (!agent_frame(map, FRAME_DOUBT, row->number, (struct bytes){NULL, 0}))
		return context_fail(
		    map, -MAP_ENOAGENT, "resolverd at %s: not connected", map->agent.path);
	return 0;
}
