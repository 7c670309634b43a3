/*
 * sources.c - contexts for this host's addresses, as these come and go.
 */
#include "config.h"

#include "resolve/sources.h"

#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"

#define SILENT_LEAST_MS 1000 /* a server that was never asked counts as 376 ms away */
#define REFUSED_MS 60000 /* libunbound did not take one: it is left out for so long */

static int
source_open(struct sources *sources, struct source *source, enum upstream_context which,
    char *why, size_t max)
{
	struct settings settings = {.options = &sources->options,
	    .silent_ms =
		sources->silent_ms > SILENT_LEAST_MS ? sources->silent_ms : SILENT_LEAST_MS,
	    .cached = which == UPSTREAM_MAIN,
	    .source = source != sources->list ? source->address : NULL};

	return context_open(sources->loop, &settings, &source->contexts[which], why, max);
}

static void
source_close(struct source *source)
{
	for (size_t i = 0; i < UPSTREAM_CONTEXTS; i++)
		context_close(source->contexts[i]);
	*source = (struct source){.used = false};
}

bool
source_is_ready(
    struct sources *sources, struct source *source, enum upstream_context which, bool make)
{
	char why[RESULT_WHY], text[EID_TEXT];
	uint64_t now = loop_now_ms();

	if (!source->used || source->gone)
		return false;
	if (source->contexts[which] != NULL || !make ||
	    (source->refused != 0 && now - source->refused < REFUSED_MS))
		return source->contexts[which] != NULL;
	if (source_open(sources, source, which, why, sizeof why) == 0)
		return true;
	source->refused = now;
	diag_warn("name servers cannot be asked by %s: %s",
	    address_print(source->address, text), why);
	return false;
}

static bool
sources_have(const struct sources *sources, const uint8_t address[16])
{
	for (size_t i = 1; i < SOURCES; i++)
		if (sources->list[i].used && memcmp(sources->list[i].address, address, 16) == 0)
			return true;
	return false;
}

bool
sources_are_several(const struct sources *sources)
{
	const struct resolver_options *options = &sources->options;
	uint8_t list[2][16];

	return options->sources != NULL && options->sources(options->sources_arg, list, 2) == 2;
}

void
sources_sync(struct sources *sources)
{
	const struct resolver_options *options = &sources->options;
	uint8_t list[SOURCES - 1][16];
	size_t n = options->sources(options->sources_arg, list, SOURCES - 1), next = 0;

	n = n >= 2 ? n : 0;
	for (size_t i = 1; i < SOURCES; i++) {
		struct source *source = &sources->list[i];
		bool is = false;

		for (size_t k = 0; k < n; k++)
			is |= memcmp(source->address, list[k], 16) == 0;
		source->gone = !is;
		if (source->used && !is && source->asked == 0)
			source_close(source);
	}
	for (size_t i = 1; i < SOURCES; i++) {
		while (next < n && sources_have(sources, list[next]))
			next++;
		if (sources->list[i].used || next == n)
			continue;
		sources->list[i].used = true;
		sources->list[i].gone = false;
		memcpy(sources->list[i].address, list[next], 16);
	}
}

int
sources_open(struct sources *sources, struct loop *loop, const struct resolver_options *options,
    uint64_t silent_ms, char *why, size_t max)
{
	int error = 0;

	*sources = (struct sources){.loop = loop, .options = *options, .silent_ms = silent_ms};
	sources->list[0].used = true;
	for (int i = 0; error == 0 && i < UPSTREAM_CONTEXTS; i++)
		error = source_open(sources, sources->list, (enum upstream_context)i, why, max);
	if (error != 0)
		return error;
	if (options->sources != NULL)
		sources_sync(sources);
	for (size_t i = 1; i < SOURCES; i++) /* else the first who needs it waits for that */
		(void)source_is_ready(sources, &sources->list[i], UPSTREAM_MAIN, true);
	return 0;
}

void
sources_close(struct sources *sources)
{
	for (size_t i = 0; i < SOURCES; i++)
		source_close(&sources->list[i]);
}

bool
sources_are_processing(const struct sources *sources)
{
	for (size_t i = 0; i < SOURCES; i++)
		for (size_t k = 0; k < UPSTREAM_CONTEXTS; k++)
			if (sources->list[i].contexts[k] != NULL &&
			    context_is_processing(sources->list[i].contexts[k]))
				return true;
	return false;
}
