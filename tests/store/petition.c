/*
 * petition.c - updates put together without a message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/petition.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"

static struct proposal *first, **end = &first;
static unsigned count, answered;
static uint64_t number;

static void
petition_done(struct proposal *list)
{
	for (; list != NULL; list = list->next)
		answered++;
}

/* What belongs to an update, in one piece. */
struct content {
	struct update_item items[2 * PETITION_ITEMS]; /* prerequisites, then the rest */
	struct name owners[2 * PETITION_ITEMS];
	uint8_t octets[16384];
	size_t used;
};

struct proposal *
petition_new(void)
{
	struct proposal *p = calloc(1, sizeof *p);
	struct content *content = calloc(1, sizeof *content);

	assert_non_null(p);
	assert_non_null(content);
	p->update.memory = content;
	p->update.items = content->items;
	p->update.zone = shop.apex;
	p->actor.kind = ACTOR_ADMIN;
	p->seal = SEALED_TSIG;
	p->tsig.time = clock_seconds();
	p->tsig.fudge = 300;
	put_u64(p->digest, ++number);
	p->done = petition_done;
	*end = p;
	end = &p->next;
	count++;
	return p;
}

void
petition_sign(
    struct proposal *p, const char *name, uint8_t algorithm, const uint8_t *key, size_t n)
{
	p->actor.kind = ACTOR_KEY;
	assert_int_equal(name_scan(name, strlen(name), &shop.apex, &p->actor.name), 0);
	p->actor.algorithm = algorithm;
	memcpy(p->actor.key, key, n);
	p->actor.key_n = (uint8_t)n;
	p->seal = SEALED_SIG0;
	p->sig0.inception = (uint32_t)clock_seconds();
	p->sig0.expiration = p->sig0.inception + 300;
}

void
petition_rdata(struct proposal *p, enum update_verb verb, const char *owner, uint32_t ttl,
    uint16_t type, struct bytes rdata)
{
	struct content *content = p->update.memory;
	size_t at = p->update.n_prerequisites + p->update.n_changes;
	struct name *name = &content->owners[at];

	assert_true(
	    at < 2 * PETITION_ITEMS && rdata.n < sizeof content->octets - content->used);
	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, name), 0);
	if (rdata.n > 0)
		memcpy(content->octets + content->used, rdata.p, rdata.n);
	content->items[at] = (struct update_item){.verb = verb,
	    .type = type,
	    .ttl = ttl,
	    .owner = name,
	    .rdata = {content->octets + content->used, rdata.n}};
	content->used += rdata.n;
	if (verb < UPDATE_ADD)
		p->update.n_prerequisites++;
	else
		p->update.n_changes++;
}

void
petition_item(struct proposal *p, enum update_verb verb, const char *owner, uint32_t ttl,
    const char *type, const char *text)
{
	uint8_t rdata[4096];
	struct wr wr = wr_init(rdata, sizeof rdata);
	const char *why = "";
	int code = type != NULL ? rrtype_scan(type, strlen(type)) : 0;

	assert_true(code >= 0);
	if (text != NULL && zone_scan_rdata((uint16_t)code, text, &shop.apex, &wr, &why) != 0)
		fail_msg("%s %s: %s", type, text, why);
	petition_rdata(p, verb, owner, ttl, (uint16_t)code, wr_done(&wr));
}

void
petitions_run(void)
{
	answered = 0;
	if (first != NULL)
		commit_updates(&shop.work, first);
	assert_int_equal(answered, count);
}

void
petitions_free(void)
{
	while (first != NULL) {
		struct proposal *next = first->next;

		free(first->update.memory);
		free(first);
		first = next;
	}
	end = &first;
	count = 0;
}
