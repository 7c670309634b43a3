/*
 * context.c - what a program holds of libmap: one epoll, the requests in flight, their deadlines.
 */
#include "libmap/context.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/wire/errors.h"

/* Events handled by one map_process(), so that a busy agent cannot keep the caller in it. */
#define CONTEXT_EVENTS 64

uint64_t
context_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

const char *
map_error_text(int error)
{
	return error_text(error);
}

const char *
map_error_name(int error)
{
	return error_name(error);
}

int
context_fail(struct map *map, int error, const char *format, ...)
{
	char text[CONTEXT_WHY]; /* format's arguments may be the why of before */
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	memcpy(map->why, text, sizeof text);
	return error;
}

int
map_open(struct map **out)
{
	struct map *map = calloc(1, sizeof *map);
	int rc;

	*out = NULL;
	if (map == NULL)
		return -MAP_ENOMEM;
	map->resolve_ms = RESOLVE_DEADLINE_MS;
	map->connect_ms = CONNECT_DEADLINE_MS;
	map->agent.waiter.fd = -1;
	map->epoll = epoll_create1(EPOLL_CLOEXEC);
	rc = map->epoll < 0 ? -MAP_ESYS : agent_open(map);
	if (rc < 0) {
		map_close(map);
		return rc;
	}
	*out = map;
	return 0;
}

void
map_close(struct map *map)
{
	if (map == NULL)
		return;
	while (map->requests != NULL)
		map_cancel(map->requests);
	agent_close(map);
	if (map->epoll >= 0)
		close(map->epoll);
	free(map->sessions);
	free(map->referrers);
	free(map);
}

void
map_set_deadlines(struct map *map, unsigned resolve_ms, unsigned connect_ms)
{
	if (resolve_ms != 0)
		map->resolve_ms = resolve_ms;
	if (connect_ms != 0)
		map->connect_ms = connect_ms;
}

const char *
map_why(const struct map *map)
{
	return map->why;
}

int
map_fd(const struct map *map)
{
	return map->epoll;
}

short
map_events(const struct map *map)
{
	(void)map; /* an epoll descriptor becomes readable, whatever its members wait for */
	return POLLIN;
}

int
map_timeout(const struct map *map)
{
	uint64_t now = context_now(), due = agent_due(map);

	for (const struct map_request *r = map->requests; r != NULL; r = r->next)
		if (r->due != 0 && (due == 0 || r->due < due))
			due = r->due;
	if (due == 0)
		return -1;
	if (due <= now)
		return 0;
	return due - now < INT32_MAX ? (int)(due - now) : INT32_MAX;
}

int
context_watch(struct waiter *waiter, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = waiter};

	if (epoll_ctl(waiter->map->epoll, EPOLL_CTL_MOD, waiter->fd, &event) == 0)
		return 0;
	if (errno != ENOENT ||
	    epoll_ctl(waiter->map->epoll, EPOLL_CTL_ADD, waiter->fd, &event) < 0)
		return -MAP_ESYS;
	return 0;
}

void
context_unwatch(struct waiter *waiter)
{
	if (waiter->fd >= 0)
		(void)epoll_ctl(waiter->map->epoll, EPOLL_CTL_DEL, waiter->fd, NULL);
}

void
context_add(struct map *map, struct map_request *request)
{
	request->map = map;
	request->next = map->requests;
	request->link = &map->requests;
	if (request->next != NULL)
		request->next->link = &request->next;
	map->requests = request;
}

void
context_remove(struct map_request *request)
{
	if (request->link == NULL)
		return;
	*request->link = request->next;
	if (request->next != NULL)
		request->next->link = request->link;
	request->link = NULL;
}

void
map_cancel(struct map_request *request)
{
	if (request == NULL)
		return;
	context_remove(request);
	request->end(request);
}

/* A callback may cancel any other request, so the list is looked through anew after each. */
static void
context_timeouts(struct map *map)
{
	uint64_t now = context_now();
	struct map_request *r;

	do {
		for (r = map->requests; r != NULL; r = r->next)
			if (r->due != 0 && r->due <= now)
				break;
		if (r != NULL)
			r->timeout(r); /* moves its due, or ends it */
	} while (r != NULL);
}

void
map_process(struct map *map)
{
	struct epoll_event event;

	/* one at a time: what is called may close what another event would be of */
	for (int i = 0; i < CONTEXT_EVENTS && epoll_wait(map->epoll, &event, 1, 0) == 1; i++) {
		struct waiter *waiter = event.data.ptr;

		waiter->fn(waiter, event.events);
	}
	agent_process(map);
	context_timeouts(map);
}

int
context_run(struct map *map, const bool *done)
{
	struct pollfd p = {.fd = map->epoll, .events = POLLIN};

	while (!*done) {
		if (poll(&p, 1, map_timeout(map)) < 0 && errno != EINTR)
			return context_fail(map, -MAP_ESYS, "poll: %s", strerror(errno));
		map_process(map);
	}
	return 0;
}
