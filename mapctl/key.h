/*
 * key.h - commands about the keys of a zone that take more than its name.
 */
#ifndef MAPCTL_KEY_H
#define MAPCTL_KEY_H

#include "mapctl/command.h"

enum status key_generate(struct mapctl *m, int argc, char **argv);
/* Reads the key file with the caller's rights; mapd gets its text. */
enum status key_import(struct mapctl *m, int argc, char **argv);
enum status key_roll(struct mapctl *m, int argc, char **argv);
enum status key_seen(struct mapctl *m, int argc, char **argv);
enum status key_retire(struct mapctl *m, int argc, char **argv);

#endif
