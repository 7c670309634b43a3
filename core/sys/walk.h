/*
 * walk.h - a YAML document held against a schema: what conf.c is made of; nobody else needs it.
 */
#ifndef SYS_WALK_H
#define SYS_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include <yaml.h>

struct cyaml_schema_value;

struct walk {
	const char *file;
	yaml_document_t *document;
	char *text; /* what libcyaml gets, caller frees */
	size_t n;
	size_t size;
	char *message;
	size_t max;
	int error;
};

/*
 * Checks root and what is below by schema, and writes it anew to walk->text as libcyaml reads it.
 * walk->error is 0, or walk->message says where, what, and what was expected.
 */
void walk_document(
    struct walk *walk, const yaml_node_t *root, const struct cyaml_schema_value *schema);
bool walk_is_empty(const yaml_node_t *node); /* nothing, "~" or "null" */

#endif
