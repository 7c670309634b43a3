/*
 * context.c - libunbound behind one door, with its traps: a bad value shows at the first question only, a context ends outside of its
 * callbacks, and results are freed in one place, context_done().
 */
#include "config.h"

#include "resolve/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <unbound.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "resolve/anchors.h"
#include "resolve/log.h"

struct context {
	struct ub_ctx *ub;
	struct watch *watch;
	bool processing;
};

static void
context_readable(void *arg, int fd, unsigned events)
{
	struct context *context = arg;

	(void)fd, (void)events;
	context->processing = true;
	ub_process(context->ub);
	context->processing = false;
}

static int
context_settings(struct ub_ctx *ub, const struct settings *settings, char *why, size_t max)
{
	int fd = settings_open(settings, why, max), error;
	char path[64];

	if (fd < 0)
		return fd;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	error = ub_ctx_config(ub, path);
	close(fd);
	if (error == 0)
		return 0;
	snprintf(why, max, "libunbound refuses its settings (stubs, forwarders): %s",
	    ub_strerror(error));
	return -MAP_ECONFIG;
}

/* Trust anchors; libunbound reads the files at the first question. */
static int
context_anchors(
    struct ub_ctx *ub, const struct resolver_options *options, char *why, size_t max)
{
	int error = 0;

	for (size_t i = 0; i < options->n_anchors && error == 0; i++) {
		error = anchors_check(options->anchors[i], why, max);
		if (error == 0 && ub_ctx_add_ta_file(ub, options->anchors[i]) != 0) {
			snprintf(why, max, "%.512s: libunbound refuses this name of a file",
			    options->anchors[i]);
			error = -MAP_ECONFIG;
		}
	}
	return error;
}

/* A bad value shows only at the first question: "initialization failure". */
static int
context_test(struct ub_ctx *ub)
{
	struct ub_result *result = NULL;
	int error = ub_resolve(ub, "localhost", RR_A, CLASS_IN, &result);

	ub_resolve_free(result);
	return error;
}

/* Which trust anchor file libunbound refuses after all: each alone in a context of its own. */
static int
anchors_blame(const struct resolver_options *options, char *why, size_t max)
{
	for (size_t i = 0; i < options->n_anchors; i++) {
		struct ub_ctx *ub = ub_ctx_create();
		int error = ub == NULL ? UB_NOMEM : ub_ctx_add_ta_file(ub, options->anchors[i]);

		if (error == 0) {
			ub_ctx_debugout(ub, log_open());
			error = context_test(ub);
		}
		ub_ctx_delete(ub);
		if (error != 0) {
			snprintf(why, max, "%.512s: libunbound refuses these trust anchors",
			    options->anchors[i]);
			return -MAP_ECONFIG;
		}
	}
	snprintf(why, max, "libunbound refuses its configuration (stubs, forwarders, anchors)");
	return -MAP_ECONFIG;
}

static int
context_prepare(struct context *context, const struct settings *settings, char *why, size_t max)
{
	struct ub_ctx *ub = context->ub = ub_ctx_create();
	int error;

	if (ub == NULL || log_open() == NULL) {
		snprintf(why, max, "libunbound: out of memory or descriptors");
		return -MAP_ENOMEM;
	}
	ub_ctx_debugout(ub, log_open());
	ub_ctx_async(ub, 1); /* a thread; 0 would fork */
	error = context_settings(ub, settings, why, max);
	if (error == 0)
		error = context_anchors(ub, settings->options, why, max);
	if (error == 0 && context_test(ub) != 0)
		error = anchors_blame(settings->options, why, max);
	return error;
}

int
context_open(struct loop *loop, const struct settings *settings, struct context **out,
    char *why, size_t max)
{
	struct context *context = calloc(1, sizeof *context);
	int error;

	*out = NULL;
	snprintf(why, max, "out of memory");
	if (context == NULL)
		return -MAP_ENOMEM;
	error = context_prepare(context, settings, why, max);
	if (error == 0) {
		context->watch =
		    watch_new(loop, ub_fd(context->ub), LOOP_READ, context_readable, context);
		error = context->watch == NULL ? -MAP_ENOMEM : 0;
	}
	if (error != 0) {
		context_close(context);
		return error;
	}
	*out = context;
	return 0;
}

void
context_close(struct context *context)
{
	if (context == NULL)
		return;
	watch_free(context->watch);
	if (context->ub != NULL)
		ub_ctx_delete(context->ub);
	free(context);
}

bool
context_is_processing(const struct context *context)
{
	return context->processing;
}

static void
context_done(void *arg, int error, struct ub_result *r)
{
	const struct context_question *question = arg;
	struct context_result result = {
	    .error = error != 0 || r == NULL ? ub_strerror(error) : NULL};

	if (result.error == NULL) {
		if (r->bogus)
			result.bogus =
			    r->why_bogus != NULL ? r->why_bogus : "validation failed";
		result.secure = r->secure;
		result.data = r->havedata;
		result.absent = r->nxdomain;
		result.rcode = r->rcode;
		result.ttl = r->ttl > 0 ? (uint32_t)r->ttl : 0;
		result.packet = (struct bytes){
		    r->answer_packet, r->answer_len > 0 ? (size_t)r->answer_len : 0};
	}
	question->fn(question->arg, &result);
	ub_resolve_free(r);
}

const char *
context_ask(struct context *context, const struct name *name, uint16_t type,
    const struct context_question *question)
{
	char text[NAME_TEXT];
	int error = ub_resolve_async(context->ub, name_print(name, text), type, CLASS_IN,
	    (void *)(uintptr_t)question, context_done, NULL);

	return error == 0 ? NULL : ub_strerror(error);
}
