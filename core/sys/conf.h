/*
 * conf.h - configuration files: YAML through libcyaml, with messages an operator can use.
 * Each program has a table of its schema in its own conf.c; defaults and help stand in it.
 */
#ifndef SYS_CONF_H
#define SYS_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cyaml_schema_value;

#define CONF_MESSAGE 8192 /* octets for a message: paths, keys and values may be long */

/*
 * Loads path by schema, a CYAML_VALUE_MAPPING with CYAML_FLAG_POINTER. A missing or empty file gives
 * *out = NULL and 0: all defaults. On an error -MAP_ECONFIG, and message holds
 * "FILE:LINE: KEY/KEY: cause; expected ...". *out is freed by conf_free() with the same schema.
 *
 * Besides what libcyaml knows:
 * - where the schema has a sequence of mappings, the file may have a mapping, whose keys go to the
 *   first field of each entry: "zones: {NAME: {prefix: P}}" loads as [{name: NAME, prefix: P}]. If
 *   the value is no mapping, it goes to the second field: "stubs: {ZONE: [A, B]}" loads as
 *   [{zone: ZONE, servers: [A, B]}], "PREFIX: SUFFIX" as {prefix: PREFIX, suffix: SUFFIX}.
 * - a top-level schema whose only field has the key "*" takes the file's own top-level mapping.
 * - an empty value of an optional mapping or sequence is as if the key were not there.
 */
int conf_load(const char *path, const struct cyaml_schema_value *schema, void **out, char *message,
    size_t max);
void conf_free(const struct cyaml_schema_value *schema, void *value); /* NULL value allowed */

/* A configuration that was asked for by name must be there: 0, or -MAP_ECONFIG with a message. */
int conf_require(const char *path, char *message, size_t max);

/*
 * The same message for a value that libcyaml took and the program refuses. key is a path as in
 * conf_load()'s messages: "listen/0" (counted from 0), "zones/example.org/prefix" (also where the
 * zones are a list). Of a key that the file does not have, the line is that of the next one above it.
 */
void conf_blame(const char *path, const char *key, const char *cause, const char *expected,
    char *message, size_t max);

/* Units of files: "300ms", "5s", "10m", "2h", "14d" to milliseconds; "512B", "64K", "64M", "2G",
 * "1T" to octets. A number without its unit: -MAP_ETEXT */
int conf_time(const char *text, uint64_t *ms);
int conf_size(const char *text, uint64_t *octets);

#endif
