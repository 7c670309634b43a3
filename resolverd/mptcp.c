/*
 * mptcp.c - messages of the generic netlink family mptcp_pm.
 * Knows what can be asked of the kernel; knows nothing about which addresses are wanted.
 */
#include "resolverd/mptcp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/mptcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire/errors.h"

struct mptcp {
	struct netlink *nl;
	uint16_t family;
	uint32_t events;
};

const char *
mptcp_refusal(void)
{
	char octet = '1';
	int fd = open("/proc/sys/net/mptcp/enabled", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? "the kernel has no MPTCP" : NULL;
	n = read(fd, &octet, 1);
	close(fd);
	return n == 1 && octet == '0' ? "MPTCP is switched off (net.mptcp.enabled)" : NULL;
}

int
mptcp_open(struct mptcp **out)
{
	struct mptcp *mptcp = calloc(1, sizeof *mptcp);
	int saved, rc;

	if (mptcp == NULL)
		return -MAP_ENOMEM;
	rc = netlink_open(NETLINK_GENERIC, 0, &mptcp->nl);
	if (rc == 0)
		rc = netlink_family(mptcp->nl, MPTCP_PM_NAME, &mptcp->family,
		    MPTCP_PM_EV_GRP_NAME, &mptcp->events);
	if (rc < 0) {
		saved = errno;
		mptcp_close(mptcp);
		errno = saved;
		return rc;
	}
	*out = mptcp;
	return 0;
}

void
mptcp_close(struct mptcp *mptcp)
{
	if (mptcp == NULL)
		return;
	netlink_close(mptcp->nl);
	free(mptcp);
}

uint32_t
mptcp_event_group(const struct mptcp *mptcp)
{
	return mptcp->events;
}

static struct nlmsghdr *
mptcp_start(struct mptcp *mptcp, uint8_t command, uint16_t flags)
{
	return netlink_start_generic(mptcp->nl, mptcp->family, command, MPTCP_PM_VER, flags);
}

/* The kernel looks at the right before it looks for a limit, of which there is none. */
int
mptcp_may_set(struct mptcp *mptcp)
{
	mptcp_start(mptcp, MPTCP_PM_CMD_SET_LIMITS, 0);
	return netlink_ask(mptcp->nl, NULL, NULL);
}

static void
mptcp_limits_hear(void *arg, const struct nlmsghdr *message)
{
	struct mptcp_limits *limits = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			continue;
		if (mnl_attr_get_type(attr) == MPTCP_PM_ATTR_SUBFLOWS)
			limits->subflows = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == MPTCP_PM_ATTR_RCV_ADD_ADDRS)
			limits->add_addr_accepted = mnl_attr_get_u32(attr);
	}
}

int
mptcp_limits_get(struct mptcp *mptcp, struct mptcp_limits *out)
{
	*out = (struct mptcp_limits){0};
	mptcp_start(mptcp, MPTCP_PM_CMD_GET_LIMITS, 0);
	return netlink_ask(mptcp->nl, mptcp_limits_hear, out);
}

int
mptcp_limits_set(struct mptcp *mptcp, const struct mptcp_limits *limits)
{
	struct nlmsghdr *message = mptcp_start(mptcp, MPTCP_PM_CMD_SET_LIMITS, 0);

	mnl_attr_put_u32(message, MPTCP_PM_ATTR_RCV_ADD_ADDRS, limits->add_addr_accepted);
	mnl_attr_put_u32(message, MPTCP_PM_ATTR_SUBFLOWS, limits->subflows);
	return netlink_ask(mptcp->nl, NULL, NULL);
}

struct mptcp_list {
	struct mptcp_endpoint *out;
	size_t max, n;
};

static void
mptcp_endpoint_attr(struct mptcp_endpoint *endpoint, const struct nlattr *attr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	switch (mnl_attr_get_type(attr)) {
	case MPTCP_PM_ADDR_ATTR_ID:
		if (mnl_attr_validate(attr, MNL_TYPE_U8) == 0)
			endpoint->id = mnl_attr_get_u8(attr);
		break;
	case MPTCP_PM_ADDR_ATTR_ADDR4:
		if (mnl_attr_get_payload_len(attr) == 4) {
			memcpy(endpoint->address, mapped, sizeof mapped);
			memcpy(
			    endpoint->address + sizeof mapped, mnl_attr_get_payload(attr), 4);
		}
		break;
	case MPTCP_PM_ADDR_ATTR_ADDR6:
		if (mnl_attr_get_payload_len(attr) == 16)
			memcpy(endpoint->address, mnl_attr_get_payload(attr), 16);
		break;
	case MPTCP_PM_ADDR_ATTR_PORT:
		if (mnl_attr_validate(attr, MNL_TYPE_U16) == 0)
			endpoint->port = mnl_attr_get_u16(attr);
		break;
	case MPTCP_PM_ADDR_ATTR_FLAGS:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			endpoint->flags = mnl_attr_get_u32(attr);
		break;
	default: /* the family is seen from the address; others are of no use here */
		break;
	}
}

static void
mptcp_endpoints_hear(void *arg, const struct nlmsghdr *message)
{
	struct mptcp_list *list = arg;
	const struct nlattr *top, *attr;

	mnl_attr_for_each(top, message, sizeof(struct genlmsghdr))
	{
		struct mptcp_endpoint endpoint = {0};

		if (mnl_attr_get_type(top) != MPTCP_PM_ATTR_ADDR || list->n == list->max)
			continue;
		mnl_attr_for_each_nested(attr, top) mptcp_endpoint_attr(&endpoint, attr);
		list->out[list->n++] = endpoint;
	}
}

int
mptcp_endpoints(struct mptcp *mptcp, struct mptcp_endpoint *out, size_t max, size_t *n)
{
	struct mptcp_list list = {out, max, 0};
	int rc;

	mptcp_start(mptcp, MPTCP_PM_CMD_GET_ADDR, NLM_F_DUMP);
	rc = netlink_ask(mptcp->nl, mptcp_endpoints_hear, &list);
	*n = list.n;
	return rc;
}

bool
mptcp_endpoint_stands(
    const struct mptcp_endpoint *endpoint, const struct mptcp_endpoint *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].id == endpoint->id && list[i].flags == endpoint->flags &&
		    list[i].port == endpoint->port &&
		    memcmp(list[i].address, endpoint->address, 16) == 0)
			return true;
	return false;
}

static int
mptcp_endpoint_do(struct mptcp *mptcp, uint8_t command, const struct mptcp_endpoint *endpoint)
{
	struct nlmsghdr *message = mptcp_start(mptcp, command, 0);
	struct nlattr *nest = mnl_attr_nest_start(message, MPTCP_PM_ATTR_ADDR);

	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)endpoint->address)) {
		mnl_attr_put_u16(message, MPTCP_PM_ADDR_ATTR_FAMILY, AF_INET);
		mnl_attr_put(message, MPTCP_PM_ADDR_ATTR_ADDR4, 4, endpoint->address + 12);
	} else {
		mnl_attr_put_u16(message, MPTCP_PM_ADDR_ATTR_FAMILY, AF_INET6);
		mnl_attr_put(message, MPTCP_PM_ADDR_ATTR_ADDR6, 16, endpoint->address);
	}
	if (endpoint->id != 0)
		mnl_attr_put_u8(message, MPTCP_PM_ADDR_ATTR_ID, endpoint->id);
	if (endpoint->flags != 0)
		mnl_attr_put_u32(message, MPTCP_PM_ADDR_ATTR_FLAGS, endpoint->flags);
	mnl_attr_nest_end(message, nest);
	return netlink_ask(mptcp->nl, NULL, NULL);
}

int
mptcp_endpoint_add(struct mptcp *mptcp, const struct mptcp_endpoint *endpoint)
{
	return mptcp_endpoint_do(mptcp, MPTCP_PM_CMD_ADD_ADDR, endpoint);
}

int
mptcp_endpoint_remove(struct mptcp *mptcp, const struct mptcp_endpoint *endpoint)
{
	return mptcp_endpoint_do(mptcp, MPTCP_PM_CMD_DEL_ADDR, endpoint);
}
