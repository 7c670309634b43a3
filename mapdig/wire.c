/*
 * wire.c - one question to one server over TCP. TCP, because nothing is cut there.
 */
#include "mapdig/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/crypto.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define WIRE_QUERY 320
#define WIRE_DO 0x8000
#define WIRE_SIZE 1232

static int
wire_wait(int fd, short events, uint64_t end)
{
	struct pollfd wait = {fd, events, 0};
	uint64_t now = loop_now_ms();
	int n;

	do
		n = poll(&wait, 1, end > now ? (int)(end - now) : 0);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n == 0 ? -MAP_ETIMEOUT : -MAP_ESYS;
}

static int
wire_connect(const struct addr *server, uint64_t end)
{
	int fd = socket(server->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int cause = 0;
	socklen_t n = sizeof cause;
	int error = 0;

	if (fd < 0)
		return -MAP_ESYS;
	if (connect(fd, &server->sa, server->n) != 0)
		error = errno == EINPROGRESS ? wire_wait(fd, POLLOUT, end) : -MAP_ESYS;
	if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &n) == 0 && cause != 0) {
		errno = cause;
		error = -MAP_ESYS;
	}
	if (error == 0)
		return fd;
	cause = errno;
	close(fd);
	errno = cause;
	return error;
}

static int
wire_send(int fd, struct bytes b, uint64_t end)
{
	while (b.n > 0) {
		ssize_t n = send(fd, b.p, b.n, MSG_NOSIGNAL);
		int error = 0;

		if (n >= 0) {
			b.p += n;
			b.n -= (size_t)n;
		} else if (errno == EAGAIN) {
			error = wire_wait(fd, POLLOUT, end);
		} else if (errno != EINTR) {
			error = -MAP_ESYS;
		}
		if (error != 0)
			return error;
	}
	return 0;
}

static int
wire_receive(int fd, uint8_t *to, size_t n, uint64_t end)
{
	while (n > 0) {
		ssize_t got = recv(fd, to, n, 0);
		int error = 0;

		if (got == 0)
			return -MAP_EFORMAT;
		if (got > 0) {
			to += got;
			n -= (size_t)got;
		} else if (errno == EAGAIN) {
			error = wire_wait(fd, POLLIN, end);
		} else if (errno != EINTR) {
			error = -MAP_ESYS;
		}
		if (error != 0)
			return error;
	}
	return 0;
}

/* Length, header, question, OPT. */
static int
wire_query(struct wr *wr, uint16_t id, const struct name *name, uint16_t type)
{
	wr_u16(wr, 0);
	wr_u16(wr, id);
	wr_u16(wr, FLAG_RD | FLAG_CD);
	wr_u16(wr, 1);
	wr_u16(wr, 0);
	wr_u16(wr, 0);
	wr_u16(wr, 1);
	name_put(wr, name);
	wr_u16(wr, type);
	wr_u16(wr, CLASS_IN);
	wr_u8(wr, 0); /* OPT (RFC 6891): root, type, size, version and flags, no options */
	wr_u16(wr, RR_OPT);
	wr_u16(wr, WIRE_SIZE);
	wr_u32(wr, WIRE_DO);
	wr_u16(wr, 0);
	if (wr->error == 0)
		wr_u16_at(wr, 0, (uint16_t)(wr->n - 2));
	return wr->error;
}

static int
wire_answer(int fd, uint16_t id, const struct name *name, uint16_t type, uint64_t end,
    struct packet *out)
{
	uint8_t size[2];
	size_t n;
	int error = wire_receive(fd, size, 2, end);

	if (error != 0)
		return error;
	n = get_u16(size);
	out->octets = malloc(n + 1);
	if (out->octets == NULL)
		return -MAP_ENOMEM;
	error = wire_receive(fd, out->octets, n, end);
	if (error == 0)
		error = message_parse((struct bytes){out->octets, n}, &out->message);
	if (error != 0)
		return error;
	if (out->message.id != id || !(out->message.flags & FLAG_QR) ||
	    out->message.count[SECTION_QUESTION] != 1 || out->message.question.type != type ||
	    !name_equal(&out->message.question.name, name))
		return -MAP_EFORMAT;
	return 0;
}

int
wire_ask(const struct addr *server, const struct name *name, uint16_t type, struct packet *out)
{
	uint64_t end = loop_now_ms() + WIRE_MS;
	uint8_t query[WIRE_QUERY];
	struct wr wr = wr_init(query, sizeof query);
	uint8_t random[2] = {0};
	uint16_t id;
	int error = crypto_random(random, sizeof random);
	int fd;

	memset(out, 0, sizeof *out);
	id = get_u16(random);
	if (error == 0)
		error = wire_query(&wr, id, name, type);
	if (error != 0)
		return error;
	fd = wire_connect(server, end);
	if (fd < 0)
		return fd;
	error = wire_send(fd, wr_done(&wr), end);
	if (error == 0)
		error = wire_answer(fd, id, name, type, end, out);
	close(fd);
	if (error != 0)
		wire_free(out);
	return error;
}

void
wire_free(struct packet *packet)
{
	free(packet->octets);
	packet->octets = NULL;
}
