/*
 * commit.c - updates that wait, done together.
 * Knows transactions, and what becomes of those of them that fail; what an update may is decide.c's, how it is
 * written settle.c's.
 */
#include "mapd/commit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "mapd/amend.h"
#include "mapd/backlog.h"
#include "mapd/decide.h"
#include "mapd/note.h"
#include "mapd/renew.h"
#include "mapd/replay.h"
#include "mapd/settle.h"

#define DESKS_MOST 64 /* zones of a transaction */
#define SPOTS_MOST 16384 /* names that its desks have seen, when it ends */

static const char *
failure_text(int rc, const char *why)
{
	return why[0] != '\0' ? why : error_text(rc);
}

static bool
proposal_is_done(const struct proposal *p)
{
	return p->verdict.rcode != RCODE_NOERROR;
}

static void
proposal_fail(struct proposal *p, int rc, const char *why)
{
	if (rc == -MAP_EREFUSED)
		verdict_set(&p->verdict, RCODE_REFUSED, EDE_OTHER, "%s", failure_text(rc, why));
	else
		verdict_set(
		    &p->verdict, RCODE_SERVFAIL, EDE_OTHER, "%s", failure_text(rc, why));
	p->verdict.rule = NULL;
	p->verdict.lease.present = false;
}

/* --- a transaction --- */

int
commit_begin(struct commit *c, struct work *work)
{
	int rc;

	*c = (struct commit){.work = work, .now = clock_seconds()};
	rc = change_begin(work->store, &c->change);
	if (rc == 0)
		rc = work_check_clock(c->change, c->now, c->why, sizeof c->why);
	/* a clock that is wrong is nobody's fault who asks */
	return rc == -MAP_EREFUSED ? -MAP_EDATABASE : rc;
}

void
commit_free(struct commit *c)
{
	while (c->desks != NULL) {
		struct desk *next = c->desks->next;

		desk_free(c->desks);
		c->desks = next;
	}
	change_abort(c->change);
	c->change = NULL;
}

struct desk *
commit_desk(struct commit *c, const struct name *apex, int *rc)
{
	struct desk *desk = c->desks;
	struct zone zone;

	*rc = 0;
	while (desk != NULL && !name_equal(&desk->zone.apex, apex))
		desk = desk->next;
	if (desk != NULL || !work_zone(c->change, apex, &zone))
		return desk;
	*rc = desk_new(c->change, &zone, &desk);
	if (*rc != 0)
		return NULL;
	desk->next = c->desks;
	c->desks = desk;
	c->n_desks++;
	return desk;
}

void
commit_keep(struct commit *c)
{
	for (struct desk *desk = c->desks; desk != NULL; desk = desk->next)
		desk_keep(desk);
}

void
commit_drop(struct commit *c)
{
	for (struct desk *desk = c->desks; desk != NULL; desk = desk->next)
		desk_drop(desk);
}

void
commit_put_off(struct commit *c, struct change *change, const struct desk *but, bool all)
{
	for (struct desk *desk = c->desks; desk != NULL; desk = desk->next) {
		if (desk == but || desk->n_tried == 0 || (!all && !desk_is_whole(desk)))
			continue;
		for (size_t i = 0; i < desk->n_tried; i++) {
			const struct spot *spot = desk->tried[i];

			if (draft_equal(&spot->now, &spot->next))
				continue;
			backlog_put(change, &spot->name, 0);
			c->behind = true;
		}
		desk_drop(desk);
	}
}

void
commit_follow(struct commit *c)
{
	if (c->behind)
		(void)backlog_step(c->work, 0);
}

int
commit_end(struct commit *c)
{
	struct work *work = c->work;
	struct settled *settled = calloc(c->n_desks + 1, sizeof *settled);
	size_t n = 0;
	int rc = settled == NULL ? -MAP_ENOMEM : 0;

	for (struct desk *desk = c->desks; desk != NULL && rc == 0; desk = desk->next)
		rc = desk_settle(work, desk, c->now, &settled[n++], c->why, sizeof c->why);
	if (rc == 0)
		replay_put(work->replay, c->change, c->now);
	if (rc == 0)
		rc = change_commit(c->change);
	else
		change_abort(c->change);
	c->change = NULL;
	replay_end(work->replay, rc == 0);
	n = 0;
	for (struct desk *desk = c->desks; desk != NULL && rc == 0; desk = desk->next, n++) {
		if (settled[n].zone.serial == desk->zone.serial)
			continue;
		if (work->walk != NULL)
			renew_tell(work->walk, &desk->zone.apex, settled[n].resign,
			    settled[n].expires);
		work_due_note(work, &settled[n].zone);
		desk->zone = settled[n].zone;
	}
	free(settled);
	return rc;
}

/* --- one that only an edit can write --- */

struct whole {
	struct commit *c;
	struct desk *desk;
	struct proposal *p;
};

/* In the transaction of the edit, before its commit. */
static int
whole_beside(void *arg, struct change *change)
{
	struct whole *w = arg;
	int rc;

	w->desk->change = change;
	commit_put_off(w->c, change, w->desk, true);
	rc = note_taken(w->c->work, w->desk, w->p, w->c->now);
	if (rc == 0)
		replay_put(w->c->work->replay, change, w->c->now);
	return rc;
}

/* The first line of what a check found. */
static void
whole_refuse(struct proposal *p, const char *errors)
{
	size_t n = strcspn(errors, "\n");

	verdict_set(&p->verdict, RCODE_REFUSED, EDE_PROHIBITED, "%.*s", (int)n, errors);
	/* the rule that it was taken by is not to blame */
	p->verdict.rule = NULL;
	p->verdict.lease.present = false;
}

static void
whole_run(struct commit *c, struct desk *desk, struct proposal *p, const struct lines *lines)
{
	struct whole w = {c, desk, p};
	struct outcome out;
	struct amend *amend = calloc(1, sizeof *amend);
	struct work *work = c->work;
	int rc = -MAP_ENOMEM;

	if (amend == NULL) {
		proposal_fail(p, rc, "");
		return;
	}
	amend->lines = lines;
	amend->label = "update";
	amend->judge.strict = true;
	amend->dry = p->dry;
	amend->steps = true;
	amend->beside = whole_beside;
	amend->beside_arg = &w;
	rc = amend_run(work, &desk->zone.apex, amend, &out);
	replay_end(work->replay, rc == 0);
	/* one that is not written is not stopped by what the check found */
	if ((rc == 0 || rc == -MAP_EFORMAT) && amend->judge.errors[0] != '\0')
		whole_refuse(p, amend->judge.errors);
	else if (rc != 0)
		proposal_fail(p, rc, out.why);
	p->verdict.serial = out.serial;
	if (rc == 0 && !p->dry && !out.unchanged && work->walk != NULL)
		renew_tell(work->walk, &desk->zone.apex, out.resign, out.expires);
	amend_fini(amend);
	free(amend);
}

/* --- all of a list --- */

/* Names stay on a desk when their update is refused: what they cost ends with the transaction. */
static bool
commit_is_full(const struct commit *c)
{
	size_t spots = 0;

	for (const struct desk *desk = c->desks; desk != NULL; desk = desk->next)
		spots += desk->n;
	return c->n_desks >= DESKS_MOST || spots >= SPOTS_MOST;
}

/* Decides from *p on, until one is to be written alone, or there are too many zones or names; *p is moved there. */
static int
list_decide(struct commit *c, struct proposal **p, struct proposal **whole, struct desk **desk,
    struct lines *lines)
{
	enum decision what = DECIDED;
	int rc = 0;

	*whole = NULL;
	for (; *p != NULL && rc == 0 && *whole == NULL && !commit_is_full(c); *p = (*p)->next) {
		*desk = commit_desk(c, &(*p)->update.zone, &rc);
		if (*desk == NULL && rc == 0)
			verdict_set(&(*p)->verdict, RCODE_NOTAUTH, EDE_NOT_AUTHORITATIVE,
			    "not a zone of this server");
		if (*desk == NULL)
			continue;
		rc = decide(c, *desk, *p, &what, lines);
		if (rc == 0 && what == DECIDED_WHOLE)
			*whole = *p;
	}
	return rc;
}

static void
list_serials(const struct commit *c, struct proposal *first, const struct proposal *end)
{
	for (struct proposal *p = first; p != end; p = p->next)
		for (const struct desk *desk = c->desks; desk != NULL; desk = desk->next)
			if (name_equal(&desk->zone.apex, &p->update.zone))
				p->verdict.serial = desk->zone.serial;
}

/* Refusals go out as they are, but for those whose place in the memory of replays was undone. */
static void
list_fail(struct proposal *first, const struct proposal *end, int rc, const char *why)
{
	for (struct proposal *p = first; p != end; p = p->next)
		if (!proposal_is_done(p) || p->verdict.noted)
			proposal_fail(p, rc, why);
}

/* One by one: which of them is it that cannot be written? */
static bool
failure_is_ones(int rc)
{
	return rc == -MAP_EREFUSED || rc == -MAP_ESPACE;
}

static struct proposal *list_commit(struct work *work, struct proposal *first, bool alone);

static void
list_commit_each(struct work *work, struct proposal *first, const struct proposal *end)
{
	while (first != end) {
		struct proposal *next = first->next;

		first->next = NULL;
		(void)list_commit(work, first, true);
		first->next = next;
		first = next;
	}
}

/* Does those from first on that one transaction takes; returns the first that it did not. */
static struct proposal *
list_commit(struct work *work, struct proposal *first, bool alone)
{
	struct commit c;
	struct lines lines = {0};
	struct proposal *end = first, *whole = NULL;
	struct desk *desk = NULL;
	int rc = commit_begin(&c, work);

	if (rc != 0) {
		list_fail(first, NULL, rc, c.why);
		commit_free(&c);
		return NULL;
	}
	rc = list_decide(&c, &end, &whole, &desk, &lines);
	if (rc == 0)
		rc = commit_end(&c);
	else
		replay_end(work->replay, false);
	if (rc == 0) {
		list_serials(&c, first, whole != NULL ? whole : end);
		if (whole != NULL)
			whole_run(&c, desk, whole, &lines);
		commit_follow(&c);
	} else if (!alone && failure_is_ones(rc)) {
		commit_free(&c);
		list_commit_each(work, first, end);
	} else {
		list_fail(first, end, rc, c.why);
	}
	lines_fini(&lines);
	commit_free(&c);
	return end;
}

/* Those with the same done together, in their order. */
static void
list_done(struct proposal *list)
{
	while (list != NULL) {
		void (*done)(struct proposal *) = list->done;
		struct proposal *same = NULL, **same_end = &same;
		struct proposal *other = NULL, **other_end = &other;

		for (struct proposal *p = list; p != NULL; p = p->next) {
			struct proposal ***end = p->done == done ? &same_end : &other_end;

			**end = p;
			*end = &p->next;
		}
		*same_end = *other_end = NULL;
		list = other;
		done(same);
	}
}

void
commit_updates(struct work *work, struct proposal *list)
{
	for (struct proposal *p = list; p != NULL;)
		p = list_commit(work, p, false);
	list_done(list);
}
