/*
 * keyfile.c - private keys in files, in BIND's format v1.3.
 * Knows the file; knows nothing of what the key is for.
 */
#include "core/trust/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "core/wire/text.h"

#define KEYFILE_MAX 4096
#define SECRET_SIZE 32

/*
 * dnssec-keygen writes the scalar of P-256 without its leading zero octets: one key in 256 has one.
 * More than four are not seen in 2^40 keys; what is shorter than that is a damaged file.
 */
#define SCALAR_SIZE_MIN (SECRET_SIZE - 4)

struct algorithm {
	int number;
	const char *name;
};

static const struct algorithm algorithms[] = {
    {CRYPTO_ECDSAP256, "ECDSAP256SHA256"},
    {CRYPTO_ED25519, "ED25519"},
};

/* Where a message for people goes, and the error that goes with it. */
struct complaint {
	char *why;
	size_t max;
	const char *path;
};

__attribute__((format(printf, 3, 4))) static int
complain(const struct complaint *c, int error, const char *format, ...)
{
	va_list args;
	int n = snprintf(c->why, c->max, "%s: ", c->path);

	if (n < 0 || (size_t)n >= c->max)
		return error;
	va_start(args, format);
	vsnprintf(c->why + n, c->max - (size_t)n, format, args);
	va_end(args);
	return error;
}

/* The value of a line "name: value", to the end of the line; NULL: none. */
static const char *
field_find(const char *text, const char *name, size_t *n)
{
	size_t name_n = strlen(name);

	while (*text != '\0') {
		size_t line = strcspn(text, "\r\n");

		if (line > name_n && strncmp(text, name, name_n) == 0 && text[name_n] == ':') {
			const char *value = text + name_n + 1;

			value += strspn(value, " \t");
			*n = strcspn(value, "\r\n");
			while (*n > 0 && (value[*n - 1] == ' ' || value[*n - 1] == '\t'))
				(*n)--;
			return value;
		}
		text += line;
		text += strspn(text, "\r\n");
	}
	return NULL;
}

/* The secret of a PrivateKey, a scalar that is short of octets filled up in front. */
static int
secret_read(int algorithm, const char *value, size_t n, uint8_t secret[SECRET_SIZE])
{
	int got = text_base64_read(value, n, secret, SECRET_SIZE);
	size_t lead;

	if (got == SECRET_SIZE)
		return 0;
	if (algorithm != CRYPTO_ECDSAP256 || got < SCALAR_SIZE_MIN)
		return -MAP_EFORMAT;
	lead = SECRET_SIZE - (size_t)got;
	memmove(secret + lead, secret, (size_t)got);
	memset(secret, 0, lead);
	return 0;
}

static int
text_parse(const char *text, struct crypto_key **out, const struct complaint *c)
{
	uint8_t secret[SECRET_SIZE];
	const char *value;
	uint64_t algorithm = 0;
	size_t n = 0;
	int error;

	value = field_find(text, "Private-key-format", &n);
	if (value == NULL || strncmp(value, "v1.", 3) != 0)
		return complain(c, -MAP_EFORMAT, "no key file (Private-key-format: v1.3)");
	value = field_find(text, "Algorithm", &n);
	if (value == NULL ||
	    text_decimal_read(value, strcspn(value, " (\r\n"), 255, &algorithm) != 0)
		return complain(c, -MAP_EFORMAT, "no Algorithm in it");
	if (crypto_public_size((int)algorithm) == 0)
		return complain(c, -MAP_EUNKNOWN,
		    "algorithm %u is not known here; 13 (ECDSAP256SHA256) and 15 (ED25519) are",
		    (unsigned)algorithm);
	value = field_find(text, "PrivateKey", &n);
	if (value == NULL || secret_read((int)algorithm, value, n, secret) != 0)
		return complain(c, -MAP_EFORMAT, "no PrivateKey of 32 octets in it");
	error = crypto_key_from_private((int)algorithm, secret, out);
	crypto_wipe(secret, sizeof secret);
	return error == 0 ? 0 : complain(c, error, "the PrivateKey is no key of its algorithm");
}

/* Reads all of fd; -MAP_EFORMAT when it is longer than any key file. */
static int
fd_read(int fd, char text[KEYFILE_MAX + 1])
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, text + n, KEYFILE_MAX - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -MAP_ESYS;
		n += (size_t)got;
		if (got == 0)
			break;
		if (n == KEYFILE_MAX)
			return -MAP_EFORMAT;
	}
	text[n] = '\0';
	return strlen(text) == n ? 0 : -MAP_EFORMAT;
}

int
keyfile_read(const char *path, struct crypto_key **out, char *why, size_t max)
{
	struct complaint c = {why, max, path};
	char text[KEYFILE_MAX + 1];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	*out = NULL;
	if (fd < 0)
		return complain(&c, -MAP_ESYS, "%s", strerror(errno));
	if (fstat(fd, &st) != 0) {
		error = complain(&c, -MAP_ESYS, "%s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		error = complain(&c, -MAP_EFORMAT, "no regular file");
	} else if ((st.st_mode & 077) != 0) {
		error = complain(&c, -MAP_EREFUSED,
		    "others may read or write it (mode %04o); chmod 600 it",
		    (unsigned)(st.st_mode & 07777));
	} else {
		error = fd_read(fd, text);
		if (error == -MAP_ESYS)
			complain(&c, error, "%s", strerror(errno));
		else if (error != 0)
			complain(&c, error, "no key file: longer than 4096 octets, or binary");
		else
			error = text_parse(text, out, &c);
		crypto_wipe(text, sizeof text);
	}
	close(fd);
	return error;
}

int
keyfile_scan(
    const char *name, struct bytes text, struct crypto_key **out, char *why, size_t max)
{
	struct complaint c = {why, max, name};
	char copy[KEYFILE_MAX + 1];
	int error;

	*out = NULL;
	if (text.n > KEYFILE_MAX || (text.n > 0 && memchr(text.p, '\0', text.n) != NULL))
		return complain(
		    &c, -MAP_EFORMAT, "no key file: longer than 4096 octets, or binary");
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	error = text_parse(copy, out, &c);
	crypto_wipe(copy, sizeof copy);
	return error;
}

static int
text_make(const struct crypto_key *key, char *text, size_t max)
{
	int algorithm = crypto_key_algorithm(key), n;
	const char *name = "";
	char secret_text[64], created[32];
	uint8_t secret[SECRET_SIZE];
	int error = crypto_key_secret(key, secret);

	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (algorithms[i].number == algorithm)
			name = algorithms[i].name;
	if (error != 0)
		return error;
	n = text_base64_put(
	    secret_text, sizeof secret_text, (struct bytes){secret, sizeof secret});
	crypto_wipe(secret, sizeof secret);
	if (n < 0 || text_time_put(created, sizeof created, (uint64_t)time(NULL)) < 0)
		return -MAP_ESPACE;
	n = snprintf(text, max,
	    "Private-key-format: v1.3\nAlgorithm: %d (%s)\nPrivateKey: %s\n"
	    "Created: %s\nPublish: %s\nActivate: %s\n",
	    algorithm, name, secret_text, created, created, created);
	crypto_wipe(secret_text, sizeof secret_text);
	return n >= 0 && (size_t)n < max ? 0 : -MAP_ESPACE;
}

static int
fd_write(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -MAP_ESYS;
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Opens the folder of path. */
static int
folder_open(const char *path, int flags)
{
	const char *slash = strrchr(path, '/');
	char folder[KEYFILE_PATH] = ".";

	if (slash != NULL && (size_t)(slash - path) + 2 > sizeof folder)
		return -1;
	if (slash != NULL)
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
		    path);
	return open(folder, flags | O_CLOEXEC, 0600);
}

/* The folder of path is synced too: the new name is to outlive a crash. */
static int
folder_sync(const char *path)
{
	int fd = folder_open(path, O_RDONLY | O_DIRECTORY), error;

	if (fd < 0)
		return -MAP_ESYS;
	error = fsync(fd) == 0 ? 0 : -MAP_ESYS;
	close(fd);
	return error;
}

/* A file without a name, of which a kill leaves nothing; where there is no such thing, with another name. */
static int
draft_open(struct keyfile_draft *draft)
{
	int n = snprintf(draft->temporary, sizeof draft->temporary, "%s.XXXXXX", draft->path);
	int fd = folder_open(draft->path, O_TMPFILE | O_WRONLY);

	draft->named = fd < 0;
	if (fd >= 0)
		n = snprintf(draft->temporary, sizeof draft->temporary, "/proc/self/fd/%d", fd);
	else if (n >= 0 && (size_t)n < sizeof draft->temporary)
		fd = mkstemp(draft->temporary); /* 0600 */
	else
		errno = ENAMETOOLONG;
	return fd;
}

int
keyfile_draft(struct keyfile_draft *draft, const char *path, const struct crypto_key *key,
    char *why, size_t max)
{
	struct complaint c = {why, max, path};
	int n = snprintf(draft->path, sizeof draft->path, "%s", path), error;
	char text[512];

	draft->appeared = false;
	if (n < 0 || (size_t)n >= sizeof draft->path)
		return complain(&c, -MAP_ESPACE, "the path is too long");
	error = text_make(key, text, sizeof text);
	if (error != 0)
		return complain(&c, error, "the key cannot be written: %s", error_text(error));
	draft->fd = draft_open(draft);
	if (draft->fd < 0) {
		crypto_wipe(text, sizeof text);
		return complain(&c, -MAP_ESYS, "%s", strerror(errno));
	}
	error = fd_write(draft->fd, text);
	crypto_wipe(text, sizeof text);
	if (error != 0) {
		complain(&c, error, "%s", strerror(errno));
		keyfile_draft_drop(draft, false);
	}
	return error;
}

void
keyfile_draft_start(struct keyfile_draft *draft)
{
	/* only so that the waits that follow are short: what it returns says nothing */
	(void)sync_file_range(draft->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* linkat() refuses where something stands already, so that no key is ever overwritten. */
int
keyfile_draft_appear(struct keyfile_draft *draft, char *why, size_t max)
{
	struct complaint c = {why, max, draft->path};

	if (fsync(draft->fd) != 0)
		return complain(&c, -MAP_ESYS, "%s", strerror(errno));
	if (linkat(AT_FDCWD, draft->temporary, AT_FDCWD, draft->path, AT_SYMLINK_FOLLOW) != 0)
		return errno == EEXIST ? complain(&c, -MAP_EEXIST,
					     "exists already; keys are never overwritten")
				       : complain(&c, -MAP_ESYS, "%s", strerror(errno));
	draft->appeared = true;
	return 0;
}

void
keyfile_draft_drop(struct keyfile_draft *draft, bool keep)
{
	close(draft->fd);
	if (draft->named)
		unlink(draft->temporary);
	if (draft->appeared && !keep)
		unlink(draft->path);
}

int
keyfile_write(const char *path, const struct crypto_key *key, char *why, size_t max)
{
	struct complaint c = {why, max, path};
	struct keyfile_draft draft;
	int error = keyfile_draft(&draft, path, key, why, max);

	if (error != 0)
		return error;
	error = keyfile_draft_appear(&draft, why, max);
	if (error == 0 && folder_sync(path) != 0)
		error = complain(&c, -MAP_ESYS, "cannot be synced: %s", strerror(errno));
	keyfile_draft_drop(&draft, true);
	return error;
}
