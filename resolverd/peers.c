/*
 * peers.c - the remote addresses of subflows, read anew when somebody asks and they are a second old.
 */
#include "resolverd/peers.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "resolverd/subflows.h"

#define PEERS_MS 1000

struct peers {
	struct netlink *diag;
	uint64_t read; /* ms; 0: never */
	struct subflows seen; /* by remote addresses: each probe that comes asks for one */
};

int
peers_open(struct peers **out)
{
	struct peers *peers = calloc(1, sizeof *peers);
	int rc = peers != NULL ? netlink_open(NETLINK_SOCK_DIAG, 0, &peers->diag) : -MAP_ENOMEM;

	*out = rc == 0 ? peers : NULL;
	if (rc != 0)
		free(peers);
	return rc;
}

void
peers_close(struct peers *peers)
{
	if (peers == NULL)
		return;
	netlink_close(peers->diag);
	subflows_clear(&peers->seen);
	free(peers);
}

static int
peers_order(const void *a, const void *b)
{
	const struct subflow *x = a, *y = b;

	return memcmp(x->remote, y->remote, sizeof x->remote);
}

static void
peers_read(struct peers *peers)
{
	if (subflows_read(peers->diag, &peers->seen) < 0)
		peers->seen.n = 0;
	if (peers->seen.n > 1)
		qsort(peers->seen.list, peers->seen.n, sizeof peers->seen.list[0], peers_order);
}

bool
peers_has(struct peers *peers, const uint8_t address[16])
{
	uint64_t now = loop_now_ms();
	struct subflow key = {0};

	if (peers->read == 0 || now - peers->read >= PEERS_MS) {
		peers->read = now;
		peers_read(peers);
	}
	memcpy(key.remote, address, sizeof key.remote);
	return peers->seen.n > 0 && bsearch(&key, peers->seen.list, peers->seen.n,
					sizeof peers->seen.list[0], peers_order) != NULL;
}
