/*
 * pairs.c - candidates out of a result, this host's addresses and its routes; select.c ranks them.
 */
#include "resolverd/pairs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/crypto.h"
#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/select.h"

#define PAIRS_LIVENESS 4096
#define PAIRS_GAI_MAX 65536

struct pairs {
	struct netlink *route; /* for asking */
	struct netlink *events; /* tells that addresses are no longer what was read */
	bool fresh;
	struct addresses addresses;
	struct liveness *liveness;
	struct policy policy;
	struct select_candidate candidates[SELECT_MAX];
};

static void
pairs_policy(struct pairs *pairs, const char *path)
{
	char *text;
	ssize_t n = 0;
	unsigned wrong;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	policy_default(&pairs->policy);
	if (fd < 0)
		return;
	text = malloc(PAIRS_GAI_MAX);
	if (text != NULL)
		n = read(fd, text, PAIRS_GAI_MAX);
	wrong = n > 0 ? policy_read(&pairs->policy, text, (size_t)n) : 0;
	if (wrong > 0)
		diag_warn("%s: %u lines are not understood and not used", path, wrong);
	free(text);
	close(fd);
}

int
pairs_open(const char *gai, struct pairs **out)
{
	struct pairs *pairs = calloc(1, sizeof *pairs);
	int rc;

	if (pairs == NULL)
		return -MAP_ENOMEM;
	pairs_policy(pairs, gai);
	pairs->liveness = liveness_new(PAIRS_LIVENESS);
	rc = pairs->liveness == NULL ? -MAP_ENOMEM
				     : netlink_open(NETLINK_ROUTE, 0, &pairs->route);
	if (rc == 0)
		rc = netlink_open(NETLINK_ROUTE, addresses_groups(), &pairs->events);
	if (rc < 0) {
		pairs_close(pairs);
		return rc;
	}
	*out = pairs;
	return 0;
}

void
pairs_close(struct pairs *pairs)
{
	if (pairs == NULL)
		return;
	liveness_free(pairs->liveness);
	netlink_close(pairs->route);
	netlink_close(pairs->events);
	free(pairs);
}

void
pairs_mark(struct pairs *pairs, const struct pair_mark *mark, uint64_t now)
{
	liveness_mark(pairs->liveness, mark, now);
}

static void
pairs_heard(void *arg, const struct nlmsghdr *message)
{
	(void)message;
	((struct pairs *)arg)->fresh = false;
}

static const struct addresses *
pairs_addresses(struct pairs *pairs)
{
	if (netlink_events(pairs->events, pairs_heard, pairs) < 0)
		pairs->fresh = false;
	if (!pairs->fresh)
		pairs->fresh = addresses_read(pairs->route, &pairs->addresses) == 0;
	return &pairs->addresses;
}

static void
pairs_put_address(struct nlmsghdr *message, uint16_t type, const uint8_t address[16], bool ipv4)
{
	mnl_attr_put(message, type, ipv4 ? 4 : 16, address + (ipv4 ? 12 : 0));
}

static void
pairs_route_heard(void *arg, const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == RTM_NEWROUTE)
		*(bool *)arg = route->rtm_type == RTN_UNICAST || route->rtm_type == RTN_LOCAL;
}

/* A source counts only where its own provider's exit works (protocol 10). Any other failure of the
 * question than "no route" leaves the decision to the attempt itself. */
static bool
pairs_routed(struct pairs *pairs, const uint8_t source[16], const uint8_t to[16])
{
	struct nlmsghdr *message = netlink_start(pairs->route, RTM_GETROUTE, 0);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof *route);
	bool ipv4 = address_is_ipv4(to), usable = true;

	route->rtm_family = ipv4 ? AF_INET : AF_INET6;
	route->rtm_dst_len = route->rtm_src_len = ipv4 ? 32 : 128;
	pairs_put_address(message, RTA_DST, to, ipv4);
	pairs_put_address(message, RTA_SRC, source, ipv4);
	if (netlink_ask(pairs->route, pairs_route_heard, &usable) == 0)
		return usable;
	return errno != ENETUNREACH && errno != EHOSTUNREACH && errno != EACCES &&
	       errno != EINVAL;
}

static size_t
pairs_candidates(struct pairs *pairs, const struct result *result, uint64_t now)
{
	const struct addresses *sources = pairs_addresses(pairs);
	size_t n = 0;

	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		for (size_t l = 0; id->error == 0 && l < id->n_locators; l++) {
			const struct locator *to = &id->locators[l].locator;

			for (size_t s = 0; s < sources->n && n < SELECT_MAX; s++) {
				const struct local_address *from = &sources->list[s];
				struct select_candidate *c = &pairs->candidates[n];

				if (!from->global || !from->running ||
				    address_is_ipv4(from->address) !=
					address_is_ipv4(to->address) ||
				    !pairs_routed(pairs, from->address, to->address))
					continue;
				*c = (struct select_candidate){.source_length = from->length,
				    .deprecated = from->deprecated,
				    .temporary = from->temporary,
				    .identity = (uint8_t)i,
				    .to = to};
				memcpy(c->source, from->address, 16);
				c->live = liveness_get(
				    pairs->liveness, c->source, to->address, now, &c->rtt_us);
				n++;
			}
		}
	}
	return n;
}

static uint32_t
pairs_random(void *arg)
{
	uint32_t random = 0;

	(void)arg;
	/* without it the draw is merely not random */
	if (crypto_random(&random, sizeof random) < 0)
		diag_debug("pairs: no random octets");
	return random;
}

static void
pairs_none(struct result *result)
{
	size_t locators = 0;

	for (size_t i = 0; i < result->n_identities; i++)
		if (result->identities[i].error == 0)
			locators += result->identities[i].n_locators;
	result->error = locators > 0 ? -MAP_ENOROUTE : -MAP_ENOLOCATOR;
	snprintf(result->why, sizeof result->why,
	    locators > 0 ? "no address of this host has a route to any of %zu locators"
			 : "%zu locators",
	    locators);
}

void
pairs_fill(struct pairs *pairs, struct result *result, uint64_t now)
{
	struct select_input in = {
	    .candidates = pairs->candidates, .policy = &pairs->policy, .random = pairs_random};

	result->n_pairs = 0;
	if (result->error != 0)
		return;
	in.n = pairs_candidates(pairs, result, now);
	result->n_pairs = select_rank(&in, result->pairs, RESULT_PAIRS);
	if (result->n_pairs == 0)
		pairs_none(result);
}
