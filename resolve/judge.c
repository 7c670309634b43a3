/*
 * judge.c - raw answers of libunbound become verdicts.
 */
#include "resolve/judge.h"

#include <stdio.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "resolve/answer.h"
#include "resolve/failures.h"

static void
edge_fail(struct edge *edge, enum verdict verdict, uint32_t ttl, const char *why)
{
	edge->dnssec = verdict;
	edge->ttl = ttl;
	snprintf(edge->why, sizeof edge->why, "%s", why);
}

/* libunbound's result as an edge; test bogus first, since data is filled even then. */
static void
edge_judge(struct edge *edge, const struct context_result *r)
{
	char why[RESULT_WHY];

	edge->ttl = r->ttl;
	if (r->error != NULL) {
		edge_fail(edge, VERDICT_SERVER, FAILURE_SECONDS, r->error);
	} else if (r->bogus != NULL) {
		edge_fail(edge, VERDICT_BOGUS, FAILURE_SECONDS, r->bogus);
	} else if (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN) {
		snprintf(why, sizeof why,
		    r->rcode == RCODE_SERVFAIL ? "no server gave a usable answer (SERVFAIL)"
					       : "server error, rcode %d",
		    r->rcode);
		edge_fail(edge, VERDICT_SERVER, FAILURE_SECONDS, why);
	} else if (!r->data) {
		edge->dnssec = VERDICT_MISSING;
		edge->denied = r->secure;
		snprintf(edge->why, sizeof edge->why, "%s",
		    r->absent ? "the name does not exist" : "the name has no such record");
	} else {
		edge->dnssec = r->secure ? VERDICT_SECURE : VERDICT_INSECURE;
		if (!r->secure)
			snprintf(edge->why, sizeof edge->why, "the zone is not signed");
	}
}

void
answer_judge(struct answer *answer, const struct name *name, uint16_t type,
    const struct context_result *r)
{
	struct edge *edge = &answer->edge;
	int error;

	answer_fini(answer);
	edge_judge(edge, r);
	if (edge->dnssec == VERDICT_BOGUS || edge->dnssec == VERDICT_SERVER)
		return;
	error = answer_read(answer, r->packet, name, type, clock_seconds());
	if (error == 0 && r->data && answer->set.n == 0)
		error = -MAP_EFORMAT;
	if (error != 0)
		edge_fail(edge, VERDICT_MALFORMED, FAILURE_SECONDS, error_text(error));
	if (edge->dnssec != VERDICT_SECURE && edge->dnssec != VERDICT_INSECURE)
		answer->set.n = answer->n_additional = 0;
}

void
answer_fail(struct answer *answer, enum verdict verdict, uint32_t ttl, const char *why)
{
	edge_fail(&answer->edge, verdict, ttl, why);
}

unsigned
verdict_weight(enum verdict verdict)
{
	static const struct {
		enum verdict verdict;
		unsigned weight;
	} rows[] = {{VERDICT_BOGUS, 3}, {VERDICT_MALFORMED, 2}, {VERDICT_SERVER, 1}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].verdict == verdict)
			return rows[i].weight;
	return 0;
}

bool
answer_is_poor(const struct answer *answer)
{
	return verdict_weight(answer->edge.dnssec) > 0;
}
