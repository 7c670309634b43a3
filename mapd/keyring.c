/*
 * keyring.c - the only reader of private keys, so that it can become a process or an HSM.
 * Knows nothing of zones, names or the store.
 */
#include "mapd/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/crypto.h"
#include "core/trust/keyfile.h"
#include "core/wire/errors.h"

#define KEYRING_PATH 4096
#define KEYRING_TAG 5 /* digits of a key tag at the end of a base name */

struct keyring {
	int fd; /* of the directory, to make new entries durable */
	char path[KEYRING_PATH];
};

struct secret {
	struct crypto_key *key;
};

int
keyring_open(const char *directory, struct keyring **out, char *why, size_t max)
{
	struct keyring *ring = calloc(1, sizeof *ring);
	struct stat st;

	if (ring == NULL) {
		snprintf(why, max, "out of memory");
		return -MAP_ENOMEM;
	}
	ring->fd = -1;
	if (snprintf(ring->path, sizeof ring->path, "%s", directory) >= (int)sizeof ring->path)
		errno = ENAMETOOLONG;
	else if (mkdir(directory, 0700) == 0 || errno == EEXIST)
		ring->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ring->fd < 0 || fstat(ring->fd, &st) != 0) {
		snprintf(why, max, "keys directory %.256s: %s", directory, strerror(errno));
		keyring_close(ring);
		return -MAP_ESYS;
	}
	if ((st.st_mode & 07) != 0) {
		snprintf(why, max,
		    "keys directory %.256s: may be used by others (mode %03o): chmod o= it",
		    directory, (unsigned)(st.st_mode & 0777));
		keyring_close(ring);
		return -MAP_EREFUSED;
	}
	*out = ring;
	return 0;
}

void
keyring_close(struct keyring *ring)
{
	if (ring == NULL)
		return;
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring);
}

static int
secret_wrap(struct crypto_key *key, struct secret **out)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL) {
		crypto_key_free(key);
		return -MAP_ENOMEM;
	}
	(*out)->key = key;
	return 0;
}

int
keyring_make(int algorithm, struct secret **out)
{
	struct crypto_key *key = NULL;
	int rc = crypto_key_generate(algorithm, &key);

	return rc != 0 ? rc : secret_wrap(key, out);
}

static int
keyring_path(const struct keyring *ring, const char *base, const char *suffix, char *path,
    char *why, size_t max)
{
	if (snprintf(path, KEYRING_PATH, "%s/%s%s", ring->path, base, suffix) < KEYRING_PATH)
		return 0;
	snprintf(why, max, "%s%s: path too long", base, suffix);
	return -MAP_ESPACE;
}

/* Writes a file under another name first, so that it is never seen half written. */
static int
keyring_write(struct keyring *ring, const char *base, const char *text, char *why, size_t max)
{
	char temporary[KEYRING_BASE + 8], name[KEYRING_BASE + 8];
	size_t n = strlen(text);
	int fd;

	snprintf(temporary, sizeof temporary, ".%s.key", base);
	snprintf(name, sizeof name, "%s.key", base);
	fd = openat(ring->fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0 && write(fd, text, n) == (ssize_t)n && fsync(fd) == 0 &&
	    renameat(ring->fd, temporary, ring->fd, name) == 0 && fsync(ring->fd) == 0) {
		close(fd);
		return 0;
	}
	snprintf(why, max, "%.2000s/%s: %s", ring->path, name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -MAP_ESYS;
}

int
keyring_put(struct keyring *ring, const struct secret *secret, const char *base,
    const char *text, char *why, size_t max)
{
	char path[KEYRING_PATH];
	int rc;

	/* The public half first: a private file is what makes a key exist. */
	if (strlen(base) >= KEYRING_BASE) {
		snprintf(why, max, "%.64s...: file name too long", base);
		return -MAP_ESPACE;
	}
	rc = keyring_path(ring, base, ".private", path, why, max);
	if (rc == 0)
		rc = keyring_write(ring, base, text, why, max);
	if (rc == 0)
		rc = keyfile_write(path, secret->key, why, max);
	if (rc == 0 && fsync(ring->fd) != 0) {
		snprintf(why, max, "%.2000s: %s", ring->path, strerror(errno));
		rc = -MAP_ESYS;
	}
	return rc;
}

int
keyring_get(struct keyring *ring, const char *base, struct secret **out, char *why, size_t max)
{
	struct crypto_key *key = NULL;
	char path[KEYRING_PATH];
	int rc = keyring_path(ring, base, ".private", path, why, max);

	if (rc == 0)
		rc = keyfile_read(path, &key, why, max);
	return rc != 0 ? rc : secret_wrap(key, out);
}

/* "BEGINNING12345.private" */
static bool
keyring_matches(const char *file, const char *beginning, size_t n)
{
	return strncmp(file, beginning, n) == 0 &&
	       strspn(file + n, "0123456789") == KEYRING_TAG &&
	       strcmp(file + n + KEYRING_TAG, ".private") == 0;
}

bool
keyring_find(struct keyring *ring, const char *beginning, char base[KEYRING_BASE])
{
	size_t n = strlen(beginning);
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir(ring->path);

	if (dir == NULL || n + KEYRING_TAG >= KEYRING_BASE) {
		if (dir != NULL)
			closedir(dir);
		return false;
	}
	while (!found && (entry = readdir(dir)) != NULL) {
		found = keyring_matches(entry->d_name, beginning, n);
		if (found)
			snprintf(
			    base, KEYRING_BASE, "%.*s", (int)(n + KEYRING_TAG), entry->d_name);
	}
	closedir(dir);
	return found;
}

int
secret_algorithm(const struct secret *secret)
{
	return crypto_key_algorithm(secret->key);
}

size_t
secret_public(const struct secret *secret, uint8_t to[KEYRING_PUBLIC])
{
	if (crypto_key_public(secret->key, to) != 0)
		return 0;
	return crypto_public_size(crypto_key_algorithm(secret->key));
}

int
secret_sign(
    const struct secret *secret, struct bytes message, uint8_t signature[KEYRING_SIGNATURE])
{
	return crypto_sign(secret->key, message.p, message.n, signature);
}

void
secret_free(struct secret *secret)
{
	if (secret == NULL)
		return;
	crypto_key_free(secret->key);
	free(secret);
}
