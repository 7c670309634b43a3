/*
 * test_cases.c - runs the case files in memory: each question of each is one thing that must hold.
 * The same over sockets: tests/interop/cases.sh.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mapd/case.h"
#include "tests/mapd/world.h"

static bool
server_zone(void *arg, const char *apex, const char *path, const char *denial)
{
	uint8_t value = 0;

	if (denial != NULL)
		value = strcmp(denial, "nsec") == 0 ? DENIAL_NSEC : DENIAL_NSEC3;
	return world_load(arg, apex, path, value);
}

static bool
server_prefix(void *arg, const char *apex, const char *address, unsigned length)
{
	return world_prefix(arg, apex, address, (uint8_t)length);
}

static bool
server_configured(void *arg, const char *apex)
{
	return world_configure(arg, apex);
}

static bool
server_said(void *arg, const char *version, const char *identity)
{
	world_say(arg, version, identity);
	return true;
}

static size_t
server_ask(void *arg, enum transport transport, struct bytes wire, uint8_t *out)
{
	return world_ask(arg, transport, wire, out);
}

static int
file_run(const char *path, unsigned *questions)
{
	struct case_server server = {world_new(), server_zone, server_prefix, server_configured,
	    server_said, server_ask};
	int failures = server.arg != NULL ? case_run(path, &server, questions) : -1;

	world_free(server.arg);
	if (failures != 0)
		fprintf(stderr, "%s: %d questions failed\n", path, failures);
	return failures != 0;
}

static int
is_case(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && strcmp(dot, ".case") == 0;
}

int
main(int argc, char **argv)
{
	const char *source = getenv("srcdir");
	char folder[512], path[1024];
	struct dirent **files = NULL;
	unsigned questions = 0;
	int failed = 0, n = 0;

	snprintf(folder, sizeof(folder), "%s/tests/cases", source != NULL ? source : ".");
	if (argc < 2 && (n = scandir(folder, &files, is_case, alphasort)) <= 0) {
		fprintf(stderr, "%s: no case files\n", folder);
		return 1;
	}
	for (int i = 1; i < argc; i++)
		failed += file_run(argv[i], &questions);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]->d_name);
		failed += file_run(path, &questions);
		free(files[i]);
	}
	free(files);
	printf("%u questions, %d files failed\n", questions, failed);
	return failed > 0 || questions == 0;
}
