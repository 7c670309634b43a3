/*
 * stories.c - who is told, and in which words.
 */
#include "resolverd/stories.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/eid.h"

#define STORIES_WORDS 160

static void
stories_path(const struct paths_company *company, uint32_t token, const uint8_t from[16],
    const uint8_t to[16], const char *what)
{
	char local[EID_TEXT], remote[EID_TEXT], words[STORIES_WORDS];

	snprintf(words, sizeof words, "path from %s to %s %s", address_print(from, local),
	    address_print(to, remote), what);
	company->tell(company->arg, token, words);
}

void
stories_left(const struct paths_company *company, const struct subflows *seen,
    const struct subflow *flow, const char *why)
{
	char what[STORIES_WORDS];

	snprintf(what, sizeof what, "left: %s", why);
	for (size_t i = 0; i < seen->n; i++) {
		const struct subflow *one = &seen->list[i];

		if (!one->managed && memcmp(one->local, flow->local, 16) == 0)
			stories_path(company, one->token, one->local, one->remote,
			    subflow_compare(one, flow) == 0
				? what
				: "left: dead, as another session found");
	}
}

void
stories_returned(
    const struct paths_company *company, const struct subflows *seen, const uint8_t address[16])
{
	char text[EID_TEXT], words[STORIES_WORDS];

	snprintf(words, sizeof words, "%s answers again: offered anew",
	    address_print(address, text));
	for (size_t i = 0; i < seen->n; i++) {
		const struct subflow *one = &seen->list[i];

		if ((i == 0 || one->token != seen->list[i - 1].token) && !one->managed &&
		    address_is_ipv4(one->local) == address_is_ipv4(address))
			company->tell(company->arg, one->token, words);
	}
}

void
stories_joined(
    const struct paths_company *company, uint32_t token, const struct mptcp_path *path)
{
	stories_path(company, token, path->local, path->remote, "joined");
}
