/*
 * daemon.c - commands that are one exchange with a daemon, and the dump of a zone.
 */
#include "mapctl/daemon.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/sys/option.h"
#include "core/wire/errors.h"
#include "core/zone/zone.h"
#include "mapctl/control.h"
#include "mapctl/output.h"

enum status
zone_name_scan(const struct mapctl *m, const char *text, struct name *zone)
{
	char begins[OPTION_TEXT];

	if (name_scan(text, strlen(text), NULL, zone) != 0)
		return usage(m, "%s: no valid zone name; expected a domain name",
		    option_short(text, begins));
	name_fold(zone);
	return STATUS_DONE;
}

enum status
name_take(const struct mapctl *m, const char *what, const char *text, struct name *name)
{
	char begins[OPTION_TEXT];

	if (name_scan(text, strlen(text), NULL, name) != 0)
		return usage(
		    m, "%s %s: not a valid domain name", what, option_short(text, begins));
	name_fold(name);
	return STATUS_DONE;
}

/* The value of a row's parameter as mapd will judge it. */
static enum status
value_check(const struct mapctl *m, const char *value)
{
	char begins[OPTION_TEXT];

	if (strcmp(m->command->parameter, "level") != 0 || diag_level_from(value) >= 0)
		return STATUS_DONE;
	return usage(m, "%s: no level", option_short(value, begins));
}

/* The request of a row with one parameter or none; NULL with *status set. */
static json_t *
request_make(struct mapctl *m, int argc, char **argv, enum status *status)
{
	bool wants = m->command->parameter != NULL;
	bool zone_wanted = wants && strcmp(m->command->parameter, "zone") == 0;
	struct name zone;

	m->argument[0] = '\0';
	*status = words_check(m, argc - 1, argv + 1,
	    !wants	  ? ""
	    : zone_wanted ? "ZONE"
			  : "LEVEL");
	if (*status == STATUS_DONE && wants)
		*status =
		    zone_wanted ? zone_name_scan(m, argv[1], &zone) : value_check(m, argv[1]);
	if (*status != STATUS_DONE)
		return NULL;
	if (!wants)
		return json_object();
	return json_pack("{s:s}", m->command->parameter,
	    zone_wanted ? name_print(&zone, m->argument) : argv[1]);
}

enum status
daemon_ask(struct mapctl *m, int argc, char **argv)
{
	enum status status;
	json_t *request = request_make(m, argc, argv, &status);

	if (status != STATUS_DONE)
		return status;
	if (request == NULL)
		return usage(m, "the argument is no text");
	status = control_ask(m, request);
	return status != STATUS_DONE ? status : control_finish(m);
}

int
daemon_print(const struct mapctl *m, struct bytes payload, bool plain, const char *sign)
{
	static char text[ZONE_LINE];
	struct rd rd = rd_init(payload);
	struct name owner;
	struct rr rr;

	while (frame_record_read(&rd, &owner, &rr)) {
		int n = plain ? zone_print_plain(&rr, text, sizeof text)
			      : zone_print(&rr, text, sizeof text);

		if (n < 0)
			return n;
		if (m->json) {
			json_t *line;

			text[strcspn(text, "\n")] = '\0';
			line = json_pack("{s:s}",
			    sign == NULL   ? "record"
			    : *sign == '-' ? "removed"
					   : "added",
			    text);
			output_json(line);
			json_decref(line);
		} else {
			printf("%s%s", sign != NULL ? sign : "", text);
		}
	}
	return rd.error;
}

enum status
daemon_dump(struct mapctl *m, int argc, char **argv)
{
	static const struct option options[] = {
	    {"plain", no_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
	bool plain = false;
	enum status status = STATUS_DONE;
	json_t *request;
	struct frame frame;
	int error, option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (option != 'p')
			return usage_option(m, option, argv, options);
		plain = true;
	}
	request = request_make(m, argc - optind + 1, argv + optind - 1, &status);
	if (status != STATUS_DONE)
		return status;
	status = control_ask(m, request);
	while (status == STATUS_DONE) {
		status = control_receive(m, &frame);
		if (status != STATUS_DONE)
			break;
		if (frame.type != FRAME_RECORDS)
			return control_answer(m, &frame);
		error = daemon_print(m, frame.payload, plain, NULL);
		if (error != 0) {
			status =
			    fail(m, STATUS_WRONG, error, "a record of the dump is malformed");
			control_close(m);
		}
	}
	return status;
}

void
daemon_dump_done(json_t *answer)
{
	(void)answer;
}
