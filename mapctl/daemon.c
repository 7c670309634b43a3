/*
 * daemon.c - commands that are one exchange with a daemon, and the dump of a zone.
 */
#include "mapctl/daemon.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/zone/zone.h"
#include "mapctl/control.h"
#include "mapctl/output.h"

enum status
zone_name_scan(const struct mapctl *m, const char *text, struct name *zone)
{
	if (name_scan(text, strlen(text), NULL, zone) != 0)
		return fail(m, STATUS_USAGE, -MAP_EUSAGE, "%s: no valid zone name", text);
	name_fold(zone);
	return STATUS_DONE;
}

/* The request of a row with one parameter or none; NULL with *status set. */
static json_t *
request_make(struct mapctl *m, int argc, char **argv, enum status *status)
{
	bool wants = m->command->parameter != NULL;
	struct name zone;

	if (argc != (wants ? 2 : 1)) {
		*status = usage(m, wants ? "one argument is wanted" : "no argument is wanted");
		return NULL;
	}
	*status = STATUS_DONE;
	m->argument[0] = '\0';
	if (!wants)
		return json_object();
	if (strcmp(m->command->parameter, "zone") != 0)
		return json_pack("{s:s}", m->command->parameter, argv[1]);
	*status = zone_name_scan(m, argv[1], &zone);
	if (*status != STATUS_DONE)
		return NULL;
	return json_pack("{s:s}", "zone", name_print(&zone, m->argument));
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

/* Prints the records of one frame; -MAP_E... where they are malformed. */
static int
records_print(const struct mapctl *m, struct bytes payload, bool plain)
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
			line = json_pack("{s:s}", "record", text);
			output_json(line);
			json_decref(line);
		} else {
			fputs(text, stdout);
		}
	}
	return rd.error;
}

enum status
daemon_dump(struct mapctl *m, int argc, char **argv)
{
	bool plain = argc > 1 && strcmp(argv[1], "--plain") == 0;
	enum status status;
	json_t *request = request_make(m, argc - plain, argv + plain, &status);
	struct frame frame;
	int error;

	if (status != STATUS_DONE)
		return status;
	status = control_ask(m, request);
	while (status == STATUS_DONE) {
		status = control_receive(m, &frame);
		if (status != STATUS_DONE)
			break;
		if (frame.type != FRAME_RECORDS)
			return control_answer(m, &frame);
		error = records_print(m, frame.payload, plain);
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
