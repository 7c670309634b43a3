/*
 * responder.c - two tables of sets of fixed size: tokens with the numbers that came by their pairs, and sources
 * that are no peers with their last answer. A flood pushes out others of the same set only.
 */
#include "resolverd/responder.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"

#define WAYS 8

struct token_row {
	uint64_t token;
	uint64_t at; /* 0: free */
	uint64_t second;
	uint32_t answers; /* in that second */
	bool is_peer; /* one of its probes came from a peer */
	struct probe_report pairs[PROBE_REPORTS + 1];
};

struct source_row {
	uint8_t source[16];
	uint64_t at; /* when its current stretch of RESPONDER_STRETCH_MS began; 0: free */
	uint32_t answers; /* in that */
};

struct responder {
	uint32_t seed; /* so that nobody can aim at a set */
	struct token_row tokens[RESPONDER_TOKENS];
	struct source_row sources[RESPONDER_SOURCES];
};

struct responder *
responder_new(void)
{
	struct responder *responder = calloc(1, sizeof *responder);

	if (responder != NULL && crypto_random(&responder->seed, sizeof responder->seed) < 0)
		responder->seed = 0;
	return responder;
}

void
responder_free(struct responder *responder)
{
	free(responder);
}

static size_t
responder_set(const struct responder *responder, const uint8_t *p, size_t n, size_t rows)
{
	uint32_t hash = 2166136261u ^ responder->seed;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 16777619u;
	return (hash ^ hash >> 15) % (rows / WAYS) * WAYS;
}

static struct token_row *
responder_token(struct responder *responder, uint64_t token, uint64_t now)
{
	uint8_t octets[8];
	struct token_row *set, *row;

	put_u64(octets, token);
	set = &responder
		   ->tokens[responder_set(responder, octets, sizeof octets, RESPONDER_TOKENS)];
	row = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].at != 0 && set[i].token == token) {
			set[i].at = now;
			return &set[i];
		}
		if (set[i].at < row->at)
			row = &set[i];
	}
	*row = (struct token_row){.token = token, .at = now};
	return row;
}

/* Whether this source may have another answer now; it has it then. */
static bool
responder_spares(
    struct responder *responder, const uint8_t source[16], uint32_t most, uint64_t now)
{
	struct source_row *set =
	    &responder->sources[responder_set(responder, source, 16, RESPONDER_SOURCES)];
	struct source_row *row = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].at != 0 && memcmp(set[i].source, source, 16) == 0) {
			row = &set[i];
			break;
		}
		if (set[i].at < row->at)
			row = &set[i];
	}
	if (row->at == 0 || memcmp(row->source, source, 16) != 0 ||
	    now - row->at >= RESPONDER_STRETCH_MS) {
		memcpy(row->source, source, 16);
		row->at = now;
		row->answers = 0;
	}
	return row->answers < most && ++row->answers > 0;
}

/* Notes the pair's number; the others of the token go into the answer. */
static void
token_note(struct token_row *row, const struct probe *probe, struct probe *answer)
{
	size_t own = PROBE_REPORTS + 1, n = 0;

	for (size_t i = 0; i <= PROBE_REPORTS && own > PROBE_REPORTS; i++)
		if (row->pairs[i].pair == probe->pair || row->pairs[i].pair == 0)
			own = i;
	if (own > PROBE_REPORTS)
		own = 0; /* more pairs than can be reported on */
	if (row->pairs[own].pair != probe->pair || probe->sequence > row->pairs[own].sequence)
		row->pairs[own] = (struct probe_report){probe->pair, probe->sequence};
	for (size_t i = 0; i <= PROBE_REPORTS && n < PROBE_REPORTS; i++)
		if (i != own && row->pairs[i].pair != 0)
			answer->reports[n++] = row->pairs[i];
}

bool
responder_take(struct responder *responder, const uint8_t source[16], const struct probe *probe,
    bool is_peer, uint64_t now, struct probe *answer)
{
	struct token_row *row;

	now = now > 0 ? now : 1;
	row = responder_token(responder, probe->token, now);
	*answer = (struct probe){.token = probe->token,
	    .pair = probe->pair,
	    .sequence = probe->sequence,
	    .flags = PROBE_ANSWER};
	row->is_peer |= is_peer;
	if (!responder_spares(
		responder, source, row->is_peer ? RESPONDER_PEER : RESPONDER_STRANGER, now))
		return false; /* and what is not answered is not said to have come */
	token_note(row, probe, answer);
	return true;
}
