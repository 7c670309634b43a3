/*
 * daemon.h - mapd as a process: started, told to reload, stopped.
 */
#ifndef MAPD_DAEMON_H
#define MAPD_DAEMON_H

#include <stdbool.h>

struct daemon_options {
	const char *config; /* path */
	bool verbose; /* log: debug, whatever the file says */
	bool detached; /* see core/sys/detach.h */
	int ready_fd; /* gets one octet when queries are answered; -1: none */
};

/* Runs until SIGTERM or SIGINT; returns the exit status. */
int daemon_run(const struct daemon_options *options);

#endif
