/*
 * scene.c - see scene.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/wire/errors.h"
#include "tests/libmap/scene.h"

struct fake *fake;
struct map *map;
char port[8];
uint16_t number;
static int deaf = -1, deaf_fill[8];

uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct sockaddr_in
loopback(unsigned last, uint16_t at)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(at)};

	in.sin_addr.s_addr = htonl(0x7f000000 | last);
	return in;
}

/* A plain TCP listener on 127.0.0.LAST; the first chooses the port that all share. */
int
listen_on(unsigned last, int backlog)
{
	struct sockaddr_in in = loopback(last, number);
	socklen_t n = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	number = ntohs(in.sin_port);
	snprintf(port, sizeof port, "%u", number);
	return fd;
}

/* A destination that answers nothing: a listener whose queue is full. */
void
listen_deaf(unsigned last)
{
	struct sockaddr_in in;

	deaf = listen_on(last, 0);
	in = loopback(last, number);
	for (size_t i = 0; i < 8; i++) {
		deaf_fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(connect(deaf_fill[i], (struct sockaddr *)&in, sizeof in) == 0 ||
			    errno == EINPROGRESS);
	}
}

void
address(uint8_t out[16], unsigned last)
{
	memcpy(out,
	    (const uint8_t[16]){[10] = 0xff, [11] = 0xff, [12] = 127, [15] = (uint8_t)last},
	    16);
}

struct pair *
pair(unsigned source, unsigned destination, unsigned identity)
{
	struct pair *p = &fake->result.pairs[fake->result.n_pairs++];

	address(p->source, source);
	address(p->destination, destination);
	p->identity = (uint8_t)identity;
	return p;
}

int
setup(void **state)
{
	struct result *r;
	struct eid asked;

	(void)state;
	number = 0;
	deaf = -1;
	fake = fake_start();
	r = &fake->result;
	memset(r, 0, sizeof *r);
	assert_int_equal(eid_scan("host.example.org", 16, false, &asked), 0);
	r->kind = RESULT_EPID;
	r->asked = asked.name;
	r->name.dnssec = VERDICT_SECURE;
	r->n_identities = 2;
	for (size_t i = 0; i < 2; i++) {
		r->identities[i].owner = asked.name;
		assert_int_equal(eid_scan(HHIT, strlen(HHIT), false, &r->identities[i].id), 0);
		r->identities[i].id.address[15] += (uint8_t)i;
		r->identities[i].mapping.dnssec = VERDICT_SECURE;
		r->identities[i].n_locators = 1;
		address(r->identities[i].locators[0].locator.address, 3);
		r->identities[i].locators[0].trust = VERDICT_PROVED;
	}
	fake->result_of_id = *r;
	return map_open(&map);
}

int
teardown(void **state)
{
	(void)state;
	map_close(map);
	fake_stop(fake);
	if (deaf >= 0) {
		close(deaf);
		for (size_t i = 0; i < 8; i++)
			close(deaf_fill[i]);
	}
	return 0;
}
