/*
 * test_verifications.c - how many signatures are verified for one UPDATE, from its octets to the commit: two at most,
 * whatever is in it, and whatever becomes of the zone while it is on its way.
 */
#include "tests/mapd/sealed.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/sys/loop.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "mapd/writer.h"
#include "tests/mapd/front.h"
#include "tests/sys/event.h"

#define TWINS 100 /* keys of one tag */
#define WORDS 16 /* of a key, which its tag adds up */

static struct world *world;
static struct front front;
static struct writer *writer;
static struct tsig_key admin;
static struct host host, twins;
static struct sealed sealed;
static uint16_t ids;

/* --- counting: linked with --wrap --- */

static _Atomic unsigned verified;

int __real_crypto_verify(
    const struct crypto_key *key, const void *p, size_t n, const uint8_t *sig, size_t sig_n);
int __wrap_crypto_verify(
    const struct crypto_key *key, const void *p, size_t n, const uint8_t *sig, size_t sig_n);

int
__wrap_crypto_verify(
    const struct crypto_key *key, const void *p, size_t n, const uint8_t *sig, size_t sig_n)
{
	atomic_fetch_add(&verified, 1);
	return __real_crypto_verify(key, p, n, sig, sig_n);
}

/* --- the way of an update --- */

static struct verdict verdict;
static sem_t answered;
/* What a verifier has passed on waits here for the writer, when it is to. */
static struct proposal *held;
static _Atomic int holds;
static sem_t is_held;

static void
done(struct proposal *p)
{
	verdict = p->verdict;
	proposal_free(p);
	sem_post(&answered);
}

static int
propose(void *arg, struct proposal *p)
{
	if (!atomic_load(&holds))
		return writer_propose(arg, p);
	held = p;
	sem_post(&is_held);
	return 0;
}

/* Over TCP; false: it is answered already, with *rcode. */
static bool
is_on_its_way(unsigned *rcode)
{
	static uint8_t out[SERVE_TCP_MAX];
	struct message m;
	size_t n = world_ask(world, TRANSPORT_TCP, sealed_bytes(&sealed), out);

	if (n == SERVE_LATER)
		return true;
	assert_int_equal(message_parse((struct bytes){out, n}, &m), 0);
	*rcode = message_rcode(&m);
	return false;
}

static void
takes(const char *what, unsigned rcode, unsigned signatures)
{
	unsigned got;

	atomic_store(&verified, 0);
	if (is_on_its_way(&got)) {
		event_wait(&answered);
		got = verdict.rcode;
	}
	print_message("%s: RCODE %u, %u verified%s%s\n", what, got, atomic_load(&verified),
	    got == RCODE_NOERROR ? "" : ": ", got == RCODE_NOERROR ? "" : verdict.text);
	assert_int_equal(got, rcode);
	assert_int_equal(atomic_load(&verified), signatures);
}

static void
start(void)
{
	sealed_start(&sealed, "open.test.", CLASS_IN, ++ids);
}

/* All locators go, and those of these numbers come, with a proof. */
static void
moved(const uint8_t *numbers, size_t n, bool spoilt)
{
	start();
	sealed_record(
	    &sealed, 2, &host.name, RR_ELOC, CLASS_ANY, 0, (struct bytes){numbers, 0});
	sealed_add_key(&sealed, &host);
	for (size_t i = 0; i < n; i++)
		sealed_add_eloc(&sealed, &host.name, numbers[i]);
	sealed_add_proof(&sealed, &host, numbers, n, spoilt);
}

static void
test_kinds(void **state)
{
	static const uint8_t numbers[] = {1, 2};

	(void)state;
	start();
	sealed_add_key(&sealed, &host);
	sealed_add_eloc(&sealed, &host.name, 1);
	sealed_sign(&sealed, &host, -290, 300);
	takes("a host without a proof", RCODE_NOERROR, 1);
	takes("the same again", RCODE_NOERROR, 0);
	moved(numbers, 2, false);
	sealed_sign(&sealed, &host, -290, 300);
	takes("with a proof", RCODE_NOERROR, 2);
	takes("the same again", RCODE_NOERROR, 0);
	moved(numbers, 1, true);
	sealed_sign(&sealed, &host, -290, 300);
	takes("with a proof that is wrong", RCODE_REFUSED, 2);
	sealed.octets[sealed.wr.n - 1] ^= 1;
	takes("signed wrongly too", RCODE_REFUSED, 1);
	assert_ptr_equal(verdict.rule, &update_rows[UPDATE_SIGNATURE].rule);
	/* its host is told why, and nobody else that it was here since */
	moved(numbers, 1, true);
	sealed_sign(&sealed, &host, -890, 5);
	takes("older than one before", RCODE_REFUSED, 1);
	assert_ptr_equal(verdict.rule, &update_rows[UPDATE_OLD].rule);
	assert_int_equal(verdict.ede, EDE_OTHER);
	sealed.octets[sealed.wr.n - 1] ^= 1;
	takes("and signed wrongly", RCODE_REFUSED, 1);
	assert_ptr_equal(verdict.rule, &update_rows[UPDATE_SIGNATURE].rule);
	assert_int_equal(verdict.ede, EDE_NONE);
	moved(numbers, 1, false);
	sealed_add_proof(&sealed, &host, numbers, 1, true);
	sealed_sign(&sealed, &host, -290, 300);
	takes("with two proofs", RCODE_REFUSED, 0);
	start();
	sealed_record(
	    &sealed, 2, &host.name, RR_ELOC, CLASS_ANY, 0, (struct bytes){numbers, 0});
	sealed_sign(&sealed, &host, -290, 300);
	takes("a proof goes with what it proves", RCODE_NOERROR, 1);
}

static void
test_administrator(void **state)
{
	static const uint8_t numbers[] = {3, 4};
	uint8_t mac[TSIG_MAC_MOST];

	(void)state;
	moved(numbers, 2, false);
	assert_true(seal_tsig_sign(&admin, clock_seconds(), &sealed.wr, mac) > 0);
	takes("an administrator with a host's proof", RCODE_NOERROR, 1);
}

/* The proof is verified over what there was; then the set changes, before its turn has come. */
static void
test_overtaken(void **state)
{
	static const uint8_t before[] = {5}, both[] = {5, 6};
	unsigned rcode;

	(void)state;
	moved(before, 1, false);
	sealed_sign(&sealed, &host, -280, 300);
	takes("a first one", RCODE_NOERROR, 2);
	start();
	sealed_add_eloc(&sealed, &host.name, 6);
	sealed_add_proof(&sealed, &host, both, 2, false);
	sealed_sign(&sealed, &host, -10, 300);
	atomic_store(&verified, 0);
	atomic_store(&holds, 1);
	assert_true(is_on_its_way(&rcode));
	event_wait(&is_held);
	atomic_store(&holds, 0);
	assert_true(held->proved);
	assert_int_equal(atomic_load(&verified), 2);
	start();
	sealed_add_eloc(&sealed, &host.name, 7);
	sealed_sign(&sealed, &host, -200, 300);
	takes("one that overtakes it", RCODE_NOERROR, 1);
	atomic_store(&verified, 0);
	assert_int_equal(writer_propose(writer, held), 0);
	event_wait(&answered);
	assert_int_equal(verdict.rcode, RCODE_REFUSED);
	assert_non_null(strstr(verdict.text, "the proof does not match the records"));
	assert_int_equal(atomic_load(&verified), 0);
	/* over what is there now it holds */
	moved(both, 2, false);
	sealed_sign(&sealed, &host, -5, 300);
	takes("another one then", RCODE_NOERROR, 2);
}

/* --- many keys of one tag --- */

/* One of the keys that two of the words make by changing places. */
static void
twin_make(unsigned number, uint8_t rdata[68])
{
	unsigned a = 0, b = 1;
	uint8_t word[2];

	for (; number > 0; number--)
		if (++b == WORDS)
			b = ++a + 1;
	memcpy(rdata, twins.rdata, twins.n);
	memcpy(word, rdata + 4 + 2 * a, 2);
	memcpy(rdata + 4 + 2 * a, rdata + 4 + 2 * b, 2);
	memcpy(rdata + 4 + 2 * b, word, 2);
	assert_int_equal(dnssec_key_tag((struct bytes){rdata, twins.n}),
	    dnssec_key_tag((struct bytes){twins.rdata, twins.n}));
}

/* A key of words that all differ. */
static void
twins_new(void)
{
	bool differ = false;

	while (!differ) {
		host_free(&twins);
		host_new(&twins, CRYPTO_ED25519, "open.test.");
		differ = true;
		for (size_t i = 0; i < WORDS; i++)
			for (size_t k = 0; k < i; k++)
				differ = differ && memcmp(twins.rdata + 4 + 2 * i,
						       twins.rdata + 4 + 2 * k, 2) != 0;
	}
}

static void
test_twins_brought(void **state)
{
	uint8_t rdata[68];

	(void)state;
	host_rename(&twins, "brought.open.test.");
	start();
	for (unsigned i = 0; i < 60; i++) {
		twin_make(i, rdata);
		sealed_record(&sealed, 2, &twins.name, RR_KEY, CLASS_IN, 300,
		    (struct bytes){rdata, twins.n});
	}
	sealed_sign(&sealed, &twins, -10, 300);
	takes("60 keys of one tag brought along", RCODE_REFUSED, 1);
}

static void
test_twins_stored(void **state)
{
	static const uint8_t numbers[] = {1};

	(void)state;
	host_rename(&twins, "twins.open.test.");
	start();
	sealed_add_eloc(&sealed, &twins.name, 1);
	sealed_sign(&sealed, &twins, -10, 300);
	takes("100 keys of one tag at the name", RCODE_REFUSED, 1);
	start();
	sealed_add_eloc(&sealed, &twins.name, 1);
	sealed_add_proof(&sealed, &twins, numbers, 1, false);
	sealed_sign(&sealed, &twins, -10, 300);
	takes("and a proof", RCODE_REFUSED, 1);
}

/* --- the world of it --- */

static bool
zone_load(void)
{
	char path[600];
	uint8_t rdata[68];
	FILE *file;

	snprintf(path, sizeof path, "%s/zone", store_directory(world_store(world)));
	file = fopen(path, "w");
	if (file == NULL)
		return false;
	fprintf(file, "$TTL 60\n@ SOA ns1 h 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n");
	for (unsigned i = 0; i < TWINS; i++) {
		twin_make(i, rdata);
		fprintf(file, "twins KEY \\# %zu ", twins.n);
		for (size_t k = 0; k < twins.n; k++)
			fprintf(file, "%02x", rdata[k]);
		fprintf(file, "\n");
	}
	return fclose(file) == 0 && world_load(world, "open.test.", path, DENIAL_NSEC3);
}

static int
setup(void **state)
{
	static char keys[600];
	struct admission_writer passed = {propose, NULL, NULL};
	struct writer_options writing = {.threads = 1};
	char why[256] = "";

	(void)state;
	sem_init(&answered, 0, 0);
	sem_init(&is_held, 0, 0);
	host_new(&host, CRYPTO_ED25519, "open.test.");
	twins_new();
	world = world_new();
	if (world == NULL || !zone_load() || !world_policy(world, "open.test.", POLICY_OPEN))
		return -1;
	admin = (struct tsig_key){.mac = CRYPTO_HMAC_SHA256, .n = 32};
	if (name_from("admin.", &admin.name) != 0)
		return -1;
	world_rules(world)->updates =
	    (struct update_rules){.keys = &admin, .n_keys = 1, .loss = 1};
	snprintf(keys, sizeof keys, "%s/keys", store_directory(world_store(world)));
	writing.store = world_store(world);
	writing.keys = keys;
	writing.rules = world_rules(world);
	if (writer_start(&writing, &writer, why, sizeof why) != 0) {
		print_error("%s\n", why);
		return -1;
	}
	passed.arg = writer;
	passed.replay = writer_replay(writer);
	return front_open(&front, world, &passed, done) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	front_close(&front);
	writer_stop(writer);
	front_free(&front);
	host_free(&host);
	host_free(&twins);
	world_free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_administrator),
	    cmocka_unit_test(test_overtaken),
	    cmocka_unit_test(test_twins_brought),
	    cmocka_unit_test(test_twins_stored),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
