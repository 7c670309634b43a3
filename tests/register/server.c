/*
 * server.c - a server of updates in the test's own loop.
 */
#include "tests/register/server.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"

#define ANSWER 1024
#define OPTION_EDE 15
#define OPTION_COOKIE 10

static const uint8_t server_cookie[COOKIE_SERVER] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void
opt_write(struct wr *wr, const struct asked *asked, const struct says *says)
{
	size_t at;

	wr_u8(wr, 0);
	wr_u16(wr, RR_OPT);
	wr_u16(wr, 1232);
	wr_u32(wr, (uint32_t)says->rcode >> 4 << 24);
	at = wr->n;
	wr_u16(wr, 0);
	if (says->leases)
		lease_option_put(wr, &says->lease);
	if (says->text != NULL) {
		wr_u16(wr, OPTION_EDE);
		wr_u16(wr, (uint16_t)(2 + strlen(says->text)));
		wr_u16(wr, 18);
		wr_copy(wr, says->text, strlen(says->text));
	}
	if (asked->cookie.present && !says->no_cookie) {
		wr_u16(wr, OPTION_COOKIE);
		wr_u16(wr, says->cookie ? COOKIE_BOTH : COOKIE_CLIENT);
		wr_copy(wr, asked->cookie.client, COOKIE_CLIENT);
		if (says->cookie)
			wr_copy(wr, server_cookie, COOKIE_SERVER);
	}
	wr_u16_at(wr, at, (uint16_t)(wr->n - at - 2));
}

static void
answer_write(struct wr *wr, const struct server *server, const struct asked *asked,
    const struct says *says)
{
	struct tsig_key other;

	wr_u16(wr, (uint16_t)(asked->message.id + says->wrong_id));
	wr_u16(wr, (uint16_t)(FLAG_QR | OPCODE_UPDATE << 11 | (says->rcode & 15) |
			      (says->truncated ? FLAG_TC : 0)));
	wr_u16(wr, 1);
	wr_u16(wr, 0);
	wr_u16(wr, 0);
	wr_u16(wr, 1);
	name_put(wr, &asked->update.zone);
	wr_u16(wr, RR_SOA);
	wr_u16(wr, CLASS_IN);
	opt_write(wr, asked, says);
	if (!asked->has_tsig || says->no_seal)
		return;
	other = *server->tsig;
	other.secret[0] ^= says->wrong_seal;
	assert_int_equal(
	    seal_tsig_answer(&other, &asked->tsig,
		says->rcode == 9 ? TSIG_BADKEY : TSIG_NOERROR, clock_seconds(), wr),
	    0);
}

/* Whoever sends must have sealed. */
static void
seal_check(const struct server *server, struct asked *asked)
{
	const struct tsig_key *key;
	struct sig0 sig;
	uint32_t now = (uint32_t)clock_seconds();

	asked->has_tsig = tsig_read(&asked->message, &asked->tsig) == 0;
	if (asked->has_tsig) {
		assert_int_equal(
		    seal_tsig_check(server->tsig, 1, &asked->message, &asked->tsig, now, &key),
		    TSIG_NOERROR);
		return;
	}
	assert_int_equal(sig0_read(&asked->message, &sig), 0);
	assert_int_equal(seal_sig0_check(server->key, &asked->message, &sig), 0);
	assert_in_range(now - sig.inception, 299, 310);
	assert_in_range(sig.expiration - now, 290, 300);
}

static struct says
message_take(struct server *server, const uint8_t *p, size_t n, bool datagram)
{
	struct asked *asked = &server->asked[server->n_asked];
	const char *why = NULL;

	assert_true(server->n_asked < SERVER_MESSAGES && n <= sizeof asked->wire);
	asked->datagram = datagram;
	asked->n = n;
	memcpy(asked->wire, p, n);
	assert_int_equal(message_parse((struct bytes){asked->wire, n}, &asked->message), 0);
	assert_int_equal(update_read(&asked->message, &asked->update, &why), 0);
	assert_int_equal(cookie_read(&asked->message.edns, &asked->cookie), 0);
	seal_check(server, asked);
	server->n_asked++;
	return server->answer(server, asked);
}

static void
datagram_ready(void *arg, int fd, unsigned events)
{
	struct server *server = arg;
	uint8_t wire[4096], answer[ANSWER];
	struct addr peer = {.n = sizeof peer.any};
	ssize_t n = recvfrom(fd, wire, sizeof wire, MSG_DONTWAIT, &peer.sa, &peer.n);
	struct wr wr = wr_init(answer, sizeof answer);
	struct says says;

	(void)events;
	if (n <= 0)
		return;
	says = message_take(server, wire, (size_t)n, true);
	if (says.nothing)
		return;
	answer_write(&wr, server, &server->asked[server->n_asked - 1], &says);
	assert_int_equal(sendto(fd, answer, wr.n, 0, &peer.sa, peer.n), wr.n);
}

static long
connection_data(void *arg, const uint8_t *p, size_t n)
{
	struct connection *c = arg;
	uint8_t answer[ANSWER + 2];
	struct wr wr = wr_init(answer + 2, sizeof answer - 2);
	struct says says;

	if (n < 2 || n < 2u + get_u16(p))
		return 0;
	says = message_take(c->server, p + 2, get_u16(p), false);
	if (says.nothing)
		return -1;
	answer_write(&wr, c->server, &c->server->asked[c->server->n_asked - 1], &says);
	put_u16(answer, (uint16_t)wr.n);
	assert_int_equal(stream_write(c->stream, answer, wr.n + 2), 0);
	return 2 + get_u16(p);
}

static void
connection_closed(void *arg, const char *why)
{
	struct connection *c = arg;

	(void)why;
	c->stream = NULL;
}

static void
connection_come(void *arg, int fd)
{
	static const struct stream_ops ops = {connection_data, connection_closed, NULL};
	struct server *server = arg;
	struct connection *c = &server->connections[server->n_connections++];

	assert_true(server->n_connections < SERVER_MESSAGES);
	c->server = server;
	c->stream = stream_new(server->loop, fd, &ops, c, 65537, 65537, 0);
	assert_non_null(c->stream);
}

void
server_open(struct server *server, struct loop *loop,
    struct says (*answer)(struct server *server, const struct asked *asked))
{
	memset(server, 0, sizeof *server);
	server->loop = loop;
	server->answer = answer;
	/* A port that is free for both. */
	for (;;) {
		assert_int_equal(addr_scan("127.0.0.1", 0, &server->addr), 0);
		server->udp = sock_udp_own(&server->addr);
		assert_true(server->udp >= 0);
		assert_int_equal(sock_local(server->udp, &server->addr), 0);
		server->tcp = sock_tcp_listen(&server->addr, 8);
		if (server->tcp >= 0)
			break;
		close(server->udp);
	}
	server->watch = watch_new(loop, server->udp, LOOP_READ, datagram_ready, server);
	server->acceptor = acceptor_new(loop, server->tcp, connection_come, server);
	assert_non_null(server->watch);
	assert_non_null(server->acceptor);
}

void
server_close(struct server *server)
{
	watch_free(server->watch);
	acceptor_free(server->acceptor);
	for (size_t i = 0; i < server->n_connections; i++)
		stream_close(server->connections[i].stream);
	for (size_t i = 0; i < server->n_asked; i++)
		update_fini(&server->asked[i].update);
	if (server->udp >= 0)
		close(server->udp);
	if (server->tcp >= 0)
		close(server->tcp);
}

void
server_probe(
    const uint8_t address[16], const uint8_t token[PROVE_TOKEN], uint16_t port, bool ip6)
{
	uint8_t probe[32] = "prove-1";
	struct addr to;
	int fd;

	assert_int_equal(addr_scan(ip6 ? "::1" : "127.0.0.1", port, &to), 0);
	memcpy(probe + 8, address, 16);
	memcpy(probe + 24, token, PROVE_TOKEN);
	fd = sock_udp_connect(&to);
	if (fd < 0)
		return; /* no such family here */
	assert_int_equal(send(fd, probe, sizeof probe, 0), sizeof probe);
	close(fd);
}

size_t
asked_count(const struct asked *asked, uint16_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < asked->update.n_changes; i++)
		n += asked->update.items[i].verb == UPDATE_ADD &&
		     asked->update.items[i].type == type;
	return n;
}

bool
asked_has(const struct asked *asked, const char *text)
{
	uint8_t address[16];

	assert_int_equal(address_scan(text, strlen(text), address), 0);
	for (size_t i = 0; i < asked->update.n_changes; i++) {
		const struct update_item *item = &asked->update.items[i];
		struct eloc eloc;

		if (item->verb == UPDATE_ADD && item->type == RR_ELOC &&
		    eloc_read(item->rdata, &eloc) == 0 && eloc.kind != ELOC_PROOF &&
		    memcmp(eloc.address, address, 16) == 0)
			return true;
	}
	return false;
}

struct bytes
asked_proof(const struct asked *asked)
{
	for (size_t i = 0; i < asked->update.n_changes; i++)
		if (asked->update.items[i].verb == UPDATE_ADD &&
		    asked->update.items[i].type == RR_ELOC &&
		    mapping_proof_index(&asked->update.items[i].rdata, 1) == 0)
			return asked->update.items[i].rdata;
	return (struct bytes){NULL, 0};
}
