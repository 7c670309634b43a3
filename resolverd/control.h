/*
 * control.h - what mapctl asks of resolverd, as doc/control.md says it.
 */
#ifndef RESOLVERD_CONTROL_H
#define RESOLVERD_CONTROL_H

#include "resolverd/agent.h"

struct control;

/* Listens at path (0660). -MAP_E... with why. */
int control_open(struct agent *agent, const char *path, struct control **out, char *why, size_t max) NONNULL MUST_CHECK;
void control_close(struct control *control); /* removes the socket; NULL allowed */

#endif
