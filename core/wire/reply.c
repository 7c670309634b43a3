/*
 * reply.c - writes one answer: header, question, records with compressed owners, OPT.
 * Knows the layout of messages; knows nothing of zones, nor of what belongs into an answer.
 */
#include "core/wire/reply.h"

#include <assert.h>
#include <string.h>

#include "core/wire/rrtype.h"

#define POINTER_MAX 0x3fff
#define RECORD_HEAD 10 /* type, class, TTL, length */
#define OPTION_COOKIE 10
#define OPTION_EDE 15
#define OPTION_HEAD 4 /* code and length */

/* The flags of a query that come back in its answer. */
#define FLAGS_COPIED (0x7800 | FLAG_RD | FLAG_CD)

size_t
reply_size(const struct message *query)
{
	if (!query->edns.present || query->edns.udp_size < REPLY_PLAIN_SIZE)
		return REPLY_PLAIN_SIZE; /* RFC 6891 6.2.3 */
	return query->edns.udp_size < REPLY_UDP_SIZE ? query->edns.udp_size : REPLY_UDP_SIZE;
}

void
reply_start_header(struct reply *r, void *buffer, size_t max, uint16_t id, uint16_t flags)
{
	assert(max >= REPLY_PLAIN_SIZE);
	r->p = buffer;
	r->n = HEADER_SIZE;
	r->max = max;
	r->limit = max;
	r->id = id;
	r->flags = (uint16_t)(FLAG_QR | (flags & FLAGS_COPIED));
	memset(r->count, 0, sizeof(r->count));
	r->question = NULL;
	r->edns = false;
	r->dnssec_ok = false;
	r->truncated = false;
	r->ede = EDE_NONE;
	r->ede_text = NULL;
	r->lease = (struct lease_option){.present = false};
	r->cookie = NULL;
	r->n_names = 0;
}

void
reply_start(struct reply *r, void *buffer, size_t max, const struct message *query)
{
	const struct question *q = &query->question;

	reply_start_header(r, buffer, max, query->id, query->flags);
	r->edns = query->edns.present;
	r->dnssec_ok = query->edns.present && query->edns.dnssec_ok;
	if (r->edns)
		r->limit -= REPLY_OPT;
	if (query->count[SECTION_QUESTION] != 1 || q->name.n == 0)
		return;
	r->question = q;
	memcpy(r->p + r->n, q->name.w, q->name.n);
	r->n += q->name.n;
	put_u16(r->p + r->n, q->type);
	put_u16(r->p + r->n + 2, q->class);
	r->n += 4;
	r->count[SECTION_QUESTION] = 1;
}

struct reply_mark
reply_mark(const struct reply *r)
{
	struct reply_mark mark = {.n = r->n, .n_names = r->n_names};

	memcpy(mark.count, r->count, sizeof(mark.count));
	return mark;
}

void
reply_undo(struct reply *r, const struct reply_mark *mark)
{
	r->n = mark->n;
	r->n_names = mark->n_names;
	memcpy(r->count, mark->count, sizeof(r->count));
}

void
reply_truncate(struct reply *r)
{
	r->truncated = true;
}

void
reply_ede(struct reply *r, enum ede code, const char *text)
{
	r->ede = code;
	r->ede_text = text;
}

/* Notes the first take octets' worth of suffixes of a name that begins at offset at. */
static void
reply_note(struct reply *r, const uint8_t *w, size_t n, size_t take, size_t at)
{
	for (size_t i = 0; i < take && w[i] != 0; i += (size_t)w[i] + 1) {
		if (r->n_names == REPLY_NAMES || at + i > POINTER_MAX)
			return;
		r->names[r->n_names].at = (uint16_t)(at + i);
		r->names[r->n_names].n = (uint8_t)(n - i);
		r->n_names++;
	}
}

static void
reply_note_question(struct reply *r)
{
	const struct question *q = r->question;

	if (r->n_names == 0 && q != NULL)
		reply_note(r, q->name.w, q->name.n, q->name.n, HEADER_SIZE);
}

static bool
octets_equal_folded(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t x = a[i], y = b[i];

		if (x == y)
			continue;
		if ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z')
			return false;
	}
	return true;
}

/* The name at offset at of the message written so far is w. Pointers there are our own. */
static bool
reply_name_is(const struct reply *r, size_t at, const uint8_t *w)
{
	for (;;) {
		uint8_t n = r->p[at];

		if (n >= 0xc0) {
			at = get_u16(r->p + at) & POINTER_MAX;
			continue;
		}
		if (n != w[0])
			return false;
		if (n == 0)
			return true;
		if (!octets_equal_folded(r->p + at + 1, w + 1, n))
			return false;
		at += (size_t)n + 1;
		w += (size_t)n + 1;
	}
}

/* Where w (n octets) was written before, or 0. */
static size_t
reply_find_name(const struct reply *r, const uint8_t *w, size_t n)
{
	for (unsigned i = 0; i < r->n_names; i++)
		if (r->names[i].n == n && reply_name_is(r, r->names[i].at, w))
			return r->names[i].at;
	return 0;
}

/* Writes an owner name, its longest known suffix as a pointer. */
static bool
reply_put_owner(struct reply *r, const struct name *owner)
{
	size_t take = 0, target = 0;

	reply_note_question(r);
	while (owner->w[take] != 0) {
		target = reply_find_name(r, owner->w + take, owner->n - take);
		if (target != 0)
			break;
		take += (size_t)owner->w[take] + 1;
	}
	if (take + 2 > r->limit - r->n)
		return false;
	memcpy(r->p + r->n, owner->w, take);
	reply_note(r, owner->w, owner->n, take, r->n);
	r->n += take;
	if (target != 0) {
		put_u16(r->p + r->n, (uint16_t)(0xc000 | target));
		r->n += 2;
	} else {
		r->p[r->n++] = 0;
	}
	return true;
}

static void
reply_enter(struct reply *r, enum section section)
{
	/* a record behind those of a later section would be read as belonging to that one */
	for (unsigned s = (unsigned)section + 1; s <= SECTION_ADDITIONAL; s++)
		assert(r->count[s] == 0);
	r->count[section]++;
}

bool
reply_put(struct reply *r, enum section section, const struct rr *rr)
{
	struct reply_mark mark = reply_mark(r);

	if (r->truncated || !reply_put_owner(r, rr->owner) ||
	    RECORD_HEAD + rr->rdata.n > r->limit - r->n) {
		reply_undo(r, &mark);
		return false;
	}
	put_u16(r->p + r->n, rr->type);
	put_u16(r->p + r->n + 2, rr->class);
	put_u32(r->p + r->n + 4, rr->ttl);
	put_u16(r->p + r->n + 8, (uint16_t)rr->rdata.n);
	r->n += RECORD_HEAD;
	if (rr->rdata.n > 0)
		memcpy(r->p + r->n, rr->rdata.p, rr->rdata.n);
	r->n += rr->rdata.n;
	reply_enter(r, section);
	return true;
}

/* The octets of the next stored record, its owner's pointer included; the store's own framing. */
static size_t
stored_record(const uint8_t *p)
{
	return 2 + RECORD_HEAD + (size_t)get_u16(p + 2 + 8);
}

/* Octets of the records of a set that go into the answer, and how many they are. */
static size_t
reply_set_size(const struct reply *r, const struct reply_set *set, unsigned *count)
{
	size_t n = 0;

	*count = set->records;
	if (r->dnssec_ok) {
		*count += set->signatures;
		return set->wire.n;
	}
	if (set->signatures == 0)
		return set->wire.n;
	for (unsigned i = 0; i < set->records; i++)
		n += stored_record(set->wire.p + n);
	return n;
}

/* The stored octets as they are: the owner is the question's name. */
static bool
reply_copy_set(struct reply *r, const struct reply_set *set, size_t n)
{
	uint8_t *p = r->p + r->n;

	if (n > r->limit - r->n)
		return false;
	memcpy(p, set->wire.p, n);
	r->n += n;
	if (set->ttl != REPLY_AS_STORED)
		for (size_t at = 0; at < n; at += stored_record(p + at))
			put_u32(p + at + 6, set->ttl);
	return true;
}

static bool
reply_rewrite_set(
    struct reply *r, const struct name *owner, const struct reply_set *set, size_t n)
{
	for (size_t at = 0, size; at < n; at += size) {
		size = stored_record(set->wire.p + at);
		if (!reply_put_owner(r, owner) || size - 2 > r->limit - r->n)
			return false;
		memcpy(r->p + r->n, set->wire.p + at + 2, size - 2);
		if (set->ttl != REPLY_AS_STORED)
			put_u32(r->p + r->n + 4, set->ttl);
		r->n += size - 2;
	}
	return true;
}

bool
reply_put_set(struct reply *r, enum section section, const struct name *owner,
    const struct reply_set *set)
{
	struct reply_mark mark;
	unsigned count;
	size_t n = reply_set_size(r, set, &count);
	bool done;

	if (r->truncated)
		return false;
	if (count == 0)
		return true;
	mark = reply_mark(r);
	done = owner == NULL ? reply_copy_set(r, set, n) : reply_rewrite_set(r, owner, set, n);
	if (!done) {
		reply_undo(r, &mark);
		return false;
	}
	reply_enter(r, section);
	r->count[section] = (uint16_t)(r->count[section] + count - 1);
	return true;
}

void
reply_cookie(struct reply *r, const uint8_t cookie[REPLY_COOKIE])
{
	r->cookie = cookie;
	r->limit -= OPTION_HEAD + REPLY_COOKIE;
}

void
reply_lease(struct reply *r, const struct lease_option *option)
{
	if (!r->edns)
		return;
	r->lease = *option;
	r->lease.present = true;
	r->limit -= OPTION_HEAD + (option->both ? 8 : 4);
}

bool
reply_keep(struct reply *r, size_t octets)
{
	if (r->n > r->limit || octets > r->limit - r->n)
		return false;
	r->limit -= octets;
	r->max -= octets;
	return true;
}

/* Code and text; the text goes in whole or not at all: half an address would be another one. */
static void
ede_put(struct wr *wr, int code, const char *text)
{
	size_t left = wr->max - wr->n, n = text != NULL ? strlen(text) : 0;

	if (left < OPTION_HEAD + 2)
		return;
	if (n > left - OPTION_HEAD - 2)
		n = 0;
	wr_u16(wr, OPTION_EDE);
	wr_u16(wr, (uint16_t)(2 + n));
	wr_u16(wr, (uint16_t)code);
	wr_copy(wr, text, n);
}

static void
reply_put_opt(struct reply *r, unsigned rcode)
{
	uint8_t *opt = r->p + r->n;
	struct wr wr = wr_init(opt, r->max - r->n);

	opt[0] = 0;
	put_u16(opt + 1, RR_OPT);
	put_u16(opt + 3, REPLY_UDP_SIZE);
	put_u32(opt + 5, (uint32_t)(rcode >> 4) << 24 | (r->dnssec_ok ? 0x8000u : 0));
	wr.n = REPLY_OPT;
	if (r->cookie != NULL) {
		wr_u16(&wr, OPTION_COOKIE);
		wr_u16(&wr, REPLY_COOKIE);
		wr_copy(&wr, r->cookie, REPLY_COOKIE);
	}
	if (r->lease.present)
		lease_option_put(&wr, &r->lease);
	if (r->ede != EDE_NONE)
		ede_put(&wr, r->ede, r->ede_text);
	put_u16(opt + 9, (uint16_t)(wr.n - REPLY_OPT));
	r->n += wr.n;
	r->count[SECTION_ADDITIONAL]++;
}

size_t
reply_finish(struct reply *r, unsigned rcode)
{
	if (r->edns)
		reply_put_opt(r, rcode);
	if (r->truncated)
		r->flags |= FLAG_TC;
	put_u16(r->p, r->id);
	put_u16(r->p + 2, (uint16_t)(r->flags | (rcode & 15)));
	for (unsigned s = 0; s < 4; s++)
		put_u16(r->p + 4 + 2 * s, r->count[s]);
	return r->n;
}
