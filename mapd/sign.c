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
signers_init(struct signers *signers, const struct name *apex, uint64_t now)
{
	signers->apex = *apex;
	name_fold(&signers->apex);
	signers->now = now;
	signers->n = 0;
	return crypto_random(&signers->random, sizeof signers->random);
}

int
signers_add(
    struct signers *signers, const struct secret *secret, struct bytes dnskey, uint8_t signs)
{
	if (signers->n == SIGNERS)
		return -MAP_ESPACE;
	signers->of[signers->n++] = (struct signer){.secret = secret,
	    .tag = dnssec_key_tag(dnskey),
	    .algorithm = (uint8_t)secret_algorithm(secret),
	    .signs = signs};
	return 0;
}

/* Which of SIGNS_* a set of type needs. */
static uint8_t
signs_needed(uint16_t type)
{
	if (type == RR_DNSKEY)
		return SIGNS_KEYS;
	return type == RR_CDS || type == RR_CDNSKEY ? SIGNS_CHILD : SIGNS_DATA;
}

size_t
signers_of(const struct signers *signers, uint16_t type, const struct signer *out[SIGNERS])
{
	size_t n = 0;

	for (size_t i = 0; i < signers->n; i++)
		if ((signers->of[i].signs & signs_needed(type)) != 0)
			out[n++] = &signers->of[i];
	return n;
}

bool
signers_match(
    const struct signers *signers, uint16_t type, const struct bytes *signatures, size_t n)
{
	const struct signer *wanted[SIGNERS];
	size_t n_wanted = signers_of(signers, type, wanted), found = 0;
	struct rrsig sig;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n_wanted; k++)
			found += rrsig_read(signatures[i], &sig) == 0 &&
				 sig.tag == wanted[k]->tag &&
				 sig.algorithm == wanted[k]->algorithm;
	return found == n && n == n_wanted;
}

/* splitmix64: spreads expirations; nobody gains by guessing them. */
static uint32_t
signers_jitter(struct signers *signers, uint32_t below)
{
	uint64_t z = signers->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) % below);
}

int
sign_prepare(struct signers *signers, const struct signer *signer, const struct rrset *set,
    struct wr *messages, struct signature *out)
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
	    .inception = (uint32_t)(signers->now - SIGN_BACKDATE),
	    .expiration =
		(uint32_t)(signers->now + life->whole - signers_jitter(signers, life->jitter)),
	    .tag = signer->tag,
	    .signer = signers->apex};
	rc = dnssec_signed(messages, &out->sig, set);
	out->message = (struct bytes){messages->base + at, messages->n - at};
	return rc;
}

/* Number i of the groups of signatures that are made together. */
static void
sign_some(void *arg, size_t i)
{
	struct sign_run *run = arg;
	struct signature *first = run->first + i * SECRET_MANY;
	struct secret_job jobs[SECRET_MANY] = {{NULL}};
	size_t n = run->n - i * SECRET_MANY;

	if (n > SECRET_MANY)
		n = SECRET_MANY;
	for (size_t k = 0; k < n; k++)
		jobs[k] = (struct secret_job){.secret = first[k].secret,
		    .message = first[k].message,
		    .signature = first[k].octets};
	secret_sign_many(jobs, n);
	for (size_t k = 0; k < n; k++) {
		first[k].error = jobs[k].error;
		first[k].sig.signature =
		    (struct bytes){first[k].octets, sizeof first[k].octets};
	}
}

void
sign_start(struct pool *pool, struct sign_run *run)
{
	pool_start(pool, sign_some, run, (run->n + SECRET_MANY - 1) / SECRET_MANY);
}

int
sign_wait(struct pool *pool, const struct sign_run *run)
{
	pool_wait(pool);
	for (size_t i = 0; i < run->n; i++)
		if (run->first[i].error != 0)
			return run->first[i].error;
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
