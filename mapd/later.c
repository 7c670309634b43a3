/*
 * later.c - what only an edit can write of some names of a zone, put off until what it depends on is durable.
 * Knows desks and edits, and what becomes of those of them that fail; what is to become of a name its caller
 * knows.
 */
#include "mapd/later.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/wire/errors.h"
#include "mapd/amend.h"

/* Names that are done together: so many from first on. */
struct span {
	const struct later *later;
	size_t first, n;
};

/* In the transaction of the edit. */
static int
span_beside(void *arg, struct change *change)
{
	const struct span *span = arg;

	for (size_t i = 0; i < span->n; i++)
		span->later->beside(span->later->arg, change, span->first + i);
	return change_error(change);
}

/* Each name is tried on top of those before it, so what two of them have to do with is done once. */
static int
span_lines(struct work *work, const struct span *span, struct lines *lines, char why[PLAN_WHY])
{
	const struct later *later = span->later;
	struct desk *desk = NULL;
	struct commit c;
	int rc = commit_begin(&c, work);

	if (rc == 0)
		desk = commit_desk(&c, later->apex, &rc);
	if (rc == 0 && desk == NULL)
		rc = -MAP_ENOTFOUND;
	for (size_t i = 0; i < span->n && rc == 0; i++)
		rc = later->name(later->arg, &c, desk, span->first + i);
	if (rc == 0)
		rc = desk_lines(desk, lines);
	if (rc == 0)
		rc = change_error(c.change);
	if (rc != 0)
		snprintf(why, PLAN_WHY, "%s", c.why[0] != '\0' ? c.why : error_text(rc));
	commit_free(&c);
	return rc;
}

static int
span_run(struct work *work, struct span *span, char why[PLAN_WHY])
{
	struct amend *amend = calloc(1, sizeof *amend);
	struct lines lines = {0};
	struct outcome out;
	int rc;

	if (amend == NULL) {
		snprintf(why, PLAN_WHY, "%s", error_text(-MAP_ENOMEM));
		return -MAP_ENOMEM;
	}
	rc = span_lines(work, span, &lines, why);
	if (rc == 0) {
		amend->lines = &lines;
		amend->label = span->later->label;
		amend->steps = true;
		amend->beside = span_beside;
		amend->beside_arg = span;
		rc = amend_change(work, span->later->apex, amend, &out);
		if (rc != 0)
			snprintf(
			    why, PLAN_WHY, "%s", out.why[0] != '\0' ? out.why : error_text(rc));
	}
	lines_fini(&lines);
	free(amend);
	return rc;
}

/* What is no name's fault would fail for each of them. */
static bool
failure_is_ones(int rc)
{
	switch (-rc) {
	case MAP_EFORMAT:
	case MAP_ENOTFOUND:
	case MAP_EREFUSED:
	case MAP_ELIMIT:
	case MAP_ESPACE:
		return true;
	}
	return false;
}

size_t
later_run(struct work *work, const struct later *later, char why[PLAN_WHY])
{
	struct span span = {later, 0, 0};
	size_t most = later->n, failed = 0;

	while (span.first < later->n) {
		size_t left = later->n - span.first;
		int rc;

		span.n = most < left ? most : left;
		rc = span_run(work, &span, why);
		if (rc != 0 && !failure_is_ones(rc))
			return failed + left;
		if (rc != 0 && span.n > 1) {
			most = span.n / 2;
			continue;
		}
		failed += rc != 0;
		span.first += span.n;
		most = span.n * 2;
	}
	return failed;
}
