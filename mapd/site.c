/*
 * site.c - a path of a prefix set drained, restored or weighted: lines of an edit, made of what is stored.
 * Knows ELOC records of kind net6; how an edit becomes a signed change of the zone is amend.c's.
 */
#include "mapd/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/amend.h"

#define ELOC_WEIGHT_AT 2 /* octets before it in RDATA */
#define ELOC_FLAGS_AT 4

/* What one change makes of the paths. */
struct siting {
	const struct site *site;
	struct lines lines;
	unsigned n, found; /* prefixes, and those of the path */
	char paths[256];
};

static const char *const says[] = {
    [SITE_DRAIN] = "drained", [SITE_RESTORE] = "restored", [SITE_WEIGHT] = "weighted"};

bool
site_next(const struct draft *draft, size_t *at, struct eloc *out)
{
	while (*at < draft->n) {
		const struct draft_record *record = &draft->records[(*at)++];

		if (record->type == RR_ELOC && eloc_read(record->rdata, out) == 0 &&
		    out->kind == ELOC_NET6)
			return true;
	}
	return false;
}

/* The RDATA as the change would have it; false: it is so already. */
static bool
rdata_change(const struct site *site, const struct eloc *eloc, uint8_t *rdata)
{
	uint8_t flags = eloc->flags;
	uint16_t weight = eloc->weight;

	switch (site->verb) {
	case SITE_DRAIN:
		flags |= ELOC_DRAIN;
		break;
	case SITE_RESTORE:
		flags &= (uint8_t)~ELOC_DRAIN;
		break;
	case SITE_WEIGHT:
		weight = site->weight;
		break;
	}
	put_u16(rdata + ELOC_WEIGHT_AT, weight);
	rdata[ELOC_FLAGS_AT] = flags;
	return flags != eloc->flags || weight != eloc->weight;
}

/* One record of the path: what it is goes, what it is to be comes. */
static int
record_change(struct siting *s, const struct draft_record *record, const struct eloc *eloc)
{
	struct line line = {.verb = LINE_UNSET,
	    .number = s->found,
	    .owner = s->site->set,
	    .type = RR_ELOC,
	    .ttl = LINE_NO_TTL,
	    .has_rdata = true,
	    .rdata = record->rdata};
	uint8_t *rdata = malloc(record->rdata.n);
	int rc;

	if (rdata == NULL)
		return -MAP_ENOMEM;
	memcpy(rdata, record->rdata.p, record->rdata.n);
	if (!rdata_change(s->site, eloc, rdata)) {
		free(rdata);
		return 0;
	}
	rc = lines_add(&s->lines, &line);
	line.verb = LINE_SET;
	line.ttl = record->ttl;
	line.rdata.p = rdata;
	if (rc == 0)
		rc = lines_add(&s->lines, &line);
	free(rdata);
	return rc;
}

/* A path that is there and was not asked for, once, for who asked for another. */
static void
path_note(struct siting *s, const char *path)
{
	size_t n = strlen(s->paths), length = strlen(path);

	for (const char *at = s->paths; length > 0 && (at = strstr(at, path)) != NULL; at++)
		if ((at == s->paths || at[-1] == ' ') &&
		    (at[length] == ',' || at[length] == '\0'))
			return;
	if (length > 0)
		snprintf(s->paths + n, sizeof s->paths - n, "%s%s", n > 0 ? ", " : "", path);
}

static int
set_change(struct siting *s, const struct draft *draft)
{
	struct eloc eloc;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && site_next(draft, &at, &eloc)) {
		s->n++;
		path_note(s, eloc.path);
		if (strcmp(eloc.path, s->site->path) != 0)
			continue;
		s->found++;
		rc = record_change(s, &draft->records[at - 1], &eloc);
	}
	return rc;
}

/* The lines of the change, of what is stored now; its values live no longer than change. */
static int
site_lines(struct siting *s, struct work *work, const struct name *apex, struct outcome *out)
{
	uint8_t key[NODE_KEY];
	struct bytes value = {NULL, 0};
	struct draft draft = {0};
	char name[NAME_TEXT];
	struct change *change;
	struct zone zone;
	int rc = change_begin(work->store, &change);

	if (rc != 0)
		return rc;
	if (!work_zone(change, apex, &zone)) {
		change_abort(change);
		snprintf(out->why, sizeof out->why, "not served here");
		return -MAP_ENOTFOUND;
	}
	(void)change_get(change, TABLE_NODES,
	    (struct bytes){key, node_key(zone.id, &s->site->set, key)}, &value);
	rc = draft_read(&draft, value);
	if (rc == 0)
		rc = set_change(s, &draft);
	draft_fini(&draft);
	if (rc == 0)
		rc = change_error(change);
	change_abort(change);
	if (rc != 0 || s->found > 0)
		return rc;
	name_print(&s->site->set, name);
	if (s->n == 0)
		snprintf(out->why, sizeof out->why,
		    "%s: no prefix set: no ELOC record net:... is there", name);
	else
		snprintf(out->why, sizeof out->why,
		    "%s: no record of path %s; the paths there: %s", name, s->site->path,
		    s->paths[0] != '\0' ? s->paths : "none");
	return -MAP_ENOTFOUND;
}

/* "site.example. isp-a: drained, serial 7 -> 8" */
static void
site_say(const struct site *site, struct outcome *out)
{
	char name[NAME_TEXT], word[32];
	size_t n;

	if (site->verb == SITE_WEIGHT)
		snprintf(word, sizeof word, "weight %u", site->weight);
	else
		snprintf(word, sizeof word, "%s", says[site->verb]);
	n = (size_t)snprintf(out->done, sizeof out->done, "%.*s path %s: ", OUTCOME_DONE / 2,
	    name_print(&site->set, name), site->path);
	if (out->unchanged)
		snprintf(out->done + n, sizeof out->done - n, "%s already, serial %u", word,
		    out->serial);
	else
		snprintf(out->done + n, sizeof out->done - n, "%s, serial %u -> %u", word,
		    out->previous, out->serial);
}

int
site_run(
    struct work *work, const struct name *apex, const struct site *site, struct outcome *out)
{
	struct siting s = {.site = site};
	struct amend amend = {.lines = &s.lines, .label = "site"};
	int rc;

	memset(out, 0, sizeof *out);
	out->refused = PLAN_NONE;
	rc = site_lines(&s, work, apex, out);
	/* without lines too: that finds the zone's serial, and that nothing is to be done */
	if (rc == 0)
		rc = amend_change(work, apex, &amend, out);
	else if (out->why[0] == '\0')
		snprintf(out->why, sizeof out->why, "%s", error_text(rc));
	if (rc == 0)
		site_say(site, out);
	lines_fini(&s.lines);
	return rc;
}
