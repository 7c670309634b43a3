/*
 * paths.c - keeps the kernel's MPTCP endpoints equal to this host's addresses.
 * Knows addresses and endpoints; knows nothing of sessions, identities or DNS.
 */
#include "resolverd/paths_own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/subflows.h"

/* Addresses come and go in bursts when a link changes. */
#define PATHS_SETTLE_MS 20
/* An address that is to be announced is in use: from one look to the next, doubled each time. */
#define PATHS_QUIET_MS 1000
#define PATHS_QUIET_MAX 60000

const char *
paths_note(struct paths *paths)
{
	char kept[48] = "", managed[80] = "";
	size_t n = 0;

	for (size_t i = 0; paths->ledger != NULL && i < ledger_count(paths->ledger); i++)
		n += paths_is_kept(paths, ledger_at(paths->ledger, i)->address);
	if (n > 0)
		snprintf(kept, sizeof kept, ", %zu kept back", n);
	if (paths->manage != NULL)
		snprintf(managed, sizeof managed, ", %zu sessions managed one by one",
		    manage_count(paths->manage));
	if (paths->ledger != NULL)
		snprintf(paths->note, sizeof paths->note, "%zu endpoints%s%s",
		    ledger_count(paths->ledger), kept, managed);
	return paths->note;
}

void
paths_settle(struct paths *paths)
{
	if (!paths->settles)
		timer_start(paths->settle, PATHS_SETTLE_MS);
	paths->settles = true;
}

static void
paths_heard(void *arg, const struct nlmsghdr *message)
{
	(void)message;
	paths_settle(arg);
}

static void
paths_ready(void *arg, int fd, unsigned events)
{
	struct paths *paths = arg;

	(void)fd;
	(void)events;
	if (netlink_events(paths->events, paths_heard, paths) < 0)
		paths_settle(paths);
}

/* Another resolverd may have died, or stopped. */
static void
paths_other_ready(void *arg, int fd, unsigned events)
{
	struct paths *paths = arg;

	(void)fd;
	(void)events;
	ledgers_drain(paths->ledgers);
	paths->heir = true;
	paths_settle(paths);
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

/* Who does not manage sessions leaves them to the kernel when one that did is gone; the limits are his, too. */
static int
paths_give_back(struct paths *paths)
{
	struct mptcp_limits had, want;
	int rc = mptcp_limits_get(paths->mptcp, &had);

	if (rc < 0 || paths->options.mode == PATHS_MANAGE)
		return rc;
	want = had;
	want.manager = ledger_before(paths->ledger, &had).manager;
	if (want.manager == had.manager)
		return 0;
	rc = paths_limits_set(paths, &had, &want);
	if (rc == 0)
		diag_info("paths: sessions that begin are managed by the kernel again");
	return rc;
}

static void
paths_settled(void *arg)
{
	struct paths *paths = arg;
	bool alone;

	paths->settles = false;
	if (!ledgers_inherit(paths->ledgers, &alone))
		paths_settle(paths);
	else if (paths->heir && alone) /* any other one may manage sessions, too */
		paths->heir = paths_give_back(paths) < 0; /* then the next time */
	if (paths_sync(paths) < 0)
		diag_warn("paths: addresses cannot be read: %s", strerror(errno));
	if (!paths->accepts)
		return;
	if (!paths->settles)
		timer_start(paths->settle, paths->accepts_ms);
	if (paths->accepts_ms < PATHS_QUIET_MAX)
		paths->accepts_ms *= 2;
}

/* What is not announced may be from now on. */
static void
paths_accepts(void *arg)
{
	struct paths *paths = arg;

	if (!paths->quiet)
		return;
	paths->accepts = true;
	paths->accepts_ms = PATHS_QUIET_MS;
	paths_settle(paths);
}

static const struct pulse_ops paths_pulse = {
    paths_own, paths_keep_back, paths_is_kept, paths_renew, paths_accepts};

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
paths_sign(struct paths *paths, const struct prober_way *way, bool known, bool warns)
{
	if (paths->manage != NULL)
		manage_sign(paths->manage, way);
	else if (known && paths->pulse != NULL)
		pulse_sign(paths->pulse, way, warns);
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
	size_t n = 0;
	int rc = netlink_open(NETLINK_SOCK_DIAG, 0, &diag);
	bool absent;

	if (rc == 0)
		rc = subflows_read(diag, &subflows);
	absent = subflows_absent(rc);
	if (rc < 0 && !absent)
		diag_warn("paths: sessions cannot be read: %s; all endpoints stay",
		    rc == -MAP_ESYS ? strerror(errno) : error_text(rc));
	for (size_t i = 0; !absent && i < ledger_count(paths->ledger) && n < max; i++) {
		const uint8_t *address = ledger_at(paths->ledger, i)->address;

		if (rc < 0 || subflows_use(&subflows, address))
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
