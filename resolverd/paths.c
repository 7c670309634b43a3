/*
 * paths.c - keeps the kernel's MPTCP endpoints equal to this host's addresses.
 * Knows addresses and endpoints; knows nothing of sessions, identities or DNS.
 */
#include "resolverd/paths.h"

#include <errno.h>
#include <linux/mptcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/ledgers.h"
#include "resolverd/manage.h"
#include "resolverd/mptcp.h"
#include "resolverd/pulse.h"
#include "resolverd/subflows.h"

/*
 * Announced to the peer, and used for own subflows: a listener's kernel can only announce, since
 * nobody listens at a connector's port; a connector's kernel has to connect by itself.
 * Not "backup": the scheduler would wait for four losses before using it.
 */
#define PATHS_FLAGS (MPTCP_PM_ADDR_FLAG_SIGNAL | MPTCP_PM_ADDR_FLAG_SUBFLOW)
/* A private address means nothing to a peer; a translated path out of it may still serve. */
#define PATHS_FLAGS_PRIVATE MPTCP_PM_ADDR_FLAG_SUBFLOW
/* Addresses come and go in bursts when a link changes. */
#define PATHS_SETTLE_MS 20

struct paths {
	struct paths_options options; /* realms is the one below, user is not kept */
	struct realm *realms;
	struct mptcp *mptcp;
	struct netlink *route; /* for asking */
	struct netlink *events; /* for hearing */
	struct watch *watch, *others;
	struct timer *settle;
	struct pulse *pulse;
	struct manage *manage; /* NULL: the kernel manages all sessions */
	struct paths_company company;
	struct ledgers *ledgers; /* NULL: nothing is set here */
	struct ledger *ledger; /* the own of them */
	char note[64];
};

const char *
paths_note(struct paths *paths)
{
	if (paths->ledger != NULL && paths->manage != NULL)
		snprintf(paths->note, sizeof paths->note,
		    "%zu endpoints, %zu sessions managed one by one",
		    ledger_count(paths->ledger), manage_count(paths->manage));
	else if (paths->ledger != NULL)
		snprintf(paths->note, sizeof paths->note, "%zu endpoints",
		    ledger_count(paths->ledger));
	return paths->note;
}

/* The flags of the endpoint an address deserves; 0: none. */
static uint32_t
paths_flags(const struct paths *paths, const struct local_address *row)
{
	const struct paths_options *o = &paths->options;

	if (!row->global || row->temporary)
		return 0;
	if (address_refusal(row->address, o->private_locators, o->realms, o->n_realms) == NULL)
		return PATHS_FLAGS;
	if (address_refusal(row->address, true, o->realms, o->n_realms) == NULL)
		return PATHS_FLAGS_PRIVATE;
	return 0;
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

/* The ledger is written first, so that a kill in between leaves nothing unknown. */
static void
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
		return;
	}
	if (mptcp_endpoint_add(paths->mptcp, &ask) < 0) {
		if (errno == EEXIST) /* another resolverd heard of the address too */
			diag_debug("path %s: somebody else has just set it", text);
		else
			diag_warn("path %s: endpoint refused: %s", text, strerror(errno));
		ledger_drop(paths->ledger, &endpoint);
		return;
	}
	list[(*n)++] = endpoint;
	diag_info("path %s: %s", text,
	    flags == PATHS_FLAGS ? "used and announced to peers"
				 : "used, not announced: private");
}

static void
paths_remove(struct paths *paths, const struct mptcp_endpoint *endpoint, const char *why)
{
	char text[EID_TEXT];

	address_print(endpoint->address, text);
	if (mptcp_endpoint_remove(paths->mptcp, endpoint) < 0 && errno != EINVAL)
		diag_warn("path %s: endpoint not removed: %s", text, strerror(errno));
	else
		diag_info("path %s: taken out: %s", text, why);
	ledger_drop(paths->ledger, endpoint);
}

/*
 * Ours that are wanted no more, or not so: the address is gone, or they are inherited from a resolverd
 * with another configuration. A deprecated address stays: its sessions are still good. What somebody
 * has changed since it was set is his from then on.
 */
static void
paths_remove_unwanted(struct paths *paths, const struct addresses *addresses,
    const struct mptcp_endpoint *list, size_t n)
{
	char text[EID_TEXT];
	size_t i = 0;

	while (i < ledger_count(paths->ledger)) {
		struct mptcp_endpoint ours = *ledger_at(paths->ledger, i);
		const struct local_address *row = addresses_find(addresses, ours.address);
		uint32_t flags = row != NULL ? paths_flags(paths, row) : 0;

		if (!mptcp_endpoint_stands(&ours, list, n)) {
			diag_info("path %s: changed by somebody else, and left to him",
			    address_print(ours.address, text));
			ledger_drop(paths->ledger, &ours);
		} else if (flags == 0) {
			paths_remove(paths, &ours, "the address is gone");
		} else if (flags != ours.flags) {
			paths_remove(paths, &ours, "it is to be used in another way");
		} else {
			i++;
		}
	}
}

/* The same addresses, for the sessions that are managed. */
static void
paths_tell_manage(struct paths *paths, const struct addresses *addresses)
{
	struct managed_own own[MANAGED_OWN];
	size_t n = 0;

	for (size_t i = 0; i < addresses->n && n < MANAGED_OWN; i++) {
		uint32_t flags = paths_flags(paths, &addresses->list[i]);

		if (flags == 0 || addresses->list[i].deprecated || !addresses->list[i].running)
			continue;
		own[n] = (struct managed_own){.announced = flags == PATHS_FLAGS};
		memcpy(own[n++].address, addresses->list[i].address, 16);
	}
	manage_addresses(paths->manage, own, n);
}

static int
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
	if (mptcp_endpoints(paths->mptcp, list, MPTCP_ENDPOINTS, &n) < 0)
		return -MAP_ESYS;
	for (size_t i = 0; i < addresses.n; i++) {
		const struct local_address *row = &addresses.list[i];
		uint32_t flags = paths_flags(paths, row);

		if (flags != 0 && !row->deprecated && paths_is_free(list, n, row->address))
			paths_add(paths, row->address, flags, list, &n);
	}
	if (paths->manage != NULL && rc == 0)
		paths_tell_manage(paths, &addresses);
	return 0;
}

static void
paths_settled(void *arg)
{
	struct paths *paths = arg;

	if (!ledgers_inherit(paths->ledgers))
		timer_start(paths->settle, PATHS_SETTLE_MS);
	if (paths_sync(paths) < 0)
		diag_warn("paths: addresses cannot be read: %s", strerror(errno));
}

static void
paths_heard(void *arg, const struct nlmsghdr *message)
{
	(void)message;
	timer_start(((struct paths *)arg)->settle, PATHS_SETTLE_MS);
}

static void
paths_ready(void *arg, int fd, unsigned events)
{
	struct paths *paths = arg;

	(void)fd;
	(void)events;
	if (netlink_events(paths->events, paths_heard, paths) < 0)
		timer_start(paths->settle, PATHS_SETTLE_MS);
}

/* Another resolverd may have died, or stopped. */
static void
paths_other_ready(void *arg, int fd, unsigned events)
{
	struct paths *paths = arg;

	(void)fd;
	(void)events;
	ledgers_drain(paths->ledgers);
	timer_start(paths->settle, PATHS_SETTLE_MS);
}

static uint32_t
paths_limit(uint32_t had)
{
	return had > MPTCP_LIMIT_MAX ? had : MPTCP_LIMIT_MAX;
}

static int
paths_limits_set(
    struct paths *paths, const struct mptcp_limits *had, const struct mptcp_limits *want)
{
	int rc = ledger_limits(paths->ledger, had, want);

	return rc < 0 ? rc : mptcp_limits_set(paths->mptcp, want);
}

/* The limits, and the manager of sessions that begin. Where that may not be chosen the kernel's own remains, which is no
 * error. */
static int
paths_limits(struct paths *paths)
{
	struct mptcp_limits had, want;
	int rc = mptcp_limits_get(paths->mptcp, &had);

	if (rc < 0)
		return rc;
	want = ledger_before(paths->ledger, &had);
	want.subflows = paths_limit(had.subflows);
	want.add_addr_accepted = paths_limit(had.add_addr_accepted);
	if (paths->options.mode == PATHS_MANAGE) {
		uint32_t before = want.manager;

		want.manager = MPTCP_MANAGER_USERSPACE;
		if (paths_limits_set(paths, &had, &want) == 0)
			return 0;
		diag_warn("paths: sessions cannot be managed one by one (net.mptcp.pm_type: "
			  "%s): the kernel does it",
		    strerror(errno));
		paths->options.mode = PATHS_KERNEL;
		want.manager = before;
	}
	return paths_limits_set(paths, &had, &want);
}

/*
 * Takes a path out of all sessions, and offers it again under a new number: the removal goes over the
 * paths that live, peers join anew once the path's handshake passes. A new number, because kernels
 * differ in what they still believe about an old one.
 */
static void
paths_renew(void *arg, const uint8_t address[16], const char *why)
{
	struct paths *paths = arg;
	struct mptcp_endpoint list[MPTCP_ENDPOINTS];
	struct mptcp_endpoint ours = {0};
	size_t n;

	for (size_t i = 0; i < ledger_count(paths->ledger); i++)
		if (memcmp(ledger_at(paths->ledger, i)->address, address, 16) == 0)
			ours = *ledger_at(paths->ledger, i);
	if (ours.id == 0 || mptcp_endpoints(paths->mptcp, list, MPTCP_ENDPOINTS, &n) < 0 ||
	    !mptcp_endpoint_stands(&ours, list, n))
		return;
	paths_remove(paths, &ours, why);
	for (size_t i = 0; i < n; i++)
		if (list[i].id == ours.id)
			memset(list[i].address, 0,
			    sizeof list[i].address); /* its number stays taken */
	paths_add(paths, address, ours.flags, list, &n);
}

static size_t
paths_own(void *arg, uint8_t (*list)[16], size_t max)
{
	const struct paths *paths = arg;
	size_t n = ledger_count(paths->ledger);

	n = n < max ? n : max;
	for (size_t i = 0; i < n; i++)
		memcpy(list[i], ledger_at(paths->ledger, i)->address, 16);
	return n;
}

static const struct pulse_ops paths_pulse = {paths_own, paths_renew};

void
paths_attend(struct paths *paths, const struct paths_company *company)
{
	paths->company = *company;
}

bool
paths_map(struct paths *paths, uint32_t token, const struct paths_places *places)
{
	if (paths->manage == NULL || !manage_has(paths->manage, token))
		return false;
	manage_map(paths->manage, token, places);
	return true;
}

void
paths_sign(struct paths *paths, const struct prober_way *way)
{
	if (paths->manage != NULL)
		manage_sign(paths->manage, way);
}

static int
paths_follow(struct loop *loop, struct paths *paths)
{
	int rc = netlink_open(NETLINK_ROUTE, addresses_groups(), &paths->events);
	int fd = ledgers_fd(paths->ledgers);

	if (rc == 0)
		rc = netlink_open(NETLINK_ROUTE, 0, &paths->route);
	if (rc < 0)
		return rc;
	paths->settle = timer_new(loop, paths_settled, paths);
	paths->watch =
	    watch_new(loop, netlink_fd(paths->events), LOOP_READ, paths_ready, paths);
	if (fd >= 0)
		paths->others = watch_new(loop, fd, LOOP_READ, paths_other_ready, paths);
	return paths->settle != NULL && paths->watch != NULL &&
		       (fd < 0 || paths->others != NULL)
		   ? 0
		   : -MAP_ENOMEM;
}

/* What was left is nobody's any more. Without the right to look, nobody is told. */
static void
paths_sweep(void)
{
	struct ledgers_swept swept;

	if (ledgers_sweep(&swept) == -MAP_EREFUSED)
		diag_debug("paths: what others left is not ours to see");
	else if (swept.undone > 0)
		diag_info("paths: changes of a resolverd that was killed, taken back: %u",
		    swept.undone);
}

/* Why nothing can be set here, or NULL: it can. -MAP_ESYS, -MAP_ENOMEM */
static int
paths_refusal(struct paths *paths, const char **why)
{
	int rc;

	*why = mptcp_refusal();
	if (*why != NULL)
		return 0;
	rc = mptcp_open(&paths->mptcp);
	if (rc == -MAP_EUNKNOWN) {
		*why = "the kernel has no MPTCP path manager";
		return 0;
	}
	if (rc == 0)
		rc = mptcp_may_set(paths->mptcp);
	if (rc == -MAP_ESYS && (errno == EPERM || errno == EACCES)) {
		*why = "MPTCP endpoints need CAP_NET_ADMIN";
		return 0;
	}
	return rc;
}

static int
paths_prepare(struct paths *paths, const char *user)
{
	const char *why;
	int rc = paths_refusal(paths, &why);

	if (rc < 0)
		return rc;
	if (why == NULL) {
		rc = ledgers_open(user, paths->mptcp, &paths->ledgers);
		if (rc == 0)
			paths->ledger = ledgers_own(paths->ledgers);
		return rc;
	}
	diag_info("paths: %s; sessions cannot move between addresses", why);
	snprintf(paths->note, sizeof paths->note, "%s", why);
	paths_sweep();
	return 0;
}

/* The ledger has said its own. */
static int
paths_say(int rc)
{
	if (rc < 0 && rc != -MAP_ECONFIG)
		diag_error("paths: %s: %s", error_text(rc), strerror(errno));
	return rc;
}

/* The caller's configuration may be replaced while we run. */
static int
paths_keep(struct paths *paths, const struct paths_options *options)
{
	paths->options = *options;
	paths->options.user = NULL;
	paths->options.realms = NULL;
	paths->realms = calloc(options->n_realms + 1, sizeof *paths->realms);
	if (paths->realms == NULL)
		return -MAP_ENOMEM;
	if (options->n_realms > 0)
		memcpy(
		    paths->realms, options->realms, options->n_realms * sizeof *paths->realms);
	paths->options.realms = paths->realms;
	return 0;
}

int
paths_open(const struct paths_options *options, struct paths **out)
{
	struct paths *paths = calloc(1, sizeof *paths);
	int rc;

	if (paths == NULL)
		return -MAP_ENOMEM;
	rc = paths_keep(paths, options);
	if (rc == 0 && options->mode != PATHS_OFF) {
		rc = paths_prepare(paths, options->user);
	} else if (rc == 0) {
		snprintf(paths->note, sizeof paths->note, "off");
		paths_sweep();
	}
	if (rc < 0) {
		paths_close(paths);
		return paths_say(rc);
	}
	*out = paths;
	return 0;
}

int
paths_start(struct paths *paths, struct loop *loop)
{
	int rc;

	if (paths->ledger == NULL)
		return 0;
	rc = paths_limits(paths);
	if (rc == 0)
		rc = paths_follow(loop, paths);
	if (rc == 0 && paths->options.mode == PATHS_MANAGE)
		rc = manage_open(loop, paths->mptcp, &paths->company, &paths->manage);
	if (rc == 0)
		rc = paths_sync(paths);
	if (rc == 0)
		rc = pulse_open(loop, paths->mptcp, &paths_pulse, paths, &paths->pulse);
	if (rc == 0 && paths->pulse != NULL)
		rc = pulse_attend(paths->pulse, &paths->company, paths->manage);
	if (rc == 0)
		diag_info("paths: %s", paths_note(paths));
	return paths_say(rc);
}

/* The addresses that established sessions run over; all there is when they cannot all be seen, none
 * when the kernel shows no sessions. */
static size_t
paths_used(const struct paths *paths, uint8_t (*used)[16], size_t max)
{
	struct subflows subflows = {.n = 0};
	struct netlink *diag = NULL;
	bool seen = netlink_open(NETLINK_SOCK_DIAG, 0, &diag) == 0 &&
		    subflows_read(diag, &subflows) == 0;
	size_t n = 0;

	for (size_t i = 0; seen && i < ledger_count(paths->ledger) && n < max; i++) {
		const uint8_t *address = ledger_at(paths->ledger, i)->address;

		if (subflows_use(&subflows, address))
			memcpy(used[n++], address, 16);
	}
	netlink_close(diag);
	subflows_clear(&subflows);
	return n;
}

static void
paths_leave(struct paths *paths)
{
	uint8_t used[LEDGER_ENDPOINTS][16];
	size_t n = paths_used(paths, used, LEDGER_ENDPOINTS), stayed;

	ledgers_close(paths->ledgers, (const uint8_t(*)[16])used, n, &stayed);
	if (stayed > 0)
		diag_info(
		    "paths: endpoints that stay for the sessions that run over them: %zu; "
		    "the next start takes them over, \"resolverd --restore\" takes them back",
		    stayed);
}

void
paths_close(struct paths *paths)
{
	if (paths == NULL)
		return;
	pulse_close(paths->pulse);
	manage_close(paths->manage);
	watch_free(paths->watch);
	watch_free(paths->others);
	timer_free(paths->settle);
	if (paths->ledgers != NULL)
		paths_leave(paths);
	netlink_close(paths->events);
	netlink_close(paths->route);
	mptcp_close(paths->mptcp);
	free(paths->realms);
	free(paths);
}

int
paths_restore(void)
{
	struct ledgers_swept swept;
	int rc = ledgers_sweep(&swept);

	if (rc == -MAP_EREFUSED)
		diag_error("paths: what was left cannot be looked at: %s", strerror(errno));
	else if (rc < 0)
		diag_error(
		    "paths: changes taken back: %u; not all, as said above", swept.undone);
	else if (swept.alive)
		diag_info(
		    "paths: a resolverd is alive in this network namespace, and takes back "
		    "what others left when it stops");
	else if (swept.undone == 0)
		diag_info("paths: nothing to take back");
	else
		diag_info("paths: changes taken back: %u", swept.undone);
	return rc;
}
