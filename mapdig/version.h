/*
 * version.h - which mapdig this is, and with which libraries.
 */
#ifndef MAPDIG_VERSION_H
#define MAPDIG_VERSION_H

#include <stdio.h>

void version_print(FILE *to);

#endif
