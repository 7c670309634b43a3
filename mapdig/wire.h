/*
 * wire.h - one question to one server over TCP, with DO and CD: what it has, validated by nobody.
 */
#ifndef MAPDIG_WIRE_H
#define MAPDIG_WIRE_H

#include "core/sys/sock.h"
#include "core/wire/message.h"

#define WIRE_MS 2000

/* An answer; freed by wire_free(). */
struct packet {
	uint8_t *octets;
	struct message message; /* borrows octets */
};

/* 0; -MAP_ETIMEOUT, -MAP_ESYS (errno), -MAP_EFORMAT, -MAP_ENOMEM */
int wire_ask(
    const struct addr *server, const struct name *name, uint16_t type, struct packet *out);
void wire_free(struct packet *packet);

#endif
