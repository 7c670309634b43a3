/*
 * addresses.c - addresses and the state of their links, out of rtnetlink dumps.
 */
#include "resolverd/addresses.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "core/wire/eid.h"
#include "core/wire/errors.h"

#define ADDRESSES_LINKS 1024
#define ADDRESSES_TRIES 8

struct addresses_links {
	size_t n;
	uint32_t running[ADDRESSES_LINKS];
};

struct addresses_reading {
	struct addresses *out;
	struct addresses_links links;
};

unsigned
addresses_groups(void)
{
	return RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_LINK;
}

static void
addresses_link(void *arg, const struct nlmsghdr *message)
{
	struct addresses_reading *reading = arg;
	struct addresses_links *links = &reading->links;
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWLINK || links->n == ADDRESSES_LINKS)
		return;
	if ((link->ifi_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING))
		links->running[links->n++] = (uint32_t)link->ifi_index;
}

static bool
addresses_running(const struct addresses_links *links, uint32_t ifindex)
{
	for (size_t i = 0; i < links->n; i++)
		if (links->running[i] == ifindex)
			return true;
	return false;
}

/* Fills the octets; IFA_LOCAL wins over IFA_ADDRESS, which is the peer's on point-to-point links. */
static bool
addresses_octets(const struct nlattr *attr, uint8_t family, struct local_address *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	size_t n = mnl_attr_get_payload_len(attr);

	if (family == AF_INET && n == 4) {
		memcpy(out->address, mapped, sizeof mapped);
		memcpy(out->address + sizeof mapped, mnl_attr_get_payload(attr), 4);
		return true;
	}
	if (family == AF_INET6 && n == 16) {
		memcpy(out->address, mnl_attr_get_payload(attr), 16);
		return true;
	}
	return false;
}

static void
addresses_hear(void *arg, const struct nlmsghdr *message)
{
	struct addresses_reading *reading = arg;
	struct addresses *out = reading->out;
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(message);
	struct local_address found = {.ifindex = head->ifa_index};
	uint32_t flags = head->ifa_flags;
	bool have = false, local = false;
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWADDR || out->n == ADDRESSES_MAX)
		return;
	mnl_attr_for_each(attr, message, sizeof *head)
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == IFA_FLAGS && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			flags = mnl_attr_get_u32(attr);
		else if (type == IFA_LOCAL || (type == IFA_ADDRESS && !local))
			have |= addresses_octets(attr, head->ifa_family, &found);
		local |= type == IFA_LOCAL;
	}
	if (!have)
		return;
	found.length = (uint8_t)(head->ifa_prefixlen + (head->ifa_family == AF_INET ? 96 : 0));
	found.running = addresses_running(&reading->links, found.ifindex);
	found.global = head->ifa_scope == RT_SCOPE_UNIVERSE &&
		       (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
	found.deprecated = (flags & IFA_F_DEPRECATED) != 0;
	/* for IPv4 the same bit says "secondary", which is no lesser address */
	found.temporary = head->ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY) != 0;
	out->list[out->n++] = found;
}

static int
addresses_dump(struct netlink *route, uint16_t type, netlink_fn *fn, void *arg)
{
	struct nlmsghdr *message = netlink_start(route, type, NLM_F_DUMP);
	struct rtgenmsg *any = mnl_nlmsg_put_extra_header(message, sizeof *any);

	any->rtgen_family = AF_UNSPEC;
	return netlink_ask(route, fn, arg);
}

int
addresses_read(struct netlink *route, struct addresses *out)
{
	struct addresses_reading reading = {.out = out};
	int rc = -MAP_ESTALE;

	for (unsigned tries = 0; rc == -MAP_ESTALE && tries < ADDRESSES_TRIES; tries++) {
		out->n = 0;
		reading.links.n = 0;
		rc = addresses_dump(route, RTM_GETLINK, addresses_link, &reading);
		if (rc == 0 || rc == -MAP_ESTALE) {
			int torn = rc;

			rc = addresses_dump(route, RTM_GETADDR, addresses_hear, &reading);
			rc = rc == 0 ? torn : rc;
		}
	}
	return rc;
}

const struct local_address *
addresses_find(const struct addresses *list, const uint8_t address[16])
{
	for (size_t i = 0; i < list->n; i++)
		if (memcmp(list->list[i].address, address, 16) == 0)
			return &list->list[i];
	return NULL;
}

bool
addresses_share_exit(const struct local_address *a, const struct local_address *b)
{
	/* one that DHCPv6 gave is alone in its prefix, and of that which routers announce */
	uint8_t length = a->length < b->length ? a->length : b->length;

	return a->ifindex == b->ifindex && address_is_in(a->address, b->address, length);
}

static bool
addresses_is_usable(const struct local_address *row)
{
	return row->global && row->running && !row->deprecated;
}

/* Whether none of the same exit goes before it. */
static bool
addresses_is_place(const struct addresses *all, size_t i)
{
	const struct local_address *me = &all->list[i];
	bool is = addresses_is_usable(me);

	for (size_t k = 0; k < all->n && is; k++) {
		const struct local_address *other = &all->list[k];

		if (k != i && addresses_is_usable(other) && addresses_share_exit(me, other))
			is = me->temporary != other->temporary ? me->temporary : i < k;
	}
	return is;
}

size_t
addresses_places(const struct addresses *all, uint8_t (*list)[16], size_t max)
{
	const uint8_t *places[2][ADDRESSES_MAX];
	size_t found[2] = {0, 0}, n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (addresses_is_place(all, i)) {
			unsigned family = address_is_ipv4(all->list[i].address);

			places[family][found[family]++] = all->list[i].address;
		}
	for (size_t turn = 0; turn < found[0] || turn < found[1]; turn++)
		for (unsigned family = 0; family < 2; family++)
			if (turn < found[family] && n < max)
				memcpy(list[n++], places[family][turn], 16);
	return n;
}
