/*
 * key.c - commands about the keys of a zone that take more than its name.
 * Knows their words and options; what they come to is mapd's.
 */
#include "mapctl/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/sys/conf.h"
#include "core/sys/crypto.h"
#include "core/sys/option.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "mapctl/control.h"
#include "mapctl/daemon.h"

#define KEY_TEXT 4096 /* octets of a key file */
#define TTL_MOST 604800

/* Options that commands about keys have; each row takes those of its letters. */
struct key_options {
	const char *role;
	const char *algorithm;
	uint64_t ttl; /* seconds */
};

static enum status
ttl_take(const struct mapctl *m, const char *text, uint64_t *ttl)
{
	char begins[OPTION_TEXT];
	uint64_t ms;

	if (conf_time(text, &ms) != 0 || ms % 1000 != 0 || ms / 1000 > TTL_MOST || ms == 0)
		return usage(
		    m, "--ttl %s: no such time; expected 1s to 7d", option_short(text, begins));
	*ttl = ms / 1000;
	return STATUS_DONE;
}

static enum status
options_take(struct mapctl *m, int argc, char **argv, const struct option *longs,
    struct key_options *out)
{
	enum status status = STATUS_DONE;
	int option;

	optind = 0;
	opterr = 0;
	while (status == STATUS_DONE &&
	       (option = getopt_long(argc, argv, "+:", longs, NULL)) != -1)
		switch (option) {
		case 'r':
			out->role = optarg;
			break;
		case 'a':
			out->algorithm = optarg;
			break;
		case 't':
			status = ttl_take(m, optarg, &out->ttl);
			break;
		default:
			status = usage_option(m, option, argv, longs);
		}
	return status;
}

/* The request, with the zone in it; words stand behind the options. NULL with *status set. */
static json_t *
request_make(struct mapctl *m, int argc, char **argv, const char *words, enum status *status)
{
	struct name zone;

	m->argument[0] = '\0';
	*status = words_check(m, argc - optind, argv + optind, words);
	if (*status == STATUS_DONE)
		*status = zone_name_scan(m, argv[optind], &zone);
	if (*status != STATUS_DONE)
		return NULL;
	return json_pack("{s:s}", "zone", name_print(&zone, m->argument));
}

/* The same after the options. */
static json_t *
request_take(struct mapctl *m, int argc, char **argv, const struct option *longs,
    struct key_options *options, const char *words, enum status *status)
{
	*status = options_take(m, argc, argv, longs, options);
	return *status == STATUS_DONE ? request_make(m, argc, argv, words, status) : NULL;
}

/* Adds text if there is any, which the daemon judges; false: it is none. */
static bool
request_add(json_t *request, const char *name, const char *text)
{
	return text == NULL || json_object_set_new(request, name, json_string(text)) == 0;
}

static enum status
request_send(struct mapctl *m, json_t *request)
{
	enum status status = control_ask(m, request);

	return status != STATUS_DONE ? status : control_finish(m);
}

enum status
key_generate(struct mapctl *m, int argc, char **argv)
{
	static const struct option longs[] = {{"role", required_argument, NULL, 'r'},
	    {"algorithm", required_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
	struct key_options options = {0};
	enum status status;
	json_t *request = request_take(m, argc, argv, longs, &options, "ZONE", &status);

	if (status != STATUS_DONE)
		return status;
	if (request == NULL || !request_add(request, "role", options.role) ||
	    !request_add(request, "algorithm", options.algorithm)) {
		json_decref(request);
		return usage(m, "an argument is no text");
	}
	return request_send(m, request);
}

static enum status
file_read(const struct mapctl *m, const char *path, char text[KEY_TEXT + 1])
{
	char begins[OPTION_TEXT];
	FILE *file = fopen(path, "re");
	size_t n;
	int cause;

	if (file == NULL)
		return fail(m, STATUS_WRONG, -MAP_ESYS, "%s: %s", option_short(path, begins),
		    strerror(errno));
	n = fread(text, 1, KEY_TEXT, file);
	cause = ferror(file) != 0 ? errno : 0;
	if (cause == 0 && n == KEY_TEXT)
		cause = EFBIG;
	fclose(file);
	text[n] = '\0';
	if (cause != 0)
		return fail(m, STATUS_WRONG, -MAP_ESYS, "%s: %s", option_short(path, begins),
		    strerror(cause));
	if (n == 0 || strlen(text) != n)
		return fail(m, STATUS_WRONG, -MAP_EFORMAT,
		    "%s: no key file (Private-key-format: v1.3)", option_short(path, begins));
	return STATUS_DONE;
}

enum status
key_import(struct mapctl *m, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"role", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	struct key_options options = {0};
	char text[KEY_TEXT + 1];
	enum status status;
	json_t *request = request_take(m, argc, argv, longs, &options, "ZONE FILE", &status);

	if (status == STATUS_DONE)
		status = path_check(m, "FILE", argv[optind + 1]);
	if (status == STATUS_DONE)
		status = file_read(m, argv[optind + 1], text);
	if (status == STATUS_DONE && (!request_add(request, "role", options.role) ||
					 !request_add(request, "text", text)))
		status = fail(m, STATUS_WRONG, -MAP_EFORMAT,
		    "%s: no key file (Private-key-format: v1.3)", argv[optind + 1]);
	if (status != STATUS_DONE)
		json_decref(request);
	else
		status = request_send(m, request);
	crypto_wipe(text, sizeof text);
	return status;
}

enum status
key_roll(struct mapctl *m, int argc, char **argv)
{
	static const struct option longs[] = {{NULL, 0, NULL, 0}};
	struct key_options options = {0};
	enum status status = options_take(m, argc, argv, longs, &options);
	bool what = argc - optind > 1;
	json_t *request = status == STATUS_DONE ? request_make(m, argc, argv,
						      what ? "ZONE WHAT" : "ZONE", &status)
						: NULL;

	if (status != STATUS_DONE)
		return status;
	if (!request_add(request, "what", what ? argv[optind + 1] : NULL)) {
		json_decref(request);
		return usage(m, "an argument is no text");
	}
	return request_send(m, request);
}

enum status
key_seen(struct mapctl *m, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"ttl", required_argument, NULL, 't'}, {NULL, 0, NULL, 0}};
	struct key_options options = {0};
	enum status status;
	json_t *request = request_take(m, argc, argv, longs, &options, "ZONE", &status);

	if (status != STATUS_DONE)
		return status;
	json_object_set_new(request, "ttl", json_integer((json_int_t)options.ttl));
	return request_send(m, request);
}

enum status
key_retire(struct mapctl *m, int argc, char **argv)
{
	static const struct option longs[] = {{NULL, 0, NULL, 0}};
	struct key_options options = {0};
	char begins[OPTION_TEXT];
	enum status status;
	uint64_t tag;
	json_t *request = request_take(m, argc, argv, longs, &options, "ZONE TAG", &status);

	if (status != STATUS_DONE)
		return status;
	if (text_decimal_read(argv[optind + 1], strlen(argv[optind + 1]), UINT16_MAX, &tag) !=
	    0) {
		json_decref(request);
		return usage(m, "%s: no key tag; expected 0 to 65535",
		    option_short(argv[optind + 1], begins));
	}
	json_object_set_new(request, "tag", json_integer((json_int_t)tag));
	return request_send(m, request);
}
