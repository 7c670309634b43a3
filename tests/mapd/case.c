/*
 * case.c - reads case files and asks each query in each way that it can be asked.
 */
#include "tests/mapd/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "tests/mapd/expect.h"

#define LINES 96 /* of one question */
#define USUAL_SIZE 1232

/* One case file being run. */
struct run {
	const char *path;
	const struct case_server *server;
	unsigned line, asked_at;
	unsigned questions, failures;
	bool asked; /* a question is at hand: */
	struct asking asking;
	bool once;
	unsigned n_lines, first_line[LINES];
	char lines[LINES][EXPECT_LINE];
	uint8_t query[1024];
	struct expect expect;
};

/* A number in a case file; what is none is a large one, which nothing equals. */
static unsigned
number(const char *text)
{
	uint64_t n;

	return text_decimal_read(text, strlen(text), UINT32_MAX, &n) == 0 ? (unsigned)n
									  : UINT32_MAX;
}

static bool
flag_read(struct asking *asking, const char *word)
{
	static const struct {
		const char *word;
		uint16_t bit;
	} flags[] = {{"+rd", FLAG_RD}, {"+cd", FLAG_CD}, {"+ad", FLAG_AD}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(word, flags[i].word) == 0) {
			asking->flags |= flags[i].bit;
			return true;
		}
	return false;
}

/* CODE:HEX, as dig has it. */
static bool
ednsopt_read(struct asking *asking, const char *text)
{
	const char *colon = strchr(text, ':');
	struct wr wr = wr_init(asking->options, sizeof(asking->options));
	uint8_t value[64];
	int n = colon != NULL ? text_hex_read(colon + 1, strlen(colon + 1), value, 60) : -1;

	if (n < 0)
		return false;
	wr_u16(&wr, (uint16_t)strtoul(text, NULL, 10));
	wr_u16(&wr, (uint16_t)n);
	wr_copy(&wr, value, (size_t)n);
	asking->n_options = (uint8_t)wr.n;
	return wr.error == 0;
}

static bool
option_read(struct run *run, const char *word)
{
	struct asking *asking = &run->asking;
	char *end = NULL;

	if (flag_read(asking, word))
		return true;
	if (strcmp(word, "+dnssec") == 0)
		asking->dnssec = true;
	else if (strcmp(word, "+tcp") == 0)
		asking->transport = TRANSPORT_TCP;
	else if (strncmp(word, "+class=", 7) == 0)
		asking->q.class = (uint16_t)number(word + 7);
	else if (strncmp(word, "+edns=", 6) == 0)
		asking->edns = (uint8_t)number(word + 6);
	else if (strncmp(word, "+ednsopt=", 9) == 0)
		return ednsopt_read(asking, word + 9);
	else {
		run->once = true;
		if (strcmp(word, "+noedns") == 0)
			asking->size = 0;
		else if (strncmp(word, "+bufsize=", 9) == 0)
			asking->size = (uint16_t)number(word + 9);
		else if (strncmp(word, "+flags=", 7) == 0)
			asking->flags = (uint16_t)strtoul(word + 7, &end, 16);
		else if (strncmp(word, "+questions=", 11) == 0)
			asking->questions = (uint16_t)number(word + 11);
		else
			return strcmp(word, "+once") == 0;
	}
	return end == NULL || *end == '\0';
}

static struct bytes
query_write(struct run *run, const struct asking *asking)
{
	struct wr wr = wr_init(run->query, sizeof(run->query));

	wr_u16(&wr, (uint16_t)(0x4000 + run->asked_at));
	wr_u16(&wr, asking->flags);
	wr_u16(&wr, asking->questions);
	wr_u32(&wr, 0);
	wr_u16(&wr, asking->size > 0);
	for (unsigned i = 0; i < asking->questions; i++) {
		name_put(&wr, &asking->q.name);
		wr_u16(&wr, asking->q.type);
		wr_u16(&wr, asking->q.class);
	}
	if (asking->size > 0) {
		wr_u8(&wr, 0);
		wr_u16(&wr, RR_OPT);
		wr_u16(&wr, asking->size);
		wr_u32(&wr, (uint32_t)asking->edns << 16 | (asking->dnssec ? 0x8000 : 0));
		wr_u16(&wr, asking->n_options);
		wr_copy(&wr, asking->options, asking->n_options);
	}
	return wr_done(&wr);
}

static bool
question_ask(struct run *run, const struct asking *asking)
{
	struct expect *e = &run->expect;
	char where[1200];

	snprintf(where, sizeof(where), "%s:%u (%s%s)", run->path, run->asked_at,
	    asking->transport == TRANSPORT_UDP ? "UDP" : "TCP", asking->dnssec ? ", DO" : "");
	e->where = where;
	e->server = run->server;
	e->asking = *asking;
	e->failed = false;
	e->query = query_write(run, asking);
	e->answer_n =
	    run->server->ask(run->server->arg, asking->transport, e->query, e->answer);
	expect_start(e);
	for (unsigned i = 0; i < run->n_lines; i++) {
		if (expect_line(e, run->lines[i]))
			continue;
		fprintf(stderr, "%s:%u: not understood: %s\n", run->path, run->first_line[i],
		    run->lines[i]);
		return false;
	}
	expect_end(e);
	run->questions++;
	run->failures += e->failed;
	return true;
}

/* Asks the question at hand as it stands, and in the other ways. */
static bool
question_end(struct run *run)
{
	struct asking asking = run->asking;
	bool good = true;

	if (!run->asked)
		return true;
	run->asked = false;
	for (unsigned i = 0; i < (run->once ? 1 : 4) && good; i++) {
		asking = run->asking;
		if ((i & 1) != 0)
			asking.transport =
			    asking.transport == TRANSPORT_UDP ? TRANSPORT_TCP : TRANSPORT_UDP;
		if ((i & 2) != 0) {
			asking.added_dnssec = !asking.dnssec;
			asking.removed_dnssec = asking.dnssec;
			asking.dnssec = !asking.dnssec;
		}
		asking.may_be_short =
		    i > 0 && asking.transport == TRANSPORT_UDP &&
		    (asking.added_dnssec || run->asking.transport == TRANSPORT_TCP);
		good = question_ask(run, &asking);
	}
	return good;
}

static bool
line_query(struct run *run, char **word, unsigned n)
{
	int type = n >= 3 ? rrtype_scan(word[2], strlen(word[2])) : -1;

	run->asking =
	    (struct asking){.q = {.class = CLASS_IN}, .size = USUAL_SIZE, .questions = 1};
	run->once = false;
	run->n_lines = 0;
	run->asked_at = run->line;
	if (type < 0 || name_from(word[1], &run->asking.q.name) != 0)
		return false;
	run->asking.q.type = (uint16_t)type;
	for (unsigned i = 3; i < n; i++)
		if (!option_read(run, word[i]))
			return false;
	run->asked = true;
	return true;
}

static bool
line_zone(struct run *run, char **word, unsigned n)
{
	char path[1024];
	int folder = (int)(strrchr(run->path, '/') - run->path);

	if (n < 3 || n > 4)
		return false;
	snprintf(path, sizeof(path), "%.*s/%s", folder, run->path, word[n - 1]);
	return run->server->zone(run->server->arg, word[1], path, n == 4 ? word[2] : NULL);
}

/* A line that belongs to the question at hand. */
static bool
line_keep(struct run *run, const char *line)
{
	if (line[0] == '\0')
		return true;
	if (!run->asked || run->n_lines == LINES)
		return false;
	if (strncmp(line, "expect ", 7) == 0 &&
	    (strstr(line, " tc") != NULL || strstr(line, " size<=") != NULL))
		run->once = true;
	run->first_line[run->n_lines] = run->line;
	snprintf(run->lines[run->n_lines++], sizeof(run->lines[0]), "%s", line);
	return true;
}

static bool
line_run(struct run *run, char *line)
{
	static const char *const verbs[] = {
	    "zone ", "prefix ", "configured ", "said ", "query "};
	const struct case_server *server = run->server;
	char copy[EXPECT_LINE];
	char *word[EXPECT_WORDS], *save = NULL;
	unsigned n = 0;
	size_t verb = 0;

	while (verb < 5 && strncmp(line, verbs[verb], strlen(verbs[verb])) != 0)
		verb++;
	if (verb == 5)
		return line_keep(run, line);
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " \t", &save); w != NULL && n < EXPECT_WORDS;
	     w = strtok_r(NULL, " \t", &save))
		word[n++] = w;
	if (!question_end(run))
		return false;
	if (verb == 0)
		return line_zone(run, word, n);
	if (verb == 1)
		return n == 4 && server->prefix(server->arg, word[1], word[2], number(word[3]));
	if (verb == 2)
		return n == 2 && server->configured(server->arg, word[1]);
	if (verb == 3)
		return n == 3 && server->said(server->arg, word[1], word[2]);
	return line_query(run, word, n);
}

static bool
case_read(struct run *run, FILE *file)
{
	char line[EXPECT_LINE];

	while (fgets(line, sizeof(line), file) != NULL) {
		run->line++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (!line_run(run, line)) {
			fprintf(
			    stderr, "%s:%u: not understood: %s\n", run->path, run->line, line);
			return false;
		}
	}
	return question_end(run);
}

int
case_run(const char *path, const struct case_server *server, unsigned *questions)
{
	struct run *run = calloc(1, sizeof(*run));
	FILE *file = fopen(path, "r");
	int failures = -1;

	if (run == NULL || file == NULL) {
		perror(path);
		goto close_file;
	}
	run->path = path;
	run->server = server;
	if (case_read(run, file))
		failures = (int)run->failures;
	*questions += run->questions;
close_file:
	if (file != NULL)
		fclose(file);
	free(run);
	return failures;
}
