/*
 * edit.h - records of a zone changed in a transaction, and what changed before.
 */
#ifndef MAPCTL_EDIT_H
#define MAPCTL_EDIT_H

#include "mapctl/command.h"

enum status edit_run(struct mapctl *m, int argc, char **argv);
/*
 * Changes of a zone that are no edit, as mapd takes lines of one, put behind changes: one of the words of a
 * command line, or, where there are none, those of standard input.
 */
enum status edit_changes(
    struct mapctl *m, const struct name *zone, int argc, char **argv, json_t *changes);
enum status past_run(struct mapctl *m, int argc, char **argv);

#endif
