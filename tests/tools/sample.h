/*
 * sample.h - one look-up as it should be, for the tests of what mapdig shows.
 */
#ifndef TESTS_TOOLS_SAMPLE_H
#define TESTS_TOOLS_SAMPLE_H

#include <stdio.h>

#include "mapdig/report.h"

#define NOW 1795435200u /* 2026-11-23 12:00:00 UTC */

/* A text into an array. */
#define SAY(array, text) snprintf(array, sizeof(array), "%s", text)

extern struct result result;
extern struct input input;
extern struct chain chain;
extern struct probe probes[4];

struct name name_of(const char *text);
struct eid eid_of(const char *text);
/* The example of the protocol: a host behind two providers, all as it should be. */
void result_good(void);
void chain_good(void); /* its signatures: one link of data, one of keys */
struct report report_of(void);
/* What put makes of it; caller frees. */
char *draw(
    const struct report *report, void (*put)(const struct report *, struct page *), bool color);

#endif
