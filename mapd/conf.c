/*
 * conf.c - mapd.yaml: one schema row for each key; what libcyaml cannot judge is judged here.
 * Knows what may stand in the file; knows nothing of what is done with it.
 */
#include "mapd/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/conf.h"
#include "core/sys/crypto.h"
#include "core/sys/priv.h"
#include "core/wire/errors.h"
#include "mapd/conf_policy.h"
#include "mapd/place.h"

#define DNS_PORT 53
#define WORKERS_MAX 256
#define MAP_SIZE_MIN (1u << 20)

/* As libcyaml fills them. */
struct zone_row {
	char *name;
	char *prefix;
	uint8_t denial;
	uint8_t algorithm;
	bool private_locators;
	int keys; /* enum said: split */
	int rolls; /* enum said: manual */
	char *ksk_lifetime;
	char *zsk_lifetime;
	char *propagation;
	char **parents;
	uint32_t n_parents;
	struct policy_row policy;
};

struct rows {
	char **listen;
	uint32_t n_listen;
	char *database;
	char *keys;
	char *control;
	char *user;
	uint32_t workers;
	char *map_size;
	char *journal_size;
	int log;
	char *version;
	char *identity;
	int cookies; /* enum said */
	char *cookie_secrets;
	struct updates_row updates;
	struct zone_row *zones;
	uint32_t n_zones;
};

#define ROW(word, value) {word, value},
static const cyaml_strval_t denials[] = {RULES_DENIALS(ROW)};
static const cyaml_strval_t algorithms[] = {RULES_ALGORITHMS(ROW)};
#undef ROW
/* One more than the level, so that 0 is "not said". */
static const cyaml_strval_t levels[] = {{"error", DIAG_ERROR + 1}, {"warn", DIAG_WARN + 1},
    {"info", DIAG_INFO + 1}, {"debug", DIAG_DEBUG + 1}};

static const cyaml_strval_t yes_no[] = {{"yes", SAID_YES}, {"no", SAID_NO}};
static const cyaml_strval_t keys[] = {{"split", SAID_YES}, {"combined", SAID_NO}};
static const cyaml_strval_t rolls[] = {{"manual", SAID_YES}, {"automatic", SAID_NO}};

#define OPTIONAL (CYAML_FLAG_OPTIONAL)
#define OPTIONAL_TEXT (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)
#define TEXT_MAX 1024
#define PARENTS_MAX 16
#define SITES_MAX 1000
#define LIFETIME_LEAST 86400 /* seconds: a roll takes hours */
#define TIME_MOST (20 * 366 * 86400u)

static const cyaml_schema_value_t address_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};

static const cyaml_schema_field_t zone_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct zone_row, name, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("prefix", OPTIONAL_TEXT, struct zone_row, prefix, 1, TEXT_MAX),
    CYAML_FIELD_ENUM("denial", OPTIONAL, struct zone_row, denial, denials, 2),
    CYAML_FIELD_ENUM("algorithm", OPTIONAL, struct zone_row, algorithm, algorithms, 2),
    CYAML_FIELD_BOOL("private-locators", OPTIONAL, struct zone_row, private_locators),
    CYAML_FIELD_ENUM("keys", OPTIONAL, struct zone_row, keys, keys, 2),
    CYAML_FIELD_ENUM("rolls", OPTIONAL, struct zone_row, rolls, rolls, 2),
    CYAML_FIELD_STRING_PTR(
	"ksk-lifetime", OPTIONAL_TEXT, struct zone_row, ksk_lifetime, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR(
	"zsk-lifetime", OPTIONAL_TEXT, struct zone_row, zsk_lifetime, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR(
	"propagation", OPTIONAL_TEXT, struct zone_row, propagation, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("parents", OPTIONAL_TEXT, struct zone_row, parents, n_parents,
	&address_schema, 1, PARENTS_MAX),
    CYAML_FIELD_ENUM("policy", OPTIONAL, struct zone_row, policy.kind, policy_kinds, 3),
    CYAML_FIELD_ENUM("verify-locators", OPTIONAL, struct zone_row, policy.verify, yes_no, 2),
    CYAML_FIELD_SEQUENCE_COUNT("sites", OPTIONAL_TEXT, struct zone_row, policy.sites,
	policy.n_sites, &address_schema, 0, SITES_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("admins", OPTIONAL_TEXT, struct zone_row, policy.admins,
	policy.n_admins, &address_schema, 1, SITES_MAX),
    CYAML_FIELD_MAPPING("lease", OPTIONAL, struct zone_row, policy.lease, policy_lease_fields),
    CYAML_FIELD_MAPPING("quota", OPTIONAL, struct zone_row, policy.quota, policy_quota_fields),
    CYAML_FIELD_END};

static const cyaml_schema_value_t zone_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct zone_row, zone_fields)};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT(
	"listen", OPTIONAL_TEXT, struct rows, listen, n_listen, &address_schema, 1, 256),
    CYAML_FIELD_STRING_PTR("database", OPTIONAL_TEXT, struct rows, database, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("keys", OPTIONAL_TEXT, struct rows, keys, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("control", OPTIONAL_TEXT, struct rows, control, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("user", OPTIONAL_TEXT, struct rows, user, 1, TEXT_MAX),
    CYAML_FIELD_UINT("workers", OPTIONAL, struct rows, workers),
    CYAML_FIELD_STRING_PTR("map-size", OPTIONAL_TEXT, struct rows, map_size, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR(
	"journal-size", OPTIONAL_TEXT, struct rows, journal_size, 1, TEXT_MAX),
    CYAML_FIELD_ENUM("log", OPTIONAL, struct rows, log, levels, 4),
    CYAML_FIELD_STRING_PTR("version", OPTIONAL_TEXT, struct rows, version, 1, CHAOS_TEXT),
    CYAML_FIELD_STRING_PTR("identity", OPTIONAL_TEXT, struct rows, identity, 1, CHAOS_TEXT),
    CYAML_FIELD_ENUM("cookies", OPTIONAL, struct rows, cookies, yes_no, 2),
    CYAML_FIELD_STRING_PTR(
	"cookie-secrets", OPTIONAL_TEXT, struct rows, cookie_secrets, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR(
	"tsig-keys", OPTIONAL_TEXT, struct rows, updates.tsig_keys, 1, TEXT_MAX),
    CYAML_FIELD_ENUM(
	"updates", OPTIONAL, struct rows, updates.durability, policy_durabilities, 2),
    CYAML_FIELD_STRING_PTR(
	"batched-loss", OPTIONAL_TEXT, struct rows, updates.loss, 1, TEXT_MAX),
    CYAML_FIELD_UINT_PTR("unproved-updates", OPTIONAL_TEXT, struct rows, updates.unproved),
    CYAML_FIELD_UINT_PTR(
	"unproved-updates-of-source", OPTIONAL_TEXT, struct rows, updates.unproved_of_source),
    CYAML_FIELD_SEQUENCE_COUNT(
	"zones", OPTIONAL_TEXT, struct rows, zones, n_zones, &zone_schema, 0, 100000),
    CYAML_FIELD_END};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct rows, fields)};

int
config_blame(const struct reading *in, const char *key, const char *cause, const char *expected)
{
	conf_blame(in->path, key, cause, expected, in->message, in->max);
	return -MAP_ECONFIG;
}

int
config_no_memory(const struct reading *in)
{
	snprintf(in->message, in->max, "%s: out of memory", in->path);
	return -MAP_ENOMEM;
}

/* Which no socket can have, or only under another name. */
static bool
addr_is_odd(const struct addr *addr)
{
	uint32_t v4;

	if (addr->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&addr->in6.sin6_addr) ||
		       IN6_IS_ADDR_V4MAPPED(&addr->in6.sin6_addr);
	v4 = ntohl(addr->in4.sin_addr.s_addr);
	return IN_MULTICAST(v4) || v4 == INADDR_BROADCAST;
}

static int
config_listen(struct config *c, const struct rows *rows, const struct reading *in)
{
	static const char *const usual[] = {"127.0.0.1", "::1"};
	uint32_t n = rows->n_listen > 0 ? rows->n_listen : 2;

	c->given.listen = rows->n_listen > 0;
	c->listen = calloc(n, sizeof(*c->listen));
	if (c->listen == NULL)
		return config_no_memory(in);
	for (uint32_t i = 0; i < n; i++) {
		const char *text = rows->n_listen > 0 ? rows->listen[i] : usual[i];
		char key[32];

		snprintf(key, sizeof(key), "listen/%u", i);
		if (addr_scan(text, DNS_PORT, &c->listen[i]) != 0)
			return config_blame(in, key, "not an address",
			    "ADDRESS or ADDRESS@PORT, such as 192.0.2.1@53");
		if (addr_is_odd(&c->listen[i]))
			return config_blame(in, key, "an address of no host",
			    "one that is neither multicast, broadcast nor IPv4-mapped");
		for (uint32_t j = 0; j < i; j++)
			if (addr_equal(&c->listen[i], &c->listen[j]))
				return config_blame(
				    in, key, "the same address twice", "each address once");
		c->n_listen++;
	}
	return 0;
}

/* "2001:3f:fe00:a00::/56" */
static bool
prefix_scan(const char *text, struct realm *realm)
{
	const char *slash = strchr(text, '/');
	char *end;
	unsigned long length;

	if (slash == NULL || slash[1] < '0' || slash[1] > '9' ||
	    address_scan(text, (size_t)(slash - text), realm->prefix) != 0)
		return false;
	length = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || length < 16 || length > 124 || length % 4 != 0)
		return false;
	realm->length = (uint8_t)length;
	for (unsigned bit = realm->length; bit < 128; bit++)
		if ((realm->prefix[bit / 8] >> (7 - bit % 8) & 1) != 0)
			return false;
	return true;
}

/* A time of a zone in seconds; text NULL: not said, *out stays as it is. */
static int
config_seconds(const struct zone_row *row, const char *option, const char *text, uint32_t least,
    uint32_t *out, const struct reading *in)
{
	char key[TEXT_MAX + 64], expected[64];
	uint64_t ms;

	if (text == NULL)
		return 0;
	if (conf_time(text, &ms) == 0 && ms % 1000 == 0 && ms / 1000 >= least &&
	    ms / 1000 <= TIME_MOST) {
		*out = (uint32_t)(ms / 1000);
		return 0;
	}
	snprintf(key, sizeof(key), "zones/%s/%s", row->name, option);
	snprintf(expected, sizeof(expected), "%s to 20 years, in whole seconds, such as %s",
	    least > 0 ? "1d" : "0s", least > 0 ? "90d" : "1h");
	return config_blame(in, key, "no such time", expected);
}

static int
config_parents(struct zone_rule *rule, const struct zone_row *row, const struct reading *in)
{
	struct addr *parents = calloc(row->n_parents + 1, sizeof(*parents));
	char key[TEXT_MAX + 64];

	rule->parents = parents;
	if (parents == NULL)
		return config_no_memory(in);
	for (uint32_t i = 0; i < row->n_parents; i++) {
		snprintf(key, sizeof(key), "zones/%s/parents/%u", row->name, i);
		if (addr_scan(row->parents[i], DNS_PORT, &parents[i]) != 0 ||
		    addr_is_odd(&parents[i]))
			return config_blame(in, key, "not the address of a host",
			    "ADDRESS or ADDRESS@PORT, such as 192.0.2.1@53");
		rule->n_parents++;
	}
	return 0;
}

/* How its keys are rolled. */
static int
config_rolls(struct zone_rule *rule, const struct zone_row *row, const struct reading *in)
{
	int error = config_seconds(
	    row, "ksk-lifetime", row->ksk_lifetime, LIFETIME_LEAST, &rule->ksk_lifetime, in);

	rule->split = row->keys == SAID_YES;
	rule->manual = row->rolls == SAID_YES;
	rule->propagation = UINT32_MAX;
	if (error == 0)
		error = config_seconds(row, "zsk-lifetime", row->zsk_lifetime, LIFETIME_LEAST,
		    &rule->zsk_lifetime, in);
	if (error == 0)
		error = config_seconds(
		    row, "propagation", row->propagation, 0, &rule->propagation, in);
	return error != 0 ? error : config_parents(rule, row, in);
}

static int
config_zone(struct zone_rule *rule, struct realm *realm, const struct zone_row *row,
    const struct reading *in)
{
	char key[TEXT_MAX + 32];

	snprintf(key, sizeof(key), "zones/%s", row->name);
	if (name_scan(row->name, strlen(row->name), NULL, &rule->apex) != 0)
		return config_blame(in, key, "not a domain name", "the name of a zone");
	name_fold(&rule->apex);
	rule->denial = row->denial;
	rule->algorithm = row->algorithm;
	rule->private_locators = row->private_locators;
	if (row->prefix == NULL)
		return 0;
	snprintf(key, sizeof(key), "zones/%s/prefix", row->name);
	realm->suffix = rule->apex;
	if (!prefix_scan(row->prefix, realm))
		return config_blame(in, key, "not a prefix of identities",
		    "ADDRESS/LENGTH, the length 16 to 124 in steps of 4, no bits beyond it");
	return 0;
}

static int
zone_compare(const void *a, const void *b)
{
	const struct zone_rule *const *x = a, *const *y = b;

	return name_compare(&(*x)->apex, &(*y)->apex);
}

static int
realm_compare(const void *a, const void *b)
{
	const struct realm *const *x = a, *const *y = b;
	int order = (int)(*x)->length - (int)(*y)->length;

	return order != 0 ? order : memcmp((*x)->prefix, (*y)->prefix, sizeof((*x)->prefix));
}

/* Of n rows of size octets, the index of one that stands behind its equal; SIZE_MAX: all differ. */
static size_t
rows_twice(const void *rows, size_t n, size_t size, int (*compare)(const void *, const void *),
    const char **sorted)
{
	const char *twice = NULL;

	for (size_t i = 0; i < n; i++)
		sorted[i] = (const char *)rows + i * size;
	qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 1; i < n; i++) {
		const char *later = sorted[i] > sorted[i - 1] ? sorted[i] : sorted[i - 1];

		if (compare(&sorted[i - 1], &sorted[i]) == 0 &&
		    (twice == NULL || later < twice))
			twice = later;
	}
	return twice != NULL ? (size_t)(twice - (const char *)rows) / size : SIZE_MAX;
}

/* A zone, or a prefix, that stands twice: which one counts would be chance. */
static int
config_twice(const struct config *c, const struct rows *rows, const struct reading *in)
{
	const struct rules *rules = &c->rules;
	const char **sorted = calloc(rules->n_zones + 1, sizeof(*sorted));
	size_t zone, realm, n = 0;
	char key[TEXT_MAX + 32];

	if (sorted == NULL)
		return config_no_memory(in);
	zone = rows_twice(
	    rules->zones, rules->n_zones, sizeof(*rules->zones), zone_compare, sorted);
	realm = rows_twice(
	    rules->realms, rules->n_realms, sizeof(*rules->realms), realm_compare, sorted);
	free(sorted);
	if (zone != SIZE_MAX) {
		snprintf(key, sizeof(key), "zones/%s", rows->zones[zone].name);
		return config_blame(in, key, "the same zone twice", "each zone once");
	}
	for (zone = 0; realm != SIZE_MAX && zone < rows->n_zones; zone++)
		if (rows->zones[zone].prefix != NULL && n++ == realm) {
			snprintf(key, sizeof(key), "zones/%s/prefix", rows->zones[zone].name);
			return config_blame(
			    in, key, "the prefix of another zone", "each prefix once");
		}
	return 0;
}

static int
config_zones(struct config *c, const struct rows *rows, const struct reading *in)
{
	struct zone_rule *zones = calloc(rows->n_zones + 1, sizeof(*zones));
	struct realm *realms = calloc(rows->n_zones + 1, sizeof(*realms));
	int error = 0;

	c->rules.zones = zones;
	c->rules.realms = realms;
	if (zones == NULL || realms == NULL)
		return config_no_memory(in);
	for (uint32_t i = 0; i < rows->n_zones; i++) {
		c->rules.n_zones++; /* what it has is freed with it */
		error = config_zone(&zones[i], &realms[c->rules.n_realms], &rows->zones[i], in);
		if (error == 0)
			error = config_rolls(&zones[i], &rows->zones[i], in);
		if (error == 0)
			error = config_policy(
			    &zones[i], &rows->zones[i].policy, rows->zones[i].name, in);
		if (error != 0)
			return error;
		c->rules.n_realms += rows->zones[i].prefix != NULL;
	}
	error = config_twice(c, rows, in);
	rules_sort(zones, c->rules.n_zones);
	return error;
}

static char *
text_or(const char *text, const char *otherwise)
{
	return strdup(text != NULL ? text : otherwise);
}

static int
config_places(struct config *c, const struct rows *rows, const struct reading *in)
{
	c->database = text_or(rows->database, LOCALSTATEDIR "/lib/eidmap");
	c->control = text_or(rows->control, RUNSTATEDIR "/mapd/control");
	if (c->database == NULL || c->control == NULL)
		return config_no_memory(in);
	if (rows->keys != NULL)
		c->keys = strdup(rows->keys);
	else if (asprintf(&c->keys, "%s/keys", c->database) < 0)
		c->keys = NULL;
	if (rows->user != NULL)
		c->user = strdup(rows->user);
	if (c->keys == NULL || (c->user == NULL) != (rows->user == NULL))
		return config_no_memory(in);
	c->given.database = rows->database != NULL;
	c->given.keys = rows->keys != NULL;
	c->given.control = rows->control != NULL;
	if (strlen(c->control) > SOCK_PATH)
		return config_blame(
		    in, "control", "too long for a socket", "a path of at most 107 characters");
	if (!priv_knows_user(c->user))
		return config_blame(in, "user", "there is no such user", "a user of this host");
	return 0;
}

static int
config_numbers(struct config *c, const struct rows *rows, const struct reading *in)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t size = 0;

	if (rows->workers > WORKERS_MAX)
		return config_blame(in, "workers", "too many", "0 (one a core) to 256");
	c->workers = rows->workers > 0 ? rows->workers : (cores > 0 ? (unsigned)cores : 1);
	if (conf_size(rows->map_size != NULL ? rows->map_size : "64G", &size) != 0 ||
	    size < MAP_SIZE_MIN || size > SIZE_MAX / 2)
		return config_blame(in, "map-size", "not such a size",
		    "at least 1M, with its unit B, K, M, G or T, such as 64G");
	c->map_size = (size_t)size;
	/* never longer: libcyaml has judged that */
	snprintf(c->chaos.version, sizeof(c->chaos.version), "%s",
	    rows->version != NULL ? rows->version : "");
	snprintf(c->chaos.identity, sizeof(c->chaos.identity), "%s",
	    rows->identity != NULL ? rows->identity : "");
	if (conf_size(rows->journal_size != NULL ? rows->journal_size : "16M",
		&c->rules.journal) != 0)
		return config_blame(in, "journal-size", "not such a size",
		    "a size with its unit B, K, M, G or T, such as 16M; 0B keeps nothing");
	c->log = rows->log > 0 ? (enum diag_level)(rows->log - 1) : DIAG_INFO;
	return 0;
}

static int
config_cookies(struct config *c, const struct rows *rows, const struct reading *in)
{
	char cause[CONF_MESSAGE];

	c->no_cookies = rows->cookies == SAID_NO;
	if (rows->cookie_secrets == NULL || c->no_cookies)
		return 0;
	if (cookies_load(rows->cookie_secrets, &c->cookies, cause, sizeof(cause)) == 0)
		return 0;
	return config_blame(in, "cookie-secrets", cause,
	    "a file of mode 0600 with a secret of 32 hexadecimal digits a line");
}

static int
config_fill(struct config *c, const struct rows *rows, const struct reading *in)
{
	int error = config_listen(c, rows, in);

	if (error == 0)
		error = config_places(c, rows, in);
	if (error == 0)
		error = config_numbers(c, rows, in);
	if (error == 0)
		error = config_cookies(c, rows, in);
	if (error == 0)
		error = config_updates(&c->rules.updates, &rows->updates, in);
	return error != 0 ? error : config_zones(c, rows, in);
}

int
config_load(const char *path, struct config **out, char *message, size_t max)
{
	static const struct rows nothing_said;
	struct reading in = {path, message, max};
	struct config *c;
	void *rows = NULL;
	int error = conf_load(path, &schema, &rows, message, max);

	*out = NULL;
	if (error != 0)
		return error;
	c = calloc(1, sizeof(*c));
	if (c != NULL)
		c->path = path;
	error = c == NULL ? config_no_memory(&in)
			  : config_fill(c, rows != NULL ? rows : &nothing_said, &in);
	conf_free(&schema, rows);
	if (error != 0) {
		config_free(c);
		return error;
	}
	*out = c;
	return 0;
}

int
config_verify(const struct config *c, char *message, size_t max)
{
	const struct {
		const char *key, *path;
		bool given;
	} places[] = {
	    {"database", c->database, c->given.database}, {"keys", c->keys, c->given.keys}};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char cause[CONF_MESSAGE];

		if (!places[i].given ||
		    place_check(places[i].path, c->database, cause, sizeof(cause)) == 0)
			continue;
		conf_blame(c->path, places[i].key, cause,
		    "a directory that mapd may write to, or make", message, max);
		return -MAP_ECONFIG;
	}
	return 0;
}

void
config_accuse(
    const struct config *c, const char *key, const char *expected, char *message, size_t max)
{
	char cause[CONF_MESSAGE];

	snprintf(cause, sizeof(cause), "%s", message);
	conf_blame(c->path, key, cause, expected, message, max);
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	free(c->listen);
	free(c->database);
	free(c->keys);
	free(c->control);
	free(c->user);
	crypto_wipe(&c->cookies, sizeof(c->cookies));
	updates_free(&c->rules.updates);
	for (size_t i = 0; i < c->rules.n_zones; i++) {
		free((void *)(uintptr_t)c->rules.zones[i].parents);
		policy_free((struct policy *)(uintptr_t)&c->rules.zones[i].policy);
	}
	free((void *)(uintptr_t)c->rules.zones);
	free((void *)(uintptr_t)c->rules.realms);
	free(c);
}
