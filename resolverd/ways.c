/*
 * ways.c - a short list; the dead are few.
 */
#include "resolverd/ways.h"

static struct way *
ways_find(const struct ways *ways, const struct prober_way *of)
{
	for (size_t i = 0; i < ways->n; i++) {
		const struct way *way = &ways->list[i];

		if (prober_way_equal(&way->of, of))
			return (struct way *)(uintptr_t)way;
	}
	return NULL;
}

/* The same for somebody who would use it. */
static struct way *
ways_ask(struct ways *ways, const struct prober_way *of)
{
	struct way *way = ways_find(ways, of);

	if (way != NULL)
		way->unasked = 0;
	return way;
}

bool
ways_is_dead(struct ways *ways, const struct prober_way *of)
{
	const struct way *way = ways_ask(ways, of);

	return way != NULL && way->dead;
}

bool
ways_may(struct ways *ways, const struct prober_way *of)
{
	struct way *way = ways_ask(ways, of);
	bool may = way == NULL || !way->dead || way->trial;

	if (way != NULL)
		way->trial = false;
	return may;
}

/* A row for one more: of those that live the one that has for longest, or of the dead the longest dead. */
static struct way *
ways_row(struct ways *ways)
{
	struct way *row = &ways->list[0];

	if (ways->n < WAYS_MAX)
		return &ways->list[ways->n++];
	for (size_t i = 1; i < ways->n; i++) {
		struct way *way = &ways->list[i];

		if (way->dead != row->dead ? row->dead : way->since < row->since)
			row = way;
	}
	return row;
}

void
ways_died(struct ways *ways, const struct prober_way *of, bool probed, uint64_t now)
{
	struct way *way = ways_find(ways, of);

	if (way == NULL) {
		way = ways_row(ways);
		*way = (struct way){.of = *of};
	} else if (way->dead) {
		return;
	}
	if (way->wait == 0 || now - way->since > 2 * way->wait)
		way->wait = ways->rule.hold_ms;
	else
		way->wait = hold_longer(&ways->rule, way->wait);
	way->dead = true;
	way->probed |= probed;
	way->trial = false;
	way->since = now;
	way->look = now + way->wait;
	way->look_wait = WAYS_LOOK_MS;
}

void
ways_took(struct ways *ways, const struct prober_way *of, uint32_t rtt_us)
{
	struct way *way = ways_find(ways, of);

	if (way != NULL)
		way->rtt_us = rtt_us;
}

uint64_t
ways_patience(const struct ways *ways, const struct prober_way *of)
{
	const struct way *way = ways_find(ways, of);

	return way != NULL ? 3 * (uint64_t)way->rtt_us / 1000 + way->look_wait / WAYS_PATIENCE
			   : 0;
}

bool
ways_lived(struct ways *ways, const struct prober_way *of, uint64_t now)
{
	struct way *way = ways_find(ways, of);

	if (way == NULL || !way->dead)
		return false;
	way->dead = way->trial = false;
	way->since = now;
	return true;
}

bool
ways_try(struct ways *ways, const struct prober_way *of)
{
	struct way *way = ways_find(ways, of);

	if (way == NULL || !way->dead || way->probed || way->trial)
		return false;
	way->trial = true;
	return true;
}

size_t
ways_due(struct ways *ways, uint64_t now, struct prober_way *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ways->n && n < max; i++) {
		struct way *way = &ways->list[i];

		if (!way->dead || way->look > now)
			continue;
		if (way->unasked++ == WAYS_UNASKED) {
			ways->list[i--] = ways->list[--ways->n];
			continue;
		}
		out[n++] = way->of;
		way->look = now + way->look_wait;
		way->look_wait =
		    way->look_wait * 2 < WAYS_LOOK_MAX ? way->look_wait * 2 : WAYS_LOOK_MAX;
	}
	return n;
}

void
ways_hurry(struct ways *ways, const struct prober_way *of, uint64_t now)
{
	for (size_t i = 0; i < ways->n; i++) {
		struct way *way = &ways->list[i];

		if (!way->dead || (of != NULL && !prober_way_equal(&way->of, of)))
			continue;
		way->look = now < way->since + way->wait ? way->since + way->wait : now;
		way->look_wait = WAYS_LOOK_MS;
	}
}

uint64_t
ways_next(const struct ways *ways)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < ways->n; i++)
		if (ways->list[i].dead && ways->list[i].look < next)
			next = ways->list[i].look;
	return next;
}
