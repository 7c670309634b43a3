/*
 * conf.h - resolverd.yaml and realms.yaml as values; see resolverd.yaml(5).
 */
#ifndef RESOLVERD_CONF_H
#define RESOLVERD_CONF_H

#include "core/sys/diag.h"
#include "core/wire/wishes.h"
#include "resolve/lookup.h"
#include "resolverd/hold.h"
#include "resolverd/paths.h"
#include "resolverd/watches.h"

enum exits_mode { EXITS_OFF, EXITS_OBSERVE };

struct conf {
	const char *path; /* borrowed from who opened it */
	const char *socket;
	const char *control;
	const char *user; /* NULL: stay who we are */
	enum diag_level log;
	enum paths_mode paths;
	enum exits_mode exits;
	uint16_t probe; /* port; 0: off */
	uint64_t deadline; /* ms */
	size_t cache;      /* octets */
	bool private_locators;
	enum watch_class watch[SESSION_CLASSES]; /* how sessions of a class are watched: */
	struct watch_row watches[WATCHES];
	struct hold_rule flap; /* how long who moved, or died, has to wait */
	struct wishes classes[SESSION_CLASSES]; /* paths that sessions of a class prefer or avoid */
	size_t n_realms;
	struct realm *realms;
	struct resolver_options resolver; /* borrows from here */
	struct conf_file *file;           /* what was read */
	struct resolver_stub *stubs;
	const char *anchor; /* the default one */
};

/*
 * Reads the configuration and looks at the files that it names; path's realms.yaml is beside it unless
 * it says otherwise. -MAP_ECONFIG with "FILE:LINE: key: cause; expected ..." in why, -MAP_ENOMEM.
 */
int conf_open(const char *path, struct conf **out, char *why, size_t max) NONNULL MUST_CHECK;
/* Looks at the files again: who has become another user may not read what could be read before. */
int conf_verify(const struct conf *conf, char *why, size_t max) NONNULL MUST_CHECK;
/* Puts the line where the file has key (socket, control) before what is wrong with that path. */
void conf_accuse(const struct conf *conf, const char *key, char *why, size_t max) NONNULL;
/* How sessions of a class are watched; borrowed. */
const struct watch_row *conf_watch(const struct conf *conf, enum session_class class) NONNULL;
void conf_close(struct conf *conf); /* NULL allowed */

#endif
