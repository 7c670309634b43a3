/*
 * zonefile.c - zone files: opened with the caller's rights, checked, and streamed to mapd. A check
 * and a load read and judge the same way; only a load sends.
 */
#include "mapctl/zonefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/sys/option.h"
#include "core/trust/identity.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapctl/ahead.h"
#include "mapctl/control.h"
#include "mapctl/daemon.h"
#include "mapctl/output.h"
#include "mapctl/places.h"

#define BATCH (256u << 10) /* octets of records in one frame */
#define REALMS 16
#define SET_OCTETS 65536
#define MESSAGES 50 /* about proofs; as many as zone_read() gives about the rest */

/* The ELOC set that is being collected, to look at its proof as a whole. */
struct eloc_set {
	struct name owner;
	size_t first; /* number of its first record */
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
	bool private_locators, drop_registered;
	size_t records;
	struct places *places; /* of these */
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

/* The zone is taken all the same. */
static void
warning_print(void *arg, const char *message)
{
	(void)arg;
	fprintf(stderr, "mapctl: warning: %s\n", message);
}

/* The whole ELOC set of a name is there: its proof must be one that mapd takes. */
static void
set_check(struct reading *r)
{
	const struct eloc_set *set = &r->set;
	const struct rrset rrset = {
	    .owner = &set->owner, .type = RR_ELOC, .n = set->n, .rdata = set->rdata};
	int proof = mapping_proof_index(set->rdata, set->n);
	struct zone_place at = {r->path, 0};
	char text[NAME_TEXT];
	const char *why;

	if (r->messages > MESSAGES)
		return;
	why = identity_refusal(&rrset, r->realms, r->n_realms, clock_seconds());
	if (why == NULL)
		return;
	(void)places_find(r->places, (long long)set->first + (proof > 0 ? proof : 0), &at);
	if (++r->messages > MESSAGES)
		fail(r->m, STATUS_WRONG, -MAP_ETEXT, "%s: more errors, which are not shown",
		    at.file);
	else
		fail(r->m, STATUS_WRONG, -MAP_ETEXT, "%s:%u: %s ELOC: %s", at.file, at.line,
		    name_print(&set->owner, text), why);
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
	if (set->n == 0)
		set->first = r->records;
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
record_take(void *arg, const struct rr *rr, const struct zone_place *place)
{
	struct reading *r = arg;
	int error = places_add(r->places, place);

	if (error != 0)
		return error;
	if (rr->type == RR_SOA && rr->rdata.n >= 20)
		r->serial = get_u32(rr->rdata.p + rr->rdata.n - 20);
	set_collect(r, rr);
	r->records++;
	return r->keeps ? record_keep(r, rr) : 0;
}

static enum status
zone_judge(struct reading *r)
{
	struct zone_options options = {.private_locators = r->private_locators,
	    .realms = r->realms,
	    .n_realms = r->n_realms,
	    .warning = warning_print};
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
	struct mapctl *m = r->m;
	size_t octets = 0;
	char zone[NAME_TEXT];
	enum status status;

	name_print(&r->zone, zone);
	for (const struct batch *b = r->first; b != NULL; b = b->next)
		octets += b->n;
	if (m->ahead != NULL)
		ahead_make_room(m->ahead, zone, octets);
	memcpy(m->argument, zone, sizeof zone);
	status = control_ask(
	    m, json_pack("{s:s, s:b}", "zone", zone, "drop-registered", r->drop_registered));
	/* An answer that comes early is a refusal; the daemon still waits for the end. */
	for (const struct batch *b = r->first;
	     b != NULL && status == STATUS_DONE && !control_has_answer(m); b = b->next)
		status = control_send(m, FRAME_RECORDS, (struct bytes){b->octets, b->n});
	if (status == STATUS_DONE)
		status = control_send(m, FRAME_END, (struct bytes){NULL, 0});
	if (m->ahead != NULL)
		return status != STATUS_DONE ? status : ahead_add(m->ahead, &r->places, octets);
	m->places = r->places;
	if (status == STATUS_DONE)
		status = control_finish(m);
	m->places = NULL;
	return status;
}

static enum status
options_read(struct reading *r, int argc, char **argv)
{
	static const struct option options[] = {{"private-locators", no_argument, NULL, 'p'},
	    {"realm", required_argument, NULL, 'r'},
	    {"drop-registered", no_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
	const char *why = NULL;
	char text[OPTION_TEXT];
	enum status status;
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (option == 'p')
			r->private_locators = true;
		else if (option == 'd' && r->keeps)
			r->drop_registered = true;
		else if (option != 'r')
			return usage_option(r->m, option, argv, options);
		else if (r->n_realms == REALMS)
			return usage(r->m, "--realm %s: the 17th; at most 16 can be given",
			    option_short(optarg, text));
		else if (realm_scan(optarg, &r->realms[r->n_realms++], &why) != 0)
			return usage(r->m, "--realm %s: %s", option_short(optarg, text), why);
	}
	status = words_check(r->m, argc - optind, argv + optind, "ZONE FILE");
	if (status == STATUS_DONE)
		status = zone_name_scan(r->m, argv[optind], &r->zone);
	if (status == STATUS_DONE)
		status = path_check(r->m, "FILE", argv[optind + 1]);
	if (status == STATUS_DONE)
		r->path = argv[optind + 1];
	return status;
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

	if (r != NULL)
		r->places = places_new();
	if (r == NULL || r->places == NULL) {
		free(r);
		return fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	}
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
	places_free(r->places);
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
