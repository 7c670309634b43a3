/*
 * paper.c - see paper.h.
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "resolverd/pairs.h"
#include "tests/resolverd/paper.h"

#define ANSWER_MS 1 /* until a way that lives has answered */

struct timer {
	struct timer *next;
	loop_fn *fn;
	void *arg;
	uint64_t due;
	bool runs;
};

struct heartbeat_check {
	struct timer *timer;
	struct heartbeat_plan plan;
	heartbeat_fn *fn;
	void *arg;
};

uint64_t paper_now;
enum beat (*paper_beat)(const struct prober_way *way);
bool paper_full;
unsigned paper_checks;
struct heartbeat_plan paper_plan;

static struct timer *timers;

void
paper_begin(void)
{
	paper_now = 1000;
	paper_full = false;
	paper_checks = 0;
}

bool
paper_until(bool (*is_so)(void), uint64_t ms)
{
	uint64_t end = paper_now + ms;

	while (!is_so()) {
		struct timer *first = NULL;

		for (struct timer *t = timers; t != NULL; t = t->next)
			if (t->runs && t->due <= end && (first == NULL || t->due < first->due))
				first = t;
		if (first == NULL) {
			paper_now = end;
			return false;
		}
		paper_now = first->due;
		first->runs = false;
		first->fn(first->arg);
	}
	return true;
}

static bool
paper_never(void)
{
	return false;
}

void
paper_pass(uint64_t ms)
{
	(void)paper_until(paper_never, ms);
}

uint64_t
loop_now_ms(void)
{
	return paper_now;
}

struct timer *
timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
	struct timer *timer = calloc(1, sizeof *timer);

	(void)loop;
	if (timer == NULL)
		return NULL;
	*timer = (struct timer){.next = timers, .fn = fn, .arg = arg};
	return timers = timer;
}

void
timer_start(struct timer *timer, uint64_t ms)
{
	timer->due = paper_now + ms;
	timer->runs = true;
}

void
timer_stop(struct timer *timer)
{
	timer->runs = false;
}

void
timer_free(struct timer *timer)
{
	struct timer **at = &timers;

	if (timer == NULL)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	free(timer);
}

bool
beat_lives(enum beat beat)
{
	static const bool lives[BEATS] = {
#define X(name, word, lives) [name] = lives,
#include "resolverd/beats.def"
#undef X
	};

	return lives[beat];
}

const char *
beat_word(enum beat beat)
{
	static const char *const words[BEATS] = {
#define X(name, word, lives) [name] = word,
#include "resolverd/beats.def"
#undef X
	};

	return words[beat];
}

struct prober_way
prober_way_of(const uint8_t local[16], const uint8_t remote[16])
{
	struct prober_way way = {.port = PROBE_PORT};

	memcpy(way.local, local, 16);
	memcpy(way.remote, remote, 16);
	return way;
}

static void
check_over(void *arg)
{
	struct heartbeat_check *check = arg;
	struct heartbeat_outcome outcomes[HEARTBEAT_PAIRS] = {{.beat = BEAT_SILENT}};
	heartbeat_fn *fn = check->fn;
	void *fn_arg = check->arg;
	size_t n = check->plan.n;

	for (size_t i = 0; i < n; i++)
		outcomes[i].beat = paper_beat(&check->plan.ways[i]);
	heartbeat_cancel(check);
	fn(fn_arg, outcomes, n);
}

int
heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out)
{
	struct heartbeat_check *check = calloc(1, sizeof *check);
	bool all_live = true;

	(void)heartbeat;
	*out = NULL;
	if (check == NULL)
		return -MAP_ENOMEM;
	*check = (struct heartbeat_check){.plan = *plan, .fn = fn, .arg = arg};
	check->timer = paper_full ? NULL : timer_new(NULL, check_over, check);
	if (check->timer == NULL) {
		free(check);
		return -MAP_ELIMIT;
	}
	for (size_t i = 0; i < plan->n; i++)
		all_live &= beat_lives(paper_beat(&plan->ways[i]));
	timer_start(check->timer,
	    all_live ? ANSWER_MS : (plan->probes - 1) * plan->gap_ms + plan->patience_ms);
	paper_checks++;
	paper_plan = *plan;
	*out = check;
	return 0;
}

void
heartbeat_cancel(struct heartbeat_check *check)
{
	if (check == NULL)
		return;
	timer_free(check->timer);
	free(check);
}

bool
heartbeat_lately(struct heartbeat *heartbeat, const struct prober_way *way, uint64_t ms,
    struct heartbeat_outcome *out)
{
	(void)heartbeat;
	(void)way;
	(void)ms;
	(void)out;
	return false;
}

/* What is found out is for nobody else here. */
void
pairs_checked(struct pairs *pairs, const struct prober_way *ways,
    const struct heartbeat_outcome *outcomes, size_t n, uint64_t now)
{
	(void)pairs;
	(void)ways;
	(void)outcomes;
	(void)n;
	(void)now;
}
