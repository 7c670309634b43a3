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
	struct subflows seen;
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

bool
peers_has(struct peers *peers, const uint8_t address[16])
{
	uint64_t now = loop_now_ms();

	if (peers->read == 0 || now - peers->read >= PEERS_MS) {
		peers->read = now;
		if (subflows_read(peers->diag, &peers->seen) < 0)
			peers->seen.n = 0;
	}
	for (size_t i = 0; i < peers->seen.n; i++)
		if (memcmp(peers->seen.list[i].remote, address, 16) == 0)
			return true;
	return false;
}
