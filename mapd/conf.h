/*
 * conf.h - mapd.yaml, read and checked: a value that is never changed, only replaced.
 */
#ifndef MAPD_CONF_H
#define MAPD_CONF_H

#include "core/sys/conf.h"
#include "core/sys/diag.h"
#include "core/sys/sock.h"
#include "mapd/chaos.h"
#include "mapd/cookies.h"
#include "mapd/rules.h"

#define CONFIG_FILE SYSCONFDIR "/eidmap/mapd.yaml"
#define CONFIG_MESSAGE CONF_MESSAGE

/* What the file itself says; all else is as it is by default. */
struct config_given {
	bool listen, database, keys, control;
};

struct config {
	const char *path; /* borrowed from who loaded it */
	struct config_given given;
	size_t n_listen;
	struct addr *listen;
	char *database;
	char *keys;
	char *control;
	char *user; /* NULL: stay who you are */
	unsigned workers;
	size_t map_size;
	enum diag_level log;
	struct chaos chaos;
	bool no_cookies;
	struct cookies cookies; /* n 0: a secret of this process */
	struct rules rules; /* its tables are the config's */
};

/*
 * Reads path; what it does not say has its default. 0, or -MAP_ECONFIG (-MAP_ENOMEM) with
 * "FILE:LINE: key: cause; expected ..." in message. Caller frees with config_free().
 */
int config_load(const char *path, struct config **out, char *message, size_t max);
void config_free(struct config *config); /* NULL allowed */
/*
 * Whether the directories that the file names are there for who we are, or can be made. 0, or
 * -MAP_ECONFIG with a message of the same form.
 */
int config_verify(const struct config *config, char *message, size_t max);
/* Puts the line of a key that the file has before message, which says what the system refuses. */
void config_accuse(const struct config *config, const char *key, const char *expected,
    char *message, size_t max);

#endif
