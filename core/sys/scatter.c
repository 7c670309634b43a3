/*
 * scatter.c - multiply-shift over vectors (Dietzfelbinger 1996: strongly universal): each 32 bits have a random factor. What comes of
 * a row of like octets is a row, too; so it is mixed, one to one, which leaves it universal.
 */
#include "core/sys/scatter.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/sys/diag.h"

#define WORDS (SCATTER_MOST / 4)

static struct {
	uint64_t length, word[WORDS];
} factors;

static void
scatter_begin(void)
{
	if (crypto_random(&factors, sizeof factors) == 0)
		return;
	diag_error("there are no random octets");
	abort();
}

/* MurmurHash3's last step. */
static uint32_t
mix(uint32_t hash)
{
	hash = (hash ^ hash >> 16) * 0x85ebca6bu;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
	return hash ^ hash >> 16;
}

uint32_t
scatter(const uint8_t *p, size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t sum;
	uint32_t word;

	assert(n <= SCATTER_MOST);
	pthread_once(&once, scatter_begin);
	sum = factors.length * (n + 1);
	for (size_t i = 0; i < n; i += 4) {
		word = 0;
		memcpy(&word, p + i, n - i < 4 ? n - i : 4);
		sum += factors.word[i / 4] * word;
	}
	return mix((uint32_t)(sum >> 32));
}
