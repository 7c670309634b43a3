/*
 * server.h - a server of updates in the test's own loop, on loopback: checks each message's seal and proof, and
 * answers as the test says.
 */
#ifndef TESTS_REGISTER_SERVER_H
#define TESTS_REGISTER_SERVER_H

#include "tests/wire/hex.h"

#include "core/sys/acceptor.h"
#include "core/sys/sock.h"
#include "core/sys/stream.h"
#include "core/trust/seal.h"
#include "core/wire/cookie.h"
#include "core/wire/update.h"

#define SERVER_MESSAGES 64

/* What came. */
struct asked {
	bool datagram;
	size_t n;
	uint8_t wire[4096];
	struct message message;
	struct update update;
	struct cookie cookie;
	struct tsig tsig;
	bool has_tsig;
};

/* What goes back. */
struct says {
	bool nothing; /* a datagram is dropped, a connection closed */
	unsigned rcode;
	bool truncated, wrong_id, wrong_seal, no_seal;
	bool leases;
	struct lease_option lease;
	const char *text; /* EDE; NULL: none */
	bool cookie; /* with a server's part */
	bool no_cookie; /* not even the client's, as who did not see the question */
};

struct server {
	struct loop *loop;
	struct addr addr;
	int udp, tcp;
	struct watch *watch;
	struct acceptor *acceptor;
	struct connection {
		struct server *server;
		struct stream *stream;
	} connections[SERVER_MESSAGES];
	size_t n_connections;
	struct says (*answer)(struct server *server, const struct asked *asked);
	const struct crypto_key *key; /* that must have signed */
	const struct tsig_key *tsig;
	size_t n_asked;
	struct asked asked[SERVER_MESSAGES];
};

void server_open(struct server *server, struct loop *loop,
    struct says (*answer)(struct server *server, const struct asked *asked)) NONNULL;
void server_close(struct server *server) NONNULL;
/* A probe to UDP port of this host. */
void server_probe(
    const uint8_t address[16], const uint8_t token[PROVE_TOKEN], uint16_t port, bool ip6) NONNULL;
/* Records of type that a message adds. */
size_t asked_count(const struct asked *asked, uint16_t type) NONNULL;
/* The address is among its ELOC. */
bool asked_has(const struct asked *asked, const char *address) NONNULL;
/* RDATA of its proof; n 0: none. */
struct bytes asked_proof(const struct asked *asked) NONNULL;

#endif
