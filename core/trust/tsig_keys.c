/*
 * tsig_keys.c - reads the keys of TSIG from a file as tsig-keygen writes it and named.conf has it.
 * Knows the text; knows nothing of messages.
 */
#include "core/trust/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "core/wire/text.h"

#define FILE_MOST ((size_t)1 << 20)
#define EXPECTED_KEY "key \"NAME\" { algorithm hmac-sha256; secret \"BASE64\"; };"

/* A word, a string without its quotes, or one of { } ; - the end has no character. */
struct token {
	const char *p;
	size_t n;
	unsigned line;
	bool quoted;
};

struct scan {
	const char *path;
	const char *p, *end;
	unsigned line;
	struct token token; /* the next one */
	struct tsig_key *keys;
	size_t n, room;
	char *why;
	size_t max;
};

/* line 0: it is about the file. */
__attribute__((format(printf, 3, 4))) static int
complain(const struct scan *scan, unsigned line, const char *format, ...)
{
	va_list args;
	int n = line > 0 ? snprintf(scan->why, scan->max, "%s:%u: ", scan->path, line)
			 : snprintf(scan->why, scan->max, "%s: ", scan->path);

	if (n < 0 || (size_t)n >= scan->max)
		return -MAP_ECONFIG;
	va_start(args, format);
	vsnprintf(scan->why + n, scan->max - (size_t)n, format, args);
	va_end(args);
	return -MAP_ECONFIG;
}

/* Moves on by n characters. */
static void
scan_skip(struct scan *scan, size_t n)
{
	for (; n > 0 && scan->p < scan->end; n--)
		scan->line += *scan->p++ == '\n';
}

static bool
scan_at(const struct scan *scan, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(scan->end - scan->p) >= n && memcmp(scan->p, text, n) == 0;
}

static void
scan_skip_line(struct scan *scan)
{
	while (scan->p < scan->end && *scan->p != '\n')
		scan->p++;
}

/* Blanks and comments. */
static int
scan_skip_blank(struct scan *scan)
{
	unsigned line;

	while (scan->p < scan->end) {
		if (strchr(" \t\r\n", *scan->p) != NULL) {
			scan_skip(scan, 1);
		} else if (*scan->p == '#' || scan_at(scan, "//")) {
			scan_skip_line(scan);
		} else if (scan_at(scan, "/*")) {
			line = scan->line;
			scan_skip(scan, 2);
			while (scan->p < scan->end && !scan_at(scan, "*/"))
				scan_skip(scan, 1);
			if (scan->p == scan->end)
				return complain(
				    scan, line, "a comment without end; expected */");
			scan_skip(scan, 2);
		} else {
			break;
		}
	}
	return 0;
}

/* Reads the next token. */
static int
scan_next(struct scan *scan)
{
	int error = scan_skip_blank(scan);
	struct token *token = &scan->token;
	const char *stop = " \t\r\n{};\"#";
	size_t left = (size_t)(scan->end - scan->p), n = 0;

	if (error != 0)
		return error;
	*token = (struct token){.p = scan->p, .line = scan->line};
	if (left == 0)
		return 0;
	if (*scan->p == '"') {
		while (1 + n < left && scan->p[1 + n] != '"' && scan->p[1 + n] != '\n')
			n++;
		if (1 + n == left || scan->p[1 + n] != '"')
			return complain(scan, scan->line, "a string without end; expected \"");
		token->p++;
		token->quoted = true;
		scan->p += n + 2;
	} else {
		while (n < left && strchr(stop, scan->p[n]) == NULL)
			n++;
		n += n == 0; /* one of the signs */
		scan->p += n;
	}
	token->n = n;
	return 0;
}

static bool
token_is(const struct token *token, const char *text)
{
	return !token->quoted && token->n == strlen(text) &&
	       strncasecmp(token->p, text, token->n) == 0;
}

/* What stands there, for a message: never more of it, since it may be a secret. */
static const char *
token_kind(const struct token *token)
{
	if (token->quoted)
		return "a string";
	return token->n == 0 ? "the end of the file" : "another word or sign";
}

/* Takes what must come now. */
static int
scan_expect(struct scan *scan, const char *text)
{
	if (!token_is(&scan->token, text))
		return complain(
		    scan, scan->token.line, "%s; expected %s", token_kind(&scan->token), text);
	return scan_next(scan);
}

/* Takes a value, quoted or not. */
static int
scan_value(struct scan *scan, const char *what, struct token *out)
{
	*out = scan->token;
	if (out->n == 0 || (!out->quoted && strchr("{};", out->p[0]) != NULL))
		return complain(scan, out->line, "no %s; expected " EXPECTED_KEY, what);
	return scan_next(scan);
}

static int
algorithm_take(const struct scan *scan, const struct token *token, struct tsig_key *key)
{
	struct name name;

	key->mac = CRYPTO_MAC_NONE;
	if (name_scan(token->p, token->n, NULL, &name) == 0) {
		name_fold(&name);
		key->mac = tsig_algorithm(&name);
	}
	if (key->mac != CRYPTO_MAC_NONE)
		return 0;
	return complain(scan, token->line,
	    "algorithm %.*s is not known here; expected hmac-sha256, hmac-sha512, hmac-sha384, "
	    "hmac-sha224 or hmac-sha1",
	    (int)(token->n < 64 ? token->n : 64), token->p);
}

static int
secret_take(const struct scan *scan, const struct token *token, struct tsig_key *key)
{
	int n = text_base64_read(token->p, token->n, key->secret, sizeof key->secret);

	if (n <= 0)
		return complain(scan, token->line,
		    "the secret is not base64 of 1 to %d octets; expected what tsig-keygen "
		    "prints",
		    SEAL_SECRET);
	key->n = (uint16_t)n;
	return 0;
}

/* What stands in the braces: algorithm and secret, each once, in any order. */
static int
body_take(struct scan *scan, struct tsig_key *key)
{
	unsigned line = scan->token.line;
	struct token value;
	int error = 0;

	while (error == 0 && !token_is(&scan->token, "}")) {
		bool algorithm = token_is(&scan->token, "algorithm");
		bool secret = token_is(&scan->token, "secret");

		if (!algorithm && !secret)
			return complain(scan, scan->token.line,
			    "%s; expected algorithm, secret or }", token_kind(&scan->token));
		if (algorithm ? key->mac != CRYPTO_MAC_NONE : key->n != 0)
			return complain(scan, scan->token.line,
			    "%s for the second time; expected }",
			    algorithm ? "algorithm" : "secret");
		error = scan_next(scan);
		if (error == 0)
			error = scan_value(scan, algorithm ? "algorithm" : "secret", &value);
		if (error == 0)
			error = algorithm ? algorithm_take(scan, &value, key)
					  : secret_take(scan, &value, key);
		if (error == 0)
			error = scan_expect(scan, ";");
	}
	if (error == 0 && (key->mac == CRYPTO_MAC_NONE || key->n == 0))
		error = complain(scan, line, "a key without %s; expected " EXPECTED_KEY,
		    key->n == 0 ? "secret" : "algorithm");
	return error;
}

/* Room for one more; what is moved is wiped where it was. */
static struct tsig_key *
keys_grow(struct scan *scan)
{
	size_t room = scan->room > 0 ? 2 * scan->room : 4;
	struct tsig_key *keys = scan->keys;

	if (scan->n == scan->room) {
		keys = calloc(room, sizeof *keys);
		if (keys == NULL)
			return NULL;
		if (scan->n > 0) {
			memcpy(keys, scan->keys, scan->n * sizeof *keys);
			crypto_wipe(scan->keys, scan->n * sizeof *keys);
		}
		free(scan->keys);
		scan->keys = keys;
		scan->room = room;
	}
	return &keys[scan->n++];
}

static int
key_take(struct scan *scan)
{
	struct tsig_key *key;
	struct token name;
	int error = scan_expect(scan, "key");

	if (error == 0)
		error = scan_value(scan, "name", &name);
	if (error != 0)
		return error;
	key = keys_grow(scan);
	if (key == NULL)
		return -MAP_ENOMEM;
	if (name_scan(name.p, name.n, NULL, &key->name) != 0 || key->name.n == 1)
		return complain(scan, name.line,
		    "the key's name is not a domain name; expected " EXPECTED_KEY);
	name_fold(&key->name);
	for (size_t i = 0; i + 1 < scan->n; i++)
		if (name_equal(&scan->keys[i].name, &key->name))
			return complain(scan, name.line,
			    "a second key of this name; expected one of each name");
	error = scan_expect(scan, "{");
	if (error == 0)
		error = body_take(scan, key);
	if (error == 0)
		error = scan_expect(scan, "}");
	return error == 0 ? scan_expect(scan, ";") : error;
}

static int
keys_scan(struct scan *scan)
{
	int error = scan_next(scan);

	while (error == 0 && scan->token.n + scan->token.quoted > 0)
		error = key_take(scan);
	if (error == 0 && scan->n == 0)
		error = complain(scan, 0, "no key in it; expected " EXPECTED_KEY);
	return error;
}

/* Reads all of fd, which has size octets or, growing, more. */
static int
fd_read(const struct scan *scan, int fd, char *text, size_t size, size_t *n)
{
	for (*n = 0; *n < size;) {
		ssize_t got = read(fd, text + *n, size - *n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return complain(scan, 0, "%s", strerror(errno));
		if (got == 0)
			break;
		*n += (size_t)got;
	}
	/* a NUL is no character of it, and would pass for one of any set (strchr) */
	if (memchr(text, '\0', *n) != NULL)
		return complain(scan, 0, "binary; expected " EXPECTED_KEY);
	return 0;
}

static int
file_scan(struct scan *scan, int fd)
{
	struct stat st;
	size_t size, n = 0;
	char *text;
	int error;

	if (fstat(fd, &st) != 0)
		return complain(scan, 0, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return complain(scan, 0, "no regular file; expected a file of keys");
	if ((st.st_mode & 077) != 0)
		return complain(scan, 0,
		    "others may read or write it (mode %04o); expected 0600 (chmod 600 it)",
		    (unsigned)(st.st_mode & 07777));
	if ((uintmax_t)st.st_size > FILE_MOST)
		return complain(scan, 0, "too long; expected at most 1 MiB");
	size = (size_t)st.st_size;
	text = malloc(size + 1);
	if (text == NULL)
		return -MAP_ENOMEM;
	error = fd_read(scan, fd, text, size, &n);
	scan->p = text;
	scan->end = text + n;
	if (error == 0)
		error = keys_scan(scan);
	crypto_wipe(text, size);
	free(text);
	return error;
}

int
tsig_keys_load(const char *path, struct tsig_key **out, size_t *n, char *why, size_t max)
{
	struct scan scan = {.path = path, .line = 1, .why = why, .max = max};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	*out = NULL;
	*n = 0;
	if (fd < 0)
		return complain(&scan, 0, "%s", strerror(errno));
	error = file_scan(&scan, fd);
	close(fd);
	if (error == -MAP_ENOMEM)
		complain(&scan, 0, "%s", error_text(error));
	if (error != 0) {
		if (scan.n > 0)
			crypto_wipe(scan.keys, scan.n * sizeof *scan.keys);
		free(scan.keys);
		return error;
	}
	*out = scan.keys;
	*n = scan.n;
	return 0;
}
