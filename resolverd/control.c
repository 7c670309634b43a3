/*
 * control.c - one JSON object in, one out, for each command of the table below.
 */
#include "config.h"

#include "resolverd/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "core/sys/acceptor.h"
#include "core/sys/conf.h"
#include "core/sys/diag.h"
#include "core/sys/sock.h"
#include "core/sys/stream.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/text.h"
#include "resolverd/cache.h"
#include "resolverd/exits.h"
#include "resolverd/pairs.h"
#include "resolverd/sessions.h"
#include "resolverd/request.h"
#include "resolverd/clients.h"

#define COMMAND_MAX 8192
#define CONTROL_OUT (64 << 10)
#define CONTROL_CLIENTS 16
#define CONTROL_IDLE_MS 60000
#define MESSAGE_MAX CONF_MESSAGE
#define SESSIONS_SHOWN 1000
#define SESSIONS_OCTETS (256 << 10) /* of names among them */

struct caller {
	struct caller *next;
	struct caller **link;
	struct control *control;
	struct stream *stream;
};

struct control {
	struct agent *agent;
	char *path;
	int fd;
	struct acceptor *acceptor;
	size_t n;
	struct caller *callers;
};

/* Fills answer; 0, or -MAP_E... with the sentence in message (which is optional on success). */
typedef int command_fn(
    struct agent *agent, const json_t *args, json_t *answer, char message[MESSAGE_MAX]);

static int
command_status(struct agent *agent, const json_t *args, json_t *answer, char *message)
{
	json_t *counters = json_object();

	(void)args;
	for (int i = 0; i < STATS; i++)
		json_object_set_new(counters, stat_name((enum stat)i),
		    json_integer((json_int_t)agent->stats[i]));
	json_object_set_new(answer, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(answer, "uptime",
	    json_integer((json_int_t)((loop_now_ms() - agent->started) / 1000)));
	json_object_set_new(answer, "counters", counters);
	json_object_set_new(
	    answer, "cached", json_integer((json_int_t)cache_count(agent->cache)));
	json_object_set_new(
	    answer, "clients", json_integer((json_int_t)clients_count(agent->clients)));
	json_object_set_new(answer, "paths", json_string(paths_note(agent->paths)));
	json_object_set_new(answer, "pairs",
	    json_pack("{s:I, s:I}", "worked",
		(json_int_t)pairs_count(agent->pairs, LIVENESS_WORKED, loop_now_ms()), "failed",
		(json_int_t)pairs_count(agent->pairs, LIVENESS_FAILED, loop_now_ms())));
	if (agent->sessions != NULL)
		json_object_set_new(answer, "subscriptions",
		    json_integer((json_int_t)sessions_subscribed(agent->sessions)));
	if (agent->sessions != NULL)
		json_object_set_new(answer, "sessions",
		    json_pack("{s:I, s:I, s:I}", "mptcp",
			(json_int_t)sessions_count(agent->sessions, SESSION_MPTCP), "tcp",
			(json_int_t)sessions_count(agent->sessions, SESSION_TCP), "udp",
			(json_int_t)sessions_count(agent->sessions, SESSION_UDP)));
	snprintf(message, MESSAGE_MAX, "resolverd: %zu clients, %zu results cached, paths: %s",
	    clients_count(agent->clients), cache_count(agent->cache), paths_note(agent->paths));
	return 0;
}

static json_t *
exit_json(const struct exit_state *state)
{
	uint64_t now = loop_now_ms();
	char source[EID_TEXT], to[EID_TEXT], control[EID_TEXT];

	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:I, s:I}", "source",
	    address_print(state->source, source), "state", exit_word(state->verdict), "bad",
	    exit_is_bad(state->verdict), "why", state->why, "tried",
	    address_print(state->destination, to), "beside",
	    address_print(state->control, control), "since",
	    (json_int_t)((now - state->since) / 1000), "looked",
	    (json_int_t)((now - state->checked) / 1000));
}

static int
command_exits(struct agent *agent, const json_t *args, json_t *answer, char *message)
{
	json_t *list = json_array();
	const struct exit_state *state;
	size_t n = 0, bad = 0;

	(void)args;
	for (; agent->exits != NULL && (state = exits_at(agent->exits, n)) != NULL; n++) {
		json_array_append_new(list, exit_json(state));
		bad += exit_is_bad(state->verdict);
	}
	json_object_set_new(answer, "exits", list);
	if (agent->exits == NULL)
		snprintf(message, MESSAGE_MAX, "exits: not observed");
	else
		snprintf(message, MESSAGE_MAX,
		    "exits: %zu of the %zu sources in question do not work", bad, n);
	return 0;
}

static const char *const transport_words[] = {
    [SESSION_TCP] = "tcp", [SESSION_MPTCP] = "mptcp", [SESSION_UDP] = "udp"};

static json_t *
session_json(const struct session *s)
{
	const struct session_note *n = &s->note;
	char source[EID_TEXT], to[EID_TEXT], identity[EID_TEXT];

	return json_pack("{s:I, s:s, s:s, s:I, s:s, s:I, s:s, s:s, s:I, s:I}", "session",
	    (json_int_t)s->id, "transport", transport_words[n->transport], "source",
	    address_print(n->source, source), "source_port", (json_int_t)n->source_port,
	    "destination", address_print(n->destination, to), "destination_port",
	    (json_int_t)n->destination_port, "peer", eid_print(&n->id, identity), "class",
	    class_word(n->wishes.class), "user", (json_int_t)s->account->uid, "age",
	    (json_int_t)((loop_now_ms() - s->since) / 1000));
}

static int
command_sessions(struct agent *agent, const json_t *args, json_t *answer, char *message)
{
	json_t *list = json_array();
	size_t n = 0, octets = 0;
	char text[EID_TEXT];

	(void)args;
	for (const struct session *s =
		 agent->sessions != NULL ? sessions_next(agent->sessions, NULL) : NULL;
	     s != NULL && n < SESSIONS_SHOWN && octets < SESSIONS_OCTETS;
	     s = sessions_next(agent->sessions, s), n++) {
		octets += strlen(eid_print(&s->note.id, text));
		json_array_append_new(list, session_json(s));
	}
	json_object_set_new(answer, "sessions", list);
	snprintf(message, MESSAGE_MAX, "sessions: %zu shown, the youngest first", n);
	return 0;
}

static int
command_why(struct agent *agent, const json_t *args, json_t *answer, char *message)
{
	const char *word = json_string_value(json_object_get(args, "session"));
	const struct session *s = NULL;
	json_t *story = json_array();
	uint64_t id, now = loop_now_ms();

	if (word != NULL && agent->sessions != NULL &&
	    text_decimal_read(word, strlen(word), UINT64_MAX >> 1, &id) >= 0)
		s = sessions_by_id(agent->sessions, id);
	if (s == NULL) {
		json_decref(story);
		snprintf(message, MESSAGE_MAX,
		    "session %.40s: there is none; \"mapctl sessions\" lists them",
		    word != NULL ? word : "(none)");
		return -MAP_ENOTFOUND;
	}
	for (unsigned i = s->told > SESSION_STORY ? s->told - SESSION_STORY : 0; i < s->told;
	     i++) {
		const struct story *line = &s->story[i % SESSION_STORY];

		json_array_append_new(
		    story, json_pack("{s:I, s:s}", "ago", (json_int_t)(now - line->at), "what",
			       line->text));
	}
	json_object_set_new(answer, "story", story);
	json_object_set_new(answer, "is", session_json(s));
	snprintf(message, MESSAGE_MAX, "session %.40s: %u lines", word, s->told);
	return 0;
}

static int
command_flush(struct agent *agent, const json_t *args, json_t *answer, char *message)
{
	size_t n = cache_flush(agent->cache);

	(void)args;
	json_object_set_new(answer, "flushed", json_integer((json_int_t)n));
	snprintf(message, MESSAGE_MAX, "cache: %zu results flushed", n);
	return 0;
}

static int
command_reload(struct agent *agent, const json_t *args, json_t *answer, char *message)
{
	(void)args, (void)answer;
	int error = agent_reload(agent, message, MESSAGE_MAX);
	if (error == 0)
		snprintf(message, MESSAGE_MAX, "configuration %s: read anew", agent->conf_path);
	return error;
}

static int
command_log(struct agent *agent, const json_t *args, json_t *answer, char *message)
{
	const char *word = json_string_value(json_object_get(args, "level"));
	int level = word != NULL ? diag_level_from(word) : -1;

	(void)agent;
	if (level < 0) {
		snprintf(message, MESSAGE_MAX,
		    "level %.100s: not known; expected error, warn, info or debug",
		    word != NULL ? word : "(none)");
		return -MAP_EUSAGE;
	}
	diag_set_level((enum diag_level)level);
	json_object_set_new(answer, "level", json_string(word));
	snprintf(message, MESSAGE_MAX, "log: level %s", word);
	return 0;
}

static void
stop_later(void *arg)
{
	loop_stop(arg);
}

static int
command_stop(struct agent *agent, const json_t *args, json_t *answer, char *message)
{
	(void)args, (void)answer;
	snprintf(message, MESSAGE_MAX, "resolverd: stops");
	loop_later(agent->loop, stop_later, agent->loop);
	return 0;
}

static const struct {
	const char *words;
	command_fn *fn;
} commands[] = {
    {"status", command_status},
    {"reload", command_reload},
    {"log", command_log},
    {"cache flush", command_flush},
    {"exits", command_exits},
    {"sessions", command_sessions},
    {"why", command_why},
    {"stop", command_stop},
};

static int
command_run(struct agent *agent, const json_t *args, json_t *answer, char message[MESSAGE_MAX])
{
	const char *words = json_string_value(json_object_get(args, "command"));

	for (size_t i = 0; words != NULL && i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].words, words) == 0)
			return commands[i].fn(agent, args, answer, message);
	snprintf(message, MESSAGE_MAX, "command %.100s: not known here",
	    words != NULL ? words : "(none)");
	return -MAP_EUNKNOWN;
}

static void
caller_free(struct caller *c)
{
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	c->control->n--;
	free(c);
}

static int
caller_answer(struct caller *c, uint32_t id, const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	size_t n = text != NULL ? strlen(text) : 0;
	uint8_t header[FRAME_HEADER];
	struct wr wr = wr_init(header, sizeof header);
	int error = -MAP_ENOMEM;

	(void)frame_start(&wr, FRAME_ANSWER, 0, id);
	put_u32(header, (uint32_t)(FRAME_HEADER - 4 + n));
	if (text != NULL)
		error = stream_write(c->stream, header, sizeof header);
	if (error == 0)
		error = stream_write(c->stream, text, n);
	free(text);
	return error;
}

static long
caller_data(void *arg, const uint8_t *p, size_t n)
{
	struct caller *c = arg;
	struct agent *agent = c->control->agent;
	char message[MESSAGE_MAX] = "";
	struct frame frame;
	int took = frame_read((struct bytes){p, n}, &frame);

	if (took == 0)
		return 0;
	if (took < 0 || frame.type != FRAME_CONTROL || frame.payload.n > COMMAND_MAX)
		return -1;
	json_t *args = json_loadb(
	    (const char *)frame.payload.p, frame.payload.n, JSON_REJECT_DUPLICATES, NULL);
	json_t *answer = json_object();
	int error = -1;

	if (json_is_object(args) && answer != NULL) {
		agent_count(agent, STAT_CONTROL);
		error = command_run(agent, args, answer, message);
		json_object_set_new(answer, "ok", json_boolean(error == 0));
		json_object_set_new(
		    answer, error == 0 ? "message" : "error", json_string(message));
		if (error != 0)
			json_object_set_new(answer, "code", json_string(error_name(error)));
		error = caller_answer(c, frame.id, answer);
	}
	json_decref(args);
	json_decref(answer);
	return error == 0 ? took : -1;
}

static void
caller_closed(void *arg, const char *why)
{
	(void)why;
	caller_free(arg);
}

static const struct stream_ops caller_ops = {.data = caller_data, .closed = caller_closed};

static void
control_accept(void *arg, int client)
{
	struct control *control = arg;
	struct caller *c;

	c = control->n < CONTROL_CLIENTS ? calloc(1, sizeof *c) : NULL;
	if (c == NULL) {
		close(client);
		return;
	}
	c->control = control;
	c->stream = stream_new(control->agent->loop, client, &caller_ops, c,
	    COMMAND_MAX + FRAME_HEADER, CONTROL_OUT, CONTROL_IDLE_MS);
	if (c->stream == NULL) {
		free(c);
		return;
	}
	c->next = control->callers;
	c->link = &control->callers;
	if (c->next != NULL)
		c->next->link = &c->next;
	control->callers = c;
	control->n++;
}

int
control_open(struct agent *agent, const char *path, struct control **out, char *why, size_t max)
{
	struct control *control = calloc(1, sizeof *control);
	int error = -MAP_ENOMEM;

	*out = NULL;
	snprintf(why, max, "out of memory");
	if (control == NULL)
		return error;
	control->agent = agent;
	control->path = strdup(path);
	control->fd = sock_unix_listen(path, 0660);
	if (control->fd < 0) {
		snprintf(why, max, "control %s: %s", path,
		    control->fd == -MAP_EEXIST ? "another resolverd serves it"
					       : strerror(errno));
		error = control->fd;
		free(control->path);
		control->path = NULL;
	} else if (control->path != NULL) {
		control->acceptor =
		    acceptor_new(agent->loop, control->fd, control_accept, control);
		error = control->acceptor == NULL ? -MAP_ENOMEM : 0;
	}
	if (error != 0) {
		control_close(control);
		return error;
	}
	*out = control;
	return 0;
}

void
control_close(struct control *control)
{
	if (control == NULL)
		return;
	while (control->callers != NULL) {
		stream_close(control->callers->stream);
		caller_free(control->callers);
	}
	acceptor_free(control->acceptor);
	if (control->fd >= 0)
		close(control->fd);
	if (control->path != NULL)
		unlink(control->path);
	free(control->path);
	free(control);
}
