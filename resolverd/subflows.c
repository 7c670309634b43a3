/*
 * subflows.c - dumps of socket diagnosis joined: TCP for the subflows, MPTCP for the sessions.
 * Judges nothing.
 */
#include "resolverd/subflows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "resolverd/sockets.h"

/* Only established subflows: one that is being closed has nothing to say any more. The states are
 * the kernel's numbers. */
#define SUBFLOWS_STATES (1u << 1)
/* A session's own socket lingers in these while its subflows are still needed. */
#define SUBFLOWS_SESSION_STATES ((1u << 1) | (1u << 4) | (1u << 5) | (1u << 8))
#define SUBFLOWS_LISTENER_STATES (1u << 10)
#define SUBFLOWS_CLOSING ((1u << 4) | (1u << 5)) /* of these: it has sent all it ever will */
#define SUBFLOWS_MPTCP 262 /* IPPROTO_MPTCP, where the C library does not have it yet */

int
subflow_compare(const struct subflow *a, const struct subflow *b)
{
	int order;

	if (a->token != b->token)
		return a->token < b->token ? -1 : 1;
	if (a->local_port != b->local_port)
		return a->local_port < b->local_port ? -1 : 1;
	if (a->remote_port != b->remote_port)
		return a->remote_port < b->remote_port ? -1 : 1;
	order = memcmp(a->local, b->local, sizeof a->local);
	return order != 0 ? order : memcmp(a->remote, b->remote, sizeof a->remote);
}

uint32_t
subflow_round_trip(const struct subflow *s)
{
	return s->min_rtt_us != 0 && s->rtt_us / 2 > s->min_rtt_us ? 2 * s->min_rtt_us
								   : s->rtt_us;
}

static int
subflow_order(const void *a, const void *b)
{
	return subflow_compare(a, b);
}

static int
subflow_session_order(const void *a, const void *b)
{
	const struct subflow_session *x = a, *y = b;

	return x->token < y->token ? -1 : x->token > y->token;
}

static void
subflows_address(const uint32_t words[4], uint8_t family, uint8_t out[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (family == AF_INET6) {
		memcpy(out, words, 16);
		return;
	}
	memcpy(out, mapped, sizeof mapped);
	memcpy(out + sizeof mapped, words, 4);
}

#define SUBFLOWS_JOINED (MPTCP_SUBFLOW_FLAG_JOIN_REM | MPTCP_SUBFLOW_FLAG_JOIN_LOC)
#define SUBFLOWS_BEGAN (MPTCP_SUBFLOW_FLAG_MCAP_LOC | MPTCP_SUBFLOW_FLAG_JOIN_LOC)
#define SUBFLOWS_BACKUP (MPTCP_SUBFLOW_FLAG_BKUP_REM | MPTCP_SUBFLOW_FLAG_BKUP_LOC)

/* What MPTCP says of the socket; true: it is a subflow of a session. */
static bool
subflows_mptcp(const struct nlattr *mptcp, struct subflow *out)
{
	const struct nlattr *attr;
	bool found = false;
	uint32_t flags;

	mnl_attr_for_each_nested(attr, mptcp)
	{
		bool word = mnl_attr_validate(attr, MNL_TYPE_U32) == 0;

		switch (mnl_attr_get_type(attr)) {
		case MPTCP_SUBFLOW_ATTR_TOKEN_LOC:
			found = word;
			out->token = word ? mnl_attr_get_u32(attr) : 0;
			break;
		case MPTCP_SUBFLOW_ATTR_FLAGS:
			flags = word ? mnl_attr_get_u32(attr) : 0;
			out->joined = (flags & SUBFLOWS_JOINED) != 0;
			out->began = (flags & SUBFLOWS_BEGAN) != 0;
			out->backup = (flags & SUBFLOWS_BACKUP) != 0;
			break;
		case MPTCP_SUBFLOW_ATTR_ID_LOC:
			out->local_id = mnl_attr_get_u8(attr);
			break;
		case MPTCP_SUBFLOW_ATTR_ID_REM:
			out->remote_id = mnl_attr_get_u8(attr);
			break;
		default: /* sequence numbers */
			break;
		}
	}
	return found;
}

static bool
subflows_ulp(const struct nlattr *ulp, struct subflow *out)
{
	const struct nlattr *attr;
	bool found = false;

	mnl_attr_for_each_nested(attr, ulp) if (mnl_attr_get_type(attr) == INET_ULP_INFO_MPTCP)
	    found |= subflows_mptcp(attr, out);
	return found;
}

/* An older kernel's structure is shorter, a newer one's longer. */
static void
subflows_copy(void *to, size_t n, const struct nlattr *attr)
{
	size_t have = mnl_attr_get_payload_len(attr);

	memcpy(to, mnl_attr_get_payload(attr), have < n ? have : n);
}

/* Whether there is room for one more. */
static bool
subflows_grow(void **list, size_t *room, size_t n, size_t size)
{
	size_t more = *room == 0 ? 64 : 2 * *room;
	void *grown;

	if (n < *room)
		return true;
	grown = n < SUBFLOWS_MAX ? realloc(*list, more * size) : NULL;
	if (grown == NULL)
		return false;
	*list = grown;
	*room = more;
	return true;
}

static void
subflows_put(struct subflows *out, const struct subflow *found)
{
	void *list = out->list;

	if (subflows_grow(&list, &out->room, out->n, sizeof *found)) {
		out->list = list;
		out->list[out->n++] = *found;
	} else {
		out->complete = false;
	}
}

static void
subflows_put_session(struct subflows *out, const struct subflow_session *found)
{
	void *list = out->sessions;

	if (subflows_grow(&list, &out->room_sessions, out->n_sessions, sizeof *found)) {
		out->sessions = list;
		out->sessions[out->n_sessions++] = *found;
	} else {
		out->complete = false;
	}
}

/* True: it is one of a session. */
static bool
subflow_take(const struct nlmsghdr *message, struct subflow *out)
{
	const struct inet_diag_msg *head = mnl_nlmsg_get_payload(message);
	struct tcp_info info = {0};
	const struct nlattr *attr;
	bool mine = false;

	mnl_attr_for_each(attr, message, sizeof *head)
	{
		if (mnl_attr_get_type(attr) == INET_DIAG_INFO)
			subflows_copy(&info, sizeof info, attr);
		else if (mnl_attr_get_type(attr) == INET_DIAG_ULP_INFO)
			mine = subflows_ulp(attr, out);
	}
	if (!mine || (1u << head->idiag_state & SUBFLOWS_STATES) == 0)
		return false;
	subflows_address(head->id.idiag_src, head->idiag_family, out->local);
	subflows_address(head->id.idiag_dst, head->idiag_family, out->remote);
	out->cookie = (uint64_t)head->id.idiag_cookie[1] << 32 | head->id.idiag_cookie[0];
	out->interface = head->id.idiag_if;
	out->local_port = ntohs(head->id.idiag_sport);
	out->remote_port = ntohs(head->id.idiag_dport);
	out->segments_in = info.tcpi_segs_in;
	out->octets_in = info.tcpi_bytes_received;
	out->unacked = info.tcpi_unacked;
	out->delivered = info.tcpi_delivered;
	out->rtt_us = info.tcpi_rtt;
	out->rttvar_us = info.tcpi_rttvar;
	out->min_rtt_us = info.tcpi_min_rtt != UINT32_MAX ? info.tcpi_min_rtt : 0;
	return true;
}

static void
subflows_hear(void *arg, const struct nlmsghdr *message)
{
	struct subflow found = {0};

	if (message->nlmsg_type == TCPDIAG_GETSOCK && subflow_take(message, &found))
		subflows_put(arg, &found);
}

static void
subflows_session_hear(void *arg, const struct nlmsghdr *message)
{
	struct subflows *out = arg;
	const struct inet_diag_msg *head = mnl_nlmsg_get_payload(message);
	struct mptcp_info info = {0};
	const struct nlattr *attr;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return;
	mnl_attr_for_each(attr, message,
	    sizeof(struct inet_diag_msg)) if (mnl_attr_get_type(attr) == INET_DIAG_INFO)
	    subflows_copy(&info, sizeof info, attr);
	/* one that was not accepted yet has no program either, and is not being closed */
	subflows_put_session(out, &(struct subflow_session){.token = info.mptcpi_token,
				      .over = head->idiag_inode == 0 &&
					      (1u << head->idiag_state & SUBFLOWS_CLOSING) != 0,
				      .received = info.mptcpi_rcv_nxt});
}

/*
 * A dump walks the table of all connections of the machine, however few are here, and that is most of what a look costs
 * (170 us for 262144 places, and 2 ms on a virtual machine that is slow at it). The older request, which has no family, needs one
 * walk for both.
 */
static int
subflows_dump(struct netlink *diag, struct subflows *out)
{
	struct nlmsghdr *message = netlink_start(diag, TCPDIAG_GETSOCK, NLM_F_DUMP);
	struct inet_diag_req *request = mnl_nlmsg_put_extra_header(message, sizeof *request);

	request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	request->idiag_states = SUBFLOWS_STATES;
	return netlink_ask(diag, subflows_hear, out);
}

/* MPTCP has a number that does not fit where protocols stand. */
static int
subflows_dump_sessions(
    struct netlink *diag, uint8_t family, uint32_t states, netlink_fn *hear, void *arg)
{
	struct nlmsghdr *message = netlink_start(diag, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(message, sizeof *request);

	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_RAW;
	request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	request->idiag_states = states;
	mnl_attr_put_u32(message, INET_DIAG_REQ_PROTOCOL, SUBFLOWS_MPTCP);
	return netlink_ask(diag, hear, arg);
}

static const uint8_t families[] = {AF_INET6, AF_INET};

static void
subflows_listener_hear(void *arg, const struct nlmsghdr *message)
{
	*(bool *)arg |= message->nlmsg_type == SOCK_DIAG_BY_FAMILY;
}

bool
subflows_listen(struct netlink *diag)
{
	bool found = false;

	for (size_t i = 0; !found && i < sizeof families; i++)
		if (subflows_dump_sessions(diag, families[i], SUBFLOWS_LISTENER_STATES,
			subflows_listener_hear, &found) < 0)
			return true;
	return found;
}

/* The kernel's table of sessions is small. */
static int
subflows_read_sessions(struct netlink *diag, struct subflows *out)
{
	int rc = 0;

	out->n_sessions = 0;
	for (size_t i = 0; rc == 0 && i < sizeof families; i++)
		rc = subflows_dump_sessions(
		    diag, families[i], SUBFLOWS_SESSION_STATES, subflows_session_hear, out);
	if (out->n_sessions > 1)
		qsort(out->sessions, out->n_sessions, sizeof out->sessions[0],
		    subflow_session_order);
	return rc;
}

int
subflows_read(struct netlink *diag, struct subflows *out)
{
	int rc;

	out->n = 0;
	out->complete = true;
	rc = subflows_dump(diag, out);
	if (rc == 0)
		rc = subflows_read_sessions(diag, out);
	if (out->n > 1)
		qsort(out->list, out->n, sizeof out->list[0], subflow_order);
	return rc;
}

bool
subflows_absent(int rc)
{
	return rc == -MAP_ESYS && errno == ENOENT;
}

struct subflow_answer {
	struct subflow found;
	bool is;
};

static void
subflow_hear(void *arg, const struct nlmsghdr *message)
{
	struct subflow_answer *answer = arg;

	if (message->nlmsg_type == SOCK_DIAG_BY_FAMILY)
		answer->is = subflow_take(message, &answer->found);
}

static void
subflow_request(struct netlink *diag, const struct subflow *of)
{
	struct socket_id id = {.protocol = IPPROTO_TCP,
	    .states = SUBFLOWS_STATES,
	    .local_port = of->local_port,
	    .remote_port = of->remote_port,
	    .interface = of->interface,
	    .cookie = of->cookie};

	memcpy(id.local, of->local, sizeof id.local);
	memcpy(id.remote, of->remote, sizeof id.remote);
	sockets_request(diag, SOCK_DIAG_BY_FAMILY, &id);
}

int
subflows_again(struct netlink *diag, struct subflows *out)
{
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < out->n; i++) {
		struct subflow_answer answer = {.is = false};

		subflow_request(diag, &out->list[i]);
		rc = netlink_ask(diag, subflow_hear, &answer);
		/* gone, or another one by now */
		if (rc == -MAP_ESYS && (errno == ENOENT || errno == ESTALE))
			rc = 0;
		if (answer.is && subflow_compare(&answer.found, &out->list[i]) == 0)
			out->list[n++] = answer.found;
	}
	if (rc == 0)
		out->n = n;
	return rc == 0 ? subflows_read_sessions(diag, out) : rc;
}

void
subflows_clear(struct subflows *subflows)
{
	free(subflows->list);
	free(subflows->sessions);
	*subflows = (struct subflows){.n = 0};
}

bool
subflows_use(const struct subflows *subflows, const uint8_t address[16])
{
	bool found = !subflows->complete;

	for (size_t i = 0; i < subflows->n && !found; i++)
		found = memcmp(subflows->list[i].local, address, 16) == 0;
	return found;
}

static const struct subflow_session *
subflows_session(const struct subflows *subflows, uint32_t token)
{
	const struct subflow_session key = {.token = token};

	return subflows->n_sessions == 0
		   ? NULL
		   : bsearch(&key, subflows->sessions, subflows->n_sessions,
			 sizeof subflows->sessions[0], subflow_session_order);
}

bool
subflows_live(const struct subflows *subflows, uint32_t token)
{
	const struct subflow_session *session = subflows_session(subflows, token);

	return session != NULL ? !session->over : !subflows->complete;
}

size_t
subflows_of(const struct subflows *subflows, uint32_t token)
{
	size_t low = 0, high = subflows->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (subflows->list[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low < subflows->n && subflows->list[low].token == token ? low : subflows->n;
}

bool
subflows_has(const struct subflows *subflows, uint32_t token, const uint8_t local[16])
{
	bool found = !subflows->complete;

	for (size_t i = subflows_of(subflows, token);
	     !found && i < subflows->n && subflows->list[i].token == token; i++)
		found = memcmp(subflows->list[i].local, local, 16) == 0;
	return found;
}

const struct subflow *
subflows_lacking(
    const struct subflows *subflows, const uint8_t local[16], const uint8_t remote[16])
{
	const struct subflow *other = NULL;
	bool used = subflows_use(subflows, local);

	for (size_t i = 0; i < subflows->n; i++) {
		const struct subflow *one = &subflows->list[i];
		bool leads = memcmp(one->remote, remote, 16) == 0;

		if (one->managed ||
		    (!leads && (address_is_ipv4(one->remote) != address_is_ipv4(remote) ||
				   address_refusal(one->remote, true, NULL, 0) != NULL ||
				   (used && !one->began))) ||
		    subflows_has(subflows, one->token, local))
			continue;
		if (leads)
			return one;
		other = one;
	}
	return other;
}

bool
subflows_spare(const struct subflows *subflows, const uint8_t local[16], const uint8_t *except)
{
	for (size_t i = 0, n; i < subflows->n; i += n) {
		const struct subflow *first = &subflows->list[i];
		bool uses = false, other = false;

		for (n = 0; i + n < subflows->n && first[n].token == first->token; n++) {
			bool is = memcmp(first[n].local, local, 16) == 0;

			uses |= is;
			other |=
			    !is && (except == NULL || memcmp(first[n].local, except, 16) != 0);
		}
		if (uses && !other && !first->managed)
			return false;
	}
	return subflows->complete;
}
