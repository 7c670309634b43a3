/*
 * route.c - RTM_GETROUTE with a source, which obeys rules for sources too.
 */
#include "resolverd/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "core/wire/eid.h"

static void
route_put(struct nlmsghdr *message, uint16_t type, const uint8_t address[16], bool ipv4)
{
	mnl_attr_put(message, type, ipv4 ? 4 : 16, address + (ipv4 ? 12 : 0));
}

static void
route_gateway(struct route *out, const struct nlattr *attr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	size_t n = mnl_attr_get_payload_len(attr);

	if (n == 16) {
		memcpy(out->gateway, mnl_attr_get_payload(attr), 16);
	} else if (n == 4) {
		memcpy(out->gateway, mapped, sizeof mapped);
		memcpy(out->gateway + 12, mnl_attr_get_payload(attr), 4);
	}
}

static void
route_heard(void *arg, const struct nlmsghdr *message)
{
	struct route *out = arg;
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return;
	out->there = route->rtm_type == RTN_UNICAST || route->rtm_type == RTN_LOCAL;
	mnl_attr_for_each(attr, message, sizeof *route)
	{
		if (mnl_attr_get_type(attr) == RTA_OIF &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			out->ifindex = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == RTA_GATEWAY)
			route_gateway(out, attr);
	}
}

struct route
route_ask(struct netlink *nl, const uint8_t source[16], const uint8_t to[16])
{
	struct nlmsghdr *message = netlink_start(nl, RTM_GETROUTE, 0);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof *route);
	struct route found = {.there = true};
	bool ipv4 = address_is_ipv4(to);

	route->rtm_family = ipv4 ? AF_INET : AF_INET6;
	route->rtm_dst_len = route->rtm_src_len = ipv4 ? 32 : 128;
	route_put(message, RTA_DST, to, ipv4);
	route_put(message, RTA_SRC, source, ipv4);
	if (netlink_ask(nl, route_heard, &found) < 0)
		found.there = errno != ENETUNREACH && errno != EHOSTUNREACH &&
			      errno != EACCES && errno != EINVAL;
	return found;
}

bool
route_equal(const struct route *a, const struct route *b)
{
	return a->there && b->there && a->ifindex != 0 && a->ifindex == b->ifindex &&
	       memcmp(a->gateway, b->gateway, 16) == 0;
}
