/*
 * edit.c - records of a zone changed in a transaction: one command of it, or all as lines of standard input.
 * Knows what a line says; the transaction is mapd's. Also prints the journal of a zone.
 */
#include "mapctl/edit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/sys/option.h"
#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "core/zone/reading.h"
#include "mapctl/control.h"
#include "mapctl/daemon.h"
#include "mapctl/output.h"

#define TTL_MAX 0x7fffffff /* RFC 2181 8 */
#define RDATA_MOST 2560 /* octets that fit a command in hex */
#define REMOVED 1 /* flags of a frame of records that go (doc/control.md) */
#define INPUT "standard input"

struct editing {
	struct mapctl *m;
	struct name zone;
	unsigned line; /* of standard input; 0: the command line */
	bool quiet; /* what was done is not told */
	bool ended; /* committed or aborted */
	char before[64];
};

/* A fault of what was typed, with its line. */
__attribute__((format(printf, 2, 3))) static enum status
edit_wrong(const struct editing *e, const char *format, ...)
{
	char cause[NAME_TEXT + RDATA_WORDS + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(cause, sizeof cause, format, args);
	va_end(args);
	if (e->line == 0)
		return usage(e->m, "%s", cause);
	return fail(e->m, STATUS_USAGE, -MAP_EUSAGE, INPUT ":%u: %s", e->line, cause);
}

/* The next word of *text, which is moved behind it; NULL: there is none. */
static char *
word_next(char **text)
{
	char *word = *text + strspn(*text, " \t\r\n");
	size_t n = strcspn(word, " \t\r\n");

	*text = word + n;
	if (n == 0)
		return NULL;
	if (**text != '\0')
		*(*text)++ = '\0';
	return word;
}

/* Warnings of an answer go where those of zone check go. */
static void
warnings_print(const json_t *answer)
{
	const json_t *list = json_object_get(answer, "warnings");

	for (size_t i = 0; i < json_array_size(list); i++)
		fprintf(stderr, "mapctl: warning: %s\n",
		    json_string_value(json_array_get(list, i)));
}

static void
errors_print(const json_t *answer)
{
	const json_t *list = json_object_get(answer, "errors");

	for (size_t i = 0; i < json_array_size(list); i++)
		fprintf(stderr, "mapctl: would be refused: %s\n",
		    json_string_value(json_array_get(list, i)));
}

/* What the answer says; a good one is told unless that was not asked for. */
static enum status
answer_take(struct editing *e, const struct frame *frame)
{
	json_t *answer = json_loadb((const char *)frame->payload.p, frame->payload.n, 0, NULL);
	bool good = json_is_true(json_object_get(answer, "ok"));
	enum status status = STATUS_DONE;

	if (good && !e->m->json) {
		warnings_print(answer);
		errors_print(answer);
	}
	if (!good || !e->quiet)
		status = control_answer(e->m, frame);
	json_decref(answer);
	return status;
}

/* Asks for one thing; records of the answer are printed as they come. */
static enum status
edit_ask(struct editing *e, json_t *request)
{
	struct mapctl *m = e->m;
	struct frame frame;
	enum status status;
	int error;

	if (request == NULL)
		return edit_wrong(e, "what cannot be said in UTF-8");
	json_object_set_new(request, "zone", json_string(name_print(&e->zone, m->argument)));
	status = control_ask(m, request);
	while (status == STATUS_DONE) {
		status = control_receive(m, &frame);
		if (status != STATUS_DONE)
			break;
		if (frame.type != FRAME_RECORDS)
			return answer_take(e, &frame);
		error = daemon_print(
		    m, frame.payload, false, (frame.flags & REMOVED) != 0 ? "- " : "+ ");
		if (error != 0) {
			status = fail(m, STATUS_WRONG, error, "a record is malformed");
			control_close(m);
		}
	}
	return status;
}

/* The RDATA as mapd takes it: hex. */
static enum status
rdata_set(const struct editing *e, json_t *request, uint16_t type, const char *text)
{
	static uint8_t rdata[RDATA_MAX];
	static char hex[2 * RDATA_MOST + 1];
	struct wr wr = wr_init(rdata, sizeof rdata);
	char words[RDATA_WORDS] = "", mnemonic[16];
	const char *why = NULL;
	int error = zone_scan_rdata(type, text, &e->zone, &wr, &why);

	rrtype_print(type, mnemonic);
	if (error != 0) {
		if (strstr(text, "\\#") == NULL)
			rdata_words(type, words);
		return edit_wrong(e, "%s: %s%s%s", mnemonic,
		    why != NULL ? why : error_text(error),
		    words[0] != '\0' ? "; expected " : "", words);
	}
	if (wr.n > RDATA_MOST)
		return edit_wrong(e, "%s: RDATA of more than %d octets: load it from a file",
		    mnemonic, RDATA_MOST);
	hex[0] = '\0';
	if (wr.n > 0 && text_hex_put(hex, sizeof hex, wr_done(&wr)) < 0)
		return edit_wrong(e, "%s: %s", mnemonic, error_text(-MAP_ESPACE));
	json_object_set_new(request, "rdata", json_string(hex));
	return STATUS_DONE;
}

/* TTL and class where they are, then the type, into request; text is moved behind them. */
static enum status
type_set(const struct editing *e, json_t *request, bool sets, char **text, int *type)
{
	char *word = word_next(text), shown[OPTION_TEXT];
	uint32_t ttl;

	*type = 0;
	if (sets && word != NULL && *word >= '0' && *word <= '9') {
		if (period_scan(word, TTL_MAX, &ttl) != 0)
			return edit_wrong(e,
			    "%s: no TTL; expected a time of at most %d seconds",
			    option_short(word, shown), TTL_MAX);
		json_object_set_new(request, "ttl", json_integer(ttl));
		word = word_next(text);
	}
	if (word != NULL && strcmp(word, "IN") == 0)
		word = word_next(text);
	if (word == NULL)
		return sets ? edit_wrong(e, "TYPE: missing") : STATUS_DONE;
	*type = type_scan(word);
	if (*type <= 0)
		return edit_wrong(e, "%s: unknown type", option_short(word, shown));
	json_object_set_new(request, "type", json_integer(*type));
	return STATUS_DONE;
}

/* "OWNER [TTL] TYPE RDATA" as a request, caller frees; NULL with *status set. */
static json_t *
record_make(struct editing *e, const char *verb, char *text, enum status *status)
{
	json_t *request = json_pack("{s:s}", "do", verb);
	bool sets = strcmp(verb, "set") == 0;
	char *word = word_next(&text), shown[OPTION_TEXT], owner[NAME_TEXT];
	struct name name;
	int type = 0;

	*status = STATUS_DONE;
	if (word == NULL)
		*status = edit_wrong(e, "OWNER: missing");
	else if (name_scan(word, strlen(word), &e->zone, &name) != 0)
		*status = edit_wrong(
		    e, "%s: the owner is not a valid domain name", option_short(word, shown));
	else if (!name_is_below(&name, &e->zone))
		*status = edit_wrong(e, "%s: not in this zone", name_print(&name, owner));
	else
		json_object_set_new(request, "owner", json_string(name_print(&name, owner)));
	if (*status == STATUS_DONE)
		*status = type_set(e, request, sets, &text, &type);
	text += strspn(text, " \t\r\n");
	if (*status == STATUS_DONE && sets && *text == '\0')
		*status = edit_wrong(e, "RDATA: missing");
	if (*status == STATUS_DONE && type != 0 && rrtype_refusal((uint16_t)type) != NULL)
		*status = edit_wrong(e, "%s", rrtype_refusal((uint16_t)type));
	if (*status == STATUS_DONE && *text != '\0')
		*status = rdata_set(e, request, (uint16_t)type, text);
	if (*status == STATUS_DONE)
		return request;
	json_decref(request);
	return NULL;
}

static enum status
edit_record(struct editing *e, const char *verb, char *text)
{
	enum status status;
	json_t *request = record_make(e, verb, text, &status);

	if (request == NULL)
		return status;
	if (e->line != 0)
		json_object_set_new(request, "line", json_integer(e->line));
	return edit_ask(e, request);
}

/* One line of changes that are no edit: "set ..." or "unset ...", behind the others. */
static enum status
change_take(struct editing *e, char *text, json_t *changes)
{
	char *verb = word_next(&text), shown[OPTION_TEXT];
	enum status status;
	json_t *change;

	if (strcmp(verb, "set") != 0 && strcmp(verb, "unset") != 0)
		return edit_wrong(e, "%s: no such word; expected one of set, unset",
		    option_short(verb, shown));
	change = record_make(e, verb, text, &status);
	if (change != NULL)
		json_array_append_new(changes, change);
	return status;
}

static enum status
edit_word(struct editing *e, const char *verb, char *text)
{
	char *word = word_next(&text), shown[OPTION_TEXT];

	if (word != NULL)
		return edit_wrong(e, "%s: an extra word", option_short(word, shown));
	return edit_ask(e, json_pack("{s:s}", "do", verb));
}

static const struct {
	const char *verb;
	enum status (*run)(struct editing *e, const char *verb, char *text);
	bool ends; /* the edit */
	bool quiet; /* in a script nothing is said of it */
} verbs[] = {
    {"begin", edit_word, false, true},
    {"set", edit_record, false, true},
    {"unset", edit_record, false, true},
    {"diff", edit_word, false, false},
    {"commit", edit_word, true, false},
    {"abort", edit_word, true, false},
    {"status", edit_word, false, false},
};

/* One line: a verb, and what belongs to it. text is cut into words. */
static enum status
edit_line(struct editing *e, char *text)
{
	char *verb = word_next(&text), shown[OPTION_TEXT];
	enum status status;

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (strcmp(verbs[i].verb, verb) != 0)
			continue;
		/* a script has begun when its first line is read */
		if (e->line != 0 && verbs[i].run == edit_word && i == 0)
			return STATUS_DONE;
		e->quiet = e->line != 0 && verbs[i].quiet;
		if (e->line != 0 && verbs[i].run == edit_record) {
			snprintf(e->before, sizeof e->before, INPUT ":%u: ", e->line);
			e->m->before = e->before;
		}
		status = verbs[i].run(e, verbs[i].verb, text);
		e->m->before = NULL;
		e->ended = verbs[i].ends && status == STATUS_DONE;
		return status;
	}
	return edit_wrong(e,
	    "%s: no such word; expected one of begin, set, unset, diff, commit, abort, status",
	    option_short(verb, shown));
}

/* What was begun for the script ends with it. */
static enum status
script_end(struct editing *e, enum status status)
{
	enum status aborted;

	if (e->ended || e->m->control == NULL)
		return status;
	e->quiet = true;
	aborted = edit_ask(e, json_pack("{s:s}", "do", "abort"));
	if (status == STATUS_DONE && aborted == STATUS_DONE)
		return fail(e->m, STATUS_WRONG, -MAP_EUSAGE,
		    INPUT ": ends without commit: nothing has changed");
	return status != STATUS_DONE ? status : aborted;
}

/* All of it is one transaction, which ends with this process too. */
static enum status
script_run(struct editing *e)
{
	enum status status;
	char *line = NULL;
	unsigned number = 0;
	size_t max = 0;
	ssize_t n;

	if (e->m->ahead != NULL)
		return usage(e->m, "standard input has commands; expected a word after ZONE");
	e->quiet = true;
	status = edit_ask(
	    e, json_pack("{s:s, s:b, s:s}", "do", "begin", "bound", 1, "label", INPUT));
	if (status != STATUS_DONE)
		return status;
	while (status == STATUS_DONE && (n = getline(&line, &max, stdin)) > 0) {
		size_t blank = strspn(line, " \t\r\n");

		e->line = ++number;
		if (line[blank] == '\0' || line[blank] == '#' || line[blank] == ';')
			continue;
		if (memchr(line, '\0', (size_t)n) != NULL)
			status = edit_wrong(e, "an octet 0 in the line");
		else if (e->ended)
			status = edit_wrong(e, "a line behind the end of the edit");
		else
			status = edit_line(e, line);
		fflush(stdout);
	}
	free(line);
	return script_end(e, status);
}

/* The words of a command line as one line: what the shell held together is one string of RDATA. */
static char *
words_join(int argc, char **argv)
{
	size_t n = 1;
	char *text, *end;

	for (int i = 0; i < argc; i++)
		n += strlen(argv[i]) + 3;
	text = end = malloc(n);
	if (text == NULL)
		return NULL;
	for (int i = 0; i < argc; i++) {
		bool one = strpbrk(argv[i], " \t;()") != NULL && strchr(argv[i], '"') == NULL;
		const char *quote = one ? "\"" : "";

		end +=
		    snprintf(end, n - (size_t)(end - text), "%s%s%s ", quote, argv[i], quote);
	}
	*end = '\0';
	return text;
}

/* Those of standard input, one a line. */
static enum status
changes_read(struct editing *e, json_t *changes)
{
	enum status status = STATUS_DONE;
	char *line = NULL, *text;
	size_t max = 0;
	ssize_t n;

	if (e->m->ahead != NULL)
		return usage(
		    e->m, "standard input has commands; expected a change behind ZONE");
	while (status == STATUS_DONE && (n = getline(&line, &max, stdin)) >= 0) {
		e->line++;
		text = line + strspn(line, " \t\r\n");
		if (strlen(line) != (size_t)n)
			status = edit_wrong(e, "an octet 0 in the line");
		else if (*text != '\0' && *text != '#' && *text != ';')
			status = change_take(e, text, changes);
	}
	free(line);
	return status;
}

enum status
edit_changes(struct mapctl *m, const struct name *zone, int argc, char **argv, json_t *changes)
{
	struct editing e = {.m = m, .zone = *zone};
	enum status status;
	char *text;

	if (argc == 0)
		return changes_read(&e, changes);
	text = words_join(argc, argv);
	if (text == NULL)
		return fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	status = text[strspn(text, " \t\r\n")] == '\0' ? usage(m, "\"\": an empty word")
						       : change_take(&e, text, changes);
	free(text);
	return status;
}

enum status
edit_run(struct mapctl *m, int argc, char **argv)
{
	struct editing e = {.m = m};
	enum status status;
	char *text;

	if (argc < 2)
		return words_check(m, 0, argv, "ZONE");
	status = zone_name_scan(m, argv[1], &e.zone);
	if (status != STATUS_DONE)
		return status;
	if (argc == 2)
		return script_run(&e);
	text = words_join(argc - 2, argv + 2);
	if (text == NULL)
		return fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	status = text[strspn(text, " \t\r\n")] == '\0' ? usage(m, "\"\": an empty word")
						       : edit_line(&e, text);
	free(text);
	return status;
}

/* "; serial 7 -> 8, 2026-11-25T21:00:00Z: 3 removed, 4 added", behind the records of a difference. */
static void
difference_print(const struct mapctl *m, json_t *answer)
{
	time_t when = (time_t)json_integer_value(json_object_get(answer, "time"));
	char text[32] = "";
	struct tm tm;

	if (m->json) {
		output_json(answer);
		return;
	}
	if (gmtime_r(&when, &tm) != NULL)
		(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf("; serial %lld -> %lld, %s: %lld removed, %lld added\n",
	    (long long)json_integer_value(json_object_get(answer, "from")),
	    (long long)json_integer_value(json_object_get(answer, "to")), text,
	    (long long)json_integer_value(json_object_get(answer, "removed")),
	    (long long)json_integer_value(json_object_get(answer, "added")));
}

/* One difference; *from becomes the serial it leads to, and *last is true for what leads to the zone's own. */
static enum status
difference_show(struct editing *e, json_t *request, long long *from, bool *last)
{
	struct mapctl *m = e->m;
	struct frame frame;
	enum status status = control_ask(m, request);
	json_t *answer;

	while (status == STATUS_DONE) {
		status = control_receive(m, &frame);
		if (status != STATUS_DONE || frame.type != FRAME_RECORDS)
			break;
		if (daemon_print(m, frame.payload, false,
			(frame.flags & REMOVED) != 0 ? "- " : "+ ") != 0)
			return fail(m, STATUS_WRONG, -MAP_EFORMAT, "a record is malformed");
	}
	if (status != STATUS_DONE)
		return status;
	answer = json_loadb((const char *)frame.payload.p, frame.payload.n, 0, NULL);
	if (!json_is_true(json_object_get(answer, "ok"))) {
		json_decref(answer);
		return control_answer(m, &frame);
	}
	*from = (long long)json_integer_value(json_object_get(answer, "to"));
	*last = *from == (long long)json_integer_value(json_object_get(answer, "serial"));
	if (json_object_get(answer, "time") != NULL)
		difference_print(m, answer);
	json_decref(answer);
	return STATUS_DONE;
}

enum status
past_run(struct mapctl *m, int argc, char **argv)
{
	struct editing e = {.m = m};
	char shown[OPTION_TEXT];
	long long from = -1;
	bool last = false;
	uint64_t serial;
	enum status status =
	    words_check(m, argc - 1, argv + 1, argc > 2 ? "ZONE SERIAL" : "ZONE");

	if (status == STATUS_DONE)
		status = zone_name_scan(m, argv[1], &e.zone);
	if (status != STATUS_DONE)
		return status;
	if (argc > 2) {
		if (text_decimal_read(argv[2], strlen(argv[2]), UINT32_MAX, &serial) != 0)
			return usage(m, "%s: no serial; expected a number to 4294967295",
			    option_short(argv[2], shown));
		from = (long long)serial;
	}
	name_print(&e.zone, m->argument);
	while (status == STATUS_DONE && !last) {
		json_t *request = json_pack("{s:s}", "zone", m->argument);

		if (from >= 0)
			json_object_set_new(request, "from", json_integer((json_int_t)from));
		status = difference_show(&e, request, &from, &last);
	}
	return status;
}
