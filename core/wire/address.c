/*
 * address.c - IPv4 and IPv6 addresses as 16 octets: text, and what can never be a locator.
 * Knows no interface and no route.
 */
#include <arpa/inet.h>
#include <string.h>

#include "core/wire/eid.h"
#include "core/wire/errors.h"

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool
address_is_ipv4(const uint8_t address[16])
{
	return memcmp(address, mapped_prefix, sizeof mapped_prefix) == 0;
}

static char *
decimal_print(unsigned value, char *to)
{
	if (value >= 100)
		*to++ = (char)('0' + value / 100);
	if (value >= 10)
		*to++ = (char)('0' + value / 10 % 10);
	*to++ = (char)('0' + value % 10);
	return to;
}

static char *
group_print(unsigned value, char *to)
{
	static const char digits[] = "0123456789abcdef";
	bool started = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = value >> shift & 15;

		started = started || digit != 0 || shift == 0;
		if (started)
			*to++ = digits[digit];
	}
	return to;
}

/* The longest run of two or more zero groups, the first on a tie (RFC 5952 4.2); n 0: none. */
static size_t
zero_run(const uint8_t address[16], size_t *n)
{
	size_t best = 0, at = 0;

	*n = 0;
	for (size_t i = 0; i < 8; i++) {
		at = get_u16(address + 2 * i) == 0 ? at + 1 : 0;
		if (at > *n) {
			*n = at;
			best = i + 1 - at;
		}
	}
	if (*n < 2)
		*n = 0;
	return best;
}

char *
address_print_ip6(const uint8_t address[16], char *text)
{
	size_t run, start = zero_run(address, &run);
	char *to = text;

	for (size_t i = 0; i < 8; i++) {
		if (run > 0 && i == start) {
			*to++ = ':';
			*to++ = ':';
			i += run - 1;
			continue;
		}
		if (i > 0 && to[-1] != ':')
			*to++ = ':';
		to = group_print(get_u16(address + 2 * i), to);
	}
	*to = '\0';
	return text;
}

char *
address_print(const uint8_t address[16], char *text)
{
	char *to = text;

	if (!address_is_ipv4(address))
		return address_print_ip6(address, text);
	for (size_t i = 12; i < 16; i++) {
		to = decimal_print(address[i], to);
		*to++ = '.';
	}
	to[-1] = '\0';
	return text;
}

int
address_scan(const char *text, size_t n, uint8_t address[16])
{
	char copy[ADDRESS_TEXT];

	if (n == 0 || n >= sizeof copy || memchr(text, '\0', n) != NULL)
		return -MAP_ETEXT;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (strchr(copy, ':') != NULL)
		return inet_pton(AF_INET6, copy, address) == 1 ? 0 : -MAP_ETEXT;
	memcpy(address, mapped_prefix, sizeof mapped_prefix);
	return inet_pton(AF_INET, copy, address + sizeof mapped_prefix) == 1 ? 0 : -MAP_ETEXT;
}

bool
address_is_in(const uint8_t address[16], const uint8_t prefix[16], unsigned bits)
{
	size_t whole = bits / 8;
	unsigned rest = bits % 8;

	if (memcmp(address, prefix, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

/* What can never be a locator (protocol 2). Lengths of IPv4 rows count from the mapped prefix. */
struct refused {
	uint8_t prefix[16];
	uint8_t bits;
	bool is_private; /* allowed where private locators are */
	const char *why;
};

#define IP4(a, b)                                              \
	{                                                      \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b \
	}
#define IP6(a, b, c, d)    \
	{                  \
		a, b, c, d \
	}

static const struct refused refused_rows[] = {
    {IP6(0, 0, 0, 0), 128, false, "the unspecified address is no locator"},
    {{[15] = 1}, 128, false, "a loopback address is no locator"},
    {IP6(0xfe, 0x80, 0, 0), 10, false, "a link-local address is no locator"},
    {IP6(0xff, 0, 0, 0), 8, false, "a multicast address is no locator"},
    {IP6(0x20, 0x01, 0, 0x20), 28, false, "a HIT (2001:20::/28) is no locator"},
    {IP6(0x20, 0x01, 0, 0x30), 28, false, "an HHIT (2001:30::/28) is no locator"},
    {IP6(0xfc, 0, 0, 0), 7, true, "a unique local address is no locator here"},
    {IP4(0, 0), 104, false, "an address of 0.0.0.0/8 is no locator"},
    {IP4(127, 0), 104, false, "a loopback address is no locator"},
    {IP4(169, 254), 112, false, "a link-local address is no locator"},
    {IP4(224, 0), 99, false, "an address of 224.0.0.0/3 is no locator"},
    {IP4(10, 0), 104, true, "a private address (RFC 1918) is no locator here"},
    {IP4(172, 16), 108, true, "a private address (RFC 1918) is no locator here"},
    {IP4(192, 168), 112, true, "a private address (RFC 1918) is no locator here"},
    {IP4(100, 64), 106, true, "an address of 100.64.0.0/10 is no locator here"},
};

const char *
address_refusal(
    const uint8_t address[16], bool private_ok, const struct realm *realms, size_t n_realms)
{
	for (size_t i = 0; i < sizeof refused_rows / sizeof refused_rows[0]; i++) {
		const struct refused *row = &refused_rows[i];

		if (row->is_private && private_ok)
			continue;
		if (address_is_in(address, row->prefix, row->bits))
			return row->why;
	}
	for (size_t i = 0; i < n_realms; i++)
		if (address_is_in(address, realms[i].prefix, realms[i].length))
			return "an address under a realm's identity prefix is no locator";
	return NULL;
}
