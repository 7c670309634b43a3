/*
 * folk.h - what an operator does to the identities of a realm, and sees of them.
 */
#ifndef MAPCTL_FOLK_H
#define MAPCTL_FOLK_H

#include "mapctl/command.h"

/* "NAME|IDENTITY": show, enroll, unban, release; and a reason behind it: ban. */
enum status folk_run(struct mapctl *m, int argc, char **argv);
enum status folk_ban(struct mapctl *m, int argc, char **argv);
/* "IDENTITY NAME", and "NAME" */
enum status folk_assign(struct mapctl *m, int argc, char **argv);
enum status folk_unassign(struct mapctl *m, int argc, char **argv);
/* "[--from NAME] ZONE", page after page. */
enum status folk_list(struct mapctl *m, int argc, char **argv);
/* What is known of an identity, a line for each thing. */
void folk_print(json_t *answer);
/* A line for each identity. */
void folk_print_list(json_t *answer);

#endif
