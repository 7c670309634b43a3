/*
 * prober.h - datagrams of one port, from and to any address of this host, and what routers say of them
 * (ICMP, RFC 4443, RFC 792). Knows probes as octets; judges nothing.
 */
#ifndef RESOLVERD_PROBER_H
#define RESOLVERD_PROBER_H

#include "core/sys/loop.h"
#include "core/wire/probe.h"

struct prober;

/* The way of a probe, as this host sees it. */
struct prober_way {
	uint8_t local[16], remote[16]; /* IPv4 mapped */
	uint16_t port;                 /* the remote's */
};

struct prober_way prober_way_of(const uint8_t local[16], const uint8_t remote[16]) NONNULL; /* at PROBE_PORT */
bool prober_way_equal(const struct prober_way *a, const struct prober_way *b) NONNULL; /* the port aside */
size_t prober_way_hash(const struct prober_way *way) NONNULL; /* for tables; the port aside */

/* Both are borrowed until the function returns. */
struct prober_ops {
	void (*heard)(void *arg, const struct prober_way *way, const struct probe *probe);
	/* What a probe of ours met: an errno. by is who said it: a router, the remote itself (who is alive then,
	 * whatever it says), or this host's own kernel, before it left. */
	void (*failed)(void *arg, const struct prober_way *way, const struct probe *probe, int error, const uint8_t by[16]);
};

/*
 * Opens UDP sockets at port, one for each family that this host has. Where somebody has the port already
 * it probes from another, and does not hear who probes this host: prober_hears(). -MAP_ESYS, -MAP_ENOMEM
 */
int prober_open(struct loop *loop, uint16_t port, const struct prober_ops *ops, void *arg, struct prober **out)
    NONNULL MUST_CHECK;
void prober_close(struct prober *prober); /* NULL allowed */
bool prober_hears(const struct prober *prober) NONNULL;

/* Sends from way->local: 0, or what the kernel said at once, an errno. failed() is not called for that. */
int prober_send(struct prober *prober, const struct prober_way *way, const struct probe *probe) NONNULL;

#endif
