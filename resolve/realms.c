/*
 * realms.c - reads realms.yaml; its options are rows of the schema below.
 */
#include "resolve/realms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "core/sys/conf.h"
#include "core/wire/errors.h"

struct row {
	char *prefix;
	char *suffix;
};

struct file {
	struct row *realms;
	unsigned realms_count;
};

static const cyaml_schema_field_t row_fields[] = {
    CYAML_FIELD_STRING_PTR(
	"prefix", CYAML_FLAG_POINTER, struct row, prefix, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR(
	"suffix", CYAML_FLAG_POINTER, struct row, suffix, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_value_t row_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct row, row_fields)};

static const cyaml_schema_field_t file_fields[] = {
    /* the file's own mapping: PREFIX: SUFFIX */
    CYAML_FIELD_SEQUENCE(
	"*", CYAML_FLAG_POINTER, struct file, realms, &row_schema, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, file_fields)};

static int
row_scan(const struct row *row, struct realm *out, const char *path, char *why, size_t max)
{
	char text[64 + NAME_TEXT];
	const char *cause = NULL;
	int n = snprintf(text, sizeof text, "%s=%s", row->prefix, row->suffix);

	if (n > 0 && (size_t)n < sizeof text && realm_scan(text, out, &cause) == 0)
		return 0;
	conf_blame(path, row->prefix, cause != NULL ? cause : "too long",
	    "PREFIX/LENGTH: SUFFIX, length 16 to 124 by fours", why, max);
	return -MAP_ECONFIG;
}

/* Two rows for one prefix: which one counts would be chance. */
static int
row_check(const struct file *file, const struct realm *rows, size_t i, const char *path,
    char *why, size_t max)
{
	for (size_t k = 0; k < i; k++)
		if (rows[k].length == rows[i].length &&
		    memcmp(rows[k].prefix, rows[i].prefix, sizeof rows[i].prefix) == 0) {
			conf_blame(path, file->realms[i].prefix, "the same prefix twice",
			    "each prefix once", why, max);
			return -MAP_ECONFIG;
		}
	return 0;
}

int
realms_load(const char *path, struct realm **out, size_t *n, char *why, size_t max)
{
	struct file *file = NULL;
	void *loaded = NULL;
	int error = conf_load(path, &file_schema, &loaded, why, max);

	*out = NULL;
	*n = 0;
	file = loaded;
	if (error != 0 || file == NULL)
		return error;
	*out = calloc((size_t)file->realms_count + 1, sizeof **out);
	if (*out == NULL)
		error = -MAP_ENOMEM;
	for (unsigned i = 0; error == 0 && i < file->realms_count; i++) {
		error = row_scan(&file->realms[i], &(*out)[(*n)++], path, why, max);
		if (error == 0)
			error = row_check(file, *out, i, path, why, max);
	}
	if (error != 0) {
		free(*out);
		*out = NULL;
		*n = 0;
	}
	conf_free(&file_schema, file);
	return error;
}

const struct realm *
realms_find(const struct realm *rows, size_t n, const struct eid *id)
{
	const struct realm *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (realm_covers(&rows[i], id) &&
		    (best == NULL || rows[i].length > best->length))
			best = &rows[i];
	return best;
}
