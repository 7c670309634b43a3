/*
 * result.c - the result of a look-up as octets and strictly back.
 * Knows how a result is laid out; judges nothing in it.
 */
#include "core/wire/result.h"

#include <string.h>

#include "core/wire/errors.h"

static const char *const verdict_words[] = {
#define X(name, number, word) [number] = word,
#include "core/wire/verdicts.def"
#undef X
};

#define VERDICTS (sizeof verdict_words / sizeof verdict_words[0])

const char *
verdict_word(enum verdict v)
{
	return (size_t)v < VERDICTS && verdict_words[v] != NULL ? verdict_words[v] : "unknown";
}

static bool
edge_is_found(const struct edge *edge)
{
	return edge->dnssec == VERDICT_SECURE || edge->dnssec == VERDICT_INSECURE ||
	       edge->dnssec == VERDICT_MISSING;
}

bool
result_is_whole(const struct result *result)
{
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		if (id->error != 0)
			return false;
		for (size_t k = 0; k < id->n_sets; k++)
			if (!edge_is_found(&id->sets[k].edge))
				return false;
	}
	return true;
}

void
words_put(struct wr *wr, const char *text, size_t max)
{
	size_t n = strnlen(text, max - 1);

	wr_u8(wr, (uint8_t)n);
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)text[i];

		wr_u8(wr, c < ' ' || c == 0x7f ? '?' : c);
	}
}

void
words_read(struct rd *rd, char *text, size_t max)
{
	struct bytes b = rd_bytes(rd, rd_u8(rd));

	if (b.n >= max)
		rd_fail(rd, -MAP_EFORMAT);
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] < ' ' || b.p[i] == 0x7f)
			rd_fail(rd, -MAP_EFORMAT);
	if (rd->error != 0)
		b.n = 0;
	if (b.n > 0)
		memcpy(text, b.p, b.n);
	text[b.n] = '\0';
}

static bool
bool_read(struct rd *rd)
{
	uint8_t v = rd_u8(rd);

	if (v > 1)
		rd_fail(rd, -MAP_EFORMAT);
	return v == 1;
}

static enum verdict
verdict_read(struct rd *rd)
{
	uint8_t v = rd_u8(rd);

	if (v >= VERDICTS || verdict_words[v] == NULL) {
		rd_fail(rd, -MAP_EFORMAT);
		return VERDICT_NONE;
	}
	return (enum verdict)v;
}

/* A count, held to what there is room for. */
static size_t
count_read(struct rd *rd, size_t max)
{
	uint8_t n = rd_u8(rd);

	if (n > max) {
		rd_fail(rd, -MAP_EFORMAT);
		return 0;
	}
	return n;
}

/* A name that may be absent: its length first. */
static void
name_maybe_put(struct wr *wr, const struct name *name)
{
	wr_u8(wr, name->n);
	wr_copy(wr, name->w, name->n);
}

static void
name_maybe_read(struct rd *rd, struct name *name)
{
	size_t n = rd_u8(rd);
	const uint8_t *start = rd->p;

	name->n = 0;
	if (n == 0)
		return;
	name_read_plain(rd, name);
	if (rd->error == 0 && (size_t)(rd->p - start) != n)
		rd_fail(rd, -MAP_EFORMAT);
}

static void
edge_put(struct wr *wr, const struct edge *e)
{
	wr_u8(wr, (uint8_t)e->dnssec);
	wr_u8(wr, e->denied);
	wr_u32(wr, e->ttl);
	words_put(wr, e->why, sizeof e->why);
}

static void
edge_read(struct rd *rd, struct edge *e)
{
	e->dnssec = verdict_read(rd);
	e->denied = bool_read(rd);
	e->ttl = rd_u32(rd);
	words_read(rd, e->why, sizeof e->why);
}

static void
locator_put(struct wr *wr, const struct found_locator *f)
{
	const struct locator *l = &f->locator;

	wr_copy(wr, l->address, sizeof l->address);
	wr_u16(wr, l->preference);
	wr_u16(wr, l->weight);
	wr_u8(wr, l->flags);
	wr_u8(wr, l->composed);
	wr_u32(wr, l->capabilities);
	wr_u16(wr, l->probe);
	words_put(wr, l->path, sizeof l->path);
	wr_u8(wr, (uint8_t)f->trust);
	wr_u8(wr, (uint8_t)f->reverse);
	eid_put(wr, &f->claimed);
}

static void
locator_read(struct rd *rd, struct found_locator *f)
{
	struct locator *l = &f->locator;

	rd_copy(rd, l->address, sizeof l->address);
	l->preference = rd_u16(rd);
	l->weight = rd_u16(rd);
	l->flags = rd_u8(rd);
	l->composed = rd_u8(rd);
	l->capabilities = rd_u32(rd);
	l->probe = rd_u16(rd);
	words_read(rd, l->path, sizeof l->path);
	f->trust = verdict_read(rd);
	f->reverse = verdict_read(rd);
	eid_read(rd, &f->claimed);
}

static void
identity_put(struct wr *wr, const struct found_identity *f)
{
	eid_put(wr, &f->id);
	wr_u16(wr, f->preference);
	wr_u8(wr, f->flags);
	name_maybe_put(wr, &f->owner);
	edge_put(wr, &f->mapping);
	wr_u8(wr, (uint8_t)f->proof);
	wr_u64(wr, f->serial);
	wr_u32(wr, f->proof_expiry);
	wr_u8(wr, (uint8_t)-f->error);
	wr_u8(wr, (uint8_t)f->n_sets);
	for (size_t i = 0; i < f->n_sets; i++) {
		name_maybe_put(wr, &f->sets[i].name);
		edge_put(wr, &f->sets[i].edge);
	}
	wr_u8(wr, (uint8_t)f->n_locators);
	for (size_t i = 0; i < f->n_locators; i++)
		locator_put(wr, &f->locators[i]);
}

static void
identity_read(struct rd *rd, struct found_identity *f)
{
	eid_read(rd, &f->id);
	f->preference = rd_u16(rd);
	f->flags = rd_u8(rd);
	name_maybe_read(rd, &f->owner);
	edge_read(rd, &f->mapping);
	f->proof = verdict_read(rd);
	f->serial = rd_u64(rd);
	f->proof_expiry = rd_u32(rd);
	f->error = -(int)rd_u8(rd);
	f->n_sets = count_read(rd, MAPPING_SETS);
	for (size_t i = 0; i < f->n_sets; i++) {
		name_maybe_read(rd, &f->sets[i].name);
		edge_read(rd, &f->sets[i].edge);
	}
	f->n_locators = count_read(rd, MAPPING_LOCATORS);
	for (size_t i = 0; i < f->n_locators; i++) {
		locator_read(rd, &f->locators[i]);
		if (f->locators[i].locator.composed > f->n_sets)
			rd_fail(rd, -MAP_EFORMAT);
	}
}

static void
pair_put(struct wr *wr, const struct pair *p)
{
	wr_copy(wr, p->source, sizeof p->source);
	wr_copy(wr, p->destination, sizeof p->destination);
	wr_u8(wr, p->flags);
	wr_u32(wr, p->rtt_us);
	wr_u8(wr, p->identity);
	words_put(wr, p->path, sizeof p->path);
	words_put(wr, p->why, sizeof p->why);
}

static void
pair_read(struct rd *rd, struct pair *p, size_t n_identities)
{
	rd_copy(rd, p->source, sizeof p->source);
	rd_copy(rd, p->destination, sizeof p->destination);
	p->flags = rd_u8(rd);
	p->rtt_us = rd_u32(rd);
	p->identity = rd_u8(rd);
	words_read(rd, p->path, sizeof p->path);
	words_read(rd, p->why, sizeof p->why);
	if (p->identity >= n_identities)
		rd_fail(rd, -MAP_EFORMAT);
}

void
result_put(struct wr *wr, const struct result *result)
{
	wr_u8(wr, (uint8_t)-result->error);
	words_put(wr, result->why, sizeof result->why);
	wr_u8(wr, (uint8_t)result->kind);
	name_maybe_put(wr, &result->asked);
	edge_put(wr, &result->name);
	wr_u32(wr, result->lifetime);
	wr_u8(wr, result->cached);
	wr_u8(wr, (uint8_t)result->n_identities);
	for (size_t i = 0; i < result->n_identities; i++)
		identity_put(wr, &result->identities[i]);
	wr_u8(wr, (uint8_t)result->n_pairs);
	for (size_t i = 0; i < result->n_pairs; i++)
		pair_put(wr, &result->pairs[i]);
}

int
result_read(struct bytes payload, struct result *out)
{
	struct rd rd = rd_init(payload);
	uint8_t kind;

	memset(out, 0, sizeof *out);
	out->error = -(int)rd_u8(&rd);
	words_read(&rd, out->why, sizeof out->why);
	kind = rd_u8(&rd);
	if (kind > RESULT_IDENTITY)
		rd_fail(&rd, -MAP_EFORMAT);
	out->kind = (enum result_kind)(rd.error == 0 ? kind : 0);
	name_maybe_read(&rd, &out->asked);
	edge_read(&rd, &out->name);
	out->lifetime = rd_u32(&rd);
	out->cached = bool_read(&rd);
	out->n_identities = count_read(&rd, RESULT_IDENTITIES);
	for (size_t i = 0; i < out->n_identities; i++)
		identity_read(&rd, &out->identities[i]);
	out->n_pairs = count_read(&rd, RESULT_PAIRS);
	for (size_t i = 0; i < out->n_pairs; i++)
		pair_read(&rd, &out->pairs[i], out->n_identities);
	return rd_end(&rd);
}
