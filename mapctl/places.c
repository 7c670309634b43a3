/*
 * places.c - keeps a file and a line for each record, packed: there may be millions.
 * Knows numbers only; what is at a place is the caller's.
 */
#include "mapctl/places.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

struct row {
	uint32_t line;
	uint16_t file; /* index */
};

struct places {
	struct row *rows;
	size_t n, max;
	char **files;
	size_t n_files;
};

struct places *
places_new(void)
{
	return calloc(1, sizeof(struct places));
}

void
places_free(struct places *places)
{
	if (places == NULL)
		return;
	for (size_t i = 0; i < places->n_files; i++)
		free(places->files[i]);
	free(places->files);
	free(places->rows);
	free(places);
}

/* The index of a file's name, which is kept when it is new; -MAP_ENOMEM. */
static int
file_keep(struct places *places, const char *file)
{
	char **grown;

	/* Mostly it is the one before. */
	for (size_t i = places->n_files; i > 0; i--)
		if (strcmp(places->files[i - 1], file) == 0)
			return (int)(i - 1);
	grown = realloc(places->files, (places->n_files + 1) * sizeof grown[0]);
	if (grown == NULL)
		return -MAP_ENOMEM;
	places->files = grown;
	grown[places->n_files] = strdup(file);
	if (grown[places->n_files] == NULL)
		return -MAP_ENOMEM;
	return (int)places->n_files++;
}

int
places_add(struct places *places, const struct zone_place *place)
{
	int file = file_keep(places, place->file);

	if (file < 0)
		return file;
	if (places->n == places->max) {
		size_t max = places->max > 0 ? places->max * 2 : 1024;
		struct row *grown = realloc(places->rows, max * sizeof grown[0]);

		if (grown == NULL)
			return -MAP_ENOMEM;
		places->rows = grown;
		places->max = max;
	}
	places->rows[places->n++] = (struct row){place->line, (uint16_t)file};
	return 0;
}

bool
places_find(const struct places *places, long long n, struct zone_place *out)
{
	if (n < 0 || (unsigned long long)n >= places->n)
		return false;
	out->file = places->files[places->rows[n].file];
	out->line = places->rows[n].line;
	return true;
}
