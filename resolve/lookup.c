/*
 * lookup.c - one look-up through its three phases; each looks at the answers that are there, and
 * is looked at again when another has come.
 */
#include "resolve/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "resolve/conclude.h"
#include "resolve/naming.h"
#include "resolve/realms.h"
#include "resolve/reverse.h"
#include "resolve/search.h"

#define DEADLINE_MS 5000

enum phase { NAMING, SEARCHING, REVERSING, FINISHED };

struct lookup {
	struct resolver *resolver;
	struct lookup *next;
	struct lookup **link; /* what points here */
	struct resolve_request request;
	lookup_fn *fn;
	void *arg;
	struct timer *deadline;
	struct inquiry inquiry;
	enum phase phase;
	bool has_name;
	struct naming naming;
	size_t n;
	struct search searches[RESULT_IDENTITIES];
	uint32_t reverse_lifetime; /* of what the reverse names said, seconds */
};

static void
lookup_free(struct lookup *lookup)
{
	if (lookup->link != NULL) {
		*lookup->link = lookup->next;
		if (lookup->next != NULL)
			lookup->next->link = lookup->link;
	}
	inquiry_fini(&lookup->inquiry);
	for (size_t i = 0; i < lookup->n; i++)
		search_fini(&lookup->searches[i]);
	timer_free(lookup->deadline);
	free(lookup);
}

static void
lookup_finish(struct lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	struct found_identity *found[RESULT_IDENTITIES];
	lookup_fn *fn = lookup->fn;
	void *arg = lookup->arg;

	for (size_t i = 0; i < lookup->n; i++)
		found[i] = lookup->searches[i].found;
	conclude_result(resolver->result, lookup->has_name ? &lookup->naming : NULL, found,
	    lookup->n, lookup->request.flags, clock_seconds());
	if (resolver->result->lifetime > lookup->reverse_lifetime)
		resolver->result->lifetime = lookup->reverse_lifetime;
	lookup_free(lookup);
	fn(arg, resolver->result);
}

static int
searches_start(struct lookup *lookup, const struct epid *identities, size_t n, bool strong)
{
	for (size_t i = 0; i < n; i++) {
		lookup->n = i + 1;
		int error = search_init(&lookup->searches[i], &lookup->inquiry, &identities[i],
		    strong, lookup->request.flags);
		if (error != 0) {
			search_fini(&lookup->searches[i]);
			lookup->n = i;
			return error;
		}
	}
	lookup->phase = SEARCHING;
	return 0;
}

static bool
lookup_name(struct lookup *lookup)
{
	struct naming *naming = &lookup->naming;

	if (!naming_step(naming))
		return false;
	if (naming->error != 0 || naming->n == 0) {
		lookup->phase = FINISHED;
		return true;
	}
	bool strong = naming->kind == RESULT_IDENTITY
			  ? (lookup->request.flags & RESOLVE_TRUSTED_ID) != 0
			  : naming->strong;
	int error = searches_start(lookup, naming->identities, naming->n, strong);
	if (error != 0) {
		naming->error = error;
		lookup->phase = FINISHED;
	}
	return true;
}

static bool
lookup_search(struct lookup *lookup)
{
	bool all = true;

	for (size_t i = 0; i < lookup->n;
	     i++) /* all of them: their questions go out together */
		all &= search_step(&lookup->searches[i]);
	if (all)
		lookup->phase = lookup->request.flags & RESOLVE_REVERSE ? REVERSING : FINISHED;
	return all;
}

static bool
lookup_reverse(struct lookup *lookup)
{
	size_t left = REVERSE_MAX;
	bool all = true;

	for (size_t i = 0; i < lookup->n; i++)
		all &= reverse_step(&lookup->inquiry, lookup->searches[i].found, &left,
		    &lookup->reverse_lifetime);
	if (all)
		lookup->phase = FINISHED;
	return all;
}

/* As far as the answers allow; true when finished. */
static bool
lookup_step(struct lookup *lookup)
{
	bool goes_on = true;

	while (goes_on && lookup->phase != FINISHED)
		switch (lookup->phase) {
		case NAMING:
			goes_on = lookup_name(lookup);
			break;
		case SEARCHING:
			goes_on = lookup_search(lookup);
			break;
		case REVERSING:
			goes_on = lookup_reverse(lookup);
			break;
		case FINISHED:
			break;
		}
	return lookup->phase == FINISHED;
}

static void
lookup_answered(void *arg, const struct answer *answer)
{
	struct lookup *lookup = arg;

	(void)answer; /* it is found again where it is needed */
	if (lookup_step(lookup))
		lookup_finish(lookup);
}

static void
lookup_due(void *arg)
{
	struct lookup *lookup = arg;

	if (lookup->phase == NAMING)
		naming_give_up(&lookup->naming);
	if (lookup->phase == SEARCHING)
		for (size_t i = 0; i < lookup->n; i++)
			search_give_up(&lookup->searches[i]);
	if (lookup->phase == REVERSING ||
	    (lookup->phase == SEARCHING && lookup->request.flags & RESOLVE_REVERSE))
		for (size_t i = 0; i < lookup->n; i++)
			reverse_give_up(lookup->searches[i].found, &lookup->reverse_lifetime);
	lookup->phase = FINISHED;
	lookup_finish(lookup);
}

static int
lookup_begin(struct lookup *lookup)
{
	const struct eid *id = &lookup->request.id;
	const struct resolver *resolver = lookup->resolver;
	struct epid epid = {.id = *id};

	lookup->has_name = true;
	if (id->form == EID_NAME)
		return naming_start(&lookup->naming, &lookup->inquiry, &id->name);
	if (id->form == EID_ADDRESS && !eid_is_hhit(id) && !eid_is_hit(id) &&
	    realms_find(resolver->realms, resolver->n_realms, id) == NULL)
		return naming_start_locator(&lookup->naming, &lookup->inquiry, id);
	lookup->has_name = false;
	return searches_start(
	    lookup, &epid, 1, (lookup->request.flags & RESOLVE_TRUSTED_ID) != 0);
}

int
lookup_start(struct resolver *resolver, const struct resolve_request *request,
    const struct lookup_asker *asker, struct lookup **out)
{
	bool fresh = (request->flags & RESOLVE_FRESH) != 0;
	struct lookup *lookup;
	int error;

	if ((request->flags & RESOLVE_ALLOW_LEGACY && request->flags & RESOLVE_REQUIRE_PROOF) ||
	    request->id.form == EID_NONE)
		return -MAP_EUSAGE;
	lookup = calloc(1, sizeof *lookup);
	if (lookup == NULL)
		return -MAP_ENOMEM;
	lookup->resolver = resolver;
	lookup->request = *request;
	lookup->fn = asker->fn;
	lookup->arg = asker->arg;
	lookup->reverse_lifetime = LIFETIME_MAX;
	inquiry_init(&lookup->inquiry, resolver, fresh ? UPSTREAM_FRESH : UPSTREAM_MAIN,
	    lookup_answered, lookup);
	lookup->inquiry.load = asker->load;
	lookup->deadline = timer_new(resolver->loop, lookup_due, lookup);
	error = lookup->deadline == NULL ? -MAP_ENOMEM : lookup_begin(lookup);
	if (error != 0) {
		lookup_free(lookup);
		return error;
	}
	lookup->next = resolver->lookups;
	lookup->link = &resolver->lookups;
	if (lookup->next != NULL)
		lookup->next->link = &lookup->next;
	resolver->lookups = lookup;
	/* what needs no question is told from the loop too */
	timer_start(lookup->deadline, lookup_step(lookup)     ? 0
				      : request->deadline > 0 ? request->deadline
							      : DEADLINE_MS);
	*out = lookup;
	return 0;
}

void
lookup_cancel(struct lookup *lookup)
{
	if (lookup != NULL)
		lookup_free(lookup);
}
