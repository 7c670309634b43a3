/*
 * walk.c - a YAML document held against a schema, and written anew as libcyaml reads it.
 * libcyaml names neither the line of an unknown key nor what it expected, takes any word as true, and
 * cannot have keys that the user chooses. Knows nothing of files.
 */
#include "core/sys/walk.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "core/wire/errors.h"

#define WALK_KEYS 256 /* characters of a path of keys */
#define WALK_WORDS 400 /* characters of an "expected ..." */

/* Where in the document: the keys down to here. */
struct place {
	const struct place *above;
	const char *key;
};

static void walk_value(struct walk *walk, const yaml_node_t *node,
    const struct cyaml_schema_value *schema, const struct place *place);

static void
place_print(const struct place *place, char *text, size_t max)
{
	const char *parts[16];
	size_t n = 0;
	size_t at = 0;

	for (; place != NULL && n < 16; place = place->above)
		parts[n++] = place->key;
	text[0] = '\0';
	while (n > 0 && at < max) {
		int part = snprintf(text + at, max - at, "%s%s", at > 0 ? "/" : "", parts[--n]);

		at += part > 0 ? (size_t)part : 0;
	}
}

__attribute__((format(printf, 4, 5))) static void
walk_fail(struct walk *walk, const yaml_node_t *node, const struct place *place,
    const char *format, ...)
{
	char keys[WALK_KEYS];
	char cause[WALK_WORDS + 200];
	va_list args;

	if (walk->error != 0)
		return;
	walk->error = -MAP_ECONFIG;
	place_print(place, keys, sizeof keys);
	va_start(args, format);
	vsnprintf(cause, sizeof cause, format, args);
	va_end(args);
	snprintf(walk->message, walk->max, "%s:%zu: %s%s%s", walk->file,
	    node->start_mark.line + 1, keys, keys[0] != '\0' ? ": " : "", cause);
}

static void
walk_put(struct walk *walk, const char *p, size_t n)
{
	if (walk->error != 0)
		return;
	if (walk->size - walk->n < n) {
		size_t size = (walk->size + n) * 2;
		char *text = realloc(walk->text, size);

		if (text == NULL) {
			walk->error = -MAP_ENOMEM;
			snprintf(walk->message, walk->max, "%s: out of memory", walk->file);
			return;
		}
		walk->text = text;
		walk->size = size;
	}
	memcpy(walk->text + walk->n, p, n);
	walk->n += n;
}

static void
walk_word(struct walk *walk, const char *word)
{
	walk_put(walk, word, strlen(word));
}

/* A double-quoted scalar; libyaml has checked that it is UTF-8. */
static void
walk_quote(struct walk *walk, const char *text)
{
	char escaped[8];

	walk_put(walk, "\"", 1);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\' || c < 0x20 || c == 0x7f) {
			snprintf(escaped, sizeof escaped, "\\x%02x", c);
			walk_word(walk, escaped);
		} else {
			walk_put(walk, text, 1);
		}
	}
	walk_put(walk, "\"", 1);
}

static const char *
node_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

bool
walk_is_empty(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE ||
	    node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	text = node_text(node);
	return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static const char *
node_kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_MAPPING_NODE:
		return "keys and values";
	case YAML_SEQUENCE_NODE:
		return "a list";
	default:
		return walk_is_empty(node) ? "nothing" : "a single value";
	}
}

static void
words_put(char *words, const char *word)
{
	size_t n = strlen(words);

	snprintf(words + n, WALK_WORDS - n, "%s%s", n > 0 ? ", " : "", word);
}

static const char *
schema_words(const struct cyaml_schema_value *schema, const struct cyaml_schema_field *skip,
    char words[WALK_WORDS])
{
	words[0] = '\0';
	if (schema->type == CYAML_MAPPING) {
		for (const struct cyaml_schema_field *f = schema->mapping.fields;
		     f->key != NULL; f++)
			if (f != skip)
				words_put(words, f->key);
	} else {
		for (uint32_t i = 0; i < schema->enumeration.count; i++)
			words_put(words, schema->enumeration.strings[i].str);
	}
	return words;
}

static void
walk_bool(struct walk *walk, const yaml_node_t *node, const struct place *place)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	/* libcyaml takes every other word, "off" too, as true. */
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(node_text(node), words[i]) == 0) {
			walk_word(walk, words[i % 2]);
			return;
		}
	walk_fail(
	    walk, node, place, "\"%.64s\" is neither; expected true or false", node_text(node));
}

static void
walk_number(struct walk *walk, const yaml_node_t *node, const struct cyaml_schema_value *schema,
    const struct place *place)
{
	bool is_signed = schema->type == CYAML_INT;
	unsigned bits = schema->data_size * 8 - (is_signed ? 1 : 0);
	unsigned long long most = bits >= 64 ? ULLONG_MAX : (1ULL << bits) - 1;
	const char *text = node_text(node);
	bool minus = is_signed && text[0] == '-';
	const char *digits = text + (minus ? 1 : 0);
	unsigned long long value;
	char decimal[32];
	char *end;

	errno = 0;
	value = strtoull(digits, &end, 10);
	if (digits[0] < '0' || digits[0] > '9' || *end != '\0' || errno != 0 || value > most)
		walk_fail(walk, node, place,
		    "\"%.64s\" is not such a number; expected %s%llu to %llu", text,
		    is_signed ? "-" : "", is_signed ? most : 0, most);
	/* libcyaml takes a leading zero for octal. */
	snprintf(decimal, sizeof decimal, "%s%llu", minus ? "-" : "", value);
	walk_word(walk, decimal);
}

static void
walk_string(struct walk *walk, const yaml_node_t *node, const struct cyaml_schema_value *schema,
    const struct place *place)
{
	size_t n = strlen(node_text(node));

	if (n != node->data.scalar.length)
		walk_fail(walk, node, place, "has a zero octet; expected text");
	else if (n < schema->string.min)
		walk_fail(walk, node, place, "is too short; expected at least %u characters",
		    (unsigned)schema->string.min);
	else if (n > schema->string.max)
		walk_fail(walk, node, place, "is too long; expected at most %u characters",
		    (unsigned)schema->string.max);
	walk_quote(walk, node_text(node));
}

static void
walk_enum(struct walk *walk, const yaml_node_t *node, const struct cyaml_schema_value *schema,
    const struct place *place)
{
	char words[WALK_WORDS];

	for (uint32_t i = 0; i < schema->enumeration.count; i++)
		if (strcmp(schema->enumeration.strings[i].str, node_text(node)) == 0) {
			walk_quote(walk, node_text(node));
			return;
		}
	walk_fail(walk, node, place, "\"%.64s\" is not known; expected one of %s",
	    node_text(node), schema_words(schema, NULL, words));
}

static void
walk_scalar(struct walk *walk, const yaml_node_t *node, const struct cyaml_schema_value *schema,
    const struct place *place)
{
	if (node->type != YAML_SCALAR_NODE || walk_is_empty(node)) {
		walk_fail(
		    walk, node, place, "has %s; expected a single value", node_kind(node));
		return;
	}
	switch (schema->type) {
	case CYAML_BOOL:
		walk_bool(walk, node, place);
		break;
	case CYAML_INT:
	case CYAML_UINT:
		walk_number(walk, node, schema, place);
		break;
	case CYAML_ENUM:
		walk_enum(walk, node, schema, place);
		break;
	case CYAML_STRING:
		walk_string(walk, node, schema, place);
		break;
	default:
		walk_quote(walk, node_text(node));
		break;
	}
}

static const struct cyaml_schema_field *
field_find(const struct cyaml_schema_field *fields, const char *key)
{
	for (; fields->key != NULL; fields++)
		if (strcmp(fields->key, key) == 0)
			return fields;
	return NULL;
}

static const yaml_node_t *
walk_node(const struct walk *walk, int index)
{
	return yaml_document_get_node(walk->document, index);
}

static int
name_compare(const void *a, const void *b)
{
	const yaml_node_t *x = *(const yaml_node_t *const *)a;
	const yaml_node_t *y = *(const yaml_node_t *const *)b;
	int order = strcmp(node_text(x), node_text(y));

	return order != 0 ? order
			  : (x->start_mark.index > y->start_mark.index) -
				(x->start_mark.index < y->start_mark.index);
}

/* Each of the names, which are sorted here, stands once. */
static void
names_check(struct walk *walk, const yaml_node_t **names, size_t n, const struct place *place)
{
	const yaml_node_t *second = NULL;

	qsort(names, n, sizeof names[0], name_compare);
	for (size_t i = 1; i < n; i++)
		if (strcmp(node_text(names[i - 1]), node_text(names[i])) == 0 &&
		    (second == NULL || names[i]->start_mark.index < second->start_mark.index))
			second = names[i];
	if (second != NULL)
		walk_fail(walk, second, &(struct place){place, node_text(second)},
		    "stands here a second time; expected it once");
}

/* Room for n names, to be freed; NULL: out of memory. */
static const yaml_node_t **
names_new(struct walk *walk, size_t n)
{
	const yaml_node_t **names = calloc(n + 1, sizeof names[0]);

	if (names == NULL) {
		walk->error = -MAP_ENOMEM;
		snprintf(walk->message, walk->max, "%s: out of memory", walk->file);
	}
	return names;
}

/* The keys of a mapping are words, and each stands once. */
static void
keys_check(struct walk *walk, const yaml_node_t *node, const struct place *place)
{
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	const yaml_node_t **names =
	    names_new(walk, (size_t)(node->data.mapping.pairs.top - pair));
	size_t n = 0;

	for (; names != NULL && pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = walk_node(walk, pair->key);

		if (key->type != YAML_SCALAR_NODE)
			walk_fail(walk, key, place, "has a key that is %s; expected a word",
			    node_kind(key));
		else if (strlen(node_text(key)) != key->data.scalar.length)
			walk_fail(
			    walk, key, place, "has a key with a zero octet; expected a word");
		else
			names[n++] = key;
	}
	if (names != NULL)
		names_check(walk, names, n, place);
	free(names);
}

static bool
schema_is_group(const struct cyaml_schema_value *schema)
{
	return schema->type == CYAML_MAPPING || schema->type == CYAML_SEQUENCE;
}

/* The fields of a mapping, except skip, which the caller has written already (or NULL). */
static void
walk_fields(struct walk *walk, const yaml_node_t *node, const struct cyaml_schema_value *schema,
    const struct cyaml_schema_field *skip, const struct place *place)
{
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	const struct cyaml_schema_field *field;
	char words[WALK_WORDS];

	keys_check(walk, node, place);
	for (; pair < node->data.mapping.pairs.top && walk->error == 0; pair++) {
		const yaml_node_t *value = walk_node(walk, pair->value);
		const char *key = node_text(walk_node(walk, pair->key));
		struct place at = {place, key};

		field = field_find(schema->mapping.fields, key);
		if (field == NULL || field == skip) {
			walk_fail(walk, walk_node(walk, pair->key), &at,
			    "not a known key; expected one of %s",
			    schema_words(schema, skip, words));
			return;
		}
		if (walk_is_empty(value) && schema_is_group(&field->value) &&
		    (field->value.flags & CYAML_FLAG_OPTIONAL))
			continue;
		walk_quote(walk, key);
		walk_word(walk, ": ");
		walk_value(walk, value, &field->value, &at);
		walk_word(walk, ", ");
	}
	for (field = schema->mapping.fields; field->key != NULL && walk->error == 0; field++) {
		bool is_there = field == skip;

		for (pair = node->data.mapping.pairs.start;
		     pair < node->data.mapping.pairs.top && !is_there; pair++)
			is_there =
			    strcmp(node_text(walk_node(walk, pair->key)), field->key) == 0;
		if (!is_there && !(field->value.flags & CYAML_FLAG_OPTIONAL))
			walk_fail(walk, node, place, "has no %s; expected one of each of %s",
			    field->key, schema_words(schema, NULL, words));
	}
}

/* "KEY: {...}" or "KEY: value" in place of a list's entry. */
static void
walk_keyed_entry(struct walk *walk, const yaml_node_t *value,
    const struct cyaml_schema_value *entry, const struct place *at)
{
	const struct cyaml_schema_field *fields = entry->mapping.fields;

	walk_word(walk, "{");
	walk_quote(walk, fields[0].key);
	walk_word(walk, ": ");
	walk_quote(walk, at->key);
	walk_word(walk, ", ");
	if (value->type == YAML_MAPPING_NODE) {
		walk_fields(walk, value, entry, &fields[0], at);
	} else if (fields[1].key != NULL && fields[2].key == NULL) {
		walk_quote(walk, fields[1].key);
		walk_word(walk, ": ");
		walk_value(walk, value, &fields[1].value, at);
	} else if (!walk_is_empty(value)) {
		walk_fail(
		    walk, value, at, "has %s; expected keys and values", node_kind(value));
	}
	walk_word(walk, "}");
}

static void
walk_keyed(struct walk *walk, const yaml_node_t *node, const struct cyaml_schema_value *entry,
    const struct place *place)
{
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start;

	keys_check(walk, node, place);
	for (; pair < node->data.mapping.pairs.top && walk->error == 0; pair++) {
		struct place at = {place, node_text(walk_node(walk, pair->key))};

		walk_keyed_entry(walk, walk_node(walk, pair->value), entry, &at);
		walk_word(walk, ", ");
	}
}

/* What would be the key of a list's entry, or NULL. */
static const yaml_node_t *
entry_name(
    const struct walk *walk, const yaml_node_t *item, const struct cyaml_schema_value *entry)
{
	const yaml_node_pair_t *pair = item->data.mapping.pairs.start;
	const yaml_node_t *key, *value;

	for (; pair < item->data.mapping.pairs.top; pair++) {
		key = walk_node(walk, pair->key);
		value = walk_node(walk, pair->value);
		if (key->type == YAML_SCALAR_NODE && value->type == YAML_SCALAR_NODE &&
		    strcmp(node_text(key), entry->mapping.fields[0].key) == 0)
			return value;
	}
	return NULL;
}

/* As keys, the names of a list's entries stand once each. */
static void
entries_check(struct walk *walk, const yaml_node_t *node,
    const struct cyaml_schema_value *entry, const struct place *place)
{
	const yaml_node_item_t *item = node->data.sequence.items.start;
	const yaml_node_t **names =
	    names_new(walk, (size_t)(node->data.sequence.items.top - item));
	size_t n = 0;

	for (; names != NULL && item < node->data.sequence.items.top; item++) {
		const yaml_node_t *of = walk_node(walk, *item);

		if (of->type == YAML_MAPPING_NODE && entry_name(walk, of, entry) != NULL)
			names[n++] = entry_name(walk, of, entry);
	}
	if (names != NULL)
		names_check(walk, names, n, place);
	free(names);
}

static void
walk_sequence(struct walk *walk, const yaml_node_t *node,
    const struct cyaml_schema_value *schema, const struct place *place)
{
	const struct cyaml_schema_value *entry = schema->sequence.entry;
	size_t n = 0;

	walk_word(walk, "[");
	if (node->type == YAML_MAPPING_NODE && entry->type == CYAML_MAPPING) {
		n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
		walk_keyed(walk, node, entry, place);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		const yaml_node_item_t *item = node->data.sequence.items.start;

		if (entry->type == CYAML_MAPPING)
			entries_check(walk, node, entry, place);
		for (; item < node->data.sequence.items.top && walk->error == 0; item++, n++) {
			char number[24];
			struct place at = {place, number};

			snprintf(number, sizeof number, "%zu", n);
			walk_value(walk, walk_node(walk, *item), entry, &at);
			walk_word(walk, ", ");
		}
	} else {
		walk_fail(walk, node, place, "has %s; expected a list", node_kind(node));
	}
	walk_word(walk, "]");
	if (n < schema->sequence.min || n > schema->sequence.max)
		walk_fail(walk, node, place, "has %zu entries; expected %u to %u", n,
		    (unsigned)schema->sequence.min, (unsigned)schema->sequence.max);
}

/* As deep as the schema, however deep the file. */
static void
walk_value(struct walk *walk, const yaml_node_t *node, const struct cyaml_schema_value *schema,
    const struct place *place)
{
	switch (schema->type) {
	case CYAML_MAPPING:
		if (node->type != YAML_MAPPING_NODE) {
			walk_fail(walk, node, place, "has %s; expected keys and values",
			    node_kind(node));
			return;
		}
		walk_word(walk, "{");
		if (schema->mapping.fields[0].key != NULL &&
		    strcmp(schema->mapping.fields[0].key, "*") == 0) {
			walk_word(walk, "\"*\": ");
			walk_value(walk, node, &schema->mapping.fields[0].value, place);
		} else {
			walk_fields(walk, node, schema, NULL, place);
		}
		walk_word(walk, "}");
		break;
	case CYAML_SEQUENCE:
		walk_sequence(walk, node, schema, place);
		break;
	default:
		walk_scalar(walk, node, schema, place);
		break;
	}
}

void
walk_document(
    struct walk *walk, const yaml_node_t *root, const struct cyaml_schema_value *schema)
{
	walk_value(walk, root, schema, NULL);
}
