/*
 * agent.h - what the parts of resolverd share; owned by its one loop.
 */
#ifndef RESOLVERD_AGENT_H
#define RESOLVERD_AGENT_H

#include "core/sys/loop.h"
#include "resolve/lookup.h"
#include "resolverd/account.h"
#include "resolverd/conf.h"

enum stat {
#define X(name, dotted, text) name,
#include "resolverd/stats.def"
#undef X
	STATS
};

const char *stat_name(enum stat stat); /* "client.accepted"; a static string */

struct agent {
	struct loop *loop;
	const char *conf_path;
	bool conf_named; /* on the command line: it must be there */
	struct conf *conf; /* immutable; a reload puts another */
	struct resolver *resolver;
	struct cache *cache;
	struct requests *requests;
	struct joints *joints;
	struct pairs *pairs;
	struct clients *clients;
	struct accounts accounts;
	struct control *control;
	struct paths *paths;
	struct peers *peers;
	struct heartbeat *heartbeat; /* NULL: neither exits nor probes */
	struct exits *exits; /* NULL: not observed */
	struct sessions *sessions; /* NULL: not watched */
	struct routes *routes;
	uint64_t started; /* ms */
	uint64_t stats[STATS];
};

static inline void
agent_count(struct agent *agent, enum stat stat)
{
	agent->stats[stat]++;
}

/* The ledger of what will be set in the kernel, while we are who started us; errors are said. */
int agent_open_paths(struct agent *agent) NONNULL MUST_CHECK;
/* Opens everything but the sockets' reading; -MAP_E... with the cause in why. */
int agent_open(struct agent *agent, char *why, size_t max) NONNULL MUST_CHECK;
/* Opens what looks at the network by itself; errors are said. */
int agent_open_watch(struct agent *agent) NONNULL MUST_CHECK;
void agent_close(struct agent *agent) NONNULL;
/* Reads the configuration; -MAP_ECONFIG with the cause in why. */
int agent_configure(const struct agent *agent, struct conf **out, char *why, size_t max)
    NONNULL MUST_CHECK;
/* Reads the configuration anew; on an error nothing has changed. */
int agent_reload(struct agent *agent, char *why, size_t max) NONNULL MUST_CHECK;

#endif
