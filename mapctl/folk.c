/*
 * folk.c - commands about the identities of a realm: who may register, who has what.
 * Knows their words; what they come to is mapd's.
 */
#include "mapctl/folk.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/option.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "mapctl/control.h"
#include "mapctl/daemon.h"
#include "mapctl/output.h"

#define REASON_MOST 199 /* octets */

/* The first word as {"identity": ...}; NULL with *status set. */
static json_t *
identity_take(struct mapctl *m, int argc, char **argv, const char *words, enum status *status)
{
	char shown[OPTION_TEXT], text[EID_TEXT];
	struct eid id;

	*status = words_check(m, argc - 1, argv + 1, words);
	if (*status != STATUS_DONE)
		return NULL;
	if (eid_scan(argv[1], strlen(argv[1]), false, &id) != 0) {
		*status = usage(m,
		    "%s: neither identity nor name; expected an address, KEY@REALM or a domain "
		    "name",
		    option_short(argv[1], shown));
		return NULL;
	}
	return json_pack("{s:s}", "identity", eid_print(&id, text));
}

static enum status
folk_ask(struct mapctl *m, json_t *request, enum status status)
{
	if (status == STATUS_DONE)
		status = control_ask(m, request);
	else
		json_decref(request);
	return status != STATUS_DONE ? status : control_finish(m);
}

enum status
folk_run(struct mapctl *m, int argc, char **argv)
{
	enum status status;
	json_t *request = identity_take(m, argc, argv, m->command->arguments, &status);

	return folk_ask(m, request, status);
}

enum status
folk_ban(struct mapctl *m, int argc, char **argv)
{
	enum status status;
	json_t *request = identity_take(
	    m, argc, argv, argc > 2 ? "NAME|IDENTITY REASON" : "NAME|IDENTITY", &status);

	if (status != STATUS_DONE || argc <= 2)
		return folk_ask(m, request, status);
	if (strlen(argv[2]) > REASON_MOST)
		status = usage(m, "REASON: a text of more than %d octets", REASON_MOST);
	else if (json_object_set_new(request, "reason", json_string(argv[2])) != 0)
		status = usage(m, "REASON: what cannot be said in UTF-8");
	return folk_ask(m, request, status);
}

static enum status
name_add(struct mapctl *m, const char *text, json_t *request)
{
	struct name name;
	enum status status = name_take(m, "NAME", text, &name);

	if (status == STATUS_DONE)
		json_object_set_new(
		    request, "name", json_string(name_print(&name, m->argument)));
	return status;
}

enum status
folk_assign(struct mapctl *m, int argc, char **argv)
{
	enum status status;
	json_t *request = identity_take(m, argc, argv, "IDENTITY NAME", &status);

	if (status == STATUS_DONE)
		status = name_add(m, argv[2], request);
	return folk_ask(m, request, status);
}

enum status
folk_unassign(struct mapctl *m, int argc, char **argv)
{
	enum status status = words_check(m, argc - 1, argv + 1, "NAME");
	json_t *request = json_object();

	if (status == STATUS_DONE)
		status = name_add(m, argv[1], request);
	return folk_ask(m, request, status);
}

/* One page; where the next one begins is left in from, "" behind the last. */
static enum status
page_show(struct mapctl *m, json_t *request, char from[NAME_TEXT])
{
	const char *next;
	struct frame frame;
	json_t *answer;
	enum status status = control_ask(m, request);

	if (status == STATUS_DONE)
		status = control_receive(m, &frame);
	if (status != STATUS_DONE)
		return status;
	answer = json_loadb((const char *)frame.payload.p, frame.payload.n, 0, NULL);
	next = json_string_value(json_object_get(answer, "next"));
	snprintf(from, NAME_TEXT, "%s", next != NULL ? next : "");
	json_decref(answer);
	return control_answer(m, &frame);
}

enum status
folk_list(struct mapctl *m, int argc, char **argv)
{
	static const struct option options[] = {
	    {"from", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	char from[NAME_TEXT] = "";
	enum status status = STATUS_DONE;
	struct name zone, name;
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (option != 'f')
			return usage_option(m, option, argv, options);
		status = name_take(m, "--from", optarg, &name);
		if (status != STATUS_DONE)
			return status;
		name_print(&name, from);
	}
	status = words_check(m, argc - optind, argv + optind, "ZONE");
	if (status == STATUS_DONE)
		status = zone_name_scan(m, argv[optind], &zone);
	if (status != STATUS_DONE)
		return status;
	name_print(&zone, m->argument);
	do {
		json_t *request = json_pack("{s:s}", "zone", m->argument);

		if (from[0] != '\0')
			json_object_set_new(request, "from", json_string(from));
		status = page_show(m, request, from);
	} while (status == STATUS_DONE && from[0] != '\0');
	return status;
}

static const char *
text_of(json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text != NULL ? text : "-";
}

static void
claim_print(json_t *claim)
{
	static const struct term {
		const char *what, *seconds, *until;
	} terms[] = {{"lease", "lease", "until"}, {"key lease", "key_lease", "key_until"}};

	output_time("registered: since ", json_object_get(claim, "since"));
	printf(" from %s%s\n", text_of(claim, "source"),
	    json_is_true(json_object_get(claim, "host")) ? " as a host" : "");
	for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
		json_t *until = json_object_get(claim, terms[i].until);

		printf("%s: ", terms[i].what);
		if (json_is_integer(until)) {
			printf("%lld s", (long long)json_integer_value(
					     json_object_get(claim, terms[i].seconds)));
			output_time(" until ", until);
			putchar('\n');
		} else {
			puts("without end");
		}
	}
}

static void
operator_print(json_t *answer)
{
	json_t *enrolled = json_object_get(answer, "enrolled");
	json_t *banned = json_object_get(answer, "banned");

	if (json_is_integer(enrolled)) {
		output_time("enrolled: since ", enrolled);
		putchar('\n');
	}
	if (json_is_integer(banned)) {
		output_time("banned: since ", banned);
		if (json_object_get(answer, "reason") != NULL)
			printf(": %s", text_of(answer, "reason"));
		putchar('\n');
	}
	if (json_object_get(answer, "assigned_to") != NULL)
		printf("assigned to: %s\n", text_of(answer, "assigned_to"));
}

void
folk_print(json_t *answer)
{
	json_t *item;
	size_t i;

	printf("name: %s\nzone: %s\n", text_of(answer, "name"), text_of(answer, "zone"));
	if (json_is_string(json_object_get(answer, "identity")))
		printf("identity: %s\n", text_of(answer, "identity"));
	operator_print(answer);
	if (json_is_object(json_object_get(answer, "claim")))
		claim_print(json_object_get(answer, "claim"));
	json_array_foreach(json_object_get(answer, "keys"), i, item) printf(
	    "key: algorithm %lld, tag %lld, %s\n",
	    (long long)json_integer_value(json_object_get(item, "algorithm")),
	    (long long)json_integer_value(json_object_get(item, "tag")), text_of(item, "key"));
	printf("records: %lld ELOC, %lld EPID\n",
	    (long long)json_integer_value(json_object_get(answer, "locators")),
	    (long long)json_integer_value(json_object_get(answer, "identities")));
	json_array_foreach(json_object_get(answer, "names"), i, item)
	    printf("has the name: %s\n", json_string_value(item));
	if (json_object_get(answer, "more_names") != NULL)
		puts("and more names");
}

/* "NAME IDENTITY enrolled banned since T until T from PREFIX" */
void
folk_print_list(json_t *answer)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "identities"), i, row)
	{
		printf("%s %s%s%s", text_of(row, "name"), text_of(row, "identity"),
		    json_is_true(json_object_get(row, "enrolled")) ? " enrolled" : "",
		    json_is_true(json_object_get(row, "banned")) ? " banned" : "");
		output_time(" since ", json_object_get(row, "since"));
		output_time(" until ", json_object_get(row, "until"));
		if (json_object_get(row, "source") != NULL)
			printf(" from %s", text_of(row, "source"));
		putchar('\n');
	}
}
