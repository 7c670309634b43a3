/*
 * query.c - the story of one question: which zone, what is there, what is said.
 */
#include "mapd/query.h"

#include "core/wire/rrtype.h"
#include "mapd/answer.h"
#include "mapd/gate.h"

static const struct refusal no_database = {
    RCODE_SERVFAIL, EDE_OTHER, "database error", STAT_ANSWER_SERVFAIL};

size_t
query_refuse(const struct serve *s, struct reply *r, const struct refusal *why)
{
	stats_add(s->stats, why->stat, 1);
	if (why->ede != EDE_NONE)
		reply_ede(r, why->ede, why->text);
	return reply_finish(r, why->rcode);
}

static size_t
query_end(const struct serve *s, struct reply *r, unsigned rcode, enum stat stat)
{
	stats_add(s->stats, stat, 1);
	if (r->truncated)
		stats_add(s->stats, STAT_ANSWER_TRUNCATED, 1);
	return reply_finish(r, rcode);
}

size_t
query_handle(const struct serve *s, const struct message *m, struct reply *r)
{
	const struct question *q = &m->question;
	const struct zone *zone;
	struct reply_mark empty = reply_mark(r);
	enum stat stat;
	int rcode;

	if (q->class == CLASS_CH)
		return s->chaos != NULL && chaos_put(s->chaos, q, r)
			   ? query_end(s, r, RCODE_NOERROR, STAT_ANSWER_NOERROR)
			   : query_refuse(s, r, &gate_other_class);
	if (s->snap == NULL)
		return query_refuse(s, r, &no_database);
	zone = zone_find_for(s->zones, &q->name, q->type);
	if (zone == NULL)
		return query_refuse(s, r,
		    s->apexes != NULL && apexes_have(s->apexes, &q->name) ? &gate_not_loaded
									  : &gate_no_zone);
	rcode = answer_put(s, zone, q, r, &stat);
	if (rcode < 0) {
		reply_undo(r, &empty);
		r->truncated = false;
		r->flags &= (uint16_t)~FLAG_AA;
		return query_refuse(s, r, &no_database);
	}
	return query_end(s, r, (unsigned)rcode, stat);
}
