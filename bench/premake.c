/*
 * premake.c - what a measurement of updates needs beforehand: zones of many identities, and UPDATEs of them, signed
 * already, so that who sends them signs nothing. Names and keys follow from a seed.
 * Knows how such messages are made; sends nothing but the question for a cookie.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/trust/seal.h"
#include "core/trust/trust.h"
#include "core/wire/cookie.h"
#include "core/wire/rrtype.h"
#include "core/wire/update.h"

#define RAA 16376 /* for trials */
#define HDA 10
#define REALM_BITS 56 /* 2001:3f:fe00:a00::/56 */
#define LOCATORS 2 /* of an identity */
#define LOCATOR 22 /* octets of an ELOC with an IPv6 address */
#define PROOF_MOST 256
#define MESSAGE_MOST 1400
#define TTL 60
#define WINDOW 900 /* of SIG(0), from inception to expiration (protocol 8) */
#define TSIG_SECRET "0123456789abcdef0123456789abcdef" /* 32 octets */

enum seal { SEAL_TSIG, SEAL_P256, SEAL_ED25519 };

struct maker {
	enum seal seal;
	bool aaaa; /* for who takes no private types */
	bool proof;
	struct name zone;
	struct tsig_key key;
	uint64_t seed, names, first, count, started; /* started: ms since 1970 */
	uint32_t lease; /* 0: no option */
	struct addr server; /* n 0: no cookie */
	uint8_t cookie[COOKIE_CLIENT + 32];
	size_t cookie_n;
	struct crypto_key **keys; /* of SIG(0), made once */
};

/* Steele, Lea, Flood: SplitMix64. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void
check(int error, const char *what)
{
	if (error == 0)
		return;
	fprintf(stderr, "premake: %s: error %d\n", what, -error);
	exit(1);
}

static void
identity_key(const struct maker *m, uint64_t i, struct crypto_key **out)
{
	char text[64];
	uint8_t secret[32];
	int n = snprintf(text, sizeof text, "identity %" PRIu64 " of %" PRIu64, i, m->seed);
	int algorithm = m->seal == SEAL_P256 ? CRYPTO_ECDSAP256 : CRYPTO_ED25519;

	check(crypto_sha256(text, (size_t)n, secret), "digest");
	check(crypto_key_from_private(algorithm, secret, out), "key");
}

/* The look-up name: an HHIT's label, or a key identity's for P-256; without keys, a label that looks like one. */
static void
identity_owner(
    const struct maker *m, uint64_t i, const struct crypto_key *key, struct name *out)
{
	struct eid id = {.form = EID_ADDRESS};
	uint8_t public[64];
	size_t n = m->seal == SEAL_P256 ? 64 : 32;

	if (key != NULL)
		check(crypto_key_public(key, public), "public key");
	hhit_left(RAA, HDA, id.address);
	if (m->seal == SEAL_TSIG)
		put_u64(id.address + 8, mix(m->seed ^ mix(i)));
	else if (m->seal == SEAL_ED25519)
		check(trust_hhit(id.address, public, id.address), "HHIT");
	if (m->seal != SEAL_P256) {
		check(eid_owner_below(&id, REALM_BITS, &m->zone, out), "owner");
		return;
	}
	id.form = EID_KEY;
	id.name = m->zone;
	check(trust_digest(CRYPTO_ECDSAP256, (struct bytes){public, n}, id.digest), "digest");
	check(eid_owner_own(&id, out), "owner");
}

static void
keys_make(struct maker *m)
{
	if (m->seal == SEAL_TSIG)
		return;
	m->keys = calloc(m->names, sizeof(struct crypto_key *));
	if (m->keys == NULL)
		check(-1, "memory");
	for (uint64_t i = 0; i < m->names; i++)
		identity_key(m, i, &m->keys[i]);
}

/* One of an identity's locators after change k: no two are the same. */
static size_t
locator_rdata(const struct maker *m, uint64_t k, unsigned which, uint8_t out[LOCATOR])
{
	uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0a};

	address[5] = (uint8_t)(address[5] + which);
	put_u32(address + 6, (uint32_t)(m->started / 1000));
	put_u32(address + 12, (uint32_t)k);
	if (m->aaaa) {
		memcpy(out, address, 16);
		return 16;
	}
	put_u16(out, (uint16_t)(10 + which));
	put_u16(out + 2, 50);
	out[4] = 0;
	out[5] = ELOC_IP6;
	memcpy(out + 6, address, 16);
	return LOCATOR;
}

static void
line_print(const char *owner, const char *type, const uint8_t *rdata, size_t n)
{
	printf("%s %d %s \\# %zu ", owner, TTL, type, n);
	for (size_t i = 0; i < n; i++)
		printf("%02x", rdata[i]);
	putchar('\n');
}

/* Private types by number, AAAA as peers read it. */
static void
zone_print(struct maker *m)
{
	char text[NAME_TEXT];
	uint8_t rdata[128];

	printf("%s 60 SOA ns.bench.test. h.bench.test. 1 3600 600 86400 60\n",
	    name_print(&m->zone, text));
	printf("%s 60 NS ns.bench.test.\n", text);
	for (uint64_t i = 0; i < m->names; i++) {
		struct crypto_key *key = NULL;
		struct name owner;

		if (m->seal != SEAL_TSIG)
			identity_key(m, i, &key);
		identity_owner(m, i, key, &owner);
		name_print(&owner, text);
		for (unsigned which = 0; which < LOCATORS; which++) {
			size_t n = locator_rdata(m, i, which, rdata);
			char address[ADDRESS_TEXT];

			if (m->aaaa)
				printf("%s %d AAAA %s\n", text, TTL,
				    address_print_ip6(rdata, address));
			else
				line_print(text, "TYPE65301", rdata, n);
		}
		if (key != NULL) {
			struct wr wr = wr_init(rdata, sizeof rdata);

			check(seal_key_put(&wr, key), "KEY");
			line_print(text, "KEY", rdata, wr.n);
		}
		crypto_key_free(key);
	}
}

static void
record_put(struct wr *wr, uint16_t owner_at, uint16_t type, uint16_t class, struct bytes rdata)
{
	wr_u16(wr, (uint16_t)(0xc000 | owner_at));
	wr_u16(wr, type);
	wr_u16(wr, class);
	wr_u32(wr, class == CLASS_IN ? TTL : 0);
	wr_u16(wr, (uint16_t)rdata.n);
	wr_bytes(wr, rdata);
}

/* Removes the owner's set and adds the new one: another address each time. Returns how many records. */
static unsigned
changes_put(const struct maker *m, uint64_t k, const struct name *owner, struct wr *wr)
{
	uint8_t locators[LOCATORS][LOCATOR], proof[PROOF_MOST];
	struct bytes rdata[LOCATORS];
	uint16_t type = m->aaaa ? RR_AAAA : RR_ELOC, at = (uint16_t)wr->n;
	size_t own = owner->n - m->zone.n;

	wr_copy(wr, owner->w, own);
	wr_u16(wr, 0xc000 | HEADER_SIZE);
	wr_u16(wr, type);
	wr_u16(wr, CLASS_ANY);
	wr_u32(wr, 0);
	wr_u16(wr, 0);
	for (unsigned which = 0; which < LOCATORS; which++) {
		rdata[which].p = locators[which];
		rdata[which].n = locator_rdata(m, k, which, locators[which]);
		record_put(wr, at, type, CLASS_IN, rdata[which]);
	}
	if (m->proof) {
		struct wr made = wr_init(proof, sizeof proof);
		uint64_t round = k / m->names;

		check(trust_proof_sign(m->keys[k % m->names], owner, rdata, LOCATORS,
			  m->started + round, (uint32_t)(m->started / 1000 + 86400), 0, &made),
		    "proof");
		record_put(wr, at, type, CLASS_IN, wr_done(&made));
	}
	return 1 + LOCATORS + m->proof;
}

/* Returns how many records. */
static uint16_t
edns_put(const struct maker *m, struct wr *wr)
{
	size_t length;

	if (m->cookie_n == 0 && m->lease == 0)
		return 0;
	wr_u8(wr, 0);
	wr_u16(wr, RR_OPT);
	wr_u16(wr, 1232);
	wr_u32(wr, 0);
	length = wr->n;
	wr_u16(wr, 0);
	if (m->cookie_n > 0) {
		wr_u16(wr, 10);
		wr_u16(wr, (uint16_t)m->cookie_n);
		wr_copy(wr, m->cookie, m->cookie_n);
	}
	if (m->lease > 0)
		lease_option_put(wr, &(struct lease_option){true, true, m->lease, 14 * 86400});
	wr_u16_at(wr, length, (uint16_t)(wr->n - length - 2));
	return 1;
}

static void
seal_put(const struct maker *m, const struct crypto_key *key, const struct name *owner,
    struct wr *wr)
{
	uint64_t now = m->started / 1000;
	uint8_t mac[TSIG_MAC_MOST];

	if (m->seal == SEAL_TSIG)
		check(seal_tsig_sign(&m->key, now, wr, mac) > 0 ? 0 : -1, "TSIG");
	else
		check(seal_sig0_sign(
			  key, owner, (uint32_t)now - 10, (uint32_t)now + WINDOW - 10, wr),
		    "SIG(0)");
}

static void
update_put(const struct maker *m, uint64_t k, struct wr *wr)
{
	const struct crypto_key *key = m->keys == NULL ? NULL : m->keys[k % m->names];
	struct name owner;

	identity_owner(m, k % m->names, key, &owner);
	wr_u16(wr, (uint16_t)k);
	wr_u16(wr, OPCODE_UPDATE << 11);
	wr_u16(wr, 1);
	wr_u32(wr, 0);
	wr_u16(wr, 0);
	name_put(wr, &m->zone);
	wr_u16(wr, RR_SOA);
	wr_u16(wr, CLASS_IN);
	wr_u16_at(wr, 8, (uint16_t)changes_put(m, k, &owner, wr));
	wr_u16_at(wr, 10, edns_put(m, wr));
	seal_put(m, key, &owner, wr);
	check(wr->error, "update");
}

/* Asks the server for a cookie, which these updates then carry under their signatures. */
static void
cookie_ask(struct maker *m)
{
	uint8_t octets[512];
	struct wr wr = wr_init(octets, sizeof octets);
	int fd = sock_udp_connect(&m->server);
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct message answer;
	struct cookie cookie;
	ssize_t n;

	check(crypto_random(m->cookie, COOKIE_CLIENT), "random octets");
	m->cookie_n = COOKIE_CLIENT;
	wr_u32(&wr, 0x63630000);
	wr_u16(&wr, 1);
	wr_u32(&wr, 0);
	wr_u16(&wr, 1);
	name_put(&wr, &m->zone);
	wr_u16(&wr, RR_SOA);
	wr_u16(&wr, CLASS_IN);
	edns_put(m, &wr);
	if (fd < 0 || write(fd, octets, wr.n) < 0 || poll(&ready, 1, 2000) != 1)
		check(-1, "no answer to the question for a cookie");
	n = read(fd, octets, sizeof octets);
	if (n <= 0 || message_parse((struct bytes){octets, (size_t)n}, &answer) != 0 ||
	    cookie_read(&answer.edns, &cookie) != 0 || cookie.server.n == 0)
		check(-1, "no cookie in the answer");
	memcpy(m->cookie + COOKIE_CLIENT, cookie.server.p, cookie.server.n);
	m->cookie_n += cookie.server.n;
	close(fd);
}

static void
updates_print(struct maker *m)
{
	uint8_t octets[2 + MESSAGE_MOST];

	keys_make(m);
	if (m->server.n > 0)
		cookie_ask(m);
	for (uint64_t k = m->first; k < m->first + m->count; k++) {
		struct wr wr = wr_init(octets + 2, MESSAGE_MOST);

		update_put(m, k, &wr);
		put_u16(octets, (uint16_t)wr.n);
		if (fwrite(octets, 1, wr.n + 2, stdout) != wr.n + 2)
			check(-1, "standard output");
	}
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: premake [OPTION]... zone >ZONEFILE\n"
	    "       premake [OPTION]... updates >MESSAGES    (each behind two octets of "
	    "length)\n"
	    "-z ZONE          (id.bench.test)\n"
	    "-n IDENTITIES    (10000)\n"
	    "-s SEED          (1)\n"
	    "-k tsig|p256|ed25519   who signs; with the latter two the zone has KEY records "
	    "(tsig)\n"
	    "-a               AAAA instead of ELOC\n"
	    "-p               with a proof\n"
	    "-c COUNT         updates (10000)\n"
	    "-f FIRST         number of the first; its identity follows from it (0)\n"
	    "-l SECONDS       asks for this lease\n"
	    "-u ADDRESS@PORT  asks this server for a cookie, which all carry\n"
	    "TSIG: key \"bench.\", hmac-sha256, secret \"%s\"; holds for %d s. SIG(0): %d s.\n",
	    TSIG_SECRET, TSIG_FUDGE, WINDOW - 10);
	exit(2);
}

static void
seal_set(struct maker *m, const char *text)
{
	static const char *const words[] = {"tsig", "p256", "ed25519"};

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(text, words[i]) == 0) {
			m->seal = (enum seal)i;
			return;
		}
	usage();
}

static void
option_set(struct maker *m, int option, const char *text)
{
	switch (option) {
	case 'a':
		m->aaaa = true;
		return;
	case 'p':
		m->proof = true;
		return;
	case 'z':
		check(name_from(text, &m->zone), "zone");
		return;
	case 'n':
		m->names = strtoull(text, NULL, 10);
		return;
	case 's':
		m->seed = strtoull(text, NULL, 10);
		return;
	case 'k':
		seal_set(m, text);
		return;
	case 'c':
		m->count = strtoull(text, NULL, 10);
		return;
	case 'f':
		m->first = strtoull(text, NULL, 10);
		return;
	case 'l':
		m->lease = (uint32_t)strtoul(text, NULL, 10);
		return;
	case 'u':
		check(addr_scan(text, 53, &m->server), "address");
		return;
	default:
		usage();
	}
}

int
main(int argc, char **argv)
{
	struct maker m = {.seed = 1, .names = 10000, .count = 10000, .started = clock_ms()};
	int option;

	check(name_from("id.bench.test", &m.zone), "zone");
	check(name_from("bench", &m.key.name), "key");
	m.key.mac = CRYPTO_HMAC_SHA256;
	m.key.n = sizeof TSIG_SECRET - 1;
	memcpy(m.key.secret, TSIG_SECRET, m.key.n);
	while ((option = getopt(argc, argv, "apz:n:s:k:c:f:l:u:")) != -1)
		option_set(&m, option, optarg);
	if (argc - optind != 1 || m.names == 0 || (m.proof && (m.aaaa || m.seal == SEAL_TSIG)))
		usage();
	if (strcmp(argv[optind], "zone") == 0)
		zone_print(&m);
	else if (strcmp(argv[optind], "updates") == 0)
		updates_print(&m);
	else
		usage();
	return fflush(stdout) == 0 ? 0 : 1;
}
