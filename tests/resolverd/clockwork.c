/*
 * clockwork.c - see clockwork.h.
 */
#include "tests/resolverd/clockwork.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

uint64_t now, spent_us;
struct clockwork timers[CLOCKWORKS];
size_t n_timers;

uint64_t __wrap_loop_now_ms(void);
uint64_t __wrap_clock_spent_us(void);
struct timer *__wrap_timer_new(struct loop *loop, loop_fn *fn, void *arg);
void __wrap_timer_start(struct timer *timer, uint64_t ms);
void __wrap_timer_free(struct timer *timer);

uint64_t
__wrap_loop_now_ms(void)
{
	return now;
}

uint64_t
__wrap_clock_spent_us(void)
{
	return spent_us;
}

struct timer *
__wrap_timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
	(void)loop;
	assert_true(n_timers < CLOCKWORKS);
	timers[n_timers] = (struct clockwork){fn, arg, 0};
	return (struct timer *)&timers[n_timers++];
}

void
__wrap_timer_start(struct timer *timer, uint64_t ms)
{
	((struct clockwork *)timer)->due = now + ms;
}

void
__wrap_timer_free(struct timer *timer)
{
	(void)timer;
}

void
clockwork_fire(struct clockwork *timer)
{
	timer->due = 0;
	timer->fn(timer->arg);
}
