/*
 * cookie.c - DNS cookies as octets; knows no secret and computes no sum.
 */
#include "core/wire/cookie.h"

#include <string.h>

#include "core/wire/errors.h"

#define OPTION_COOKIE 10
#define COOKIE_VERSION 1
#define SERVER_MIN 8 /* RFC 7873 4: what a server's part can have */
#define SERVER_MAX 32

int
cookie_read(const struct edns *edns, struct cookie *out)
{
	struct bytes value;
	size_t at = 0;
	uint16_t code;

	*out = (struct cookie){.present = false};
	while (edns_next(edns, &at, &code, &value)) {
		if (code != OPTION_COOKIE)
			continue;
		if (value.n != COOKIE_CLIENT && (value.n < COOKIE_CLIENT + SERVER_MIN ||
						    value.n > COOKIE_CLIENT + SERVER_MAX))
			return -MAP_EFORMAT; /* RFC 7873 5.2.2 */
		out->present = true;
		memcpy(out->client, value.p, COOKIE_CLIENT);
		out->server = (struct bytes){value.p + COOKIE_CLIENT, value.n - COOKIE_CLIENT};
		return 0;
	}
	return 0;
}

void
cookie_head(uint32_t seconds, uint8_t head[COOKIE_HEAD])
{
	put_u32(head, (uint32_t)COOKIE_VERSION << 24);
	put_u32(head + 4, seconds);
}

size_t
cookie_input(const uint8_t client[COOKIE_CLIENT], const uint8_t head[COOKIE_HEAD],
    struct bytes address, uint8_t input[COOKIE_INPUT])
{
	memcpy(input, client, COOKIE_CLIENT);
	memcpy(input + COOKIE_CLIENT, head, COOKIE_HEAD);
	memcpy(input + COOKIE_CLIENT + COOKIE_HEAD, address.p, address.n);
	return COOKIE_CLIENT + COOKIE_HEAD + address.n;
}

bool
cookie_time(struct bytes server, uint32_t *seconds)
{
	/* RFC 9018 4.2: the reserved octets are part of the sum, whatever they are */
	if (server.n != COOKIE_SERVER || server.p[0] != COOKIE_VERSION)
		return false;
	*seconds = get_u32(server.p + 4);
	return true;
}
