/*
 * intake.h - the queue of proposals before the writer: filled by any thread, emptied by one.
 */
#ifndef MAPD_INTAKE_H
#define MAPD_INTAKE_H

#include "mapd/proposal.h"

#define INTAKE_MOST 8192 /* that wait; more are told to come again */
#define INTAKE_OCTETS ((size_t)256 << 20) /* that they hold, about */

struct intake;

int intake_new(struct intake **out);
void intake_free(struct intake *intake); /* NULL allowed; what waits is dropped */
/* Readable while something waits. */
int intake_fd(const struct intake *intake) NONNULL;
/* -MAP_ELIMIT */
int intake_put(struct intake *intake, struct proposal *proposal) NONNULL MUST_CHECK;
/* The first ones, linked by next, at most so many; NULL: none waits. */
struct proposal *intake_take(struct intake *intake, size_t most, size_t *n) NONNULL;

#endif
