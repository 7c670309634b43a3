/*
 * prove.c - tokens that only who receives at an address can have.
 * Knows names and addresses; knows no sockets.
 */
#include "mapd/prove.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"
#include "mapd/claim.h"

#define PROVE_SECRET 32
#define PROVE_SLOTS 65536
#define TIME_BITS 48 /* of a place; above them a mark */
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)
#define COUNT_BITS 8 /* below a time */
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define PROVE_INPUT (NAME_WIRE + 16 + 8)

static const char prove_magic[] = "prove-1"; /* its NUL is sent too */

struct secret {
	uint8_t octets[PROVE_SECRET];
	struct secret *before;
};

/* Shared by all threads. */
struct prover {
	_Atomic(struct secret *) secret; /* none is freed before all are */
	uint8_t places[PROVE_SECRET];
	/* of addresses, with who asks */
	_Atomic uint64_t own[PROVE_SLOTS]; /* mark | seconds */
	_Atomic uint64_t probed[PROVE_SLOTS]; /* seconds */
	_Atomic uint64_t others[PROVE_SLOTS]; /* seconds of the last | how many */
};

int
prover_set(struct prover *prover, struct bytes secret)
{
	struct secret *before = atomic_load(&prover->secret), *made;
	int error;

	if (before != NULL && secret.n == 0)
		return 0;
	made = calloc(1, sizeof *made);
	if (made == NULL)
		return -MAP_ENOMEM;
	made->before = before;
	error = secret.n > 0 ? crypto_hmac_sha256(secret.p, secret.n, prove_magic,
				   sizeof prove_magic, made->octets)
			     : crypto_random(made->octets, PROVE_SECRET);
	if (error != 0 ||
	    (before != NULL && crypto_equal(before->octets, made->octets, PROVE_SECRET))) {
		crypto_wipe(made->octets, PROVE_SECRET);
		free(made);
		return error != 0 ? -MAP_ECRYPTO : 0;
	}
	atomic_store(&prover->secret, made);
	return 0;
}

int
prover_new(struct bytes secret, struct prover **out)
{
	struct prover *prover = calloc(1, sizeof *prover);
	int error;

	if (prover == NULL)
		return -MAP_ENOMEM;
	error = prover_set(prover, secret);
	if (error == 0 && crypto_random(prover->places, PROVE_SECRET) != 0)
		error = -MAP_ECRYPTO;
	if (error != 0) {
		prover_free(prover);
		return error;
	}
	*out = prover;
	return 0;
}

void
prover_free(struct prover *prover)
{
	struct secret *secret;

	if (prover == NULL)
		return;
	while ((secret = atomic_load(&prover->secret)) != NULL) {
		atomic_store(&prover->secret, secret->before);
		crypto_wipe(secret->octets, PROVE_SECRET);
		free(secret);
	}
	free(prover);
}

static int
token_of(const struct secret *secret, const struct name *owner, const uint8_t address[16],
    uint64_t now, uint8_t token[PROVE_TOKEN])
{
	uint8_t input[PROVE_INPUT], sum[32];
	struct wr wr = wr_init(input, sizeof input);

	name_put(&wr, owner);
	wr_copy(&wr, address, 16);
	wr_u64(&wr, now / PROVE_PERIOD);
	if (crypto_hmac_sha256(secret->octets, PROVE_SECRET, input, wr.n, sum) != 0)
		return -MAP_ECRYPTO;
	memcpy(token, sum, PROVE_TOKEN);
	return 0;
}

int
prove_token(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    uint64_t now, uint8_t token[PROVE_TOKEN])
{
	return token_of(atomic_load(&prover->secret), owner, address, now, token);
}

bool
prove_holds(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    struct bytes tokens, uint64_t now)
{
	const struct secret *now_and_before[2] = {atomic_load(&prover->secret)};
	uint8_t token[PROVE_TOKEN];
	bool holds = false;

	now_and_before[1] = now_and_before[0]->before;
	if (tokens.n > (size_t)PROVE_MOST * PROVE_TOKEN)
		return false;
	for (unsigned i = 0; i < 4 && tokens.n > 0; i++) {
		const struct secret *secret = now_and_before[i / 2];

		if (secret == NULL)
			break;
		if (token_of(secret, owner, address, now - i % 2 * PROVE_PERIOD, token) != 0)
			return false;
		for (size_t at = 0; at + PROVE_TOKEN <= tokens.n; at += PROVE_TOKEN)
			holds |= crypto_equal(tokens.p + at, token, PROVE_TOKEN);
	}
	return holds;
}

/* Of whom a probe of address is: which is how long they wait for each other. */
static uint64_t
place_hash(const struct prover *prover, const uint8_t address[16], const uint8_t asker[16])
{
	uint8_t both[32], sum[8];

	memcpy(both, address, 16);
	memcpy(both + 16, asker, 16);
	return crypto_siphash(prover->places, both, sizeof both, sum) == 0 ? get_u64(sum) : 0;
}

/* Another thread's clock may be a second ahead; one that was set back is waited for by nobody. */
static bool
is_recent(uint64_t time, uint64_t now)
{
	return time < now + PROVE_PAUSE && now < time + PROVE_PAUSE;
}

/* One in PROVE_PAUSE: who shares the place with another waits for him, and no address gets more. */
static bool
place_take(_Atomic uint64_t *place, uint64_t now)
{
	uint64_t before = atomic_load(place);

	do
		if (is_recent(before, now))
			return false;
	while (!atomic_compare_exchange_weak(place, &before, now));
	return true;
}

/*
 * The same for who asks from the address itself. A place of another mark is taken over: who makes others lose theirs
 * gets no more than probes to where he is.
 */
static bool
own_take(_Atomic uint64_t *place, uint64_t hash, uint64_t now)
{
	uint64_t mark = hash >> TIME_BITS << TIME_BITS;
	uint64_t before = atomic_load(place);

	do
		if (before >> TIME_BITS == hash >> TIME_BITS &&
		    is_recent(before & TIME_MASK, now))
			return false;
	while (!atomic_compare_exchange_weak(place, &before, mark | (now & TIME_MASK)));
	return true;
}

/* PROVE_OTHERS of all, then none for PROVE_PAUSE: so never more in any PROVE_PAUSE. */
static bool
others_take(_Atomic uint64_t *place, uint64_t now)
{
	uint64_t before = atomic_load(place), after;

	do {
		uint64_t last = before >> COUNT_BITS, n = before & COUNT_MASK;

		if (!is_recent(last, now))
			n = 0;
		if (n >= PROVE_OTHERS)
			return false;
		after = now << COUNT_BITS | (n + 1);
	} while (!atomic_compare_exchange_weak(place, &before, after));
	return true;
}

/* The network of an address, or zeros for none, as an asker. */
static void
place_of(const uint8_t *address, uint8_t place[16])
{
	memset(place, 0, 16);
	if (address != NULL)
		claim_source((struct bytes){address, 16}, place);
}

bool
prove_may_probe(
    struct prover *prover, const uint8_t address[16], const uint8_t *asker, uint64_t now)
{
	uint8_t place[16], home[16];
	uint64_t hash;

	if (asker != NULL && memcmp(asker, address, 16) == 0) {
		hash = place_hash(prover, address, asker);
		return own_take(&prover->own[hash % PROVE_SLOTS], hash, now);
	}
	place_of(asker, place);
	place_of(address, home);
	hash = place_hash(prover, address, place);
	if (!place_take(&prover->probed[hash % PROVE_SLOTS], now))
		return false;
	if (memcmp(place, home, sizeof place) == 0)
		return true;
	/* no place at all: the sum of them */
	memset(home, 0xff, sizeof home);
	hash = place_hash(prover, address, home);
	return others_take(&prover->others[hash % PROVE_SLOTS], now);
}

int
prove_probe(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    uint64_t now, uint8_t probe[PROVE_PROBE])
{
	memcpy(probe, prove_magic, sizeof prove_magic);
	memcpy(probe + sizeof prove_magic, address, 16);
	return prove_token(prover, owner, address, now, probe + sizeof prove_magic + 16);
}
