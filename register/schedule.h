/*
 * schedule.h - when a registration is refreshed and tried again (RFC 9664): pure sums, in milliseconds.
 * random is any number: what comes of it lies evenly in the range given.
 */
#ifndef REGISTER_SCHEDULE_H
#define REGISTER_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_RETRIES 9 /* of a refresh, within its lease */

/* After a lease of so many seconds was granted: 80 % of it, and 0 to 5 % more. */
uint64_t schedule_refresh(uint32_t lease, uint32_t random);
/*
 * When try number tries (1: the first after the refresh itself) is made: evenly over what is left of the lease
 * behind the refresh, which was due at first. Beyond SCHEDULE_RETRIES: UINT64_MAX.
 */
uint64_t schedule_retry(uint32_t lease, uint64_t first, unsigned tries);
/* How long to wait after so many failures (at least 1) within a lease that was granted gone ms ago: until the next of these tries
 * that is not over; beyond them as without a lease; until its end at most. */
uint64_t schedule_within(uint32_t lease, uint64_t first, unsigned failures, uint64_t gone, uint32_t random);
/* How long to wait after so many failures (at least 1) without a lease: 2 s, doubling to 5 minutes, 0 to 25 % more. */
uint64_t schedule_again(unsigned failures, uint32_t random);

#endif
