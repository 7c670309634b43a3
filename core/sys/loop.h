/*
 * loop.h - the event loop: thin on libevent, so that no other file includes it.
 * A loop belongs to one thread; only loop_wake() may be called from another.
 */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define LOOP_READ 1
#define LOOP_WRITE 2

struct loop;
struct watch;
struct timer;

typedef void loop_fn(void *arg);
typedef void watch_fn(void *arg, int fd, unsigned events);

int loop_new(struct loop **out);
void loop_free(struct loop *loop);
void loop_run(struct loop *loop); /* until loop_stop() */
void loop_stop(struct loop *loop);
/* Runs fn once, soon, outside of the callback that calls this. */
void loop_later(struct loop *loop, loop_fn *fn, void *arg);
/* Monotonic milliseconds and microseconds of now; wall clock seconds and milliseconds since 1970. */
uint64_t loop_now_ms(void);
uint64_t loop_now_us(void);
uint64_t clock_seconds(void);
uint64_t clock_ms(void);

/* Watches fd (not owned) for events until watch_free(). NULL: out of memory. */
struct watch *watch_new(struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg);
void watch_set(struct watch *watch, unsigned events); /* 0 pauses it */
void watch_free(struct watch *watch);                  /* NULL allowed */

/* A timer, not running until timer_start(). */
struct timer *timer_new(struct loop *loop, loop_fn *fn, void *arg);
void timer_start(struct timer *timer, uint64_t ms); /* restarts a running one; fires once */
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer); /* NULL allowed */

/* Calls fn in the loop for SIGNAL. */
int loop_on_signal(struct loop *loop, int signal, loop_fn *fn, void *arg);

#endif
