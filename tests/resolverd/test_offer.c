/*
 * test_offer.c - what becomes of an address that cannot be offered again, and what managed sessions are told of which; the kernel and
 * the ledger are on paper.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/paths_own.h"

static struct paths paths;
static struct mptcp_endpoint listed[4], kernel[4]; /* in the ledger, and in force */
static size_t n_listed, n_kernel, n_own;
static struct addresses here;
static struct managed_own own[4];
static int refusal; /* errno of what is added next; 0: it is taken */
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
	refusal = 0;
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
	    cmocka_unit_test_setup(test_deprecated, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
