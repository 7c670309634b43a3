/*
 * loop.h - the event loop: thin on libevent, so that no other file includes it.
 * A loop belongs to one thread; only loop_post() may be called from another.
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

int loop_new(struct loop **out); /* 0, -MAP_ENOMEM, -MAP_ESYS */
/* Runs what loop_later() and loop_post() still hold, then frees. NULL allowed. */
void loop_free(struct loop *loop);
/* Until loop_stop(), which may also come before. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Handles what is due, waiting at most ms for it: for blocking callers and tests. */
void loop_once(struct loop *loop, uint64_t ms);
/* Runs fn once, soon, outside of the callback that calls this. In order; what is added meanwhile
 * runs in the next round. */
void loop_later(struct loop *loop, loop_fn *fn, void *arg);
/* The same from another thread, as long as the loop lives. 0, -MAP_ENOMEM */
int loop_post(struct loop *loop, loop_fn *fn, void *arg);
/* Monotonic milliseconds and microseconds of now; wall clock seconds and milliseconds since 1970. */
uint64_t loop_now_ms(void);
uint64_t loop_now_us(void);
/* Milliseconds of a clock that nobody sets and that goes on in suspend, where the monotonic one stands still. */
uint64_t loop_boot_ms(void);
uint64_t clock_seconds(void);
uint64_t clock_ms(void);
/* Microseconds that this thread had a CPU: what it costs, however long it waits for one. */
uint64_t clock_spent_us(void);

/* Watches fd (not owned) for events until watch_free(), which comes before close(). All three may be
 * called in the watch's own callback. NULL: out of memory. */
struct watch *watch_new(struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg);
void watch_set(struct watch *watch, unsigned events); /* 0 pauses it */
void watch_free(struct watch *watch);                  /* NULL allowed */

/* A timer, not running until timer_start(). */
struct timer *timer_new(struct loop *loop, loop_fn *fn, void *arg);
/* By the clock of loop_boot_ms(): due while the host was suspended, it fires when it wakes. NULL: no descriptor either. */
struct timer *timer_new_boot(struct loop *loop, loop_fn *fn, void *arg);
void timer_start(struct timer *timer, uint64_t ms); /* restarts a running one; fires once */
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer); /* NULL allowed */

/* Calls fn in the loop for SIGNAL, until loop_free(). One loop of a process may do so. 0, -MAP_ENOMEM,
 * -MAP_ESYS */
int loop_on_signal(struct loop *loop, int number, loop_fn *fn, void *arg);

#endif
