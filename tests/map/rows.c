/*
 * rows.c - reads the vector files of the mapping tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/text.h"
#include "tests/map/rows.h"

#define LINE 8192

static void
row_split(char *line, struct row *row)
{
	row->n = 0;
	row->verb = line;
	for (char *bar = strstr(line, " |"); bar != NULL; bar = strstr(line, " |")) {
		assert_true(row->n < ROW_FIELDS);
		*bar = '\0';
		line = bar + 2;
		line += *line == ' ';
		row->field[row->n++] = line;
	}
}

unsigned
rows_each(const char *file, const char *verb, row_fn *fn)
{
	char path[4096], line[LINE];
	struct row row = {.line = 0};
	unsigned count = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", VECTORS, file);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s cannot be opened", path);
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		row.line++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		row_split(line, &row);
		if (strcmp(row.verb, verb) != 0)
			continue;
		count++;
		fn(&row);
	}
	if (f != NULL)
		fclose(f);
	return count;
}

struct bytes
row_hex(const char *hex, uint8_t *to, size_t max)
{
	int n = text_hex_read(hex, strlen(hex), to, max);

	assert_true(n >= 0);
	return (struct bytes){to, (size_t)n};
}

unsigned
row_number(const char *text)
{
	uint64_t v;

	assert_int_equal(text_decimal_read(text, strlen(text), UINT32_MAX, &v), 0);
	return (unsigned)v;
}

struct eid
row_identity(const char *text)
{
	struct eid id;

	assert_int_equal(eid_scan(text, strlen(text), true, &id), 0);
	return id;
}

struct name
row_name(const char *text)
{
	struct name name;

	assert_int_equal(name_from(text, &name), 0);
	return name;
}

size_t
row_words(char *text, char *words[16])
{
	char *rest = NULL;
	size_t n = 0;

	for (char *p = strtok_r(text, " ", &rest); p != NULL && n < 16;
	     p = strtok_r(NULL, " ", &rest))
		words[n++] = p;
	return n;
}
