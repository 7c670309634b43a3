/*
 * errors.c - the texts of the project's errors.
 */
#include "core/wire/errors.h"

#include <stddef.h>

struct error_row {
	int number;
	const char *name;
	const char *text;
};

static const struct error_row error_rows[] = {
#define X(name, number, text) {number, #name, text},
#include "core/wire/errors.def"
#undef X
};

static const struct error_row *
error_find(int error)
{
	int number = error < 0 ? -error : error;

	for (size_t i = 0; i < sizeof error_rows / sizeof error_rows[0]; i++)
		if (error_rows[i].number == number)
			return &error_rows[i];
	return NULL;
}

const char *
error_text(int error)
{
	const struct error_row *row = error_find(error);

	if (error == 0)
		return "no error";
	return row != NULL ? row->text : "unknown error";
}

const char *
error_name(int error)
{
	const struct error_row *row = error_find(error);

	return row != NULL ? row->name : "MAP_OK";
}
