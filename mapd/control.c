/*
 * control.c - the control socket: connections, frames, whose turn it is.
 * Knows doc/control.md; what a command does is in command.c. A client may be anybody who may open
 * the socket: what it sends is bounded, and a connection that does not keep to the protocol ends.
 */
#include "mapd/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sys/acceptor.h"
#include "core/sys/conf.h"
#include "core/sys/diag.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "mapd/command.h"
#include "mapd/edit.h"

#define CONTROL_MODE 0660
#define CONTROL_OUT (2 << 20) /* octets waiting for a client before no more is read of it */
#define CONTROL_TEXT (CONF_MESSAGE + 1100) /* and the name of a zone */

static void
client_free(void *arg)
{
	struct client *client = arg;

	spool_free(client->spool);
	free(client);
}

/* Takes it out of the list; the memory goes when no callback can be using it. */
static void
client_drop(struct client *client)
{
	struct control *control = client->control;
	struct client **at = &control->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	control->n_clients--;
	for (struct change_asked *asked = control->asked; asked != NULL; asked = asked->next)
		if (asked->client == client)
			asked->client = NULL;
	edit_client_gone(client);
	client->stream = NULL;
	loop_later(control->options.loop, client_free, client);
}

static void
client_closed(void *arg, const char *why)
{
	struct client *client = arg;

	if (client->state == CLIENT_LOADING)
		diag_info("control: a load was not finished: %s", why);
	client_drop(client);
}

static void
client_send(struct client *client, const json_t *answer)
{
	struct control *control = client->control;
	struct wr wr = wr_init(control->frame, FRAME_MAX);
	size_t started = frame_start(&wr, FRAME_ANSWER, 0, client->id);
	size_t n = json_dumpb(answer, (char *)wr.base + wr.n, wr.max - wr.n, JSON_COMPACT);

	if (n == 0 || n > wr.max - wr.n) {
		client_fail(client, -MAP_ELIMIT, "the answer is too long");
		return;
	}
	wr.n += n;
	frame_end(&wr, started);
	/* Out of memory: the connection cannot be kept in step any more. */
	if (stream_write(client->stream, wr.base, wr.n) != 0)
		stream_close_when_written(client->stream);
}

__attribute__((format(printf, 3, 0))) static void
client_say(struct client *client, json_t *answer, const char *format, va_list args)
{
	char text[CONTROL_TEXT];
	bool ok = json_is_true(json_object_get(answer, "ok"));

	vsnprintf(text, sizeof text, format, args);
	json_object_set_new(answer, ok ? "message" : "error", json_string(text));
	client_send(client, answer);
	json_decref(answer);
}

void
client_answer(struct client *client, json_t *fields, const char *format, ...)
{
	json_t *answer = fields != NULL ? fields : json_object();
	va_list args;

	json_object_set_new(answer, "ok", json_true());
	va_start(args, format);
	client_say(client, answer, format, args);
	va_end(args);
}

void
client_fail(struct client *client, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	client_say(
	    client, json_pack("{s:b, s:s}", "ok", 0, "code", error_name(error)), format, args);
	va_end(args);
}

void
client_refuse(struct client *client, json_t *fields, int error, const char *format, ...)
{
	json_t *answer = json_pack("{s:b, s:s}", "ok", 0, "code", error_name(error));
	va_list args;

	if (fields != NULL)
		json_object_update(answer, fields);
	json_decref(fields);
	va_start(args, format);
	client_say(client, answer, format, args);
	va_end(args);
}

/* Records as frames, as many in each as fit; flags say what they are. */
static int
records_send(struct client *client, struct bytes records, uint16_t flags)
{
	struct rd rd = rd_init(records);
	size_t from = 0, at = 0, to;
	struct name owner;
	struct rr rr;
	bool more;
	int rc = 0;

	do {
		more = frame_record_read(&rd, &owner, &rr);
		to = more ? records.n - rd_left(&rd) : at;
		if (at > from && (!more || to - from > CONTROL_RECORDS)) {
			struct wr wr = wr_init(client->control->frame, FRAME_MAX);
			size_t started = frame_start(&wr, FRAME_RECORDS, flags, client->id);

			wr_copy(&wr, records.p + from, at - from);
			frame_end(&wr, started);
			rc = stream_write(client->stream, wr.base, wr.n);
			from = at;
		}
		at = to;
	} while (more && rc == 0);
	return rc;
}

bool
client_difference(struct client *client, struct bytes removed, struct bytes added)
{
	if (removed.n > CONTROL_DIFFERENCE || added.n > CONTROL_DIFFERENCE - removed.n) {
		client_fail(client, -MAP_ELIMIT,
		    "a difference of %zu octets is too long to be shown", removed.n + added.n);
		return false;
	}
	if (records_send(client, removed, CONTROL_REMOVED) == 0 &&
	    records_send(client, added, 0) == 0)
		return true;
	stream_close_when_written(client->stream);
	return false;
}

/* Records of a load; a refusal is answered at once, and the rest skipped. */
static int
client_records(struct client *client, const struct frame *frame)
{
	int rc;

	if (frame->id != client->id || frame->payload.n > CONTROL_RECORDS)
		return -MAP_EFORMAT;
	if (client->state == CLIENT_SKIPPING)
		return 0;
	rc = spool_add(client->spool, frame->payload);
	if (rc == 0)
		return 0;
	spool_free(client->spool);
	client->spool = NULL;
	client->state = CLIENT_SKIPPING;
	client_fail(client, rc, "the records cannot be kept: %s",
	    rc == -MAP_ESYS ? strerror(errno) : error_text(rc));
	return 0;
}

static int
client_end(struct client *client, const struct frame *frame)
{
	if (frame->id != client->id || frame->payload.n != 0)
		return -MAP_EFORMAT;
	if (client->state == CLIENT_SKIPPING)
		client->state = CLIENT_IDLE;
	else
		command_load_end(client);
	return 0;
}

static int
client_command(struct client *client, const struct frame *frame)
{
	if (frame->payload.n > CONTROL_COMMAND)
		return -MAP_EFORMAT;
	client->id = frame->id;
	command_run(client, frame->payload);
	return 0;
}

/* One frame where it may come; anything else ends the connection. */
static int
client_frame(struct client *client, const struct frame *frame)
{
	bool loading = client->state == CLIENT_LOADING || client->state == CLIENT_SKIPPING;

	if (frame->flags != 0)
		return -MAP_EFORMAT;
	if (frame->type == FRAME_CONTROL && client->state == CLIENT_IDLE)
		return client_command(client, frame);
	if (frame->type == FRAME_RECORDS && loading)
		return client_records(client, frame);
	if (frame->type == FRAME_END && loading)
		return client_end(client, frame);
	return -MAP_EFORMAT;
}

static long
client_data(void *arg, const uint8_t *p, size_t n)
{
	struct client *client = arg;
	struct frame frame;
	int took = frame_read((struct bytes){p, n}, &frame);

	if (took <= 0)
		return took;
	return client_frame(client, &frame) == 0 ? took : -1;
}

static void
client_drained(void *arg)
{
	struct client *client = arg;

	if (client->state == CLIENT_DUMPING)
		dump_continue(client);
}

static const struct stream_ops client_ops = {client_data, client_closed, client_drained};

static void
control_accept(void *arg, int peer)
{
	struct control *control = arg;
	struct client *client;

	client = control->n_clients < CONTROL_CLIENTS ? calloc(1, sizeof *client) : NULL;
	if (client == NULL) {
		close(peer);
		return;
	}
	client->control = control;
	client->stream = stream_new(control->options.loop, peer, &client_ops, client, FRAME_MAX,
	    CONTROL_OUT, CONTROL_IDLE);
	if (client->stream == NULL) { /* it closed peer */
		free(client);
		return;
	}
	client->next = control->clients;
	control->clients = client;
	control->n_clients++;
}

static void
control_answers(void *arg, int fd, unsigned events)
{
	struct control *control = arg;

	(void)fd;
	(void)events;
	writer_answers(control->options.writer);
}

static int
control_listen(struct control *control, char *why, size_t max)
{
	control->fd = sock_unix_listen(control->path, CONTROL_MODE);
	if (control->fd == -MAP_EEXIST) {
		snprintf(why, max, "%s: another mapd listens there", control->path);
		return -MAP_EEXIST;
	}
	if (control->fd < 0) {
		snprintf(why, max, "%s: %s", control->path, strerror(errno));
		return -MAP_ESYS;
	}
	return 0;
}

int
control_new(const struct control_options *options, struct control **out, char *why, size_t max)
{
	struct control *control = calloc(1, sizeof *control);
	int rc = -MAP_ENOMEM;

	snprintf(why, max, "control socket: out of memory");
	if (control == NULL)
		return rc;
	control->fd = -1;
	control->options = *options;
	control->started = loop_now_ms();
	control->path = strdup(options->path);
	control->database = strdup(options->database);
	control->frame = malloc(FRAME_MAX);
	if (control->path == NULL || control->database == NULL || control->frame == NULL ||
	    snapshot_new(options->store, &control->snap) != 0)
		goto free_control;
	rc = control_listen(control, why, max);
	if (rc != 0)
		goto free_control;
	control->accepting = acceptor_new(options->loop, control->fd, control_accept, control);
	control->answers = watch_new(
	    options->loop, writer_fd(options->writer), LOOP_READ, control_answers, control);
	if (control->accepting == NULL || control->answers == NULL) {
		rc = -MAP_ENOMEM;
		goto free_control;
	}
	*out = control;
	return 0;
free_control:
	control_free(control);
	return rc;
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	while (control->clients != NULL) {
		struct client *client = control->clients;

		control->clients = client->next;
		stream_close(client->stream);
		client_free(client);
	}
	edit_free_all(control);
	/* What the writer still has is answered to nobody. */
	for (struct change_asked *asked = control->asked; asked != NULL; asked = asked->next) {
		asked->control = NULL;
		asked->client = NULL;
	}
	acceptor_free(control->accepting);
	watch_free(control->answers);
	if (control->fd >= 0) {
		close(control->fd);
		(void)unlink(control->path);
	}
	snapshot_free(control->snap);
	free(control->frame);
	free(control->path);
	free(control->database);
	free(control);
}
