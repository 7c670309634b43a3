/*
 * mapdig.c - from the command line to the exit status: read, ask, show.
 */
#include "mapdig/mapdig.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/conf.h"
#include "core/sys/diag.h"
#include "core/sys/loop.h"
#include "core/sys/option.h"
#include "core/wire/errors.h"
#include "mapdig/ask.h"
#include "mapdig/options.h"
#include "mapdig/probe.h"
#include "mapdig/report.h"
#include "mapdig/version.h"
#include "resolve/realms.h"

#define RUN_DEADLINE 5000 /* ms, as resolverd's */
#define RUN_TEXT 600

struct run {
	struct options options;
	struct ask_servers servers;
	struct realm *realms;
	size_t n_realms;
	struct input input;
	struct result *result;
	char by[RUN_TEXT];
	char not_by[RUN_TEXT];
	uint32_t elapsed_ms;
	struct probe *probes;
	struct chain *chain;
};

static int
page_write(struct page *page)
{
	bool ok = !page->failed && page->text != NULL;

	if (ok)
		ok = fwrite(page->text, 1, page->n, stdout) == page->n;
	ok = fflush(stdout) == 0 && ok;
	if (!ok)
		fputs("mapdig: error: the answer cannot be written\n", stderr);
	free(page->text);
	return ok ? 0 : -MAP_ESYS;
}

/* Says why there is no result; JSON says it to standard output, as anything else. */
static int
run_fail(const struct run *run, int error, const char *why)
{
	struct page page = {0};
	int status = outcome_exit_of(error);

	if (run->options.json) {
		document_put_error(run->options.input, error, why, &page);
		return page_write(&page) == 0 ? status : EXIT_INTERNAL;
	}
	fprintf(stderr, "mapdig: error: %s\n", why[0] != '\0' ? why : error_text(error));
	return status;
}

struct flag_row {
	size_t member;
	uint16_t flag;
};

static void
request_fill(const struct run *run, struct resolve_request *request)
{
	const struct options *o = &run->options;
	static const struct flag_row rows[] = {
	    {offsetof(struct options, insecure), RESOLVE_ALLOW_INSECURE},
	    {offsetof(struct options, legacy), RESOLVE_ALLOW_LEGACY},
	    {offsetof(struct options, proof), RESOLVE_REQUIRE_PROOF},
	    {offsetof(struct options, pairs), RESOLVE_PAIRS},
	    {offsetof(struct options, fresh), RESOLVE_FRESH},
	};

	memset(request, 0, sizeof *request);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (*(const bool *)(const void *)((const char *)o + rows[i].member))
			request->flags |= rows[i].flag;
	/* Locators alone need no reverse names. */
	if (o->reverse && !o->is_short)
		request->flags |= RESOLVE_REVERSE;
	/* Who types an identity, or hands over a reference to one, vouches for it. */
	if (run->input.kind == INPUT_IDENTITY || run->input.kind == INPUT_REFERENCE)
		request->flags |= RESOLVE_TRUSTED_ID;
	request->deadline = o->timeout_ms > 0 ? (uint32_t)o->timeout_ms : RUN_DEADLINE;
	request->id = run->input.id;
	if (o->pairs) {
		request->local = o->from;
		request->wishes = o->wishes;
	}
}

static int
run_ask_self(struct run *run, const struct resolve_request *request, char *why, size_t max)
{
	size_t n = (size_t)snprintf(run->by, sizeof run->by, "mapdig itself");

	for (size_t i = 0; i < run->servers.n && n < sizeof run->by; i++)
		n += (size_t)snprintf(run->by + n, sizeof run->by - n, "%s %s",
		    i == 0 ? " through" : ",", run->servers.list[i]);
	return ask_self(&run->options, &run->servers, run->realms, run->n_realms, request,
	    run->result, why, max);
}

static void
why_append(char *why, size_t max, const char *words, const char *more)
{
	size_t n = strlen(why);

	snprintf(why + n, max - n, "%s%s", words, more);
}

/* resolverd if it is there and nothing asks for more, else mapdig itself. */
static int
run_ask(struct run *run, char *why, size_t max)
{
	const struct options *o = &run->options;
	struct resolve_request request;
	const char *path = ask_socket(o);
	uint64_t start = loop_now_ms();
	int error;

	request_fill(run, &request);
	if (run->servers.n > 0 || o->anchors.n > 0) {
		error = run_ask_self(run, &request, why, max);
	} else {
		snprintf(run->by, sizeof run->by, "resolverd at %s", path);
		error = ask_agent(path, &request, run->result, why, max);
		if (error == -MAP_ENOAGENT && o->socket == NULL) {
			snprintf(run->not_by, sizeof run->not_by, "%.*s",
			    (int)sizeof run->not_by - 1, why);
			error = run_ask_self(run, &request, why, max);
			if (error != 0)
				why_append(
				    why, max, "; and resolverd is not there: ", run->not_by);
		}
	}
	run->elapsed_ms = (uint32_t)(loop_now_ms() - start);
	return error;
}

/* The server whose signatures are shown: @SERVER, else the system's first. */
static int
chain_server(const struct run *run, struct addr *out, char *why, size_t max)
{
	FILE *file;
	char line[256];
	int error = -MAP_ENOTFOUND;

	if (run->servers.n > 0)
		return addr_scan(run->servers.list[0], 53, out);
	file = fopen("/etc/resolv.conf", "re");
	while (file != NULL && error != 0 && fgets(line, sizeof line, file) != NULL) {
		char *word = line + strcspn(line, " \t");

		if (strncmp(line, "nameserver", 10) != 0 || word != line + 10)
			continue;
		word += strspn(word, " \t");
		word[strcspn(word, " \t\n")] = '\0';
		error = addr_scan(word, 53, out);
	}
	if (file != NULL)
		fclose(file);
	if (error != 0)
		snprintf(why, max, "+chain: no server to ask; expected @SERVER");
	return error == 0 ? 0 : -MAP_EUSAGE;
}

static int
run_extras(struct run *run, uint64_t now, char *why, size_t max)
{
	struct addr server;
	int error = 0;

	if (run->options.chain) {
		error = chain_server(run, &server, why, max);
		if (error == 0)
			error = chain_ask(&server, run->result, now, &run->chain);
	}
	if (error == 0 && run->options.probe != 0)
		error = probe_all(run->result, run->options.probe, &run->probes);
	return error;
}

static int
run_show(const struct run *run, uint64_t now)
{
	const struct options *o = &run->options;
	struct report report = {.input = &run->input,
	    .result = run->result,
	    .by = run->by,
	    .not_by = run->not_by,
	    .elapsed_ms = run->elapsed_ms,
	    .now = now,
	    .show_why = o->why,
	    .show_pairs = o->pairs,
	    .probe_port = o->probe,
	    .probes = run->probes,
	    .chain = run->chain};
	struct page page = {
	    .color = o->color, .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
	int status = outcome_exit(&run->input, run->result);

	if (o->json)
		document_put(&report, &page);
	else if (o->is_short)
		brief_put(&report, &page);
	else
		story_put(&report, &page);
	if (o->is_short && !o->json && run->result->error != 0)
		fprintf(stderr, "mapdig: error: %s: %s%s%s\n", run->input.text,
		    error_text(run->result->error), run->result->why[0] != '\0' ? ": " : "",
		    run->result->why);
	return page_write(&page) == 0 ? status : EXIT_INTERNAL;
}

/* 0 and everything known, or the error with why. */
static int
run_look_up(struct run *run, uint64_t now, char *why, size_t max)
{
	const struct options *o = &run->options;
	const char *input_why = "";
	char text[OPTION_TEXT];
	int error = ask_servers_read(o, &run->servers, why, max);

	if (error == 0 && o->realms != NULL && access(o->realms, R_OK) != 0) {
		snprintf(why, max, "-r: %s: %s; expected a table of realms, see realms.yaml(5)",
		    o->realms, strerror(errno));
		return -MAP_ECONFIG;
	}
	if (error == 0)
		error = realms_load(
		    o->realms != NULL ? o->realms : SYSCONFDIR "/eidmap/realms.yaml",
		    &run->realms, &run->n_realms, why, max);
	if (error != 0)
		return error;
	error = input_scan(o->input, run->realms, run->n_realms, now, &run->input, &input_why);
	if (error != 0) {
		snprintf(why, max, "%s: %s", option_short(o->input, text), input_why);
		return error;
	}
	run->result = calloc(1, sizeof *run->result);
	if (run->result == NULL)
		return -MAP_ENOMEM;
	error = run_ask(run, why, max);
	return error == 0 ? run_extras(run, now, why, max) : error;
}

int
mapdig_run(int argc, char *const *argv)
{
	static struct run run;
	const char *no_color = getenv("NO_COLOR");
	bool color = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
	uint64_t now = clock_seconds();
	char why[CONF_MESSAGE] = "";
	int error;
	int status;

	setlocale(LC_CTYPE, "");
	diag_init("mapdig", DIAG_WARN);
	memset(&run, 0, sizeof run);
	error = options_parse(argc, argv, color, &run.options, why, sizeof why);
	if (error == 0 && run.options.help) {
		options_help(stdout);
		return 0;
	}
	if (error == 0 && run.options.version) {
		version_print(stdout);
		return 0;
	}
	if (error == 0)
		error = run_look_up(&run, now, why, sizeof why);
	status = error == 0 ? run_show(&run, now) : run_fail(&run, error, why);
	free(run.realms);
	free(run.result);
	free(run.probes);
	free(run.chain);
	return status;
}
