/*
 * result.c - look-ups: the question, and the agent's result as the caller reads it.
 */
#include "libmap/context.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

struct result_identity {
	struct map_identity shown;
	char text[EID_TEXT];
	char at[TARGET_HINT];
};

struct map_result {
	enum map_found found;
	bool secure;
	uint32_t lifetime;
	size_t n;
	struct result_identity *identities;
	struct map_locator *locators; /* of all identities */
	char (*paths)[PATH_MAX_TEXT];
};

struct resolve {
	struct map_request request; /* first: what the caller holds */
	struct ask ask;
	map_resolved_fn *fn;
	void *arg;
};

static enum map_trust
result_trust(enum verdict trust)
{
	if (trust == VERDICT_PROVED)
		return MAP_TRUST_PROVED;
	return trust == VERDICT_SECURE ? MAP_TRUST_SECURE : MAP_TRUST_INSECURE;
}

static void
result_fill_identity(struct result_identity *to, const struct found_identity *from)
{
	if (from->id.form != EID_NONE)
		eid_print(&from->id, to->text);
	target_hint(&from->id, to->at);
	to->shown.text = to->text;
	to->shown.at = to->at;
	to->shown.error = from->error;
	to->shown.proved = from->proof == VERDICT_PROVED;
	to->shown.n_locators = from->n_locators;
}

static void
result_fill(struct map_result *to, const struct result *from)
{
	struct map_locator *locator = to->locators;
	char(*path)[PATH_MAX_TEXT] = to->paths;

	to->found = (enum map_found)from->kind;
	to->secure = from->asked.n == 0 || from->name.dnssec == VERDICT_SECURE;
	to->lifetime = from->lifetime;
	for (size_t i = 0; i < to->n; i++) {
		const struct found_identity *id = &from->identities[i];

		result_fill_identity(&to->identities[i], id);
		to->identities[i].shown.locators = locator;
		for (size_t k = 0; k < id->n_locators; k++, locator++, path++) {
			const struct locator *l = &id->locators[k].locator;

			memcpy(locator->address, l->address, sizeof locator->address);
			memcpy(*path, l->path, sizeof *path);
			locator->preference = l->preference;
			locator->weight = l->weight;
			locator->flags = l->flags;
			locator->trust = result_trust(id->locators[k].trust);
			locator->path = *path;
		}
	}
}

static struct map_result *
result_new(const struct result *from)
{
	struct map_result *result = calloc(1, sizeof *result);
	size_t locators = 0;

	if (result == NULL)
		return NULL;
	for (size_t i = 0; i < from->n_identities; i++)
		locators += from->identities[i].n_locators;
	result->n = from->n_identities;
	result->identities = calloc(result->n + 1, sizeof *result->identities);
	result->locators = calloc(locators + 1, sizeof *result->locators);
	result->paths = calloc(locators + 1, sizeof *result->paths);
	if (result->identities == NULL || result->locators == NULL || result->paths == NULL) {
		map_result_free(result);
		return NULL;
	}
	result_fill(result, from);
	return result;
}

void
map_result_free(struct map_result *result)
{
	if (result == NULL)
		return;
	free(result->identities);
	free(result->locators);
	free(result->paths);
	free(result);
}

enum map_found
map_result_found(const struct map_result *result)
{
	return result->found;
}

bool
map_result_is_secure(const struct map_result *result)
{
	return result->secure;
}

uint32_t
map_result_lifetime(const struct map_result *result)
{
	return result->lifetime;
}

size_t
map_result_identities(const struct map_result *result)
{
	return result->n;
}

const struct map_identity *
map_result_identity(const struct map_result *result, size_t i)
{
	return i < result->n ? &result->identities[i].shown : NULL;
}

static void
resolve_told(struct ask *ask, int error, const char *why, const struct result *found)
{
	struct resolve *r =
	    (struct resolve *)(void *)((char *)ask - offsetof(struct resolve, ask));
	struct map *map = r->request.map;
	struct map_result *result = NULL;

	if (error == 0) {
		result = result_new(found);
		if (result == NULL) {
			error = -MAP_ENOMEM;
			why = "out of memory";
		}
	}
	if (error != 0)
		context_fail(map, error, "%s", why);
	context_remove(&r->request);
	r->fn(r->arg, error, error != 0 ? map->why : "", result);
	free(r);
}

static void
resolve_end(struct map_request *request)
{
	struct resolve *r = (struct resolve *)(void *)request;

	agent_cancel(&r->ask);
	free(r);
}

int
map_resolve_start(struct map *map, const char *what, unsigned flags, map_resolved_fn *fn,
    void *arg, struct map_request **request)
{
	struct target target;
	struct resolve *r;
	int rc = target_read(map, what, flags, &target);

	if (rc < 0)
		return rc;
	r = calloc(1, sizeof *r);
	if (r == NULL)
		return context_fail(map, -MAP_ENOMEM, "out of memory");
	r->request.end = resolve_end;
	r->fn = fn;
	r->arg = arg;
	r->ask = (struct ask){.map = map,
	    .request = {.flags = target.flags, .id = target.id},
	    .due = context_now() + map->resolve_ms,
	    .fn = resolve_told};
	context_add(map, &r->request);
	agent_start(&r->ask);
	if (request != NULL)
		*request = &r->request;
	return 0;
}

struct resolve_wait {
	bool done;
	int error;
	struct map_result *result;
};

static void
resolve_waited(void *arg, int error, const char *why, struct map_result *result)
{
	struct resolve_wait *wait = arg;

	(void)why; /* it stays in the context */
	*wait = (struct resolve_wait){true, error, result};
}

int
map_resolve(struct map *map, const char *what, unsigned flags, struct map_result **out)
{
	struct resolve_wait wait = {0};
	struct map_request *request;
	int rc;

	*out = NULL;
	map->why[0] = '\0';
	rc = map_resolve_start(map, what, flags, resolve_waited, &wait, &request);
	if (rc < 0)
		return rc;
	rc = context_run(map, &wait.done);
	if (rc < 0) {
		map_cancel(request);
		return rc;
	}
	*out = wait.result;
	return wait.error;
}
