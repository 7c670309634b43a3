/*
 * log.h - where libunbound writes what it has to say.
 */
#ifndef RESOLVE_LOG_H
#define RESOLVE_LOG_H

#include <stdio.h>

/* libunbound keeps it in a global: one for the process, never closed. NULL: out of memory. */
FILE *log_open(void);

#endif
