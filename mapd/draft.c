/*
 * draft.c - the records of one name while they are edited.
 * Knows what set and unset mean; knows nothing of what a zone may hold.
 */
#include "mapd/draft.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrset.h"
#include "core/wire/rrtype.h"
#include "mapd/node.h"
#include "mapd/revise.h"

int
draft_add(struct draft *draft, const struct draft_record *record)
{
	if (draft->n == draft->max) {
		size_t max = draft->max * 2 + 8;
		struct draft_record *more = realloc(draft->records, max * sizeof *more);

		if (more == NULL)
			return -MAP_ENOMEM;
		draft->records = more;
		draft->max = max;
	}
	draft->records[draft->n++] = *record;
	return 0;
}

int
draft_read(struct draft *draft, struct bytes value)
{
	struct draft_record record = {0};
	struct node node;
	struct node_set set;
	size_t at = 0;
	int rc = 0;

	draft->n = 0;
	if (value.p == NULL)
		return 0;
	if (node_read(value, &node) != 0)
		return -MAP_EDATABASE;
	while (rc == 0 && node_next(&node, &at, &set)) {
		size_t in = 0;

		record.ttl = set.ttl;
		while (rc == 0 && revise_is_data(set.type) &&
		       node_set_next(&set, &in, &record.type, &record.rdata))
			if (record.type != RR_RRSIG)
				rc = draft_add(draft, &record);
	}
	return rc;
}

static bool
line_means(const struct line *line, const struct draft_record *record)
{
	if (line->type != 0 && line->type != record->type)
		return false;
	return !line->has_rdata || rdata_compare(line->type, line->rdata, record->rdata) == 0;
}

static int
draft_unset(struct draft *draft, const struct line *line)
{
	size_t kept = 0, n = draft->n;

	for (size_t i = 0; i < n; i++)
		if (!line_means(line, &draft->records[i]))
			draft->records[kept++] = draft->records[i];
	draft->n = kept;
	return kept < n ? 0 : -MAP_ENOTFOUND;
}

/* A TTL is that of the whole set; of a type that can be there once the old record goes. */
static int
draft_set(struct draft *draft, const struct line *line)
{
	const struct rrtype *row = rrtype_find(line->type);
	bool single = row != NULL && (row->flags & RRF_SINGLE) != 0;
	struct draft_record record = {line->type, line->ttl, line->number, line->rdata};
	size_t kept = 0;

	for (size_t i = 0; i < draft->n; i++) {
		struct draft_record *there = &draft->records[i];

		if (there->type == line->type) {
			if (record.ttl == LINE_NO_TTL)
				record.ttl = there->ttl;
			there->ttl = record.ttl;
			if (single || line_means(line, there))
				continue;
		}
		draft->records[kept++] = *there;
	}
	draft->n = kept;
	return record.ttl == LINE_NO_TTL ? -MAP_EFORMAT : draft_add(draft, &record);
}

int
draft_apply(struct draft *draft, const struct line *line)
{
	return line->verb == LINE_SET ? draft_set(draft, line) : draft_unset(draft, line);
}

int
draft_copy(const struct draft *draft, struct draft *to)
{
	if (to->max < draft->n) {
		struct draft_record *more =
		    realloc(to->records, draft->n * sizeof to->records[0]);

		if (more == NULL)
			return -MAP_ENOMEM;
		to->records = more;
		to->max = draft->n;
	}
	to->n = draft->n;
	if (draft->n > 0)
		memcpy(to->records, draft->records, draft->n * sizeof to->records[0]);
	return 0;
}

static bool
record_equal(const struct draft_record *a, const struct draft_record *b)
{
	return a->type == b->type && a->ttl == b->ttl &&
	       rdata_compare(a->type, a->rdata, b->rdata) == 0;
}

bool
draft_equal(const struct draft *a, const struct draft *b)
{
	bool found = a->n == b->n;

	/* no record stands twice, so one way is enough */
	for (size_t i = 0; i < a->n && found; i++) {
		found = record_equal(&a->records[i], &b->records[i]);
		for (size_t k = 0; k < b->n && !found; k++)
			found = record_equal(&a->records[i], &b->records[k]);
	}
	return found;
}

size_t
draft_set_of(
    const struct draft *draft, uint16_t type, struct bytes *rdata, size_t max, uint32_t *ttl)
{
	size_t n = 0;

	for (size_t i = 0; i < draft->n; i++) {
		if (draft->records[i].type != type)
			continue;
		if (n < max)
			rdata[n] = draft->records[i].rdata;
		*ttl = draft->records[i].ttl;
		n++;
	}
	return n;
}

size_t
draft_count(const struct draft *draft, uint16_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < draft->n; i++)
		n += draft->records[i].type == type;
	return n;
}

void
draft_drop(struct draft *draft, uint16_t type)
{
	size_t kept = 0;

	for (size_t i = 0; i < draft->n; i++)
		if (draft->records[i].type != type)
			draft->records[kept++] = draft->records[i];
	draft->n = kept;
}

bool
draft_has(const struct draft *draft, uint16_t type)
{
	for (size_t i = 0; i < draft->n; i++)
		if (draft->records[i].type == type)
			return true;
	return false;
}

bool
draft_has_record(const struct draft *draft, uint16_t type, struct bytes rdata)
{
	for (size_t i = 0; i < draft->n; i++)
		if (draft->records[i].type == type &&
		    bytes_equal(draft->records[i].rdata, rdata))
			return true;
	return false;
}

bool
draft_loses_key(const struct draft *before, const struct draft *after)
{
	return draft_has(before, RR_KEY) && !draft_has(after, RR_KEY);
}

bool
draft_is_too_large(const struct draft *draft)
{
	struct {
		uint16_t type;
		size_t n, octets;
	} sets[RRSET_TYPES];
	size_t n = 0, all = 0, k = 0;

	for (size_t i = 0; i < draft->n; i++) {
		const struct draft_record *record = &draft->records[i];
		size_t octets = record->rdata.n + RRSET_FRAME;

		/* those of a set mostly follow each other */
		if (k == n || sets[k].type != record->type)
			for (k = 0; k < n && sets[k].type != record->type; k++)
				;
		if (k == RRSET_TYPES)
			return true;
		if (k == n) {
			sets[n].type = record->type;
			sets[n].n = sets[n].octets = 0;
			n++;
		}
		all += octets;
		sets[k].octets += octets;
		if (++sets[k].n > RRSET_RECORDS || sets[k].octets > RRSET_OCTETS)
			return true;
	}
	return all > RRSET_NAME;
}

/* The one of its type, which another takes the place of: an SOA may have got another serial before the lines are done. */
static bool
record_is_replaced(const struct draft_record *record, const struct draft *to)
{
	const struct rrtype *row = rrtype_find(record->type);

	return row != NULL && (row->flags & RRF_SINGLE) != 0 && draft_has(to, record->type);
}

/* One line for each record of from that to does not have. */
static int
lines_add_differing(const struct name *owner, enum line_verb verb, const struct draft *from,
    const struct draft *to, struct lines *lines)
{
	int rc = 0;

	for (size_t i = 0; i < from->n && rc == 0; i++) {
		const struct draft_record *record = &from->records[i];
		struct line line = {.verb = verb,
		    .number = 1,
		    .owner = *owner,
		    .type = record->type,
		    .ttl = record->ttl,
		    .has_rdata = true,
		    .rdata = record->rdata};
		bool found = verb == LINE_UNSET && record_is_replaced(record, to);

		for (size_t k = 0; k < to->n && !found; k++)
			found = record_equal(record, &to->records[k]);
		if (!found)
			rc = lines_add(lines, &line);
	}
	return rc;
}

int
draft_lines(const struct name *owner, const struct draft *before, const struct draft *after,
    struct lines *lines)
{
	int rc = lines_add_differing(owner, LINE_UNSET, before, after, lines);

	return rc != 0 ? rc : lines_add_differing(owner, LINE_SET, after, before, lines);
}

void
draft_fini(struct draft *draft)
{
	free(draft->records);
	*draft = (struct draft){0};
}
