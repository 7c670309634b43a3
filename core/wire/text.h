/*
 * text.h - octets as text and back: base32 (RFC 4648, lower case, unpadded), base32hex, base64,
 * base64url, hex, times as YYYYMMDDHHmmSS. All write a NUL and return the length without it, or
 * read exactly n characters; -MAP_ETEXT, -MAP_ESPACE.
 */
#ifndef WIRE_TEXT_H
#define WIRE_TEXT_H

#include "core/wire/bytes.h"

int text_hex_put(char *to, size_t max, struct bytes b) MUST_CHECK;
int text_hex_read(const char *text, size_t n, uint8_t *to, size_t max) MUST_CHECK;
int text_base32_put(char *to, size_t max, struct bytes b) MUST_CHECK;
/* Canonical only: lower case, unused bits zero. */
int text_base32_read(const char *text, size_t n, uint8_t *to, size_t max) MUST_CHECK;
int text_base32hex_put(char *to, size_t max, struct bytes b) MUST_CHECK;
int text_base32hex_read(const char *text, size_t n, uint8_t *to, size_t max) MUST_CHECK;
int text_base64_put(char *to, size_t max, struct bytes b) MUST_CHECK;
int text_base64_read(const char *text, size_t n, uint8_t *to, size_t max) MUST_CHECK;
int text_base64url_put(char *to, size_t max, struct bytes b) MUST_CHECK;
int text_base64url_read(const char *text, size_t n, uint8_t *to, size_t max) MUST_CHECK;
/* Seconds since 1970, printed in UTC; any year to 9999. */
int text_time_put(char *to, size_t max, uint64_t seconds) MUST_CHECK;
int text_time_read(const char *text, size_t n, uint64_t *seconds) MUST_CHECK;
/* Decimal without sign or leading zeros (except "0"), at most max. */
int text_decimal_read(const char *text, size_t n, uint64_t max, uint64_t *value) MUST_CHECK;

#endif
