/*
 * sockets.c - SOCK_DIAG_BY_FAMILY and SOCK_DESTROY of a single socket, and the groups of destroyed ones.
 */
#include "resolverd/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>

#include "core/wire/errors.h"

#define GROUP(n) (1u << ((n)-1))
#define ALL_STATES 0xffffffffu
#define ESTABLISHED 1 /* the kernel's numbers of states */
#define CLOSE_WAIT 8
#define MPTCP 262 /* IPPROTO_MPTCP, where the C library does not have it yet */

unsigned
sockets_groups(void)
{
	return GROUP(SKNLGRP_INET_TCP_DESTROY) | GROUP(SKNLGRP_INET6_TCP_DESTROY) |
	       GROUP(SKNLGRP_INET_UDP_DESTROY) | GROUP(SKNLGRP_INET6_UDP_DESTROY);
}

static uint64_t
sockets_cookie(const struct inet_diag_sockid *id)
{
	return (uint64_t)id->idiag_cookie[1] << 32 | id->idiag_cookie[0];
}

bool
sockets_gone(const struct nlmsghdr *message, uint64_t *cookie)
{
	const struct inet_diag_msg *head = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(message) < sizeof *head)
		return false;
	*cookie = sockets_cookie(&head->id);
	return true;
}

static void
sockets_put_address(const uint8_t address[16], bool ipv4, uint32_t words[4])
{
	memset(words, 0, 16);
	memcpy(words, address + (ipv4 ? 12 : 0), ipv4 ? 4 : 16);
}

/* MPTCP has a number that does not fit where protocols stand, and sockets are found by their token. */
static void
sockets_request_mptcp(struct netlink *diag, const struct session_note *note)
{
	struct nlmsghdr *message = netlink_start(diag, SOCK_DIAG_BY_FAMILY, 0);
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(message, sizeof *request);

	request->sdiag_family = address_is_ipv4(note->source) ? AF_INET : AF_INET6;
	request->sdiag_protocol = IPPROTO_RAW;
	request->idiag_states = ALL_STATES;
	request->id.idiag_cookie[0] = note->token;
	mnl_attr_put_u32(message, INET_DIAG_REQ_PROTOCOL, MPTCP);
}

void
sockets_request(struct netlink *diag, uint16_t type, const struct socket_id *id)
{
	struct nlmsghdr *message = netlink_start(diag, type, 0);
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(message, sizeof *request);
	bool ipv4 = address_is_ipv4(id->local), udp = id->protocol == IPPROTO_UDP;
	struct inet_diag_sockid *at = &request->id;

	request->sdiag_family = ipv4 ? AF_INET : AF_INET6;
	request->sdiag_protocol = id->protocol;
	request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	request->idiag_states = id->states;
	/* a datagram socket is looked for as a datagram for it would be: from its peer */
	at->idiag_sport = htons(udp ? id->remote_port : id->local_port);
	at->idiag_dport = htons(udp ? id->local_port : id->remote_port);
	sockets_put_address(udp ? id->remote : id->local, ipv4, at->idiag_src);
	sockets_put_address(udp ? id->local : id->remote, ipv4, at->idiag_dst);
	at->idiag_if = id->interface;
	at->idiag_cookie[0] = id->cookie != 0 ? (uint32_t)id->cookie : INET_DIAG_NOCOOKIE;
	at->idiag_cookie[1] =
	    id->cookie != 0 ? (uint32_t)(id->cookie >> 32) : INET_DIAG_NOCOOKIE;
}

static void
sockets_request_of(struct netlink *diag, uint16_t type, const struct session_note *note)
{
	struct socket_id id = {
	    .protocol = note->transport == SESSION_UDP ? IPPROTO_UDP : IPPROTO_TCP,
	    .states = ALL_STATES,
	    .local_port = note->source_port,
	    .remote_port = note->destination_port,
	    .cookie = note->cookie};

	memcpy(id.local, note->source, 16);
	memcpy(id.remote, note->destination, 16);
	sockets_request(diag, type, &id);
}

struct looking {
	struct socket_look *out;
	bool tcp;
	bool found;
};

static void
sockets_heard(void *arg, const struct nlmsghdr *message)
{
	struct looking *looking = arg;
	const struct inet_diag_msg *head = mnl_nlmsg_get_payload(message);
	struct tcp_info info = {0};
	const struct nlattr *attr;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return;
	mnl_attr_for_each(attr, message, sizeof *head)
	{
		size_t n = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == INET_DIAG_INFO)
			memcpy(&info, mnl_attr_get_payload(attr),
			    n < sizeof info ? n : sizeof info);
	}
	/* what lingers after its program has closed it is over for us */
	looking->found =
	    looking->tcp ? head->idiag_state == ESTABLISHED || head->idiag_state == CLOSE_WAIT
			 : head->idiag_inode != 0;
	*looking->out = (struct socket_look){.cookie = sockets_cookie(&head->id),
	    .uid = head->idiag_uid,
	    .unacked = info.tcpi_unacked,
	    .last_ack_ms = info.tcpi_last_ack_recv,
	    .last_data_ms = info.tcpi_last_data_recv,
	    .rtt_us = info.tcpi_rtt};
}

int
sockets_look(struct netlink *diag, const struct session_note *note, struct socket_look *out)
{
	struct looking looking = {.out = out, .tcp = note->transport == SESSION_TCP};
	int rc;

	memset(out, 0, sizeof *out);
	if (note->transport == SESSION_MPTCP)
		sockets_request_mptcp(diag, note);
	else
		sockets_request_of(diag, SOCK_DIAG_BY_FAMILY, note);
	rc = netlink_ask(diag, sockets_heard, &looking);
	if (rc < 0)
		return errno == ENOENT || errno == ESTALE ? -MAP_ENOTFOUND : rc;
	return looking.found ? 0 : -MAP_ENOTFOUND;
}

int
sockets_end(struct netlink *diag, const struct session_note *note)
{
	sockets_request_of(diag, SOCK_DESTROY, note);
	return netlink_ask(diag, NULL, NULL);
}
