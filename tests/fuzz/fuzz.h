/*
 * fuzz.h - what every fuzz target shares.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Holds in every build: an input that breaks it is a finding. */
#define HOLDS(condition)                                                                  \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
			    #condition);                                                  \
			abort();                                                          \
		}                                                                         \
	} while (0)

/* The words of text, cut at blanks in place. */
static inline size_t
fuzz_words(char *text, char **words, size_t max)
{
	char *rest = NULL;
	size_t n = 0;

	for (char *p = strtok_r(text, " ", &rest); p != NULL && n < max;
	     p = strtok_r(NULL, " ", &rest))
		words[n++] = p;
	return n;
}

#endif
