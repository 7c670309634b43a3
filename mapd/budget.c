/*
 * budget.c - rates, each as the time to which it is used up: one number that is compared and swapped.
 * Knows sources as octets; knows nothing of what they ask for.
 */
#include "mapd/budget.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"

#define BUDGET_SLOTS \
	65536 /* of sources; who shares one with another is only let through more often */
#define SECOND UINT64_C(1000000)
#define TIME_BITS 48 /* of a slot; above them the source's mark */
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)

/* Shared by all threads. */
struct budget {
	uint8_t secret[16];
	_Atomic uint32_t all, of_source;
	_Atomic uint64_t used; /* us until which what all together have is used up */
	_Atomic uint64_t slot[BUDGET_SLOTS]; /* mark | us until which the source's is */
};

int
budget_new(struct budget **out)
{
	struct budget *budget = calloc(1, sizeof *budget);

	if (budget == NULL)
		return -MAP_ENOMEM;
	if (crypto_random(budget->secret, sizeof budget->secret) != 0) {
		free(budget);
		return -MAP_ECRYPTO;
	}
	budget_set(budget, BUDGET_ALL, BUDGET_SOURCE);
	*out = budget;
	return 0;
}

void
budget_free(struct budget *budget)
{
	free(budget);
}

void
budget_set(struct budget *budget, uint32_t all, uint32_t of_source)
{
	atomic_store(&budget->all, all);
	atomic_store(&budget->of_source, of_source);
}

/*
 * One more under the mark, at a rate a second: a second's worth may come at once. A slot of another mark is
 * taken over, since what it held was of somebody else.
 */
static bool
rate_take(_Atomic uint64_t *slot, uint64_t mark, uint32_t rate, uint64_t us)
{
	uint64_t before = atomic_load(slot), used, step;

	if (rate == 0)
		return false;
	step = SECOND / rate;
	us &= TIME_MASK;
	do {
		used = before >> TIME_BITS == mark ? before & TIME_MASK : 0;
		if (used < us)
			used = us;
		if (used - us + step > SECOND)
			return false;
		used += step;
	} while (!atomic_compare_exchange_weak(
	    slot, &before, mark << TIME_BITS | (used & TIME_MASK)));
	return true;
}

bool
budget_take(struct budget *budget, const uint8_t source[CLAIM_SOURCE], uint64_t us)
{
	uint8_t sum[8];
	uint64_t hash;

	if (crypto_siphash(budget->secret, source, CLAIM_SOURCE, sum) != 0)
		return false;
	hash = get_u64(sum);
	return rate_take(&budget->slot[hash % BUDGET_SLOTS], hash >> TIME_BITS,
		   atomic_load(&budget->of_source), us) &&
	       rate_take(&budget->used, 0, atomic_load(&budget->all), us);
}
