/*
 * tcp.h - queries over TCP (RFC 7766): pipelined, limited in number, idling not for long.
 */
#ifndef MAPD_TCP_H
#define MAPD_TCP_H

#include "mapd/worker.h"

#define TCP_CONNECTIONS 1000 /* of one worker */
#define TCP_CLIENT 64 /* of one client: an IPv4 address or an IPv6 /56, at one worker */
#define TCP_IDLE 10000 /* ms; an eighth of it when three quarters of the room are taken */

struct tcp; /* a listening socket and its connections; owned by one worker */

/* Takes fd over, also when it fails: -MAP_ENOMEM. room: connections left to the worker. */
int tcp_new(struct worker *worker, int fd, unsigned *room, struct tcp **out);
void tcp_free(struct tcp *tcp); /* closes the connections; NULL allowed */

#endif
