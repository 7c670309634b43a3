/*
 * option.c - what is wrong with a word of the command line.
 * Knows getopt_long()'s habits; knows no program's options.
 */
#include "core/sys/option.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT 100 /* characters of a word in a message */

const char *
option_short(const char *word, char text[OPTION_TEXT])
{
	if (word[0] == '\0')
		return "\"\"";
	if (strlen(word) <= SHORT)
		return word;
	snprintf(text, OPTION_TEXT, "%.*s...", SHORT - 3, word);
	return text;
}

/* The row that a long option's word names, or begins to name. */
static const struct option *
long_find(const char *word, const struct option *longs)
{
	size_t n = strcspn(word, "=");

	for (; longs != NULL && longs->name != NULL; longs++)
		if (strncmp(longs->name, word, n) == 0 && longs->val == optopt)
			return longs;
	return NULL;
}

char *
option_wrong(int got, char *const *argv, const struct option *longs, char text[OPTION_TEXT])
{
	const char *word = argv[optind - 1];
	bool is_long = strncmp(word, "--", 2) == 0;
	const char *why = "not a known option";
	char begins[OPTION_TEXT], letter[3] = {'-', (char)optopt, '\0'};

	/* A long option that is not known leaves optopt 0; of a row, optopt is the row's value. */
	if (is_long && optopt != 0 && long_find(word + 2, longs) == NULL)
		is_long = false;
	if (got == ':')
		why = "its value is missing";
	else if (is_long && optopt != 0)
		why = "takes no value";
	snprintf(
	    text, OPTION_TEXT, "%s: %s", is_long ? option_short(word, begins) : letter, why);
	return text;
}

const char *
option_path_refusal(const char *word)
{
	if (word[0] == '\0')
		return "an empty word; expected a path";
	return strlen(word) > OPTION_PATH
		   ? "longer than any path; expected at most 4095 characters"
		   : NULL;
}

int
option_descriptor(const char *word)
{
	char *end;
	long n;

	if (word[0] < '0' || word[0] > '9')
		return -1;
	errno = 0;
	n = strtol(word, &end, 10);
	if (*end != '\0' || errno != 0 || n > 1000000 || fcntl((int)n, F_GETFD) < 0)
		return -1;
	return (int)n;
}
