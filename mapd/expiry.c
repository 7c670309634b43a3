/*
 * expiry.c - what has a lease that is over goes, a little at a time.
 * Knows claims and what they are about; how it is written is settle.c's, or, where the zone's tree changes in a
 * way that only an edit can write, later.c's.
 */
#include "mapd/expiry.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/commit.h"
#include "mapd/later.h"
#include "mapd/lease.h"
#include "mapd/people.h"
#include "mapd/settle.h"
#include "mapd/step.h"

#define EXPIRY_MOST 256 /* names of a transaction */
#define EXPIRY_RETRY 60 /* seconds until one that failed is tried again */

/* A zone that only an edit can write, and what goes there. */
struct whole {
	struct whole *next;
	struct name apex;
	struct whole_name {
		struct name owner;
		bool lease, key; /* which of them is over */
	} names[EXPIRY_MOST];
	size_t n;
	uint64_t now;
};

struct expiring {
	struct commit commit;
	struct whole *wholes;
	struct name owners[EXPIRY_MOST];
	size_t n;
};

static bool
is_over(uint64_t until, uint64_t now)
{
	return until != 0 && until <= now;
}

/* The claim of a name after what is over has gone. */
static void
claim_end(
    struct change *change, const struct name *apex, const struct name *owner, uint64_t now)
{
	struct claim claim;

	if (!claim_get(change, owner, &claim))
		return;
	if (is_over(claim.key_until, now)) {
		claim_remove(change, apex, owner);
		return;
	}
	if (is_over(claim.until, now))
		claim.until = claim.lease = 0;
	claim_put(change, apex, owner, &claim);
}

static struct whole *
whole_of(struct expiring *e, const struct name *apex)
{
	struct whole *whole = e->wholes;

	while (whole != NULL && !name_equal(&whole->apex, apex))
		whole = whole->next;
	if (whole != NULL)
		return whole;
	whole = calloc(1, sizeof *whole);
	if (whole == NULL)
		return NULL;
	whole->apex = *apex;
	whole->now = e->commit.now;
	whole->next = e->wholes;
	e->wholes = whole;
	return whole;
}

/* Until an edit has done it the claim is to be looked at again. */
static int
expiry_put_off(struct expiring *e, struct desk *desk, const struct name *owner)
{
	struct whole *whole = whole_of(e, &desk->zone.apex);
	struct whole_name *name;
	struct claim claim;

	desk_drop(desk);
	if (whole == NULL)
		return -MAP_ENOMEM;
	if (!claim_get(desk->change, owner, &claim))
		return change_error(desk->change);
	name = &whole->names[whole->n++];
	*name = (struct whole_name){*owner, is_over(claim.until, e->commit.now),
	    is_over(claim.key_until, e->commit.now)};
	if (name->lease)
		claim.until = e->commit.now + EXPIRY_RETRY;
	if (name->key)
		claim.key_until = e->commit.now + EXPIRY_RETRY;
	claim_put(desk->change, &desk->zone.apex, owner, &claim);
	return change_error(desk->change);
}

/* A revocation that came otherwise than by its host's update stays for as long as one that did. */
static void
claim_prolong(struct expiring *e, const struct desk *desk, const struct name *owner,
    struct claim *claim, uint64_t until)
{
	if (is_over(claim->until, e->commit.now))
		claim->until = until;
	if (is_over(claim->key_until, e->commit.now))
		claim->key_until = until;
	claim_put(desk->change, &desk->zone.apex, owner, claim);
}

/* No KEY and nobody's: an operator took it back by an edit, and what is there now has no lease. */
static bool
spot_is_taken_back(struct change *change, const struct spot *spot)
{
	struct name identity;

	return !draft_has(&spot->now, RR_KEY) && !assigned_get(change, &spot->name, &identity);
}

/* Tries what becomes of a name, and of those that keep step with it. */
static int
spot_end(struct commit *commit, struct desk *desk, struct spot *spot, bool key)
{
	struct holder holder;
	int rc = desk_try(desk, spot);

	if (rc != 0)
		return rc;
	holder = holder_of(commit->change, commit->work->rules, &spot->name, &spot->now);
	lease_clear(&spot->next, &holder, key);
	/* it may be the lease of who had the name before, or of a KEY beside */
	rc = step_own(commit, desk, spot);
	return rc != 0 ? rc : step_names(commit, desk, spot);
}

static int
expiry_name(struct expiring *e, const struct name *owner)
{
	struct change *change = e->commit.change;
	struct claim claim;
	struct desk *desk;
	struct spot *spot;
	struct zone zone;
	uint64_t kept;
	int rc;

	if (!work_zone_of(change, owner, &zone) || !claim_get(change, owner, &claim)) {
		claim_remove(change, owner, owner);
		return change_error(change);
	}
	desk = commit_desk(&e->commit, &zone.apex, &rc);
	if (desk == NULL)
		return rc;
	rc = desk_spot(desk, owner, &spot);
	if (rc != 0)
		return rc;
	if (spot_is_taken_back(change, spot)) {
		claim_remove(change, &zone.apex, owner);
		return change_error(change);
	}
	kept = lease_revoked_until(&spot->now);
	if (kept > e->commit.now) {
		claim_prolong(e, desk, owner, &claim, kept);
		return change_error(change);
	}
	rc = spot_end(&e->commit, desk, spot, is_over(claim.key_until, e->commit.now));
	if (rc != 0)
		return rc;
	commit_put_off(&e->commit, change, desk, desk_is_whole(desk));
	if (desk_is_whole(desk))
		return expiry_put_off(e, desk, owner);
	commit_keep(&e->commit);
	claim_end(change, &zone.apex, owner, e->commit.now);
	return change_error(change);
}

static int
whole_name(void *arg, struct commit *commit, struct desk *desk, size_t i)
{
	const struct whole *whole = arg;
	struct spot *spot;
	int rc = desk_spot(desk, &whole->names[i].owner, &spot);

	return rc != 0 ? rc : spot_end(commit, desk, spot, whole->names[i].key);
}

static void
whole_beside(void *arg, struct change *change, size_t i)
{
	const struct whole *whole = arg;
	const struct whole_name *name = &whole->names[i];
	struct claim claim;

	if (!claim_get(change, &name->owner, &claim))
		return;
	if (name->lease)
		claim.until = whole->now;
	if (name->key)
		claim.key_until = whole->now;
	claim_put(change, &whole->apex, &name->owner, &claim);
	claim_end(change, &whole->apex, &name->owner, whole->now);
}

static void
whole_run(struct work *work, struct whole *whole)
{
	const struct later later = {.apex = &whole->apex,
	    .label = "expiry",
	    .n = whole->n,
	    .name = whole_name,
	    .beside = whole_beside,
	    .arg = whole};
	char name[NAME_TEXT], why[PLAN_WHY];
	size_t failed = later_run(work, &later, why);

	if (failed > 0)
		diag_warn("zone %s: leases of %zu names that are over could not be ended, "
			  "tried again in %d s: %s",
		    name_print(&whole->apex, name), failed, EXPIRY_RETRY, why);
}

static void
expiry_free(struct expiring *e)
{
	while (e->wholes != NULL) {
		struct whole *next = e->wholes->next;

		free(e->wholes);
		e->wholes = next;
	}
	commit_free(&e->commit);
	free(e);
}

static int
expiry_run(struct expiring *e, uint64_t *next)
{
	struct commit *commit = &e->commit;
	int rc;

	e->n = claim_due(commit->change, commit->now, e->owners, EXPIRY_MOST, next);
	rc = change_error(commit->change);
	for (size_t i = 0; i < e->n && rc == 0; i++)
		rc = expiry_name(e, &e->owners[i]);
	if (rc == 0)
		rc = commit_end(commit);
	for (struct whole *whole = e->wholes; whole != NULL && rc == 0; whole = whole->next)
		whole_run(commit->work, whole);
	if (rc == 0)
		commit_follow(commit);
	return rc;
}

uint64_t
expiry_step(struct work *work, uint64_t limit)
{
	struct expiring *e = calloc(1, sizeof *e);
	uint64_t next = UINT64_MAX, now;
	unsigned left_out;
	int rc = e == NULL ? -MAP_ENOMEM : commit_begin(&e->commit, work);

	if (rc == 0)
		rc = expiry_run(e, &next);
	now = e != NULL ? e->commit.now : 0;
	if (e != NULL && e->n > 0)
		next =
		    now; /* what came before their KEYs gave way to an entry of these, which may be the next one */
	/* tried again a second after an update, and said now and then */
	if (rc != 0 &&
	    remark_may(&work->leases_said, 1, EXPIRY_RETRY, clock_seconds(), &left_out))
		diag_warn("leases that are over could not be ended, tried again in %d s: %s",
		    EXPIRY_RETRY,
		    e != NULL && e->commit.why[0] != '\0' ? e->commit.why : error_text(rc));
	if (e != NULL)
		expiry_free(e);
	if (rc != 0)
		return EXPIRY_RETRY < limit ? EXPIRY_RETRY : limit;
	if (next <= now)
		return 0;
	return next - now < limit ? next - now : limit;
}
