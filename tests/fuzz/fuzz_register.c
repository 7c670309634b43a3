/*
 * fuzz_register.c - any octets as an UPDATE to two zones of a real database, signed by whom the first octet says: the
 * writer's commit takes or refuses it, nobody's but his own names change, and the zones are what a load would make.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/rrtype.h"
#include "mapd/commit.h"
#include "mapd/draft.h"
#include "mapd/expiry.h"
#include "mapd/people.h"
#include "mapd/prove.h"
#include "mapd/replay.h"
#include "mapd/update_key.h"
#include "tests/fuzz/ledger.h"
#include "tests/store/past.h"

#define LOOK 256 /* inputs between looks at all of a zone */
#define REPLAYS \
	16 /* inputs until messages of before are forgotten: few of a key are remembered */
#define FRESH (8 * LOOK) /* inputs until all begins anew */
#define ZONES 2
#define TOGETHER 4 /* updates that share a commit, at most */
#define ME "05e437dbb22e81cb3e" /* of the first key, below the prefix of the first zone */

/* The first octet: who, then bits. */
enum { BY_ADMIN, BY_ME, BY_OTHER, BY_ENROLLED, BY_BANNED, BY_HOST, BY_ITSELF, BY_ITSELF_TOO };
#define WHO 0x07
#define DRY 0x08 /* nothing may be written */
#define AGAIN 0x10 /* comes twice */
#define KIND 0x60 /* the zone's policy */
#define PROVES 0x80 /* locators are to be proved */

static struct zone_rule rules[ZONES];
static struct name site[ZONES], given[ZONES];
static uint8_t public_key[BY_HOST + 1][32];
static struct actor actors[ZONES][BY_HOST + 1];
static struct prover *prover;
static struct snapshot *snap;
static uint32_t serial[ZONES];
static unsigned inputs, answered;
static uint64_t number; /* of the message */

/* --- the zones --- */

static const char *const apexes[ZONES] = {"nsec.test.", "zone.test."};

static void
zone_load(unsigned z)
{
	shop_begin(apexes[z]);
	shop_add_apex("1");
	shop_add("a", 300, "TXT", "\"t\"");
	shop_add("c", 300, "CNAME", "a");
	shop_add("deep.down.d", 300, "TXT", "\"t\"");
	shop_add("ns", 300, "A", "192.0.2.1");
	shop_add("site", 300, "ELOC", "10 60 net:2001:db8:a::/48 path=isp-a");
	shop_add("sub", 300, "NS", "ns.sub");
	shop_add("ns.sub", 300, "A", "192.0.2.3");
	shop_add("*.w", 300, "MX", "10 a");
	shop_add("www", 300, "A", "192.0.2.2");
	shop_load_good();
	serial[z] = shop_zone().serial;
}

static void
actors_make(unsigned z)
{
	for (int who = BY_ME; who <= BY_HOST; who++) {
		struct actor *actor = &actors[z][who];
		struct eid id = {.form = EID_KEY, .name = rules[z].apex};
		const char *name = who == BY_HOST ? "host" : ME;

		*actor =
		    (struct actor){.kind = ACTOR_KEY, .algorithm = CRYPTO_ED25519, .key_n = 32};
		memcpy(actor->key, public_key[who], 32);
		HOLDS(trust_digest(CRYPTO_ED25519, (struct bytes){actor->key, 32}, id.digest) ==
		      0);
		if (who == BY_HOST || (who == BY_ME && z == 1))
			HOLDS(name_scan(name, strlen(name), &rules[z].apex, &actor->name) == 0);
		else
			HOLDS(eid_owner_own(&id, &actor->name) == 0);
	}
}

/* Claims are none, and what the operator said of identities is said again. */
static void
people_make(void)
{
	struct person enrolled = {.flags = PERSON_ENROLLED, .enrolled = 1};
	struct person banned = {.flags = PERSON_ENROLLED | PERSON_BANNED, .banned = 1};
	struct change *change;
	struct name owner;

	HOLDS(change_begin(shop.store, &change) == 0);
	while (ledger_first(change, &owner))
		claim_remove(change, &name_root, &owner);
	for (unsigned z = 0; z < ZONES; z++) {
		const struct name *identity = &actors[z][BY_ENROLLED].name;

		person_put(change, &actors[z][BY_ME].name, &enrolled);
		person_put(change, identity, &enrolled);
		person_put(change, &actors[z][BY_BANNED].name, &banned);
		assigned_remove(change, &given[z]);
		HOLDS(assigned_put(change, &given[z], identity) == 0);
	}
	HOLDS(change_commit(change) == 0);
}

static void
world_reset(void)
{
	for (unsigned z = 0; z < ZONES; z++)
		zone_load(z);
	people_make();
	ledger_forget();
}

static void waiting_free(void);

static void
world_end(void)
{
	waiting_free();
	snapshot_free(snap);
	prover_free(prover);
	(void)shop_teardown(NULL);
}

static void
rules_make(void)
{
	static const uint8_t prefix[16] = {0x20, 0x01, 0x00, 0x3f, 0xfe, 0x00, 0x0a};

	for (unsigned z = 0; z < ZONES; z++) {
		HOLDS(name_from(apexes[z], &rules[z].apex) == 0);
		HOLDS(name_scan("site", 4, &rules[z].apex, &site[z]) == 0);
		HOLDS(name_scan("given", 5, &rules[z].apex, &given[z]) == 0);
		rules[z].denial = z == 0 ? DENIAL_NSEC : DENIAL_NSEC3;
		rules[z].private_locators = true;
		actors_make(z);
	}
	shop.realm = (struct realm){.length = 56, .suffix = rules[1].apex};
	memcpy(shop.realm.prefix, prefix, 16);
	shop.rules = (struct rules){.zones = rules,
	    .n_zones = ZONES,
	    .realms = &shop.realm,
	    .n_realms = 1,
	    .journal = 1 << 20};
}

static void
world_begin(void)
{
	static const uint8_t first[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5,
	    0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23,
	    0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

	HOLDS(shop_setup(NULL) == 0);
	for (uint8_t who = BY_ME; who <= BY_HOST; who++)
		memset(public_key[who], who, 32);
	memcpy(public_key[BY_ME], first, 32);
	rules_make();
	HOLDS(snapshot_new(shop.store, &snap) == 0);
	HOLDS(prover_new((struct bytes){first, 32}, &prover) == 0);
	HOLDS(store_set_lazy(shop.store, true) == 0);
	world_reset();
	/* last, to be called before what OpenSSL does at the end: threads that sign end here */
	atexit(world_end);
}

/* --- one update --- */

static void
update_done(struct proposal *list)
{
	for (; list != NULL; list = list->next)
		answered++;
}

/* The zone of an update, or none of ours. */
static unsigned
zone_index(const struct proposal *p)
{
	unsigned z = 0;

	while (z < ZONES && !name_equal(&rules[z].apex, &p->update.zone))
		z++;
	return z;
}

static void
policy_make(unsigned z, uint8_t way)
{
	static const enum policy_kind kinds[] = {
	    POLICY_OPEN, POLICY_ENROLLED, POLICY_CLOSED, POLICY_OPEN};
	struct policy *policy = &rules[z].policy;

	policy_defaults(policy, kinds[(way & KIND) >> 5]);
	policy->verify_locators = (way & PROVES) != 0;
	policy->private_locators = true;
	policy->sites = &site[z];
	policy->n_sites = 1;
	policy->lease_least = 1;
	if ((way & KIND) == KIND) {
		policy->identities_of_source = 2;
		policy->identities_unproved = 2;
		policy->names = 1;
		policy->octets = 300;
	}
	shop.work.prover = (way & PROVES) != 0 ? prover : NULL;
}

/* Whoever the message says has signed it, if a worker would let a key of his be tried; false: it would not. */
static bool
actor_of_message(struct proposal *p, unsigned z)
{
	struct change *change;
	struct zone zone;
	struct update_signer from = {.snap = snap,
	    .zone = &zone,
	    .realms = &shop.realm,
	    .n_realms = 1,
	    .open = rules[z].policy.kind == POLICY_OPEN};
	bool found;

	if (sig0_read(&p->message, &p->sig0) != 0 ||
	    !name_is_below(&p->sig0.signer, &rules[z].apex))
		return false;
	HOLDS(change_begin(shop.store, &change) == 0);
	HOLDS(work_zone(change, &rules[z].apex, &zone));
	change_abort(change);
	HOLDS(snapshot_take(snap) == 0);
	found = update_key_find(&from, p);
	snapshot_release(snap);
	return found;
}

static bool
actor_make(struct proposal *p, unsigned z, uint8_t who)
{
	uint32_t now = (uint32_t)clock_seconds();

	if (who == BY_ADMIN) {
		p->seal = SEALED_TSIG;
		p->actor.kind = ACTOR_ADMIN;
		p->tsig.time = now;
		p->tsig.fudge = 300;
		return true;
	}
	p->seal = SEALED_SIG0;
	if (who >= BY_ITSELF) {
		if (!actor_of_message(p, z))
			return false;
	} else {
		p->actor = actors[z][who];
	}
	p->sig0.inception = now;
	p->sig0.expiration = now + 300;
	return true;
}

/* What nobody's key may change, as it is. */
struct guarded {
	struct draft draft;
	struct change *change;
	bool is;
};

static void
guard_read(struct guarded *g, unsigned z, const struct name *owner)
{
	struct zone zone;
	uint8_t key[NODE_KEY];
	struct bytes value = {0};

	HOLDS(change_begin(shop.store, &g->change) == 0);
	HOLDS(work_zone(g->change, &rules[z].apex, &zone));
	if (!change_get(g->change, TABLE_NODES,
		(struct bytes){key, node_key(zone.id, owner, key)}, &value))
		value.p = NULL;
	HOLDS(draft_read(&g->draft, value) == 0);
	g->is =
	    g->draft.n > 0 && !draft_has(&g->draft, RR_KEY) && !draft_has(&g->draft, RR_EPID);
}

/* All that is at a name without a KEY, as octets; the SOA's serial apart. */
static size_t
guard_octets(unsigned z, const char *text, uint8_t octets[65536], bool *is)
{
	struct guarded g = {0};
	struct wr wr = wr_init(octets, 65536);
	struct name owner;

	HOLDS(name_scan(text, strlen(text), &rules[z].apex, &owner) == 0);
	guard_read(&g, z, &owner);
	for (size_t i = 0; i < g.draft.n; i++) {
		const struct draft_record *record = &g.draft.records[i];

		wr_u16(&wr, record->type);
		wr_u32(&wr, record->ttl);
		if (record->type != RR_SOA)
			wr_bytes(&wr, record->rdata);
	}
	*is = g.is && wr.error == 0;
	change_abort(g.change);
	draft_fini(&g.draft);
	return wr.n;
}

static const char *const guarded[] = {"@", "ns", "www", "a", "c", "site", "sub"};
#define GUARDED (sizeof guarded / sizeof guarded[0])

/* Those that are committed together. */
static struct proposal *waiting[TOGETHER];
static unsigned zone_of[TOGETHER];
static size_t n_waiting;

static void
verdict_holds(const struct proposal *p, unsigned z, const uint32_t before[ZONES])
{
	const struct verdict *v = &p->verdict;

	HOLDS(v->rcode != RCODE_SERVFAIL && v->rcode != RCODE_FORMERR);
	HOLDS(v->n_prove <= PROVE_MOST && (v->n_prove == 0 || v->rcode == RCODE_REFUSED));
	HOLDS(!v->lease.present || (v->rcode == RCODE_NOERROR && p->update.lease.present));
	HOLDS(memchr(v->text, '\0', sizeof v->text) != NULL);
	/* several SOAs together may go around the circle of serials */
	if (v->rcode == RCODE_NOERROR && !p->dry && n_waiting == 1)
		HOLDS(
		    !serial_after(before[z], v->serial) && !serial_after(v->serial, serial[z]));
}

/* Serials never go back, and stay where nothing was taken. */
static void
serials_hold(const uint32_t before[ZONES])
{
	for (unsigned z = 0; z < ZONES; z++) {
		bool taken = false;

		for (size_t i = 0; i < n_waiting; i++)
			taken |= zone_of[i] == z && !waiting[i]->dry &&
				 waiting[i]->verdict.rcode == RCODE_NOERROR;
		HOLDS(serial[z] == before[z] ||
		      (taken && (n_waiting > 1 || serial_after(serial[z], before[z]))));
	}
}

static void
serials_read(uint32_t out[ZONES])
{
	for (unsigned z = 0; z < ZONES; z++) {
		HOLDS(name_from(apexes[z], &shop.apex) == 0);
		out[z] = shop_zone().serial;
	}
}

static void
waiting_commit(void)
{
	uint32_t before[ZONES];

	serials_read(before);
	for (size_t i = 0; i < n_waiting; i++)
		waiting[i]->next = i + 1 < n_waiting ? waiting[i + 1] : NULL;
	answered = 0;
	commit_updates(&shop.work, waiting[0]);
	HOLDS(answered == n_waiting);
	serials_read(serial);
	serials_hold(before);
	for (size_t i = 0; i < n_waiting; i++)
		verdict_holds(waiting[i], zone_of[i], before);
}

static void
waiting_run(void)
{
	static uint8_t before[ZONES * GUARDED][65536], after[65536];
	size_t n[ZONES * GUARDED];
	bool is[ZONES * GUARDED], still, by_keys = true;

	for (size_t i = 0; i < n_waiting; i++)
		by_keys &= waiting[i]->actor.kind == ACTOR_KEY;
	for (unsigned i = 0; i < ZONES * GUARDED && by_keys; i++)
		n[i] = guard_octets(i % ZONES, guarded[i / ZONES], before[i], &is[i]);
	waiting_commit();
	for (unsigned i = 0; i < ZONES * GUARDED && by_keys; i++)
		if (is[i]) {
			HOLDS(
			    guard_octets(i % ZONES, guarded[i / ZONES], after, &still) == n[i]);
			HOLDS(memcmp(before[i], after, n[i]) == 0);
		}
}

static void
waiting_free(void)
{
	while (n_waiting > 0)
		proposal_free(waiting[--n_waiting]);
}

/* --- all of it --- */

static void
zone_holds(unsigned z)
{
	static uint8_t a[GARDEN_OCTETS], b[GARDEN_OCTETS];
	struct bytes in_place, anew;
	struct journal_head head;

	HOLDS(name_from(apexes[z], &shop.apex) == 0);
	HOLDS(journal_walk(&head) >= 0);
	in_place = garden_digest(a);
	if (work_rebuild(&shop.work, &shop.apex, &shop.outcome) != 0) {
		fprintf(stderr, "zone %s: %s\n", apexes[z], shop.outcome.why);
		HOLDS(!"what updates made can be made anew");
	}
	anew = garden_digest(b);
	HOLDS(bytes_equal(in_place, anew));
	serial[z] = shop_zone().serial;
}

static void
world_holds(void)
{
	struct change *change;

	for (unsigned z = 0; z < ZONES; z++)
		zone_holds(z);
	HOLDS(change_begin(shop.store, &change) == 0);
	ledger_holds(change);
	change_abort(change);
}

/* The update as a worker gives it to the writer; NULL: it would not. */
static struct proposal *
proposal_make(struct bytes input, unsigned *z)
{
	uint8_t way = input.p[0], client[4] = {192, 0, (uint8_t)(way & 1), 1};
	struct proposal *p;
	const char *why;

	if (proposal_new((struct bytes){input.p + 1, input.n - 1}, &p) != 0)
		return NULL;
	p->dry = (way & DRY) != 0;
	p->done = update_done;
	claim_source((struct bytes){client, 4}, p->source);
	p->shown = (way & 2) == 0;
	put_u64(p->digest, number);
	if (update_read(&p->message, &p->update, &why) == RCODE_NOERROR &&
	    (*z = zone_index(p)) < ZONES) {
		policy_make(*z, way);
		if (actor_make(p, *z, way & WHO))
			return p;
	}
	proposal_free(p);
	return NULL;
}

/* The same once more, if it was taken, changes nothing and is answered so too. */
static void
again_holds(struct bytes input, const struct proposal *first, unsigned z)
{
	uint32_t before = serial[z];
	struct proposal *p;

	if (first->verdict.rcode != RCODE_NOERROR || first->dry ||
	    (p = proposal_make(input, &z)) == NULL)
		return;
	answered = 0;
	commit_updates(&shop.work, p);
	HOLDS(answered == 1 && p->verdict.rcode == first->verdict.rcode);
	HOLDS(name_from(apexes[z], &shop.apex) == 0);
	HOLDS(shop_zone().serial == before);
	proposal_free(p);
}

/* An hour and a half goes by, or ten days: leases end, of a mapping or of its KEY as well. */
static void
claims_age(void)
{
	struct change *change;
	unsigned steps = 0;

	HOLDS(change_begin(shop.store, &change) == 0);
	ledger_age(change, inputs % (4 * REPLAYS) == 0 ? 10 * 86400 : 5400);
	HOLDS(change_commit(change) == 0);
	while (expiry_step(&shop.work, 60) == 0)
		HOLDS(steps++ < 64);
}

/* From time to time, for it costs too much. */
static void
world_look(void)
{
	if (inputs % REPLAYS == 0) {
		replay_free(shop.work.replay);
		HOLDS(replay_new(&shop.work.replay) == 0);
		claims_age();
	}
	if (inputs++ % LOOK == 0)
		world_holds();
	if (inputs % FRESH == 0)
		world_reset();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct proposal *p;
	unsigned z;

	if (shop.store == NULL)
		world_begin();
	if (n < 1 || n > UINT16_MAX)
		return 0;
	number++;
	ledger_note(data, n);
	p = proposal_make((struct bytes){data, n}, &z);
	if (p != NULL) {
		zone_of[n_waiting] = z;
		waiting[n_waiting++] = p;
	} else
		ledger_drop();
	/* for a while each alone, then two together, and so on */
	if (n_waiting > number / LOOK % TOGETHER) {
		waiting_run();
		if (n_waiting == 1 && p != NULL && (data[0] & AGAIN) != 0)
			again_holds((struct bytes){data, n}, p, z);
		waiting_free();
		world_look();
	}
	ledger_good();
	return 0;
}
