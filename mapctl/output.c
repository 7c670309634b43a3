/*
 * output.c - prints answers for people and for programs; knows no command.
 */
#include "mapctl/output.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/text.h"

#define COLUMN 64

/* A value in text; text has COLUMN octets for numbers, strings are returned as they are. */
static const char *
value_text(json_t *value, char *text)
{
	text[0] = '\0';
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_integer(value))
		snprintf(text, COLUMN, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, COLUMN, "%g", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(text, COLUMN, "%s", json_is_true(value) ? "yes" : "no");
	else
		snprintf(text, COLUMN, "-");
	return text;
}

void
output_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT);
	putchar('\n');
}

static void
array_print(json_t *array)
{
	char text[COLUMN];
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item)
	{
		const char *key;
		json_t *value;

		if (!json_is_object(item)) {
			printf("%s\n", value_text(item, text));
			continue;
		}
		json_object_foreach(item, key, value) printf("%s%s",
		    key == json_object_iter_key(json_object_iter(item)) ? "" : " ",
		    value_text(value, text));
		putchar('\n');
	}
}

static void
field_print(const char *key, json_t *value, const char *indent)
{
	char text[COLUMN];
	const char *inner;
	json_t *inner_value;

	if (json_is_array(value)) {
		printf("%s%s:\n", indent, key);
		array_print(value);
	} else if (json_is_object(value)) {
		printf("%s%s:\n", indent, key);
		json_object_foreach(value, inner, inner_value)
		    printf("%s  %s %s\n", indent, inner, value_text(inner_value, text));
	} else {
		printf("%s%s: %s\n", indent, key, value_text(value, text));
	}
}

void
output_fields(json_t *answer)
{
	const char *key;
	json_t *value;

	json_object_foreach(
	    answer, key, value) if (strcmp(key, "ok") != 0 && strcmp(key, "message") != 0)
	    field_print(key, value, "");
}

void
output_message(json_t *answer)
{
	const char *message = json_string_value(json_object_get(answer, "message"));

	if (message != NULL)
		puts(message);
	else
		output_fields(answer);
}

void
output_table(json_t *answer)
{
	const char *key;
	json_t *value;

	json_object_foreach(answer, key, value) if (json_is_array(value)) array_print(value);
}

static const char *
field_text(json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text != NULL ? text : "?";
}

void
output_time(const char *what, json_t *value)
{
	char text[32];

	if (json_is_integer(value) &&
	    text_time_put(text, sizeof text, (uint64_t)json_integer_value(value)) >= 0)
		printf("%s%s", what, text);
}

/* "12345 csk 13 in use: signs keys, signs data, DS for the parent; K....private" */
static void
key_print(json_t *key)
{
	static const struct duty {
		const char *field, *says;
	} duties[] = {{"published", "published"}, {"signs_keys", "signs the keys"},
	    {"signs_data", "signs the data"}, {"ds", "DS for the parent"}};
	const char *before = ": ";

	printf("%5lld %s %lld %s", (long long)json_integer_value(json_object_get(key, "tag")),
	    field_text(key, "role"),
	    (long long)json_integer_value(json_object_get(key, "algorithm")),
	    field_text(key, "state"));
	output_time(" since ", json_object_get(key, "since"));
	for (size_t i = 0; i < sizeof duties / sizeof duties[0]; i++)
		if (json_is_true(json_object_get(key, duties[i].field))) {
			printf("%s%s", before, duties[i].says);
			before = ", ";
		}
	printf("; %s\n", field_text(key, "file"));
}

void
output_keys(json_t *answer)
{
	json_t *roll = json_object_get(answer, "roll"), *key;
	size_t i;

	json_array_foreach(json_object_get(answer, "keys"), i, key) key_print(key);
	if (roll == NULL)
		return;
	printf("roll %s, phase %s: %s", field_text(roll, "kind"), field_text(roll, "phase"),
	    field_text(roll, "says"));
	output_time("\n  since ", json_object_get(roll, "since"));
	if (json_object_get(roll, "waits") != NULL)
		printf(", waits %s", field_text(roll, "waits"));
	else if (json_is_true(json_object_get(roll, "safe")))
		printf(", the next phase is safe");
	else
		output_time(", the next phase is safe at ", json_object_get(roll, "safe_at"));
	putchar('\n');
}

void
output_ds(json_t *answer)
{
	json_t *list = json_object_get(answer, "ds");
	const char *zone = json_string_value(json_object_get(answer, "zone"));
	json_int_t ttl = json_integer_value(json_object_get(answer, "ttl"));
	size_t i;
	json_t *ds;

	json_array_foreach(list, i, ds)
	{
		const char *digest = json_string_value(json_object_get(ds, "digest"));

		printf("%s %lld IN DS %lld %lld %lld %s\n", zone != NULL ? zone : "?",
		    (long long)ttl, (long long)json_integer_value(json_object_get(ds, "tag")),
		    (long long)json_integer_value(json_object_get(ds, "algorithm")),
		    (long long)json_integer_value(json_object_get(ds, "digest_type")),
		    digest != NULL ? digest : "?");
	}
}
