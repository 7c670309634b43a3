/*
 * paths_offer.c - which of this host's addresses are MPTCP endpoints, and how; the ledger has each before the kernel does.
 */
#include <errno.h>
#include <linux/mptcp.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/paths_own.h"
#include "resolverd/subflows.h"

/*
 * Announced to the peer, and used for own subflows: a listener's kernel can only announce, since
 * nobody listens at a connector's port; a connector's kernel has to connect by itself.
 * Not "backup": the scheduler would wait for four losses before using it.
 */
#define PATHS_FLAGS (MPTCP_PM_ADDR_FLAG_SIGNAL | MPTCP_PM_ADDR_FLAG_SUBFLOW)
/* A private address means nothing to a peer; a translated path out of it may still serve. */
#define PATHS_FLAGS_PRIVATE MPTCP_PM_ADDR_FLAG_SUBFLOW
/* One that is kept back for now is an endpoint all the same: of a session that begins at an address that becomes one later Linux 6.18 makes
 * a second path from there. */
#define PATHS_FLAGS_KEPT 0

/* The flags of the endpoint an address deserves; 0: none. */
static uint32_t
paths_flags_of(const struct paths *paths, const uint8_t address[16])
{
	const struct paths_options *o = &paths->options;

	if (address_refusal(address, o->private_locators, o->realms, o->n_realms) == NULL)
		return PATHS_FLAGS;
	if (address_refusal(address, true, o->realms, o->n_realms) == NULL)
		return PATHS_FLAGS_PRIVATE;
	return 0;
}

static uint32_t
paths_flags(const struct paths *paths, const struct local_address *row)
{
	return row->global && !row->temporary ? paths_flags_of(paths, row->address) : 0;
}

static const struct mptcp_endpoint *
paths_find(const struct mptcp_endpoint *list, size_t n, const uint8_t address[16])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i].address, address, 16) == 0 && list[i].port == 0)
			return &list[i];
	return NULL;
}

/* An endpoint that somebody else made for this address is as good, and his; those that the kernel
 * made by itself are neither. */
static bool
paths_is_free(const struct mptcp_endpoint *list, size_t n, const uint8_t address[16])
{
	const struct mptcp_endpoint *there = paths_find(list, n, address);

	return there == NULL || (there->flags & MPTCP_PM_ADDR_FLAG_IMPLICIT) != 0;
}

/* The ledger is written first, so that a kill in between leaves nothing unknown. False: it is no endpoint of ours. */
static bool
paths_add(struct paths *paths, const uint8_t address[16], uint32_t flags,
    struct mptcp_endpoint *list, size_t *n)
{
	const struct mptcp_endpoint *implicit = paths_find(list, *n, address);
	struct mptcp_endpoint endpoint = {.flags = flags}, ask;
	char text[EID_TEXT];

	memcpy(endpoint.address, address, 16);
	endpoint.id = implicit != NULL ? implicit->id : mptcp_endpoint_free_id(list, *n);
	ask = endpoint;
	if (implicit != NULL)
		ask.id = 0; /* the kernel replaces its own only when no number is asked for */
	address_print(address, text);
	if (endpoint.id == 0 || *n == MPTCP_ENDPOINTS ||
	    ledger_put(paths->ledger, &endpoint) < 0) {
		diag_warn("path %s: not announced: too many endpoints", text);
		return false;
	}
	if (mptcp_endpoint_add(paths->mptcp, &ask) < 0) {
		if (errno == EEXIST) /* another resolverd heard of the address too */
			diag_debug("path %s: somebody else has just set it", text);
		else
			diag_warn("path %s: endpoint refused: %s", text, strerror(errno));
		ledger_drop(paths->ledger, &endpoint);
		return false;
	}
	list[(*n)++] = endpoint;
	diag_info("path %s: %s", text,
	    flags == PATHS_FLAGS_KEPT ? "kept back until it answers"
	    : flags == PATHS_FLAGS    ? "used and announced to peers"
	    : flags == paths_flags_of(paths, address)
		? "used, not announced: private"
		: "used, and announced when somebody listens");
	return true;
}

/* False: it is still there, and ours to remove. */
static bool
paths_remove(struct paths *paths, const struct mptcp_endpoint *endpoint, const char *why)
{
	char text[EID_TEXT];

	address_print(endpoint->address, text);
	if (mptcp_endpoint_remove(paths->mptcp, endpoint) < 0 &&
	    errno != EINVAL) { /* else it has gone since the list was read */
		diag_warn("path %s: endpoint not removed: %s", text, strerror(errno));
		return false;
	}
	diag_info("path %s: taken out: %s", text, why);
	paths->kept[endpoint->id] = false;
	ledger_drop(paths->ledger, endpoint);
	return true;
}

/* False also of what another process has kept back: nobody here would renew it. */
static bool
paths_keeps(const struct paths *paths, const struct mptcp_endpoint *ours)
{
	return ours->flags == PATHS_FLAGS_KEPT && paths->kept[ours->id];
}

/* Not announced for now (paths_renew()): it stays so until somebody listens here, and while it is used. */
static bool
paths_is_quiet(struct paths *paths, const struct mptcp_endpoint *ours, uint32_t flags)
{
	struct subflows seen = {.n = 0};
	struct netlink *diag = NULL;
	bool used = true;

	if (ours->flags != (flags & ~(uint32_t)MPTCP_PM_ADDR_FLAG_SIGNAL))
		return false;
	paths->quiet = true;
	if (!paths->accepts)
		return true;
	if (netlink_open(NETLINK_SOCK_DIAG, 0, &diag) == 0 && subflows_read(diag, &seen) == 0)
		used = subflows_use(&seen, ours->address);
	netlink_close(diag);
	subflows_clear(&seen);
	return used;
}

/*
 * Ours that are wanted no more, or not so: the address is gone, or they are inherited from a resolverd
 * with another configuration. A deprecated address stays: what has nothing else goes on (RFC 4862 5.5.4). What somebody
 * has changed since it was set is his from then on.
 */
static void
paths_remove_unwanted(struct paths *paths, const struct addresses *addresses,
    const struct mptcp_endpoint *list, size_t n)
{
	char text[EID_TEXT];
	size_t i = 0;

	paths->quiet = false;
	while (i < ledger_count(paths->ledger)) {
		struct mptcp_endpoint ours = *ledger_at(paths->ledger, i);
		const struct local_address *row = addresses_find(addresses, ours.address);
		uint32_t flags = row != NULL ? paths_flags(paths, row) : 0;
		bool stays = false;

		if (!mptcp_endpoint_stands(&ours, list, n)) {
			diag_info("path %s: changed by somebody else, and left to him",
			    address_print(ours.address, text));
			ledger_drop(paths->ledger, &ours);
		} else if (flags == 0) {
			stays = !paths_remove(paths, &ours, "the address is gone");
		} else if (flags != ours.flags && !paths_keeps(paths, &ours) &&
			   !paths_is_quiet(paths, &ours, flags)) {
			stays = !paths_remove(paths, &ours, "it is to be used in another way");
		} else {
			stays = true;
		}
		i += stays; /* else another one has its line */
	}
}

/* The same addresses, for the sessions that are managed; those that get no endpoint may have paths all the same. */
static void
paths_tell_manage(struct paths *paths, const struct addresses *addresses)
{
	struct managed_own own[MANAGED_OWN];
	size_t n = 0;

	for (size_t i = 0; i < addresses->n && n < MANAGED_OWN; i++) {
		const struct local_address *row = &addresses->list[i];
		uint32_t flags = paths_flags(paths, row);

		if (!row->running)
			continue;
		/* RFC 4862 5.5.4: nothing begins at a deprecated one, and what can change over to another does. That a temporary one
		 * is no more preferred says nothing of what it leads by. */
		own[n] =
		    (struct managed_own){.announced = flags == PATHS_FLAGS && !row->deprecated,
			.passive = flags == 0 || row->deprecated,
			.fades = row->deprecated && !row->temporary};
		memcpy(own[n++].address, row->address, 16);
	}
	manage_addresses(paths->manage, own, n);
}

int
paths_sync(struct paths *paths)
{
	struct mptcp_endpoint list[MPTCP_ENDPOINTS];
	struct addresses addresses;
	int rc = addresses_read(paths->route, &addresses);
	size_t n;

	if ((rc < 0 && rc != -MAP_ESTALE) ||
	    mptcp_endpoints(paths->mptcp, list, MPTCP_ENDPOINTS, &n) < 0)
		return -MAP_ESYS;
	if (rc ==
	    0) /* else one that was not seen may be there; the event that is due says so */
		paths_remove_unwanted(paths, &addresses, list, n);
	paths->accepts &= paths->quiet;
	if (mptcp_endpoints(paths->mptcp, list, MPTCP_ENDPOINTS, &n) < 0)
		return -MAP_ESYS;
	for (size_t i = 0; i < addresses.n; i++) {
		const struct local_address *row = &addresses.list[i];
		uint32_t flags = paths_flags(paths, row);

		if (flags != 0 && !row->deprecated && paths_is_free(list, n, row->address))
			(void)paths_add(paths, row->address, flags, list, &n);
	}
	if (paths->manage != NULL && rc == 0)
		paths_tell_manage(paths, &addresses);
	return 0;
}

/* The endpoint of ours that this address has, or NULL. */
static const struct mptcp_endpoint *
paths_ours(const struct paths *paths, const uint8_t address[16])
{
	for (size_t i = 0; i < ledger_count(paths->ledger); i++)
		if (memcmp(ledger_at(paths->ledger, i)->address, address, 16) == 0)
			return ledger_at(paths->ledger, i);
	return NULL;
}

/*
 * Takes a path out of all sessions, and makes its endpoint anew with these flags: the removal goes over the paths that live. Under
 * a new number, because kernels differ in what they still believe about an old one.
 */
static void
paths_replace(struct paths *paths, const uint8_t address[16], uint32_t flags, const char *why)
{
	const struct mptcp_endpoint *row = paths_ours(paths, address);
	struct mptcp_endpoint list[MPTCP_ENDPOINTS], ours;
	size_t n;

	if (row == NULL || paths_flags_of(paths, address) == 0 ||
	    mptcp_endpoints(paths->mptcp, list, MPTCP_ENDPOINTS, &n) < 0 ||
	    !mptcp_endpoint_stands(row, list, n))
		return;
	ours = *row;
	if (!paths_remove(paths, &ours, why))
		return;
	for (size_t i = 0; i < n; i++)
		if (list[i].id == ours.id)
			memset(list[i].address, 0,
			    sizeof list[i].address); /* its number stays taken */
	if (!paths_add(paths, address, flags, list, &n))
		paths_settle(paths); /* no event of the address would */
}

void
paths_keep_back(void *arg, const uint8_t address[16], const char *why)
{
	struct paths *paths = arg;
	const struct mptcp_endpoint *ours;

	paths_replace(paths, address, PATHS_FLAGS_KEPT, why);
	ours = paths_ours(paths, address);
	if (ours != NULL)
		paths->kept[ours->id] = ours->flags == PATHS_FLAGS_KEPT;
}

bool
paths_is_kept(void *arg, const uint8_t address[16])
{
	const struct mptcp_endpoint *ours = paths_ours(arg, address);

	return ours != NULL && paths_keeps(arg, ours);
}

/*
 * Peers join anew once the path's handshake passes. It is announced again only where somebody listens here, or did, for whose peers that
 * is. Of an address that is both announced and used, and that a session began at, Linux 6.18 counts each return as one more path of that
 * session, and after the second makes none: a session that began here would be left with one path.
 */
void
paths_renew(void *arg, const uint8_t address[16], bool accepts, const char *why)
{
	struct paths *paths = arg;
	uint32_t flags = paths_flags_of(paths, address);

	if (!accepts && (flags & MPTCP_PM_ADDR_FLAG_SUBFLOW) != 0)
		flags &= ~(uint32_t)MPTCP_PM_ADDR_FLAG_SIGNAL;
	paths->quiet |= flags != paths_flags_of(paths, address);
	paths_replace(paths, address, flags, why);
}

size_t
paths_own(void *arg, uint8_t (*list)[16], size_t max)
{
	const struct paths *paths = arg;
	size_t n = ledger_count(paths->ledger);

	n = n < max ? n : max;
	for (size_t i = 0; i < n; i++)
		memcpy(list[i], ledger_at(paths->ledger, i)->address, 16);
	return n;
}
