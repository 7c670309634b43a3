/*
 * test_crypto.c - core/sys/crypto against published vectors: RFC 8032, RFC 6605, RFC 4231, RFC 2202, FIPS 180,
 * the cSHAKE sample of NIST, RFC 9886's HHITs, and SIG(0) messages that BIND's nsupdate made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"

static size_t
unhex(const char *text, uint8_t *out, size_t max)
{
	size_t n = strlen(text) / 2;

	assert_true(strlen(text) % 2 == 0 && n <= max);
	for (size_t i = 0; i < n; i++) {
		unsigned value = 0;

		for (size_t k = 0; k < 2; k++) {
			char c = text[2 * i + k];

			assert_non_null(strchr("0123456789abcdef", c));
			value = value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		out[i] = (uint8_t)value;
	}
	return n;
}

static void
assert_hex(const uint8_t *p, size_t n, const char *text)
{
	uint8_t expected[256];

	assert_int_equal(unhex(text, expected, sizeof expected), n);
	assert_memory_equal(p, expected, n);
}

struct sign_row {
	const char *secret;
	const char *public;
	const char *message;
	const char *signature;
};

/* RFC 8032 7.1, tests 1 to 3. */
static const struct sign_row ed25519_rows[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
	"70"
	"1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
	"13"
	"d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
	"60"
	"984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void
test_ed25519(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ed25519_rows / sizeof ed25519_rows[0]; i++) {
		const struct sign_row *row = &ed25519_rows[i];
		struct crypto_key *key;
		struct crypto_key *public;
		uint8_t secret[32];
		uint8_t octets[64];
		uint8_t message[8];
		uint8_t sig[64];
		size_t n = unhex(row->message, message, sizeof message);

		unhex(row->secret, secret, sizeof secret);
		assert_int_equal(crypto_key_from_private(CRYPTO_ED25519, secret, &key), 0);
		assert_int_equal(crypto_key_public(key, octets), 0);
		assert_hex(octets, 32, row->public);
		assert_int_equal(crypto_sign(key, message, n, sig), 0);
		assert_hex(sig, 64, row->signature);
		assert_int_equal(
		    crypto_key_from_public(CRYPTO_ED25519, octets, 32, &public), 0);
		assert_int_equal(crypto_verify(public, message, n, sig, 64), 0);
		assert_int_equal(crypto_verify(public, message, n, sig, 63), -MAP_ESIG);
		assert_int_equal(crypto_sign(public, message, n, sig), -MAP_ECRYPTO);
		assert_int_equal(crypto_key_secret(public, octets), -MAP_ECRYPTO);
		assert_int_equal(crypto_key_secret(key, octets), 0);
		assert_memory_equal(octets, secret, 32);
		crypto_key_free(public);
		crypto_key_free(key);
	}
}

/* RFC 6605 6.1: the key, its DS, and the RRSIG of www.example.net A 192.0.2.1. */
static const char p256_secret[] =
    "194e929d0fcebbec42e51ba6b88508b8966d7974f6cf43bfa24d6cdfc12dea64";
static const char p256_public[] =
    "1a88c88615d437fbb8bf9e1942a1929f28562706ae6c2bd399e7b1bfb6d1e9e7"
    "5b92b4aa42917ae1c61b701ef035c3fe7be3009cbafe5a2f71316c902dcf0d00";
static const char p256_signed[] = "0001"
				  "0d"
				  "03"
				  "00000e10"
				  "4c88b137"
				  "4c63c737"
				  "d960"
				  "076578616d706c65036e657400"
				  "03777777076578616d706c65036e657400"
				  "0001"
				  "0001"
				  "00000e10"
				  "0004"
				  "c0000201";
static const char p256_signature[] =
    "ab1eb02d8aa687e97da0229337aa8873e6f0eb26be289f28333d183f5d3b7a95"
    "c0c869adfb748daee3c5286eed6682c12e5533186baced9c26c167a9ebae950b";

static void
test_p256(void **state)
{
	struct crypto_key *key;
	struct crypto_key *public;
	uint8_t secret[32];
	uint8_t octets[64];
	uint8_t message[128];
	uint8_t sig[64];
	uint8_t back[32];
	uint8_t dnskey[128];
	uint8_t digest[32];
	size_t n = unhex(p256_signed, message, sizeof message);

	(void)state;
	unhex(p256_secret, secret, sizeof secret);
	unhex(p256_signature, sig, sizeof sig);
	assert_int_equal(crypto_key_from_private(CRYPTO_ECDSAP256, secret, &key), 0);
	assert_int_equal(crypto_key_public(key, octets), 0);
	assert_hex(octets, 64, p256_public);
	assert_int_equal(crypto_key_secret(key, back), 0);
	assert_memory_equal(back, secret, 32);
	assert_int_equal(crypto_key_from_public(CRYPTO_ECDSAP256, octets, 64, &public), 0);
	assert_int_equal(crypto_key_algorithm(public), CRYPTO_ECDSAP256);
	assert_int_equal(crypto_verify(public, message, n, sig, 64), 0);

	n = unhex("076578616d706c65036e657400"
		  "0101030d",
	    dnskey, sizeof dnskey);
	memcpy(dnskey + n, octets, 64);
	assert_int_equal(crypto_sha256(dnskey, n + 64, digest), 0);
	assert_hex(
	    digest, 32, "b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17");
	crypto_key_free(public);
	crypto_key_free(key);
}

/* Whatever is changed, the signature must not verify, and must not be an error either. */
static void
test_every_bit(void **state)
{
	static const int algorithms[] = {CRYPTO_ED25519, CRYPTO_ECDSAP256};
	uint8_t message[24] = "the mapping of a host";
	uint8_t sig[64];

	(void)state;
	for (size_t a = 0; a < 2; a++) {
		struct crypto_key *key;

		assert_int_equal(crypto_key_generate(algorithms[a], &key), 0);
		/* Short r and s happen once in 256: sign often enough to meet them. */
		for (int round = 0; round < 300; round++) {
			message[23] = (uint8_t)round;
			assert_int_equal(crypto_sign(key, message, sizeof message, sig), 0);
			assert_int_equal(
			    crypto_verify(key, message, sizeof message, sig, 64), 0);
		}
		for (size_t bit = 0; bit < 64 * 8; bit++) {
			sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(
			    crypto_verify(key, message, sizeof message, sig, 64), -MAP_ESIG);
			sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (size_t bit = 0; bit < sizeof message * 8; bit++) {
			message[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(
			    crypto_verify(key, message, sizeof message, sig, 64), -MAP_ESIG);
			message[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		memset(sig, 0, sizeof sig);
		assert_int_equal(
		    crypto_verify(key, message, sizeof message, sig, 64), -MAP_ESIG);
		memset(sig, 0xff, sizeof sig);
		assert_int_equal(
		    crypto_verify(key, message, sizeof message, sig, 64), -MAP_ESIG);
		crypto_key_free(key);
	}
}

static bool
is_signed_p256(const struct crypto_job *job)
{
	return job->key != NULL && job->error == 0 &&
	       crypto_key_algorithm(job->key) == CRYPTO_ECDSAP256;
}

/* Any number up to CRYPTO_JOBS, keys of both algorithms and one that cannot sign; no nonce comes twice. */
static void
test_many(void **state)
{
	enum { KEYS = 4, ROUNDS = 20 };
	static uint8_t sig[ROUNDS][CRYPTO_JOBS][64];
	static struct crypto_job jobs[ROUNDS * CRYPTO_JOBS];
	uint8_t message[CRYPTO_JOBS], octets[64];
	struct crypto_key *keys[KEYS];

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_ECDSAP256, &keys[0]), 0);
	assert_int_equal(crypto_key_generate(CRYPTO_ED25519, &keys[1]), 0);
	assert_int_equal(crypto_key_generate(CRYPTO_ECDSAP256, &keys[2]), 0);
	assert_int_equal(crypto_key_public(keys[0], octets), 0);
	assert_int_equal(
	    crypto_key_from_public(CRYPTO_ECDSAP256, octets, sizeof octets, &keys[3]), 0);
	for (size_t i = 0; i < CRYPTO_JOBS; i++)
		message[i] = (uint8_t)i;
	for (size_t round = 0; round < ROUNDS; round++) {
		size_t n = round < 3 ? round : CRYPTO_JOBS - round % 3;
		struct crypto_job *first = &jobs[round * CRYPTO_JOBS];

		for (size_t i = 0; i < n; i++)
			first[i] = (struct crypto_job){
			    keys[(i + round) % KEYS], message, i, sig[round][i], 1};
		crypto_sign_many(first, n);
		for (size_t i = 0; i < n; i++) {
			const struct crypto_job *job = &first[i];

			assert_int_equal(job->error, job->key == keys[3] ? -MAP_ECRYPTO : 0);
			if (job->error == 0)
				assert_int_equal(
				    crypto_verify(job->key, job->p, job->n, job->out, 64), 0);
		}
	}
	for (size_t a = 0; a < ROUNDS * CRYPTO_JOBS; a++)
		for (size_t b = 0; b < a; b++)
			if (is_signed_p256(&jobs[a]) && is_signed_p256(&jobs[b]))
				assert_memory_not_equal(jobs[a].out, jobs[b].out, 32);
	for (size_t i = 0; i < KEYS; i++)
		crypto_key_free(keys[i]);
}

static void
test_bad_keys(void **state)
{
	struct crypto_key *key;
	uint8_t octets[64] = {0};

	(void)state;
	assert_int_equal(crypto_public_size(8), 0);
	assert_int_equal(crypto_key_generate(8, &key), -MAP_ECRYPTO);
	assert_int_equal(crypto_key_from_public(8, octets, 0, &key), -MAP_ECRYPTO);
	assert_int_equal(
	    crypto_key_from_public(CRYPTO_ED25519, octets, 31, &key), -MAP_ECRYPTO);
	assert_int_equal(
	    crypto_key_from_public(CRYPTO_ECDSAP256, octets, 65, &key), -MAP_ECRYPTO);
	octets[63] = 1; /* (0, 1) is not on the curve */
	assert_int_equal(
	    crypto_key_from_public(CRYPTO_ECDSAP256, octets, 64, &key), -MAP_ECRYPTO);
	memset(octets, 0, sizeof octets);
	assert_int_equal(crypto_key_from_private(CRYPTO_ECDSAP256, octets, &key), -MAP_ECRYPTO);
	memset(octets, 0xff, sizeof octets); /* above the order */
	assert_int_equal(crypto_key_from_private(CRYPTO_ECDSAP256, octets, &key), -MAP_ECRYPTO);
	crypto_key_free(NULL);
}

static void
test_digests(void **state)
{
	uint8_t out[48];

	(void)state;
	assert_int_equal(crypto_sha1("abc", 3, out), 0);
	assert_hex(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(crypto_sha1("", 0, out), 0);
	assert_hex(out, 20, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	assert_int_equal(crypto_sha256("abc", 3, out), 0);
	assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(crypto_sha384("abc", 3, out), 0);
	assert_hex(out, 48,
	    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	    "8086072ba1e7cc2358baeca134c825a7");
}

/* RFC 4231, cases 1, 2 and 6; with SHA-1, RFC 2202's cases 1 and 2, and the same. */
static void
test_hmac(void **state)
{
	static const char long_text[] =
	    "Test Using Larger Than Block-Size Key - Hash Key First";
	static const struct {
		enum crypto_mac mac;
		const char *hi, *jefe, *larger;
	} rows[] = {
	    {CRYPTO_HMAC_SHA1, "b617318655057264e28bc0b6fb378c8ef146be00",
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
		"90d0dace1c1bdc957339307803160335bde6df2b"},
	    {CRYPTO_HMAC_SHA224, "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
		"a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
		"95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e"},
	    {CRYPTO_HMAC_SHA256,
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	    {CRYPTO_HMAC_SHA384,
		"afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9"
		"076ede7f4af152e8b2fa9cb6",
		"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca"
		"5e69e2c78b3239ecfab21649",
		"4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab"
		"4030fe8296248df163f44952"},
	    {CRYPTO_HMAC_SHA512,
		"87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7"
		"d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
		"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75"
		"c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		"80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037"
		"e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
	};
	uint8_t key[131], eleven[20], out[CRYPTO_MAC];

	(void)state;
	memset(eleven, 0x0b, sizeof eleven);
	memset(key, 0xaa, sizeof key);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		enum crypto_mac mac = rows[i].mac;
		size_t n = crypto_mac_size(mac);

		assert_int_equal(2 * n, strlen(rows[i].hi));
		assert_int_equal(
		    crypto_hmac(mac, eleven, sizeof eleven, "Hi There", 8, out), 0);
		assert_hex(out, n, rows[i].hi);
		assert_int_equal(
		    crypto_hmac(mac, "Jefe", 4, "what do ya want for nothing?", 28, out), 0);
		assert_hex(out, n, rows[i].jefe);
		assert_int_equal(
		    crypto_hmac(mac, key, sizeof key, long_text, strlen(long_text), out), 0);
		assert_hex(out, n, rows[i].larger);
	}
	assert_int_equal(
	    crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out), 0);
	assert_hex(out, 32, rows[2].jefe);
	/* without a key: not with the one of before */
	assert_int_equal(crypto_hmac_sha256("", 0, "", 0, out), 0);
	assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	assert_int_equal(crypto_mac_size(CRYPTO_MAC_NONE), 0);
	assert_int_equal(crypto_hmac(CRYPTO_MAC_NONE, key, 20, "", 0, out), -MAP_ECRYPTO);
	assert_int_equal(crypto_hmac((enum crypto_mac)99, key, 20, "", 0, out), -MAP_ECRYPTO);
}

/* What all threads share: contexts that are copied, and a public key. */
struct shared {
	const struct crypto_key *key;
	uint8_t signature[CRYPTO_SIGNATURE];
};

static void *
shared_use(void *arg)
{
	const struct shared *shared = arg;
	uint8_t out[32];
	int failed = 0;

	for (int i = 0; i < 300; i++) {
		failed += crypto_hmac_sha256(
			      "Jefe", 4, "what do ya want for nothing?", 28, out) != 0 ||
			  out[0] != 0x5b || out[31] != 0x43;
		if (i % 10 == 0)
			failed += crypto_verify(shared->key, "x", 1, shared->signature,
				      CRYPTO_SIGNATURE) != 0;
	}
	return (void *)(intptr_t)failed;
}

static void
test_threads(void **state)
{
	struct crypto_key *key, *public_key;
	uint8_t public[64];
	struct shared shared;
	pthread_t threads[4];
	void *failed;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_ECDSAP256, &key), 0);
	assert_int_equal(crypto_sign(key, "x", 1, shared.signature), 0);
	assert_int_equal(crypto_verify(key, "x", 1, shared.signature, CRYPTO_SIGNATURE), 0);
	assert_int_equal(crypto_key_public(key, public), 0);
	assert_int_equal(crypto_key_from_public(CRYPTO_ECDSAP256, public, 64, &public_key), 0);
	shared.key = public_key;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, shared_use, &shared), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	crypto_key_free(key);
	crypto_key_free(public_key);
}

static void
test_cshake_sample(void **state)
{
	static const uint8_t input[] = {0, 1, 2, 3};
	uint8_t out[32];
	uint8_t custom[101] = {0};

	(void)state;
	assert_int_equal(crypto_cshake128_any("Email Signature", 15, input, 4, out, 32), 0);
	assert_hex(out, 32, "c1c36925b6409a04f1b504fcbca9d82b4017277cb5ed2b2065fc1d3814d5aaf5");
	assert_int_equal(crypto_cshake128_any(custom, 101, input, 4, out, 32), -MAP_ECRYPTO);
}

/* Left 64 bits and key, and the hash that RFC 9886 publishes. */
static const char *const hhit_rows[][2] = {
    {"2001003ffe0000059990d5b04b72a18066d4092b52c7d4994fb7c16bd7e8c1f440ffa8d04ff1e13f",
	"5e60a1571e91a0b7"},
    {"2001003ffe000a05ce681e36e1141aeb560d6e76bc796b7b7cb454e463ccb1f12de30a380101803f",
	"6615ee45d42709a0"},
    {"2001003ffe000a058233fdaeb5068bc14859d113a0edfcf8dc07814e3dd2765e6b5b82e04d070597",
	"260ed4376b256e28"},
    {"2001003ffe000a05c92e2f9d97e8960f9b5f1654f8b09039f9dadc5bcf061eac4f0cea79e8e877fa",
	"130824699a4bc6b2"},
    {"2001003ffe000a05d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	"e437dbb22e81cb3e"},
};

static void *
hash_rows(void *failures)
{
	uint8_t context[16];
	uint8_t input[40];
	uint8_t expected[8];
	uint8_t out[8];
	int *count = failures;

	unhex("00b5a69c795df5d5f0087f56843f2c40", context, sizeof context);
	for (size_t i = 0; i < sizeof hhit_rows / sizeof hhit_rows[0]; i++) {
		unhex(hhit_rows[i][0], input, sizeof input);
		unhex(hhit_rows[i][1], expected, sizeof expected);
		if (crypto_cshake128(context, input, sizeof input, out, sizeof out) != 0 ||
		    !crypto_equal(out, expected, sizeof out))
			++*count;
	}
	return NULL;
}

/* Also the first use of everything, by several threads at once. */
static void
test_hhit_hashes(void **state)
{
	pthread_t threads[4];
	int failures[4] = {0};

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_rows, &failures[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(failures[i], 0);
	}
}

struct sig0_row {
	int algorithm;
	const char *key;
	const char *message;
};

/* UPDATEs that nsupdate 9.18.49 signed: see RFC 2931 3.1. */
static const struct sig0_row sig0_rows[] = {
    {CRYPTO_ED25519, "b11a747f9e0775f651605984d626287bd911266ce9983ea447fc62fab1e78363",
	"e04f28000001000000020001076578616d706c650474657374000006000105686f737431c00cff0000ff00"
	"00"
	"00000000c01eff0000010000012c00040102030400001800ff00000000006600000f00000000006b0480fe"
	"6b"
	"047ea6f02a05686f737431076578616d706c6504746573740056112f524519da9f9c3e66f70c69b29e7b91"
	"b8"
	"8892a34dc7d80ab4d0e42043c1d8fae2838a55439b0ffc7134b3c77af35bff76e4b9bdbd34257aaea3b99b"
	"5d"
	"09"},
    {CRYPTO_ECDSAP256,
	"4765ce8ab201f2ec3b3cd5e7042a1c5d745c9b4f7f9790fe651413e1f98a3e06"
	"ffe44b41a0214bc36c8fb470084567ea5c052df40004dfcf5277a258e003fb7f",
	"df9328000001000000020001076578616d706c650474657374000006000105686f737432c00cff0000ff00"
	"00"
	"00000000c01eff0000010000012c00040102030400001800ff00000000006600000d00000000006b0480fe"
	"6b"
	"047ea6c4bb05686f737432076578616d706c65047465737400acdfd8dc0cbcd804a629912365270237eeeb"
	"a1"
	"8895a22039be75a40229607c0b871b0f6b261de41d82415563f340d5f2df2a55527281976044657c010e81"
	"43"
	"09"},
};

/* The octets signed: SIG RDATA before the signature, then the message without the SIG RR. */
static size_t
sig0_signed(const uint8_t *m, size_t n, uint8_t *out)
{
	size_t rdata_n = 18 + 20; /* fixed fields, "hostN.example.test." */
	size_t last = n - (11 + rdata_n + 64);

	memcpy(out, m + last + 11, rdata_n);
	memcpy(out + rdata_n, m, last);
	out[rdata_n + 11]--; /* ARCOUNT without the SIG RR */
	return rdata_n + last;
}

static void
test_sig0(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sig0_rows / sizeof sig0_rows[0]; i++) {
		const struct sig0_row *row = &sig0_rows[i];
		struct crypto_key *key;
		uint8_t octets[64];
		uint8_t m[256];
		uint8_t text[256];
		size_t n = unhex(row->message, m, sizeof m);
		size_t key_n = unhex(row->key, octets, sizeof octets);
		size_t text_n = sig0_signed(m, n, text);

		assert_int_equal(
		    crypto_key_from_public(row->algorithm, octets, key_n, &key), 0);
		assert_int_equal(crypto_verify(key, text, text_n, m + n - 64, 64), 0);
		for (size_t bit = 0; bit < text_n * 8; bit++) {
			text[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(
			    crypto_verify(key, text, text_n, m + n - 64, 64), -MAP_ESIG);
			text[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		crypto_key_free(key);
	}
}

static void
test_random_and_wipe(void **state)
{
	uint8_t a[32] = {0};
	uint8_t b[32] = {0};

	(void)state;
	assert_int_equal(crypto_random(a, sizeof a), 0);
	assert_int_equal(crypto_random(b, sizeof b), 0);
	assert_false(crypto_equal(a, b, sizeof a));
	crypto_wipe(a, sizeof a);
	memset(b, 0, sizeof b);
	assert_true(crypto_equal(a, b, sizeof a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hhit_hashes),
	    cmocka_unit_test(test_ed25519),
	    cmocka_unit_test(test_p256),
	    cmocka_unit_test(test_every_bit),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_bad_keys),
	    cmocka_unit_test(test_digests),
	    cmocka_unit_test(test_hmac),
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_cshake_sample),
	    cmocka_unit_test(test_sig0),
	    cmocka_unit_test(test_random_and_wipe),
	};

	return cmocka_run_group_tests_name("sys/crypto", tests, NULL, NULL);
}
