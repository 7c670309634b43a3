/*
 * loop.c - one event loop on libevent: descriptors, timers, signals, things to do later.
 * Knows nothing of what its callers do.
 */
#include "core/sys/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"

struct later {
	struct later *next;
	loop_fn *fn;
	void *arg;
};

struct signal_watch {
	struct signal_watch *next;
	struct event event;
	loop_fn *fn;
	void *arg;
};

/* Owned by one thread, except posted and wake_fd. */
struct loop {
	struct event_base *base;
	bool stopped;
	struct event later_event; /* a timer, due at once */
	struct event once_event; /* ends loop_once() by being handled */
	struct later *later; /* first to run */
	struct later **later_end;
	struct later *spare; /* used entries, so that the common case allocates nothing */
	struct signal_watch *signals;
	int wake_fd;
	struct event wake_event;
	_Atomic(struct later *) posted; /* by other threads, last first */
};

struct watch {
	struct event event;
	struct loop *loop;
	unsigned events;
	watch_fn *fn;
	void *arg;
};

struct timer {
	struct event event;
	int fd; /* a timerfd; -1: the loop's own time */
	loop_fn *fn;
	void *arg;
};

static void
later_run(struct loop *loop)
{
	struct later *list = loop->later;

	loop->later = NULL;
	loop->later_end = &loop->later;
	while (list != NULL) {
		struct later *next = list->next;
		loop_fn *fn = list->fn;
		void *arg = list->arg;

		list->next = loop->spare;
		loop->spare = list;
		fn(arg);
		list = next;
	}
}

static void
later_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	later_run(arg);
}

static void
later_put(struct loop *loop, struct later *entry)
{
	static const struct timeval now = {0, 0};

	entry->next = NULL;
	/* Not event_active(): that would run in the same round, and starve the descriptors. */
	if (loop->later == NULL && event_add(&loop->later_event, &now) != 0) {
		diag_error("loop: out of memory");
		abort();
	}
	*loop->later_end = entry;
	loop->later_end = &entry->next;
}

void
loop_later(struct loop *loop, loop_fn *fn, void *arg)
{
	struct later *entry = loop->spare;

	if (entry != NULL) {
		loop->spare = entry->next;
	} else {
		entry = malloc(sizeof *entry);
		if (entry == NULL) {
			/* The caller relies on fn to free something: going on would lose it. */
			diag_error("loop: out of memory");
			abort();
		}
	}
	entry->fn = fn;
	entry->arg = arg;
	later_put(loop, entry);
}

int
loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
	struct later *entry = malloc(sizeof *entry);
	struct later *head;
	uint64_t one = 1;

	if (entry == NULL)
		return -MAP_ENOMEM;
	entry->fn = fn;
	entry->arg = arg;
	head = atomic_load(&loop->posted);
	do
		entry->next = head;
	while (!atomic_compare_exchange_weak(&loop->posted, &head, entry));
	/* Only the first of a batch has to wake. A full counter (EAGAIN) is awake too. */
	if (head == NULL && write(loop->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
		return -MAP_ESYS;
	return 0;
}

/* Moves what other threads posted behind what is there, in the order of posting. */
static void
posted_take(struct loop *loop)
{
	struct later *list = atomic_exchange(&loop->posted, NULL);
	struct later *ordered = NULL;

	while (list != NULL) {
		struct later *next = list->next;

		list->next = ordered;
		ordered = list;
		list = next;
	}
	while (ordered != NULL) {
		struct later *next = ordered->next;

		later_put(loop, ordered);
		ordered = next;
	}
}

static void
wake_ready(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
		diag_error("loop: eventfd cannot be read");
	posted_take(arg);
}

static void
once_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static struct event_base *
base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	/* Without PRECISE_TIMER libevent reads the coarse clock, and timers fire up to 4 ms early. */
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK |
					      EVENT_BASE_FLAG_PRECISE_TIMER |
					      EVENT_BASE_FLAG_NO_CACHE_TIME) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

int
loop_new(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof *loop);

	if (loop == NULL)
		return -MAP_ENOMEM;
	loop->later_end = &loop->later;
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0)
		goto free_loop;
	loop->base = base_new();
	if (loop->base == NULL)
		goto close_fd;
	if (event_assign(&loop->later_event, loop->base, -1, 0, later_ready, loop) != 0 ||
	    event_assign(&loop->once_event, loop->base, -1, 0, once_ready, NULL) != 0 ||
	    event_assign(&loop->wake_event, loop->base, loop->wake_fd, EV_READ | EV_PERSIST,
		wake_ready, loop) != 0 ||
	    event_add(&loop->wake_event, NULL) != 0)
		goto free_base;
	*out = loop;
	return 0;
free_base:
	event_base_free(loop->base);
close_fd:
	close(loop->wake_fd);
free_loop:
	free(loop);
	return -MAP_ESYS;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	posted_take(loop);
	while (loop->later != NULL)
		later_run(loop);
	while (loop->spare != NULL) {
		struct later *entry = loop->spare;

		loop->spare = entry->next;
		free(entry);
	}
	while (loop->signals != NULL) {
		struct signal_watch *entry = loop->signals;

		loop->signals = entry->next;
		event_del(&entry->event);
		free(entry);
	}
	event_del(&loop->later_event);
	event_del(&loop->wake_event);
	event_base_free(loop->base);
	close(loop->wake_fd);
	free(loop);
}

void
loop_run(struct loop *loop)
{
	while (!loop->stopped)
		if (event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
			diag_error("loop: waiting for events failed");
			break;
		}
	loop->stopped = false;
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
	event_base_loopbreak(loop->base);
}

void
loop_once(struct loop *loop, uint64_t ms)
{
	struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

	if (loop->stopped) {
		loop->stopped = false;
		return;
	}
	event_add(&loop->once_event, &wait);
	event_base_loop(loop->base, EVLOOP_ONCE);
	event_del(&loop->once_event);
	loop->stopped = false;
}

static uint64_t
clock_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t
loop_now_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t
loop_now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t
loop_boot_ms(void)
{
	return clock_us(CLOCK_BOOTTIME) / 1000;
}

uint64_t
clock_seconds(void)
{
	return clock_us(CLOCK_REALTIME) / 1000000;
}

uint64_t
clock_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}

uint64_t
clock_spent_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static void
watch_ready(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;
	unsigned events =
	    (what & EV_READ ? LOOP_READ : 0u) | (what & EV_WRITE ? LOOP_WRITE : 0u);

	watch->fn(watch->arg, fd, events);
}

static short
watch_flags(unsigned events)
{
	return (short)((events & LOOP_READ ? EV_READ : 0) |
		       (events & LOOP_WRITE ? EV_WRITE : 0) | EV_PERSIST);
}

struct watch *
watch_new(struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg)
{
	struct watch *watch = calloc(1, sizeof *watch);

	if (watch == NULL)
		return NULL;
	watch->loop = loop;
	watch->events = events;
	watch->fn = fn;
	watch->arg = arg;
	if (event_assign(
		&watch->event, loop->base, fd, watch_flags(events), watch_ready, watch) != 0 ||
	    (events != 0 && event_add(&watch->event, NULL) != 0)) {
		free(watch);
		return NULL;
	}
	return watch;
}

void
watch_set(struct watch *watch, unsigned events)
{
	int fd = event_get_fd(&watch->event);

	if (events == watch->events)
		return;
	if (watch->events != 0)
		event_del(&watch->event);
	watch->events = events;
	if (events == 0)
		return;
	if (event_assign(&watch->event, watch->loop->base, fd, watch_flags(events), watch_ready,
		watch) != 0 ||
	    event_add(&watch->event, NULL) != 0)
		diag_error("loop: descriptor %d cannot be watched", fd);
}

void
watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	event_del(&watch->event);
	free(watch);
}

static void
timer_ready(evutil_socket_t fd, short what, void *arg)
{
	struct timer *timer = arg;
	uint64_t times;

	(void)what;
	/* nothing to read: stopped or started anew in this round */
	if (fd >= 0 && read(fd, &times, sizeof times) < 0)
		return;
	timer->fn(timer->arg);
}

static struct timer *
timer_make(struct loop *loop, int fd, short flags, loop_fn *fn, void *arg)
{
	struct timer *timer = calloc(1, sizeof *timer);

	if (timer == NULL)
		return NULL;
	timer->fd = fd;
	timer->fn = fn;
	timer->arg = arg;
	if (event_assign(&timer->event, loop->base, fd, flags, timer_ready, timer) != 0 ||
	    (fd >= 0 && event_add(&timer->event, NULL) != 0)) {
		free(timer);
		return NULL;
	}
	return timer;
}

struct timer *
timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
	return timer_make(loop, -1, 0, fn, arg);
}

struct timer *
timer_new_boot(struct loop *loop, loop_fn *fn, void *arg)
{
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	struct timer *timer =
	    fd >= 0 ? timer_make(loop, fd, EV_READ | EV_PERSIST, fn, arg) : NULL;

	if (timer == NULL && fd >= 0)
		close(fd);
	return timer;
}

void
timer_start(struct timer *timer, uint64_t ms)
{
	struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
	/* 0 would stop it */
	struct itimerspec boot = {.it_value = {wait.tv_sec, ms > 0 ? wait.tv_usec * 1000L : 1}};
	int rc = timer->fd >= 0 ? timerfd_settime(timer->fd, 0, &boot, NULL)
				: event_add(&timer->event, &wait);

	if (rc != 0)
		diag_error("loop: timer cannot be started");
}

void
timer_stop(struct timer *timer)
{
	static const struct itimerspec never;

	if (timer->fd >= 0)
		(void)timerfd_settime(timer->fd, 0, &never, NULL);
	else
		event_del(&timer->event);
}

void
timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	event_del(&timer->event);
	if (timer->fd >= 0)
		close(timer->fd);
	free(timer);
}

static void
signal_ready(evutil_socket_t number, short what, void *arg)
{
	struct signal_watch *entry = arg;

	(void)number;
	(void)what;
	entry->fn(entry->arg);
}

int
loop_on_signal(struct loop *loop, int number, loop_fn *fn, void *arg)
{
	struct signal_watch *entry = calloc(1, sizeof *entry);

	if (entry == NULL)
		return -MAP_ENOMEM;
	entry->fn = fn;
	entry->arg = arg;
	if (event_assign(&entry->event, loop->base, number, EV_SIGNAL | EV_PERSIST,
		signal_ready, entry) != 0 ||
	    event_add(&entry->event, NULL) != 0) {
		free(entry);
		return -MAP_ESYS;
	}
	entry->next = loop->signals;
	loop->signals = entry;
	return 0;
}
