/*
 * schedule.c - when a registration is refreshed and tried again.
 */
#include "register/schedule.h"

#define AGAIN_FIRST 2000
#define AGAIN_MOST 300000

/* A part of span that random chooses. */
static uint64_t
part(uint64_t span, uint32_t random)
{
	return span * (random % 65536) / 65536;
}

uint64_t
schedule_refresh(uint32_t lease, uint32_t random)
{
	uint64_t ms = (uint64_t)lease * 1000;

	return ms / 100 * 80 + part(ms / 100 * 5, random);
}

uint64_t
schedule_retry(uint32_t lease, uint64_t first, unsigned tries)
{
	uint64_t ms = (uint64_t)lease * 1000;

	if (tries > SCHEDULE_RETRIES || first >= ms)
		return UINT64_MAX;
	return first + (ms - first) * tries / (SCHEDULE_RETRIES + 1);
}

uint64_t
schedule_again(unsigned failures, uint32_t random)
{
	uint64_t ms = AGAIN_FIRST;

	while (failures-- > 1 && ms < AGAIN_MOST)
		ms *= 2;
	if (ms > AGAIN_MOST)
		ms = AGAIN_MOST;
	return ms + part(ms / 4, random);
}

uint64_t
schedule_within(
    uint32_t lease, uint64_t first, unsigned failures, uint64_t gone, uint32_t random)
{
	uint64_t at, wait, left = lease * (uint64_t)1000 - gone;
	unsigned tries = failures;

	do
		at = schedule_retry(lease, first, tries++);
	while (at <= gone);
	wait = at != UINT64_MAX ? at - gone : schedule_again(failures, random);
	return wait < left ? wait : left;
}
