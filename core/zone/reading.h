/*
 * reading.h - one run of zone_read(): what its parts share. Only for core/zone, its fuzzer, and those who edit
 * a zone: mapd/judge.c checks records that no file has, mapctl/edit.c reads lines that are none of a file.
 */
#ifndef ZONE_READING_H
#define ZONE_READING_H

#include <stdio.h>

#include "core/zone/records.h"
#include "core/zone/zone.h"

#define INCLUDE_DEPTH 8
#define FILES_MAX 1000 /* $INCLUDE directives of a zone */

struct reading {
	const struct name *apex;
	const struct zone_options *options;
	zone_message_fn *message;
	void *message_arg;
	struct records records;
	char **files; /* by index */
	size_t n_files;
	unsigned errors, warnings;
	bool loose; /* the records make no zone */
	uint8_t *rdata; /* RDATA_MAX octets: the record being read */
};

int reading_init(struct reading *r, const struct name *apex, const struct zone_options *options,
    zone_message_fn *message, void *message_arg) MUST_CHECK; /* message_arg may be NULL */
void reading_fini(struct reading *r) NONNULL;
/* One message "FILE:LINE: cause"; line 0: of the file as a whole. */
void reading_report(struct reading *r, uint16_t file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for what does not keep the zone from being taken. */
void reading_warn(struct reading *r, uint16_t file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* So many errors were reported that there is no use in going on. */
bool reading_is_over(const struct reading *r) NONNULL;

/* Reads all entries of file, which is closed, into the records; errors are reported. 0, -MAP_ENOMEM. */
int reading_file(struct reading *r, FILE *file, const char *path) NONNULL MUST_CHECK;
/* Opens path; NULL and *why when it is no file that can be read. */
FILE *reading_open(const char *path, const char **why) NONNULL;
/* Checks the zone as a whole; sorts the records. Errors are reported. 0, -MAP_ENOMEM. */
int reading_check(struct reading *r) NONNULL MUST_CHECK;
/* Checks, unless the records make no zone, and hands over: the second half of zone_read(). */
int reading_finish(struct reading *r, zone_record_fn *record, void *arg) MUST_CHECK;

/* RDATA of type in words to octets. 0; -MAP_ETEXT with *why. */
int rdata_scan(uint16_t type, char *const *words, size_t n, const struct name *origin,
    struct wr *rdata, const char **why) MUST_CHECK;
/* What the RDATA of type is made of, for who wrote it wrongly; "" for types whose readers say so. */
#define RDATA_WORDS 400
char *rdata_words(uint16_t type, char text[RDATA_WORDS]);
/* A type's mnemonic, also those that only ldns knows; -1: none. */
int type_scan(const char *word) NONNULL;
/* Seconds, also as "1h30m"; at most max. */
int period_scan(const char *word, uint64_t max, uint32_t *seconds) NONNULL MUST_CHECK;

#endif
