/*
 * ahead.h - loads of a batch that were sent and are not answered yet: the batch goes on meanwhile.
 */
#ifndef MAPCTL_AHEAD_H
#define MAPCTL_AHEAD_H

#include "mapctl/command.h"

struct ahead;

/* NULL: out of memory. */
struct ahead *ahead_new(struct mapctl *m);
void ahead_free(struct ahead *ahead); /* NULL allowed */

/* The line of the batch that is run. */
void ahead_line(struct ahead *ahead, unsigned number);
/* Waits until a load of so many octets of the zone may be sent: one of a zone at a time, and no more than
 * the daemon takes. */
void ahead_make_room(struct ahead *ahead, const char *zone, size_t octets);
/* Takes over what belongs to the load that was just sent, whose answer is printed when those before it
 * are; the answers that have come are. */
enum status ahead_add(struct ahead *ahead, struct places **places, size_t octets);
/* Waits for all answers and prints them. NULL allowed. */
void ahead_drain(struct ahead *ahead);
/* Notes how the line that is run ended. */
void ahead_note(struct ahead *ahead, enum status status);
/* The first failure, in the order of lines. */
enum status ahead_status(const struct ahead *ahead);

#endif
