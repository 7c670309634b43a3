/*
 * zonefile.c - zone files: opened with the caller's rights, checked, and streamed to mapd. A check
 * and a load read and judge the same way; only a load sends.
 */
#include "mapctl/zonefile.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapctl/control.h"
#include "mapctl/daemon.h"
#include "mapctl/output.h"

#define BATCH (256u << 10) /* octets of records in one frame */
#define REALMS 16
#define SET_OCTETS 65536

/* The ELOC set that is being collected, to look at its proof as a whole. */
struct eloc_set {
	struct name owner;
	size_t n;
	struct bytes rdata[MAPPING_SET];
	uint8_t octets[SET_OCTETS];
	size_t used;
};

/* Records as they go out in one frame. */
struct batch {
	struct batch *next;
	size_t n;
	uint8_t octets[BATCH];
};

struct reading {
	struct mapctl *m;
	struct name zone;
	const char *path;
	struct realm realms[REALMS];
	size_t n_realms;
	bool private_locators;
	size_t records;
	uint32_t serial;
	unsigned messages;
	bool keeps; /* the records are to be sent */
	struct batch *first;
	struct batch *last;
	struct eloc_set set;
};

static void
message_print(void *arg, const char *message)
{
	struct reading *r = arg;

	r->messages++;
	fail(r->m, STATUS_WRONG, -MAP_ETEXT, "%s", message);
}

/*
 * Who the owner of a set is. Where no realm is known that says so, the key of the proof itself is
 * asked: what the proof covers and when it ends can be judged all the same.
 */
static int
owner_identity(const struct reading *r, const struct name *owner, const struct proof *proof,
    struct eid *id)
{
	struct bytes key = {proof->key, proof->key_n};

	if (eid_from_owner(owner, r->realms, r->n_realms, id) == 0)
		return 0;
	memset(id, 0, sizeof *id);
	id->form = EID_KEY;
	id->name = name_root;
	return trust_digest(proof->algorithm, key, id->digest);
}

static void
proof_complain(struct reading *r, const struct name *owner, const char *cause)
{
	char text[NAME_TEXT];

	r->messages++;
	fail(r->m, STATUS_WRONG, -MAP_ETEXT, "%s: %s ELOC: %s", r->path,
	    name_print(owner, text), cause);
}

/* The whole ELOC set of a name is there: its proof must hold. */
static void
set_check(struct reading *r)
{
	struct eloc_set *set = &r->set;
	int i = mapping_proof_index(set->rdata, set->n), error;
	struct proof proof;
	struct eloc e;
	struct eid id;

	if (i < 0 || eloc_read(set->rdata[i], &e) != 0)
		return;
	error = owner_identity(r, &set->owner, &e.proof, &id);
	if (error == 0)
		error = trust_proof_verify(
		    &id, &set->owner, set->rdata, set->n, (size_t)i, clock_seconds(), &proof);
	if (error == -MAP_EKEY)
		proof_complain(r, &set->owner, "the key of the proof is not this identity's");
	else if (error == -MAP_EEXPIRED)
		proof_complain(
		    r, &set->owner, "the proof has expired, or ends more than 7 days ahead");
	else if (error == -MAP_ESIG)
		proof_complain(r, &set->owner,
		    "the proof does not match the records; mapctl id sign makes a new one");
	else if (error == -MAP_EUNKNOWN)
		proof_complain(
		    r, &set->owner, "a proof, but the identity has no key of its own");
	else if (error != 0 && error != -MAP_EREVOKED)
		proof_complain(r, &set->owner, error_text(error));
}

static void
set_collect(struct reading *r, const struct rr *rr)
{
	struct eloc_set *set = &r->set;

	if (set->n > 0 && (rr->type != RR_ELOC || !name_equal(&set->owner, rr->owner))) {
		set_check(r);
		set->n = set->used = 0;
	}
	if (rr->type != RR_ELOC || set->n == MAPPING_SET ||
	    rr->rdata.n > SET_OCTETS - set->used)
		return;
	set->owner = *rr->owner;
	memcpy(set->octets + set->used, rr->rdata.p, rr->rdata.n);
	set->rdata[set->n++] = (struct bytes){set->octets + set->used, rr->rdata.n};
	set->used += rr->rdata.n;
}

/* Keeps a record for later: nothing is sent before the whole zone is judged. */
static int
record_keep(struct reading *r, const struct rr *rr)
{
	struct batch *b = r->last;
	struct wr wr;

	for (;;) {
		if (b != NULL) {
			wr = wr_init(b->octets + b->n, BATCH - b->n);
			frame_record_put(&wr, rr);
			if (wr.error == 0) {
				b->n += wr.n;
				return 0;
			}
		}
		b = malloc(sizeof *b);
		if (b == NULL)
			return -MAP_ENOMEM;
		b->n = 0;
		b->next = NULL;
		*(r->last != NULL ? &r->last->next : &r->first) = b;
		r->last = b;
	}
}

static int
record_take(void *arg, const struct rr *rr)
{
	struct reading *r = arg;

	r->records++;
	if (rr->type == RR_SOA && rr->rdata.n >= 20)
		r->serial = get_u32(rr->rdata.p + rr->rdata.n - 20);
	set_collect(r, rr);
	return r->keeps ? record_keep(r, rr) : 0;
}

static enum status
zone_judge(struct reading *r)
{
	struct zone_options options = {.private_locators = r->private_locators,
	    .realms = r->realms,
	    .n_realms = r->n_realms};
	int error = zone_read(r->path, &r->zone, &options, record_take, r, message_print, r);

	if (error == 0 && r->set.n > 0)
		set_check(r);
	if (error != 0 && r->messages == 0)
		return fail(r->m, STATUS_WRONG, error, "%s: %s", r->path, error_text(error));
	return error == 0 && r->messages == 0 ? STATUS_DONE : STATUS_WRONG;
}

static enum status
zone_send(struct reading *r)
{
	enum status status =
	    control_ask(r->m, json_pack("{s:s}", "zone", name_print(&r->zone, r->m->argument)));

	/* An answer that comes early is a refusal; the daemon still waits for the end. */
	for (const struct batch *b = r->first;
	     b != NULL && status == STATUS_DONE && !control_has_answer(r->m); b = b->next)
		status = control_send(r->m, FRAME_RECORDS, (struct bytes){b->octets, b->n});
	if (status == STATUS_DONE)
		status = control_send(r->m, FRAME_END, (struct bytes){NULL, 0});
	return status == STATUS_DONE ? control_finish(r->m) : status;
}

static enum status
options_read(struct reading *r, int argc, char **argv)
{
	static const struct option options[] = {{"private-locators", no_argument, NULL, 'p'},
	    {"realm", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	const char *why = NULL;
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'p')
			r->private_locators = true;
		else if (option != 'r')
			return usage(r->m, "an option that is not known or lacks its value");
		else if (r->n_realms == REALMS)
			return usage(r->m, "more than 16 realms");
		else if (realm_scan(optarg, &r->realms[r->n_realms++], &why) != 0)
			return fail(r->m, STATUS_USAGE, -MAP_EUSAGE, "%s: %s", optarg, why);
	}
	if (argc - optind != 2)
		return usage(r->m, "a zone and a file are wanted");
	r->path = argv[optind + 1];
	return zone_name_scan(r->m, argv[optind], &r->zone);
}

static void
zonefile_report(const struct reading *r)
{
	char text[NAME_TEXT];
	json_t *answer;

	name_print(&r->zone, text);
	if (!r->m->json) {
		printf("zone %s: %zu records, serial %u, good\n", text, r->records, r->serial);
		return;
	}
	answer = json_pack("{s:b, s:s, s:I, s:I}", "ok", 1, "zone", text, "records",
	    (json_int_t)r->records, "serial", (json_int_t)r->serial);
	output_json(answer);
	json_decref(answer);
}

static enum status
zonefile_run(struct mapctl *m, int argc, char **argv, bool sends)
{
	struct reading *r = calloc(1, sizeof *r);
	enum status status;

	if (r == NULL)
		return fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	r->m = m;
	r->keeps = sends;
	status = options_read(r, argc, argv);
	if (status == STATUS_DONE)
		status = zone_judge(r);
	if (status == STATUS_DONE && sends)
		status = zone_send(r);
	else if (status == STATUS_DONE)
		zonefile_report(r);
	for (struct batch *b = r->first, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(r);
	return status;
}

enum status
zonefile_check(struct mapctl *m, int argc, char **argv)
{
	return zonefile_run(m, argc, argv, false);
}

enum status
zonefile_load(struct mapctl *m, int argc, char **argv)
{
	return zonefile_run(m, argc, argv, true);
}
