/*
 * answer.c - takes an answer packet apart; judges nothing but its form and its time.
 */
#include "resolve/answer.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"

/* What a mapping is made of; RDATA of these types has no compressed names. */
static bool
type_is_wanted(uint16_t type)
{
	return type == RR_EPID || type == RR_ELOC || type == RR_A || type == RR_AAAA ||
	       type == RR_KEY;
}

/* Seconds that a signature still holds; one whose expiry has passed: 0. */
static uint32_t
rrsig_left(struct bytes rdata, uint16_t *covered, uint64_t now)
{
	struct rd rd = rd_init(rdata);

	*covered = rd_u16(&rd);
	(void)rd_u16(&rd); /* algorithm, labels */
	(void)rd_u32(&rd); /* original TTL */
	int32_t left = (int32_t)(rd_u32(&rd) - (uint32_t)now); /* RFC 4034 3.1.5: serial */
	return rd.error != 0 || left < 0 ? 0 : (uint32_t)left;
}

static struct answer_set *
set_find(struct answer *answer, const struct name *owner, uint16_t type)
{
	for (size_t i = 0; i < answer->n_additional; i++)
		if (answer->additional[i].type == type &&
		    name_equal(&answer->additional[i].owner, owner))
			return &answer->additional[i];
	return NULL;
}

static struct answer_set *
set_make(struct answer *answer, const struct record *r)
{
	struct answer_set *set = set_find(answer, &r->owner, r->type);

	if (set != NULL || answer->n_additional == ANSWER_ADDITIONAL)
		return set;
	set = &answer->additional[answer->n_additional++];
	*set = (struct answer_set){.owner = r->owner, .type = r->type, .ttl = r->ttl};
	return set;
}

static void
ttl_lower(uint32_t *ttl, uint32_t to)
{
	if (to < *ttl)
		*ttl = to;
}

/* One record of the answer section: counted, or where the set has room already, put into it. */
static int
answer_take(struct answer *answer, const struct record *r, uint16_t type, uint64_t now)
{
	uint16_t covered = 0;

	if (r->type == RR_RRSIG)
		ttl_lower(&answer->edge.ttl, rrsig_left(r->rdata, &covered, now));
	else
		ttl_lower(&answer->edge.ttl, r->ttl);
	if (r->type == RR_CNAME || r->type == RR_DNAME)
		answer->aliased = true;
	if (r->type != type)
		return 0;
	if (answer->set.n == 0)
		answer->set = (struct answer_set){
		    .owner = r->owner, .type = type, .ttl = r->ttl, .rdata = answer->set.rdata};
	else if (!name_equal(&answer->set.owner, &r->owner))
		return -MAP_EFORMAT; /* two owners: not one answer */
	if (answer->set.rdata != NULL)
		answer->set.rdata[answer->set.n] = r->rdata;
	answer->set.n++;
	return answer->set.n > ANSWER_SET ? -MAP_ELIMIT : 0;
}

static void
additional_take(struct answer *answer, const struct record *r, uint64_t now)
{
	uint16_t covered = 0;
	struct answer_set *set;

	if (r->type == RR_RRSIG) {
		uint32_t left = rrsig_left(r->rdata, &covered, now);
		set = set_find(answer, &r->owner, covered);
		if (set != NULL)
			ttl_lower(&set->ttl, left);
		return;
	}
	if (!type_is_wanted(r->type))
		return;
	set = set_make(answer, r);
	if (set == NULL || set->n == ANSWER_SET)
		return;
	ttl_lower(&set->ttl, r->ttl);
	if (set->rdata != NULL)
		set->rdata[set->n] = r->rdata;
	set->n++;
}

static int
answer_walk(struct answer *answer, const struct message *message, uint16_t type, uint64_t now)
{
	struct records it = records_of(message);
	struct record r;
	int error = 0;

	while (error == 0 && records_next(&it, &r)) {
		if (r.class != CLASS_IN)
			continue;
		if (r.section == SECTION_ANSWER)
			error = answer_take(answer, &r, type, now);
		else if (r.section == SECTION_ADDITIONAL)
			additional_take(answer, &r, now);
	}
	return error;
}

/* After the records were counted: room for them, in one piece. */
static int
answer_allot(struct answer *answer)
{
	size_t n = answer->set.n;

	for (size_t i = 0; i < answer->n_additional; i++)
		n += answer->additional[i].n;
	answer->set.rdata = calloc(n + 1, sizeof *answer->set.rdata);
	if (answer->set.rdata == NULL)
		return -MAP_ENOMEM;
	struct bytes *free_from = answer->set.rdata + answer->set.n;
	for (size_t i = 0; i < answer->n_additional; i++) {
		answer->additional[i].rdata = free_from;
		free_from += answer->additional[i].n;
		answer->additional[i].n = 0;
	}
	answer->set.n = 0;
	return 0;
}

int
answer_read(struct answer *answer, struct bytes wire, const struct name *asked, uint16_t type,
    uint64_t now)
{
	struct message message;
	uint8_t *copy = malloc(wire.n + 1);
	int error;

	if (copy == NULL)
		return -MAP_ENOMEM;
	memcpy(copy, wire.p, wire.n);
	answer->packet = (struct bytes){copy, wire.n};
	answer->additional = calloc(ANSWER_ADDITIONAL, sizeof *answer->additional);
	if (answer->additional == NULL)
		return -MAP_ENOMEM;
	error = message_parse(answer->packet, &message);
	if (error == 0 &&
	    (message.count[SECTION_QUESTION] != 1 || message.question.type != type ||
		!name_equal(&message.question.name, asked)))
		error = -MAP_EFORMAT;
	if (error == 0)
		error = answer_walk(answer, &message, type, now);
	if (error == 0)
		error = answer_allot(answer);
	if (error == 0)
		error = answer_walk(answer, &message, type, now);
	return error;
}

void
answer_fini(struct answer *answer)
{
	free(answer->set.rdata);
	free(answer->additional);
	free((void *)(uintptr_t)answer->packet.p);
	*answer = (struct answer){.n_additional = 0};
}
