/*
 * test_acceptor.c - a listening socket when descriptors run out: no spinning, and nobody is lost; and the
 * order of those who come and go.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/sys/acceptor.h"
#include "core/sys/sock.h"

static struct loop *loop;
static int taken, freed, hog = -1;
static int taken_at_end = -1; /* how many were taken when the end of another was seen */

static void
take(void *arg, int fd)
{
	(void)arg;
	taken++;
	close(fd);
	loop_stop(loop);
}

/* While the acceptor pauses, a descriptor becomes free. */
static void
give_back(void *arg)
{
	(void)arg;
	freed++;
	close(hog);
}

static void
see_end(void *arg, int fd, unsigned events)
{
	uint8_t octet;

	(void)arg;
	(void)events;
	assert_int_equal(read(fd, &octet, 1), 0);
	taken_at_end = taken;
	loop_stop(loop);
}

/* Who left before another came is heard of first, though the kernel tells of the listener first. */
static void
test_order(void **state)
{
	char folder[] = "/tmp/test_acceptor.XXXXXX", path[64];
	struct acceptor *acceptor;
	struct watch *watch;
	int listener, first, second, pair[2];

	(void)state;
	taken = 0;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/s", folder);
	assert_int_equal(loop_new(&loop), 0);
	listener = sock_unix_listen(path, 0600);
	assert_true(listener >= 0);
	acceptor = acceptor_new(loop, listener, take, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	watch = watch_new(loop, pair[0], LOOP_READ, see_end, NULL);
	assert_true(acceptor != NULL && watch != NULL);
	first = sock_unix_connect(path);
	loop_run(loop);
	assert_int_equal(taken, 1);
	close(pair[1]);
	second = sock_unix_connect(path);
	loop_run(loop);
	assert_int_equal(taken_at_end, 1);
	watch_free(watch);
	close(pair[0]);
	if (taken == 1)
		loop_run(loop);
	assert_int_equal(taken, 2);
	close(first);
	close(second);
	acceptor_free(acceptor);
	close(listener);
	unlink(path);
	rmdir(folder);
	loop_free(loop);
}

static void
test_pause(void **state)
{
	char folder[] = "/tmp/test_acceptor.XXXXXX", path[64];
	struct rlimit before, low;
	struct acceptor *acceptor;
	struct timer *timer;
	clock_t used;
	int listener, client;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/s", folder);
	assert_int_equal(loop_new(&loop), 0);
	listener = sock_unix_listen(path, 0600);
	assert_true(listener >= 0);
	acceptor = acceptor_new(loop, listener, take, NULL);
	timer = timer_new(loop, give_back, NULL);
	assert_true(acceptor != NULL && timer != NULL);
	client = sock_unix_connect(path);
	assert_true(client >= 0);
	/* the next descriptor is the last one, and it is taken */
	hog = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = (struct rlimit){(rlim_t)hog + 1, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	timer_start(timer, 300);
	used = clock();
	loop_run(loop);
	used = clock() - used;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(freed, 1);
	assert_int_equal(taken, 1);
	assert_true(used < CLOCKS_PER_SEC / 10); /* of the second that it took */
	close(client);
	timer_free(timer);
	acceptor_free(acceptor);
	close(listener);
	unlink(path);
	rmdir(folder);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pause), cmocka_unit_test(test_order)};

	return cmocka_run_group_tests_name("acceptor", tests, NULL, NULL);
}
