/*
 * hint.c - who the peer of a socket says he is: the reverse name of his address, and whether that identity has the
 * address among its locators.
 */
#include "libmap/context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/wire/errors.h"
#include "libmap/transport.h"

struct hint {
	struct map_request request; /* first: what the caller holds */
	struct ask ask;
	uint8_t address[16];
	map_hinted_fn *fn;
	void *arg;
};

static void
hint_end(struct map_request *request)
{
	struct hint *hint = (struct hint *)(void *)request;

	agent_cancel(&hint->ask);
	free(hint);
}

/* Tells the caller and is gone. */
static void
hint_tell(struct hint *hint, int error, const char *why, const char *identity)
{
	struct map *map = hint->request.map;
	map_hinted_fn *fn = hint->fn;
	void *arg = hint->arg;

	if (error != 0)
		context_fail(map, error, "%s", why);
	context_remove(&hint->request);
	hint_end(&hint->request);
	fn(arg, error, error != 0 ? map->why : "", identity);
}

/* What vouches for a locator is enough: validation, or the host's own key. */
static bool
hint_confirms(const struct found_identity *id, const uint8_t address[16])
{
	for (size_t i = 0; id->error == 0 && i < id->n_locators; i++)
		if (memcmp(id->locators[i].locator.address, address, 16) == 0 &&
		    (id->locators[i].trust == VERDICT_SECURE ||
			id->locators[i].trust == VERDICT_PROVED))
			return true;
	return false;
}

static void
hint_found(struct ask *ask, int error, const char *why, const struct result *result)
{
	struct hint *hint = (struct hint *)(void *)((char *)ask - offsetof(struct hint, ask));
	char text[EID_TEXT];

	if (error != 0) {
		hint_tell(hint, error, why, NULL);
		return;
	}
	for (size_t i = 0; result->kind == RESULT_EPID && i < result->n_identities; i++)
		if (hint_confirms(&result->identities[i], hint->address)) {
			hint_tell(hint, 0, "", eid_print(&result->identities[i].id, text));
			return;
		}
	hint_tell(hint, result->kind == RESULT_EPID ? -MAP_EMISMATCH : -MAP_ENOTFOUND,
	    result->kind == RESULT_EPID ? "the identity named there does not have this address"
					: "no identity is named there",
	    NULL);
}

int
map_peer_hint_start(
    struct map *map, int fd, map_hinted_fn *fn, void *arg, struct map_request **request)
{
	struct hint *hint = calloc(1, sizeof *hint);
	struct sockaddr_storage peer = {0};
	socklen_t n = sizeof peer;

	if (hint == NULL)
		return context_fail(map, -MAP_ENOMEM, "out of memory");
	if (getpeername(fd, (struct sockaddr *)(void *)&peer, &n) < 0 ||
	    (peer.ss_family != AF_INET && peer.ss_family != AF_INET6)) {
		free(hint);
		return context_fail(
		    map, -MAP_ESYS, "descriptor %d: no peer with an address", fd);
	}
	transport_octets(&peer, hint->address);
	hint->ask.request.id.form = EID_NAME;
	if (eid_owner_reverse(hint->address, &hint->ask.request.id.name) < 0) {
		free(hint);
		return context_fail(map, -MAP_ESPACE, "descriptor %d: no reverse name", fd);
	}
	hint->request.end = hint_end;
	hint->fn = fn;
	hint->arg = arg;
	context_add(map, &hint->request);
	hint->ask.map = map;
	hint->ask.due = context_now() + map->resolve_ms;
	hint->ask.fn = hint_found;
	agent_start(&hint->ask);
	if (request != NULL)
		*request = &hint->request;
	return 0;
}

struct hint_wait {
	bool done;
	int error;
	char *identity;
};

static void
hint_waited(void *arg, int error, const char *why, const char *identity)
{
	struct hint_wait *wait = arg;

	(void)why; /* it stays in the context */
	wait->done = true;
	wait->error = error;
	if (identity != NULL)
		snprintf(wait->identity, MAP_IDENTITY_TEXT, "%s", identity);
}

int
map_peer_hint(struct map *map, int fd, char identity[MAP_IDENTITY_TEXT])
{
	struct hint_wait wait = {.identity = identity};
	struct map_request *request;
	int rc;

	map->why[0] = identity[0] = '\0';
	rc = map_peer_hint_start(map, fd, hint_waited, &wait, &request);
	if (rc < 0)
		return rc;
	rc = context_run(map, &wait.done);
	if (rc < 0) {
		map_cancel(request);
		return rc;
	}
	return wait.error;
}
