/*
 * conf.c - configuration files: read as YAML, held against the schema, then loaded by libcyaml.
 * Knows no program's keys.
 */
#include "core/sys/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cyaml/cyaml.h>
#include <yaml.h>

#include "core/sys/walk.h"
#include "core/wire/errors.h"

#define CONF_MAX (4u << 20) /* octets of a file */

/* The whole file, to be freed. NULL with message "" if there is none. */
static char *
file_read(const char *path, size_t *n, char *message, size_t max)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;

	message[0] = '\0';
	if (file == NULL) {
		if (errno != ENOENT)
			snprintf(message, max,
			    "%s: cannot be opened: %s; expected a configuration file", path,
			    strerror(errno));
		return NULL;
	}
	text = malloc(CONF_MAX + 1);
	errno = 0;
	*n = text != NULL ? fread(text, 1, CONF_MAX + 1, file) : 0;
	if (text == NULL || ferror(file) || *n > CONF_MAX) {
		snprintf(message, max, "%s: cannot be read: %s; expected a configuration file",
		    path, *n > CONF_MAX ? "larger than 4M" : strerror(errno));
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

static int
syntax_fail(const char *path, const yaml_parser_t *parser, char *message, size_t max)
{
	snprintf(message, max,
	    "%s:%zu: not YAML: %s; expected \"key: value\", indented by spaces", path,
	    parser->problem_mark.line + 1,
	    parser->problem != NULL ? parser->problem : "cannot be parsed");
	return -MAP_ECONFIG;
}

/* 0, and *root NULL if there is nothing in it. The document is deleted by the caller. */
static int
document_read(const char *path, const char *text, size_t n, yaml_document_t *document,
    char *message, size_t max)
{
	yaml_parser_t parser;
	yaml_document_t second;
	int error = 0;

	memset(document, 0, sizeof *document);
	if (yaml_parser_initialize(&parser) != 1) {
		snprintf(message, max, "%s: out of memory", path);
		return -MAP_ENOMEM;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	if (yaml_parser_load(&parser, document) != 1) {
		error = syntax_fail(path, &parser, message, max);
	} else if (yaml_document_get_root_node(document) != NULL) {
		if (yaml_parser_load(&parser, &second) != 1) {
			error = syntax_fail(path, &parser, message, max);
		} else {
			if (yaml_document_get_root_node(&second) != NULL) {
				snprintf(message, max,
				    "%s:%zu: a second document; expected one", path,
				    second.start_mark.line + 1);
				error = -MAP_ECONFIG;
			}
			yaml_document_delete(&second);
		}
	}
	yaml_parser_delete(&parser);
	return error;
}

static const cyaml_config_t *
conf_cyaml(void)
{
	static const cyaml_config_t config = {
	    .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};

	return &config;
}

static int
conf_convert(struct walk *walk, const yaml_node_t *root,
    const struct cyaml_schema_value *schema, void **out)
{
	cyaml_err_t result;

	walk_document(walk, root, schema);
	if (walk->error != 0)
		return walk->error;
	result = cyaml_load_data(
	    (const uint8_t *)walk->text, walk->n, conf_cyaml(), schema, out, NULL);
	if (result == CYAML_OK)
		return 0;
	*out = NULL;
	snprintf(walk->message, walk->max, "%s: cannot be loaded: %s", walk->file,
	    cyaml_strerror(result));
	return -MAP_ECONFIG;
}

int
conf_load(const char *path, const struct cyaml_schema_value *schema, void **out, char *message,
    size_t max)
{
	struct walk walk = {.file = path, .message = message, .max = max};
	yaml_document_t document;
	yaml_node_t *root;
	size_t n = 0;
	char *text = file_read(path, &n, message, max);
	int error;

	*out = NULL;
	if (text == NULL)
		return message[0] != '\0' ? -MAP_ECONFIG : 0;
	error = document_read(path, text, n, &document, message, max);
	root = error == 0 ? yaml_document_get_root_node(&document) : NULL;
	if (root != NULL && !walk_is_empty(root)) {
		walk.document = &document;
		error = conf_convert(&walk, root, schema, out);
	}
	yaml_document_delete(&document);
	free(walk.text);
	free(text);
	return error;
}

int
conf_require(const char *path, char *message, size_t max)
{
	if (access(path, R_OK) == 0)
		return 0;
	snprintf(message, max, "%s: %s; expected a configuration file", path, strerror(errno));
	return -MAP_ECONFIG;
}

void
conf_free(const struct cyaml_schema_value *schema, void *value)
{
	if (value != NULL)
		cyaml_free(conf_cyaml(), schema, value, 0);
}

static bool
node_is(const yaml_node_t *node, const char *text, size_t n)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.length == n &&
	       memcmp(node->data.scalar.value, text, n) == 0;
}

/* The pair of a mapping whose key (or, where value is set, value) is part. */
static const yaml_node_pair_t *
pair_find(
    yaml_document_t *document, const yaml_node_t *node, const char *part, size_t n, bool value)
{
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start;

	for (; pair < node->data.mapping.pairs.top; pair++)
		if (node_is(yaml_document_get_node(document, value ? pair->value : pair->key),
			part, n))
			return pair;
	return NULL;
}

/* The entry of a list: by its number, else the one that says what its key would be. */
static const yaml_node_t *
item_below(yaml_document_t *document, const yaml_node_t *node, const char *part, size_t n)
{
	const yaml_node_item_t *items = node->data.sequence.items.start;
	long count = node->data.sequence.items.top - items;
	bool number = strspn(part, "0123456789") >= n && n < 10;
	long index = number ? strtol(part, NULL, 10) : 0;

	if (number)
		return index < count ? yaml_document_get_node(document, items[index]) : NULL;
	for (; index < count; index++) {
		const yaml_node_t *item = yaml_document_get_node(document, items[index]);

		if (item->type == YAML_MAPPING_NODE &&
		    pair_find(document, item, part, n, true) != NULL)
			return item;
	}
	return NULL;
}

/* The child of node under one part of a path, or NULL. *line is moved to the key's. */
static const yaml_node_t *
node_below(yaml_document_t *document, const yaml_node_t *node, const char *part, size_t n,
    size_t *line)
{
	const yaml_node_pair_t *pair;

	if (node->type == YAML_SEQUENCE_NODE) {
		node = item_below(document, node, part, n);
		if (node != NULL)
			*line = node->start_mark.line;
		return node;
	}
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	pair = pair_find(document, node, part, n, false);
	if (pair == NULL)
		return NULL;
	*line = yaml_document_get_node(document, pair->key)->start_mark.line;
	return yaml_document_get_node(document, pair->value);
}

/* The length of what stands before the last slash of the first n octets; 0: there is none. */
static size_t
part_shorten(const char *key, size_t n)
{
	while (n > 0 && key[n - 1] != '/')
		n--;
	return n > 0 ? n - 1 : 0;
}

/* The line, from 0, of the last part of key that the file has. */
static size_t
document_line(yaml_document_t *document, const char *key)
{
	const yaml_node_t *node = yaml_document_get_root_node(document);
	size_t line = 0;

	while (node != NULL && *key != '\0') {
		const yaml_node_t *below = NULL;
		size_t n = strlen(key);

		/* A key may itself have slashes (a prefix, a zone of RFC 2317): the longest
		 * that is there. */
		for (; n > 0 && below == NULL; n = below == NULL ? part_shorten(key, n) : n)
			below = node_below(document, node, key, n, &line);
		node = below;
		key += n + (key[n] == '/' ? 1 : 0);
	}
	return line;
}

void
conf_blame(const char *path, const char *key, const char *cause, const char *expected,
    char *message, size_t max)
{
	yaml_document_t document;
	size_t n = 0;
	size_t line = 0;
	char *text = file_read(path, &n, message, max);

	if (text != NULL && document_read(path, text, n, &document, message, max) == 0) {
		line = document_line(&document, key);
		yaml_document_delete(&document);
	}
	free(text);
	snprintf(
	    message, max, "%s:%zu: %s: %s; expected %s", path, line + 1, key, cause, expected);
}

struct unit {
	const char *word;
	uint64_t factor;
};

static int
unit_scan(const char *text, const struct unit *units, size_t n, uint64_t *out)
{
	uint64_t value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -MAP_ETEXT;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0)
		return -MAP_ETEXT;
	for (size_t i = 0; i < n; i++)
		if (strcmp(end, units[i].word) == 0) {
			if (value > UINT64_MAX / units[i].factor)
				return -MAP_ETEXT;
			*out = value * units[i].factor;
			return 0;
		}
	return -MAP_ETEXT;
}

int
conf_time(const char *text, uint64_t *ms)
{
	static const struct unit units[] = {
	    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

	return unit_scan(text, units, sizeof units / sizeof units[0], ms);
}

int
conf_size(const char *text, uint64_t *octets)
{
	static const struct unit units[] = {
	    {"B", 1}, {"K", 1u << 10}, {"M", 1u << 20}, {"G", 1u << 30}, {"T", 1ull << 40}};

	return unit_scan(text, units, sizeof units / sizeof units[0], octets);
}
