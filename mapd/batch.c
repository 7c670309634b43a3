/*
 * batch.c - gathers sets, has them signed together, writes them as nodes and denial records.
 * Knows the stored form; knows nothing of what a zone must hold, nor of when to commit.
 */
#include "mapd/batch.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define BATCH_ITEMS 1024
#define BATCH_SETS 4096
#define BATCH_RDATA 32768
#define BATCH_SIGNATURES (2 * BATCH_SETS)
#define BATCH_SIGNERS 2 /* of one set, while keys are rolled */
#define BATCH_ARENA ((size_t)16 << 20)
#define BATCH_VALUE ((size_t)1 << 20)
#define BATCH_ITEM_SETS 264 /* sets of one name, those of the signer included */
#define BATCH_SET_OCTETS 512 /* of a set's signed octets and its RRSIG, besides its records */
#define BATCH_RECORD_OCTETS \
	(NAME_WIRE + 10) /* of a record's signed octets, besides its RDATA */

/* The fullest name, twice its stored octets and all, has room in an empty batch: who waits for room ends. */
_Static_assert(
    BATCH_SIGNERS *(4 * (size_t)RRSET_NAME + RRSET_NAME / RRSET_FRAME * BATCH_RECORD_OCTETS +
		    BATCH_ITEM_SETS * BATCH_SET_OCTETS) <= BATCH_ARENA,
    "a name that a zone may have does not fit");

struct item {
	uint8_t key[NODE_KEY];
	size_t key_n;
	uint8_t flags;
	bool denial;
	size_t set; /* its first set; they end where those of the next item begin */
};

struct set {
	uint16_t type;
	uint32_t ttl;
	size_t rdata, n; /* in batch->rdata */
	size_t made, n_made; /* in batch->signatures, when made here */
	size_t kept, n_kept; /* in batch->rdata: the RRSIGs it has */
};

struct batch {
	struct pool *pool;
	struct journal *journal; /* borrowed; NULL: nobody asks */
	struct item items[BATCH_ITEMS];
	struct set sets[BATCH_SETS];
	struct bytes rdata[BATCH_RDATA];
	struct signature signatures[BATCH_SIGNATURES];
	size_t n_items, n_sets, n_rdata, n_signatures;
	uint8_t arena[BATCH_ARENA];
	struct wr wr; /* over arena */
	uint8_t value[BATCH_VALUE];
	int error;
	bool started; /* run is going on in the pool */
	struct sign_run run;
	struct batch_sum sum;
};

static void
batch_empty(struct batch *batch)
{
	batch->n_items = batch->n_sets = batch->n_rdata = batch->n_signatures = 0;
	batch->wr = wr_init(batch->arena, sizeof batch->arena);
	batch->error = 0;
}

int
batch_new(struct pool *pool, struct batch **out)
{
	struct batch *batch =
	    malloc(sizeof *batch); /* its pages are touched as they are needed */

	if (batch == NULL)
		return -MAP_ENOMEM;
	batch->pool = pool;
	batch->journal = NULL;
	batch->started = false;
	batch->sum = (struct batch_sum){0};
	batch_empty(batch);
	*out = batch;
	return 0;
}

void
batch_free(struct batch *batch)
{
	free(batch);
}

bool
batch_fits(const struct batch *batch, size_t records, size_t octets)
{
	size_t need = BATCH_SIGNERS * (octets + records * BATCH_RECORD_OCTETS +
					  BATCH_ITEM_SETS * BATCH_SET_OCTETS);

	return batch->n_items < BATCH_ITEMS && batch->n_sets + BATCH_ITEM_SETS <= BATCH_SETS &&
	       batch->n_signatures + BATCH_SIGNERS * BATCH_ITEM_SETS <= BATCH_SIGNATURES &&
	       batch->n_rdata + records + 2 * BATCH_ITEM_SETS <= BATCH_RDATA &&
	       need <= batch->wr.max - batch->wr.n;
}

static void
batch_fail(struct batch *batch, int error)
{
	if (batch->error == 0)
		batch->error = error;
}

static struct item *
batch_item(struct batch *batch)
{
	static struct item unused; /* written to after an error, never read */
	struct item *item = &unused;

	if (batch->n_items < BATCH_ITEMS)
		item = &batch->items[batch->n_items++];
	else
		batch_fail(batch, -MAP_ESPACE);
	item->set = batch->n_sets;
	return item;
}

void
batch_node(struct batch *batch, uint32_t zone, const struct name *name, uint8_t flags)
{
	struct item *item = batch_item(batch);

	item->key_n = node_key(zone, name, item->key);
	item->flags = flags;
	item->denial = false;
}

void
batch_denial(struct batch *batch, uint32_t zone, const uint8_t hash[NSEC3_HASH])
{
	struct item *item = batch_item(batch);

	item->key_n = denial_key(zone, hash, item->key);
	item->flags = 0;
	item->denial = true;
}

/* Takes n borrowed runs over; returns where they begin. */
static size_t
batch_take(struct batch *batch, const struct bytes *rdata, size_t n)
{
	size_t at = batch->n_rdata;

	if (n > BATCH_RDATA - at) {
		batch_fail(batch, -MAP_ESPACE);
		return at;
	}
	if (n > 0)
		memcpy(&batch->rdata[at], rdata, n * sizeof rdata[0]);
	batch->n_rdata += n;
	return at;
}

static struct set *
batch_add(struct batch *batch, const struct rrset *set)
{
	struct set *added;

	if (batch->n_sets == BATCH_SETS) {
		batch_fail(batch, -MAP_ESPACE);
		return NULL;
	}
	added = &batch->sets[batch->n_sets++];
	*added = (struct set){.type = set->type, .ttl = set->ttl, .n = set->n};
	added->rdata = batch_take(batch, set->rdata, set->n);
	return batch->error == 0 ? added : NULL;
}

void
batch_set(struct batch *batch, const struct rrset *set, struct signers *signers)
{
	struct set *added = batch_add(batch, set);
	const struct signer *by[SIGNERS];
	size_t n;
	int rc = 0;

	if (added == NULL || signers == NULL)
		return;
	n = signers_of(signers, set->type, by);
	if (n == 0 || n > BATCH_SIGNATURES - batch->n_signatures)
		rc = -MAP_ESPACE; /* a set that must be signed never goes without */
	added->made = batch->n_signatures;
	for (; added->n_made < n && rc == 0; added->n_made++)
		rc = sign_prepare(signers, by[added->n_made], set, &batch->wr,
		    &batch->signatures[batch->n_signatures++]);
	if (rc != 0)
		batch_fail(batch, rc);
}

void
batch_set_kept(
    struct batch *batch, const struct rrset *set, const struct bytes *signatures, size_t n)
{
	struct set *added = batch_add(batch, set);

	if (added == NULL)
		return;
	added->kept = batch_take(batch, signatures, n);
	added->n_kept = n;
}

uint8_t *
batch_keep(struct batch *batch, const void *octets, size_t n)
{
	uint8_t *p = batch->arena + batch->wr.n;

	if (n > batch->wr.max - batch->wr.n) {
		batch_fail(batch, -MAP_ESPACE);
		return NULL;
	}
	batch->wr.n += n;
	if (octets != NULL && n > 0)
		memcpy(p, octets, n);
	return p;
}

static void
batch_expires(struct batch *batch, uint16_t type, uint32_t expiration)
{
	struct batch_sum *sum = &batch->sum;
	uint32_t due = sign_due(type, expiration);

	sum->resign = sum->any ? sign_earlier(sum->resign, due) : due;
	sum->expires = sum->any ? sign_earlier(sum->expires, expiration) : expiration;
	sum->any = true;
}

/* The RRSIGs of a set: those it has, or those that were made, whose octets are put into made. */
static size_t
set_signatures(struct batch *batch, const struct set *set, struct wr *made,
    struct bytes own[SIGNERS], const struct bytes **out)
{
	if (set->n_made == 0) {
		*out = &batch->rdata[set->kept];
		return set->n_kept;
	}
	for (size_t i = 0; i < set->n_made; i++) {
		const struct signature *s = &batch->signatures[set->made + i];
		size_t at = made->n;

		sign_put(made, s);
		own[i] = (struct bytes){made->base + at, made->n - at};
		batch_expires(batch, set->type, s->sig.expiration);
	}
	*out = own;
	return set->n_made;
}

void
batch_set_journal(struct batch *batch, struct journal *journal)
{
	batch->journal = journal;
}

static void
batch_note(struct batch *batch, struct change *change, enum table table, struct bytes key,
    struct bytes after)
{
	struct bytes before = {NULL, 0};

	if (batch->journal == NULL)
		return;
	(void)change_get(change, table, key, &before);
	journal_note(batch->journal, table, key, before, after);
}

void
batch_remove(struct batch *batch, struct change *change, enum table table, struct bytes key)
{
	batch_note(batch, change, table, key, (struct bytes){NULL, 0});
	change_remove(change, table, key);
}

static int
batch_write(struct batch *batch, const struct item *item, size_t end, struct change *change)
{
	struct wr wr = wr_init(batch->value, sizeof batch->value);
	enum table table = item->denial ? TABLE_DENIAL : TABLE_NODES;
	struct bytes key = {item->key, item->key_n};
	uint8_t made[SIGNERS * SIGN_RDATA];
	size_t started = 0;

	if (!item->denial)
		started = node_start(&wr, item->flags);
	for (size_t i = item->set; i < end; i++) {
		const struct set *set = &batch->sets[i];
		const struct bytes *signatures = NULL;
		struct bytes own[SIGNERS];
		struct wr made_wr = wr_init(made, sizeof made);
		size_t n = set_signatures(batch, set, &made_wr, own, &signatures);
		struct rrset rrset = {
		    NULL, set->type, CLASS_IN, set->ttl, set->n, &batch->rdata[set->rdata]};

		if (item->denial)
			denial_put(&wr, rrset.rdata[0], set->ttl, signatures, n);
		else
			node_put_set(&wr, started, &rrset, signatures, n);
	}
	if (wr.error != 0)
		return wr.error;
	batch_note(batch, change, table, key, wr_done(&wr));
	change_append(change, table, key, wr_done(&wr));
	batch->sum.written++;
	return change_error(change);
}

void
batch_start(struct batch *batch)
{
	if (batch->error != 0)
		batch->n_signatures = 0;
	batch->run = (struct sign_run){batch->signatures, batch->n_signatures};
	sign_start(batch->pool, &batch->run);
	batch->started = true;
}

int
batch_sign(struct batch *batch)
{
	if (!batch->started)
		batch_start(batch);
	batch->started = false;
	batch_fail(batch, sign_wait(batch->pool, &batch->run));
	return batch->error;
}

int
batch_put(struct batch *batch, struct change *change)
{
	int rc = batch->error;

	for (size_t i = 0; i < batch->n_items && rc == 0; i++)
		rc = batch_write(batch, &batch->items[i],
		    i + 1 < batch->n_items ? batch->items[i + 1].set : batch->n_sets, change);
	batch_empty(batch);
	return rc;
}

int
batch_flush(struct batch *batch, struct change *change)
{
	(void)batch_sign(batch); /* the error is kept */
	return batch_put(batch, change);
}

const struct batch_sum *
batch_sum(const struct batch *batch)
{
	return &batch->sum;
}

void
batch_sum_add(struct batch *batch, const struct batch *other)
{
	struct batch_sum *sum = &batch->sum;

	sum->written += other->sum.written;
	if (!other->sum.any)
		return;
	sum->resign =
	    sum->any ? sign_earlier(sum->resign, other->sum.resign) : other->sum.resign;
	sum->expires =
	    sum->any ? sign_earlier(sum->expires, other->sum.expires) : other->sum.expires;
	sum->any = true;
}

void
batch_reset(struct batch *batch)
{
	if (batch->started)
		(void)batch_sign(batch); /* nobody may be signing what is dropped */
	batch_empty(batch);
	batch->sum = (struct batch_sum){0};
}
