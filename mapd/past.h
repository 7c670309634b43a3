/*
 * past.h - "zone journal": what became of a zone, one difference at a time.
 */
#ifndef MAPD_PAST_H
#define MAPD_PAST_H

#include "mapd/client.h"

/* The difference from the serial "from", or the first that is kept. */
void past_command(struct client *client, const json_t *request);

#endif
