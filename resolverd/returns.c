/*
 * returns.c - ways.c's memory, a timer and one check at a time.
 */
#include "resolverd/returns.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "resolverd/ways.h"

#define RETURNS_PROBES 3
#define RETURNS_GAP_MS 20
#define RETURNS_PATIENCE_MS 200
#define RETURNS_SIGN_MS 100 /* what is wanted is looked up for signs of an address */
#define RETURNS_ADDRESSES 16

/* Of a local address by which paths have ended. */
struct returns_signs {
	uint8_t local[16];
	uint64_t ended; /* ms: one did last; 0: the row is free */
	uint64_t asked; /* ms: whether one was wanted */
	struct hold hold;
};

struct returns {
	struct heartbeat *heartbeat;
	struct timer *timer;
	const struct returns_ops *ops;
	void *arg;
	struct ways ways;
	struct heartbeat_check *check;
	size_t n;
	struct prober_way looked[HEARTBEAT_PAIRS];
	struct returns_signs signs[RETURNS_ADDRESSES];
};

static void
returns_plan(struct returns *returns)
{
	uint64_t now = loop_now_ms(), next = ways_next(&returns->ways);

	if (next != UINT64_MAX && returns->check == NULL)
		timer_start(returns->timer, next > now ? next - now : 0);
}

/* Nobody is heard there. What no session would use is not asked for here either, so that it is forgotten. */
static void
returns_try(struct returns *returns, const struct prober_way *way)
{
	if (!returns->ops->wanted(returns->arg, way))
		return;
	ways_try(&returns->ways, way);
	if (ways_may(&returns->ways, way))
		returns->ops->returned(returns->arg, way, false);
}

static void
returns_checked(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	struct returns *returns = arg;

	returns->check = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct prober_way *way = &returns->looked[i];

		if (!beat_lives(outcomes[i].beat))
			returns_try(returns, way);
		else if (ways_lived(&returns->ways, way, loop_now_ms()))
			returns->ops->returned(returns->arg, way, true);
	}
	returns_plan(returns);
}

static void
returns_due(void *arg)
{
	struct returns *returns = arg;
	struct heartbeat_plan plan = {.probes = RETURNS_PROBES,
	    .gap_ms = RETURNS_GAP_MS,
	    .patience_ms = RETURNS_PATIENCE_MS};

	returns->n = ways_due(&returns->ways, loop_now_ms(), returns->looked, HEARTBEAT_PAIRS);
	plan.n = returns->n;
	memcpy(plan.ways, returns->looked, sizeof plan.ways);
	for (size_t i = 0; returns->heartbeat == NULL && i < plan.n; i++)
		returns_try(returns, &plan.ways[i]);
	if (returns->heartbeat != NULL && plan.n > 0 &&
	    heartbeat_start(
		returns->heartbeat, &plan, returns_checked, returns, &returns->check) < 0)
		returns->check = NULL; /* the next time */
	returns_plan(returns);
}

int
returns_open(struct loop *loop, struct heartbeat *heartbeat, const struct hold_rule *rule,
    const struct returns_ops *ops, void *arg, struct returns **out)
{
	struct returns *returns = calloc(1, sizeof *returns);

	*out = NULL;
	if (returns == NULL)
		return -MAP_ENOMEM;
	*returns = (struct returns){
	    .heartbeat = heartbeat, .ops = ops, .arg = arg, .ways.rule = *rule};
	returns->timer = timer_new(loop, returns_due, returns);
	if (returns->timer == NULL) {
		free(returns);
		return -MAP_ENOMEM;
	}
	*out = returns;
	return 0;
}

void
returns_close(struct returns *returns)
{
	if (returns == NULL)
		return;
	heartbeat_cancel(returns->check);
	timer_free(returns->timer);
	free(returns);
}

void
returns_left(struct returns *returns, const struct prober_way *way, bool probed)
{
	ways_died(&returns->ways, way, probed, loop_now_ms());
	returns_plan(returns);
}

static struct returns_signs *
returns_signs_of(struct returns *returns, const uint8_t local[16])
{
	for (size_t i = 0; i < RETURNS_ADDRESSES; i++)
		if (returns->signs[i].ended != 0 &&
		    memcmp(returns->signs[i].local, local, 16) == 0)
			return &returns->signs[i];
	return NULL;
}

/* A new one takes the row of that where one ended the longest time ago. */
void
returns_ended(struct returns *returns, const uint8_t local[16])
{
	struct returns_signs *row = returns != NULL ? returns_signs_of(returns, local) : NULL;

	if (returns == NULL)
		return;
	if (row == NULL) {
		row = &returns->signs[0];
		for (size_t i = 1; i < RETURNS_ADDRESSES; i++)
			if (returns->signs[i].ended < row->ended)
				row = &returns->signs[i];
		*row = (struct returns_signs){.asked = 0};
		memcpy(row->local, local, sizeof row->local);
	}
	row->ended = loop_now_ms();
}

void
returns_sign(struct returns *returns, const struct prober_way *way)
{
	struct returns_signs *signs =
	    returns != NULL ? returns_signs_of(returns, way->local) : NULL;
	uint64_t now = loop_now_ms();

	if (signs == NULL || (signs->asked != 0 && now - signs->asked < RETURNS_SIGN_MS))
		return;
	signs->asked = now;
	if (returns->ops->wanted(returns->arg, way) &&
	    hold_may(&signs->hold, &returns->ways.rule, now))
		returns->ops->returned(returns->arg, way, true);
}
