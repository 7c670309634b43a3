/*
 * judge.h - whether a zone that is edited is one that would be loaded: core/zone's own check, of the names
 * that the edit may change and of those that they have to do with.
 */
#ifndef MAPD_JUDGE_H
#define MAPD_JUDGE_H

#include "mapd/places.h"
#include "mapd/rules.h"

#define JUDGE_TEXT 65536 /* octets of all messages */

struct judge {
	const struct rules *rules;
	const char *label; /* what lines are lines of, in messages */
	uint64_t now;
	bool strict; /* what is added below a delegation and would be left out, or never seen, is an error */
	/* set: messages, each with its newline, errors or warnings */
	char errors[JUDGE_TEXT];
	char warnings[JUDGE_TEXT];
};

/*
 * Checks the zone as places make it, and gives each place its draft as it is to be stored: mended as a load
 * mends it. 0; -MAP_EFORMAT with errors; -MAP_ENOMEM, -MAP_EDATABASE. Drafts are copied into kept, which the
 * caller frees with records_fini().
 */
struct records;
int judge_run(
    struct judge *judge, struct places *places, struct records *kept) NONNULL MUST_CHECK;

#endif
