/*
 * files.h - zone files of a test: written into a folder of their own, read into a list of records.
 */
#ifndef TESTS_ZONE_FILES_H
#define TESTS_ZONE_FILES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/zone/zone.h"

#define OUTCOME_TEXT 65536

/* What zone_read() gave: records as lines, messages as lines. */
struct outcome {
	int error;
	unsigned records;
	char lines[OUTCOME_TEXT];
	char plain[OUTCOME_TEXT]; /* the same by zone_print_plain() */
	char messages[OUTCOME_TEXT];
	char warnings[OUTCOME_TEXT];
};

extern char folder[64];

int folder_make(void **state);
int folder_remove(void **state);
/* The path of name in the folder; a static buffer. */
const char *file_path(const char *name);
void file_write(const char *name, const char *text);
/* Reads the file for example.org.; the outcome is static. */
const struct outcome *file_read(const char *name, const struct zone_options *options);
/* A zone of a good SOA, NS and address, and text; warnings are kept too. */
const struct outcome *text_read(const char *text);

#endif
