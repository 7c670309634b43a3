/*
 * acceptor.c - accept(2) on the loop; knows nothing of who connects.
 */
#include "core/sys/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define ACCEPTOR_PAUSE 1000 /* ms */

struct acceptor {
	struct watch *watch;
	struct timer *resume;
	acceptor_fn *fn;
	void *arg;
};

/* One connection a round, so that who left before it came is heard of before it. */
static void
acceptor_ready(void *arg, int fd, unsigned events)
{
	struct acceptor *acceptor = arg;
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (peer >= 0) {
		acceptor->fn(acceptor->arg, peer);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		/* the connection stays queued, and trying at once would spin */
		watch_set(acceptor->watch, 0);
		timer_start(acceptor->resume, ACCEPTOR_PAUSE);
	}
}

static void
acceptor_resume(void *arg)
{
	struct acceptor *acceptor = arg;

	watch_set(acceptor->watch, LOOP_READ);
}

struct acceptor *
acceptor_new(struct loop *loop, int fd, acceptor_fn *fn, void *arg)
{
	struct acceptor *acceptor = calloc(1, sizeof *acceptor);

	if (acceptor == NULL)
		return NULL;
	acceptor->fn = fn;
	acceptor->arg = arg;
	acceptor->watch = watch_new(loop, fd, LOOP_READ, acceptor_ready, acceptor);
	acceptor->resume = timer_new(loop, acceptor_resume, acceptor);
	if (acceptor->watch == NULL || acceptor->resume == NULL) {
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
	timer_free(acceptor->resume);
	free(acceptor);
}
