/*
 * sum.c - CRC-32, sixteen octets a step ("slicing by 16": M. Kounavis, F. Berry, 2005).
 * Entries of a database are some 200 octets, where zlib's own needs most of its time for beginning and end:
 * a start, which looks at every entry, spent three quarters of its time there.
 */
#include "mapd/sum.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#define SUM_POLYNOMIAL 0xedb88320u
#define SUM_STEP 16

/* sum_table[k][octet]: what octet adds to the sum when k octets follow it. Made once, read only then. */
static uint32_t sum_table[SUM_STEP][256];
static pthread_once_t sum_once = PTHREAD_ONCE_INIT;

static void
sum_make(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t sum = i;

		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ ((sum & 1) != 0 ? SUM_POLYNOMIAL : 0);
		sum_table[0][i] = sum;
	}
	for (int k = 1; k < SUM_STEP; k++)
		for (uint32_t i = 0; i < 256; i++)
			sum_table[k][i] =
			    sum_table[k - 1][i] >> 8 ^ sum_table[0][sum_table[k - 1][i] & 0xff];
}

/* What eight octets add, with so many more behind them in the step. */
static uint32_t
sum_eight(uint64_t x, int behind)
{
	uint32_t(*table)[256] = sum_table + behind;

	return table[7][x & 0xff] ^ table[6][x >> 8 & 0xff] ^ table[5][x >> 16 & 0xff] ^
	       table[4][x >> 24 & 0xff] ^ table[3][x >> 32 & 0xff] ^ table[2][x >> 40 & 0xff] ^
	       table[1][x >> 48 & 0xff] ^ table[0][x >> 56];
}

uint32_t
sum_add(uint32_t sum, struct bytes octets)
{
	const uint8_t *p = octets.p;
	size_t n = octets.n;
	uint64_t x, y;

	pthread_once(&sum_once, sum_make);
	sum = ~sum;
	for (; n >= SUM_STEP; n -= SUM_STEP, p += SUM_STEP) {
		memcpy(&x, p, sizeof x);
		memcpy(&y, p + sizeof x, sizeof y);
		sum = sum_eight(le64toh(x) ^ sum, 8) ^ sum_eight(le64toh(y), 0);
	}
	for (; n > 0; n--)
		sum = sum >> 8 ^ sum_table[0][(sum ^ *p++) & 0xff];
	return ~sum;
}
