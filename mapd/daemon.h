/*
 * daemon.h - mapd as a process: started, told to reload, stopped.
 */
#ifndef MAPD_DAEMON_H
#define MAPD_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

struct config;

struct daemon_options {
	const char *config; /* path */
	bool named; /* on the command line: it must be there */
	bool verbose; /* log: debug, whatever the file says */
	bool detached; /* see core/sys/detach.h */
	int ready_fd; /* gets one octet when queries are answered; -1: none */
};

/* Reads the configuration. -MAP_ECONFIG, -MAP_ENOMEM with a message; see config_load(). */
int daemon_configure(
    const struct daemon_options *options, struct config **out, char *message, size_t max);
/* Runs until SIGTERM or SIGINT; returns the exit status. */
int daemon_run(const struct daemon_options *options);

#endif
