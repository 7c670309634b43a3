/*
 * place.c - looks whether a directory is there for us, or can be made; makes none.
 * Knows nothing of what is to be in it.
 */
#include "mapd/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/errors.h"

#define PLACE_PATH 4096

/* The length of path without the slashes at its end. */
static size_t
path_length(const char *path, size_t n)
{
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

/* The length of the path above; 0: none, that is the current directory. */
static size_t
path_above(const char *path)
{
	size_t n = path_length(path, strlen(path));

	while (n > 0 && path[n - 1] != '/')
		n--;
	return path_length(path, n);
}

static bool
place_is_ours(const char *path, int mode)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return false;
	}
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

int
place_check(const char *path, const char *above, char *why, size_t max)
{
	char parent[PLACE_PATH];
	size_t n = path_above(path);

	if (place_is_ours(path, R_OK | W_OK | X_OK))
		return 0;
	if (errno != ENOENT || n >= sizeof parent) {
		snprintf(why, max, "%s: %s", path,
		    n >= sizeof parent ? strerror(ENAMETOOLONG) : strerror(errno));
		return -MAP_ESYS;
	}
	if (n == path_length(above, strlen(above)) && memcmp(path, above, n) == 0)
		return 0;
	snprintf(parent, sizeof parent, "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
	if (place_is_ours(parent, W_OK | X_OK))
		return 0;
	snprintf(why, max, "%s: cannot be made in %s: %s", path, parent, strerror(errno));
	return -MAP_ESYS;
}
