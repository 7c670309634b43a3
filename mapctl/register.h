/*
 * register.h - commands that register an identity at the server of its realm, which may be anybody's.
 */
#ifndef MAPCTL_REGISTER_H
#define MAPCTL_REGISTER_H

#include "mapctl/command.h"
#include "register/registration.h"

enum status register_run(struct mapctl *m, int argc, char **argv);
enum status register_withdraw(struct mapctl *m, int argc, char **argv);

/* What is asked for. */
struct wanted {
	enum build_verb verb;
	const struct content *content;
	const struct registration_options *options;
};

/* Prints the message that would be sent, as records, options and octets; nothing is sent. */
enum status message_show(const struct mapctl *m, const struct wanted *wanted);
/* Prints what became of it, as text or JSON, and says what to exit with. */
enum status registered_show(const struct mapctl *m, const struct content *content,
    const struct registration_status *status);

#endif
