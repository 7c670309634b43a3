/*
 * option.h - what is wrong with a word of the command line, in words.
 */
#ifndef SYS_OPTION_H
#define SYS_OPTION_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#define OPTION_TEXT 160
#define OPTION_PATH 4095 /* characters of the longest path */

/*
 * After getopt_long() gave got, '?' or ':', with opterr 0 and short options that begin with ':' or
 * "+:": "--frob: not a known option", "-c: its value is missing", "--check=1: takes no value". Returns
 * text.
 */
char *option_wrong(int got, char *const *argv, const struct option *longs, char text[OPTION_TEXT]);
/* Why word cannot be the path of a file, or NULL. */
const char *option_path_refusal(const char *word);
/* The number of an open descriptor; -1: it is none. */
int option_descriptor(const char *word);
/* word as a message can have it: if it is empty, quotes; if too long, its beginning and "..." in text. */
const char *option_short(const char *word, char text[OPTION_TEXT]);

#endif
