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

/* Shared by all threads. */
struct prover {
	uint8_t secret[PROVE_SECRET];
	/* of addresses, with who asks */
	_Atomic uint64_t own[PROVE_SLOTS]; /* mark | seconds */
	_Atomic uint64_t probed[PROVE_SLOTS]; /* seconds */
	_Atomic uint64_t others[PROVE_SLOTS]; /* seconds of the last | how many */
};

int
prover_new(struct bytes secret, struct prover **out)
{
	struct prover *prover = calloc(1, sizeof *prover);
	int error;

	if (prover == NULL)
		return -MAP_ENOMEM;
	error = secret.n > 0 ? crypto_hmac_sha256(secret.p, secret.n, prove_magic,
				   sizeof prove_magic, prover->secret)
			     : crypto_random(prover->secret, PROVE_SECRET);
	if (error != 0) {
		prover_free(prover);
		return -MAP_ECRYPTO;
	}
	*out = prover;
	return 0;
}

void
prover_free(struct prover *prover)
{
	if (prover == NULL)
		return;
	crypto_wipe(prover->secret, PROVE_SECRET);
	free(prover);
}

int
prove_token(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    uint64_t now, uint8_t token[PROVE_TOKEN])
{
	uint8_t input[PROVE_INPUT], sum[32];
	struct wr wr = wr_init(input, sizeof input);

	name_put(&wr, owner);
	wr_copy(&wr, address, 16);
	wr_u64(&wr, now / PROVE_PERIOD);
	if (crypto_hmac_sha256(prover->secret, PROVE_SECRET, input, wr.n, sum) != 0)
		return -MAP_ECRYPTO;
	memcpy(token, sum, PROVE_TOKEN);
	return 0;
}

bool
prove_holds(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    struct bytes tokens, uint64_t now)
{
	uint8_t token[PROVE_TOKEN];
	bool holds = false;

	if (tokens.n > (size_t)PROVE_MOST * PROVE_TOKEN)
		return false;
	for (unsigned age = 0; age < 2 && tokens.n > 0; age++) {
		if (prove_token(prover, owner, address, now - age * PROVE_PERIOD, token) != 0)
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
	return crypto_siphash(prover->secret, both, sizeof both, sum) == 0 ? get_u64(sum) : 0;
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
