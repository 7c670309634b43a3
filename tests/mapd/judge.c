/*
 * judge.c - signatures of an answer, judged by the DNSKEY set that the same server gives out.
 */
#include "tests/mapd/judge.h"

#include "core/sys/crypto.h"
#include "core/sys/loop.h"
#include "core/wire/dnssec.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"

#define HOUR 3600u
#define DAY (24 * HOUR)

static bool
key_signed(struct bytes dnskey, const struct rrsig *sig, struct bytes octets)
{
	struct crypto_key *key;
	bool good;

	if (dnskey.n < 5 || dnssec_key_tag(dnskey) != sig->tag ||
	    dnskey.p[3] != sig->algorithm || (get_u16(dnskey.p) & DNSKEY_ZONE) == 0 ||
	    crypto_key_from_public(sig->algorithm, dnskey.p + 4, dnskey.n - 4, &key) != 0)
		return false;
	good = crypto_verify(key, octets.p, octets.n, sig->signature.p, sig->signature.n) == 0;
	crypto_key_free(key);
	return good;
}

/* A key of the signer's zone, as the server has it, made this signature. */
static bool
zone_signed(const struct case_server *server, const struct rrsig *sig, struct bytes octets)
{
	static uint8_t answer[SERVE_TCP_MAX];
	uint8_t query[HEADER_SIZE + NAME_WIRE + 4];
	struct wr wr = wr_init(query, sizeof query);
	struct message m;
	struct records it;
	struct record record;
	size_t n;

	wr_u32(&wr, 0x7a7a0000);
	wr_u16(&wr, 1);
	wr_u32(&wr, 0);
	wr_u16(&wr, 0);
	name_put(&wr, &sig->signer);
	wr_u16(&wr, RR_DNSKEY);
	wr_u16(&wr, CLASS_IN);
	n = server->ask(server->arg, TRANSPORT_TCP, wr_done(&wr), answer);
	if (n == 0 || message_parse((struct bytes){answer, n}, &m) != 0)
		return false;
	it = records_of(&m);
	while (records_next(&it, &record))
		if (record.section == SECTION_ANSWER && record.type == RR_DNSKEY &&
		    name_equal(&record.owner, &sig->signer) &&
		    key_signed(record.rdata, sig, octets))
			return true;
	return false;
}

/* Protocol 5, and what a resolver with a wrong clock needs: begun an hour ago, more left than the TTL. */
static const char *
judge_times(const struct rrsig *sig)
{
	uint64_t now = clock_seconds();
	uint32_t whole =
	    sig->covered == RR_EPID || sig->covered == RR_ELOC ? 3 * DAY : 14 * DAY;

	if (!serial_after((uint32_t)(now - HOUR + 1), sig->inception))
		return "inception is less than an hour ago";
	if (!serial_after(sig->expiration, (uint32_t)now + whole / 2))
		return "expires too early";
	if (serial_after(sig->expiration, (uint32_t)now + whole))
		return "expires too late";
	return NULL;
}

const char *
judge_signature(const struct case_server *server, const struct rrset *set, struct bytes rdata)
{
	static uint8_t octets[1u << 20];
	struct wr wr = wr_init(octets, sizeof octets);
	struct rrsig sig;
	struct rrset original = *set;

	if (rrsig_read(rdata, &sig) != 0 || sig.covered != set->type || set->ttl > sig.ttl)
		return "not its RRSIG";
	/* a set that a wildcard gave has fewer labels in its signature, no set has more */
	if (sig.labels > dnssec_labels(set->owner))
		return "more labels in the RRSIG than in the name";
	if (!name_is_below(set->owner, &sig.signer))
		return "signed by another zone";
	original.ttl = sig.ttl;
	if (dnssec_signed(&wr, &sig, &original) != 0 ||
	    !zone_signed(server, &sig, wr_done(&wr)))
		return "the signature does not verify";
	return judge_times(&sig);
}
