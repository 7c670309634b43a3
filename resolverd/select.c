/*
 * select.c - the ranking; knows no sockets, no clock, no tables but those it is given.
 */
#include "resolverd/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum select_key {
	KEY_IDENTITY,
	KEY_DRAIN,
	KEY_BACKUP,
	KEY_SCOPE,
	KEY_DEPRECATED,
	KEY_TEMPORARY,
	KEY_LABEL,
	KEY_PRECEDENCE,
	KEY_SMALL_SCOPE,
	KEY_PREFERENCE,
	KEY_LIVE,
	KEY_DRAW,
	KEY_RTT,
	KEY_PREFIX,
	KEY_GIVEN,
	KEYS
};

#define KEYS_SPREAD \
	KEY_PRECEDENCE /* attempts are spread among equals in the keys before this */
#define KEYS_DRAW KEY_DRAW /* and weights drawn among equals in the keys before this */

struct select_rank {
	const struct select_candidate *c;
	uint32_t keys[KEYS];
};

static void
select_keys(const struct select_input *in, size_t i, struct select_rank *out)
{
	const struct select_candidate *c = &in->candidates[i];
	const uint8_t *to = c->to->address;
	const struct policy *policy = in->policy;

	out->c = c;
	out->keys[KEY_IDENTITY] = c->identity;
	out->keys[KEY_DRAIN] = (c->to->flags & ELOC_DRAIN) != 0;
	out->keys[KEY_BACKUP] = (c->to->flags & ELOC_BACKUP) != 0;
	out->keys[KEY_SCOPE] = policy_scope(c->source) != policy_scope(to);
	out->keys[KEY_DEPRECATED] = c->deprecated;
	out->keys[KEY_TEMPORARY] = c->temporary;
	out->keys[KEY_LABEL] = policy_label(policy, c->source) != policy_label(policy, to);
	out->keys[KEY_PRECEDENCE] = UINT32_MAX - policy_precedence(policy, to);
	out->keys[KEY_SMALL_SCOPE] = policy_scope(to);
	out->keys[KEY_PREFERENCE] = c->to->preference;
	out->keys[KEY_LIVE] = c->live;
	out->keys[KEY_DRAW] = 0;
	out->keys[KEY_RTT] = c->rtt_us != 0 ? c->rtt_us : UINT32_MAX;
	out->keys[KEY_PREFIX] = 128 - policy_common(c->source, to, c->source_length);
	out->keys[KEY_GIVEN] = (uint32_t)i;
}

static int
select_compare(const struct select_rank *a, const struct select_rank *b, unsigned keys)
{
	for (unsigned k = 0; k < keys; k++)
		if (a->keys[k] != b->keys[k])
			return a->keys[k] < b->keys[k] ? -1 : 1;
	return 0;
}

static int
select_order(const void *a, const void *b)
{
	return select_compare(a, b, KEYS);
}

/* Positions of n destinations by weight / sum of those left; those without weight last, as given. */
static void
select_draw(
    const struct select_input *in, const struct locator **to, size_t n, uint32_t *position)
{
	bool drawn[SELECT_MAX] = {false};
	uint64_t left = 0;
	uint32_t next = 1;

	for (size_t i = 0; i < n; i++)
		left += to[i]->weight;
	while (left > 0) {
		uint64_t at = (uint64_t)in->random(in->random_arg) * left >> 32;
		size_t i = 0;

		while (drawn[i] || at >= to[i]->weight) {
			if (!drawn[i])
				at -= to[i]->weight;
			i++;
		}
		drawn[i] = true;
		position[i] = next++;
		left -= to[i]->weight;
	}
	for (size_t i = 0; i < n; i++)
		if (!drawn[i])
			position[i] = next++;
}

/* Gives each destination of a group of equals its place; all its pairs in the group share it. */
static void
select_draw_group(const struct select_input *in, struct select_rank *group, size_t n)
{
	const struct locator *to[SELECT_MAX];
	uint32_t position[SELECT_MAX] = {0};
	size_t n_to = 0, at;

	for (size_t i = 0; i < n; i++) {
		for (at = 0; at < n_to && to[at] != group[i].c->to; at++)
			;
		if (at == n_to)
			to[n_to++] = group[i].c->to;
	}
	if (n_to > 1)
		select_draw(in, to, n_to, position);
	for (size_t i = 0; i < n; i++) {
		for (at = 0; to[at] != group[i].c->to; at++)
			;
		group[i].keys[KEY_DRAW] = position[at];
	}
}

static size_t
select_equals(const struct select_rank *ranks, size_t n, unsigned keys)
{
	size_t i = 1;

	while (i < n && select_compare(&ranks[0], &ranks[i], keys) == 0)
		i++;
	return i;
}

/* How much an attempt differs from the one before: the exit counts more than the destination. */
static unsigned
select_difference(const struct select_candidate *a, const struct select_candidate *b)
{
	unsigned differs = 0;

	if (memcmp(a->source, b->source, 16) != 0)
		differs += 2;
	if (memcmp(a->to->address, b->to->address, 16) != 0)
		differs += 1;
	return differs;
}

static void
select_spread(struct select_rank *ranks, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		size_t best = i;
		struct select_rank taken;

		for (size_t j = i; j < n; j++)
			if (select_difference(ranks[j].c, ranks[i - 1].c) >
			    select_difference(ranks[best].c, ranks[i - 1].c))
				best = j;
		taken = ranks[best];
		memmove(&ranks[i + 1], &ranks[i], (best - i) * sizeof taken);
		ranks[i] = taken;
	}
}

static const char *const select_live[] = {
    [LIVENESS_WORKED] = "worked lately",
    [LIVENESS_UNTRIED] = "not tried lately",
    [LIVENESS_FAILED] = "failed lately",
};

static void
select_why(const struct select_rank *rank, char why[RESULT_WHY])
{
	const uint32_t *k = rank->keys;
	char draw[48] = "", rtt[32] = "";

	if (k[KEY_DRAW] != 0)
		snprintf(draw, sizeof draw, ", weight %u drawn as %u.", rank->c->to->weight,
		    k[KEY_DRAW]);
	if (rank->c->rtt_us != 0)
		snprintf(rtt, sizeof rtt, ", %u us", rank->c->rtt_us);
	snprintf(why, RESULT_WHY, "%s%s%s%s%s%spreference %u, %s%s%s",
	    k[KEY_DRAIN] ? "being drained, " : "", k[KEY_BACKUP] ? "a backup, " : "",
	    k[KEY_SCOPE] ? "of another scope, " : "",
	    k[KEY_DEPRECATED] ? "source deprecated, " : "",
	    k[KEY_TEMPORARY] ? "source temporary, " : "", k[KEY_LABEL] ? "labels differ, " : "",
	    k[KEY_PREFERENCE], select_live[rank->c->live], draw, rtt);
}

size_t
select_rank(const struct select_input *in, struct pair *out, size_t max)
{
	struct select_rank ranks[SELECT_MAX];
	size_t n = in->n < SELECT_MAX ? in->n : SELECT_MAX, equals;

	for (size_t i = 0; i < n; i++)
		select_keys(in, i, &ranks[i]);
	qsort(ranks, n, sizeof ranks[0], select_order);
	for (size_t i = 0; i < n; i += equals) {
		equals = select_equals(&ranks[i], n - i, KEYS_DRAW);
		select_draw_group(in, &ranks[i], equals);
	}
	qsort(ranks, n, sizeof ranks[0], select_order);
	for (size_t i = 0; i < n; i += equals) {
		equals = select_equals(&ranks[i], n - i, KEYS_SPREAD);
		select_spread(&ranks[i], equals);
	}
	n = n < max ? n : max;
	for (size_t i = 0; i < n; i++) {
		const struct select_candidate *c = ranks[i].c;

		out[i] = (struct pair){
		    .flags = c->to->flags, .rtt_us = c->rtt_us, .identity = c->identity};
		memcpy(out[i].source, c->source, 16);
		memcpy(out[i].destination, c->to->address, 16);
		memcpy(out[i].path, c->to->path, sizeof out[i].path);
		select_why(&ranks[i], out[i].why);
	}
	return n;
}
