/*
 * edit.c - edits of zones that are open: one for each zone, kept in memory until commit or abort.
 * Knows whose they are and what becomes of them; what they do to a zone is amend.c's, in the writer.
 */
#include "mapd/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "mapd/amend.h"
#include "mapd/draft.h"

#define EDIT_OPEN 64 /* edits of all zones */
#define EDIT_LABEL 32

/* Owned by main's loop; its lines are the writer's while it is busy. */
struct edit {
	struct edit *next;
	struct name zone;
	struct client *bound; /* the edit ends with it; NULL: it outlives who began it */
	char label[EDIT_LABEL];
	uint64_t started; /* seconds since 1970 */
	uint32_t serial; /* of the zone then */
	bool stale; /* the zone was loaded since, and nobody has looked at the difference */
	struct edit_asked *busy; /* NULL: it is not */
	struct lines lines;
};

/* What the writer was asked; it lives until it is answered. */
struct edit_asked {
	struct job job;
	struct amend amend;
	struct lines lines;
	char label[EDIT_LABEL];
	struct edit_asked *next;
	struct control *control; /* NULL: closed */
	struct client *client; /* NULL: it went away */
	struct edit *edit; /* NULL: it has ended */
};

static struct edit *
edit_find(const struct control *control, const struct name *zone)
{
	struct edit *edit = control->edits;

	while (edit != NULL && !name_equal(&edit->zone, zone))
		edit = edit->next;
	return edit;
}

static void
edit_end(struct control *control, struct edit *edit)
{
	struct edit **at = &control->edits;

	while (*at != edit)
		at = &(*at)->next;
	*at = edit->next;
	control->n_edits--;
	if (edit->busy != NULL)
		edit->busy->edit = NULL;
	lines_fini(&edit->lines);
	free(edit);
}

/* The edit that a command is about; NULL: answered that there is none. */
static struct edit *
edit_get(struct client *client)
{
	struct edit *edit = edit_find(client->control, &client->zone);
	char text[NAME_TEXT];

	name_print(&client->zone, text);
	if (edit == NULL)
		client_fail(client, -MAP_ENOTFOUND,
		    "zone %s: no edit is open; one does not outlive mapd, nor the zone", text);
	else if (edit->busy != NULL)
		client_fail(client, -MAP_ELIMIT, "zone %s: the edit is being looked at", text);
	else
		return edit;
	return NULL;
}

static void
edit_begin(struct client *client, const json_t *request)
{
	struct control *control = client->control;
	struct edit *edit = edit_find(control, &client->zone);
	const char *label = json_string_value(json_object_get(request, "label"));
	char text[NAME_TEXT];
	struct zone zone;

	if (!client_zone(client, &zone))
		return;
	name_print(&client->zone, text);
	if (edit != NULL) {
		client_fail(client, -MAP_EREFUSED,
		    "zone %s: an edit is open already, begun %llu s ago, %u lines: "
		    "commit or abort it",
		    text, (unsigned long long)(clock_seconds() - edit->started),
		    edit->busy != NULL ? edit->busy->lines.count : edit->lines.count);
		return;
	}
	edit = control->n_edits < EDIT_OPEN ? calloc(1, sizeof *edit) : NULL;
	if (edit == NULL) {
		client_fail(client, -MAP_ELIMIT, "zone %s: %d edits are open already", text,
		    control->n_edits);
		return;
	}
	edit->zone = client->zone;
	edit->serial = zone.serial;
	edit->started = clock_seconds();
	edit->bound = json_is_true(json_object_get(request, "bound")) ? client : NULL;
	snprintf(edit->label, sizeof edit->label, "%s",
	    label != NULL && label[0] != '\0' ? label : "change");
	edit->next = control->edits;
	control->edits = edit;
	control->n_edits++;
	client_answer(client,
	    json_pack("{s:s, s:I}", "zone", text, "serial", (json_int_t)zone.serial),
	    "zone %s: edit begun at serial %u", text, zone.serial);
}

/* Octets in hex into rdata, which the caller frees; false: no hex, or too much of it. */
static bool
rdata_get(const json_t *request, uint8_t **rdata, struct line *line)
{
	const char *text = json_string_value(json_object_get(request, "rdata"));
	size_t n = text != NULL ? strlen(text) : 0;
	int got;

	*rdata = malloc(n / 2 + 1);
	if (*rdata == NULL)
		return false;
	got = n > 0 ? text_hex_read(text, n, *rdata, n / 2) : 0;
	if (got < 0 || n % 2 != 0)
		return false;
	line->has_rdata = text != NULL;
	line->rdata = (struct bytes){*rdata, (size_t)got};
	return true;
}

const char *
edit_line_read(
    const struct client *client, const json_t *request, uint8_t **rdata, struct line *line)
{
	const char *owner = json_string_value(json_object_get(request, "owner"));
	json_int_t type = json_integer_value(json_object_get(request, "type"));
	const json_t *ttl = json_object_get(request, "ttl");
	json_int_t number = json_integer_value(json_object_get(request, "line"));

	*rdata = NULL;
	if (owner == NULL || name_from(owner, &line->owner) != 0)
		return "the owner is not a valid domain name";
	name_fold(&line->owner);
	if (!name_is_below(&line->owner, &client->zone))
		return "not in this zone";
	if (type < 0 || type > UINT16_MAX || (type == 0 && line->verb == LINE_SET))
		return "unknown type";
	line->type = (uint16_t)type;
	if (type != 0 && rrtype_refusal(line->type) != NULL)
		return rrtype_refusal(line->type);
	line->ttl = LINE_NO_TTL;
	if (json_is_integer(ttl) && json_integer_value(ttl) >= 0 &&
	    json_integer_value(ttl) <= 0x7fffffff) /* RFC 2181 8 */
		line->ttl = (uint32_t)json_integer_value(ttl);
	else if (ttl != NULL)
		return "a TTL must be a time of at most 2147483647 seconds";
	line->number = number > 0 && number < UINT32_MAX ? (uint32_t)number : 0;
	if (!rdata_get(request, rdata, line) || (line->verb == LINE_SET && !line->has_rdata) ||
	    (line->has_rdata && (type == 0 || rdata_check(line->type, line->rdata) != 0)))
		return "the RDATA is malformed";
	return NULL;
}

/* Whether the line can be done, the zone being as it is and the lines before it done. */
static int
line_try(struct client *client, const struct edit *edit, const struct zone *zone,
    const struct line *line)
{
	uint8_t octets[NODE_KEY];
	struct bytes value = {NULL, 0};
	struct rd rd = lines_first(&edit->lines);
	struct draft draft = {0};
	struct line before;
	int rc;

	(void)snapshot_get(client->control->snap, TABLE_NODES,
	    (struct bytes){octets, node_key(zone->id, &line->owner, octets)}, &value);
	rc = draft_read(&draft, value);
	/* a line that cannot be done any more (the zone was loaded) is told by diff and commit */
	while (rc == 0 && lines_next(&rd, &before))
		if (name_equal(&before.owner, &line->owner) &&
		    draft_apply(&draft, &before) == -MAP_ENOMEM)
			rc = -MAP_ENOMEM;
	if (rc == 0)
		rc = draft_apply(&draft, line);
	draft_fini(&draft);
	return rc;
}

static void
edit_line(struct client *client, const json_t *request, enum line_verb verb)
{
	struct edit *edit = edit_get(client);
	struct line line = {.verb = verb};
	char text[NAME_TEXT], why[NAME_TEXT + 128];
	uint8_t *rdata;
	const char *wrong;
	struct zone zone;
	int rc;

	if (edit == NULL || !client_zone(client, &zone))
		return;
	wrong = edit_line_read(client, request, &rdata, &line);
	name_print(&client->zone, text);
	if (wrong != NULL) {
		free(rdata);
		client_fail(client, -MAP_EFORMAT, "zone %s: %s", text, wrong);
		return;
	}
	if (line.number == 0)
		line.number = edit->lines.count + 1;
	rc = line_try(client, edit, &zone, &line);
	if (rc != 0)
		line_blame(&line, rc, why, sizeof why);
	else
		rc = lines_add(&edit->lines, &line);
	free(rdata);
	if (rc == -MAP_ELIMIT)
		snprintf(why, sizeof why,
		    "more than %d lines or %zu octets in one edit: commit, or load a file",
		    LINES_MOST, LINES_OCTETS);
	if (rc != 0)
		client_fail(
		    client, rc, "zone %s: %s", text, rc == -MAP_ENOMEM ? error_text(rc) : why);
	else
		client_answer(client,
		    json_pack("{s:s, s:i}", "zone", text, "lines", (int)edit->lines.count),
		    "zone %s: %u lines", text, edit->lines.count);
}

static void
edit_set(struct client *client, const json_t *request)
{
	edit_line(client, request, LINE_SET);
}

static void
edit_unset(struct client *client, const json_t *request)
{
	edit_line(client, request, LINE_UNSET);
}

static void
edit_status(struct client *client, const json_t *request)
{
	struct edit *edit = edit_get(client);
	char text[NAME_TEXT];

	(void)request;
	if (edit == NULL)
		return;
	name_print(&client->zone, text);
	client_answer(client,
	    json_pack("{s:s, s:I, s:I, s:i, s:b}", "zone", text, "serial",
		(json_int_t)edit->serial, "started", (json_int_t)edit->started, "lines",
		(int)edit->lines.count, "stale", (int)edit->stale),
	    "zone %s: an edit is open, begun at serial %u, %llu s ago, %u lines%s", text,
	    edit->serial, (unsigned long long)(clock_seconds() - edit->started),
	    edit->lines.count, edit->stale ? "; the zone was loaded since" : "");
}

static void
edit_abort(struct client *client, const json_t *request)
{
	struct edit *edit = edit_get(client);
	char text[NAME_TEXT];

	(void)request;
	if (edit == NULL)
		return;
	edit_end(client->control, edit);
	name_print(&client->zone, text);
	client_answer(client, json_pack("{s:s}", "zone", text),
	    "zone %s: edit aborted, nothing has changed", text);
}

/* Each line of the messages as a text of an array; NULL when there is none. */
static json_t *
messages_array(const char *messages)
{
	json_t *array = messages[0] != '\0' ? json_array() : NULL;

	while (array != NULL && *messages != '\0') {
		size_t n = strcspn(messages, "\n");

		json_array_append_new(array, json_stringn(messages, n));
		messages += n + 1;
	}
	return array;
}

static void
diff_answer(struct client *client, struct edit_asked *asked, const char *zone)
{
	const struct outcome *o = &asked->job.outcome;
	json_t *errors, *fields;

	if (!client_difference(client, asked->amend.removed, asked->amend.added))
		return;
	errors = messages_array(asked->amend.judge.errors);
	fields = json_pack("{s:s, s:I, s:I, s:I, s:o*}", "zone", zone, "serial",
	    (json_int_t)o->serial, "added", (json_int_t)o->added, "removed",
	    (json_int_t)o->removed, "errors", errors);
	json_object_set_new(fields, "warnings", messages_array(asked->amend.judge.warnings));
	client_answer(client, fields, "zone %s: serial %u, %llu added, %llu removed%s", zone,
	    o->serial, (unsigned long long)o->added, (unsigned long long)o->removed,
	    errors != NULL ? "; a commit would be refused" : "");
}

static void
commit_answer(struct client *client, const struct edit_asked *asked, const char *zone)
{
	const struct outcome *o = &asked->job.outcome;
	json_t *fields = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "zone", zone, "serial",
	    (json_int_t)o->serial, "previous", (json_int_t)o->previous, "records",
	    (json_int_t)o->records, "added", (json_int_t)o->added, "removed",
	    (json_int_t)o->removed);

	json_object_set_new(fields, "warnings", messages_array(asked->amend.judge.warnings));
	if (o->unchanged)
		client_answer(client, fields, "zone %s: unchanged, serial %u", zone, o->serial);
	else if (!o->revised)
		client_answer(client, fields,
		    "zone %s: serial %u -> %u, %llu records, made anew", zone, o->previous,
		    o->serial, (unsigned long long)o->records);
	else
		client_answer(client, fields,
		    "zone %s: serial %u -> %u, %llu records, %llu added, %llu removed", zone,
		    o->previous, o->serial, (unsigned long long)o->records,
		    (unsigned long long)o->added, (unsigned long long)o->removed);
}

static void
edit_refused(struct edit_asked *asked, const char *zone)
{
	const struct amend *amend = &asked->amend;
	size_t n = strcspn(amend->judge.errors, "\n");
	json_t *errors = messages_array(amend->judge.errors);

	if (asked->client == NULL)
		json_decref(errors);
	else if (errors != NULL)
		client_refuse(asked->client, json_pack("{s:o}", "errors", errors),
		    asked->job.error, "%.*s", n < 1000 ? (int)n : 1000, amend->judge.errors);
	else
		client_refuse(asked->client, NULL, asked->job.error, "zone %s: %s", zone,
		    asked->job.outcome.why);
}

static void
asked_free(struct edit_asked *asked)
{
	struct control *control = asked->control;
	struct edit_asked **at = control != NULL ? &control->edit_asked : NULL;

	if (control != NULL) {
		while (*at != asked)
			at = &(*at)->next;
		*at = asked->next;
	}
	lines_fini(&asked->lines);
	amend_fini(&asked->amend);
	free(asked);
}

/* The writer has done it, or not; the edit goes on unless it was committed. */
static void
edit_done(struct job *job)
{
	struct edit_asked *asked = job->arg;
	struct client *client = asked->client;
	struct edit *edit = asked->edit;
	bool done = job->error == 0 && !asked->amend.dry;
	char zone[NAME_TEXT];

	name_print(&job->zone, zone);
	if (client != NULL) {
		client->edit_asked = NULL;
		client->state = CLIENT_IDLE;
		stream_set_idle(client->stream, CONTROL_IDLE);
	}
	if (edit != NULL) {
		edit->busy = NULL;
		edit->lines = asked->lines;
		asked->lines = (struct lines){0};
		if (done)
			edit_end(asked->control, edit);
		else if (job->error == 0)
			edit->stale = false;
	}
	if (done && !job->outcome.unchanged)
		diag_info("zone %s: serial %u, %llu records, edited", zone, job->outcome.serial,
		    (unsigned long long)job->outcome.records);
	if (job->error != 0)
		edit_refused(asked, zone);
	else if (client != NULL && asked->amend.dry)
		diff_answer(client, asked, zone);
	else if (client != NULL)
		commit_answer(client, asked, zone);
	asked_free(asked);
}

/* Hands the edit to the writer. */
static void
edit_ask(struct client *client, struct edit *edit, bool dry)
{
	struct control *control = client->control;
	struct edit_asked *asked = calloc(1, sizeof *asked);
	int rc = -MAP_ENOMEM;

	if (asked != NULL) {
		snprintf(asked->label, sizeof asked->label, "%s", edit->label);
		asked->lines = edit->lines;
		asked->amend.lines = &asked->lines;
		asked->amend.label = asked->label;
		asked->amend.dry = dry;
		asked->job = (struct job){.kind = JOB_EDIT,
		    .zone = edit->zone,
		    .amend = &asked->amend,
		    .done = edit_done,
		    .arg = asked};
		rc = writer_submit(control->options.writer, &asked->job);
	}
	if (rc != 0) {
		free(asked);
		client_fail(client, rc, "%s", error_text(rc));
		return;
	}
	edit->lines = (struct lines){0};
	edit->busy = asked;
	asked->edit = edit;
	asked->control = control;
	asked->client = client;
	asked->next = control->edit_asked;
	control->edit_asked = asked;
	client->edit_asked = asked;
	client->state = CLIENT_WAITING;
	stream_set_idle(client->stream, 0);
}

static void
edit_diff(struct client *client, const json_t *request)
{
	struct edit *edit = edit_get(client);

	(void)request;
	if (edit != NULL)
		edit_ask(client, edit, true);
}

static void
edit_commit(struct client *client, const json_t *request)
{
	struct edit *edit = edit_get(client);
	char text[NAME_TEXT];

	(void)request;
	if (edit == NULL)
		return;
	name_print(&edit->zone, text);
	for (const struct change_asked *a = client->control->asked; a != NULL; a = a->next)
		if (name_equal(&a->job.zone, &edit->zone)) {
			client_fail(client, -MAP_ELIMIT,
			    "zone %s: a load or a removal is under way", text);
			return;
		}
	if (edit->stale)
		client_fail(client, -MAP_EREFUSED,
		    "zone %s: loaded since the edit began at serial %u: look at its diff, "
		    "then commit again, or abort",
		    text, edit->serial);
	else
		edit_ask(client, edit, false);
}

static const struct {
	const char *word;
	void (*run)(struct client *client, const json_t *request);
} verbs[] = {{"begin", edit_begin}, {"set", edit_set}, {"unset", edit_unset},
    {"diff", edit_diff}, {"commit", edit_commit}, {"abort", edit_abort},
    {"status", edit_status}};

void
edit_command(struct client *client, const json_t *request)
{
	const char *word = json_string_value(json_object_get(request, "do"));

	for (size_t i = 0; word != NULL && i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].word, word) == 0) {
			verbs[i].run(client, request);
			return;
		}
	client_fail(client, -MAP_EUSAGE,
	    "zone edit: \"do\" is one of begin, set, unset, diff, commit, abort, status");
}

void
edit_client_gone(struct client *client)
{
	struct edit *edit = client->control->edits, *next;

	if (client->edit_asked != NULL)
		client->edit_asked->client = NULL;
	for (; edit != NULL; edit = next) {
		next = edit->next;
		if (edit->bound == client)
			edit_end(client->control, edit);
	}
}

void
edit_zone_loaded(struct control *control, const struct name *zone, uint32_t serial)
{
	struct edit *edit = edit_find(control, zone);
	char text[NAME_TEXT];

	if (edit == NULL)
		return;
	edit->stale = true;
	diag_info("zone %s: loaded (serial %u) while an edit is open", name_print(zone, text),
	    serial);
}

void
edit_zone_removed(struct control *control, const struct name *zone)
{
	struct edit *edit = edit_find(control, zone);
	char text[NAME_TEXT];

	if (edit == NULL)
		return;
	edit_end(control, edit);
	diag_info("zone %s: removed, which ends its edit", name_print(zone, text));
}

bool
edit_is_open(const struct control *control, const struct name *zone, uint32_t *lines)
{
	const struct edit *edit = edit_find(control, zone);

	if (edit != NULL)
		*lines = edit->busy != NULL ? edit->busy->lines.count : edit->lines.count;
	return edit != NULL;
}

void
edit_free_all(struct control *control)
{
	while (control->edits != NULL)
		edit_end(control, control->edits);
	for (struct edit_asked *asked = control->edit_asked; asked != NULL;
	     asked = asked->next) {
		asked->control = NULL;
		asked->client = NULL;
	}
}
