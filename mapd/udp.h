/*
 * udp.h - queries in datagrams.
 */
#ifndef MAPD_UDP_H
#define MAPD_UDP_H

#include "mapd/worker.h"

struct udp; /* owned by one worker */

/* Takes fd over, also when it fails: -MAP_ENOMEM. */
int udp_new(struct worker *worker, int fd, struct udp **out);
/* Answers what has come, some batches at most. */
void udp_turn(struct udp *udp) NONNULL;
/* Sends octets that answer nothing; false: the kernel did not take them. */
bool udp_send(struct udp *udp, const struct addr *to, struct bytes octets) NONNULL;
void udp_free(struct udp *udp); /* NULL allowed */

#endif
