/*
 * addr.c - socket addresses: text, octets, comparison.
 * Makes no socket and asks no resolver.
 */
#include "core/sys/sock.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"

static const uint8_t addr_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Decimal 1 to 65535 without sign, space or leading zero. */
static int
port_scan(const char *text, uint16_t *port)
{
	uint32_t value = 0;

	if (text[0] < '1' || text[0] > '9')
		return -MAP_ETEXT;
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] < '0' || text[i] > '9' || i > 4)
			return -MAP_ETEXT;
		value = value * 10 + (uint32_t)(text[i] - '0');
	}
	if (value > 65535)
		return -MAP_ETEXT;
	*port = (uint16_t)value;
	return 0;
}

int
addr_scan(const char *text, uint16_t default_port, struct addr *out)
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	const char *at = strchr(text, '@');
	size_t n = at != NULL ? (size_t)(at - text) : strlen(text);
	uint16_t port = default_port;
	char *zone;

	if (n == 0 || n >= sizeof host)
		return -MAP_ETEXT;
	if (at != NULL && port_scan(at + 1, &port) != 0)
		return -MAP_ETEXT;
	memcpy(host, text, n);
	host[n] = '\0';
	zone = strchr(host, '%');
	if (zone != NULL)
		*zone++ = '\0';

	memset(out, 0, sizeof *out);
	if (zone == NULL && inet_pton(AF_INET, host, &out->in4.sin_addr) == 1) {
		out->n = sizeof out->in4;
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons(port);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &out->in6.sin6_addr) != 1)
		return -MAP_ETEXT;
	out->n = sizeof out->in6;
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(port);
	if (zone != NULL) {
		out->in6.sin6_scope_id = if_nametoindex(zone);
		if (out->in6.sin6_scope_id == 0)
			return -MAP_ETEXT;
	}
	return 0;
}

char *
addr_print(const struct addr *addr, char text[ADDR_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "";
	char zone[IF_NAMESIZE + 1] = "";

	switch (addr->n == 0 ? AF_UNSPEC : addr->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &addr->in4.sin_addr, host, sizeof host);
		snprintf(text, ADDR_TEXT, "%s@%u", host, (unsigned)ntohs(addr->in4.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &addr->in6.sin6_addr, host, sizeof host);
		if (addr->in6.sin6_scope_id != 0) {
			zone[0] = '%';
			if (if_indextoname(addr->in6.sin6_scope_id, zone + 1) == NULL)
				snprintf(zone, sizeof zone, "%%%u",
				    (unsigned)addr->in6.sin6_scope_id);
		}
		snprintf(text, ADDR_TEXT, "%s%s@%u", host, zone,
		    (unsigned)ntohs(addr->in6.sin6_port));
		break;
	case AF_UNIX:
		snprintf(text, ADDR_TEXT, "unix");
		break;
	default:
		snprintf(text, ADDR_TEXT, "none");
		break;
	}
	return text;
}

void
addr_from_octets(const uint8_t octets[16], uint16_t port, struct addr *out)
{
	memset(out, 0, sizeof *out);
	if (memcmp(octets, addr_mapped, sizeof addr_mapped) == 0) {
		out->n = sizeof out->in4;
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons(port);
		memcpy(&out->in4.sin_addr, octets + 12, 4);
		return;
	}
	out->n = sizeof out->in6;
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(port);
	memcpy(&out->in6.sin6_addr, octets, 16);
}

void
addr_to_octets(const struct addr *addr, uint8_t octets[16])
{
	memset(octets, 0, 16);
	if (addr->n == 0)
		return;
	if (addr->sa.sa_family == AF_INET) {
		memcpy(octets, addr_mapped, sizeof addr_mapped);
		memcpy(octets + 12, &addr->in4.sin_addr, 4);
	} else if (addr->sa.sa_family == AF_INET6) {
		memcpy(octets, &addr->in6.sin6_addr, 16);
	}
}

struct bytes
addr_octets(const struct addr *addr)
{
	if (addr->sa.sa_family == AF_INET)
		return (struct bytes){(const uint8_t *)&addr->in4.sin_addr, 4};
	return (struct bytes){addr->in6.sin6_addr.s6_addr, 16};
}

uint16_t
addr_port(const struct addr *addr)
{
	if (addr->n == 0)
		return 0;
	if (addr->sa.sa_family == AF_INET)
		return ntohs(addr->in4.sin_port);
	return addr->sa.sa_family == AF_INET6 ? ntohs(addr->in6.sin6_port) : 0;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	uint8_t left[16];
	uint8_t right[16];

	if (a->n == 0 || b->n == 0)
		return a->n == b->n;
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET6 && a->in6.sin6_scope_id != b->in6.sin6_scope_id)
		return false;
	addr_to_octets(a, left);
	addr_to_octets(b, right);
	return addr_port(a) == addr_port(b) && memcmp(left, right, 16) == 0;
}
