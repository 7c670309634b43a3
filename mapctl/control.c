/*
 * control.c - the connection to a daemon: connects, sends, waits, reads answers.
 * Knows frames and answers; knows nothing of what the commands mean.
 */
#include "mapctl/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "mapctl/output.h"
#include "mapctl/places.h"

/*
 * ms without any progress. A daemon that dies closes the connection at once; one that signs a zone of
 * millions of names says nothing for minutes.
 */
#define PATIENCE (3600 * 1000)

struct control {
	int fd;
	uint32_t id;
	uint8_t *in; /* FRAME_MAX octets */
	size_t n_in;
	size_t taken; /* of in: the frame returned last */
	unsigned left; /* answers that are to come besides the current command's */
	const char *path;
};

enum status
control_open(struct mapctl *m)
{
	const char *path = m->socket != NULL ? m->socket : m->command->socket;
	struct control *c = m->control;

	/* A batch may name commands of both daemons. */
	if (c != NULL && strcmp(c->path, path) == 0)
		return STATUS_DONE;
	control_close(m);
	c = calloc(1, sizeof *c);
	if (c == NULL)
		return fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	c->in = malloc(FRAME_MAX);
	c->path = path;
	c->fd = c->in != NULL ? sock_unix_connect(path) : -1;
	m->control = c;
	if (c->in == NULL)
		return fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	if (c->fd >= 0)
		return STATUS_DONE;
	if (errno == EACCES || errno == EPERM) {
		fail(m, STATUS_REFUSED, -MAP_EREFUSED, "%s: %s", path, strerror(errno));
		control_close(m);
		return STATUS_REFUSED;
	}
	fail(m, STATUS_NO_DAEMON, -MAP_ESYS, "%s: %s; does the daemon run?", path,
	    strerror(errno));
	control_close(m);
	return STATUS_NO_DAEMON;
}

void
control_close(struct mapctl *m)
{
	if (m->control == NULL)
		return;
	if (m->control->fd >= 0)
		close(m->control->fd);
	free(m->control->in);
	free(m->control);
	m->control = NULL;
}

/* The connection is of no use any more. */
static enum status
control_lost(struct mapctl *m, const char *why)
{
	enum status status =
	    fail(m, STATUS_NO_DAEMON, -MAP_ESYS, "%s: %s", m->control->path, why);

	control_close(m);
	return status;
}

/* Reads what is there; false when the daemon has closed. */
static bool
input_read(struct control *c)
{
	ssize_t n;

	if (c->n_in == FRAME_MAX)
		return true;
	n = read(c->fd, c->in + c->n_in, FRAME_MAX - c->n_in);
	if (n > 0)
		c->n_in += (size_t)n;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Waits until events or input; what arrives is kept. */
static enum status
control_wait(struct mapctl *m, short events)
{
	struct control *c = m->control;
	struct pollfd p = {.fd = c->fd, .events = events};
	int n;

	if (c->n_in < FRAME_MAX)
		p.events |= POLLIN;
	do
		n = poll(&p, 1, PATIENCE);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return control_lost(m, "no answer within an hour");
	if (n < 0)
		return control_lost(m, strerror(errno));
	if ((p.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !input_read(c))
		return control_lost(m, "the daemon closed the connection");
	return STATUS_DONE;
}

static enum status
octets_send(struct mapctl *m, struct bytes b)
{
	enum status status = STATUS_DONE;

	while (b.n > 0 && status == STATUS_DONE) {
		ssize_t n = send(m->control->fd, b.p, b.n, MSG_NOSIGNAL);

		if (n > 0) {
			b.p += n;
			b.n -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			status = control_wait(m, POLLOUT);
		} else if (errno != EINTR) {
			status = control_lost(m, strerror(errno));
		}
	}
	return status;
}

enum status
control_send(struct mapctl *m, uint8_t type, struct bytes payload)
{
	uint8_t header[FRAME_HEADER];
	struct wr wr = wr_init(header, sizeof header);
	enum status status;

	frame_start(&wr, type, 0, m->control->id);
	put_u32(header, (uint32_t)(FRAME_HEADER - 4 + payload.n));
	status = octets_send(m, wr_done(&wr));
	return status != STATUS_DONE ? status : octets_send(m, payload);
}

enum status
control_ask(struct mapctl *m, json_t *request)
{
	enum status status = control_open(m);
	char *text = NULL;

	if (status == STATUS_DONE) {
		json_object_set_new(request, "command", json_string(m->command->words));
		text = json_dumps(request, JSON_COMPACT);
		m->control->id++;
		if (m->control->left == 0)
			m->control->n_in = m->control->taken = 0;
		status = text == NULL
			     ? fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory")
			     : control_send(m, FRAME_CONTROL,
				   (struct bytes){(const uint8_t *)text, strlen(text)});
	}
	free(text);
	json_decref(request);
	return status;
}

bool
control_has_answer(struct mapctl *m)
{
	struct control *c = m->control;
	size_t at = c->taken;
	struct frame frame;
	int n;

	/* Before it may stand answers that were left. */
	while ((n = frame_read((struct bytes){c->in + at, c->n_in - at}, &frame)) > 0) {
		if (frame.id == c->id)
			return true;
		at += (size_t)n;
	}
	return n < 0;
}

/* The next frame of any command; one that is none, when no whole one has come and it does not wait. */
static enum status
frame_next(struct mapctl *m, bool waits, struct frame *frame)
{
	struct control *c = m->control;

	memmove(c->in, c->in + c->taken, c->n_in - c->taken);
	c->n_in -= c->taken;
	c->taken = 0;
	for (;;) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		enum status status;
		int n = frame_read((struct bytes){c->in, c->n_in}, frame);

		if (n < 0)
			return control_lost(
			    m, "what answers there does not speak this protocol");
		if (n > 0) {
			c->taken = (size_t)n;
			return STATUS_DONE;
		}
		frame->type = 0;
		if (!waits && poll(&p, 1, 0) <= 0)
			return STATUS_DONE;
		status = control_wait(m, 0);
		if (status != STATUS_DONE)
			return status;
	}
}

enum status
control_receive(struct mapctl *m, struct frame *frame)
{
	enum status status = frame_next(m, true, frame);

	if (status == STATUS_DONE && frame->id != m->control->id)
		return control_lost(m, "what answers there does not speak this protocol");
	return status;
}

uint32_t
control_leave(struct mapctl *m)
{
	m->control->left++;
	return m->control->id;
}

static int
error_of_name(const char *name)
{
	for (int i = 1; i < 256; i++)
		if (strcmp(error_name(-i), name) == 0)
			return -i;
	return -MAP_EINTERNAL;
}

/* The daemon's refusal; the record that it is about is one that we have read from a file. */
static enum status
refusal_show(const struct mapctl *m, const json_t *answer, const char *code, const char *error)
{
	enum status status = strcmp(code, "MAP_EREFUSED") == 0 ? STATUS_REFUSED
			     : strcmp(code, "MAP_EUSAGE") == 0 ? STATUS_USAGE
							       : STATUS_WRONG;
	const json_t *record = json_object_get(answer, "record");
	const json_t *errors = json_object_get(answer, "errors");
	struct zone_place place;

	if (m->places != NULL && json_is_integer(record) &&
	    places_find(m->places, json_integer_value(record), &place))
		return fail(
		    m, status, error_of_name(code), "%s:%u: %s", place.file, place.line, error);
	/* of a check there may be several: the first is error */
	for (size_t i = 1; i < json_array_size(errors); i++)
		fail(m, status, error_of_name(code), "%s",
		    json_string_value(json_array_get(errors, i - 1)));
	if (json_array_size(errors) > 1)
		error = json_string_value(json_array_get(errors, json_array_size(errors) - 1));
	return fail(
	    m, status, error_of_name(code), "%s%s", m->before != NULL ? m->before : "", error);
}

enum status
control_show(struct mapctl *m, json_t *answer)
{
	const char *code, *error;

	if (json_is_true(json_object_get(answer, "ok"))) {
		if (m->argument[0] != '\0' && json_object_get(answer, "zone") == NULL)
			json_object_set_new(answer, "zone", json_string(m->argument));
		if (m->json)
			output_json(answer);
		else
			m->command->show(answer);
		return STATUS_DONE;
	}
	code = json_string_value(json_object_get(answer, "code"));
	error = json_string_value(json_object_get(answer, "error"));
	if (code == NULL || error == NULL)
		return control_lost(m, "an answer without code and error");
	return refusal_show(m, answer, code, error);
}

/* The JSON object in a frame; NULL: the connection is lost. */
static json_t *
answer_read(struct mapctl *m, const struct frame *frame)
{
	const char *why = "a frame that is no answer";
	json_t *answer = NULL;

	if (frame->type == FRAME_ANSWER) {
		why = "an answer that is no JSON object";
		answer = json_loadb((const char *)frame->payload.p, frame->payload.n, 0, NULL);
	}
	if (json_is_object(answer))
		return answer;
	json_decref(answer);
	control_lost(m, why);
	return NULL;
}

enum status
control_answer(struct mapctl *m, const struct frame *frame)
{
	json_t *answer = answer_read(m, frame);
	enum status status = answer != NULL ? control_show(m, answer) : STATUS_NO_DAEMON;

	json_decref(answer);
	return status;
}

enum status
control_take(struct mapctl *m, bool waits, uint32_t *id, json_t **answer)
{
	struct frame frame;
	enum status status = frame_next(m, waits, &frame);

	*answer = NULL;
	if (status != STATUS_DONE || frame.type == 0)
		return status;
	*id = frame.id;
	*answer = answer_read(m, &frame);
	if (*answer == NULL)
		return STATUS_NO_DAEMON;
	m->control->left--;
	return STATUS_DONE;
}

enum status
control_finish(struct mapctl *m)
{
	struct frame frame;
	enum status status = control_receive(m, &frame);

	return status != STATUS_DONE ? status : control_answer(m, &frame);
}
