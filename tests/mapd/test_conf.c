/*
 * test_conf.c - mapd.yaml: defaults, values, and what is said of mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/trust/seal.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "mapd/conf.h"
#include "mapd/node.h"
#include "tests/sys/shapes.h"

static char path[] = "/tmp/test_conf.XXXXXX";

static struct config *
load(const char *text, char message[CONFIG_MESSAGE])
{
	FILE *file = fopen(path, "w");
	struct config *config;
	int error;

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	message[0] = '\0';
	error = config_load(path, &config, message, CONFIG_MESSAGE);
	if (error != 0) {
		assert_int_equal(error, -MAP_ECONFIG);
		assert_null(config);
	}
	return config;
}

static void
test_defaults(void **state)
{
	char message[CONFIG_MESSAGE], text[ADDR_TEXT];
	struct config *c;

	(void)state;
	for (int missing = 0; missing < 2; missing++) {
		if (missing)
			assert_int_equal(
			    config_load("/nonexistent/mapd.yaml", &c, message, sizeof(message)),
			    0);
		else
			c = load("", message);
		assert_non_null(c);
		assert_int_equal(c->n_listen, 2);
		assert_string_equal(addr_print(&c->listen[0], text), "127.0.0.1@53");
		assert_string_equal(addr_print(&c->listen[1], text), "::1@53");
		assert_true(c->workers >= 1);
		assert_int_equal(c->map_size, (size_t)64 << 30);
		assert_int_equal(c->log, DIAG_INFO);
		assert_null(c->user);
		assert_string_equal(c->chaos.version, "");
		assert_string_equal(c->chaos.identity, "");
		assert_int_equal(c->rules.n_zones, 0);
		config_free(c);
	}
}

static void
test_everything(void **state)
{
	char message[CONFIG_MESSAGE], text[ADDR_TEXT];
	struct config *c =
	    load("listen: [192.0.2.1@5300, 2001:db8::1]\n"
		 "database: /d\ncontrol: /c\nuser: root\nworkers: 3\n"
		 "map-size: 2G\nlog: debug\nversion: v\nidentity: ns1\nzones:\n"
		 "  Id.Example.org:\n    prefix: 2001:3f:fe00:a00::/56\n"
		 "    denial: nsec\n    algorithm: ed25519\n"
		 "    private-locators: true\n    keys: split\n    rolls: manual\n"
		 "    ksk-lifetime: 1d\n    zsk-lifetime: 90d\n"
		 "    propagation: 0s\n    parents: [192.0.2.7, 2001:db8::7@5300]\n"
		 "  example.org: {}\n",
		message);

	(void)state;
	assert_string_equal(message, "");
	assert_non_null(c);
	assert_int_equal(c->n_listen, 2);
	assert_string_equal(addr_print(&c->listen[0], text), "192.0.2.1@5300");
	assert_string_equal(addr_print(&c->listen[1], text), "2001:db8::1@53");
	assert_string_equal(c->database, "/d");
	assert_string_equal(c->keys, "/d/keys");
	assert_string_equal(c->control, "/c");
	assert_string_equal(c->user, "root");
	assert_int_equal(c->workers, 3);
	assert_int_equal(c->map_size, (size_t)2 << 30);
	assert_int_equal(c->log, DIAG_DEBUG);
	assert_string_equal(c->chaos.version, "v");
	assert_string_equal(c->chaos.identity, "ns1");
	assert_int_equal(c->rules.n_zones, 2);
	assert_int_equal(c->rules.zones[1].denial, DENIAL_NSEC);
	assert_int_equal(c->rules.zones[1].algorithm, ALGORITHM_ED25519);
	assert_true(c->rules.zones[1].private_locators);
	assert_true(c->rules.zones[1].split);
	assert_true(c->rules.zones[1].manual);
	assert_int_equal(c->rules.zones[1].ksk_lifetime, 86400);
	assert_int_equal(c->rules.zones[1].zsk_lifetime, 90 * 86400);
	assert_int_equal(rules_propagation(&c->rules, &c->rules.zones[1].apex), 0);
	assert_int_equal(rules_propagation(&c->rules, &c->rules.zones[0].apex), 3600);
	assert_int_equal(c->rules.zones[1].n_parents, 2);
	assert_string_equal(
	    addr_print(&c->rules.zones[1].parents[1], text), "2001:db8::7@5300");
	assert_false(c->rules.zones[0].split);
	assert_false(c->rules.zones[0].manual);
	assert_int_equal(c->rules.zones[0].zsk_lifetime, 0);
	assert_true(name_is_lower(&c->rules.zones[1].apex));
	assert_int_equal(c->rules.zones[0].denial, 0);
	assert_int_equal(c->rules.zones[0].algorithm, 0);
	assert_false(c->rules.zones[0].private_locators);
	assert_int_equal(c->rules.n_realms, 1);
	assert_int_equal(c->rules.realms[0].length, 56);
	assert_int_equal(c->rules.realms[0].prefix[1], 0x01);
	assert_true(name_equal(&c->rules.realms[0].suffix, &c->rules.zones[1].apex));
	config_free(c);
}

/* What is said: the line, and words of it. */
static const struct {
	const char *text;
	const char *line;
	const char *word;
} mistakes[] = {
    {"listen: [192.0.2.1]\nlissten: [192.0.2.1]\n", ":2: ", "lissten"},
    {"workers: many\n", ":1: ", "workers"},
    {"workers: 100000\n", ":1: ", "workers"},
    {"log: info\nlog: loud\n", ":2: ", "log"},
    {"log: loud\n", ":1: ", "info"},
    {"\nmap-size: 64\n", ":2: ", "map-size"},
    {"map-size: 1K\n", ":1: ", "map-size"},
    {"listen:\n  - 127.0.0.1@1\n  - 127.0.0.1@70000\n", ":3: ", "listen/1"},
    {"listen:\n  - 127.0.0.1@1\n  - 127.0.0.1@1\n", ":3: ", "twice"},
    {"zones:\n  example.org:\n    denial: none\n", ":3: ", "nsec3"},
    {"zones:\n  a..b:\n    denial: nsec\n", ":2: ", "a..b"},
    {"zones:\n  a.b:\n    prefix: 2001:3f:fe00:a00::/57\n", ":3: ", "prefix"},
    {"zones:\n  a.b:\n    keys: two\n", ":3: ", "expected one of split, combined"},
    {"zones:\n  a.b:\n    rolls: yes\n", ":3: ", "expected one of manual, automatic"},
    {"zones:\n  a.b:\n    ksk-lifetime: 23h\n", ":3: ", "expected 1d to 20 years"},
    {"zones:\n  a.b:\n    zsk-lifetime: 90\n", ":3: ", "zones/a.b/zsk-lifetime: no such time"},
    {"zones:\n  a.b:\n    zsk-lifetime: 100000d\n", ":3: ", "expected 1d to 20 years"},
    {"zones:\n  a.b:\n    propagation: 1500ms\n", ":3: ", "in whole seconds"},
    {"zones:\n  a.b:\n    parents: [192.0.2.1, ns.example]\n",
	":3: ", "zones/a.b/parents/1: not the address of a host"},
    {"zones:\n  a.b:\n    parents: [ff02::1]\n", ":3: ", "not the address of a host"},
    {"zones:\n  a.b:\n    prefix: 2001:3f:fe00:a01::/56\n", ":3: ", "prefix"},
    {"zones:\n  a.b:\n    prefix: \"2001:3f::\"\n", ":3: ", "prefix"},
    {"zones:\n  a.b:\n    private-locators: perhaps\n", ":3: ", "private-locators"},
    {"listen: [\n", ":2: ", "YAML"},
    {"listen: 192.0.2.1\n", ":1: ", "listen: has a single value; expected a list"},
    {"listen:\n  - ::1@53\n  - 0:0::1\n",
	":3: ", "listen/1: the same address twice; expected each address once"},
    {"listen:\n  - 192.0.2.1:53\n",
	":2: ", "listen/0: not an address; expected ADDRESS or ADDRESS@PORT"},
    {"listen:\n  - ns.example.org\n", ":2: ", "listen/0: not an address"},
    {"listen:\n  - 192.0.2.1@\n", ":2: ", "listen/0: not an address"},
    {"listen:\n  - 192.0.2.1@0\n", ":2: ", "listen/0: not an address"},
    {"listen:\n  - ::1@53\n  - 224.0.0.1\n", ":3: ", "listen/1: an address of no host"},
    {"listen: [255.255.255.255]\n", ":1: ", "listen/0: an address of no host"},
    {"listen: ['ff02::1']\n", ":1: ", "listen/0: an address of no host"},
    {"listen: ['::ffff:192.0.2.1']\n", ":1: ", "neither multicast, broadcast nor IPv4-m"},
    {"listen: []\n", ":1: ", "listen: has 0 entries; expected 1 to 256"},
    {"log: info\nuser: nobody-of-that-name\n",
	":2: ", "user: there is no such user; expected a user of this host"},
    {"user: ''\n", ":1: ", "user: is too short"},
    {"map-size: 64k\n", ":1: ",
	"map-size: not such a size; expected at least 1M, with its unit B, K, M, G or "
	"T"},
    {"map-size: 5s\n", ":1: ", "map-size: not such a size"},
    {"journal-size: 5s\n", ":1: ", "journal-size: not such a size"},
    {"journal-size: 5\n", ":1: ", "journal-size: not such a size"},
    {"map-size: 99999999T\n", ":1: ", "map-size: not such a size"},
    {"workers: 4s\n", ":1: ", "workers: \"4s\" is not such a number; expected 0 to"},
    {"workers: -1\n", ":1: ", "workers: \"-1\" is not such a number"},
    {"workers: 257\n", ":1: ", "workers: too many; expected 0 (one a core) to 256"},
    {"database: [/d]\n", ":1: ", "database: has a list; expected a single value"},
    {"database:\n", ":1: ", "database: has nothing; expected a single value"},
    {"keys: ''\n", ":1: ", "keys: is too short"},
    {"control: /0123456789012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789\n",
	":1: ", "control: too long for a socket; expected a path of at most 107 char"},
    {"zones:\n  a.b: {}\n  c.d: {}\n  A.b: {}\n",
	":4: ", "zones/A.b: the same zone twice; expected each zone once"},
    {"zones:\n  a.b.: {}\n  c.d: {}\n  a.b:\n", ":4: ", "zones/a.b: the same zone twice"},
    {"zones:\n  a.b: {}\n  a.b: {}\n", ":3: ", "zones/a.b: stands here a second time"},
    {"zones:\n  - name: a.b\n  - name: c.d\n  - name: A.B.\n",
	":4: ", "zones/A.B.: the same zone twice"},
    {"zones:\n  - name: a.b\n  - name: a.b\n", ":3: ", "zones/a.b: stands here a second time"},
    {"zones:\n  - denial: nsec\n", ":2: ", "zones/0: has no name"},
    {"zones:\n  a.b:\n    prefix: 2001:3f:fe00:a00::/56\n  c.d:\n"
     "    prefix: 2001:003f:fe00:0a00::/56\n",
	":5: ", "zones/c.d/prefix: the prefix of another zone; expected each prefix once"},
    {"zones:\n  a.b:\n    polity: x\n", ":3: ",
	"zones/a.b/polity: not a known key; expected one of prefix, denial, algorithm, "
	"private-locators"},
    {"updates: fast\n", ":1: ", "expected one of durable, batched"},
    {"batched-loss: 11s\n", ":1: ", "batched-loss: no such time; expected 1ms to 10s"},
    {"batched-loss: 0ms\n", ":1: ", "batched-loss: no such time"},
    {"unproved-updates: 100001\n", ":1: ", "too many; expected 0 to 100000 a second"},
    {"\nunproved-updates-of-source: 100001\n", ":2: ", "unproved-updates-of-source: too many"},
    {"tsig-keys: /nonexistent/keys\n", ":1: ", "tsig-keys: /nonexistent/keys: "},
    {"zones:\n  a.b:\n    policy: all\n", ":3: ", "expected one of closed, enrolled, open"},
    {"zones:\n  a.b:\n    verify-locators: true\n", ":3: ", "expected one of yes, no"},
    {"zones:\n  a.b:\n    admins: [a..b]\n", ":3: ",
	"zones/a.b/admins/0: not a domain name; expected the name of a key in tsig-keys"},
    {"zones:\n  a.b:\n    sites: [c.d, a..b]\n",
	":3: ", "zones/a.b/sites/1: not a domain name; expected the name of a prefix set"},
    {"zones:\n  a.b:\n    lease: 2h\n", ":3: ", "zones/a.b/lease: has a single value"},
    {"zones:\n  a.b:\n    lease:\n      usual: 2h\n",
	":4: ", "expected one of default, key, min, max, key-max"},
    {"zones:\n  a.b:\n    lease:\n      key: 500d\n",
	":4: ", "zones/a.b/lease/key: no such time; expected 0s to a year"},
    {"zones:\n  a.b:\n    lease:\n      max: 1500ms\n", ":4: ", "no such time"},
    {"zones:\n  a.b:\n    lease: {min: 0s}\n",
	":3: ", "zones/a.b/lease: bounds that nothing lies between"},
    {"zones:\n  a.b:\n    lease: {min: 2h, max: 1h}\n", ":3: ", "nothing lies between"},
    {"zones:\n  a.b:\n    lease: {max: 2h, key-max: 1h}\n", ":3: ", "nothing lies between"},
    {"zones:\n  a.b:\n    lease:\n      max: 1h\n      default: 2h\n", ":5: ",
	"zones/a.b/lease/default: out of bounds; expected 0s (none), or from min to max"},
    {"zones:\n  a.b:\n    lease: {default: 10s}\n", ":3: ", "lease/default: out of bounds"},
    {"zones:\n  a.b:\n    lease: {key: 31d}\n", ":3: ", "lease/key: out of bounds"},
    {"zones:\n  a.b:\n    lease: {default: 0s, key: 1h}\n",
	":3: ", "lease/key: out of bounds; expected 0s (no end), or from default to key-max"},
    {"zones:\n  a.b:\n    lease: {default: 2h, key: 1h}\n", ":3: ", "lease/key: out of bounds"},
    {"zones:\n  a.b:\n    quota:\n      eloc: 17\n",
	":4: ", "zones/a.b/quota/eloc: no such number; expected 1 to 16"},
    {"zones:\n  a.b:\n    quota: {names: 0}\n",
	":3: ", "zones/a.b/quota/names: no such number"},
    {"zones:\n  a.b:\n    quota: {names: few}\n", ":3: ", "zones/a.b/quota/names"},
    {"zones:\n  a.b:\n    quota: {identities: 1000000001}\n", ":3: ", "1 to 1000000000"},
    {"zones:\n  a.b:\n    quota: {locators: 1}\n", ":3: ", "expected one of eloc, epid"},
    {"zones:\n  a.b:\n    algorithm: rsa\n", ":3: ",
	"zones/a.b/algorithm: \"rsa\" is not known; expected one of ecdsap256, "
	"ed25519"},
    {"zones:\n  a.b:\n    prefix: 64\n", ":3: ", "zones/a.b/prefix: not a prefix"},
    {"zones: a.b\n", ":1: ", "zones: has a single value; expected a list"},
    {"zones:\n  a.b: nsec\n", ":2: ", "zones/a.b: has a single value; expected keys"},
};

static void
test_mistakes_are_named(void **state)
{
	char message[CONFIG_MESSAGE];

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		assert_null(load(mistakes[i].text, message));
		if (strstr(message, mistakes[i].line) == NULL ||
		    strstr(message, mistakes[i].word) == NULL)
			fail_msg("%s gives: %s", mistakes[i].text, message);
		assert_int_equal(strncmp(message, path, strlen(path)), 0);
	}
}

static void
must_refuse(const char *text, char message[CONF_MESSAGE])
{
	assert_null(load(text, message));
}

/* Each key with a value of every wrong shape: line 2, the key, and what was expected. */
static void
test_shapes(void **state)
{
	static const char *const singles[] = {"database", "keys", "control", "user", "workers",
	    "map-size", "journal-size", "log", "version", "identity", "cookies",
	    "cookie-secrets", "tsig-keys", "updates", "batched-loss", "unproved-updates",
	    "unproved-updates-of-source", NULL};
	static const char *const lists[] = {"listen", NULL};

	(void)state;
	shapes_check(singles, lists, must_refuse);
}

static const struct policy *
policy_at(const struct config *c, const char *zone)
{
	struct name apex;

	assert_int_equal(name_from(zone, &apex), 0);
	return rules_policy(&c->rules, &apex);
}

/* What is not said of updates: nobody's are taken, and bounds that are said move what is usual. */
static void
test_updates_by_default(void **state)
{
	char message[CONFIG_MESSAGE];
	struct config *c = load("zones:\n  a.b: {}\n  c.d:\n    policy: open\n  e.f:\n"
				"    policy: enrolled\n  g.h:\n    policy: open\n"
				"    lease: {max: 1h, key-max: 2d}\n    verify-locators: no\n"
				"  i.j:\n    policy: open\n    lease: {min: 3h, max: 60d}\n"
				"  k.l:\n    policy: open\n    lease: {default: 0s}\n"
				"  m.n:\n    policy: enrolled\n    lease: {default: 3h}\n"
				"  o.p:\n    policy: open\n    lease: {key: 0s}\n",
	    message);
	const struct policy *policy;

	(void)state;
	assert_string_equal(message, "");
	assert_int_equal(c->rules.updates.n_keys, 0);
	assert_int_equal(c->rules.updates.unproved, 200);
	assert_int_equal(c->rules.updates.unproved_of_source, 2);
	assert_int_equal(c->rules.updates.durability, DURABILITY_DURABLE);
	assert_int_equal(policy_at(c, "not.configured.")->kind, POLICY_CLOSED);
	assert_int_equal(policy_at(c, "not.configured.")->lease_most, 86400);
	policy = policy_at(c, "a.b.");
	assert_int_equal(policy->kind, POLICY_CLOSED);
	assert_false(c->rules.zones[0].has_policy);
	assert_false(policy->verify_locators);
	assert_int_equal(policy->lease, 0);
	assert_int_equal(policy->key_lease, 0);
	policy = policy_at(c, "c.d.");
	assert_true(c->rules.zones[1].has_policy);
	assert_int_equal(policy->kind, POLICY_OPEN);
	assert_true(policy->verify_locators);
	assert_int_equal(policy->lease, 2 * 3600);
	assert_int_equal(policy->key_lease, 14 * 86400);
	assert_int_equal(policy->lease_least, 30);
	assert_int_equal(policy->lease_most, 86400);
	assert_int_equal(policy->key_lease_most, 30 * 86400);
	assert_int_equal(policy->eloc, 16);
	assert_int_equal(policy->epid, 8);
	assert_int_equal(policy->key, 2);
	assert_int_equal(policy->octets, 4096);
	assert_int_equal(policy->names, 16);
	assert_int_equal(policy->identities, 10000000);
	assert_int_equal(policy->identities_of_source, 1000);
	assert_int_equal(policy->identities_unproved, 10000);
	assert_int_equal(policy->n_sites, 0);
	policy = policy_at(c, "e.f.");
	assert_int_equal(policy->kind, POLICY_ENROLLED);
	assert_false(policy->verify_locators);
	assert_int_equal(policy->lease, 0);
	policy = policy_at(c, "g.h.");
	assert_int_equal(policy->lease, 3600);
	assert_int_equal(policy->key_lease, 2 * 86400);
	assert_false(policy->verify_locators);
	policy = policy_at(c, "i.j.");
	assert_int_equal(policy->lease, 3 * 3600);
	assert_int_equal(policy->key_lease_most, 60 * 86400);
	policy = policy_at(c, "k.l.");
	assert_int_equal(policy->lease, 0);
	assert_int_equal(policy->key_lease, 0);
	policy = policy_at(c, "m.n.");
	assert_int_equal(policy->lease, 3 * 3600);
	assert_int_equal(policy->key_lease, 14 * 86400);
	policy = policy_at(c, "o.p.");
	assert_int_equal(policy->lease, 2 * 3600);
	assert_int_equal(policy->key_lease, 0);
	config_free(c);
}

static const char keys_file[] = "key \"Admin.example.\" { algorithm hmac-sha256; secret "
				"\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"; };\n";

static void
test_updates(void **state)
{
	char message[CONFIG_MESSAGE], text[1024], keys[] = "/tmp/test_keys.XXXXXX";
	int fd = mkstemp(keys);
	const struct policy *policy;
	struct config *c;
	struct name site;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, keys_file, strlen(keys_file)), strlen(keys_file));
	close(fd);
	snprintf(text, sizeof text,
	    "tsig-keys: %s\nupdates: batched\nbatched-loss: 25ms\nunproved-updates: 0\n"
	    "unproved-updates-of-source: 7\nzones:\n  a.b:\n    policy: open\n"
	    "    verify-locators: yes\n    private-locators: true\n"
	    "    sites: [Site.A.b, c.d.]\n"
	    "    lease: {default: 1h, key: 5d, min: 1m, max: 2d, key-max: 9d}\n"
	    "    quota: {eloc: 1, epid: 2, key: 1, octets: 5, names: 6, identities: 7,"
	    " identities-of-source: 8,"
	    " identities-unproved: 9}\n",
	    keys);
	c = load(text, message);
	assert_string_equal(message, "");
	assert_int_equal(c->rules.updates.n_keys, 1);
	assert_int_equal(c->rules.updates.keys[0].n, 32);
	assert_true(name_is_lower(&c->rules.updates.keys[0].name));
	assert_int_equal(c->rules.updates.durability, DURABILITY_BATCHED);
	assert_int_equal(c->rules.updates.loss, 25);
	assert_int_equal(c->rules.updates.unproved, 0);
	assert_int_equal(c->rules.updates.unproved_of_source, 7);
	policy = policy_at(c, "a.b.");
	assert_true(policy->verify_locators);
	assert_true(policy->private_locators);
	assert_int_equal(policy->n_sites, 2);
	assert_int_equal(name_from("site.a.b.", &site), 0);
	assert_true(name_equal(&policy->sites[0], &site));
	assert_true(name_is_lower(&policy->sites[0]));
	assert_int_equal(policy->lease, 3600);
	assert_int_equal(policy->key_lease, 5 * 86400);
	assert_int_equal(policy->lease_least, 60);
	assert_int_equal(policy->lease_most, 2 * 86400);
	assert_int_equal(policy->key_lease_most, 9 * 86400);
	assert_int_equal(policy->eloc, 1);
	assert_int_equal(policy->epid, 2);
	assert_int_equal(policy->key, 1);
	assert_int_equal(policy->octets, 5);
	assert_int_equal(policy->names, 6);
	assert_int_equal(policy->identities, 7);
	assert_int_equal(policy->identities_of_source, 8);
	assert_int_equal(policy->identities_unproved, 9);
	config_free(c);
	assert_int_equal(chmod(keys, 0644), 0);
	assert_null(load(text, message));
	assert_non_null(strstr(message, ":1: tsig-keys: "));
	assert_int_equal(unlink(keys), 0);
}

/* The text with the folder's name for each D that stands alone. */
static void
expand(const char *from, const char *folder, char *to, size_t max)
{
	size_t n = 0;

	for (; *from != '\0'; from++)
		n += (size_t)snprintf(to + n, max - n, "%.*s",
		    *from == 'D' ? (int)strlen(folder) : 1, *from == 'D' ? folder : from);
}

/* What libcyaml, or the list of zones, takes long for is found at once all the same. */
static void
test_many_zones(void **state)
{
	static char text[1 << 20];
	char message[CONFIG_MESSAGE];
	size_t n = 0;
	struct config *c;

	(void)state;
	n += (size_t)snprintf(text, sizeof(text), "zones:\n");
	for (unsigned i = 0; i < 10000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "  z%u.example.org: {}\n", i);
	c = load(text, message);
	assert_non_null(c);
	assert_int_equal(c->rules.n_zones, 10000);
	config_free(c);
	snprintf(strstr(text, "  z9999."), 40, "  Z777.example.org.: {}\n");
	assert_null(load(text, message));
	assert_non_null(
	    strstr(message, ":10001: zones/Z777.example.org.: the same zone twice"));
}

/* Directories are looked at, not made. */
static void
test_places(void **state)
{
	static const struct {
		const char *text; /* D is a directory */
		const char *why; /* NULL: good; behind the file's name */
	} rows[] = {
	    {"database: D\n", NULL},
	    {"database: D/new\n", NULL},
	    {"database: D/new/\nkeys: D/new/keys\n", NULL},
	    {"database: D/new\nkeys: D/other\n", NULL},
	    {"log: info\ndatabase: D/no/new\n",
		":2: database: D/no/new: cannot be made in D/no: No such file or directory; "
		"expected a directory that mapd may write to, or make"},
	    {"database: D/file\n", ":1: database: D/file: Not a directory; expected a dir"},
	    {"database: D/file/db\n",
		":1: database: D/file/db: Not a directory; expected a dir"},
	    {"database: D\n\nkeys: D/no/keys\n",
		":3: keys: D/no/keys: cannot be made in D/no: No such file or directory; "},
	    {"database: D\nkeys: D/file\n",
		":2: keys: D/file: Not a directory; expected a dir"},
	};
	char folder[] = "/tmp/test_place.XXXXXX", file[64], text[512], why[512];
	char message[CONFIG_MESSAGE];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/file", folder);
	fclose(fopen(file, "w"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *c;

		expand(rows[i].text, folder, text, sizeof(text));
		c = load(text, message);
		assert_non_null(c);
		assert_int_equal(config_verify(c, message, sizeof(message)),
		    rows[i].why == NULL ? 0 : -MAP_ECONFIG);
		if (rows[i].why != NULL) {
			expand(rows[i].why, folder, why, sizeof(why));
			if (strncmp(message + strlen(path), why, strlen(why)) != 0)
				fail_msg("%s gives: %s", text, message);
		}
		config_free(c);
	}
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_mistakes_are_named),
	    cmocka_unit_test(test_shapes),
	    cmocka_unit_test(test_updates_by_default),
	    cmocka_unit_test(test_updates),
	    cmocka_unit_test(test_many_zones),
	    cmocka_unit_test(test_places),
	};
	int failed;
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
