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

/*
 * Loads path by schema. A missing or empty file gives *out = NULL and 0: all defaults. On an error
 * -MAP_ECONFIG, and message holds "FILE:LINE: key: cause; expected ...".
 * *out is freed by conf_free() with the same schema.
 */
int conf_load(const char *path, const struct cyaml_schema_value *schema, void **out, char *message,
    size_t max);
void conf_free(const struct cyaml_schema_value *schema, void *value);

/* Units of files: "300ms", "5s", "2h", "14d" to milliseconds; "64M", "2G" to octets. -MAP_ETEXT */
int conf_time(const char *text, uint64_t *ms);
int conf_size(const char *text, uint64_t *octets);

#endif
