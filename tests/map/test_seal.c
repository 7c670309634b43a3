/*
 * test_seal.c - SIG(0) of nsupdate 9.18 and of ours, that every covered bit counts, and what anybody can make of one.
 */
#include "tests/wire/hex.h"

#include <stdlib.h>

#include "core/trust/seal.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"

/* UPDATEs of nsupdate 9.18.49 -k: delete TYPE65280, add one; throw-away keys. */
static const struct {
	const char *signer, *key;
	int algorithm;
	const char *wire;
} nsupdate[] = {
    {"host1.example.test.", "sRp0f54HdfZRYFmE1iYoe9kRJmzpmD6kR/xi+rHng2M=", CRYPTO_ED25519,
	"e04f28000001000000020001076578616d706c650474657374000006000105686f737431c00cff0000ff00"
	"0000000000c01eff0000010000012c00040102030400001800ff00000000006600000f00000000006b0480"
	"fe6b047ea6f02a05686f737431076578616d706c6504746573740056112f524519da9f9c3e66f70c69b29e"
	"7b91b88892a34dc7d80ab4d0e42043c1d8fae2838a55439b0ffc7134b3c77af35bff76e4b9bdbd34257aae"
	"a3b99b5d09"},
    {"host2.example.test.",
	"R2XOirIB8uw7PNXnBCocXXRcm09/l5D+ZRQT4fmKPgb/5EtBoCFLw2yPtHAIRWfqXAUt9AAE389Sd6JY4AP7fw"
	"==",
	CRYPTO_ECDSAP256,
	"df9328000001000000020001076578616d706c650474657374000006000105686f737432c00cff0000ff00"
	"0000000000c01eff0000010000012c00040102030400001800ff00000000006600000d00000000006b0480"
	"fe6b047ea6c4bb05686f737432076578616d706c65047465737400acdfd8dc0cbcd804a629912365270237"
	"eeeba18895a22039be75a40229607c0b871b0f6b261de41d82415563f340d5f2df2a55527281976044657c"
	"010e814309"},
};

#define SEALED 256 /* octets of these messages, at most */
#define EXPIRATION 1795457278
#define INCEPTION 1795456678

static struct crypto_key *
public_key(int algorithm, const char *text)
{
	uint8_t octets[64];
	struct crypto_key *key = NULL;
	int n = text_base64_read(text, strlen(text), octets, sizeof octets);

	assert_int_equal(n, crypto_public_size(algorithm));
	assert_int_equal(crypto_key_from_public(algorithm, octets, (size_t)n, &key), 0);
	return key;
}

/* 0 only if the message is one that this key has sealed. */
static int
sig0_judge(const struct crypto_key *key, struct bytes wire)
{
	struct message m;
	struct sig0 sig;
	int error = message_parse(wire, &m);

	if (error == 0)
		error = sig0_read(&m, &sig);
	return error == 0 ? seal_sig0_check(key, &m, &sig) : error;
}

static void
test_nsupdate(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct crypto_key *key = public_key(nsupdate[i].algorithm, nsupdate[i].key);
		struct crypto_key *other =
		    public_key(nsupdate[1 - i].algorithm, nsupdate[1 - i].key);
		struct name signer = name_of(nsupdate[i].signer);
		uint8_t octets[SEALED], rdata[68];
		struct wr wr = wr_init(rdata, sizeof rdata);
		struct bytes wire = hex_bytes(nsupdate[i].wire, octets, sizeof octets);
		struct message m;
		struct sig0 sig;

		assert_int_equal(message_parse(wire, &m), 0);
		assert_int_equal(sig0_read(&m, &sig), 0);
		assert_int_equal(sig.algorithm, nsupdate[i].algorithm);
		assert_int_equal(sig.expiration, EXPIRATION);
		assert_int_equal(sig.inception, INCEPTION);
		assert_true(name_equal(&sig.signer, &signer));
		assert_int_equal(sig.signature.n, 64);
		assert_int_equal(seal_sig0_check(key, &m, &sig), 0);
		assert_int_equal(seal_sig0_check(other, &m, &sig), -MAP_ESIG);
		/* the tag of a KEY record as dnssec-keygen made it */
		assert_int_equal(seal_key_put(&wr, key), 0);
		assert_int_equal(dnssec_key_tag(wr_done(&wr)), sig.tag);
		crypto_key_free(key);
		crypto_key_free(other);
	}
}

/*
 * Each bit of the message and of the record's RDATA is covered, the signature's own too; not the record's owner,
 * type, class, TTL and length, which must be as they are.
 */
static void
test_every_bit(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct crypto_key *key = public_key(nsupdate[i].algorithm, nsupdate[i].key);
		uint8_t octets[SEALED];
		struct bytes wire = hex_bytes(nsupdate[i].wire, octets, sizeof octets);

		assert_int_equal(sig0_judge(key, wire), 0);
		for (size_t bit = 0; bit < 8 * wire.n; bit++) {
			octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_not_equal(sig0_judge(key, wire), 0);
			octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(sig0_judge(key, wire), 0);
		crypto_key_free(key);
	}
}

/* A message of n octets, most of which are a record that nobody reads. */
static struct wr
message_of(uint8_t *octets, size_t max, size_t n)
{
	struct wr wr = wr_init(octets, max);

	memset(octets, 0, max);
	wr_u16(&wr, 7);
	wr_u16(&wr, OPCODE_UPDATE << 11);
	wr_u64(&wr, n > HEADER_SIZE);
	if (n > HEADER_SIZE) {
		wr_u8(&wr, 0);
		wr_u16(&wr, 65280);
		wr_u16(&wr, CLASS_IN);
		wr_u32(&wr, 0);
		wr_u16(&wr, (uint16_t)(n - wr.n - 2));
		wr.n = n;
	}
	return wr;
}

/* Short ones, and the longest there can be. */
/* Lets s be the other one that goes with r: order - s. */
static void
twin_p256(uint8_t s[32])
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
	    0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int digit = order[i] - s[i] - borrow;

		s[i] = (uint8_t)digit;
		borrow = digit < 0;
	}
}

/* Lets S be the same number another time around: S + L, the least octet first. */
static void
twin_ed25519(uint8_t s[32])
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
	    0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	int carry = 0;

	for (int i = 0; i < 32; i++) {
		int digit = s[i] + order[i] + carry;

		s[i] = (uint8_t)digit;
		carry = digit >> 8;
	}
}

static void
digest_of(struct bytes wire, uint8_t digest[32])
{
	struct message m;
	struct sig0 sig;

	memset(digest, 0, 32);
	if (message_parse(wire, &m) == 0 && sig0_read(&m, &sig) == 0)
		assert_int_equal(seal_sig0_digest(&m, &sig, digest), 0);
}

/*
 * A signature that anybody can make of another, of P-256 the one with order - s, has its digest: it is the same message
 * again. Ed25519 has none. Each bit that changes makes another digest.
 */
static void
test_twins(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct crypto_key *key = public_key(nsupdate[i].algorithm, nsupdate[i].key);
		uint8_t octets[SEALED], digest[32], other[32];
		struct bytes wire = hex_bytes(nsupdate[i].wire, octets, sizeof octets);
		uint8_t *s = octets + wire.n - 32;

		digest_of(wire, digest);
		for (size_t bit = 0; bit < 8 * wire.n; bit++) {
			octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
			digest_of(wire, other);
			assert_memory_not_equal(digest, other, 32);
			octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (int turn = 0; turn < 2 && nsupdate[i].algorithm == CRYPTO_ECDSAP256;
		     turn++) {
			twin_p256(s);
			assert_int_equal(sig0_judge(key, wire), 0);
			digest_of(wire, other);
			assert_memory_equal(digest, other, 32);
		}
		if (nsupdate[i].algorithm == CRYPTO_ED25519)
			twin_ed25519(s);
		else
			memset(s, 0xff, 32);
		assert_int_equal(sig0_judge(key, wire), -MAP_ESIG);
		crypto_key_free(key);
	}
}

static void
test_signing(void **state)
{
	static uint8_t octets[65535];
	static const int algorithms[] = {CRYPTO_ED25519, CRYPTO_ECDSAP256};
	static const size_t sizes[] = {HEADER_SIZE, 500, 1949, 1950, 65535 - 11 - 18 - 9 - 64};
	struct name signer = name_of("Host.id."), folded = name_of("host.id.");

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		struct wr wr = message_of(octets, sizeof octets, sizes[i / 2]);
		struct crypto_key *key;
		struct message m;
		struct sig0 sig;

		assert_int_equal(crypto_key_generate(algorithms[i % 2], &key), 0);
		assert_int_equal(seal_sig0_sign(key, &signer, INCEPTION, EXPIRATION, &wr), 0);
		assert_int_equal(wr.n, sizes[i / 2] + 11 + 18 + 9 + 64);
		assert_int_equal(message_parse(wr_done(&wr), &m), 0);
		assert_int_equal(sig0_read(&m, &sig), 0);
		assert_bytes_equal(name_bytes(&sig.signer), name_bytes(&folded));
		assert_int_equal(sig.inception, INCEPTION);
		assert_int_equal(sig.expiration, EXPIRATION);
		assert_int_equal(sig.algorithm, algorithms[i % 2]);
		assert_int_equal(seal_sig0_check(key, &m, &sig), 0);
		octets[sizes[i / 2] - 1] ^= 1;
		assert_int_equal(seal_sig0_check(key, &m, &sig), -MAP_ESIG);
		crypto_key_free(key);
	}
}

/* Where the record does not fit, the message is as it was. */
static void
test_no_room(void **state)
{
	uint8_t octets[256];
	struct wr wr = message_of(octets, HEADER_SIZE + 50, HEADER_SIZE);
	struct crypto_key *key;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_ED25519, &key), 0);
	assert_int_equal(seal_sig0_sign(key, &name_root, 1, 2, &wr), -MAP_ESPACE);
	assert_int_equal(get_u16(octets + 10), 0);
	crypto_key_free(key);
}

/* A signature of another length, or of another algorithm's key, costs nothing. */
static void
test_what_is_none(void **state)
{
	uint8_t octets[SEALED];
	struct crypto_key *key = public_key(nsupdate[0].algorithm, nsupdate[0].key);
	struct bytes wire = hex_bytes(nsupdate[0].wire, octets, sizeof octets);
	struct message m;
	struct sig0 sig;

	(void)state;
	assert_int_equal(message_parse(wire, &m), 0);
	assert_int_equal(sig0_read(&m, &sig), 0);
	for (size_t n = 0; n < 64; n++) {
		sig.signature.n = n;
		assert_int_equal(seal_sig0_check(key, &m, &sig), -MAP_ESIG);
	}
	sig.signature.n = 64;
	sig.algorithm = CRYPTO_ECDSAP256;
	assert_int_equal(seal_sig0_check(key, &m, &sig), -MAP_ESIG);
	crypto_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nsupdate),
	    cmocka_unit_test(test_every_bit),
	    cmocka_unit_test(test_twins),
	    cmocka_unit_test(test_signing),
	    cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
