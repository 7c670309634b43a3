/*
 * zonefile.h - zone files checked, and streamed to mapd.
 */
#ifndef MAPCTL_ZONEFILE_H
#define MAPCTL_ZONEFILE_H

#include "mapctl/command.h"

enum status zonefile_check(struct mapctl *m, int argc, char **argv);
enum status zonefile_load(struct mapctl *m, int argc, char **argv);

#endif
