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

#define MPTCP_MANAGER_FILE "/proc/sys/net/mptcp/pm_type"

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

/* The manager of sessions that begin, or -1 with errno. */
static int
mptcp_manager_get(void)
{
	char octet = '0';
	int fd = open(MPTCP_MANAGER_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, &octet, 1);
	close(fd);
	return n == 1 && octet >= '0' && octet <= '9' ? octet - '0' : -1;
}

static int
mptcp_manager_set(uint32_t manager)
{
	char octet = (char)('0' + manager);
	int fd = open(MPTCP_MANAGER_FILE, O_WRONLY | O_CLOEXEC), saved;
	ssize_t n;

	if (fd < 0)
		return -MAP_ESYS;
	n = write(fd, &octet, 1);
	saved = errno;
	close(fd);
	errno = saved;
	return n == 1 ? 0 : -MAP_ESYS;
}

int
mptcp_limits_get(struct mptcp *mptcp, struct mptcp_limits *out)
{
	int manager = mptcp_manager_get();

	*out = (struct mptcp_limits){.manager = manager > 0 ? (uint32_t)manager : 0};
	mptcp_start(mptcp, MPTCP_PM_CMD_GET_LIMITS, 0);
	return netlink_ask(mptcp->nl, mptcp_limits_hear, out);
}

int
mptcp_limits_set(struct mptcp *mptcp, const struct mptcp_limits *limits)
{
	int manager = mptcp_manager_get();
	struct nlmsghdr *message;

	if ((manager > 0 ? (uint32_t)manager : 0) != limits->manager &&
	    mptcp_manager_set(limits->manager) < 0)
		return -MAP_ESYS;
	message = mptcp_start(mptcp, MPTCP_PM_CMD_SET_LIMITS, 0);
	mnl_attr_put_u32(message, MPTCP_PM_ATTR_RCV_ADD_ADDRS, limits->add_addr_accepted);
	mnl_attr_put_u32(message, MPTCP_PM_ATTR_SUBFLOWS, limits->subflows);
	return netlink_ask(mptcp->nl, NULL, NULL);
}

struct mptcp_list {
	struct mptcp_endpoint *out;
	size_t max, n;
};

static void
mptcp_address(const struct nlattr *attr, uint8_t out[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	size_t n = mnl_attr_get_payload_len(attr);

	if (n == 4)
		memcpy(out, mapped, sizeof mapped);
	if (n == 4 || n == 16)
		memcpy(out + 16 - n, mnl_attr_get_payload(attr), n);
}

static void
mptcp_endpoint_attr(struct mptcp_endpoint *endpoint, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case MPTCP_PM_ADDR_ATTR_ID:
		if (mnl_attr_validate(attr, MNL_TYPE_U8) == 0)
			endpoint->id = mnl_attr_get_u8(attr);
		break;
	case MPTCP_PM_ADDR_ATTR_ADDR4:
	case MPTCP_PM_ADDR_ATTR_ADDR6:
		mptcp_address(attr, endpoint->address);
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

uint8_t
mptcp_endpoint_free_id(const struct mptcp_endpoint *list, size_t n)
{
	bool taken[256] = {true};

	for (size_t i = 0; i < n; i++)
		taken[list[i].id] = true;
	for (unsigned id = 1; id < 256; id++)
		if (!taken[id])
			return (uint8_t)id;
	return 0;
}

static void
mptcp_put_endpoint(
    struct nlmsghdr *message, uint16_t attr, const struct mptcp_endpoint *endpoint)
{
	struct nlattr *nest = mnl_attr_nest_start(message, attr);

	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)endpoint->address)) {
		mnl_attr_put_u16(message, MPTCP_PM_ADDR_ATTR_FAMILY, AF_INET);
		mnl_attr_put(message, MPTCP_PM_ADDR_ATTR_ADDR4, 4, endpoint->address + 12);
	} else {
		mnl_attr_put_u16(message, MPTCP_PM_ADDR_ATTR_FAMILY, AF_INET6);
		mnl_attr_put(message, MPTCP_PM_ADDR_ATTR_ADDR6, 16, endpoint->address);
	}
	if (endpoint->id != 0)
		mnl_attr_put_u8(message, MPTCP_PM_ADDR_ATTR_ID, endpoint->id);
	if (endpoint->port != 0)
		mnl_attr_put_u16(message, MPTCP_PM_ADDR_ATTR_PORT, endpoint->port);
	if (endpoint->flags != 0)
		mnl_attr_put_u32(message, MPTCP_PM_ADDR_ATTR_FLAGS, endpoint->flags);
	mnl_attr_nest_end(message, nest);
}

static int
mptcp_endpoint_do(struct mptcp *mptcp, uint8_t command, const struct mptcp_endpoint *endpoint)
{
	struct mptcp_endpoint put = *endpoint;

	put.port = 0;
	mptcp_put_endpoint(mptcp_start(mptcp, command, 0), MPTCP_PM_ATTR_ADDR, &put);
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

/* --- single sessions --- */

static uint16_t
mptcp_port(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == 2 ? ntohs(mnl_attr_get_u16(attr)) : 0;
}

static uint8_t
mptcp_octet(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) >= 1 ? mnl_attr_get_u8(attr) : 0;
}

static void
mptcp_event_attr(struct mptcp_event *event, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case MPTCP_ATTR_TOKEN:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			event->token = mnl_attr_get_u32(attr);
		break;
	case MPTCP_ATTR_LOC_ID:
		event->path.local_id = mptcp_octet(attr);
		break;
	case MPTCP_ATTR_REM_ID:
		event->path.remote_id = mptcp_octet(attr);
		break;
	case MPTCP_ATTR_SADDR4:
	case MPTCP_ATTR_SADDR6:
		mptcp_address(attr, event->path.local);
		break;
	case MPTCP_ATTR_DADDR4:
	case MPTCP_ATTR_DADDR6:
		mptcp_address(attr, event->path.remote);
		break;
	case MPTCP_ATTR_SPORT:
		event->path.local_port = mptcp_port(attr);
		break;
	case MPTCP_ATTR_DPORT:
		event->path.remote_port = mptcp_port(attr);
		break;
	case MPTCP_ATTR_BACKUP:
		event->path.backup = mptcp_octet(attr) != 0;
		break;
	case MPTCP_ATTR_ERROR:
		event->error = mptcp_octet(attr);
		break;
	case MPTCP_ATTR_SERVER_SIDE:
		event->server = mptcp_octet(attr) != 0;
		break;
	default: /* newer kernels say more */
		break;
	}
}

bool
mptcp_event_read(const struct nlmsghdr *message, struct mptcp_event *out)
{
	const struct genlmsghdr *generic = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	*out = (struct mptcp_event){0};
	if (mnl_nlmsg_get_payload_len(message) < sizeof *generic)
		return false;
	out->kind = generic->cmd;
	mnl_attr_for_each(attr, message, sizeof *generic) mptcp_event_attr(out, attr);
	return out->token != 0;
}

static struct nlmsghdr *
mptcp_start_session(struct mptcp *mptcp, uint8_t command, uint32_t token)
{
	struct nlmsghdr *message = mptcp_start(mptcp, command, 0);

	mnl_attr_put_u32(message, MPTCP_PM_ATTR_TOKEN, token);
	return message;
}

static struct mptcp_endpoint
mptcp_end_of(const uint8_t address[16], uint16_t port, uint8_t id, uint32_t flags)
{
	struct mptcp_endpoint endpoint = {.id = id, .port = port, .flags = flags};

	memcpy(endpoint.address, address, sizeof endpoint.address);
	return endpoint;
}

int
mptcp_announce(struct mptcp *mptcp, uint32_t token, const uint8_t address[16], uint8_t id)
{
	struct mptcp_endpoint local = mptcp_end_of(address, 0, id, MPTCP_PM_ADDR_FLAG_SIGNAL);

	mptcp_put_endpoint(mptcp_start_session(mptcp, MPTCP_PM_CMD_ANNOUNCE, token),
	    MPTCP_PM_ATTR_ADDR, &local);
	return netlink_ask(mptcp->nl, NULL, NULL);
}

int
mptcp_withdraw(struct mptcp *mptcp, uint32_t token, uint8_t id)
{
	mnl_attr_put_u8(
	    mptcp_start_session(mptcp, MPTCP_PM_CMD_REMOVE, token), MPTCP_PM_ATTR_LOC_ID, id);
	return netlink_ask(mptcp->nl, NULL, NULL);
}

static int
mptcp_numbers_ask(
    struct mptcp *mptcp, uint32_t token, struct mptcp_endpoint *out, size_t max, size_t *n)
{
	struct mptcp_list list = {out, max, 0};
	struct nlmsghdr *message = mptcp_start(mptcp, MPTCP_PM_CMD_GET_ADDR, NLM_F_DUMP);
	int rc;

	mnl_attr_put_u32(message, MPTCP_PM_ATTR_TOKEN, token);
	rc = netlink_ask(mptcp->nl, mptcp_endpoints_hear, &list);
	*n = list.n;
	return rc;
}

/* An older kernel takes no notice of the token and lists the endpoints; no session has 0. */
int
mptcp_numbers(
    struct mptcp *mptcp, uint32_t token, struct mptcp_endpoint *out, size_t max, size_t *n)
{
	int rc = mptcp_numbers_ask(mptcp, 0, out, max, n);

	if (rc < 0 || *n > 0) {
		*n = 0;
		return rc;
	}
	return mptcp_numbers_ask(mptcp, token, out, max, n);
}

int
mptcp_join(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path)
{
	struct nlmsghdr *message =
	    mptcp_start_session(mptcp, MPTCP_PM_CMD_SUBFLOW_CREATE, token);
	struct mptcp_endpoint local = mptcp_end_of(path->local, 0, path->local_id,
				  path->backup ? MPTCP_PM_ADDR_FLAG_BACKUP : 0),
			      remote = mptcp_end_of(
				  path->remote, path->remote_port, path->remote_id, 0);

	mptcp_put_endpoint(message, MPTCP_PM_ATTR_ADDR, &local);
	mptcp_put_endpoint(message, MPTCP_PM_ATTR_ADDR_REMOTE, &remote);
	return netlink_ask(mptcp->nl, NULL, NULL);
}

static int
mptcp_path_do(struct mptcp *mptcp, uint8_t command, uint32_t token,
    const struct mptcp_path *path, uint32_t flags)
{
	struct nlmsghdr *message = mptcp_start_session(mptcp, command, token);
	struct mptcp_endpoint local = mptcp_end_of(path->local, path->local_port, 0, flags),
			      remote = mptcp_end_of(path->remote, path->remote_port, 0, 0);

	mptcp_put_endpoint(message, MPTCP_PM_ATTR_ADDR, &local);
	mptcp_put_endpoint(message, MPTCP_PM_ATTR_ADDR_REMOTE, &remote);
	return netlink_ask(mptcp->nl, NULL, NULL);
}

int
mptcp_end(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path)
{
	return mptcp_path_do(mptcp, MPTCP_PM_CMD_SUBFLOW_DESTROY, token, path, 0);
}

int
mptcp_set_backup(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path)
{
	return mptcp_path_do(mptcp, MPTCP_PM_CMD_SET_FLAGS, token, path,
	    path->backup ? MPTCP_PM_ADDR_FLAG_BACKUP : 0);
}
