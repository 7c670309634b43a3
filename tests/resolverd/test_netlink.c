/*
 * test_netlink.c - an answer that nobody waited for is in no later request's way, and events that never end keep nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include <cmocka.h>

#include "resolverd/netlink.h"

#define ENDLESS 5000

static struct netlink *nl;

static int
setup(void **state)
{
	(void)state;
	return netlink_open(NETLINK_ROUTE, 0, &nl);
}

static int
teardown(void **state)
{
	(void)state;
	netlink_close(nl);
	return 0;
}

/* A request past the library: of all links, or of the first one. Its answer waits. */
static void
request(uint16_t flags)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} ask = {.head = {.nlmsg_len = sizeof ask,
		     .nlmsg_type = RTM_GETLINK,
		     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		     .nlmsg_seq = 4711},
	    .link = {.ifi_index = (flags & NLM_F_DUMP) == 0 ? 1 : 0}};

	assert_int_equal(send(netlink_fd(nl), &ask, sizeof ask, 0), sizeof ask);
}

static void
count(void *arg, const struct nlmsghdr *message)
{
	*(unsigned *)arg += message->nlmsg_type == RTM_NEWLINK;
}

static int
links(unsigned *n)
{
	struct nlmsghdr *message = netlink_start(nl, RTM_GETLINK, NLM_F_DUMP);
	struct rtgenmsg *any = mnl_nlmsg_put_extra_header(message, sizeof *any);

	*n = 0;
	any->rtgen_family = AF_UNSPEC;
	return netlink_ask(nl, count, n);
}

static void
test_late(void **state)
{
	unsigned n, all;

	(void)state;
	assert_int_equal(links(&all), 0);
	assert_true(all > 0);
	request(NLM_F_ACK);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(links(&n), 0);
		assert_int_equal(n, all);
	}
}

/* The kernel begins no other list as long as one is not read: that may cost one request, and no more. */
static void
test_not_read(void **state)
{
	unsigned n, all;

	(void)state;
	assert_int_equal(links(&all), 0);
	request(NLM_F_DUMP);
	(void)!links(&n);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(links(&n), 0);
		assert_int_equal(n, all);
	}
}

/* Each event brings about the next. */
static void
endless(void *arg, const struct nlmsghdr *message)
{
	unsigned *n = arg;

	(void)message;
	if (++*n < ENDLESS)
		request(0);
}

static void
test_endless(void **state)
{
	unsigned n = 0, before = 0;

	(void)state;
	request(0);
	assert_int_equal(netlink_events(nl, endless, &n), 0);
	assert_true(n > 0 && n < ENDLESS);
	while (n > before) {
		before = n;
		assert_int_equal(netlink_events(nl, endless, &n), 0);
	}
	assert_int_equal(n, ENDLESS);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_late),
	    T(test_not_read),
	    T(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
