/*
 * reverse.c - claims at reverse names: never believed by themselves, only held against a mapping.
 */
#include "resolve/reverse.h"

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "resolve/failures.h"
#include "resolve/naming.h"

enum verdict
reverse_verdict(const struct edge *edge, const struct bytes *rdata, size_t n,
    const struct eid *id, struct eid *claimed)
{
	struct epid epids[RESULT_IDENTITIES];
	size_t n_epids;
	int error;

	if (edge->dnssec != VERDICT_SECURE && edge->dnssec != VERDICT_INSECURE)
		return edge->dnssec;
	error = naming_read(rdata, n, epids, &n_epids);
	if (error != 0)
		return error == -MAP_EUNKNOWN ? VERDICT_MISSING : VERDICT_MALFORMED;
	for (size_t i = 0; i < n_epids; i++)
		if (eid_equal(&epids[i].id, id))
			return VERDICT_CONFIRMED;
	*claimed = epids[0].id;
	return VERDICT_MISMATCH;
}

static void
lower(uint32_t *lifetime, uint32_t to)
{
	if (to < *lifetime)
		*lifetime = to;
}

bool
reverse_step(
    struct inquiry *inquiry, struct found_identity *found, size_t *left, uint32_t *lifetime)
{
	bool all = true;

	for (size_t i = 0; i<found->n_locators && * left> 0; i++, --*left) {
		struct found_locator *l = &found->locators[i];
		const struct answer *answer;
		struct name name;
		int error = 0;

		if (l->reverse != VERDICT_NONE)
			continue;
		if (eid_owner_reverse(l->locator.address, &name) != 0)
			continue;
		answer = inquiry_ask(inquiry, &name, RR_EPID, &error);
		if (error == 0 && answer == NULL) {
			all = false;
			continue;
		}
		l->reverse = error != 0 ? VERDICT_SERVER
					: reverse_verdict(&answer->edge, answer->set.rdata,
					      answer->set.n, &found->id, &l->claimed);
		lower(lifetime, error != 0 ? FAILURE_SECONDS : answer->edge.ttl);
	}
	return all;
}

void
reverse_give_up(struct found_identity *found, uint32_t *lifetime)
{
	for (size_t i = 0; i < found->n_locators; i++)
		if (found->locators[i].reverse == VERDICT_NONE) {
			found->locators[i].reverse = VERDICT_TIMEOUT;
			lower(lifetime, FAILURE_SECONDS);
		}
}
