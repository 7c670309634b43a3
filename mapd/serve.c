/*
 * serve.c - one message in, one answer out.
 * Knows in which order a message is judged; knows no sockets, clocks, threads or files.
 */
#include "mapd/serve.h"

#include "mapd/gate.h"
#include "mapd/query.h"
#include "mapd/update.h"

/*
 * RFC 7873 5.2: who sends a cookie gets it back with a server's; it says that the answer is no forgery. False:
 * the option is malformed.
 */
static bool
serve_cookie(const struct serve *s, const struct asker *asker, const struct message *m,
    struct reply *r, uint8_t both[COOKIE_BOTH], struct update_cookie *out)
{
	struct cookie cookie;
	int known;

	if (s->cookies == NULL || !m->edns.present)
		return true;
	if (cookie_read(&m->edns, &cookie) != 0)
		return false;
	if (!cookie.present)
		return true;
	stats_add(s->stats, STAT_QUERY_COOKIE, 1);
	known = cookies_answer(s->cookies, &cookie, asker->address, s->now, both);
	if (known == 1)
		stats_add(s->stats, STAT_QUERY_COOKIE_KNOWN, 1);
	if (known < 0)
		return true;
	reply_cookie(r, both);
	*out = (struct update_cookie){.known = known == 1, .both = both};
	return true;
}

static void
serve_count(const struct serve *s, enum transport transport, const struct message *m)
{
	stats_add(s->stats, transport == TRANSPORT_UDP ? STAT_QUERY_UDP : STAT_QUERY_TCP, 1);
	if (m->edns.present)
		stats_add(s->stats, STAT_QUERY_EDNS, 1);
	if (m->edns.dnssec_ok)
		stats_add(s->stats, STAT_QUERY_DO, 1);
}

static bool
serve_is_update(const struct serve *s, struct bytes wire)
{
	return s->updates != NULL && (get_u16(wire.p + 2) >> 11 & 15) == OPCODE_UPDATE;
}

/* Whether more than the header is looked at, which has the opcode. */
static bool
serve_reads(const struct serve *s, struct bytes wire)
{
	return serve_is_update(s, wire) ? update_reads(s->updates, wire) : gate_reads(wire);
}

size_t
serve(const struct serve *s, const struct asker *asker, struct bytes wire, uint8_t *out)
{
	uint8_t both[COOKIE_BOTH];
	struct update_cookie cookie = {.both = NULL};
	enum stat drop = gate_header(wire);
	struct bytes read = wire;
	const struct refusal *refusal;
	struct message m;
	struct reply r;
	bool reads, parsed, update;

	if (drop != STAT_COUNT) {
		stats_add(s->stats, drop, 1);
		return 0;
	}
	update = serve_is_update(s, wire);
	if (update && asker->transport == TRANSPORT_UDP && update_is_flood(s, wire, NULL))
		return 0;
	reads = serve_reads(s, wire);
	if (!reads)
		read.n = HEADER_SIZE;
	parsed = message_parse(read, &m) == 0;
	serve_count(s, asker->transport, &m);
	/* what could not be read cannot be trusted to say how large an answer may be */
	if (parsed) {
		reply_start(&r, out,
		    asker->transport == TRANSPORT_UDP ? reply_size(&m) : SERVE_TCP_MAX, &m);
		parsed = serve_cookie(s, asker, &m, &r, both, &cookie);
	} else
		reply_start_header(&r, out, SERVE_UDP_MAX, m.id, m.flags);
	if (update && asker->transport == TRANSPORT_UDP && update_is_flood(s, wire, &cookie))
		return 0;
	if (update)
		return update_handle(s, asker, parsed ? &m : NULL, reads, &cookie, &r);
	refusal = gate_check(&m, parsed);
	return refusal != NULL ? query_refuse(s, &r, refusal) : query_handle(s, &m, &r);
}
