/*
 * update.c - UPDATE messages (RFC 2136) and their options, from octets to items.
 * Knows what the forms are; what they do to a zone, and who may, is others'.
 */
#include "core/wire/update.h"

#include <stdlib.h>

#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"

#define TTL_MOST 0x7fffffff /* RFC 2181 8 */
#define NAMES_MOST 2 /* of RDATA whose names may be compressed */

/*
 * What a record of these sections can be (RFC 2136 2.4, 2.5). Class 0 stands for the zone's.
 */
static const struct form {
	enum section section;
	uint16_t class;
	bool any; /* of type ANY, else of a type that zones hold */
	bool rdata; /* else empty */
	bool ttl; /* else 0 */
	enum update_verb verb;
} forms[] = {
    {SECTION_ANSWER, CLASS_ANY, true, false, false, UPDATE_NAME_USED},
    {SECTION_ANSWER, CLASS_NONE, true, false, false, UPDATE_NAME_UNUSED},
    {SECTION_ANSWER, CLASS_ANY, false, false, false, UPDATE_RRSET_EXISTS},
    {SECTION_ANSWER, CLASS_NONE, false, false, false, UPDATE_RRSET_ABSENT},
    {SECTION_ANSWER, 0, false, true, false, UPDATE_RRSET_VALUE},
    {SECTION_AUTHORITY, 0, false, true, true, UPDATE_ADD},
    {SECTION_AUTHORITY, CLASS_NONE, false, true, false, UPDATE_DELETE_RECORD},
    {SECTION_AUTHORITY, CLASS_ANY, false, false, false, UPDATE_DELETE_RRSET},
    {SECTION_AUTHORITY, CLASS_ANY, true, false, false, UPDATE_DELETE_NAME},
};

/* An update that is being read. */
struct reading {
	const struct message *message;
	struct update *update;
	struct name *owners; /* where the next one goes */
	struct wr rdata; /* where the next one goes */
	struct wr scratch; /* of RDATA that is not canonical yet */
	const char **why;
};

static int
refuse(const char **why, enum rcode rcode, const char *sentence)
{
	*why = sentence;
	return (int)rcode;
}

/* Types that records of a zone can have; RFC 6895 3.1 has what the others are. */
static bool
type_is_data(uint16_t type)
{
	const struct rrtype *row = rrtype_find(type);

	if (type == 0 || type == UINT16_MAX || (type >= 128 && type <= 255))
		return false;
	if (row != NULL && (row->flags & RRF_META) != 0)
		return false;
	return type != RR_SIG && type != RR_NXT; /* RFC 3755 3: of no zone any more */
}

/* The form that a record has by section, class and type; NULL: none. */
static const struct form *
form_find(const struct record *record, uint16_t zone_class)
{
	bool any = record->type == RR_ANY;

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const struct form *form = &forms[i];
		uint16_t class = form->class != 0 ? form->class : zone_class;

		if (form->section == record->section && class == record->class &&
		    form->any == any)
			return form;
	}
	return NULL;
}

static int
form_check(const struct record *record, const struct form *form, const char **why)
{
	if (form == NULL)
		return refuse(
		    why, RCODE_FORMERR, "a record's class and type do not go together");
	if (!form->any && !type_is_data(record->type))
		return refuse(why, RCODE_FORMERR, "a record is of a type that no zone has");
	if (!form->ttl && record->ttl != 0)
		return refuse(why, RCODE_FORMERR, "a TTL that is to be 0 is not");
	if (record->ttl > TTL_MOST)
		return refuse(why, RCODE_FORMERR, "a TTL is above 2147483647");
	if (!form->rdata && record->rdata.n != 0)
		return refuse(why, RCODE_FORMERR, "RDATA where there is to be none");
	return RCODE_NOERROR;
}

/* The owner's name; NULL: it is not in the zone. Records of one owner mostly follow each other, and share it. */
static const struct name *
owner_take(struct reading *reading, const struct name *owner)
{
	const struct update *update = reading->update;
	size_t n = update->n_prerequisites + update->n_changes;

	if (n > 0 && name_equal(update->items[n - 1].owner, owner))
		return update->items[n - 1].owner;
	if (!name_is_below(owner, &update->zone))
		return NULL;
	*reading->owners = *owner;
	name_fold(reading->owners);
	return reading->owners++;
}

/* RDATA uncompressed and canonical, behind that of the records before. */
static int
rdata_take(struct reading *reading, const struct record *record, struct bytes *out)
{
	const struct rrtype *row = rrtype_find(record->type);
	bool folds = row != NULL && (row->flags & RRF_LOWER) != 0;
	struct rd rd = rd_init_within(reading->message->wire, record->rdata);
	struct wr *wr = folds ? &reading->scratch : &reading->rdata;
	size_t at = reading->rdata.n;
	int error;

	reading->scratch.n = 0;
	error = rdata_read(record->type, &rd, record->rdata.n, wr);
	if (error == 0 && folds)
		error = rdata_canonical(record->type, wr_done(wr), &reading->rdata);
	*out = (struct bytes){reading->rdata.base + at, reading->rdata.n - at};
	return error;
}

static int
record_take(struct reading *reading, const struct record *record)
{
	struct update *update = reading->update;
	struct update_item *item = &update->items[update->n_prerequisites + update->n_changes];
	const struct form *form = form_find(record, reading->message->question.class);
	int rcode = form_check(record, form, reading->why);

	if (rcode != RCODE_NOERROR)
		return rcode;
	*item = (struct update_item){
	    .verb = form->verb,
	    .type = form->any ? 0 : record->type,
	    .ttl = record->ttl,
	    .owner = owner_take(reading, &record->owner),
	};
	if (item->owner == NULL)
		return refuse(reading->why, RCODE_NOTZONE, "a name is not in the zone");
	switch (form->rdata ? rdata_take(reading, record, &item->rdata) : 0) {
	case 0:
		break;
	case -MAP_EUNKNOWN:
		return refuse(reading->why, RCODE_FORMERR,
		    "an EPID or ELOC record is of a kind that is not known here");
	default:
		return refuse(reading->why, RCODE_FORMERR, "RDATA is malformed for its type");
	}
	if (record->section == SECTION_ANSWER)
		update->n_prerequisites++;
	else
		update->n_changes++;
	return RCODE_NOERROR;
}

/*
 * One block for items, names and RDATA, as large as this many records can need; of it only what they do need is
 * ever touched. A compressed name of two octets becomes 255.
 */
static bool
reading_init(struct reading *reading)
{
	const struct message *m = reading->message;
	struct update *update = reading->update;
	size_t n = (size_t)m->count[SECTION_ANSWER] + m->count[SECTION_AUTHORITY];
	size_t most = m->wire.n + n * NAMES_MOST * NAME_WIRE;
	size_t scratch = m->wire.n + NAMES_MOST * NAME_WIRE;
	uint8_t *p =
	    malloc(n * (sizeof *update->items + sizeof *reading->owners) + most + scratch);

	if (p == NULL)
		return false;
	update->memory = p;
	update->items = (struct update_item *)(void *)p;
	p += n * sizeof *update->items;
	reading->owners = (struct name *)(void *)p;
	p += n * sizeof *reading->owners;
	reading->rdata = wr_init(p, most);
	reading->scratch = wr_init(p + most, scratch);
	return true;
}

static int
records_take(struct reading *reading)
{
	struct records it = records_of(reading->message);
	struct record record;
	int rcode = RCODE_NOERROR;

	/* what else an UPDATE has in its additional section is nobody's (RFC 2136 2.6) */
	while (rcode == RCODE_NOERROR && records_next(&it, &record) &&
	       record.section != SECTION_ADDITIONAL)
		rcode = record_take(reading, &record);
	return rcode;
}

int
update_read(const struct message *m, struct update *out, const char **why)
{
	struct reading reading = {.message = m, .update = out, .why = why};

	*out = (struct update){.zone = name_root};
	*why = NULL;
	/* RFC 2136 3.1.1 */
	if (m->count[SECTION_QUESTION] != 1)
		return refuse(why, RCODE_FORMERR, "not one zone");
	if (m->question.type != RR_SOA)
		return refuse(why, RCODE_FORMERR, "the zone's type is not SOA");
	if (m->question.class == CLASS_ANY || m->question.class == CLASS_NONE)
		return refuse(why, RCODE_FORMERR, "the zone's class is none of zones");
	out->zone = m->question.name;
	name_fold(&out->zone);
	if (!lease_option_read(&m->edns, &out->lease))
		return refuse(why, RCODE_FORMERR, "the LEASE option is malformed");
	if (!prove_option_read(&m->edns, &out->prove))
		return refuse(why, RCODE_FORMERR, "the PROVE option is malformed");
	if (!reading_init(&reading))
		return -MAP_ENOMEM;
	return records_take(&reading);
}

void
update_fini(struct update *update)
{
	free(update->memory);
	update->memory = NULL;
	update->items = NULL;
	update->n_prerequisites = 0;
	update->n_changes = 0;
}

/* The option with this code: how many there are of it, and the last. */
static unsigned
option_find(const struct edns *edns, uint16_t code, struct bytes *out)
{
	uint16_t its_code;
	struct bytes value;
	unsigned n = 0;

	for (size_t at = 0; edns->present && edns_next(edns, &at, &its_code, &value);) {
		if (its_code != code)
			continue;
		*out = value;
		n++;
	}
	return n;
}

bool
lease_option_read(const struct edns *edns, struct lease_option *out)
{
	struct bytes value = {0};
	unsigned n = option_find(edns, OPTION_LEASE, &value);
	struct rd rd = rd_init(value);

	*out = (struct lease_option){.present = n > 0, .both = value.n == 8};
	if (n == 0)
		return true;
	out->lease = rd_u32(&rd);
	out->key_lease = out->both ? rd_u32(&rd) : out->lease;
	return n == 1 && rd_end(&rd) == 0;
}

bool
prove_option_read(const struct edns *edns, struct prove_option *out)
{
	struct bytes value = {0};
	unsigned n = option_find(edns, OPTION_PROVE, &value);
	struct rd rd = rd_init(value);

	*out = (struct prove_option){.present = n > 0};
	if (n == 0)
		return true;
	out->port = rd_u16(&rd);
	out->tokens = rd_rest(&rd);
	return n == 1 && rd_end(&rd) == 0 && out->port != 0 &&
	       out->tokens.n % PROVE_TOKEN == 0 &&
	       out->tokens.n <= (size_t)PROVE_MOST * PROVE_TOKEN;
}

void
lease_option_put(struct wr *wr, const struct lease_option *option)
{
	wr_u16(wr, OPTION_LEASE);
	wr_u16(wr, option->both ? 8 : 4);
	wr_u32(wr, option->lease);
	if (option->both)
		wr_u32(wr, option->key_lease);
}

void
prove_option_put(struct wr *wr, const struct prove_option *option)
{
	wr_u16(wr, OPTION_PROVE);
	wr_u16(wr, (uint16_t)(2 + option->tokens.n));
	wr_u16(wr, option->port);
	wr_bytes(wr, option->tokens);
}
