/*
 * ways.c - a list without order, and a table of chains that finds what is in it.
 */
#include "resolverd/ways.h"

static uint16_t *
ways_place(struct ways *ways, const struct prober_way *of)
{
	return &ways->first[prober_way_hash(of) % WAYS_PLACES];
}

static struct way *
ways_find(const struct ways *ways, const struct prober_way *of)
{
	uint16_t at = ways->first[prober_way_hash(of) % WAYS_PLACES];

	while (at != 0 && !prober_way_equal(&ways->list[at - 1].of, of))
		at = ways->list[at - 1].next;
	return at == 0 ? NULL : (struct way *)(uintptr_t)&ways->list[at - 1];
}

/* Who points at it in its chain. */
static uint16_t *
ways_link(struct ways *ways, const struct way *way)
{
	uint16_t *link = ways_place(ways, &way->of);

	while (&ways->list[*link - 1] != way)
		link = &ways->list[*link - 1].next;
	return link;
}

/* The last one takes its row. */
static void
ways_forget(struct ways *ways, struct way *way)
{
	struct way *last = &ways->list[ways->n - 1];

	*ways_link(ways, way) = way->next;
	if (way != last) {
		*ways_link(ways, last) = (uint16_t)(way - ways->list + 1);
		*way = *last;
	}
	ways->n--;
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

/* Room for one more: of those that live the one that has for longest goes, or of the dead the longest dead. */
static void
ways_room(struct ways *ways)
{
	struct way *row = &ways->list[0];

	if (ways->n < WAYS_MAX)
		return;
	for (size_t i = 1; i < ways->n; i++) {
		struct way *way = &ways->list[i];

		if (way->dead != row->dead ? row->dead : way->since < row->since)
			row = way;
	}
	ways_forget(ways, row);
}

static struct way *
ways_add(struct ways *ways, const struct prober_way *of)
{
	uint16_t *place = ways_place(ways, of);
	struct way *way;

	ways_room(ways);
	way = &ways->list[ways->n++];
	*way = (struct way){.of = *of, .next = *place};
	*place = (uint16_t)ways->n;
	return way;
}

void
ways_died(struct ways *ways, const struct prober_way *of, bool probed, uint64_t now)
{
	struct way *way = ways_find(ways, of);

	if (way == NULL)
		way = ways_add(ways, of);
	else if (way->dead)
		return;
	if (way->wait == 0 || now - way->since > 2 * way->wait)
		way->wait = ways->rule.hold_ms;
	else
		way->wait = hold_longer(&ways->rule, way->wait);
	way->dead = true;
	way->unasked = 0; /* who had it would use it */
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

/* From where the last look ended: with more than are looked at before the first are due again, these would have all looks. */
size_t
ways_due(struct ways *ways, uint64_t now, struct prober_way *out, size_t max)
{
	size_t n = 0;

	for (size_t left = ways->n; left > 0 && n < max; left--) {
		size_t i = ways->turn < ways->n ? ways->turn : 0;
		struct way *way = &ways->list[i];

		ways->turn = i + 1;
		if (!way->dead || way->look > now)
			continue;
		if (way->unasked++ == WAYS_UNASKED) {
			ways_forget(ways, way);
			ways->turn = i; /* another one has its row */
			continue;
		}
		out[n++] = way->of;
		way->look = now + way->look_wait;
		way->look_wait =
		    way->look_wait * 2 < WAYS_LOOK_MAX ? way->look_wait * 2 : WAYS_LOOK_MAX;
	}
	return n;
}

static void
way_hurry(struct way *way, uint64_t now)
{
	if (!way->dead)
		return;
	way->look = now < way->since + way->wait ? way->since + way->wait : now;
	way->look_wait = WAYS_LOOK_MS;
}

void
ways_hurry(struct ways *ways, const struct prober_way *of, uint64_t now)
{
	struct way *one = of == NULL ? NULL : ways_find(ways, of);

	if (one != NULL)
		way_hurry(one, now);
	for (size_t i = 0; of == NULL && i < ways->n; i++)
		way_hurry(&ways->list[i], now);
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
