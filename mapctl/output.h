/*
 * output.h - answers on standard output: fields, tables, DS records.
 */
#ifndef MAPCTL_OUTPUT_H
#define MAPCTL_OUTPUT_H

#include <jansson.h>

/* One line of JSON. */
void output_json(json_t *value);
/* The message, or where there is none each field on a line. */
void output_message(json_t *answer);
/* Each field on a line, but ok and message; objects indented. */
void output_fields(json_t *answer);
/* The array among the fields as a table. */
void output_table(json_t *answer);
/* what and the time, seconds since 1970, in UTC; nothing where there is none. */
void output_time(const char *what, json_t *value);
/* A line for each key, and what the roll waits for. */
void output_keys(json_t *answer);
/* "ZONE TTL IN DS ..." lines. */
void output_ds(json_t *answer);

#endif
