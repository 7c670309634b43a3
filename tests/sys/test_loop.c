/*
 * test_loop.c - core/sys/loop: later, posts from threads, timers, signals, watches freed in use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sys/loop.h"

struct counter {
	struct loop *loop;
	int n;
	struct watch *watch;
	struct timer *timer;
	uint64_t at;
};

static void
count(void *arg)
{
	struct counter *c = arg;

	c->n++;
}

static void
count_again(void *arg)
{
	struct counter *c = arg;

	if (++c->n < 3)
		loop_later(c->loop, count_again, c);
}

static void
test_later(void **state)
{
	struct counter c = {0};

	(void)state;
	assert_int_equal(loop_new(&c.loop), 0);
	loop_later(c.loop, count_again, &c);
	assert_int_equal(c.n, 0);
	loop_once(c.loop, 0);
	assert_int_equal(c.n, 1); /* what was added meanwhile has its own round */
	loop_once(c.loop, 0);
	loop_once(c.loop, 0);
	assert_int_equal(c.n, 3);
	loop_later(c.loop, count, &c);
	assert_int_equal(loop_post(c.loop, count, &c), 0);
	loop_free(c.loop); /* runs what is left: it frees things */
	assert_int_equal(c.n, 5);
	loop_free(NULL);
}

#define POSTS 1000

static void
count_and_stop(void *arg)
{
	struct counter *c = arg;

	if (++c->n == 4 * POSTS)
		loop_stop(c->loop);
}

static void *
post_many(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < POSTS; i++)
		if (loop_post(c->loop, count_and_stop, c) != 0)
			return arg;
	return NULL;
}

static void
test_posts(void **state)
{
	struct counter c = {0};
	pthread_t threads[4];
	void *failed;

	(void)state;
	assert_int_equal(loop_new(&c.loop), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, &c), 0);
	loop_run(c.loop);
	assert_int_equal(c.n, 4 * POSTS);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	loop_free(c.loop);
}

static void
stop(void *arg)
{
	struct counter *c = arg;

	c->n++;
	c->at = loop_now_us();
	loop_stop(c->loop);
}

static void
timer_holds(struct timer *made(struct loop *, loop_fn *, void *))
{
	struct counter c = {0};
	uint64_t start;

	assert_int_equal(loop_new(&c.loop), 0);
	c.timer = made(c.loop, stop, &c);
	for (int i = 0; i < 10; i++) {
		start = loop_now_us();
		timer_start(c.timer, 10000);
		timer_start(c.timer, 3); /* restarted: the last counts */
		loop_run(c.loop);
		assert_true(c.at - start >= 3000); /* never early */
	}
	assert_int_equal(c.n, 10);
	timer_start(c.timer, 0);
	loop_run(c.loop);
	assert_int_equal(c.n, 11);
	loop_once(c.loop, 5); /* once */
	timer_start(c.timer, 1);
	timer_stop(c.timer);
	loop_once(c.loop, 5);
	assert_int_equal(c.n, 11);
	timer_free(c.timer);
	timer_free(NULL);
	loop_free(c.loop);
}

static void
test_timer(void **state)
{
	(void)state;
	timer_holds(timer_new);
	timer_holds(timer_new_boot);
}

static void
stop_other(void *arg)
{
	struct counter *c = arg;

	c->n++;
	timer_stop(c->timer);
}

/* Of two that are due in one round, what the first one stops does not fire. */
static void
test_timer_stopped_when_due(void **state)
{
	struct counter c[2] = {{0}, {0}};
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	for (int i = 0; i < 2; i++)
		c[!i].timer = timer_new_boot(loop, stop_other, &c[i]);
	for (int i = 0; i < 2; i++)
		timer_start(c[i].timer, 0);
	for (int i = 0; i < 3; i++)
		loop_once(loop, 5);
	assert_int_equal(c[0].n + c[1].n, 1);
	for (int i = 0; i < 2; i++)
		timer_free(c[i].timer);
	loop_free(loop);
}

static void
test_stop_before_run(void **state)
{
	struct counter c = {0};

	(void)state;
	assert_int_equal(loop_new(&c.loop), 0);
	loop_stop(c.loop);
	loop_run(c.loop);
	loop_free(c.loop);
}

static void
test_signal(void **state)
{
	struct counter c = {0};

	(void)state;
	assert_int_equal(loop_new(&c.loop), 0);
	assert_int_equal(loop_on_signal(c.loop, SIGHUP, stop, &c), 0);
	raise(SIGHUP);
	loop_run(c.loop);
	assert_int_equal(c.n, 1);
	loop_free(c.loop);
}

static void
free_itself(void *arg, int fd, unsigned events)
{
	struct counter *c = arg;

	(void)fd;
	assert_int_equal(events, LOOP_READ | LOOP_WRITE);
	c->n++;
	watch_free(c->watch);
	c->watch = NULL;
}

static void
test_watch(void **state)
{
	struct counter c = {0};
	int fds[2];

	(void)state;
	assert_int_equal(loop_new(&c.loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], "a", 1), 1);
	c.watch = watch_new(c.loop, fds[0], 0, free_itself, &c);
	loop_once(c.loop, 0);
	assert_int_equal(c.n, 0);
	watch_set(c.watch, LOOP_READ | LOOP_WRITE);
	loop_once(c.loop, 100);
	assert_int_equal(c.n, 1);
	loop_once(c.loop, 0);
	assert_int_equal(c.n, 1);
	watch_free(NULL);
	close(fds[0]);
	close(fds[1]);
	loop_free(c.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_later),
	    cmocka_unit_test(test_posts),
	    cmocka_unit_test(test_timer),
	    cmocka_unit_test(test_timer_stopped_when_due),
	    cmocka_unit_test(test_stop_before_run),
	    cmocka_unit_test(test_signal),
	    cmocka_unit_test(test_watch),
	};

	return cmocka_run_group_tests_name("sys/loop", tests, NULL, NULL);
}
