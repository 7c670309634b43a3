/*
 * select.c - the ranking; knows no sockets, no clock, no tables but those it is given.
 */
#include "resolverd/select.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum select_key {
	KEY_IDENTITY,
	KEY_EXIT,
	KEY_DRAIN,
	KEY_BACKUP,
	KEY_WISH,
	KEY_SCOPE,
	KEY_DEPRECATED,
	KEY_TEMPORARY,
	KEY_LABEL,
	KEY_PRECEDENCE,
	KEY_SMALL_SCOPE,
	KEY_FAILED,
	KEY_PREFERENCE,
	KEY_OWN_PREFERENCE,
	KEY_LIVE,
	KEY_QUICK,
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

/* What the caller thinks of a pair's path; what he avoids he does not prefer as well. */
enum select_wish { WISH_PREFERRED, WISH_NONE, WISH_AVOIDED };

static enum select_wish
select_wish_of(const struct wishes *wishes, const struct select_candidate *c)
{
	const char *to = c->to->path, *from = c->from != NULL ? c->from->path : "";

	if (path_list_has(&wishes->avoid, to) || path_list_has(&wishes->avoid, from))
		return WISH_AVOIDED;
	if (path_list_has(&wishes->prefer, to) || path_list_has(&wishes->prefer, from))
		return WISH_PREFERRED;
	return WISH_NONE;
}

static enum select_wish
select_wish(const struct select_input *in, const struct select_candidate *c)
{
	enum select_wish wish = select_wish_of(in->wishes, c);

	return wish != WISH_NONE ? wish : select_wish_of(in->usual, c);
}

static uint8_t
select_flags(const struct select_candidate *c)
{
	return c->to->flags | (c->from != NULL ? c->from->flags : 0);
}

/* Which step of RTT; what was never measured comes last. */
static uint32_t
select_quick(const struct wishes *wishes, const struct select_candidate *c)
{
	if (!class_is_quick(wishes->class))
		return 0;
	return c->rtt_us != 0 ? c->rtt_us / SELECT_RTT_US : UINT32_MAX;
}

static void
select_keys(const struct select_input *in, size_t i, struct select_rank *out)
{
	const struct select_candidate *c = &in->candidates[i];
	const uint8_t *to = c->to->address;
	const struct policy *policy = in->policy;

	out->c = c;
	out->keys[KEY_IDENTITY] = c->identity;
	out->keys[KEY_EXIT] = exit_is_bad(c->exit);
	out->keys[KEY_DRAIN] = (select_flags(c) & ELOC_DRAIN) != 0;
	out->keys[KEY_BACKUP] = (select_flags(c) & ELOC_BACKUP) != 0;
	out->keys[KEY_WISH] = select_wish(in, c);
	out->keys[KEY_SCOPE] = policy_scope(c->source) != policy_scope(to);
	out->keys[KEY_DEPRECATED] = c->deprecated;
	out->keys[KEY_TEMPORARY] = c->temporary;
	out->keys[KEY_LABEL] = policy_label(policy, c->source) != policy_label(policy, to);
	out->keys[KEY_PRECEDENCE] = UINT32_MAX - policy_precedence(policy, to);
	out->keys[KEY_SMALL_SCOPE] = policy_scope(to);
	out->keys[KEY_FAILED] = c->live == LIVENESS_FAILED;
	out->keys[KEY_PREFERENCE] = c->to->preference;
	out->keys[KEY_OWN_PREFERENCE] = c->from != NULL ? c->from->preference : 0;
	out->keys[KEY_LIVE] = c->live;
	out->keys[KEY_QUICK] = select_quick(in->wishes, c);
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

/* What is said of a key that has this value. */
static const struct {
	enum select_key key;
	uint32_t value;
	const char *words;
} select_words[] = {
    {KEY_DRAIN, 1, "being drained, "},
    {KEY_BACKUP, 1, "a backup, "},
    {KEY_WISH, WISH_PREFERRED, "path preferred, "},
    {KEY_WISH, WISH_AVOIDED, "path avoided, "},
    {KEY_SCOPE, 1, "of another scope, "},
    {KEY_DEPRECATED, 1, "source deprecated, "},
    {KEY_TEMPORARY, 1, "source temporary, "},
    {KEY_LABEL, 1, "labels differ, "},
};

/* What puts a pair behind the one before it and does not show in the rest of what is said. */
static const char *const select_behind[KEYS] = {
    [KEY_PRECEDENCE] = "lower precedence",
    [KEY_SMALL_SCOPE] = "wider scope",
    [KEY_PREFIX] = "shorter prefix in common",
    [KEY_GIVEN] = "order of the addresses",
};

struct select_text {
	char *text; /* of RESULT_WHY */
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void
select_say(struct select_text *to, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(to->text + to->n, RESULT_WHY - to->n, format, args);
	va_end(args);
	to->n += n > 0 ? (size_t)n : 0;
	if (to->n >= RESULT_WHY)
		to->n = RESULT_WHY - 1;
}

/* before is the one that goes first; it may be worse, and by another exit than the one before it. */
static void
select_say_behind(
    struct select_text *text, const struct select_rank *before, const struct select_rank *rank)
{
	unsigned key = 0;

	while (key < KEYS && before->keys[key] == rank->keys[key])
		key++;
	if (key < KEYS && before->keys[key] > rank->keys[key])
		select_say(text, ", behind: another exit or address is tried in between");
	else if (key < KEYS && select_behind[key] != NULL)
		select_say(text, ", behind: %s", select_behind[key]);
}

/* before: NULL, or the rank that goes first. */
static void
select_why(const struct select_input *in, const struct select_rank *before,
    const struct select_rank *rank, char why[RESULT_WHY])
{
	const struct select_candidate *c = rank->c;
	struct select_text text = {why, 0};

	why[0] = '\0';
	if (rank->keys[KEY_EXIT] != 0)
		select_say(&text, "%s, ", exit_word(c->exit));
	for (size_t i = 0; i < sizeof select_words / sizeof select_words[0]; i++)
		if (rank->keys[select_words[i].key] == select_words[i].value)
			select_say(&text, "%s", select_words[i].words);
	select_say(&text, "preference %u, ", c->to->preference);
	if (c->from != NULL)
		select_say(&text, "source's %u, ", c->from->preference);
	select_say(&text, "%s", select_live[c->live]);
	if (rank->keys[KEY_DRAW] != 0)
		select_say(
		    &text, ", weight %u drawn as %u.", c->to->weight, rank->keys[KEY_DRAW]);
	if (c->rtt_us != 0)
		select_say(&text, ", %s%u us",
		    class_is_quick(in->wishes->class) ? "quick first: " : "", c->rtt_us);
	if (before != NULL)
		select_say_behind(&text, before, rank);
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
		    .flags = select_flags(c), .rtt_us = c->rtt_us, .identity = c->identity};
		memcpy(out[i].source, c->source, 16);
		memcpy(out[i].destination, c->to->address, 16);
		memcpy(out[i].path, c->to->path, sizeof out[i].path);
		select_why(in, i > 0 ? &ranks[i - 1] : NULL, &ranks[i], out[i].why);
	}
	return n;
}
