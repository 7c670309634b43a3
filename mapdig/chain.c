/*
 * chain.c - follows signatures from the data to the top, and says where they stop to hold.
 * A second opinion for the reader: the verdicts come from the look-up itself.
 */
#include "mapdig/chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "mapdig/wire.h"

#define CHAIN_ZONES 16
#define CHAIN_SET 32 /* records of a set that are looked at */
#define CHAIN_SETS 8 /* sets of one answer */
#define CHAIN_ROOM 65536
#define DS_SHA256 2

/* One set of an answer, RDATA borrowed from the packet or the room of the walk. */
struct chain_set {
	struct name owner;
	uint16_t type;
	uint32_t ttl;
	size_t n;
	struct bytes rdata[CHAIN_SET];
	size_t n_signatures;
	struct rrsig signatures[CHAIN_SIGNATURES];
};

/* A zone met as a signer. */
struct chain_zone {
	struct name name;
	struct packet packet; /* its DNSKEY set */
	size_t n;
	struct bytes keys[CHAIN_SET];
	int error;
	int cause; /* errno */
};

struct walk_up {
	struct addr server;
	uint64_t now;
	struct chain *chain;
	bool silent; /* the server let a question time out: no more of them */
	size_t n_zones;
	struct chain_zone zones[CHAIN_ZONES];
	size_t n_sets;
	struct chain_set sets[CHAIN_SETS];
	uint8_t room[CHAIN_ROOM]; /* RDATA uncompressed */
	size_t room_n;
	uint8_t text[CHAIN_ROOM]; /* what is signed */
};

int
chain_broken(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n; i++) {
		const struct chain_link *link = &chain->links[i];
		bool is_good = link->n_signatures == 0;

		for (size_t k = 0; k < link->n_signatures; k++)
			is_good |= link->signatures[k].good;
		if (link->bad || !is_good)
			return (int)i;
	}
	return -1;
}

static struct chain_set *
set_of(struct walk_up *up, const struct name *owner, uint16_t type, uint32_t ttl)
{
	for (size_t i = 0; i < up->n_sets; i++)
		if (up->sets[i].type == type && name_equal(&up->sets[i].owner, owner))
			return &up->sets[i];
	if (up->n_sets == CHAIN_SETS)
		return NULL;
	up->sets[up->n_sets] = (struct chain_set){.owner = *owner, .type = type, .ttl = ttl};
	return &up->sets[up->n_sets++];
}

static void
set_take(struct walk_up *up, const struct message *message, const struct record *r)
{
	struct rd rd = rd_init_within(message->wire, r->rdata);
	struct wr wr = wr_init(up->room + up->room_n, sizeof up->room - up->room_n);
	struct rrsig sig;
	struct chain_set *set;
	int error;

	if (r->type == RR_RRSIG) {
		set = rrsig_read(r->rdata, &sig) == 0
			  ? set_of(up, &r->owner, sig.covered, r->ttl)
			  : NULL;
		if (set != NULL && set->n_signatures < CHAIN_SIGNATURES)
			set->signatures[set->n_signatures++] = sig;
		return;
	}
	error = rdata_read(r->type, &rd, r->rdata.n, &wr);
	set = set_of(up, &r->owner, r->type, r->ttl);
	if ((error != 0 && error != -MAP_EUNKNOWN) || set == NULL || set->n == CHAIN_SET)
		return;
	set->rdata[set->n++] = wr_done(&wr);
	up->room_n += wr.n;
}

/* The sets of one section; negative answers are in authority. */
static void
sets_read(struct walk_up *up, const struct message *message, enum section section)
{
	struct records it = records_of(message);
	struct record r;

	up->n_sets = 0;
	up->room_n = 0;
	while (records_next(&it, &r))
		if (r.section == section && r.class == CLASS_IN)
			set_take(up, message, &r);
}

static const char *
ask_why(int error, int cause, char text[CHAIN_TEXT])
{
	snprintf(text, CHAIN_TEXT, "no answer: %s",
	    error == -MAP_ESYS ? strerror(cause) : error_text(error));
	return text;
}

static int
walk_ask(struct walk_up *up, const struct name *name, uint16_t type, struct packet *out)
{
	int error = up->silent ? -MAP_ETIMEOUT : wire_ask(&up->server, name, type, out);

	if (error == -MAP_ETIMEOUT)
		up->silent = true;
	return error;
}

/* The zone's keys, asked for once. NULL: too many zones. */
static const struct chain_zone *
zone_of(struct walk_up *up, const struct name *name)
{
	struct chain_zone *zone;
	struct records it;
	struct record r;

	for (size_t i = 0; i < up->n_zones; i++)
		if (name_equal(&up->zones[i].name, name))
			return &up->zones[i];
	if (up->n_zones == CHAIN_ZONES)
		return NULL;
	zone = &up->zones[up->n_zones++];
	zone->name = *name;
	zone->error = walk_ask(up, name, RR_DNSKEY, &zone->packet);
	zone->cause = errno;
	if (zone->error != 0)
		return zone;
	it = records_of(&zone->packet.message);
	while (records_next(&it, &r))
		if (r.section == SECTION_ANSWER && r.type == RR_DNSKEY &&
		    name_equal(&r.owner, name) && r.rdata.n > 4 && zone->n < CHAIN_SET)
			zone->keys[zone->n++] = r.rdata;
	return zone;
}

static struct chain_link *
link_new(struct walk_up *up, const struct name *owner, uint16_t type)
{
	struct chain *chain = up->chain;
	struct chain_link *link;
	char mnemonic[16];

	if (chain->n == CHAIN_LINKS) {
		chain->cut = true;
		return NULL;
	}
	link = &chain->links[chain->n++];
	link->owner = *owner;
	snprintf(link->type, sizeof link->type, "%s", rrtype_print(type, mnemonic));
	return link;
}

/* Why the octets are not signed by this key; NULL: they are. */
static const char *
signature_check(
    struct walk_up *up, const struct chain_set *set, const struct rrsig *sig, struct bytes key)
{
	struct rrset rrset = {&set->owner, set->type, CLASS_IN, set->ttl, set->n, set->rdata};
	struct wr wr = wr_init(up->text, sizeof up->text);
	struct crypto_key *public;
	struct bytes text;
	int error;

	if (crypto_key_from_public(sig->algorithm, key.p + 4, key.n - 4, &public) != 0)
		return "the zone's key is malformed";
	error = dnssec_signed(&wr, sig, &rrset);
	text = wr_done(&wr);
	if (error == 0)
		error =
		    crypto_verify(public, text.p, text.n, sig->signature.p, sig->signature.n);
	crypto_key_free(public);
	return error == 0 ? NULL : "the signature does not fit the records";
}

static void
signature_judge(struct walk_up *up, const struct chain_set *set, const struct rrsig *sig,
    struct chain_signature *out)
{
	const struct chain_zone *zone = zone_of(up, &sig->signer);
	const char *why = "no key of the zone has this tag and algorithm";
	uint32_t now = (uint32_t)up->now;

	*out = (struct chain_signature){.signer = sig->signer,
	    .tag = sig->tag,
	    .algorithm = sig->algorithm,
	    .inception = sig->inception,
	    .expiration = sig->expiration};
	for (size_t i = 0; zone != NULL && i < zone->n && why != NULL; i++)
		if (zone->keys[i].p[3] == sig->algorithm &&
		    dnssec_key_tag(zone->keys[i]) == sig->tag)
			why = crypto_public_size(sig->algorithm) > 0
				  ? signature_check(up, set, sig, zone->keys[i])
				  : "";
	if (zone != NULL && zone->error != 0)
		why = "the zone's keys could not be had";
	if (serial_after(now, sig->expiration))
		why = "has expired";
	else if (serial_after(sig->inception, now))
		why = "is not yet valid";
	out->good = why == NULL || why[0] == '\0';
	if (why != NULL)
		snprintf(out->why, sizeof out->why, "%s",
		    why[0] != '\0' ? why
				   : "time and key fit; its algorithm is not computed here");
}

static struct chain_link *
link_set(struct walk_up *up, const struct chain_set *set, const char *what)
{
	struct chain_link *link = link_new(up, &set->owner, set->type);

	if (link == NULL)
		return NULL;
	link->ttl = set->ttl;
	link->n_records = set->n;
	for (size_t i = 0; i < set->n_signatures; i++)
		signature_judge(up, set, &set->signatures[i], &link->signatures[i]);
	link->n_signatures = set->n_signatures;
	snprintf(
	    link->what, sizeof link->what, "%s", set->n_signatures > 0 ? what : "not signed");
	return link;
}

/* All sets of an answer, or of a proof that there is none. */
static void
links_of_answer(
    struct walk_up *up, const struct name *name, uint16_t type, const struct message *message)
{
	unsigned rcode = message_rcode(message);
	struct chain_link *link;

	sets_read(up, message, SECTION_ANSWER);
	if (up->n_sets == 0) {
		link = link_new(up, name, type);
		if (link != NULL)
			snprintf(link->what, sizeof link->what, "%s",
			    rcode == RCODE_NXDOMAIN  ? "the name does not exist"
			    : rcode == RCODE_NOERROR ? "no such records"
						     : "the server has no answer");
		if (link != NULL && rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN)
			link->bad =
			    type != RR_DS; /* a server may well not have the zone above */
		sets_read(up, message, SECTION_AUTHORITY);
	}
	for (size_t i = 0; i < up->n_sets; i++)
		(void)link_set(up, &up->sets[i], "");
}

static void
link_failed(struct walk_up *up, const struct name *name, uint16_t type, int error, int cause)
{
	struct chain_link *link = link_new(up, name, type);

	if (link == NULL)
		return;
	link->bad = true;
	ask_why(error, cause, link->what);
}

static void
walk_question(struct walk_up *up, const struct name *name, uint16_t type)
{
	struct packet packet;
	int error = walk_ask(up, name, type, &packet);

	if (error != 0) {
		link_failed(up, name, type, error, errno);
		return;
	}
	links_of_answer(up, name, type, &packet.message);
	wire_free(&packet);
}

/* "257 tag 14272 algorithm 13, ...": the keys of a zone. */
static void
keys_print(const struct chain_zone *zone, char text[CHAIN_TEXT])
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < zone->n && at < CHAIN_TEXT; i++)
		at += (size_t)snprintf(text + at, CHAIN_TEXT - at, "%s%u tag %u algorithm %u",
		    i > 0 ? ", " : "", (unsigned)get_u16(zone->keys[i].p),
		    (unsigned)dnssec_key_tag(zone->keys[i]), (unsigned)zone->keys[i].p[3]);
}

static bool
ds_fits(struct bytes ds, const struct chain_zone *zone)
{
	uint8_t digest[32];

	if (ds.n != 4 + sizeof digest || ds.p[3] != DS_SHA256)
		return false;
	for (size_t i = 0; i < zone->n; i++)
		if (dnssec_key_tag(zone->keys[i]) == get_u16(ds.p) &&
		    trust_ds(&zone->name, zone->keys[i], digest) == 0 &&
		    memcmp(digest, ds.p + 4, sizeof digest) == 0)
			return true;
	return false;
}

static void
walk_ds(struct walk_up *up, const struct chain_zone *zone)
{
	struct packet packet;
	struct chain_link *link;
	size_t first = up->chain->n;
	bool fits = false;
	int error = walk_ask(up, &zone->name, RR_DS, &packet);

	if (error != 0) {
		link_failed(up, &zone->name, RR_DS, error, errno);
		return;
	}
	links_of_answer(up, &zone->name, RR_DS, &packet.message);
	sets_read(up, &packet.message, SECTION_ANSWER);
	link = first < up->chain->n ? &up->chain->links[first] : NULL;
	if (link != NULL && up->n_sets > 0 && up->sets[0].type == RR_DS) {
		for (size_t i = 0; i < up->sets[0].n; i++)
			fits |= ds_fits(up->sets[0].rdata[i], zone);
		link->bad = !fits && zone->n > 0;
		snprintf(link->what, sizeof link->what, "%s",
		    fits ? "fits a key" : "fits no key of the zone below");
	} else if (link != NULL && up->n_sets == 0) {
		snprintf(link->what, sizeof link->what,
		    "none here: the top, where a trust anchor has to be");
	}
	wire_free(&packet);
}

static void
walk_zone(struct walk_up *up, const struct chain_zone *zone)
{
	char text[CHAIN_TEXT];

	if (zone->error != 0) {
		link_failed(up, &zone->name, RR_DNSKEY, zone->error, zone->cause);
		return;
	}
	keys_print(zone, text);
	sets_read(up, &zone->packet.message, SECTION_ANSWER);
	for (size_t i = 0; i < up->n_sets; i++)
		if (up->sets[i].type == RR_DNSKEY)
			(void)link_set(up, &up->sets[i], text);
	if (zone->name.n > 1)
		walk_ds(up, zone);
}

static void
walk_result(struct walk_up *up, const struct result *result)
{
	if (result->asked.n > 0) {
		if (result->kind == RESULT_LEGACY)
			walk_question(up, &result->asked, RR_AAAA);
		walk_question(up, &result->asked, RR_EPID);
	}
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		if (id->owner.n > 0 && id->id.form != EID_NONE)
			walk_question(up, &id->owner, RR_ELOC);
		for (size_t k = 0; k < id->n_sets && k < MAPPING_SETS; k++)
			walk_question(up, &id->sets[k].name, RR_ELOC);
	}
	/* Judging them has filled the list of zones; each may add the zone above it. */
	for (size_t i = 0; i < up->n_zones; i++)
		walk_zone(up, &up->zones[i]);
}

int
chain_ask(
    const struct addr *server, const struct result *result, uint64_t now, struct chain **out)
{
	struct walk_up *up = calloc(1, sizeof *up);
	struct chain *chain = calloc(1, sizeof *chain);

	if (up == NULL || chain == NULL) {
		free(up);
		free(chain);
		return -MAP_ENOMEM;
	}
	up->server = *server;
	up->now = now;
	up->chain = chain;
	addr_print(server, chain->server);
	walk_result(up, result);
	for (size_t i = 0; i < up->n_zones; i++)
		wire_free(&up->zones[i].packet);
	free(up);
	*out = chain;
	return 0;
}
