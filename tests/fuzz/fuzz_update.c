/*
 * fuzz_update.c - any octets as an UPDATE: what is taken is canonical and in its zone, and the same when it is
 * written without compression and read again.
 */
#include "tests/fuzz/fuzz.h"

#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/wire/update.h"

#define VERBS (UPDATE_DELETE_NAME + 1)

/* Class and type ANY of each verb; class IN stands for the zone's. */
static const struct {
	uint16_t class;
	bool any;
} forms[VERBS] = {
    [UPDATE_NAME_USED] = {CLASS_ANY, true},
    [UPDATE_NAME_UNUSED] = {CLASS_NONE, true},
    [UPDATE_RRSET_EXISTS] = {CLASS_ANY, false},
    [UPDATE_RRSET_ABSENT] = {CLASS_NONE, false},
    [UPDATE_RRSET_VALUE] = {CLASS_IN, false},
    [UPDATE_ADD] = {CLASS_IN, false},
    [UPDATE_DELETE_RECORD] = {CLASS_NONE, false},
    [UPDATE_DELETE_RRSET] = {CLASS_ANY, false},
    [UPDATE_DELETE_NAME] = {CLASS_ANY, true},
};

static void
item_holds(const struct update *update, const struct update_item *item)
{
	static uint8_t octets[RDATA_MAX];
	struct wr wr = wr_init(octets, sizeof octets);
	bool valued = item->verb == UPDATE_RRSET_VALUE || item->verb == UPDATE_ADD ||
		      item->verb == UPDATE_DELETE_RECORD;

	HOLDS(item->verb < VERBS);
	HOLDS(name_is_lower(item->owner) && name_is_below(item->owner, &update->zone));
	HOLDS((item->type == 0) == forms[item->verb].any);
	HOLDS(item->ttl == 0 || (item->verb == UPDATE_ADD && item->ttl <= INT32_MAX));
	HOLDS(item->type < 128 || item->type > 255);
	if (!valued) {
		HOLDS(item->rdata.n == 0);
		return;
	}
	HOLDS(rdata_check(item->type, item->rdata) == 0);
	HOLDS(rdata_canonical(item->type, item->rdata, &wr) == 0);
	HOLDS(bytes_equal(item->rdata, wr_done(&wr)));
}

static void
item_put(struct wr *wr, const struct update_item *item, uint16_t class)
{
	uint16_t its = forms[item->verb].class;

	name_put(wr, item->owner);
	wr_u16(wr, item->type == 0 ? RR_ANY : item->type);
	wr_u16(wr, its == CLASS_IN ? class : its);
	wr_u32(wr, item->ttl);
	wr_u16(wr, (uint16_t)item->rdata.n);
	wr_bytes(wr, item->rdata);
}

/* The same update without compression and additional records; false: it is too long for a message. */
static bool
update_put(struct wr *wr, const struct update *update, uint16_t class)
{
	wr_u16(wr, 0);
	wr_u16(wr, OPCODE_UPDATE << 11);
	wr_u16(wr, 1);
	wr_u16(wr, (uint16_t)update->n_prerequisites);
	wr_u16(wr, (uint16_t)update->n_changes);
	wr_u16(wr, 0);
	name_put(wr, &update->zone);
	wr_u16(wr, RR_SOA);
	wr_u16(wr, class);
	for (size_t i = 0; i < update->n_prerequisites + update->n_changes; i++)
		item_put(wr, &update->items[i], class);
	return wr->error == 0;
}

static void
same_holds(const struct update *a, const struct update *b)
{
	HOLDS(a->n_prerequisites == b->n_prerequisites && a->n_changes == b->n_changes);
	for (size_t i = 0; i < a->n_prerequisites + a->n_changes; i++) {
		const struct update_item *x = &a->items[i], *y = &b->items[i];

		HOLDS(x->verb == y->verb && x->type == y->type && x->ttl == y->ttl);
		HOLDS(name_equal(x->owner, y->owner));
		HOLDS(bytes_equal(x->rdata, y->rdata));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t octets[UINT16_MAX];
	struct wr wr = wr_init(octets, sizeof octets);
	struct message m;
	struct update update, again;
	const char *why;
	int rcode;

	if (n > UINT16_MAX || message_parse((struct bytes){data, n}, &m) != 0)
		return 0;
	rcode = update_read(&m, &update, &why);
	HOLDS(rcode == RCODE_NOERROR || rcode == RCODE_FORMERR || rcode == RCODE_NOTZONE);
	HOLDS((why == NULL) == (rcode == RCODE_NOERROR));
	if (rcode == RCODE_NOERROR) {
		HOLDS(update.n_prerequisites == m.count[SECTION_ANSWER]);
		HOLDS(update.n_changes == m.count[SECTION_AUTHORITY]);
		for (size_t i = 0; i < update.n_prerequisites + update.n_changes; i++)
			item_holds(&update, &update.items[i]);
		if (update_put(&wr, &update, m.question.class)) {
			HOLDS(message_parse(wr_done(&wr), &m) == 0);
			HOLDS(update_read(&m, &again, &why) == RCODE_NOERROR);
			same_holds(&update, &again);
			update_fini(&again);
		}
	}
	update_fini(&update);
	return 0;
}
