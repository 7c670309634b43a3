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
#define RETURNS_OWN_MS 1000 /* after it was offered paths by an address end for that reason */
#define RETURNS_TIMES \
	4 /* that those who use an address have to leave it for others who may not be able to come by it */

struct returns_address {
	uint8_t local[16];
	uint64_t used; /* ms: the row was, last; 0: it is free */
	uint64_t asked; /* ms: whether a path by it was wanted */
	uint64_t offered; /* ms: last; 0: never */
	unsigned times; /* that those who use it had to leave it */
	bool ended; /* a path by it has, or may have */
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
	struct returns_address addresses[RETURNS_ADDRESSES];
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
		(void)returns->ops->returned(returns->arg, way, false);
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
		else if (returns->ops->returned(returns->arg, way, true))
			(void)ways_lived(&returns->ways, way, loop_now_ms());
		else
			(void)ways_is_dead(&returns->ways, way); /* it is asked for */
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

static struct returns_address *
returns_find(const struct returns *returns, const uint8_t local[16])
{
	for (size_t i = 0; returns != NULL && i < RETURNS_ADDRESSES; i++)
		if (returns->addresses[i].used != 0 &&
		    memcmp(returns->addresses[i].local, local, 16) == 0)
			return (struct returns_address *)(uintptr_t)&returns->addresses[i];
	return NULL;
}

/* A new one takes the row of that which was used the longest time ago. */
static struct returns_address *
returns_row(struct returns *returns, const uint8_t local[16])
{
	struct returns_address *row = returns_find(returns, local);

	if (row == NULL) {
		row = &returns->addresses[0];
		for (size_t i = 1; i < RETURNS_ADDRESSES; i++)
			if (returns->addresses[i].used < row->used)
				row = &returns->addresses[i];
		*row = (struct returns_address){.asked = 0};
		memcpy(row->local, local, sizeof row->local);
	}
	row->used = loop_now_ms();
	return row;
}

void
returns_seek(struct returns *returns, const struct prober_way *way, bool probed)
{
	ways_died(&returns->ways, way, probed, loop_now_ms());
	returns_plan(returns);
}

void
returns_left(struct returns *returns, const struct prober_way *way, bool probed)
{
	returns_row(returns, way->local)->times = 0;
	returns_seek(returns, way, probed);
}

void
returns_unheard(struct returns *returns, const uint8_t local[16])
{
	if (returns != NULL)
		returns_row(returns, local)->ended = true;
}

void
returns_ended(struct returns *returns, const uint8_t local[16])
{
	struct returns_address *row = returns != NULL ? returns_row(returns, local) : NULL;

	if (row == NULL)
		return;
	row->ended = true;
	if (row->offered == 0 || loop_now_ms() - row->offered >= RETURNS_OWN_MS)
		row->times = 0;
}

void
returns_offered(struct returns *returns, const uint8_t local[16])
{
	if (returns != NULL)
		returns_row(returns, local)->offered = loop_now_ms();
}

bool
returns_spent(const struct returns *returns, const uint8_t local[16])
{
	const struct returns_address *row = returns_find(returns, local);

	return row != NULL && row->times >= RETURNS_TIMES;
}

void
returns_spend(struct returns *returns, const uint8_t local[16])
{
	if (returns != NULL)
		returns_row(returns, local)->times++;
}

void
returns_sign(struct returns *returns, const struct prober_way *way)
{
	struct returns_address *row = returns_find(returns, way->local);
	uint64_t now = loop_now_ms();

	if (row == NULL || !row->ended ||
	    (row->asked != 0 && now - row->asked < RETURNS_SIGN_MS))
		return;
	row->asked = now;
	if (returns->ops->wanted(returns->arg, way) &&
	    hold_may(&row->hold, &returns->ways.rule, now))
		(void)returns->ops->returned(returns->arg, way, true);
}
