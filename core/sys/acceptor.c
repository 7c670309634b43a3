/*
 * acceptor.c - accept(2) on the loop; knows nothing of who connects.
 */
#include "core/sys/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define ACCEPTOR_PAUSE 1000 /* ms */

struct acceptor {
	int fd;
	struct watch *watch;
	struct timer
	    *timer; /* a connection is taken when it fires; the watch is off until then */
	acceptor_fn *fn;
	void *arg;
};

/*
 * Behind what else is ready: the kernel may tell of a new connection before it tells of one that ended
 * earlier, and who has left before it came is to be heard of before it.
 */
static void
acceptor_ready(void *arg, int fd, unsigned events)
{
	struct acceptor *acceptor = arg;

	(void)fd;
	(void)events;
	watch_set(acceptor->watch, 0);
	timer_start(acceptor->timer, 0);
}

static void
acceptor_take(void *arg)
{
	struct acceptor *acceptor = arg;
	int peer = accept4(acceptor->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (peer < 0 &&
	    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		/* the connection stays queued, and trying at once would spin */
		timer_start(acceptor->timer, ACCEPTOR_PAUSE);
		return;
	}
	watch_set(acceptor->watch, LOOP_READ);
	if (peer >= 0)
		acceptor->fn(acceptor->arg, peer);
}

struct acceptor *
acceptor_new(struct loop *loop, int fd, acceptor_fn *fn, void *arg)
{
	struct acceptor *acceptor = calloc(1, sizeof *acceptor);

	if (acceptor == NULL)
		return NULL;
	acceptor->fd = fd;
	acceptor->fn = fn;
	acceptor->arg = arg;
	acceptor->watch = watch_new(loop, fd, LOOP_READ, acceptor_ready, acceptor);
	acceptor->timer = timer_new(loop, acceptor_take, acceptor);
	if (acceptor->watch == NULL || acceptor->timer == NULL) {
		acceptor_free(acceptor);
		return NULL;
	}
	return acceptor;
}

void
acceptor_free(struct acceptor *acceptor)
{
	if (acceptor == NULL)
		return;
	watch_free(acceptor->watch);
	timer_free(acceptor->timer);
	free(acceptor);
}
