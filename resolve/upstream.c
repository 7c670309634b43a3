/*
 * upstream.c - whom a question is put to, for how long, and what the answer is worth. Where nobody answers by the address that the kernel
 * chose, this host's others are tried, too.
 */
#include "config.h"

#include "resolve/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "resolve/answer.h"
#include "resolve/failures.h"
#include "resolve/judge.h"
#include "resolve/sources.h"

#define TRY_MS 1500 /* one try at one server */
#define TRIES 3 /* then the question counts as not answered */
#define ASKS_MAX 8192 /* in flight, all together; outgoing-range is the same */
#define ASIDES_MAX 512 /* besides, of each source */
#define ASIDE_MS 50 /* for so long nobody answered there */
#define POOR_MS 500 /* for so long a poor answer waits for a better one */
#define ASIDE_KEEP_MS 10000 /* another one did first: so long all are asked at once */
#define ASIDE_SAID_MS 300000 /* from one time that this is logged to the next */

struct asks {
	struct ask *first; /* in the order of their start */
	struct ask *last;
};

/* A question that a context has. */
struct put {
	struct ask *ask; /* NULL: none */
	struct source *source;
	struct context_question question;
};

struct ask {
	struct upstream *up;
	struct asks *list; /* that it is in; NULL: none */
	struct ask *next;
	struct ask *previous;
	enum upstream_context context;
	struct name name;
	uint16_t type;
	size_t *load;
	struct put puts[SOURCES]; /* as the sources */
	unsigned asked; /* by so many; each will tell */
	bool aside; /* by all there are */
	bool at_once; /* as others had helped just before */
	bool late; /* for POOR_MS */
	bool queued; /* an ask_tell() is on its way */
	bool freed; /* by its holder, while queued */
	bool done;
	uint64_t started;
	answer_fn *fn;
	void *arg;
	struct answer answer;
};

struct upstream {
	struct loop *loop;
	struct sources sources;
	uint64_t aside_until; /* ms: all are asked at once */
	uint64_t aside_said; /* ms: that others have to be asked, last; 0: never */
	struct ask *young; /* the first that waits and was not asked aside */
	struct ask *early; /* the first that waits and is not late */
	struct failures *failures;
	struct timer *silence;
	struct asks waiting;
	struct asks
	    given_up; /* libunbound goes on asking what nobody here waits for any more */
	uint64_t patience; /* ms until a question counts as not answered */
	bool expecting; /* the timer silence runs */
	bool telling; /* of questions that nobody answered: it must not end inside of that */
};

/* It, or the first behind it that was not asked aside. */
static struct ask *
ask_young(struct ask *ask)
{
	while (ask != NULL && ask->aside)
		ask = ask->next;
	return ask;
}

static void
ask_unlink(struct ask *ask)
{
	struct asks *list = ask->list;

	*(ask->previous != NULL ? &ask->previous->next : &list->first) = ask->next;
	*(ask->next != NULL ? &ask->next->previous : &list->last) = ask->previous;
	if (ask->up->young == ask)
		ask->up->young = ask_young(ask->next);
	if (ask->up->early == ask)
		ask->up->early = ask->next;
	ask->next = ask->previous = NULL;
	ask->list = NULL;
}

static void
ask_link(struct ask *ask, struct asks *list)
{
	ask->list = list;
	ask->previous = list->last;
	*(list->last != NULL ? &list->last->next : &list->first) = ask;
	list->last = ask;
}

/* Nobody waits for it any more. Cancelling would only hide from us that libunbound goes on. */
static void
ask_leave(struct ask *ask)
{
	ask_unlink(ask);
	ask->done = true;
	if (ask->asked > 0)
		ask_link(ask, &ask->up->given_up);
}

/* The answer is complete: its holder hears of it, and may free the ask in doing so. */
static void
ask_done(struct ask *ask)
{
	ask_leave(ask);
	ask->fn(ask->arg, &ask->answer);
}

/* What is asked aside is nobody's load: who asks has the same room wherever this host's addresses lead. */
static bool
put_is_aside(const struct put *put)
{
	return put->source != put->ask->up->sources.list;
}

static void
put_charge(struct put *put)
{
	put->ask->asked++;
	put->source->asked++;
	if (!put_is_aside(put))
		++*put->ask->load;
}

static void
put_discharge(struct put *put)
{
	if (!put_is_aside(put))
		--*put->ask->load;
	put->ask->asked--;
	put->source->asked--;
	put->ask = NULL;
}

static void
ask_destroy(struct ask *ask)
{
	answer_fini(&ask->answer);
	free(ask);
}

static void
silence_expect(struct upstream *up)
{
	uint64_t now = loop_now_ms(), due;

	up->expecting = up->waiting.first != NULL;
	if (!up->expecting)
		return;
	due = up->waiting.first->started + up->patience;
	if (up->young != NULL && up->young->started + ASIDE_MS < due)
		due = up->young->started + ASIDE_MS;
	if (up->early != NULL && up->early->started + POOR_MS < due)
		due = up->early->started + POOR_MS;
	timer_start(up->silence, due > now ? due - now : 1);
}

/* It answered where the kernel's choice did not, or badly. */
static void
upstream_prefer(struct upstream *up, const struct source *source)
{
	uint64_t now = loop_now_ms();
	char text[EID_TEXT];

	if (up->aside_said == 0 || now - up->aside_said >= ASIDE_SAID_MS) {
		up->aside_said = now;
		diag_info("name servers answer by %s, and not by the address that the kernel "
			  "chooses: asked by each",
		    address_print(source->address, text));
	}
	up->aside_until = now + ASIDE_KEEP_MS;
}

/* What failed is not asked again at once. */
static void
ask_conclude(struct ask *ask)
{
	enum verdict verdict = ask->answer.edge.dnssec;

	if (verdict == VERDICT_SERVER || verdict == VERDICT_TIMEOUT)
		failures_put(
		    ask->up->failures, &ask->name, ask->type, &ask->answer.edge, loop_now_ms());
	ask_done(ask);
}

/* Of several poor words that one stays which tells most. */
static void
ask_judge(struct ask *ask, const struct context_result *result)
{
	struct edge before = ask->answer.edge;

	answer_judge(&ask->answer, &ask->name, ask->type, result);
	if (answer_is_poor(&ask->answer) &&
	    verdict_weight(before.dnssec) > verdict_weight(ask->answer.edge.dnssec))
		ask->answer.edge = before;
}

/* Whether a poor answer may not be the last word: others may know better, or will be asked. The kernel's choice is waited for, as where
 * another one is of no use its answers are poor, and quick. */
static bool
ask_hopes(const struct ask *ask)
{
	if (ask->late && ask->puts[0].ask == NULL)
		return false;
	return ask->asked > 0 || (!ask->aside && sources_are_several(&ask->up->sources));
}

/* One source says; of several that may, a poor word counts when none has a better one soon. That another one is the first while all are
 * asked at once says nothing of the kernel's choice. */
static void
upstream_done(void *arg, const struct context_result *result)
{
	struct put *put = arg;
	struct ask *ask = put->ask;
	struct upstream *up = ask->up;

	put_discharge(put);
	if (ask->done) {
		if (ask->asked > 0)
			return;
		ask_unlink(ask);
		if (ask->freed)
			ask_destroy(ask);
		return;
	}
	ask_judge(ask, result);
	if (!answer_is_poor(&ask->answer)) {
		if (put != &ask->puts[0] && !ask->at_once)
			upstream_prefer(up, put->source);
	} else if (ask_hopes(ask)) {
		return;
	}
	ask_conclude(ask);
}

/* Answers that were known without asking are told outside of upstream_ask(). */
static void
ask_tell(void *arg)
{
	struct ask *ask = arg;

	ask->queued = false;
	if (ask->freed)
		ask_destroy(ask);
	else if (!ask->done)
		ask_done(ask);
}

static bool
ask_known(struct ask *ask)
{
	struct upstream *up = ask->up;
	const struct edge *failure =
	    failures_find(up->failures, &ask->name, ask->type, loop_now_ms());

	if (failure != NULL)
		ask->answer.edge = *failure;
	else if (!upstream_has_room(
		     up, *ask->load)) /* for others there may be: not to be kept */
		answer_fail(
		    &ask->answer, VERDICT_SERVER, 0, "too many questions are in flight");
	return ask->answer.edge.dnssec != VERDICT_NONE;
}

bool
upstream_has_room(const struct upstream *up, size_t load)
{
	size_t asked = up->sources.list[0].asked;

	return asked < ASKS_MAX && load < ASKS_MAX - asked;
}

static void
ask_put(struct ask *ask, struct source *source)
{
	struct put *put = &ask->puts[source - ask->up->sources.list];
	const char *why;

	*put = (struct put){ask, source, {upstream_done, put}};
	why =
	    context_ask(source->contexts[ask->context], &ask->name, ask->type, &put->question);
	if (why == NULL) {
		put_charge(put);
		return;
	}
	put->ask = NULL;
	if (ask->asked == 0 && ask->answer.edge.dnssec == VERDICT_NONE)
		answer_fail(&ask->answer, VERDICT_SERVER, 1, why);
}

/* What somebody has in flight as the kernel chooses stands for what he has aside, which is no less where that counts: nobody there
 * answers. He may not have more than he leaves to others. */
static bool
source_has_room(const struct source *source, const struct ask *ask)
{
	return source->asked < ASIDES_MAX && *ask->load <= ASIDES_MAX - source->asked;
}

/* By each other address that it was not asked by yet; make: also by those that need a context first. */
static void
ask_aside(struct ask *ask, bool make)
{
	struct upstream *up = ask->up;

	ask->aside = true;
	for (size_t i = 1; i < SOURCES; i++) {
		struct source *source = &up->sources.list[i];

		if (ask->puts[i].source != NULL || !source->used)
			continue;
		if (source_has_room(source, ask) &&
		    source_is_ready(&up->sources, source, ask->context, make))
			ask_put(ask, source);
		else
			ask->aside = make;
	}
}

static void
ask_start(struct ask *ask)
{
	ask_put(ask, ask->up->sources.list);
	ask->at_once = ask->asked > 0 && loop_now_ms() < ask->up->aside_until;
	if (ask->at_once)
		ask_aside(ask, false);
}

int
upstream_ask(struct upstream *up, const struct asking *asking, answer_fn *fn, void *arg,
    struct ask **out)
{
	struct ask *ask = calloc(1, sizeof *ask);

	if (ask == NULL)
		return -MAP_ENOMEM;
	*ask = (struct ask){.up = up,
	    .context = asking->context,
	    .name = *asking->name,
	    .type = asking->type,
	    .load = asking->load,
	    .started = loop_now_ms(),
	    .fn = fn,
	    .arg = arg};
	*out = ask;
	if (!ask_known(ask))
		ask_start(ask);
	ask_link(ask, &up->waiting);
	if (ask->asked == 0) {
		ask->queued = ask->aside = true;
		loop_later(up->loop, ask_tell, ask);
	}
	if (up->young == NULL && !ask->aside && up->sources.options.sources != NULL)
		up->young = ask;
	if (up->early == NULL)
		up->early = ask;
	if (!up->expecting || up->young == ask || up->early == ask)
		silence_expect(up);
	return 0;
}

const struct answer *
ask_answer(const struct ask *ask)
{
	return ask->done ? &ask->answer : NULL;
}

void
ask_free(struct ask *ask)
{
	if (ask == NULL)
		return;
	if (!ask->done)
		ask_leave(ask);
	ask->freed = true;
	if (ask->asked == 0 && !ask->queued)
		ask_destroy(ask);
}

static uint64_t
upstream_patience(const struct resolver_options *options)
{
	return (uint64_t)(options->try_ms > 0 ? options->try_ms : TRY_MS) * TRIES;
}

/* Questions that nobody answered: by the address that the kernel chose, or at all. */
static void
silence_due(void *arg)
{
	struct upstream *up = arg;
	uint64_t now = loop_now_ms();

	up->telling = true;
	if (up->young != NULL && up->young->started + ASIDE_MS <= now)
		sources_sync(&up->sources);
	while (up->young != NULL && up->young->started + ASIDE_MS <= now) {
		struct ask *ask = up->young;

		ask_aside(ask, true);
		up->young = ask_young(ask);
		if (ask->asked == 0 && !ask->queued)
			ask_conclude(ask); /* there is nobody else after all */
	}
	while (up->early != NULL && up->early->started + POOR_MS <= now) {
		struct ask *ask = up->early;

		ask->late = true;
		up->early = ask->next;
		if (answer_is_poor(&ask->answer) && !ask->queued && !ask_hopes(ask))
			ask_conclude(ask); /* nobody knows better so far */
	}
	while (up->waiting.first != NULL && up->waiting.first->started + up->patience <= now) {
		struct ask *ask = up->waiting.first;

		if (ask->answer.edge.dnssec == VERDICT_NONE)
			answer_fail(&ask->answer, VERDICT_TIMEOUT, FAILURE_SECONDS,
			    "no server answered in time");
		ask_conclude(ask);
	}
	up->telling = false;
	silence_expect(up);
}

int
upstream_open(struct loop *loop, const struct resolver_options *options, struct upstream **out,
    char *why, size_t max)
{
	struct upstream *up = calloc(1, sizeof *up);
	int error = up == NULL ? -MAP_ENOMEM : 0;

	snprintf(why, max, "out of memory");
	if (error != 0)
		return error;
	up->loop = loop;
	up->patience = upstream_patience(options);
	up->failures = failures_new();
	up->silence = timer_new(loop, silence_due, up);
	error = sources_open(&up->sources, loop, options, up->patience, why, max);
	if (error == 0 && (up->failures == NULL || up->silence == NULL)) {
		snprintf(why, max, "out of memory");
		error = -MAP_ENOMEM;
	}
	if (error != 0) {
		upstream_close(up);
		up = NULL;
	}
	*out = up;
	return error;
}

static void
upstream_destroy(void *arg)
{
	struct upstream *up = arg;

	sources_close(&up->sources);
	while (up->given_up.first != NULL) {
		struct ask *ask = up->given_up.first;

		ask_unlink(ask);
		for (size_t i = 0; i < SOURCES; i++)
			if (ask->puts[i].ask != NULL)
				put_discharge(&ask->puts[i]);
		ask_destroy(ask);
	}
	timer_free(up->silence);
	failures_free(up->failures);
	free(up);
}

void
upstream_close(struct upstream *up)
{
	if (up == NULL)
		return;
	if (up->silence != NULL)
		timer_stop(up->silence);
	if (up->telling || sources_are_processing(&up->sources))
		loop_later(up->loop, upstream_destroy, up);
	else
		upstream_destroy(up);
}
