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

#define PROVE_SECRET 32
#define PROVE_SLOTS 65536
#define PROVE_INPUT (NAME_WIRE + 16 + 8)

static const char prove_magic[] = "prove-1"; /* its NUL is sent too */

/* Shared by all threads. */
struct prover {
	uint8_t secret[PROVE_SECRET];
	_Atomic uint64_t probed[PROVE_SLOTS]; /* seconds */
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

bool
prove_may_probe(struct prover *prover, const uint8_t address[16], uint64_t now)
{
	uint8_t sum[8];
	_Atomic uint64_t *slot;
	uint64_t before;

	if (crypto_siphash(prover->secret, address, 16, sum) != 0)
		return false;
	slot = &prover->probed[get_u64(sum) % PROVE_SLOTS];
	before = atomic_load(slot);
	do
		if (now >= before && now - before < PROVE_PAUSE)
			return false;
	while (!atomic_compare_exchange_weak(slot, &before, now));
	return true;
}

int
prove_probe(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    uint64_t now, uint8_t probe[PROVE_PROBE])
{
	memcpy(probe, prove_magic, sizeof prove_magic);
	memcpy(probe + sizeof prove_magic, address, 16);
	return prove_token(prover, owner, address, now, probe + sizeof prove_magic + 16);
}
