/*
 * site.h - a site's paths: drained, restored, weighted, shown.
 */
#ifndef MAPCTL_SITE_H
#define MAPCTL_SITE_H

#include "mapctl/command.h"

/* "SET PATH", and "SET PATH WEIGHT". */
enum status site_run(struct mapctl *m, int argc, char **argv);
enum status site_weigh(struct mapctl *m, int argc, char **argv);
/* "SET" */
enum status site_show(struct mapctl *m, int argc, char **argv);
/* A line for each prefix of the set. */
void site_print(json_t *answer);

#endif
