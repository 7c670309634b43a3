/*
 * exits.h - prints what resolverd says of this host's exits.
 */
#ifndef MAPCTL_EXITS_H
#define MAPCTL_EXITS_H

#include <jansson.h>

void exits_print(json_t *answer);

#endif
