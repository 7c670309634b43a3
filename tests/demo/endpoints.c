/*
 * endpoints.c - what the kernel has of MPTCP in this network namespace: limits and endpoints, a line
 * for each. It only reads, and asks the kernel itself: no word of the program that set them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/mptcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ANSWER 65536

struct kernel {
	struct mnl_socket *socket;
	uint16_t family; /* of mptcp_pm; 0: there is none */
	uint32_t seq;
};

static int
family_hear(const struct nlmsghdr *message, void *arg)
{
	struct kernel *kernel = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) == 0)
			kernel->family = mnl_attr_get_u16(attr);
	}
	return MNL_CB_OK;
}

static int
limits_hear(const struct nlmsghdr *message, void *arg)
{
	const struct nlattr *attr;
	unsigned subflows = 0, accepted = 0;

	(void)arg;
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			continue;
		if (mnl_attr_get_type(attr) == MPTCP_PM_ATTR_SUBFLOWS)
			subflows = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == MPTCP_PM_ATTR_RCV_ADD_ADDRS)
			accepted = mnl_attr_get_u32(attr);
	}
	printf("limits subflows=%u add-addr-accepted=%u\n", subflows, accepted);
	return MNL_CB_OK;
}

static void
endpoint_print(const struct nlattr *nest)
{
	const struct nlattr *attr;
	char address[INET6_ADDRSTRLEN] = "?";
	unsigned id = 0, flags = 0;

	mnl_attr_for_each_nested(attr, nest)
	{
		uint16_t type = mnl_attr_get_type(attr), n = mnl_attr_get_payload_len(attr);
		const void *value = mnl_attr_get_payload(attr);

		if (type == MPTCP_PM_ADDR_ATTR_ID && n == 1)
			id = mnl_attr_get_u8(attr);
		else if (type == MPTCP_PM_ADDR_ATTR_FLAGS && n == 4)
			flags = mnl_attr_get_u32(attr);
		else if (type == MPTCP_PM_ADDR_ATTR_ADDR4 && n == 4)
			inet_ntop(AF_INET, value, address, sizeof address);
		else if (type == MPTCP_PM_ADDR_ATTR_ADDR6 && n == 16)
			inet_ntop(AF_INET6, value, address, sizeof address);
	}
	printf("endpoint %s id=%u flags=%#x\n", address, id, flags);
}

static int
endpoints_hear(const struct nlmsghdr *message, void *arg)
{
	const struct nlattr *attr;

	(void)arg;
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == MPTCP_PM_ATTR_ADDR)
			endpoint_print(attr);
	}
	return MNL_CB_OK;
}

/* One question, and all of its answer; -1 with errno. */
static int
ask(struct kernel *kernel, struct nlmsghdr *message, mnl_cb_t hear)
{
	static char answer[ANSWER];
	unsigned port = mnl_socket_get_portid(kernel->socket);
	int rc = MNL_CB_OK;

	message->nlmsg_seq = ++kernel->seq;
	if (mnl_socket_sendto(kernel->socket, message, message->nlmsg_len) < 0)
		return -1;
	while (rc > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(kernel->socket, answer, sizeof answer);

		if (n < 0)
			return -1;
		rc = mnl_cb_run(answer, (size_t)n, kernel->seq, port, hear, kernel);
	}
	return rc;
}

static struct nlmsghdr *
question(char *buffer, uint16_t family, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(message, sizeof *generic);

	message->nlmsg_type = family;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	generic->cmd = command;
	generic->version = 1;
	return message;
}

static int
print_all(struct kernel *kernel)
{
	_Alignas(struct nlmsghdr) char buffer[MNL_NLMSG_HDRLEN + 256];
	struct nlmsghdr *message =
	    question(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);

	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, MPTCP_PM_NAME);
	if (ask(kernel, message, family_hear) < 0)
		return -1;
	message = question(buffer, kernel->family, MPTCP_PM_CMD_GET_LIMITS, NLM_F_ACK);
	if (ask(kernel, message, limits_hear) < 0)
		return -1;
	message = question(buffer, kernel->family, MPTCP_PM_CMD_GET_ADDR, NLM_F_DUMP);
	return ask(kernel, message, endpoints_hear);
}

int
main(void)
{
	struct kernel kernel = {.socket = mnl_socket_open(NETLINK_GENERIC)};

	if (kernel.socket == NULL ||
	    mnl_socket_bind(kernel.socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    print_all(&kernel) < 0) {
		fprintf(stderr, "endpoints: %s\n", strerror(errno));
		return 1;
	}
	mnl_socket_close(kernel.socket);
	return 0;
}
