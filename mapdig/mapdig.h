/*
 * mapdig.h - the look-up tool as a function; main.c calls it.
 */
#ifndef MAPDIG_MAPDIG_H
#define MAPDIG_MAPDIG_H

/* Writes to standard output and standard error; returns the exit status. */
int mapdig_run(int argc, char *const *argv);

#endif
