/*
 * agent.c - puts the parts of resolverd together, in order, and takes them apart.
 */
#include "resolverd/agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/sys/conf.h"
#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "resolverd/cache.h"
#include "resolverd/control.h"
#include "resolverd/exits.h"
#include "resolverd/follow.h"
#include "resolverd/joint.h"
#include "resolverd/pairs.h"
#include "resolverd/paths.h"
#include "resolverd/peers.h"
#include "resolverd/request.h"
#include "resolverd/routes.h"
#include "resolverd/sessions.h"
#include "resolverd/clients.h"

static const char *const stat_names[STATS] = {
#define X(name, dotted, text) [name] = dotted,
#include "resolverd/stats.def"
#undef X
};

const char *
stat_name(enum stat stat)
{
	return stat_names[stat];
}

/* Where the C library reads its policy table too. */
#define GAI_CONF "/etc/gai.conf"

static int
resolver_make(
    struct agent *agent, const struct conf *conf, struct resolver **out, char *why, size_t max)
{
	struct resolver_options options = conf->resolver;
	int error;

	options.sources = pairs_places;
	options.sources_arg = agent->pairs;
	error = resolver_open(agent->loop, &options, out, why, max);
	if (error == 0 && conf->resolver.n_anchors == 0)
		diag_warn("trust-anchors: none: nothing can be found secure");
	return error;
}

int
agent_open(struct agent *agent, char *why, size_t max)
{
	int error;

	agent->started = loop_now_ms();
	agent->cache = cache_new(agent->conf->cache);
	agent->requests = requests_new(agent);
	snprintf(why, max, "out of memory");
	agent->joints = joints_new(agent);
	if (agent->cache == NULL || agent->requests == NULL || agent->joints == NULL)
		return -MAP_ENOMEM;
	snprintf(why, max, "netlink: cannot be opened");
	error = pairs_open(GAI_CONF, &agent->pairs);
	if (error == 0)
		error = resolver_make(agent, agent->conf, &agent->resolver, why, max);
	return error;
}

int
agent_open_paths(struct agent *agent)
{
	struct paths_options options = {.mode = agent->conf->paths,
	    .user = agent->conf->user,
	    .private_locators = agent->conf->private_locators,
	    .realms = agent->conf->realms,
	    .n_realms = agent->conf->n_realms};

	return paths_open(&options, &agent->paths);
}

/* A probe is also a sign that its way lives, from where a session may have no path yet. */
static bool
agent_knows(void *arg, const struct prober_way *way, bool warns)
{
	const struct agent *agent = arg;

	bool known =
	    (agent->sessions != NULL && sessions_lead_to(agent->sessions, way->remote)) ||
	    peers_has(agent->peers, way->remote);

	paths_sign(agent->paths, way, known, warns);
	return known;
}

static int
agent_open_heartbeat(struct agent *agent)
{
	int rc = peers_open(&agent->peers);

	if (rc == 0)
		rc = heartbeat_open(
		    agent->loop, agent->conf->probe, agent_knows, agent, &agent->heartbeat);
	if (rc == 0 && agent->conf->probe != 0 && !heartbeat_hears(agent->heartbeat))
		diag_warn("probe: port %u is taken: who probes this host is not answered",
		    agent->conf->probe);
	return rc;
}

/* A session that no program told of, such as one that was accepted, is of no class. */
static const struct watch_row *
agent_watch(void *arg, uint32_t token)
{
	const struct agent *agent = arg;
	const struct session *session =
	    agent->sessions != NULL ? sessions_by_token(agent->sessions, token) : NULL;

	return conf_watch(
	    agent->conf, session != NULL ? session->note.wishes.class : SESSION_ANY);
}

static bool
agent_gives_up(void *arg, uint32_t token, const uint8_t remote[16])
{
	const struct agent *agent = arg;
	const struct session *session =
	    agent->sessions != NULL ? sessions_by_token(agent->sessions, token) : NULL;

	return session != NULL && session->follow != NULL &&
	       follow_gives_up(session->follow, remote);
}

static void
agent_tell(void *arg, uint32_t token, const char *words)
{
	const struct agent *agent = arg;
	struct session *session =
	    agent->sessions != NULL ? sessions_by_token(agent->sessions, token) : NULL;

	if (session != NULL)
		session_tell(session, "%s", words);
}

static void
agent_mark_pair(void *arg, const struct pair_mark *mark)
{
	pairs_mark(((struct agent *)arg)->pairs, LIVENESS_ALL, mark, loop_now_ms());
}

static void
agent_count_path(void *arg, enum path_change change)
{
	static const enum stat stats[] = {[PATH_JOINED] = STAT_PATH_JOINED,
	    [PATH_LEFT] = STAT_PATH_LEFT,
	    [PATH_RENEWED] = STAT_PATH_RENEWED};

	agent_count(arg, stats[change]);
}

int
agent_open_watch(struct agent *agent)
{
	bool probes = agent->conf->probe != 0 || agent->conf->exits != EXITS_OFF;
	int rc = probes ? agent_open_heartbeat(agent) : 0;

	if (rc == 0 && agent->conf->exits == EXITS_OBSERVE)
		rc = exits_open(agent->loop, agent->heartbeat, &agent->exits);
	if (rc == 0)
		rc = sessions_open(agent, clients_event, &agent->sessions);
	if (rc == 0 && agent->sessions != NULL)
		rc = routes_open(agent->loop, agent->sessions, &agent->routes);
	if (rc != 0)
		diag_error("probes: %s: %s", error_text(rc), strerror(errno));
	pairs_observe(agent->pairs, agent->exits);
	paths_attend(agent->paths,
	    &(struct paths_company){agent->heartbeat, agent_watch, agent_tell, agent_mark_pair,
		agent_count_path, agent_gives_up, agent, agent->conf->flap});
	return rc;
}

void
agent_close(struct agent *agent)
{
	routes_close(agent->routes);
	clients_close(agent->clients); /* what they wait for probes, and sessions are theirs */
	sessions_close(agent->sessions);
	if (agent->pairs != NULL)
		pairs_observe(agent->pairs, NULL);
	exits_close(agent->exits);
	paths_close(agent->paths); /* it probes too */
	heartbeat_close(agent->heartbeat);
	peers_close(agent->peers);
	control_close(agent->control);
	requests_free(agent->requests);
	joints_free(agent->joints);
	resolver_close(agent->resolver); /* it has the addresses of pairs */
	pairs_close(agent->pairs);
	accounts_fini(&agent->accounts);
	cache_free(agent->cache);
	conf_close(agent->conf);
}

static bool
conf_users_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
conf_holds_equal(const struct hold_rule *a, const struct hold_rule *b)
{
	return a->hold_ms == b->hold_ms && a->most_ms == b->most_ms && a->penalty == b->penalty;
}

/* As far as addresses of this host are looked up there. */
static bool
conf_realms_equal(const struct conf *a, const struct conf *b)
{
	bool equal = a->n_realms == b->n_realms;

	for (size_t i = 0; equal && i < a->n_realms; i++)
		equal = a->realms[i].length == b->realms[i].length &&
			memcmp(a->realms[i].prefix, b->realms[i].prefix, 16) == 0;
	return equal;
}

/* What cannot change while running is said, not silently left. */
static void
conf_compare(const struct conf *was, const struct conf *is)
{
	/* an endpoint that is no more wanted would be taken out, and the sessions that run over it ended */
	static const char paths[] = " for the addresses that MPTCP sessions may use";
	const struct {
		const char *key;
		bool same;
		const char *of;
	} rows[] = {
	    {"socket", strcmp(was->socket, is->socket) == 0, ""},
	    {"control", strcmp(was->control, is->control) == 0, ""},
	    {"user", conf_users_equal(was->user, is->user), ""},
	    {"realms", conf_realms_equal(was, is), paths},
	    {"private-locators", was->private_locators == is->private_locators, paths},
	    {"paths", was->paths == is->paths, ""},
	    {"exits", was->exits == is->exits, ""},
	    {"probe", was->probe == is->probe, ""},
	    {"flap", conf_holds_equal(&was->flap, &is->flap), " for MPTCP"},
	    {"cache", was->cache == is->cache, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!rows[i].same)
			diag_warn("%s: a change takes effect at the next start%s", rows[i].key,
			    rows[i].of);
}

int
agent_configure(const struct agent *agent, struct conf **out, char *why, size_t max)
{
	int error = agent->conf_named ? conf_require(agent->conf_path, why, max) : 0;

	*out = NULL;
	return error != 0 ? error : conf_open(agent->conf_path, out, why, max);
}

int
agent_reload(struct agent *agent, char *why, size_t max)
{
	struct resolver *resolver = NULL;
	struct conf *conf = NULL;
	int error = agent_configure(agent, &conf, why, max);

	if (error == 0)
		error = resolver_make(agent, conf, &resolver, why, max);
	if (error != 0) {
		conf_close(conf);
		return error;
	}
	conf_compare(agent->conf, conf);
	diag_set_level(conf->log);
	struct conf *old_conf = agent->conf;
	struct resolver *old = agent->resolver;
	resolver_bequeath(old, resolver);
	agent->conf = conf;
	agent->resolver = resolver;
	pairs_policy(agent->pairs, GAI_CONF);
	(void)cache_flush(agent->cache); /* it was found under other rules */
	requests_halt(agent->requests);
	resolver_close(old); /* its questions are nobody's load any more */
	requests_restart(agent->requests);
	conf_close(old_conf);
	return 0;
}
