/*
 * test_offer.c - what becomes of an address that cannot be offered again or taken out, which stay for sessions, and what managed ones are
 * told of which; the kernel and the ledger are on paper.
 */
#include <errno.h>
#include <linux/mptcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/paths_own.h"
#include "resolverd/subflows.h"

static struct paths paths;
static struct mptcp_endpoint listed[4], kernel[4]; /* in the ledger, and in force */
static size_t n_listed, n_kernel, n_own;
static struct addresses here;
static struct managed_own own[4];
static int refusal; /* errno of what is added next; 0: it is taken */
static int stuck; /* errno of what is removed next; 0: it goes */
#define STALE (-1) /* blind: what was read is of two moments */
static int deaf,
    blind; /* errno of a socket that is opened, or of sessions that are read next; 0: it can be */
static size_t n_spared;
static unsigned starts;

/* --- linked with --wrap --- */

size_t __wrap_ledger_count(const struct ledger *ledger);
const struct mptcp_endpoint *__wrap_ledger_at(const struct ledger *ledger, size_t i);
int __wrap_ledger_put(struct ledger *ledger, const struct mptcp_endpoint *endpoint);
void __wrap_ledger_drop(struct ledger *ledger, const struct mptcp_endpoint *endpoint);
int __wrap_mptcp_endpoints(
    struct mptcp *mptcp, struct mptcp_endpoint *out, size_t max, size_t *n);
int __wrap_mptcp_endpoint_add(struct mptcp *mptcp, const struct mptcp_endpoint *endpoint);
int __wrap_mptcp_endpoint_remove(struct mptcp *mptcp, const struct mptcp_endpoint *endpoint);
int __wrap_addresses_read(struct netlink *route, struct addresses *out);
void __wrap_manage_addresses(struct manage *manage, const struct managed_own *list, size_t n);
void __wrap_timer_start(struct timer *timer, uint64_t ms);
int __wrap_netlink_open(int bus, unsigned groups, struct netlink **out);
int __wrap_subflows_read(struct netlink *diag, struct subflows *out);
void __wrap_netlink_close(struct netlink *nl);
void __wrap_ledgers_close(
    struct ledgers *ledgers, const uint8_t (*spared)[16], size_t n, size_t *stayed);

static void
take_out(struct mptcp_endpoint *list, size_t *n, const struct mptcp_endpoint *endpoint)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i].id == endpoint->id)
			list[i--] = list[--*n];
}

size_t
__wrap_ledger_count(const struct ledger *ledger)
{
	(void)ledger;
	return n_listed;
}

const struct mptcp_endpoint *
__wrap_ledger_at(const struct ledger *ledger, size_t i)
{
	(void)ledger;
	return &listed[i];
}

int
__wrap_ledger_put(struct ledger *ledger, const struct mptcp_endpoint *endpoint)
{
	(void)ledger;
	listed[n_listed++] = *endpoint;
	return 0;
}

void
__wrap_ledger_drop(struct ledger *ledger, const struct mptcp_endpoint *endpoint)
{
	(void)ledger;
	take_out(listed, &n_listed, endpoint);
}

int
__wrap_mptcp_endpoints(struct mptcp *mptcp, struct mptcp_endpoint *out, size_t max, size_t *n)
{
	(void)mptcp;
	assert_true(max >= n_kernel);
	*n = n_kernel;
	memcpy(out, kernel, n_kernel * sizeof *out);
	return 0;
}

int
__wrap_mptcp_endpoint_add(struct mptcp *mptcp, const struct mptcp_endpoint *endpoint)
{
	(void)mptcp;
	errno = refusal;
	if (refusal != 0)
		return -MAP_ESYS;
	kernel[n_kernel++] = *endpoint;
	return 0;
}

int
__wrap_mptcp_endpoint_remove(struct mptcp *mptcp, const struct mptcp_endpoint *endpoint)
{
	(void)mptcp;
	errno = stuck;
	stuck = 0;
	if (errno != 0)
		return -MAP_ESYS;
	take_out(kernel, &n_kernel, endpoint);
	return 0;
}

int
__wrap_addresses_read(struct netlink *route, struct addresses *out)
{
	(void)route;
	*out = here;
	return 0;
}

void
__wrap_manage_addresses(struct manage *manage, const struct managed_own *list, size_t n)
{
	(void)manage;
	n_own = n;
	memcpy(own, list, n * sizeof *list);
}

void
__wrap_timer_start(struct timer *timer, uint64_t ms)
{
	assert_null(timer);
	assert_true(ms > 0);
	starts++;
}

int
__wrap_netlink_open(int bus, unsigned groups, struct netlink **out)
{
	(void)bus;
	(void)groups;
	errno = deaf;
	if (deaf != 0)
		return -MAP_ESYS;
	*out = (struct netlink *)&deaf;
	return 0;
}

/* One session, by the first address. */
int
__wrap_subflows_read(struct netlink *diag, struct subflows *out)
{
	(void)diag;
	errno = blind == STALE ? ENOENT : blind; /* of something before */
	if (blind != 0)
		return blind == STALE ? -MAP_ESTALE : -MAP_ESYS;
	*out =
	    (struct subflows){.n = 1, .complete = true, .list = calloc(1, sizeof *out->list)};
	assert_non_null(out->list);
	memcpy(out->list[0].local, listed[0].address, 16);
	return 0;
}

void
__wrap_netlink_close(struct netlink *nl)
{
	(void)nl;
}

void
__wrap_ledgers_close(
    struct ledgers *ledgers, const uint8_t (*spared)[16], size_t n, size_t *stayed)
{
	(void)ledgers;
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(spared[i], listed[i].address, 16);
	n_spared = n;
	*stayed = n;
}

/* --- */

static int
fresh(void **state)
{
	static const uint8_t base[16] = {0x20, 0x01, 0x0d, 0xb8};

	(void)state;
	memset(&paths, 0, sizeof paths);
	paths.route = (struct netlink *)(void *)&paths; /* not looked into */
	paths.mptcp = (struct mptcp *)(void *)&paths;
	paths.ledger = (struct ledger *)(void *)&paths;
	n_listed = n_kernel = n_own = 0;
	refusal = stuck = deaf = blind = 0;
	starts = 0;
	here.n = 2;
	for (uint8_t i = 0; i < 2; i++) {
		here.list[i] = (struct local_address){.running = true, .global = true};
		memcpy(here.list[i].address, base, 16);
		here.list[i].address[15] = i + 1;
	}
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_kernel, 2);
	return 0;
}

/* It was taken out, and cannot be put back: nothing of the address happens any more, so that it is looked after soon. */
static void
test_renew_fails(void **state)
{
	(void)state;
	paths_renew(&paths, here.list[0].address, true, "silent");
	assert_int_equal(n_kernel, 2);
	assert_int_equal(starts, 0);
	refusal = ENOMEM;
	paths_renew(&paths, here.list[0].address, true, "silent");
	assert_int_equal(n_kernel, 1);
	assert_int_equal(starts, 1);
	assert_true(paths.settles);
	refusal = 0;
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_kernel, 2);
	assert_int_equal(n_listed, 2);
}

/* The number of its endpoint in the kernel; 0: it has none. */
static uint8_t
number_of(const struct local_address *row)
{
	for (size_t i = 0; i < n_kernel; i++)
		if (memcmp(kernel[i].address, row->address, 16) == 0)
			return kernel[i].id;
	return 0;
}

static uint32_t
flags_of(const struct local_address *row)
{
	return kernel[0].id == number_of(row) ? kernel[0].flags : kernel[1].flags;
}

/* What is kept back is used by nobody, whatever happens to addresses, until it is renewed: each time under a new number. */
static void
test_kept_back(void **state)
{
	uint8_t list[4][16], had = number_of(&here.list[0]);
	uint32_t flags = flags_of(&here.list[0]);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		paths_keep_back(&paths, here.list[0].address, "silent");
		assert_true(paths_is_kept(&paths, here.list[0].address));
		assert_false(paths_is_kept(&paths, here.list[1].address));
		assert_int_equal(paths_own(&paths, list, 4), 2);
		assert_int_equal(paths_sync(&paths), 0);
		assert_int_equal(n_kernel, 2);
		assert_int_equal(flags_of(&here.list[0]), 0);
		assert_int_not_equal(number_of(&here.list[0]), had);
		assert_string_equal(paths_note(&paths), "2 endpoints, 1 kept back");
		had = number_of(&here.list[0]);
		paths_renew(&paths, here.list[0].address, true, "tried again");
		assert_false(paths_is_kept(&paths, here.list[0].address));
		assert_int_equal(flags_of(&here.list[0]), flags);
		assert_int_not_equal(number_of(&here.list[0]), had);
		had = number_of(&here.list[0]);
	}
	assert_int_equal(n_listed, 2);
	assert_int_equal(starts, 0);
	assert_string_equal(paths_note(&paths), "2 endpoints");
}

/* One that went and came is new; what somebody else has set meanwhile is his, and what another process has kept back is used. */
static void
test_kept_no_more(void **state)
{
	(void)state;
	paths_keep_back(&paths, here.list[1].address, "silent");
	here.n = 1;
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_kernel, 1);
	assert_false(paths_is_kept(&paths, here.list[1].address));
	paths_renew(&paths, here.list[1].address, true, "tried again");
	assert_int_equal(n_kernel, 1);
	here.n = 2;
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_kernel, 2);
	assert_int_not_equal(flags_of(&here.list[1]), 0);
	paths_keep_back(&paths, here.list[1].address, "silent");
	kernel[1].flags = MPTCP_PM_ADDR_FLAG_BACKUP;
	paths_renew(&paths, here.list[1].address, true, "tried again");
	assert_int_equal(flags_of(&here.list[1]), MPTCP_PM_ADDR_FLAG_BACKUP);
	kernel[1].flags = 0;
	memset(paths.kept, 0, sizeof paths.kept); /* as a new process */
	assert_false(paths_is_kept(&paths, here.list[1].address));
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_not_equal(flags_of(&here.list[1]), 0);
}

/* It was taken out, and cannot be kept: it is set as any other, soon. */
static void
test_keep_fails(void **state)
{
	(void)state;
	refusal = ENOMEM;
	paths_keep_back(&paths, here.list[0].address, "silent");
	assert_int_equal(n_kernel, 1);
	assert_true(paths.settles);
	refusal = 0;
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_kernel, 2);
	assert_int_not_equal(flags_of(&here.list[0]), 0);
	stuck = ENOMEM; /* and cannot be taken out */
	paths_keep_back(&paths, here.list[0].address, "silent");
	assert_false(paths_is_kept(&paths, here.list[0].address));
	assert_int_not_equal(flags_of(&here.list[0]), 0);
}

/* What cannot be taken out stays listed, so that the next look takes it out, or a stop. */
static void
test_stays(void **state)
{
	(void)state;
	stuck = ENOMEM;
	paths_renew(&paths, here.list[0].address, true, "silent");
	assert_int_equal(n_kernel, 2);
	assert_int_equal(n_listed, 2);
	here.n = 0;
	stuck = ENOMEM;
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_kernel, 1);
	assert_int_equal(n_listed, 1);
	assert_memory_equal(&listed[0], &kernel[0], sizeof listed[0]);
	stuck = EINVAL; /* somebody else did */
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_listed, 0);
}

/* Endpoints that sessions run over stay at a stop, and all where that cannot be told; none where the kernel shows none. */
static void
test_spared(void **state)
{
	static const struct {
		int deaf, blind;
		size_t spared;
	} rows[] = {{0, 0, 1}, {ENFILE, 0, 2}, {0, ENOMEM, 2}, {0, STALE, 2}, {ENOENT, 0, 0},
	    {0, ENOENT, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct paths *one = calloc(1, sizeof *one);

		assert_non_null(one);
		one->ledger = (struct ledger *)&here;
		one->ledgers = (struct ledgers *)&here;
		deaf = rows[i].deaf;
		blind = rows[i].blind;
		paths_close(one);
		assert_int_equal(n_spared, rows[i].spared);
	}
}

/* RFC 4862 5.5.4: nothing begins at a deprecated address, and what runs over it is to change over; but not from a temporary one. */
static void
test_deprecated(void **state)
{
	(void)state;
	paths.manage = (struct manage *)&own;
	here.list[0].deprecated = true;
	here.list[1].deprecated = here.list[1].temporary = true;
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_own, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(own[i].address, here.list[i].address, 16);
		assert_true(own[i].passive);
		assert_false(own[i].announced);
		assert_int_equal(own[i].fades, i == 0);
	}
	here.list[0].deprecated = here.list[1].deprecated = false;
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_own, 2);
	assert_true(own[0].announced && !own[0].passive && !own[0].fades);
	assert_true(own[1].passive);
	here.list[0].running = false;
	assert_int_equal(paths_sync(&paths), 0);
	assert_int_equal(n_own, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_renew_fails, fresh),
	    cmocka_unit_test_setup(test_kept_back, fresh),
	    cmocka_unit_test_setup(test_kept_no_more, fresh),
	    cmocka_unit_test_setup(test_keep_fails, fresh),
	    cmocka_unit_test_setup(test_stays, fresh),
	    cmocka_unit_test_setup(test_spared, fresh),
	    cmocka_unit_test_setup(test_deprecated, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
