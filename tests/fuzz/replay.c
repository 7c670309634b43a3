/*
 * replay.c - main of a fuzz target that is built without libFuzzer: gives it every file of its
 * corpus, or those named on the command line, each also cut short at every octet and with a bit
 * of each octet flipped. The file "found" is many inputs, each behind two octets of length: what libFuzzer found
 * to reach something new (pack.py).
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define INPUT_MAX (1024 * 1024)
#define CUTS_MAX 4096 /* longer inputs are not cut: that is quadratic */
#define FLIPS_MAX 512 /* octets that are changed, one by one */

/* Gives a copy of its exact size, so that sanitizers see one octet too far. */
static void
octets_give(const uint8_t *data, size_t n)
{
	uint8_t *input = malloc(n + (n == 0));

	if (input == NULL)
		abort();
	memcpy(input, data, n);
	LLVMFuzzerTestOneInput(input, n);
	free(input);
}

/* One bit of each octet, a different one from octet to octet: all of them would take too long. */
static void
bits_flip(uint8_t *data, size_t n)
{
	size_t octets = n < FLIPS_MAX ? n : FLIPS_MAX;

	for (size_t i = 0; i < octets; i++) {
		data[i] ^= (uint8_t)(1U << i % 8);
		octets_give(data, n);
		data[i] ^= (uint8_t)(1U << i % 8);
	}
}

static bool
is_pack(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && strcmp(slash, "/found") == 0;
}

static void
pack_replay(const uint8_t *data, size_t n)
{
	while (n >= 2) {
		size_t input = (size_t)data[0] << 8 | data[1];

		if (input > n - 2)
			abort();
		octets_give(data + 2, input);
		data += 2 + input;
		n -= 2 + input;
	}
}

static int
file_replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_MAX);
	size_t n = 0;
	int failed = file == NULL || data == NULL;

	if (!failed) {
		n = fread(data, 1, INPUT_MAX, file);
		failed = ferror(file) != 0;
	}
	if (!failed && is_pack(path))
		pack_replay(data, n);
	else
		for (size_t cut = n <= CUTS_MAX ? 0 : n; !failed && cut <= n; cut++)
			octets_give(data, cut);
	if (!failed && n <= CUTS_MAX && !is_pack(path))
		bits_flip(data, n);
	if (file != NULL)
		fclose(file);
	free(data);
	if (failed)
		fprintf(stderr, "%s: cannot be read\n", path);
	return failed;
}

/* Replays a folder; returns how many files, or -1. */
static int
folder_replay(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;
	int files = 0;

	while (dir != NULL && files >= 0 && (e = readdir(dir)) != NULL) {
		char path[2 * PATH_MAX];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		files = file_replay(path) == 0 ? files + 1 : -1;
	}
	if (dir != NULL)
		closedir(dir);
	return files;
}

/* The corpus of "fuzz_message", "lt-fuzz_message" is the folder corpus/message. */
static int
corpus_replay(const char *program)
{
	const char *source = getenv("srcdir"), *name = strstr(program, "fuzz_");
	char folder[PATH_MAX];
	int files;

	while (name != NULL && strstr(name + 1, "fuzz_") != NULL)
		name = strstr(name + 1, "fuzz_");
	snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s",
	    source != NULL ? source : ".", name != NULL ? name + strlen("fuzz_") : "");
	files = folder_replay(folder);
	if (files <= 0)
		fprintf(stderr, "%s: no corpus\n", folder);
	else
		printf("%s: %d inputs\n", folder, files);
	return files <= 0;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2)
		return corpus_replay(argv[0]);
	for (int i = 1; i < argc; i++)
		failed |= file_replay(argv[i]);
	return failed;
}
