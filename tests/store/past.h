/*
 * past.h - what a zone is and was: dumps of all that is stored of it, and its journal held against them.
 */
#ifndef TESTS_STORE_PAST_H
#define TESTS_STORE_PAST_H

#include "mapd/amend.h"
#include "mapd/journal.h"
#include "tests/store/garden.h"

#define LINES 40000

/* Each record of the zone as octets, sorted: signatures and denial too. */
struct dump {
	uint8_t octets[GARDEN_OCTETS];
	struct bytes lines[LINES];
	size_t n, used;
};

/* The zone as it was, and as it is. */
extern struct dump old, new;
/* The edit that is tried, and its lines. */
extern struct amend *amend;
extern struct lines lines;

void dump_take(struct dump *dump);
/* The journal's difference from a serial, applied to old, must give the zone as it is now. */
void journal_judge(uint32_t from);
/* How many differences there are, each from where the one before ended; -1: there is a gap. */
int journal_walk(struct journal_head *head);
/* Does the edit, whose lines are lines of "edit". */
int edit_run(void);
void edit_fini(void);
/* The edit that takes away a type (0: all) at a name of the zone. */
void edit_unset(const char *owner, uint16_t type);
/* The same with another TTL of denial, so that all of the zone is made anew. */
void edit_unset_whole(const char *owner, uint16_t type);
void line_put(enum line_verb verb, const struct planted *record, bool whole_name);

#endif
