/*
 * verifier.c - is it new, is the SIG(0) right, does the proof hold: then the writer gets it.
 * Judges no policy: what a name may have is the writer's to say, of what it finds at that moment.
 */
#include "mapd/verifier.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "mapd/apply.h"
#include "mapd/proof.h"
#include "mapd/turns.h"
#include "mapd/update.h"
#include "mapd/zone.h"

#define VERIFIER_NICE 10 /* more than the process, whose own may be anything */
#define NICE_MOST 19

/* One of the threads, and what it alone uses. */
struct verifying {
	struct verifier *verifier;
	pthread_t thread;
	struct snapshot *snap;
	struct zones *zones;
};

struct verifier {
	struct admission_writer writer;
	/* Held for a few moves of pointers: protects turns and ends, which workers and verifiers share. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct turns *turns;
	bool ends;
	unsigned n, running;
	struct verifying verifying[];
};

static void
verdict_row(struct verdict *verdict, enum update_refusal why)
{
	const struct policy_rule *rule = &update_rows[why].rule;

	verdict_set(
	    verdict, rule->rcode, rule->ede, "%s", rule->ede != EDE_NONE ? rule->text : "");
	verdict->rule = rule;
}

static bool
verify_signature(struct proposal *p, uint64_t now)
{
	struct crypto_key *key;
	int error;

	/* it may have waited for long */
	if (serial_after((uint32_t)now, p->sig0.expiration)) {
		verdict_row(&p->verdict, UPDATE_TIME);
		return false;
	}
	error = crypto_key_from_public(p->actor.algorithm, p->actor.key, p->actor.key_n, &key);
	if (error == 0) {
		error = seal_sig0_check(key, &p->message, &p->sig0);
		crypto_key_free(key);
	}
	if (error != 0)
		verdict_row(&p->verdict, UPDATE_SIGNATURE);
	return error == 0;
}

/* Whether its key said so before, or something later. */
static bool
verify_is_old(const struct verifier *verifier, struct proposal *p, uint64_t now)
{
	unsigned rcode;

	if (verifier->writer.replay == NULL)
		return false;
	switch (replay_look(verifier->writer.replay, p, now, &rcode)) {
	case REPLAY_NEW:
		return false;
	case REPLAY_KNOWN:
		verdict_row(&p->verdict, UPDATE_REPLAYED);
		p->verdict.rcode = rcode;
		if (rcode == RCODE_NOERROR)
			p->verdict.lease = p->granted;
		return true;
	case REPLAY_OLD:
		/* the key's own host is told why, whose clock was set back; nobody else when it was here last */
		if (verify_signature(p, now))
			verdict_row(&p->verdict, UPDATE_OLD);
		return true;
	case REPLAY_OVER:
		verdict_row(&p->verdict, UPDATE_TIME);
		return true;
	case REPLAY_FULL:
		verdict_row(&p->verdict, UPDATE_FULL);
		return true;
	}
	return false;
}

/* Of the ELOC records of the draft; without a proof among them there is nothing to hold. */
static int
set_verify(struct proposal *p, const struct draft *draft, uint64_t now)
{
	struct bytes *rdata = calloc(draft->n + 1, sizeof *rdata);
	struct proof proof;
	size_t n = 0;
	int at, error;

	if (rdata == NULL)
		return -MAP_ENOMEM;
	for (size_t i = 0; i < draft->n; i++)
		if (draft->records[i].type == RR_ELOC)
			rdata[n++] = draft->records[i].rdata;
	at = mapping_proof_index(rdata, n);
	error = at == -1 ? 0
		: at < 0 ? -MAP_EFORMAT
			 : trust_proof_verify(&p->identity, p->added->owner, rdata, n,
			       (size_t)at, now, &proof);
	if (at >= 0 && (error == 0 || error == -MAP_EREVOKED)) {
		error = proof_digest(p->added->owner, draft, p->proof);
		p->proved = error == 0;
	}
	free(rdata);
	return error;
}

/* What the update makes of the name where the proof is added, as the thread's snapshot has it. */
static int
proof_draft(struct verifying *v, const struct proposal *p, struct draft *draft)
{
	const struct zone *zone;
	uint8_t key[NODE_KEY];
	struct bytes value = {0};
	int error = zones_refresh(v->zones, v->snap);

	if (error != 0)
		return error;
	zone = zone_find(v->zones, &p->update.zone);
	if (zone == NULL || !name_equal(&zone->apex, &p->update.zone))
		return -MAP_ENOTFOUND;
	if (!snapshot_get(v->snap, TABLE_NODES,
		(struct bytes){key, node_key(zone->id, p->added->owner, key)}, &value))
		value.p = NULL;
	error = draft_read(draft, value);
	return error != 0 ? error
			  : apply_items(draft, &p->update, p->added->owner,
				name_equal(p->added->owner, &zone->apex));
}

static bool
verify_proof(struct verifying *v, struct proposal *p, uint64_t now)
{
	struct draft draft = {0};
	int error;

	if (p->added == NULL)
		return true;
	error = snapshot_take(v->snap);
	if (error == 0) {
		error = proof_draft(v, p, &draft);
		if (error == 0)
			error = set_verify(p, &draft, now);
		snapshot_release(v->snap);
	}
	draft_fini(&draft);
	if (error == 0)
		return true;
	if (error == -MAP_ENOMEM || error == -MAP_EDATABASE) {
		verdict_row(&p->verdict, UPDATE_DATABASE);
		return false;
	}
	verdict_row(&p->verdict, UPDATE_PROOF);
	verdict_set(&p->verdict, p->verdict.rcode, p->verdict.ede, "%s: %s",
	    update_rows[UPDATE_PROOF].rule.text,
	    p->identity.form == EID_NONE ? "no prefix: here has an identity with this name"
					 : error_text(error));
	return false;
}

static void
verify(struct verifying *v, struct proposal *p)
{
	const struct admission_writer *writer = &v->verifier->writer;
	uint64_t now = clock_seconds();

	if (!verify_is_old(v->verifier, p, now) &&
	    (p->seal != SEALED_SIG0 || verify_signature(p, now)) && verify_proof(v, p, now)) {
		if (writer->propose(writer->arg, p) == 0)
			return;
		verdict_row(&p->verdict, UPDATE_QUEUE);
	}
	p->done(p);
}

/* The next one, waiting for it; NULL: it is time to end. */
static struct proposal *
verifier_take(struct verifier *verifier)
{
	struct proposal *p = NULL;

	pthread_mutex_lock(&verifier->lock);
	while (!verifier->ends && (p = turns_take(verifier->turns)) == NULL)
		pthread_cond_wait(&verifier->wake, &verifier->lock);
	pthread_mutex_unlock(&verifier->lock);
	return p;
}

static void *
verifier_thread(void *arg)
{
	struct verifying *v = arg;
	id_t self = (id_t)syscall(SYS_gettid);
	int nice = getpriority(PRIO_PROCESS, self) + VERIFIER_NICE;
	struct proposal *p;

	/* of this thread alone; where it is not allowed, queries share the processors with it */
	(void)setpriority(PRIO_PROCESS, self, nice < NICE_MOST ? nice : NICE_MOST);
	while ((p = verifier_take(v->verifier)) != NULL)
		verify(v, p);
	return NULL;
}

static int
verifying_start(struct verifying *v, struct store *store)
{
	sigset_t all, before;
	int error = snapshot_new(store, &v->snap);

	if (error == 0)
		error = zones_new(&v->zones);
	if (error != 0)
		return error;
	/* signals are main's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&v->thread, NULL, verifier_thread, v);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0 ? 0 : -MAP_ESYS;
}

int
verifier_new(const struct admission_options *options, struct verifier **out)
{
	struct verifier *verifier =
	    calloc(1, sizeof *verifier + options->threads * sizeof verifier->verifying[0]);
	int error;

	if (verifier == NULL)
		return -MAP_ENOMEM;
	verifier->writer = options->writer;
	pthread_mutex_init(&verifier->lock, NULL);
	pthread_cond_init(&verifier->wake, NULL);
	error = turns_new(VERIFIER_WAITING, VERIFIER_OCTETS, &verifier->turns);
	for (; error == 0 && verifier->n < options->threads; verifier->n++) {
		struct verifying *v = &verifier->verifying[verifier->n];

		v->verifier = verifier;
		error = verifying_start(v, options->store);
		verifier->running += error == 0;
	}
	if (error == 0)
		*out = verifier;
	else
		verifier_free(verifier);
	return error;
}

/* Who still waits is told so, all at once. */
static void
verifier_drain(struct verifier *verifier)
{
	struct proposal *p;

	while (verifier->turns != NULL && (p = turns_take(verifier->turns)) != NULL) {
		verdict_row(&p->verdict, UPDATE_STOPPING);
		p->done(p);
	}
}

void
verifier_free(struct verifier *verifier)
{
	if (verifier == NULL)
		return;
	pthread_mutex_lock(&verifier->lock);
	verifier->ends = true;
	pthread_cond_broadcast(&verifier->wake);
	pthread_mutex_unlock(&verifier->lock);
	for (unsigned i = 0; i < verifier->running; i++)
		pthread_join(verifier->verifying[i].thread, NULL);
	for (unsigned i = 0; i < verifier->n; i++) {
		snapshot_free(verifier->verifying[i].snap);
		zones_free(verifier->verifying[i].zones);
	}
	verifier_drain(verifier);
	turns_free(verifier->turns);
	pthread_cond_destroy(&verifier->wake);
	pthread_mutex_destroy(&verifier->lock);
	free(verifier);
}

int
verifier_put(struct verifier *verifier, struct proposal *p)
{
	bool put;

	pthread_mutex_lock(&verifier->lock);
	put = !verifier->ends && turns_put(verifier->turns, p);
	pthread_mutex_unlock(&verifier->lock);
	if (put)
		pthread_cond_signal(&verifier->wake);
	return put ? 0 : -MAP_ELIMIT;
}
