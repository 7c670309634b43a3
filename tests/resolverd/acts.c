/*
 * acts.c - a session whose acts are words. Knows no test.
 */
#include "tests/resolverd/acts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct managed m;
struct managed_own own[MANAGED_PATHS];
struct ways ways;
struct managed_world world;
struct act acts[MANAGED_ACTS];
size_t n_acts;
static char said[256];

void
address(uint8_t out[16], unsigned n)
{
	static const uint8_t base[16] = {0x20, 0x01, 0x0d, 0xb8};

	memcpy(out, base, 16);
	out[15] = (uint8_t)n;
}

struct mptcp_path
path(unsigned local, unsigned remote, unsigned id, unsigned port)
{
	struct mptcp_path p = {
	    .local_id = (uint8_t)id, .local_port = (uint16_t)port, .remote_port = 7000};

	address(p.local, local);
	address(p.remote, remote);
	return p;
}

struct prober_way
way(unsigned local, unsigned remote)
{
	struct mptcp_path p = path(local, remote, 0, 0);

	return prober_way_of(p.local, p.remote);
}

void
up(unsigned local, unsigned remote, unsigned id)
{
	struct mptcp_path p = path(local, remote, id, 1000 + local);

	assert_true(managed_put(&m, &p, true, world.now));
}

void
have(unsigned n, ...)
{
	va_list list;

	va_start(list, n);
	for (world.n_own = 0; world.n_own < n; world.n_own++) {
		own[world.n_own] = (struct managed_own){.announced = true};
		address(own[world.n_own].address, va_arg(list, unsigned));
	}
	va_end(list);
}

void
map(unsigned source, unsigned destination, bool backup)
{
	m.pairs[m.n_pairs] = (struct managed_pair){.backup = backup};
	address(m.pairs[m.n_pairs].source, source);
	address(m.pairs[m.n_pairs++].destination, destination);
}

int
fresh(void **state)
{
	(void)state;
	ways = (struct ways){.rule = HOLD_RULE};
	world = (struct managed_world){.own = own, .ways = &ways, .now = 100000};
	m = (struct managed){.token = 7, .ready = true, .first = path(A, C, 0, 1000 + A)};
	up(A, C, 0);
	have(2, A, B);
	return 0;
}

const char *
acts_are(void)
{
	static const char *const words[] = {"join", "announce", "leave", "backup"};
	size_t n = 0;

	said[0] = '\0';
	n_acts = managed_acts(&m, &world, acts, MANAGED_ACTS);
	for (size_t i = 0; i < n_acts; i++) {
		n += (size_t)snprintf(said + n, sizeof said - n, "%s%s %x", i > 0 ? ", " : "",
		    words[acts[i].kind], acts[i].path.local[15]);
		if (acts[i].kind != ACT_ANNOUNCE)
			n += (size_t)snprintf(said + n, sizeof said - n, "-%x%s",
			    acts[i].path.remote[15], acts[i].whole ? "!" : "");
	}
	return said;
}
