/*
 * conf.c - the options of resolverd: a row each in the schema below, checked and with defaults.
 */
#include "resolverd/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cyaml/cyaml.h>

#include "core/sys/conf.h"
#include "core/sys/priv.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "core/wire/probe.h"
#include "core/wire/text.h"
#include "resolve/anchors.h"
#include "resolve/realms.h"

#define RUN_FOLDER RUNSTATEDIR "/resolverd"
#define ROOT_ANCHOR "/usr/share/dns/root.key"
#define DEADLINE_MS 5000
#define CACHE_OCTETS (64u << 20)

struct stub_row {
	char *zone;
	char **servers;
	unsigned servers_count;
};

struct class_row {
	char **prefer;
	unsigned prefer_count;
	char **avoid;
	unsigned avoid_count;
	enum watch_class *watch; /* NULL: the class's own */
};

struct class_rows {
	struct class_row *rows[SESSION_CLASSES]; /* NULL: not told */
};

struct watch_texts {
	char *texts[WATCH_OPTIONS]; /* NULL: not told */
};

struct watch_rows {
	struct watch_texts *rows[WATCHES]; /* NULL: not told */
};

struct flap_row {
	char *hold;
	char *most;
	char *penalty;
};

struct conf_file {
	char *socket;
	char *control;
	char *user;
	char *log;
	char *realms;
	char *deadline;
	char *try;
	char *cache;
	bool private_locators;
	enum paths_mode *paths; /* NULL: kernel */
	enum exits_mode *exits; /* NULL: observe */
	char *probe;
	char **anchors;
	unsigned anchors_count;
	char **forwarders;
	unsigned forwarders_count;
	struct stub_row *stubs;
	unsigned stubs_count;
	struct class_rows *classes;
	struct watch_rows *watch;
	struct flap_row *flap;
};

static const cyaml_strval_t paths_words[] = {
    {"kernel", PATHS_KERNEL},
    {"manage", PATHS_MANAGE},
    {"off", PATHS_OFF},
};

static const cyaml_strval_t exits_words[] = {
    {"observe", EXITS_OBSERVE},
    {"off", EXITS_OFF},
};

static const cyaml_strval_t watch_words[] = {
#define X(name, word, beat, signs, sources, probes, gap, lead, patience, stall) {word, name},
#include "resolverd/watches.def"
#undef X
};

static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 1024)};

#define TEXT(key, member)       \
	CYAML_FIELD_STRING_PTR( \
	    key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_file, member, 1, 1024)
#define TEXTS(key, member)                                                                    \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_file, \
	    member, &text_value, 0, 256)

static const cyaml_schema_field_t stub_fields[] = {
    CYAML_FIELD_STRING_PTR("zone", CYAML_FLAG_POINTER, struct stub_row, zone, 1, 1024),
    CYAML_FIELD_SEQUENCE(
	"servers", CYAML_FLAG_POINTER, struct stub_row, servers, &text_value, 1, 32),
    CYAML_FIELD_END};

static const cyaml_schema_value_t stub_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct stub_row, stub_fields)};

#define PATHS(key, member)                                                                    \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct class_row, \
	    member, &text_value, 0, WISHES_PATHS)
static const cyaml_schema_field_t class_fields[] = {PATHS("prefer", prefer),
    PATHS("avoid", avoid),
    CYAML_FIELD_ENUM_PTR("watch", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct class_row,
	watch, watch_words, WATCHES),
    CYAML_FIELD_END};

#define X(name, number, word, rtt_first)                                        \
	CYAML_FIELD_MAPPING_PTR(word, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
	    struct class_rows, rows[name], class_fields),
static const cyaml_schema_field_t classes_fields[] = {
#include "core/wire/classes.def"
    CYAML_FIELD_END};
#undef X

#define X(member, word, unit, least, most)                                     \
	CYAML_FIELD_STRING_PTR(word, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
	    struct watch_texts, texts[WATCH_OPTION_##member], 1, 32),
static const cyaml_schema_field_t watch_option_fields[] = {
#include "resolverd/watch_options.def"
    CYAML_FIELD_END};
#undef X

#define X(name, word, beat, signs, sources, probes, gap, lead, patience, stall) \
	CYAML_FIELD_MAPPING_PTR(word, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
	    struct watch_rows, rows[name], watch_option_fields),
static const cyaml_schema_field_t watch_fields[] = {
#include "resolverd/watches.def"
    CYAML_FIELD_END};
#undef X

#define FLAP(member)            \
	CYAML_FIELD_STRING_PTR( \
	    #member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct flap_row, member, 1, 32)
static const cyaml_schema_field_t flap_fields[] = {
    FLAP(hold), FLAP(most), FLAP(penalty), CYAML_FIELD_END};

static const cyaml_schema_field_t conf_fields[] = {TEXT("socket", socket),
    TEXT("control", control), TEXT("user", user), TEXT("log", log), TEXT("realms", realms),
    TEXTS("trust-anchors", anchors),
    CYAML_FIELD_SEQUENCE("stubs", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_file,
	stubs, &stub_value, 0, 1024),
    TEXTS("forwarders", forwarders),
    CYAML_FIELD_BOOL(
	"private-locators", CYAML_FLAG_OPTIONAL, struct conf_file, private_locators),
    CYAML_FIELD_ENUM_PTR("paths", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_file,
	paths, paths_words, sizeof paths_words / sizeof paths_words[0]),
    CYAML_FIELD_ENUM_PTR("exits", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_file,
	exits, exits_words, 2),
    TEXT("probe", probe),
    CYAML_FIELD_MAPPING_PTR("classes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
	struct conf_file, classes, classes_fields),
    CYAML_FIELD_MAPPING_PTR("watch", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_file,
	watch, watch_fields),
    CYAML_FIELD_MAPPING_PTR(
	"flap", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_file, flap, flap_fields),
    TEXT("deadline", deadline), TEXT("try", try), TEXT("cache", cache), CYAML_FIELD_END};

static const cyaml_schema_value_t conf_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct conf_file, conf_fields)};

/* Where messages go while a configuration is looked through. */
struct blame {
	const char *path;
	char *why;
	size_t max;
};

static int
blame(const struct blame *b, const char *key, const char *cause, const char *expected)
{
	conf_blame(b->path, key, cause, expected, b->why, b->max);
	return -MAP_ECONFIG;
}

static int
conf_times(struct conf *conf, const struct blame *b)
{
	const struct conf_file *file = conf->file;
	uint64_t try_ms = 0, octets = CACHE_OCTETS;

	conf->deadline = DEADLINE_MS;
	if (file->deadline != NULL && (conf_time(file->deadline, &conf->deadline) != 0 ||
					  conf->deadline == 0 || conf->deadline > 3600000))
		return blame(b, "deadline", "not usable", "a time from 1ms to 1h, like 5s");
	if (file->try != NULL &&
	    (conf_time(file->try, &try_ms) != 0 || try_ms < 10 || try_ms > 60000))
		return blame(b, "try", "not usable", "a time from 10ms to 60s, like 1500ms");
	if (file->cache != NULL &&
	    (conf_size(file->cache, &octets) != 0 || octets > (uint64_t)64 << 30))
		return blame(b, "cache", "not usable", "a size up to 64G, like 64M");
	conf->resolver.try_ms = (unsigned)try_ms;
	conf->cache = (size_t)octets;
	return 0;
}

static int
conf_probe(struct conf *conf, const struct blame *b)
{
	const char *text = conf->file->probe;
	uint64_t port = PROBE_PORT;

	if (text != NULL && strcmp(text, "off") == 0)
		port = 0;
	else if (text != NULL &&
		 (text_decimal_read(text, strlen(text), UINT16_MAX, &port) < 0 || port == 0))
		return blame(b, "probe", "not usable", "a port, 1 to 65535, or off");
	conf->probe = (uint16_t)port;
	return 0;
}

static int
conf_servers(const struct blame *b, const char *key, char *const *servers, unsigned n)
{
	struct addr addr;
	char at[1200];

	for (unsigned i = 0; i < n; i++)
		if (addr_scan(servers[i], 53, &addr) != 0) {
			snprintf(at, sizeof at, "%s/%u", key, i);
			return blame(b, at, "not an address", "ADDRESS or ADDRESS@PORT");
		}
	return 0;
}

static int
conf_stub(struct conf *conf, const struct blame *b, unsigned i)
{
	struct stub_row *row = &conf->file->stubs[i];
	struct resolver_stub *stub = &conf->stubs[i];
	char key[1100];

	snprintf(key, sizeof key, "stubs/%s", row->zone);
	if (name_scan(row->zone, strlen(row->zone), NULL, &stub->zone) != 0)
		return blame(b, key, "not a zone", "a domain name");
	if (strpbrk(row->zone, "\"\\") != NULL)
		return blame(b, key, "a name that libunbound cannot be told",
		    "a domain name without quotes and backslashes");
	for (unsigned k = 0; k < i; k++)
		if (name_equal(&conf->stubs[k].zone, &stub->zone))
			return blame(b, key, "the same zone twice", "each zone once");
	stub->servers = (const char *const *)row->servers;
	stub->n = row->servers_count;
	return conf_servers(b, key, row->servers, row->servers_count);
}

static int
conf_stubs(struct conf *conf, const struct blame *b)
{
	const struct conf_file *file = conf->file;
	int error = 0;

	conf->stubs = calloc((size_t)file->stubs_count + 1, sizeof *conf->stubs);
	if (conf->stubs == NULL)
		return -MAP_ENOMEM;
	for (unsigned i = 0; error == 0 && i < file->stubs_count; i++)
		error = conf_stub(conf, b, i);
	conf->resolver.stubs = conf->stubs;
	conf->resolver.n_stubs = file->stubs_count;
	return error;
}

static int
conf_paths(const struct blame *b, const char *class, const char *list, char *const *paths,
    unsigned n, struct path_list *out)
{
	char key[80];

	for (unsigned i = 0; i < n; i++)
		if (path_list_put(out, paths[i]) != 0) {
			snprintf(key, sizeof key, "classes/%s/%s/%u", class, list, i);
			return blame(b, key, "not the name of a path",
			    "1 to 32 of A-Z a-z 0-9 . _ - as path=... in a mapping");
		}
	return 0;
}

static int
conf_classes(struct conf *conf, const struct blame *b)
{
	const struct class_rows *rows = conf->file->classes;
	int error = 0;

	conf->watch[SESSION_INTERACTIVE] = WATCH_FAST;
	conf->watch[SESSION_CHEAP] = WATCH_STICKY;

	for (unsigned i = 0; rows != NULL && error == 0 && i < SESSION_CLASSES; i++) {
		const struct class_row *row = rows->rows[i];
		const char *word = class_word((enum session_class)i);

		if (row == NULL)
			continue;
		if (row->watch != NULL)
			conf->watch[i] = *row->watch;
		error = conf_paths(b, word, "prefer", row->prefer, row->prefer_count,
		    &conf->classes[i].prefer);
		if (error == 0)
			error = conf_paths(b, word, "avoid", row->avoid, row->avoid_count,
			    &conf->classes[i].avoid);
	}
	return error;
}

static int
conf_watch_row(struct conf *conf, const struct blame *b, enum watch_class class,
    const struct watch_texts *texts)
{
	struct watch_row *row = &conf->watches[class];
	const char *expected;
	char key[80];

	for (unsigned i = 0; texts != NULL && i < WATCH_OPTIONS; i++) {
		snprintf(key, sizeof key, "watch/%s/%s", watch_words[class].str,
		    watch_option_word((enum watch_option)i));
		if (texts->texts[i] != NULL && watch_option_set(row, (enum watch_option)i,
						   texts->texts[i], &expected) != 0)
			return blame(b, key, "not usable", expected);
	}
	if (row->lead <= row->probes)
		return 0;
	snprintf(key, sizeof key, "watch/%s", watch_words[class].str);
	return blame(b, key, "its lead is longer than its probes", "at most as many");
}

static int
conf_watches(struct conf *conf, const struct blame *b)
{
	const struct watch_rows *rows = conf->file->watch;
	int error = 0;

	for (unsigned i = 0; error == 0 && i < WATCHES; i++) {
		conf->watches[i] = *watch_row((enum watch_class)i);
		error = conf_watch_row(
		    conf, b, (enum watch_class)i, rows != NULL ? rows->rows[i] : NULL);
	}
	return error;
}

static int
conf_flap(struct conf *conf, const struct blame *b)
{
	const struct flap_row *row = conf->file->flap;
	struct hold_rule *rule = &conf->flap;
	uint64_t penalty = HOLD_PENALTY;

	*rule = HOLD_RULE;
	if (row == NULL)
		return 0;
	if (row->hold != NULL && (conf_time(row->hold, &rule->hold_ms) != 0 ||
				     rule->hold_ms < 10 || rule->hold_ms > 3600000))
		return blame(b, "flap/hold", "not usable", "a time from 10ms to 1h, like 1s");
	if (row->most != NULL &&
	    (conf_time(row->most, &rule->most_ms) != 0 || rule->most_ms > 86400000))
		return blame(b, "flap/most", "not usable", "a time up to 24h, like 1m");
	if (row->penalty != NULL &&
	    (text_decimal_read(row->penalty, strlen(row->penalty), 10, &penalty) < 0 ||
		penalty == 0))
		return blame(b, "flap/penalty", "not usable", "a number from 1 to 10");
	rule->penalty = (unsigned)penalty;
	if (rule->most_ms >= rule->hold_ms)
		return 0;
	return blame(b, row->most != NULL ? "flap/most" : "flap/hold",
	    "most is shorter than hold", "a time that is not");
}

static void
conf_anchors(struct conf *conf)
{
	const struct conf_file *file = conf->file;

	conf->resolver.anchors = (const char *const *)file->anchors;
	conf->resolver.n_anchors = file->anchors_count;
	if (file->anchors_count > 0)
		return;
	conf->anchor = ROOT_ANCHOR;
	conf->resolver.anchors = &conf->anchor;
	conf->resolver.n_anchors = access(ROOT_ANCHOR, R_OK) == 0;
}

static int
conf_realms(struct conf *conf, const struct blame *b)
{
	const char *slash = strrchr(b->path, '/');
	char beside[4096];
	int n = snprintf(beside, sizeof beside, "%.*srealms.yaml",
	    slash != NULL ? (int)(slash + 1 - b->path) : 0, b->path);

	if (n < 0 || (size_t)n >= sizeof beside)
		return blame(b, "realms", "its path is too long", "a shorter path");
	return realms_load(conf->file->realms != NULL ? conf->file->realms : beside,
	    &conf->realms, &conf->n_realms, b->why, b->max);
}

static int
conf_socket(const struct blame *b, const char *key, const char *path)
{
	if (strlen(path) <= SOCK_PATH)
		return 0;
	return blame(b, key, "too long for a socket", "a path of at most 107 characters");
}

static int
conf_places(struct conf *conf, const struct blame *b)
{
	const struct conf_file *file = conf->file;
	int error;

	conf->socket = file->socket != NULL ? file->socket : RUN_FOLDER "/map.sock";
	conf->control = file->control != NULL ? file->control : RUN_FOLDER "/control";
	conf->user = file->user;
	error = conf_socket(b, "socket", conf->socket);
	if (error == 0)
		error = conf_socket(b, "control", conf->control);
	if (error == 0 && strcmp(conf->socket, conf->control) == 0)
		error = blame(b, file->control != NULL ? "control" : "socket",
		    "socket and control have the same path", "a path for each");
	if (error == 0 && !priv_knows_user(file->user))
		error = blame(b, "user", "there is no such user", "a user of this host");
	return error;
}

static int
conf_fill(struct conf *conf, const struct blame *b)
{
	const struct conf_file *file = conf->file;
	int level = diag_level_from(file->log != NULL ? file->log : "info");
	int error;

	if (level < 0)
		return blame(b, "log", "not a level", "error, warn, info or debug");
	conf->log = (enum diag_level)level;
	conf->paths = file->paths != NULL ? *file->paths : PATHS_KERNEL;
	conf->exits = file->exits != NULL ? *file->exits : EXITS_OBSERVE;
	conf->private_locators = file->private_locators;
	conf_anchors(conf);
	error = conf_places(conf, b);
	if (error == 0)
		error = conf_times(conf, b);
	if (error == 0)
		error = conf_probe(conf, b);
	if (error == 0)
		error = conf_servers(b, "forwarders", file->forwarders, file->forwarders_count);
	if (error == 0)
		error = conf_stubs(conf, b);
	if (error == 0)
		error = conf_classes(conf, b);
	if (error == 0)
		error = conf_watches(conf, b);
	if (error == 0)
		error = conf_flap(conf, b);
	if (error == 0)
		error = conf_verify(conf, b->why, b->max);
	if (error == 0)
		error = conf_realms(conf, b);
	conf->resolver.forwarders = (const char *const *)file->forwarders;
	conf->resolver.n_forwarders = file->forwarders_count;
	conf->resolver.private_locators = file->private_locators;
	conf->resolver.realms = conf->realms;
	conf->resolver.n_realms = conf->n_realms;
	return error;
}

const struct watch_row *
conf_watch(const struct conf *conf, enum session_class class)
{
	return &conf->watches[conf->watch[class]];
}

int
conf_verify(const struct conf *conf, char *why, size_t max)
{
	const struct conf_file *file = conf->file;
	struct blame b = {conf->path, why, max};
	char key[40], cause[CONF_MESSAGE];

	/* One that is named is meant to be there; the one beside this file need not be. */
	if (file->realms != NULL && access(file->realms, R_OK) != 0) {
		snprintf(cause, sizeof cause, "%s: %s", file->realms, strerror(errno));
		return blame(&b, "realms", cause, "a table of realms, see realms.yaml(5)");
	}
	for (unsigned i = 0; i < file->anchors_count; i++) {
		int error = anchors_check(file->anchors[i], cause, sizeof cause);

		snprintf(key, sizeof key, "trust-anchors/%u", i);
		if (error != 0)
			return blame(&b, key, cause, ANCHORS_EXPECTED);
	}
	return file->anchors_count > 0 || conf->resolver.n_anchors == 0
		   ? 0
		   : anchors_check(conf->anchor, why, max);
}

void
conf_accuse(const struct conf *conf, const char *key, char *why, size_t max)
{
	const char *given =
	    strcmp(key, "socket") == 0 ? conf->file->socket : conf->file->control;
	char cause[CONF_MESSAGE];

	if (given == NULL)
		return;
	snprintf(cause, sizeof cause, "%s", why);
	conf_blame(conf->path, key, cause, "a path where a socket can be made", why, max);
}

int
conf_open(const char *path, struct conf **out, char *why, size_t max)
{
	struct conf *conf = calloc(1, sizeof *conf);
	struct blame b = {path, why, max};
	void *loaded = NULL;
	int error;

	*out = NULL;
	snprintf(why, max, "out of memory");
	if (conf == NULL)
		return -MAP_ENOMEM;
	conf->path = path;
	error = conf_load(path, &conf_schema, &loaded, why, max);
	if (error == 0) {
		conf->file = loaded;
		if (conf->file == NULL) { /* a missing or empty file: all defaults */
			conf->file = calloc(1, sizeof *conf->file);
		}
		error = conf->file == NULL ? -MAP_ENOMEM : conf_fill(conf, &b);
	}
	if (error != 0) {
		conf_close(conf);
		return error;
	}
	*out = conf;
	return 0;
}

void
conf_close(struct conf *conf)
{
	if (conf == NULL)
		return;
	conf_free(&conf_schema, conf->file);
	free(conf->stubs);
	free(conf->realms);
	free(conf);
}
