/*
 * fuzz_client_result.c - what libmap makes of an agent that sends anything at all: every request
 * ends once, with a result that holds together or an error with its cause.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libmap/map.h"
#include "tests/fuzz/fuzz.h"

static char folder[] = "/tmp/eidmap-fuzz.XXXXXX";
static char path[64];

static void
agent_remove(void)
{
	unlink(path);
	rmdir(folder);
}

/* One listening socket for all inputs. */
static int
agent_listen(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	HOLDS(fd >= 0 && mkdtemp(folder) != NULL);
	snprintf(path, sizeof path, "%s/sock", folder);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	HOLDS(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 8) == 0);
	HOLDS(setenv("MAP_SOCKET", path, 1) == 0 && atexit(agent_remove) == 0);
	return fd;
}

static void
told(void *arg, int error, const char *why, struct map_result *result)
{
	unsigned *left = arg;
	size_t n = 0;

	HOLDS(why != NULL && (error == 0) == (result != NULL));
	for (size_t i = 0; result != NULL && i < map_result_identities(result); i++) {
		const struct map_identity *id = map_result_identity(result, i);

		n += strlen(id->text) + strlen(id->at);
		for (size_t k = 0; k < id->n_locators; k++)
			n += strlen(id->locators[k].path);
	}
	HOLDS(n < 1000000);
	map_result_free(result);
	--*left;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int listener = -1;
	unsigned left = 2;
	struct map *map;
	int fd;

	if (listener < 0)
		listener = agent_listen();
	if (n > 100000)
		return 0; /* it must fit into the socket at once */
	HOLDS(map_open(&map) == 0);
	/* their ids are 1 and 2 */
	HOLDS(map_resolve_start(map, "host.example", 0, told, &left, NULL) == 0);
	HOLDS(map_resolve_start(map, "2001:db8::1", 0, told, &left, NULL) == 0);
	fd = accept(listener, NULL, NULL);
	HOLDS(fd >= 0);
	HOLDS(n == 0 || send(fd, data, n, MSG_NOSIGNAL) == (ssize_t)n);
	HOLDS(shutdown(fd, SHUT_WR) == 0);
	while (left > 0) {
		struct pollfd p = {.fd = map_fd(map), .events = map_events(map)};

		poll(&p, 1, map_timeout(map));
		map_process(map);
	}
	HOLDS(map_timeout(map) == -1);
	map_close(map);
	close(fd);
	return 0;
}
