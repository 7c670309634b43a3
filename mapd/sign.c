/*
 * sign.c - signatures over RRsets, and how long they live (protocol 5).
 * Makes the octets by core/wire, the signature by the keyring; knows nothing of the store.
 */
#include "mapd/sign.h"

#include "core/sys/crypto.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define HOUR 3600u
#define DAY (24 * HOUR)

/* A resolver's clock may be behind ours. */
#define SIGN_BACKDATE HOUR

static const struct lifetime {
	uint32_t whole;
	uint32_t left; /* renewed when no more is left */
	uint32_t jitter; /* expirations are spread over that much, so that renewals are too */
} lifetime_mapping = {3 * DAY, 36 * HOUR, 6 * HOUR}, lifetime_other = {14 * DAY, 4 * DAY, DAY};

static const struct lifetime *
lifetime_of(uint16_t covered)
{
	return covered == RR_EPID || covered == RR_ELOC ? &lifetime_mapping : &lifetime_other;
}

int
signer_init(struct signer *signer, const struct name *apex, const struct secret *secret,
    struct bytes dnskey, uint64_t now)
{
	signer->secret = secret;
	signer->apex = *apex;
	name_fold(&signer->apex);
	signer->tag = dnssec_key_tag(dnskey);
	signer->algorithm = (uint8_t)secret_algorithm(secret);
	signer->now = now;
	return crypto_random(&signer->random, sizeof signer->random);
}

/* splitmix64: spreads expirations; nobody gains by guessing them. */
static uint32_t
signer_jitter(struct signer *signer, uint32_t below)
{
	uint64_t z = signer->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) % below);
}

int
sign_prepare(
    struct signer *signer, const struct rrset *set, struct wr *messages, struct signature *out)
{
	const struct lifetime *life = lifetime_of(set->type);
	size_t at = messages->n;
	int rc;

	out->secret = signer->secret;
	out->error = 0;
	out->sig = (struct rrsig){.covered = set->type,
	    .algorithm = signer->algorithm,
	    .labels = (uint8_t)dnssec_labels(set->owner),
	    .ttl = set->ttl,
	    .inception = (uint32_t)(signer->now - SIGN_BACKDATE),
	    .expiration =
		(uint32_t)(signer->now + life->whole - signer_jitter(signer, life->jitter)),
	    .tag = signer->tag,
	    .signer = signer->apex};
	rc = dnssec_signed(messages, &out->sig, set);
	out->message = (struct bytes){messages->base + at, messages->n - at};
	return rc;
}

static void
sign_one(void *arg, size_t i)
{
	struct signature *s = (struct signature *)arg + i;

	s->error = secret_sign(s->secret, s->message, s->octets);
	s->sig.signature = (struct bytes){s->octets, sizeof s->octets};
}

int
sign_compute(struct pool *pool, struct signature *signatures, size_t n)
{
	pool_run(pool, sign_one, signatures, n);
	for (size_t i = 0; i < n; i++)
		if (signatures[i].error != 0)
			return signatures[i].error;
	return 0;
}

void
sign_put(struct wr *wr, const struct signature *signature)
{
	rrsig_put(wr, &signature->sig);
}

uint32_t
sign_due(uint16_t covered, uint32_t expiration)
{
	return expiration - lifetime_of(covered)->left;
}

uint32_t
sign_earlier(uint32_t a, uint32_t b)
{
	return serial_after(a, b) ? b : a;
}
