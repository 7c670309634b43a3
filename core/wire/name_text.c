/*
 * name_text.c - names as master-file text (RFC 1035 5.1) and back; knows no zone.
 */
#include "core/wire/name.h"

#include <string.h>

#include "core/wire/errors.h"

#define LABEL_MAX 63

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * The octet that text[*at] stands for, escapes undone; *at moves behind it. -1: no valid text.
 */
static int
text_octet(const char *text, size_t n, size_t *at)
{
	const char *p = text + *at;
	size_t left = n - *at;
	int value;

	if (p[0] != '\\') {
		(*at)++;
		return p[0] > ' ' && p[0] < 0x7f ? (uint8_t)p[0] : -1;
	}
	if (left < 2)
		return -1;
	if (!is_digit(p[1])) {
		*at += 2;
		return p[1] >= ' ' && p[1] < 0x7f ? (uint8_t)p[1] : -1;
	}
	if (left < 4 || !is_digit(p[2]) || !is_digit(p[3]))
		return -1;
	value = (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
	*at += 4;
	return value <= 255 ? value : -1;
}

/* Completes a relative name. */
static int
name_complete(struct name *name, const struct name *origin)
{
	if (name->n + (size_t)origin->n > NAME_WIRE)
		return -MAP_ESPACE;
	memcpy(name->w + name->n, origin->w, origin->n);
	name->n = (uint8_t)(name->n + origin->n);
	return 0;
}

/* Closes the label that begins at start, whose octets reach to name->n. */
static int
label_close(struct name *name, size_t start)
{
	size_t n = name->n - start - 1;

	if (n == 0)
		return -MAP_ETEXT;
	if (n > LABEL_MAX)
		return -MAP_ESPACE;
	name->w[start] = (uint8_t)n;
	return 0;
}

/* Reads text into labels; *absolute tells whether it ended with a dot. */
static int
labels_scan(const char *text, size_t n, struct name *name, bool *absolute)
{
	size_t start = 0, at = 0;
	int error;

	name->n = 1;
	*absolute = false;
	while (at < n) {
		int c;

		if (text[at] == '.') {
			error = label_close(name, start);
			if (error != 0)
				return error;
			start = name->n;
			if (++at == n) {
				*absolute = true;
				return 0;
			}
			name->n++; /* the length octet of the next */
			continue;
		}
		c = text_octet(text, n, &at);
		if (c < 0)
			return -MAP_ETEXT;
		/* The root octet must still fit. */
		if (name->n >= NAME_WIRE - 1)
			return -MAP_ESPACE;
		name->w[name->n++] = (uint8_t)c;
	}
	return label_close(name, start);
}

int
name_scan(const char *text, size_t n, const struct name *origin, struct name *name)
{
	const struct name base = origin != NULL ? *origin : name_root;
	bool absolute;
	int error;

	name->n = 0;
	if (n == 1 && text[0] == '.') {
		*name = name_root;
		return 0;
	}
	if (n == 1 && text[0] == '@' && origin != NULL) {
		*name = base;
		return 0;
	}
	/* A quoted string is no name; within a name a quote is a character as others write it. */
	error = n > 0 && text[0] != '"' ? labels_scan(text, n, name, &absolute) : -MAP_ETEXT;
	if (error == 0)
		error = name_complete(name, absolute ? &name_root : &base);
	if (error != 0)
		name->n = 0;
	return error;
}

int
name_from(const char *text, struct name *name)
{
	return name_scan(text, strlen(text), NULL, name);
}

/* What every reader of zone files takes as it is: Knot DNS takes no other octet without a backslash. */
static bool
octet_is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '*' || c == '/';
}

static char *
octet_print(uint8_t c, bool portable, char *to)
{
	/* what NSD (\\ and \") and BIND (\[) stumble over behind a backslash is told by its number too */
	if (c <= ' ' || c >= 0x7f || (portable && strchr("\\\"[", c) != NULL)) {
		*to++ = '\\';
		*to++ = (char)('0' + c / 100);
		*to++ = (char)('0' + c / 10 % 10);
		*to++ = (char)('0' + c % 10);
		return to;
	}
	if (portable ? !octet_is_plain(c) : strchr(".\\\"();@$", c) != NULL)
		*to++ = '\\';
	*to++ = (char)c;
	return to;
}

static char *
octets_print(const struct name *name, bool portable, char *text)
{
	char *to = text;

	if (name->n == 1)
		*to++ = '.';
	for (size_t at = 0; at < name->n && name->w[at] != 0; at += name->w[at] + (size_t)1) {
		for (size_t i = 1; i <= name->w[at]; i++)
			to = octet_print(name->w[at + i], portable, to);
		*to++ = '.';
	}
	*to = '\0';
	return text;
}

char *
name_print(const struct name *name, char text[NAME_TEXT])
{
	return octets_print(name, false, text);
}

char *
name_print_portable(const struct name *name, char text[NAME_TEXT])
{
	return octets_print(name, true, text);
}
