/*
 * daemon.h - commands that a daemon answers.
 */
#ifndef MAPCTL_DAEMON_H
#define MAPCTL_DAEMON_H

#include "core/wire/name.h"
#include "mapctl/command.h"

/* A zone's name out of a command line: absolute and lower case. */
enum status zone_name_scan(const struct mapctl *m, const char *text, struct name *zone);
/* Any other name; what says what it is in messages ("SET"). */
enum status name_take(
    const struct mapctl *m, const char *what, const char *text, struct name *name);
/* One exchange: the row's parameter in, an answer back. */
enum status daemon_ask(struct mapctl *m, int argc, char **argv);
/*
 * Prints the records of one frame, each behind sign: "-" of one that goes, "+" of one that comes, NULL of one
 * that is. -MAP_E... where they are malformed.
 */
int daemon_print(const struct mapctl *m, struct bytes payload, bool plain,
    const char *sign) MUST_CHECK;
/* The records of a zone, then an answer. */
enum status daemon_dump(struct mapctl *m, int argc, char **argv);
void daemon_dump_done(json_t *answer);

#endif
