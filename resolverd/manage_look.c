/*
 * manage_look.c - pairs that died, and those that a session without any other may be by, are probed, or tried.
 */
#include <string.h>

#include "resolverd/manage_own.h"

#define MANAGE_TICK_MS 1000 /* while anything waits */
#define MANAGE_ANNOUNCE_MS 50 /* the kernel sends one announcement at a time */
/* Sessions that are cut off: from the end of one look at their pairs to the next, and after a minute of that. */
#define MANAGE_CUT_LOOK_MS 10
#define MANAGE_CUT_LONG_MS 60000
#define MANAGE_CUT_SLOW_MS 500
#define LOOK_PROBES 2
#define LOOK_GAP_MS 10
#define LOOK_LEAD 1 /* when one has answered, the others are not waited for */
#define LOOK_PATIENCE_MS 20

/* One way of a cut-off session lives: it is by it already, or joins it. */
static void
manage_found(struct manage *manage, const struct prober_way *way)
{
	struct mptcp_path path = {.local_port = 0};

	memcpy(path.local, way->local, 16);
	memcpy(path.remote, way->remote, 16);
	for (struct managed *m = manage->list; m != NULL; m = m->next) {
		struct managed_path *found = m->cut != 0 ? managed_path(m, &path) : NULL;

		if (found == NULL)
			continue;
		if (found->up) {
			found->mute = false;
			m->cut = 0;
		} else {
			found->wait = 0;
		}
	}
}

static void
manage_looked(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	struct manage *manage = arg;
	uint64_t now = loop_now_ms();
	bool changed = false, lives = false, returned = false;

	manage->check = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct prober_way *way = &manage->looked[i];

		if (beat_lives(outcomes[i].beat)) {
			lives = true;
			returned |= ways_lived(&manage->ways, way, now);
			manage_found(manage, way);
		} else if (outcomes[i].beat == BEAT_SILENT) {
			ways_try(&manage->ways, way);
			changed = true;
		}
	}
	if (returned)
		manage_hurry(manage);
	else if (changed || (lives && manage->cut > now))
		manage_sweep(manage);
	manage_plan(manage);
}

static bool
manage_looks_at(const struct manage *manage, const struct prober_way *way)
{
	for (size_t i = 0; i < manage->n_looked; i++)
		if (prober_way_equal(&manage->looked[i], way))
			return true;
	return false;
}

static void
manage_look_at(struct manage *manage, const struct prober_way *way)
{
	if (manage->n_looked < HEARTBEAT_PAIRS && !manage_looks_at(manage, way))
		manage->looked[manage->n_looked++] = *way;
}

/* Where a session may be, and where it is. */
static void
manage_look_for(struct manage *manage, const struct managed *m)
{
	struct managed_world world = manage_world(manage);
	struct prober_way ways[HEARTBEAT_PAIRS];
	size_t n = managed_spares(m, &world, ways, HEARTBEAT_PAIRS);

	for (size_t i = 0; i < n; i++)
		manage_look_at(manage, &ways[i]);
	for (size_t i = 0; i < m->n_paths; i++) {
		struct prober_way way =
		    prober_way_of(m->paths[i].path.local, m->paths[i].path.remote);

		manage_look_at(manage, &way);
	}
}

/* Sessions that are cut off come first, in turns if they have too many pairs. */
static void
manage_gather(struct manage *manage, uint64_t now)
{
	struct prober_way ways[HEARTBEAT_PAIRS];
	size_t n = 0, passed = manage->passed;

	manage->n_looked = 0;
	for (struct managed *m = manage->list; m != NULL && manage->cut > now; m = m->next)
		if (m->cut > now && n++ >= passed && manage->n_looked < HEARTBEAT_PAIRS) {
			bool first = manage->n_looked == 0;

			manage_look_for(manage, m);
			/* the last one may not have had room for all its pairs */
			manage->passed =
			    first || manage->n_looked < HEARTBEAT_PAIRS ? n : n - 1;
		}
	if (manage->passed == n || passed >= n)
		manage->passed = 0;
	n = ways_due(&manage->ways, now, ways, HEARTBEAT_PAIRS - manage->n_looked);
	for (size_t i = 0; i < n; i++)
		manage_look_at(manage, &ways[i]);
}

static void
manage_look(struct manage *manage)
{
	struct heartbeat_plan plan = {.probes = LOOK_PROBES,
	    .gap_ms = LOOK_GAP_MS,
	    .lead = LOOK_LEAD,
	    .patience_ms = LOOK_PATIENCE_MS + 3 * manage->rtt_us / 1000};

	if (manage->company->heartbeat == NULL || manage->check != NULL)
		return;
	manage_gather(manage, loop_now_ms());
	if (manage->n_looked == 0)
		return;
	plan.n = manage->n_looked;
	memcpy(plan.ways, manage->looked, sizeof plan.ways);
	for (size_t i = 0; i < plan.n; i++)
		plan.rtt_us[i] = manage->rtt_us;
	if (heartbeat_start(
		manage->company->heartbeat, &plan, manage_looked, manage, &manage->check) < 0)
		manage->check = NULL; /* the next tick */
}

/* Without probes the handshake alone tells. */
static void
manage_try_due(struct manage *manage, uint64_t now)
{
	struct prober_way ways[WAYS_MAX];
	size_t n = ways_due(&manage->ways, now, ways, WAYS_MAX);

	for (size_t i = 0; i < n; i++)
		ways_try(&manage->ways, &ways[i]);
	manage->waits |= n > 0;
}

void
manage_ticked(void *arg)
{
	struct manage *manage = arg;
	bool waits, awaits;

	manage->tick_at = 0;
	if (manage->company->heartbeat == NULL)
		manage_try_due(manage, loop_now_ms());
	else
		manage_look(manage);
	waits = manage->waits || manage->announces;
	awaits = manage->awaits;
	manage->waits = manage->announces = manage->awaits = false;
	if (waits)
		manage_sweep(manage);
	else if (awaits)
		manage_act_young(manage);
	manage_plan(manage);
}

void
manage_plan(struct manage *manage)
{
	uint64_t now = loop_now_ms(), next = ways_next(&manage->ways), in;
	uint64_t cut = now - manage->cut_since < MANAGE_CUT_LONG_MS ? MANAGE_CUT_LOOK_MS
								    : MANAGE_CUT_SLOW_MS;

	in = next == UINT64_MAX ? next : next > now ? next - now : 0;
	if (manage->waits && in > MANAGE_TICK_MS)
		in = MANAGE_TICK_MS;
	if (manage->announces && in > MANAGE_ANNOUNCE_MS)
		in = MANAGE_ANNOUNCE_MS;
	if (manage->awaits && in > MANAGED_MAP_MS)
		in = MANAGED_MAP_MS;
	if (manage->cut > now && in > cut)
		in = cut;
	if (manage->check != NULL && in < cut)
		in = cut;
	/* whatever happens meanwhile does not put it off */
	if (in == UINT64_MAX || (manage->tick_at > now && manage->tick_at <= now + in))
		return;
	manage->tick_at = now + in;
	timer_start(manage->tick, in);
}
