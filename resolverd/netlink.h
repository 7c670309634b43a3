/*
 * netlink.h - asking the kernel over netlink: thin on libmnl, so that no other file opens sockets.
 * A request is answered before netlink_ask() returns, since the kernel answers inside the send.
 */
#ifndef RESOLVERD_NETLINK_H
#define RESOLVERD_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "core/wire/bytes.h"

struct netlink; /* one netlink socket with its buffers */

/* bus is NETLINK_GENERIC, NETLINK_ROUTE or NETLINK_SOCK_DIAG; groups as in bind(2). -MAP_ESYS with
 * errno, -MAP_ENOMEM. */
int netlink_open(int bus, unsigned groups, struct netlink **out) NONNULL MUST_CHECK;
void netlink_close(struct netlink *nl); /* NULL allowed */
int netlink_fd(const struct netlink *nl) NONNULL; /* for a watch; borrowed */

/* The number of a generic family, and of one of its multicast groups when group is not NULL.
 * -MAP_EUNKNOWN: the kernel has no such family or group. */
int netlink_family(struct netlink *nl, const char *name, uint16_t *family, const char *group,
    uint32_t *group_id) __attribute__((nonnull(1, 2, 3))) MUST_CHECK;
int netlink_join(struct netlink *nl, uint32_t group) NONNULL MUST_CHECK;

/* Starts a message in the socket's own buffer; the caller puts what follows with mnl_*_put(). */
struct nlmsghdr *netlink_start(struct netlink *nl, uint16_t type, uint16_t flags) NONNULL;
/* The same with the header of a generic family behind it. */
struct nlmsghdr *netlink_start_generic(struct netlink *nl, uint16_t family, uint8_t command,
    uint8_t version, uint16_t flags) NONNULL;

/* Called for each message of an answer; the message is borrowed until it returns. */
typedef void netlink_fn(void *arg, const struct nlmsghdr *message);

/* Sends what netlink_start() began and reads the whole answer, a dump or an acknowledgement.
 * fn may be NULL. -MAP_ESYS with errno as the kernel said it, EAGAIN when it said nothing for two
 * seconds; -MAP_ESTALE: all was read, but things changed meanwhile, so that something may be there
 * twice or not at all. */
int netlink_ask(struct netlink *nl, netlink_fn *fn, void *arg)
    __attribute__((nonnull(1))) MUST_CHECK;
/* Reads events that wait, without blocking: not all of them where they are many, since the loop has others to serve.
 * -MAP_ELIMIT: some were lost, and all that came before is read; ask anew. */
int netlink_events(struct netlink *nl, netlink_fn *fn, void *arg)
    __attribute__((nonnull(1, 2)));

#endif
