/*
 * session.h - the clients of resolverd on its Unix socket, each with its frames and its quotas.
 */
#ifndef RESOLVERD_SESSION_H
#define RESOLVERD_SESSION_H

#include "resolverd/agent.h"

struct sessions;

/* Listens at path (0666: who may ask is everybody; how much is a quota). -MAP_E... with why. */
int sessions_open(struct agent *agent, const char *path, struct sessions **out, char *why, size_t max) NONNULL MUST_CHECK;
void sessions_close(struct sessions *sessions); /* removes the socket; NULL allowed */
size_t sessions_count(const struct sessions *sessions) NONNULL;

#endif
