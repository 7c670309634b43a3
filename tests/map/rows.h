/*
 * rows.h - rows of a vector file: "verb | field | field"; # and empty lines are skipped.
 */
#ifndef TESTS_MAP_ROWS_H
#define TESTS_MAP_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "core/wire/eid.h"

#define ROW_FIELDS 8

struct row {
	const char *verb;
	size_t n;
	const char *field[ROW_FIELDS];
	unsigned line;
};

typedef void row_fn(const struct row *row);

/* Calls fn for each row of file whose verb is verb; returns how many there were. */
unsigned rows_each(const char *file, const char *verb, row_fn *fn);
/* Octets of hex digits; fails the test where they are none. */
struct bytes row_hex(const char *hex, uint8_t *to, size_t max);
/* What follows fails the test where text is not what it should be. */
unsigned row_number(const char *text);
struct eid row_identity(const char *text);
struct name row_name(const char *text);
/* The words of text, as a zone file's lexer would cut them. */
size_t row_words(char *text, char *words[16]);

#endif
