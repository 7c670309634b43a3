/*
 * clients.h - the clients of resolverd on its Unix socket, each with its frames and its quotas.
 */
#ifndef RESOLVERD_CLIENTS_H
#define RESOLVERD_CLIENTS_H

#include "resolverd/agent.h"

struct clients;

/* Listens at path (0666: who may ask is everybody; how much is a quota). -MAP_E... with why. */
int clients_open(struct agent *agent, const char *path, struct clients **out, char *why, size_t max) NONNULL MUST_CHECK;
void clients_close(struct clients *clients); /* removes the socket; NULL allowed */
size_t clients_count(const struct clients *clients) NONNULL;

/* Tells a client of one of its sessions. */
struct session_event;
struct session_owner;
void clients_event(
    struct session_owner *owner, uint32_t number, const struct session_event *event) NONNULL;

#endif
