/*
 * realms.c - reads realms.yaml; its options are rows of the schema below.
 */
#include "resolve/realms.h"

#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "core/sys/conf.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

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
    CYAML_FIELD_SEQUENCE("*", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file,
	realms, &row_schema, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, file_fields)};

/* "2001:3f:fe00:a00::/56" with no bit beyond the length. */
static int
prefix_scan(const char *text, struct realm *out)
{
	const char *slash = strchr(text, '/');
	uint64_t length;

	if (slash == NULL || address_scan(text, (size_t)(slash - text), out->prefix) != 0 ||
	    text_decimal_read(slash + 1, strlen(slash + 1), 124, &length) != 0 || length < 16 ||
	    length % 4 != 0)
		return -MAP_ETEXT;
	out->length = (uint8_t)length;
	for (size_t bit = length; bit < 128; bit++)
		if (out->prefix[bit / 8] & 0x80 >> bit % 8)
			return -MAP_ETEXT;
	return 0;
}

static int
row_scan(const struct row *row, struct realm *out, const char *path, char *why, size_t max)
{
	if (prefix_scan(row->prefix, out) != 0) {
		conf_blame(path, row->prefix, "not an identity prefix",
		    "ADDRESS/LENGTH, length 16 to 124 by fours, no bit set beyond it", why,
		    max);
		return -MAP_ECONFIG;
	}
	if (name_scan(row->suffix, strlen(row->suffix), NULL, &out->suffix) != 0) {
		conf_blame(path, row->prefix, "not a suffix", "a domain name", why, max);
		return -MAP_ECONFIG;
	}
	name_fold(&out->suffix);
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
	for (unsigned i = 0; error == 0 && i < file->realms_count; i++)
		error = row_scan(&file->realms[i], &(*out)[(*n)++], path, why, max);
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
