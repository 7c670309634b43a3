/*
 * udp.h - queries in datagrams.
 */
#ifndef MAPD_UDP_H
#define MAPD_UDP_H

#include "mapd/worker.h"

struct udp; /* owned by one worker */

/* Takes fd over, also when it fails: -MAP_ENOMEM. */
int udp_new(struct worker *worker, int fd, struct udp **out);
void udp_free(struct udp *udp); /* NULL allowed */

#endif
