/*
 * test_cases.c - runs the case files: each question of each is one thing that must hold.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/mapd/case.h"

int
main(int argc, char **argv)
{
	const char *source = getenv("srcdir");
	char pattern[1024];
	glob_t files = {0};
	unsigned questions = 0;
	int failed = 0;

	snprintf(
	    pattern, sizeof(pattern), "%s/tests/cases/*.case", source != NULL ? source : ".");
	if (argc < 2 && glob(pattern, 0, NULL, &files) != 0) {
		fprintf(stderr, "%s: no case files\n", pattern);
		return 1;
	}
	for (int i = 1; i < argc; i++)
		failed += case_run(argv[i], &questions) != 0;
	for (size_t i = 0; i < files.gl_pathc; i++)
		failed += case_run(files.gl_pathv[i], &questions) != 0;
	printf("%u questions, %d files failed\n", questions, failed);
	globfree(&files);
	return failed > 0 || questions == 0;
}
