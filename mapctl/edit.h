/*
 * edit.h - records of a zone changed in a transaction, and what changed before.
 */
#ifndef MAPCTL_EDIT_H
#define MAPCTL_EDIT_H

#include "mapctl/command.h"

enum status edit_run(struct mapctl *m, int argc, char **argv);
enum status past_run(struct mapctl *m, int argc, char **argv);

#endif
