/*
 * text.c - octets as text in a few alphabets; knows no record and no file.
 */
#include "core/wire/text.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"

/* One row per alphabet: bits is how many one character carries. */
struct alphabet {
	const char *digits;
	unsigned bits;
	bool padded;
	bool any_case; /* on input */
};

static const struct alphabet hex = {"0123456789abcdef", 4, false, true};
static const struct alphabet base32 = {"abcdefghijklmnopqrstuvwxyz234567", 5, false, false};
static const struct alphabet base32hex = {"0123456789abcdefghijklmnopqrstuv", 5, false, true};
static const struct alphabet base64 = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6, true, false};
static const struct alphabet base64url = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6, false, false};

static int
digits_put(const struct alphabet *a, char *to, size_t max, struct bytes b)
{
	size_t n = (b.n * 8 + a->bits - 1) / a->bits, at = 0;
	uint32_t held = 0;
	unsigned bits = 0;

	if (a->padded)
		n = (n + 3) / 4 * 4;
	if (b.n > INT32_MAX / 16 || n >= max)
		return -MAP_ESPACE;
	for (size_t i = 0; i < b.n; i++) {
		held = held << 8 | b.p[i];
		for (bits += 8; bits >= a->bits; bits -= a->bits)
			to[at++] = a->digits[held >> (bits - a->bits) & ((1U << a->bits) - 1)];
	}
	if (bits > 0)
		to[at++] = a->digits[held << (a->bits - bits) & ((1U << a->bits) - 1)];
	while (at < n)
		to[at++] = '=';
	to[at] = '\0';
	return (int)n;
}

static int
digit_value(const struct alphabet *a, char c)
{
	const char *p;

	if (a->any_case && c >= 'A' && c <= 'Z')
		c = (char)(c + 'a' - 'A');
	p = c != '\0' ? strchr(a->digits, c) : NULL;
	return p != NULL ? (int)(p - a->digits) : -1;
}

/* Takes the padding off; the length that is left, or -MAP_ETEXT where it is not what it must be. */
static int
padding_strip(const char *text, size_t n)
{
	if (n % 4 != 0)
		return -MAP_ETEXT;
	if (n > 0 && text[n - 1] == '=')
		n -= text[n - 2] == '=' ? 2 : 1;
	return (int)n;
}

static int
digits_read(const struct alphabet *a, const char *text, size_t n, uint8_t *to, size_t max)
{
	uint32_t held = 0;
	unsigned bits = 0;
	size_t at = 0;

	if (n > INT32_MAX / 16)
		return -MAP_ESPACE;
	if (a->padded) {
		int left = padding_strip(text, n);

		if (left < 0)
			return left;
		n = (size_t)left;
	}
	for (size_t i = 0; i < n; i++) {
		int value = digit_value(a, text[i]);

		if (value < 0)
			return -MAP_ETEXT;
		held = held << a->bits | (uint32_t)value;
		bits += a->bits;
		if (bits < 8)
			continue;
		if (at == max)
			return -MAP_ESPACE;
		bits -= 8;
		to[at++] = (uint8_t)(held >> bits);
	}
	/* A whole digit too many, or bits that say nothing: two texts would mean the same octets. */
	if (bits >= a->bits || (held & ((1U << bits) - 1)) != 0)
		return -MAP_ETEXT;
	return (int)at;
}

int
text_hex_put(char *to, size_t max, struct bytes b)
{
	return digits_put(&hex, to, max, b);
}

int
text_hex_read(const char *text, size_t n, uint8_t *to, size_t max)
{
	return digits_read(&hex, text, n, to, max);
}

int
text_base32_put(char *to, size_t max, struct bytes b)
{
	return digits_put(&base32, to, max, b);
}

int
text_base32_read(const char *text, size_t n, uint8_t *to, size_t max)
{
	return digits_read(&base32, text, n, to, max);
}

int
text_base32hex_put(char *to, size_t max, struct bytes b)
{
	return digits_put(&base32hex, to, max, b);
}

int
text_base32hex_read(const char *text, size_t n, uint8_t *to, size_t max)
{
	return digits_read(&base32hex, text, n, to, max);
}

int
text_base64_put(char *to, size_t max, struct bytes b)
{
	return digits_put(&base64, to, max, b);
}

int
text_base64_read(const char *text, size_t n, uint8_t *to, size_t max)
{
	return digits_read(&base64, text, n, to, max);
}

int
text_base64url_put(char *to, size_t max, struct bytes b)
{
	return digits_put(&base64url, to, max, b);
}

int
text_base64url_read(const char *text, size_t n, uint8_t *to, size_t max)
{
	return digits_read(&base64url, text, n, to, max);
}

/*
 * Days since 1970-01-01 of a date, and back, in years that begin in March: then the leap day is the
 * last of its year, and month lengths repeat every five months in 153 days.
 */
static uint64_t
date_days(unsigned year, unsigned month, unsigned day)
{
	unsigned y = month > 2 ? year : year - 1;
	unsigned m = month > 2 ? month - 3 : month + 9;

	return (uint64_t)365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 -
	       719468;
}

static void
days_date(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	unsigned y = (unsigned)(days / 366) + 1970;
	unsigned m = 1;

	while (date_days(y + 1, 1, 1) <= days)
		y++;
	while (m < 12 && date_days(y, m + 1, 1) <= days)
		m++;
	*year = y;
	*month = m;
	*day = (unsigned)(days - date_days(y, m, 1)) + 1;
}

int
text_time_put(char *to, size_t max, uint64_t seconds)
{
	unsigned year, month, day, second = (unsigned)(seconds % 86400);

	if (seconds > UINT64_C(253402300799) || max < 15) /* 99991231235959 */
		return -MAP_ESPACE;
	days_date(seconds / 86400, &year, &month, &day);
	return snprintf(to, max, "%04u%02u%02u%02u%02u%02u", year, month, day, second / 3600,
	    second / 60 % 60, second % 60);
}

static unsigned
digits_number(const char *text, size_t n)
{
	unsigned value = 0;

	for (size_t i = 0; i < n; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	return value;
}

int
text_time_read(const char *text, size_t n, uint64_t *seconds)
{
	unsigned year, month, day, hour, minute, second;
	char check[15];

	if (n != 14)
		return -MAP_ETEXT;
	for (size_t i = 0; i < n; i++)
		if (text[i] < '0' || text[i] > '9')
			return -MAP_ETEXT;
	year = digits_number(text, 4);
	month = digits_number(text + 4, 2);
	day = digits_number(text + 6, 2);
	hour = digits_number(text + 8, 2);
	minute = digits_number(text + 10, 2);
	second = digits_number(text + 12, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
		return -MAP_ETEXT;
	*seconds =
	    date_days(year, month, day) * 86400 + (uint64_t)hour * 3600 + minute * 60 + second;
	/* February 30 and 24:00 come back as another text. */
	if (text_time_put(check, sizeof check, *seconds) != 14 || memcmp(check, text, 14) != 0)
		return -MAP_ETEXT;
	return 14;
}

int
text_decimal_read(const char *text, size_t n, uint64_t max, uint64_t *value)
{
	*value = 0;
	if (n == 0 || (n > 1 && text[0] == '0'))
		return -MAP_ETEXT;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)text[i] - '0';

		if (digit > 9 || *value > (max - digit) / 10 || digit > max)
			return -MAP_ETEXT;
		*value = *value * 10 + digit;
	}
	return 0;
}
