/*
 * event.h - waiting for what another thread does; what comes later than a minute counts as never. For cmocka's tests.
 */
#ifndef TESTS_SYS_EVENT_H
#define TESTS_SYS_EVENT_H

#include <semaphore.h>
#include <time.h>

#define EVENT_WAIT 60 /* s */

static inline void
event_wait(sem_t *event)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += EVENT_WAIT;
	assert_int_equal(sem_timedwait(event, &until), 0);
}

#endif
