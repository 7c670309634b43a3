/*
 * command.c - what each command of the control socket does: one row each.
 * Knows zones, keys and counters as an operator asks for them; changes are asked of the writer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/conf.h"
#include "core/sys/crypto.h"
#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "mapd/command.h"
#include "mapd/edit.h"
#include "mapd/past.h"
#include "mapd/trial.h"

#define LIST_MAX 8192 /* zones in one answer */
#define WHY CONF_MESSAGE

bool
client_zone(struct client *client, struct zone *out)
{
	struct snapshot *snap = client->control->snap;
	uint8_t key[NAME_KEY];
	char text[NAME_TEXT];
	struct bytes value;

	if (snapshot_get(snap, TABLE_ZONES,
		(struct bytes){key, zone_meta_key(&client->zone, key)}, &value) &&
	    zone_meta_read(value, out) == 0)
		return true;
	client_fail(client, snapshot_error(snap) != 0 ? snapshot_error(snap) : -MAP_ENOTFOUND,
	    "zone %s: %s", name_print(&client->zone, text),
	    snapshot_error(snap) != 0 ? "the database cannot be read" : "not served here");
	return false;
}

bool
client_zone_of(struct client *client, const struct name *name, struct zone *out)
{
	struct snapshot *snap = client->control->snap;
	struct name apex = *name;
	uint8_t key[NAME_KEY];
	char text[NAME_TEXT];
	struct bytes value;

	for (;;) {
		if (snapshot_get(snap, TABLE_ZONES,
			(struct bytes){key, zone_meta_key(&apex, key)}, &value) &&
		    zone_meta_read(value, out) == 0) {
			client->zone = apex;
			return true;
		}
		if (name_labels(&apex) == 0)
			break;
		name_parent(&apex, 1, &apex);
	}
	client_fail(client, snapshot_error(snap) != 0 ? snapshot_error(snap) : -MAP_ENOTFOUND,
	    "%s: %s", name_print(name, text),
	    snapshot_error(snap) != 0 ? "the database cannot be read"
				      : "in no zone that is served here");
	return false;
}

bool
client_name(struct client *client, const json_t *request, const char *field, struct name *out)
{
	const char *text = json_string_value(json_object_get(request, field));
	size_t n = text != NULL ? strlen(text) : 0;

	if (n == 0 || text[n - 1] != '.' || name_from(text, out) != 0) {
		client_fail(client, -MAP_EUSAGE,
		    "\"%s\" must be an absolute name, with the trailing dot", field);
		return false;
	}
	name_fold(out);
	return true;
}

static json_t *
zone_row(const struct zone *zone)
{
	char text[NAME_TEXT];

	return json_pack("{s:s, s:I, s:I, s:b}", "zone", name_print(&zone->apex, text),
	    "serial", (json_int_t)zone->serial, "records", (json_int_t)zone->records, "signed",
	    1);
}

static void
zone_list(struct client *client, const json_t *request)
{
	struct snapshot *snap = client->control->snap;
	struct bytes key = {NULL, 0}, value;
	json_t *zones = json_array();
	struct zone zone;
	bool found;

	(void)request;
	for (found = snapshot_ceiling(snap, TABLE_ZONES, key, &key, &value);
	     found && json_array_size(zones) < LIST_MAX;
	     found = snapshot_next(snap, TABLE_ZONES, &key, &value))
		if (zone_meta_read(value, &zone) == 0)
			json_array_append_new(zones, zone_row(&zone));
	if (found || snapshot_error(snap) != 0) {
		json_decref(zones);
		client_fail(client, found ? -MAP_ELIMIT : snapshot_error(snap), "zone list: %s",
		    found ? "too many zones for one answer" : "the database cannot be read");
		return;
	}
	client_answer(
	    client, json_pack("{s:o}", "zones", zones), "%zu zones", json_array_size(zones));
}

/* Seconds of RFC 1982 near now, as seconds since 1970. */
static uint64_t
time_near_now(uint32_t seconds)
{
	uint64_t now = clock_seconds();

	return now + (uint64_t)(int64_t)(int32_t)(seconds - (uint32_t)now);
}

static void
zone_status(struct client *client, const json_t *request)
{
	char text[NAME_TEXT];
	struct zone zone;
	uint32_t lines;
	json_t *fields;

	(void)request;
	if (!client_zone(client, &zone))
		return;
	fields = zone_row(&zone);
	json_object_set_new(fields, "names", json_integer((json_int_t)zone.names));
	json_object_set_new(fields, "denial", json_string(rules_denial_word(zone.denial)));
	json_object_set_new(fields, "algorithm", json_integer(zone.algorithm));
	json_object_set_new(
	    fields, "algorithm_name", json_string(rules_algorithm_word(zone.algorithm)));
	json_object_set_new(
	    fields, "expires", json_integer((json_int_t)time_near_now(zone.expires)));
	key_fields(client, fields);
	if (edit_is_open(client->control, &zone.apex, &lines))
		json_object_set_new(fields, "edit_lines", json_integer(lines));
	client_answer(client, fields, "zone %s: serial %u, %llu records at %llu names",
	    name_print(&zone.apex, text), zone.serial, (unsigned long long)zone.records,
	    (unsigned long long)zone.names);
}

static void
zone_dump(struct client *client, const json_t *request)
{
	struct zone zone;

	(void)request;
	if (client_zone(client, &zone))
		dump_start(client, &zone);
}

static void
change_free(struct change_asked *asked)
{
	struct control *control = asked->control;
	struct change_asked **at = control != NULL ? &control->asked : NULL;

	if (control != NULL) { /* NULL: closed meanwhile */
		while (*at != asked)
			at = &(*at)->next;
		*at = asked->next;
		control->n_asked--;
	}
	spool_free(asked->spool);
	trial_free(asked->job.proposal);
	crypto_wipe(asked->text, sizeof asked->text);
	free(asked);
}

/* The client is answered about this one, which need not be the command that it sends now. */
static uint32_t
change_answer_begin(const struct change_asked *asked)
{
	struct client *client = asked->client;
	uint32_t id = client->id;

	client->id = asked->id;
	if (--client->n_asked == 0)
		stream_set_idle(client->stream, CONTROL_IDLE);
	if (client->state == CLIENT_WAITING)
		client->state = CLIENT_IDLE;
	return id;
}

static void
change_refused(const struct change_asked *asked, const char *zone)
{
	static const char *const what[JOB_KINDS] = {[JOB_LOAD] = "load",
	    [JOB_REMOVE] = "removal",
	    [JOB_SITE] = "change of a site",
	    [JOB_PEOPLE] = "change of an identity"};
	const char *word = what[asked->job.kind];
	json_t *fields = NULL;

	diag_warn("zone %s: %s refused: %s", zone, word != NULL ? word : "change of keys",
	    asked->job.outcome.why);
	if (asked->client == NULL)
		return;
	/* mapctl knows the line of the record that it sent as this one */
	if (asked->job.outcome.refused != PLAN_NONE)
		fields = json_pack("{s:I}", "record", (json_int_t)asked->job.outcome.refused);
	client_refuse(asked->client, fields, asked->job.error, "zone %s: %s", zone,
	    asked->job.outcome.why);
}

static void
load_answer(struct client *client, const struct outcome *o, const char *zone)
{
	json_t *fields = json_pack("{s:s, s:I, s:I}", "zone", zone, "serial",
	    (json_int_t)o->serial, "records", (json_int_t)o->records);

	json_object_set_new(fields, "previous",
	    o->replaced ? json_integer((json_int_t)o->previous) : json_null());
	if (o->revised) {
		json_object_set_new(fields, "added", json_integer((json_int_t)o->added));
		json_object_set_new(fields, "removed", json_integer((json_int_t)o->removed));
	}
	if (o->unchanged)
		client_answer(client, fields, "zone %s: unchanged, serial %u, %llu records",
		    zone, o->serial, (unsigned long long)o->records);
	else if (o->revised)
		client_answer(client, fields,
		    "zone %s: serial %u -> %u, %llu records, %llu added, %llu removed", zone,
		    o->previous, o->serial, (unsigned long long)o->records,
		    (unsigned long long)o->added, (unsigned long long)o->removed);
	else if (o->replaced)
		client_answer(client, fields,
		    "zone %s: serial %u -> %u, %llu records, made anew", zone, o->previous,
		    o->serial, (unsigned long long)o->records);
	else
		client_answer(client, fields, "zone %s: new, serial %u, %llu records", zone,
		    o->serial, (unsigned long long)o->records);
}

static void
change_answer(struct client *client, const struct job *job)
{
	if (job->kind == JOB_SITE)
		site_answer(client, job);
	else if (job->kind == JOB_PEOPLE)
		folk_answer(client, job);
	else if (job->kind == JOB_TEST)
		policy_answer(client, job);
	else
		key_answer(client, job);
}

/* The writer has done it, or not: who asked is told, if it is still there. */
static void
change_done(struct job *job)
{
	struct change_asked *asked = job->arg;
	struct client *client = asked->client;
	const struct outcome *o = &job->outcome;
	char zone[NAME_TEXT];
	uint32_t id = client != NULL ? change_answer_begin(asked) : 0;

	name_print(&job->zone, zone);
	if (job->error != 0)
		change_refused(asked, zone);
	else if (job->kind == JOB_LOAD) {
		if (asked->control != NULL && !o->unchanged)
			edit_zone_loaded(asked->control, &job->zone, o->serial);
		diag_info("zone %s: serial %u, %llu records", zone, o->serial,
		    (unsigned long long)o->records);
		if (client != NULL)
			load_answer(client, o, zone);
	} else if (job->kind != JOB_REMOVE) {
		if (o->done[0] != '\0')
			diag_info("zone %s: %s", zone, o->done);
		if (client != NULL)
			change_answer(client, job);
	} else {
		if (asked->control != NULL)
			edit_zone_removed(asked->control, &job->zone);
		diag_info("zone %s: removed at serial %u", zone, o->serial);
		if (client != NULL)
			client_answer(client,
			    json_pack(
				"{s:s, s:I}", "zone", zone, "serial", (json_int_t)o->serial),
			    "zone %s: removed; its keys are kept", zone);
	}
	if (client != NULL)
		client->id = id;
	change_free(asked);
}

void
client_change(struct client *client, const struct job *job)
{
	struct control *control = client->control;
	bool room = client->n_asked < CONTROL_AHEAD && control->n_asked < CONTROL_ASKED;
	struct change_asked *asked = room ? calloc(1, sizeof *asked) : NULL;
	int rc = !room ? -MAP_ELIMIT : asked == NULL ? -MAP_ENOMEM : 0;

	if (asked != NULL) {
		asked->control = control;
		asked->job = *job;
		asked->job.zone = client->zone;
		asked->job.done = change_done;
		asked->job.arg = asked;
		if (job->site != NULL) {
			asked->site = *job->site;
			asked->job.site = &asked->site;
		}
		if (job->folk != NULL) {
			asked->folk = *job->folk;
			asked->job.folk = &asked->folk;
		}
		if (client->spool != NULL)
			rc = spool_map(client->spool, &asked->job.records);
		if (job->text.n > sizeof asked->text)
			rc = -MAP_ELIMIT;
		if (job->text.n > 0 && rc == 0) {
			memcpy(asked->text, job->text.p, job->text.n);
			asked->job.text.p = asked->text;
		}
	}
	if (rc == 0)
		rc = writer_submit(control->options.writer, &asked->job);
	if (rc != 0) {
		if (asked != NULL)
			crypto_wipe(asked->text, sizeof asked->text);
		free(asked);
		spool_free(client->spool);
		trial_free(job->proposal);
		client->spool = NULL;
		client->state = CLIENT_IDLE;
		client_fail(client, rc, "%s", error_text(rc));
		return;
	}
	asked->spool = client->spool;
	client->spool = NULL;
	asked->client = client;
	asked->id = client->id;
	client->n_asked++;
	/* more loads may come meanwhile: the writer makes those durable together that wait */
	client->state = job->kind == JOB_LOAD ? CLIENT_IDLE : CLIENT_WAITING;
	stream_set_idle(client->stream, 0); /* a large zone may take longer than that */
	asked->next = control->asked;
	control->asked = asked;
	control->n_asked++;
}

/* Whether a load of the client's zone is under way. */
static bool
load_is_busy(const struct client *client)
{
	const struct control *control = client->control;

	for (const struct client *c = control->clients; c != NULL; c = c->next)
		if (c != client && c->state == CLIENT_LOADING &&
		    name_equal(&c->zone, &client->zone))
			return true;
	for (const struct change_asked *a = control->asked; a != NULL; a = a->next)
		if (a->job.kind == JOB_LOAD && name_equal(&a->job.zone, &client->zone))
			return true;
	return false;
}

static void
zone_load(struct client *client, const json_t *request)
{
	char text[NAME_TEXT];
	int rc;

	client->drop = json_is_true(json_object_get(request, "drop-registered"));
	if (load_is_busy(client)) {
		client->state = CLIENT_SKIPPING;
		client_fail(client, -MAP_ELIMIT, "zone %s: another load is under way",
		    name_print(&client->zone, text));
		return;
	}
	rc = spool_new(client->control->database, &client->spool);
	client->state = rc == 0 ? CLIENT_LOADING : CLIENT_SKIPPING;
	if (rc != 0)
		client_fail(client, rc, "zone %s: %s: %s", name_print(&client->zone, text),
		    client->control->database,
		    rc == -MAP_ESYS ? strerror(errno) : error_text(rc));
}

void
command_load_end(struct client *client)
{
	client_change(client, &(struct job){.kind = JOB_LOAD, .drop = client->drop});
}

static void
zone_remove(struct client *client, const json_t *request)
{
	(void)request;
	client_change(client, &(struct job){.kind = JOB_REMOVE});
}

static size_t
zones_count(struct snapshot *snap)
{
	struct bytes key = {NULL, 0}, value;
	size_t n = 0;

	for (bool found = snapshot_ceiling(snap, TABLE_ZONES, key, &key, &value); found;
	     found = snapshot_next(snap, TABLE_ZONES, &key, &value))
		n++;
	return n;
}

static void
server_status(struct client *client, const json_t *request)
{
	struct control *control = client->control;
	struct control_hooks *hooks = &control->options.hooks;
	uint64_t uptime = (loop_now_ms() - control->started) / 1000;
	uint64_t counts[STAT_COUNT] = {0};
	json_t *counters = json_object();
	size_t zones = zones_count(control->snap), used, size;

	(void)request;
	hooks->count(hooks->arg, counts);
	for (int i = 0; i < STAT_COUNT; i++)
		json_object_set_new(
		    counters, stats_name((enum stat)i), json_integer((json_int_t)counts[i]));
	store_usage(control->options.store, &used, &size);
	client_answer(client,
	    json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "version", PACKAGE_VERSION, "uptime",
		(json_int_t)uptime, "zones", (json_int_t)zones, "database_used",
		(json_int_t)used, "database_size", (json_int_t)size, "counters", counters),
	    "mapd %s: %zu zones, up %llu s", PACKAGE_VERSION, zones,
	    (unsigned long long)uptime);
}

static void
server_reload(struct client *client, const json_t *request)
{
	struct control_hooks *hooks = &client->control->options.hooks;
	char why[WHY] = "";
	int rc = hooks->reload(hooks->arg, why, sizeof why);

	(void)request;
	if (rc != 0)
		client_fail(client, rc, "%s", why);
	else
		client_answer(client, NULL, "configuration read again");
}

static void
server_log(struct client *client, const json_t *request)
{
	const char *word = json_string_value(json_object_get(request, "level"));
	int level = word != NULL ? diag_level_from(word) : -1;

	if (level < 0) {
		client_fail(
		    client, -MAP_EUSAGE, "log: level is one of error, warn, info, debug");
		return;
	}
	diag_set_level((enum diag_level)level);
	client_answer(client, json_pack("{s:s}", "level", word), "log level %s", word);
}

static void
server_stop(struct client *client, const json_t *request)
{
	struct control_hooks *hooks = &client->control->options.hooks;

	(void)request;
	client_answer(client, NULL, "mapd stops");
	hooks->stop(hooks->arg);
}

static const struct command {
	const char *words;
	bool zone; /* has the argument "zone" */
	void (*run)(struct client *client, const json_t *request);
} commands[] = {
    {"zone load", true, zone_load},
    {"zone list", false, zone_list},
    {"zone status", true, zone_status},
    {"zone dump", true, zone_dump},
    {"zone remove", true, zone_remove},
    {"zone edit", true, edit_command},
    {"zone journal", true, past_command},
    {"key list", true, key_list},
    {"key ds", true, key_ds},
    {"key generate", true, key_generate},
    {"key import", true, key_import},
    {"key roll", true, key_roll},
    {"key next", true, key_next},
    {"key cancel", true, key_cancel},
    {"key ds-seen", true, key_seen},
    {"key retire", true, key_retire},
    {"identity show", false, folk_show},
    {"identity list", true, folk_list},
    {"identity enroll", false, folk_enroll},
    {"identity assign", false, folk_assign},
    {"identity unassign", false, folk_unassign},
    {"identity ban", false, folk_ban},
    {"identity unban", false, folk_unban},
    {"identity release", false, folk_release},
    {"policy show", true, policy_show},
    {"policy rules", false, policy_rules},
    {"policy test", true, policy_test},
    {"site drain", false, site_drain},
    {"site restore", false, site_restore},
    {"site weight", false, site_weight},
    {"site show", false, site_show},
    {"status", false, server_status},
    {"reload", false, server_reload},
    {"log", false, server_log},
    {"stop", false, server_stop},
};

static const struct command *
command_find(const char *words)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].words, words) == 0)
			return &commands[i];
	return NULL;
}

/* Absolute text into client->zone, in lower case. */
static bool
command_zone(struct client *client, const json_t *request)
{
	const char *text = json_string_value(json_object_get(request, "zone"));
	size_t n = text != NULL ? strlen(text) : 0;

	if (n == 0 || text[n - 1] != '.' || name_from(text, &client->zone) != 0)
		return false;
	name_fold(&client->zone);
	return true;
}

/* A load that cannot begin is followed by its records all the same. */
static void
command_refuse(struct client *client, const struct command *command, int error, const char *why)
{
	if (command->run == zone_load)
		client->state = CLIENT_SKIPPING;
	client_fail(client, error, "%s: %s", command->words, why);
}

static void
command_dispatch(struct client *client, const json_t *request)
{
	const char *words = json_string_value(json_object_get(request, "command"));
	const struct command *command = words != NULL ? command_find(words) : NULL;

	if (words == NULL)
		client_fail(client, -MAP_EFORMAT, "no \"command\" in the request");
	else if (command == NULL)
		client_fail(client, -MAP_EUNKNOWN, "command %.64s: not known here", words);
	else if (command->zone && !command_zone(client, request))
		command_refuse(client, command, -MAP_EUSAGE,
		    "\"zone\" must be an absolute name, with the trailing dot");
	else if (client->n_asked > 0 && command->run != zone_load)
		client_fail(client, -MAP_ELIMIT,
		    "%s: only zone load may come before all loads are answered", words);
	else if (snapshot_take(client->control->snap) != 0)
		command_refuse(client, command, -MAP_EDATABASE, "the database cannot be read");
	else
		command->run(client, request);
	snapshot_release(client->control->snap);
}

void
command_run(struct client *client, struct bytes payload)
{
	json_error_t where;
	json_t *request =
	    json_loadb((const char *)payload.p, payload.n, JSON_REJECT_DUPLICATES, &where);

	if (!json_is_object(request))
		client_fail(client, -MAP_EFORMAT, "not a JSON object: %s", where.text);
	else
		command_dispatch(client, request);
	json_decref(request);
}
