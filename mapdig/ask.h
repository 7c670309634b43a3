/*
 * ask.h - one look-up, asked of resolverd or made by mapdig itself.
 */
#ifndef MAPDIG_ASK_H
#define MAPDIG_ASK_H

#include "core/wire/frame.h"
#include "core/wire/result.h"
#include "mapdig/options.h"

#define ASK_TEXT 400

/* Where resolverd listens: -s, $MAP_SOCKET, or the place it was built for. */
const char *ask_socket(const struct options *options);

/*
 * Asks resolverd at path; ends by request->deadline ms and a little. result is the caller's. 0;
 * -MAP_ENOAGENT (nobody there), -MAP_ETIMEOUT, -MAP_EFORMAT (it speaks another way), -MAP_ESYS, with why.
 */
int ask_agent(const char *path, const struct resolve_request *request, struct result *result,
    char *why, size_t max);

/* The servers of @SERVER with their port, as libunbound takes them. -MAP_EUSAGE with why. */
struct ask_servers {
	char texts[OPTION_LIST][ASK_TEXT];
	const char *list[OPTION_LIST];
	size_t n;
};
int ask_servers_read(
    const struct options *options, struct ask_servers *out, char *why, size_t max);

/* Looks up here. 0; -MAP_ECONFIG (anchors), -MAP_ESYS ..., with why. */
int ask_self(const struct options *options, const struct ask_servers *servers,
    const struct realm *realms, size_t n_realms, const struct resolve_request *request,
    struct result *result, char *why, size_t max);

#endif
