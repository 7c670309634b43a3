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

/* A key that waits for keyring_sync(). */
struct held {
	struct held *next;
	char base[KEYRING_BASE];
	struct keyfile_draft draft;
};

struct keyring {
	int fd; /* of the directory */
	bool holds;
	struct held *held;
	char path[KEYRING_PATH];
	char **bases; /* of the private files, sorted, as of the time listed */
	size_t n_bases, max_bases;
	struct timespec listed; /* when the directory was changed last */
};

struct secret {
	struct crypto_key *key;
};

static void
keyring_unlist(struct keyring *ring)
{
	while (ring->n_bases > 0)
		free(ring->bases[--ring->n_bases]);
	ring->listed = (struct timespec){0};
}

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
	keyring_unlist(ring);
	free(ring->bases);
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

/*
 * Writes a file under another name first, so that it is never seen half written. Not waited for: the
 * private file makes the directory durable, and this one can be made again from it.
 */
static int
keyring_write(struct keyring *ring, const char *base, const char *text, char *why, size_t max)
{
	char temporary[KEYRING_BASE + 8], name[KEYRING_BASE + 8];
	size_t n = strlen(text);
	int fd;

	snprintf(temporary, sizeof temporary, ".%s.key", base);
	snprintf(name, sizeof name, "%s.key", base);
	/* what a crash left, or somebody put there to be written through, goes */
	(void)unlinkat(ring->fd, temporary, 0);
	fd = openat(ring->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0 && write(fd, text, n) == (ssize_t)n &&
	    renameat(ring->fd, temporary, ring->fd, name) == 0) {
		close(fd);
		return 0;
	}
	snprintf(why, max, "%.2000s/%s: %s", ring->path, name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -MAP_ESYS;
}

/* Whether the list is what the directory has. */
static bool
keyring_is_listed(const struct keyring *ring)
{
	struct stat st;

	return ring->listed.tv_sec != 0 && fstat(ring->fd, &st) == 0 &&
	       st.st_mtim.tv_sec == ring->listed.tv_sec &&
	       st.st_mtim.tv_nsec == ring->listed.tv_nsec;
}

/* The first base that is not below text. */
static size_t
keyring_place(const struct keyring *ring, const char *text)
{
	size_t low = 0, high = ring->n_bases;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(ring->bases[middle], text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
keyring_list_add(struct keyring *ring, const char *base, size_t n)
{
	char *copy = strndup(base, n);
	size_t at;

	if (copy != NULL && ring->n_bases == ring->max_bases) {
		size_t max = ring->max_bases == 0 ? 64 : 2 * ring->max_bases;
		char **more = realloc(ring->bases, max * sizeof *more);

		if (more != NULL) {
			ring->bases = more;
			ring->max_bases = max;
		}
	}
	if (copy == NULL || ring->n_bases == ring->max_bases) {
		free(copy);
		return false;
	}
	at = keyring_place(ring, copy);
	memmove(&ring->bases[at + 1], &ring->bases[at],
	    (ring->n_bases - at) * sizeof ring->bases[0]);
	ring->bases[at] = copy;
	ring->n_bases++;
	return true;
}

/* Writes the private file, to be waited for and to appear later. */
static int
keyring_draft(struct keyring *ring, const struct secret *secret, const char *base,
    const char *path, char *why, size_t max)
{
	struct held *held = malloc(sizeof *held);
	int rc = -MAP_ENOMEM;

	if (held != NULL)
		rc = keyfile_draft(&held->draft, path, secret->key, why, max);
	if (rc != 0) {
		free(held);
		return rc;
	}
	snprintf(held->base, sizeof held->base, "%s", base);
	held->next = ring->held;
	ring->held = held;
	return 0;
}

void
keyring_hold(struct keyring *ring)
{
	ring->holds = true;
}

int
keyring_sync(struct keyring *ring, char *why, size_t max)
{
	bool listed = keyring_is_listed(ring);
	struct stat st;
	int rc = 0;

	ring->holds = false;
	if (ring->held == NULL)
		return 0;
	for (struct held *held = ring->held; held != NULL; held = held->next)
		keyfile_draft_start(&held->draft);
	for (struct held *held = ring->held; held != NULL && rc == 0; held = held->next) {
		rc = keyfile_draft_appear(&held->draft, why, max);
		listed = listed && keyring_list_add(ring, held->base, strlen(held->base));
	}
	if (rc == 0 && fsync(ring->fd) != 0) {
		snprintf(why, max, "%.2000s: %s", ring->path, strerror(errno));
		rc = -MAP_ESYS;
	}
	while (ring->held != NULL) {
		struct held *held = ring->held;

		ring->held = held->next;
		keyfile_draft_drop(&held->draft, rc == 0);
		free(held);
	}
	if (listed && fstat(ring->fd, &st) == 0)
		ring->listed = st.st_mtim;
	if (rc != 0)
		ring->listed = (struct timespec){0}; /* the list is made anew */
	return rc;
}

int
keyring_put(struct keyring *ring, const struct secret *secret, const char *base,
    const char *text, char *why, size_t max)
{
	bool listed = keyring_is_listed(ring);
	char path[KEYRING_PATH];
	struct stat st;
	int rc;

	/* The public half first: a private file is what makes a key exist. */
	if (strlen(base) >= KEYRING_BASE) {
		snprintf(why, max, "%.64s...: file name too long", base);
		return -MAP_ESPACE;
	}
	rc = keyring_path(ring, base, ".private", path, why, max);
	/* another key of that tag: its public half stays what it is */
	if (rc == 0 && access(path, F_OK) == 0) {
		snprintf(why, max, "%s: exists already; keys are never overwritten", path);
		rc = -MAP_EEXIST;
	}
	if (rc == 0)
		rc = keyring_write(ring, base, text, why, max);
	if (rc == 0)
		rc = ring->holds ? keyring_draft(ring, secret, base, path, why, max)
				 : keyfile_write(path, secret->key, why, max);
	/* The directory changed by us; a file put there in these milliseconds is seen with the next change. */
	if (rc == 0 && listed && fstat(ring->fd, &st) == 0 &&
	    (ring->holds || keyring_list_add(ring, base, strlen(base))))
		ring->listed = st.st_mtim;
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

/* Reads the directory, unless nobody has changed it since the last time. */
static bool
keyring_list(struct keyring *ring)
{
	static const char suffix[] = ".private";
	struct dirent *entry;
	struct stat st;
	bool ok = true;
	DIR *dir;

	if (keyring_is_listed(ring))
		return true;
	keyring_unlist(ring);
	dir = opendir(ring->path);
	if (dir == NULL)
		return false;
	ok = fstat(ring->fd, &st) == 0;
	while (ok && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n > sizeof suffix && entry->d_name[0] != '.' &&
		    strcmp(entry->d_name + n - (sizeof suffix - 1), suffix) == 0)
			ok = keyring_list_add(ring, entry->d_name, n - (sizeof suffix - 1));
	}
	closedir(dir);
	if (ok)
		ring->listed = st.st_mtim;
	return ok;
}

bool
keyring_find(struct keyring *ring, const char *beginning, size_t skip, char base[KEYRING_BASE])
{
	size_t n = strlen(beginning);

	if (n + KEYRING_TAG >= KEYRING_BASE || !keyring_list(ring))
		return false;
	for (size_t at = keyring_place(ring, beginning); at < ring->n_bases; at++) {
		const char *found = ring->bases[at];

		if (strncmp(found, beginning, n) != 0)
			break;
		if (strspn(found + n, "0123456789") == KEYRING_TAG &&
		    found[n + KEYRING_TAG] == '\0' && skip-- == 0) {
			snprintf(base, KEYRING_BASE, "%s", found);
			return true;
		}
	}
	return false;
}

int
keyring_scan(struct bytes text, struct secret **out, char *why, size_t max)
{
	struct crypto_key *key = NULL;
	int rc = keyfile_scan("key file", text, &key, why, max);

	return rc != 0 ? rc : secret_wrap(key, out);
}

/* A file that is gone already is no matter: a crash may have come between the two. */
static bool
keyring_rename(struct keyring *ring, const char *base, const char *suffix)
{
	char from[KEYRING_BASE + 16], to[KEYRING_BASE + 32];

	snprintf(from, sizeof from, "%s%s", base, suffix);
	snprintf(to, sizeof to, "%s.retired", from);
	return renameat(ring->fd, from, ring->fd, to) == 0 || errno == ENOENT;
}

int
keyring_retire(struct keyring *ring, const char *base, char *why, size_t max)
{
	if (keyring_rename(ring, base, ".private") && keyring_rename(ring, base, ".key") &&
	    fsync(ring->fd) == 0)
		return 0;
	snprintf(why, max, "%.2000s/%s: %s", ring->path, base, strerror(errno));
	return -MAP_ESYS;
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
secret_sign_many(struct secret_job *jobs, size_t n)
{
	struct crypto_job many[SECRET_MANY] = {{NULL}};

	for (size_t i = 0; i < n; i++)
		many[i] = (struct crypto_job){.key = jobs[i].secret->key,
		    .p = jobs[i].message.p,
		    .n = jobs[i].message.n,
		    .out = jobs[i].signature};
	crypto_sign_many(many, n);
	for (size_t i = 0; i < n; i++)
		jobs[i].error = many[i].error;
}

void
secret_free(struct secret *secret)
{
	if (secret == NULL)
		return;
	crypto_key_free(secret->key);
	free(secret);
}
