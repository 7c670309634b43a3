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
#define LOOK_LONGEST_MS 3000 /* that an answer is waited for, beside that */
#define LOOK_SESSIONS 64 /* that are cut off; more are gone through in turns */

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

/* What lives, or may be tried by now, is for those that have nothing else: all others need not be gone through for it. */
static void
manage_act_cut(struct manage *manage, uint64_t now)
{
	size_t n = 0;

	for (struct managed *m = manage->list; m != NULL && n <= LOOK_SESSIONS; m = m->next)
		n += m->cut > now;
	if (n > LOOK_SESSIONS)
		manage_sweep(manage);
	for (struct managed *m = manage->list; m != NULL && n <= LOOK_SESSIONS; m = m->next)
		if (m->cut > now)
			manage_act(manage, m);
}

static void
manage_looked(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	struct manage_look *look = arg;
	struct manage *manage = look->manage;
	uint64_t now = loop_now_ms();
	bool changed = false, returned = false;

	look->check = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct prober_way *way = &look->plan.ways[i];

		if (beat_lives(outcomes[i].beat)) {
			manage_found(manage, way);
			if (ways_lived(&manage->ways, way, now)) {
				manage_hurry(manage, way);
				returned = true;
			}
		} else if (outcomes[i].beat == BEAT_SILENT) {
			changed |= ways_try(&manage->ways, way);
		}
	}
	if (changed && !returned)
		manage_sweep(manage);
	else if (!returned && manage->cut > now)
		manage_act_cut(manage, now);
	manage_plan(manage);
}

static void
look_at(struct manage_look *look, const struct prober_way *way, uint32_t rtt_us)
{
	struct heartbeat_plan *plan = &look->plan;

	for (size_t i = 0; i < plan->n; i++)
		if (prober_way_equal(&plan->ways[i], way))
			return;
	if (plan->n == HEARTBEAT_PAIRS)
		return;
	plan->rtt_us[plan->n] = rtt_us;
	plan->ways[plan->n++] = *way;
}

/* For an answer that may take so long. */
static unsigned
look_patience(uint64_t ms)
{
	return LOOK_PATIENCE_MS + (unsigned)(ms < LOOK_LONGEST_MS ? ms : LOOK_LONGEST_MS);
}

/* Where the session may be, and where it is, from another one on each time: there may be more than one look takes. */
static void
look_for(struct manage_look *look, const struct managed *m)
{
	struct manage *manage = look->manage;
	struct managed_world world = manage_world(manage);
	struct prober_way ways[MANAGED_PAIRS + MANAGED_PATHS];
	size_t n = managed_spares(m, &world, ways, MANAGED_PAIRS);

	for (size_t i = 0; i < m->n_paths; i++)
		ways[n++] = prober_way_of(m->paths[i].path.local, m->paths[i].path.remote);
	for (size_t i = 0; i < n; i++)
		look_at(look, &ways[(manage->turns + i) % n], manage->rtt_us);
}

/* Whether it is among those that are looked at: all that are cut off, or those that have not been for long. */
static bool
look_is_for(const struct managed *m, uint64_t now, bool all)
{
	return m->cut > now && (all || now - m->cut_since < MANAGE_CUT_LONG_MS);
}

/* One session after the other, and those whose peer may be gone for good more seldom: they are in nobody's way. */
void
manage_gather_cut(struct manage *manage, uint64_t now)
{
	struct manage_look *look = &manage->looks[LOOK_CUT];
	size_t n_cut = 0, first, i = 0;
	bool all = now - manage->cut_all >= MANAGE_CUT_SLOW_MS;

	look->plan = (struct heartbeat_plan){
	    .probes = LOOK_PROBES, .gap_ms = LOOK_GAP_MS, .lead = LOOK_LEAD};
	for (const struct managed *m = manage->list; m != NULL && manage->cut > now;
	     m = m->next)
		n_cut += look_is_for(m, now, all);
	first = n_cut > 0 ? manage->turns++ % n_cut : 0;
	for (const struct managed *m = manage->list; m != NULL && n_cut > 0; m = m->next)
		if (look_is_for(m, now, all) && i++ >= first)
			look_for(look, m);
	for (const struct managed *m = manage->list; m != NULL && first > 0; m = m->next)
		if (look_is_for(m, now, all) && first-- > 0)
			look_for(look, m);
	if (all)
		manage->cut_all = now;
	look->plan.patience_ms = look_patience(3 * (uint64_t)manage->rtt_us / 1000);
}

/* Nobody is in a hurry, and who is far away answers late. */
void
manage_gather_dead(struct manage *manage, uint64_t now)
{
	struct manage_look *look = &manage->looks[LOOK_DEAD];
	struct prober_way ways[HEARTBEAT_PAIRS];
	size_t n = ways_due(&manage->ways, now, ways, HEARTBEAT_PAIRS);
	uint64_t longest = 0;

	look->plan = (struct heartbeat_plan){.probes = LOOK_PROBES, .gap_ms = LOOK_GAP_MS};
	for (size_t i = 0; i < n; i++) {
		uint64_t ms = ways_patience(&manage->ways, &ways[i]);

		look_at(look, &ways[i], 0);
		longest = ms > longest ? ms : longest;
	}
	look->plan.patience_ms = look_patience(longest);
}

static void
manage_look(struct manage *manage)
{
	static void (*const gather[LOOKS])(struct manage *, uint64_t) = {
	    [LOOK_CUT] = manage_gather_cut, [LOOK_DEAD] = manage_gather_dead};

	for (size_t i = 0; i < LOOKS; i++) {
		struct manage_look *look = &manage->looks[i];

		if (look->check != NULL)
			continue;
		gather[i](manage, loop_now_ms());
		if (look->plan.n == 0 ||
		    heartbeat_start(manage->company->heartbeat, &look->plan, manage_looked,
			look, &look->check) < 0)
			look->check = NULL; /* the next tick */
	}
}

/* Without probes the handshake alone tells. */
static void
manage_try_due(struct manage *manage, uint64_t now)
{
	struct prober_way ways[HEARTBEAT_PAIRS];
	size_t n;

	do {
		n = ways_due(&manage->ways, now, ways, HEARTBEAT_PAIRS);
		for (size_t i = 0; i < n; i++)
			ways_try(&manage->ways, &ways[i]);
		manage->waits |= n > 0;
	} while (n == HEARTBEAT_PAIRS);
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
	bool looks =
	    manage->looks[LOOK_CUT].check != NULL || manage->looks[LOOK_DEAD].check != NULL;
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
	if (looks && in < cut)
		in = cut;
	/* whatever happens meanwhile does not put it off */
	if (in == UINT64_MAX || (manage->tick_at > now && manage->tick_at <= now + in))
		return;
	manage->tick_at = now + in;
	timer_start(manage->tick, in);
}
