/*
 * hex.h - octets of a test written as hex digits, and names written as text.
 */
#ifndef TESTS_HEX_H
#define TESTS_HEX_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/bytes.h"
#include "core/wire/name.h"

static inline unsigned
hex_digit(char c)
{
	const char *digits = "0123456789abcdef";

	assert_non_null(strchr(digits, c));
	return (unsigned)(strchr(digits, c) - digits);
}

/* Spaces between octets are skipped. to is borrowed by what is returned. */
static inline struct bytes
hex_bytes(const char *text, uint8_t *to, size_t max)
{
	size_t n = 0;

	while (*text != '\0') {
		if (*text == ' ') {
			text++;
			continue;
		}
		assert_true(n < max);
		to[n++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text += 2;
	}
	return (struct bytes){to, n};
}

static inline struct name
name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from(text, &name), 0);
	return name;
}

#define assert_bytes_equal(a, b)                                      \
	do {                                                          \
		struct bytes bytes_a = (a), bytes_b = (b);            \
		assert_int_equal(bytes_a.n, bytes_b.n);               \
		assert_memory_equal(bytes_a.p, bytes_b.p, bytes_b.n); \
	} while (0)

#endif
