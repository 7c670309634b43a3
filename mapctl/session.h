/*
 * session.h - prints sessions of this host.
 */
#ifndef MAPCTL_SESSION_H
#define MAPCTL_SESSION_H

#include <jansson.h>

void sessions_print(json_t *answer);
void session_why_print(json_t *answer);

#endif
