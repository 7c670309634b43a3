/*
 * source.c - splits a zone file into entries of words; knows no directive, type or name.
 */
#include "core/zone/source.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

struct source {
	FILE *file;
	unsigned line; /* of the next character */
	unsigned depth; /* open parentheses */
	unsigned opened_at; /* line of the first of them */
	bool blank;
	bool any; /* something of this entry was read */
	const char *why;
	char *text; /* the words, each ended by NUL */
	size_t n, max;
	size_t *starts; /* of the words in text */
	size_t words, words_max;
	char **pointers; /* what the entry gets */
	size_t pointers_max;
};

struct source *
source_new(FILE *file)
{
	struct source *s = calloc(1, sizeof *s);

	if (s == NULL) {
		fclose(file);
		return NULL;
	}
	s->file = file;
	s->line = 1;
	return s;
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	fclose(s->file);
	free(s->text);
	free(s->starts);
	free(s->pointers);
	free(s);
}

static int
source_get(struct source *s)
{
	int c = getc_unlocked(s->file);

	if (c == '\n')
		s->line++;
	return c;
}

/* Lets the next source_get() give c again. */
static void
source_unget(struct source *s, int c)
{
	if (c == EOF)
		return;
	if (c == '\n')
		s->line--;
	ungetc(c, s->file);
}

static int
source_wrong(struct source *s, const char *why)
{
	s->why = why;
	return -MAP_ETEXT;
}

/* Makes room for one more of what *array holds. */
static int
array_grow(void *array, size_t n, size_t *max, size_t size)
{
	size_t want = *max > 0 ? *max * 2 : 64;
	void **p = array, *grown;

	if (n < *max)
		return 0;
	grown = realloc(*p, want * size);
	if (grown == NULL)
		return -MAP_ENOMEM;
	*p = grown;
	*max = want;
	return 0;
}

static int
text_add(struct source *s, int c)
{
	int error = array_grow(&s->text, s->n, &s->max, 1);

	if (error != 0)
		return error;
	if (s->n >= ENTRY_MAX)
		return source_wrong(s, "the record is too long");
	s->text[s->n++] = (char)c;
	return 0;
}

/* Adds the character behind a backslash. */
static int
escape_add(struct source *s)
{
	int c = source_get(s);

	if (c == EOF || c == '\n') {
		source_unget(s, c);
		return source_wrong(s, "a backslash at the end of the line");
	}
	return c == '\0' ? source_wrong(s, "an octet 0 in the file") : text_add(s, c);
}

/* Adds what is between quotes, and the closing one; the opening one is added. */
static int
quoted_add(struct source *s)
{
	int error = 0;

	while (error == 0) {
		int c = source_get(s);

		if (c == EOF || c == '\n') {
			source_unget(s, c);
			return source_wrong(
			    s, "a quoted string that is not closed on its line");
		}
		if (c == '\0')
			return source_wrong(s, "an octet 0 in the file");
		error = text_add(s, c);
		if (error == 0 && c == '\\')
			error = escape_add(s);
		if (c == '"')
			break;
	}
	return error;
}

static bool
ends_word(int c)
{
	/* of each character of a file: a call of strchr() took a sixth of reading it */
	static const bool ends[256] = {[' '] = true,
	    ['\t'] = true,
	    ['\r'] = true,
	    ['\n'] = true,
	    [';'] = true,
	    ['('] = true,
	    [')'] = true,
	    ['\0'] = true};

	return c == EOF || ends[c];
}

/* Reads the word that begins with c. */
static int
word_add(struct source *s, int c)
{
	bool quoted = c == '"';
	int error = array_grow(&s->starts, s->words, &s->words_max, sizeof s->starts[0]);

	if (error != 0)
		return error;
	s->starts[s->words++] = s->n;
	do {
		if (c == '\0')
			return source_wrong(s, "an octet 0 in the file");
		error = text_add(s, c);
		if (error == 0 && c == '\\')
			error = escape_add(s);
		if (error == 0 && c == '"')
			error = quoted_add(s);
		if (error != 0)
			return error;
		c = source_get(s);
	} while (!quoted && (c == '\0' || !ends_word(c)));
	source_unget(s, c);
	return text_add(s, '\0');
}

static void
line_skip(struct source *s)
{
	int c;

	do
		c = source_get(s);
	while (c != EOF && c != '\n');
	source_unget(s, c);
}

static int
parenthesis_take(struct source *s, int c)
{
	if (c == '(') {
		if (s->depth++ == 0)
			s->opened_at = s->line;
		return 0;
	}
	if (s->depth == 0)
		return source_wrong(s, "a closing parenthesis that was not opened");
	s->depth--;
	return 0;
}

/* Collects words to the end of the entry: 1, 0 at the end of the file, or an error. */
static int
entry_collect(struct source *s, struct entry *entry)
{
	int error = 0;

	while (error == 0) {
		unsigned line = s->line;
		int c = source_get(s);

		if (c == EOF)
			break;
		if (c == '\n' && s->depth == 0) {
			if (s->words > 0)
				return 1;
			s->any = false;
			s->blank = false;
			continue;
		}
		if (!s->any) {
			s->any = true;
			s->blank = c == ' ' || c == '\t';
			entry->line = line;
		}
		if (c == '(' || c == ')')
			error = parenthesis_take(s, c);
		else if (c == ';')
			line_skip(s);
		else if (c == '\0' || !ends_word(c))
			error = word_add(s, c);
	}
	if (error == 0 && s->depth > 0) {
		entry->line = s->opened_at;
		return source_wrong(s, "a parenthesis that is never closed");
	}
	if (error == 0 && ferror(s->file) != 0)
		return -MAP_ESYS;
	return error != 0 ? error : s->words > 0;
}

/* The words do not move any more: points to them. */
static int
entry_point(struct source *s, struct entry *entry)
{
	if (s->words > s->pointers_max) {
		char **grown = realloc(s->pointers, s->words_max * sizeof grown[0]);

		if (grown == NULL)
			return -MAP_ENOMEM;
		s->pointers = grown;
		s->pointers_max = s->words_max;
	}
	for (size_t i = 0; i < s->words; i++)
		s->pointers[i] = s->text + s->starts[i];
	entry->words = s->pointers;
	entry->n = s->words;
	entry->blank = s->blank;
	return 1;
}

int
source_next(struct source *s, struct entry *entry)
{
	int got;

	s->n = s->words = s->depth = 0;
	s->any = s->blank = false;
	s->why = NULL;
	*entry = (struct entry){.line = s->line};
	got = entry_collect(s, entry);
	if (got == 1)
		return entry_point(s, entry);
	entry->why = s->why;
	if (got == -MAP_ETEXT)
		line_skip(s);
	return got;
}
