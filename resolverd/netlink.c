/*
 * netlink.c - requests, dumps and events over one netlink socket.
 * Knows no family's messages but the generic controller's.
 */
#include "resolverd/netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/wire/errors.h"

#define NETLINK_REQUEST 4096
#define NETLINK_ANSWER 65536 /* the kernel fills dumps up to 32 KiB */
#define NETLINK_PATIENCE 2 /* seconds; a kernel without memory may owe an answer */
#define NETLINK_EVENTS 256 /* at a time: they may come as fast as they are handled */

struct netlink {
	struct mnl_socket *socket;
	uint32_t seq;
	bool dump;
	bool behind; /* an answer was not read to its end: some of it may be there still */
	bool lost; /* events, and it has not been said yet */
	_Alignas(8) char request[NETLINK_REQUEST]; /* they hold headers of the kernel */
	_Alignas(8) char answer[NETLINK_ANSWER];
};

/* Who hears the messages of one call. */
struct netlink_hearer {
	netlink_fn *fn;
	void *arg;
};

int
netlink_open(int bus, unsigned groups, struct netlink **out)
{
	struct netlink *nl = calloc(1, sizeof *nl);
	struct timeval patience = {.tv_sec = NETLINK_PATIENCE};
	int saved;

	if (nl == NULL)
		return -MAP_ENOMEM;
	nl->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (nl->socket == NULL)
		goto free_nl;
	if (mnl_socket_bind(nl->socket, groups, MNL_SOCKET_AUTOPID) < 0)
		goto close_socket;
	if (setsockopt(netlink_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
		goto close_socket;
	*out = nl;
	return 0;
close_socket:
	saved = errno;
	mnl_socket_close(nl->socket);
	errno = saved;
free_nl:
	free(nl);
	return -MAP_ESYS;
}

void
netlink_close(struct netlink *nl)
{
	if (nl == NULL)
		return;
	mnl_socket_close(nl->socket);
	free(nl);
}

int
netlink_fd(const struct netlink *nl)
{
	return mnl_socket_get_fd(nl->socket);
}

struct nlmsghdr *
netlink_start(struct netlink *nl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message;

	memset(nl->request, 0, sizeof nl->request);
	message = mnl_nlmsg_put_header(nl->request);
	message->nlmsg_type = type;
	nl->dump = (flags & NLM_F_DUMP) == NLM_F_DUMP;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags | (nl->dump ? 0 : NLM_F_ACK));
	message->nlmsg_seq = ++nl->seq;
	return message;
}

struct nlmsghdr *
netlink_start_generic(
    struct netlink *nl, uint16_t family, uint8_t command, uint8_t version, uint16_t flags)
{
	struct nlmsghdr *message = netlink_start(nl, family, flags);
	struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(message, sizeof *generic);

	generic->cmd = command;
	generic->version = version;
	return message;
}

static int
netlink_hear(const struct nlmsghdr *message, void *arg)
{
	const struct netlink_hearer *hearer = arg;

	if (hearer->fn != NULL)
		hearer->fn(hearer->arg, message);
	return MNL_CB_OK;
}

/* Something changed while this was written. libmnl would stop here, with the rest unread and in the
 * way of the next request. */
static bool
netlink_is_torn(void *octets, size_t n)
{
	struct nlmsghdr *message = octets;
	int left = (int)n;
	bool torn = false;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		torn |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		message->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
	}
	return torn;
}

/* What is left of an earlier answer goes: a list that is not read to its end keeps the kernel from beginning another. */
static void
netlink_forget(struct netlink *nl)
{
	ssize_t n;

	do
		n = recv(netlink_fd(nl), nl->answer, sizeof nl->answer, MSG_DONTWAIT);
	while (n >= 0 || errno == EINTR || errno == ENOBUFS);
	nl->behind = false;
}

/* One piece of the answer: MNL_CB_OK, there is more; MNL_CB_STOP; negative with errno. */
static int
netlink_answer(struct netlink *nl, struct netlink_hearer *hearer, bool *torn)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)nl->answer;
	ssize_t n = recv(netlink_fd(nl), nl->answer, sizeof nl->answer, 0);

	if (n < 0)
		return errno == EINTR ? MNL_CB_OK : -1;
	if (!mnl_nlmsg_ok(message, (int)n) || message->nlmsg_seq != nl->seq)
		return MNL_CB_OK; /* of an earlier one, which was not waited for */
	*torn |= netlink_is_torn(nl->answer, (size_t)n);
	return mnl_cb_run(nl->answer, (size_t)n, nl->seq, mnl_socket_get_portid(nl->socket),
	    netlink_hear, hearer);
}

int
netlink_ask(struct netlink *nl, netlink_fn *fn, void *arg)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)nl->request;
	struct netlink_hearer hearer = {fn, arg};
	bool torn = false;
	int rc = MNL_CB_OK;

	if (nl->behind)
		netlink_forget(nl);
	if (mnl_socket_sendto(nl->socket, message, message->nlmsg_len) < 0)
		return -MAP_ESYS;
	while (rc > MNL_CB_STOP)
		rc = netlink_answer(nl, &hearer, &torn);
	nl->behind = rc < 0;
	if (rc < 0)
		return -MAP_ESYS;
	return torn ? -MAP_ESTALE : 0;
}

static bool
netlink_waits(const struct netlink *nl)
{
	char octet;
	ssize_t n;

	do
		n = recv(netlink_fd(nl), &octet, sizeof octet, MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && (errno == EINTR || errno == ENOBUFS));
	return n >= 0;
}

int
netlink_events(struct netlink *nl, netlink_fn *fn, void *arg)
{
	struct netlink_hearer hearer = {fn, arg};
	bool lost;
	ssize_t n = 1;

	for (unsigned i = 0; i < NETLINK_EVENTS && n > 0; i++) {
		n = recv(netlink_fd(nl), nl->answer, sizeof nl->answer, MSG_DONTWAIT);
		if (n > 0)
			nl->lost |=
			    mnl_cb_run(nl->answer, (size_t)n, 0, 0, netlink_hear, &hearer) < 0;
		nl->lost |= n < 0 && errno == ENOBUFS;
		if (n < 0 && (errno == EINTR || errno == ENOBUFS))
			n = 1;
	}
	if (n > 0 && (!nl->lost || netlink_waits(nl)))
		return 0; /* what waits is older than what was lost */
	lost = nl->lost;
	nl->lost = false;
	return lost ? -MAP_ELIMIT : 0;
}

struct netlink_controller {
	const char *group;
	uint16_t family;
	uint32_t group_id;
	bool group_found;
};

static void
netlink_group(struct netlink_controller *c, const struct nlattr *entry)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, entry)
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == CTRL_ATTR_MCAST_GRP_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			name = mnl_attr_get_str(attr);
		else if (type == CTRL_ATTR_MCAST_GRP_ID &&
			 mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			id = mnl_attr_get_u32(attr);
	}
	if (c->group != NULL && strcmp(name, c->group) == 0) {
		c->group_id = id;
		c->group_found = true;
	}
}

static void
netlink_controller(void *arg, const struct nlmsghdr *message)
{
	struct netlink_controller *c = arg;
	const struct nlattr *attr, *entry;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == CTRL_ATTR_FAMILY_ID && mnl_attr_validate(attr, MNL_TYPE_U16) == 0)
			c->family = mnl_attr_get_u16(attr);
		else if (type == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(entry, attr) netlink_group(c, entry);
	}
}

int
netlink_family(struct netlink *nl, const char *name, uint16_t *family, const char *group,
    uint32_t *group_id)
{
	struct netlink_controller c = {.group = group};
	struct nlmsghdr *message =
	    netlink_start_generic(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	int rc;

	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, name);
	rc = netlink_ask(nl, netlink_controller, &c);
	if (rc < 0)
		return errno == ENOENT ? -MAP_EUNKNOWN : rc;
	if (c.family == 0 || (group != NULL && !c.group_found))
		return -MAP_EUNKNOWN;
	*family = c.family;
	if (group != NULL)
		*group_id = c.group_id;
	return 0;
}

int
netlink_join(struct netlink *nl, uint32_t group)
{
	int id = (int)group;

	return mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &id, sizeof id) < 0
		   ? -MAP_ESYS
		   : 0;
}
