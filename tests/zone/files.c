/*
 * files.c - zone files of a test and what comes of reading them.
 */
#include "tests/zone/files.h"

#include <dirent.h>
#include <limits.h>

char folder[64];

int
folder_make(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/eidmap-zone-XXXXXX");
	return mkdtemp(folder) == NULL;
}

int
folder_remove(void **state)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;

	(void)state;
	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			unlink(file_path(e->d_name));
	if (dir != NULL)
		closedir(dir);
	return rmdir(folder);
}

const char *
file_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

void
file_write(const char *name, const char *text)
{
	FILE *file = fopen(file_path(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
line_add(char *lines, const char *line)
{
	size_t n = strlen(lines), more = strlen(line);

	assert_true(n + more < OUTCOME_TEXT);
	memcpy(lines + n, line, more + 1);
}

static int
record_take(void *arg, const struct rr *rr, const struct zone_place *place)
{
	static char line[ZONE_LINE];
	struct outcome *outcome = arg;

	(void)place;
	outcome->records++;
	assert_true(zone_print(rr, line, sizeof line) > 0);
	line_add(outcome->lines, line);
	assert_true(zone_print_plain(rr, line, sizeof line) > 0);
	line_add(outcome->plain, line);
	return 0;
}

/* The folder's name is left out of messages: it is another one each time. */
static void
message_take(void *arg, const char *message)
{
	struct outcome *outcome = arg;
	size_t n = strlen(folder);

	if (strncmp(message, folder, n) == 0)
		message += n + 1;
	line_add(outcome->messages, message);
	line_add(outcome->messages, "\n");
}

static void
warning_take(void *arg, const char *message)
{
	struct outcome *outcome = arg;
	size_t n = strlen(folder);

	if (strncmp(message, folder, n) == 0)
		message += n + 1;
	line_add(outcome->warnings, message);
	line_add(outcome->warnings, "\n");
}

const struct outcome *
file_read(const char *name, const struct zone_options *options)
{
	static struct outcome outcome;
	struct zone_options with = options != NULL ? *options : (struct zone_options){0};
	struct name apex;

	memset(&outcome, 0, sizeof outcome);
	assert_int_equal(name_from("example.org", &apex), 0);
	with.warning = warning_take;
	with.warning_arg = &outcome;
	outcome.error = zone_read(
	    file_path(name), &apex, &with, record_take, &outcome, message_take, &outcome);
	return &outcome;
}

const struct outcome *
text_read(const char *text)
{
	char all[OUTCOME_TEXT];

	snprintf(all, sizeof all,
	    "$TTL 300\n"
	    "@ SOA ns root 1 3600 600 86400 60\n"
	    "@ NS ns\n"
	    "ns A 192.0.2.53\n"
	    "%s",
	    text);
	file_write("z", all);
	return file_read("z", NULL);
}
