/*
 * command.h - the commands of mapctl: one row each, and what a command gets to work with.
 */
#ifndef MAPCTL_COMMAND_H
#define MAPCTL_COMMAND_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/wire/name.h"

struct ahead;
struct control;
struct places;

/* What mapctl exits with; scripts rely on it. */
enum status {
	STATUS_DONE = 0,
	STATUS_WRONG = 1,     /* what was asked about is wrong or absent */
	STATUS_USAGE = 2,
	STATUS_NO_DAEMON = 3, /* nobody answers on the socket */
	STATUS_REFUSED = 4    /* the daemon, or the file system, says no */
};

struct mapctl {
	const char *socket; /* of -s; NULL: the command's own */
	bool json;          /* of -j */
	struct ahead *ahead; /* commands come from standard input; NULL: one is on the command line */
	struct control *control; /* NULL until a command needs the daemon */
	const struct command *command; /* the one that runs */
	char argument[NAME_TEXT]; /* the zone it is about; "" if none */
	const char *before; /* what an error of the daemon begins with; NULL: nothing */
	const struct places *places; /* of the records that are sent; NULL: none are */
};

struct command {
	const char *words;     /* "zone load" */
	const char *arguments; /* "ZONE FILE" */
	const char *help;
	/* argv[0] is the last of the words. */
	enum status (*run)(struct mapctl *m, int argc, char **argv);
	/* For what one exchange with the daemon does: the argument's name there, and who prints
	 * the answer. */
	const char *parameter;
	void (*show)(json_t *answer);
	const char *socket; /* where its daemon listens */
};

/* Finds and runs the command that argv begins with. */
enum status command_run(struct mapctl *m, int argc, char **argv);
/* Runs the commands of standard input, one a line; the first failure is returned. */
enum status command_batch(struct mapctl *m);
void command_help(void);

/* Says what is wrong, as text or JSON, and gives status back. */
__attribute__((format(printf, 4, 5))) enum status fail(
    const struct mapctl *m, enum status status, int error, const char *format, ...);
/* The same of the command line, with the command's usage behind it. */
__attribute__((format(printf, 2, 3))) enum status usage(
    const struct mapctl *m, const char *format, ...);
/* What getopt_long() has against an option of the command. */
enum status usage_option(
    const struct mapctl *m, int got, char *const *argv, const struct option *longs);
/* A path that cannot be one is refused; what names it ("FILE", "--key"). */
enum status path_check(const struct mapctl *m, const char *what, const char *path);
/* How many words must stand behind the options: those that names has, with blanks between. */
enum status words_check(const struct mapctl *m, int argc, char *const *argv, const char *names);

#endif
