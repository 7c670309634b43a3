/*
 * site.c - commands about the prefix set of a site.
 * Knows their words; what they come to is mapd's.
 */
#include "mapctl/site.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/option.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/text.h"
#include "mapctl/control.h"
#include "mapctl/daemon.h"

/* {"set": SET}; NULL with *status set. */
static json_t *
set_take(struct mapctl *m, int argc, char **argv, const char *words, enum status *status)
{
	struct name set;

	*status = words_check(m, argc - 1, argv + 1, words);
	if (*status == STATUS_DONE)
		*status = name_take(m, "SET", argv[1], &set);
	if (*status != STATUS_DONE)
		return NULL;
	return json_pack("{s:s}", "set", name_print(&set, m->argument));
}

static enum status
path_take(const struct mapctl *m, const char *text, json_t *request)
{
	char shown[OPTION_TEXT];

	if (!path_is_valid((struct bytes){(const uint8_t *)text, strlen(text)}))
		return usage(m,
		    "PATH %s: no path; expected 1 to %d of A-Z a-z 0-9 . _ - as path=... in "
		    "the "
		    "set",
		    option_short(text, shown), PATH_MAX_TEXT - 1);
	json_object_set_new(request, "path", json_string(text));
	return STATUS_DONE;
}

static enum status
site_ask(struct mapctl *m, json_t *request, enum status status)
{
	if (status == STATUS_DONE)
		status = control_ask(m, request);
	else
		json_decref(request);
	return status != STATUS_DONE ? status : control_finish(m);
}

enum status
site_run(struct mapctl *m, int argc, char **argv)
{
	enum status status;
	json_t *request = set_take(m, argc, argv, "SET PATH", &status);

	if (status == STATUS_DONE)
		status = path_take(m, argv[2], request);
	return site_ask(m, request, status);
}

enum status
site_weigh(struct mapctl *m, int argc, char **argv)
{
	char shown[OPTION_TEXT];
	uint64_t weight;
	enum status status;
	json_t *request = set_take(m, argc, argv, "SET PATH WEIGHT", &status);

	if (status == STATUS_DONE)
		status = path_take(m, argv[2], request);
	if (status == STATUS_DONE &&
	    text_decimal_read(argv[3], strlen(argv[3]), UINT16_MAX, &weight) != 0)
		status = usage(m, "WEIGHT %s: no weight; expected a number to 65535",
		    option_short(argv[3], shown));
	if (status == STATUS_DONE)
		json_object_set_new(request, "weight", json_integer((json_int_t)weight));
	return site_ask(m, request, status);
}

enum status
site_show(struct mapctl *m, int argc, char **argv)
{
	enum status status;
	json_t *request = set_take(m, argc, argv, "SET", &status);

	return site_ask(m, request, status);
}

/* "net:2001:db8:a::/48 path isp-a preference 10 weight 60 drained" */
void
site_print(json_t *answer)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "prefixes"), i, row)
	{
		const char *prefix = json_string_value(json_object_get(row, "prefix"));
		const char *path = json_string_value(json_object_get(row, "path"));

		printf("net:%s path %s preference %lld weight %lld%s%s\n",
		    prefix != NULL ? prefix : "?", path != NULL && path[0] != '\0' ? path : "-",
		    (long long)json_integer_value(json_object_get(row, "preference")),
		    (long long)json_integer_value(json_object_get(row, "weight")),
		    json_is_true(json_object_get(row, "backup")) ? " backup" : "",
		    json_is_true(json_object_get(row, "drain")) ? " drained" : "");
	}
}
