/*
 * resolver.c - what all look-ups share, from its opening to its end.
 */
#include "resolve/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

static int
resolver_fill(struct resolver *resolver, const struct resolver_options *options)
{
	resolver->seen = seen_new(SEEN_MAX);
	resolver->result = calloc(1, sizeof *resolver->result);
	resolver->realms = calloc(options->n_realms + 1, sizeof *resolver->realms);
	if (resolver->seen == NULL || resolver->result == NULL || resolver->realms == NULL)
		return -MAP_ENOMEM;
	if (options->n_realms > 0)
		memcpy(resolver->realms, options->realms,
		    options->n_realms * sizeof *resolver->realms);
	resolver->n_realms = options->n_realms;
	resolver->private_locators = options->private_locators;
	resolver->chain = options->chain;
	resolver->chain_arg = options->chain_arg;
	return 0;
}

int
resolver_open(struct loop *loop, const struct resolver_options *options, struct resolver **out,
    char *why, size_t max)
{
	struct resolver *resolver = calloc(1, sizeof *resolver);
	int error = -MAP_ENOMEM;

	*out = NULL;
	snprintf(why, max, "out of memory");
	if (resolver == NULL)
		return error;
	resolver->loop = loop;
	error = resolver_fill(resolver, options);
	if (error == 0)
		error = upstream_open(loop, options, &resolver->up, why, max);
	if (error != 0) {
		resolver_close(resolver);
		return error;
	}
	*out = resolver;
	return 0;
}

bool
resolver_has_room(const struct resolver *resolver, size_t load)
{
	return upstream_has_room(resolver->up, load);
}

void
resolver_bequeath(struct resolver *resolver, struct resolver *heir)
{
	struct seen *seen = heir->seen;

	heir->seen = resolver->seen;
	resolver->seen = seen;
}

void
resolver_close(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	while (resolver->lookups != NULL)
		lookup_cancel(resolver->lookups);
	upstream_close(resolver->up);
	seen_free(resolver->seen);
	free(resolver->realms);
	free(resolver->result);
	free(resolver);
}
