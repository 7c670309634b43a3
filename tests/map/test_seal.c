/*
 * test_seal.c - SIG(0) of nsupdate 9.18 and of ours, and that every covered bit counts.
 */
#include "tests/wire/hex.h"

#include <stdlib.h>

#include "core/trust/seal.h"
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
		assert_int_equal(seal_key_put(&wr, key), 0);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nsupdate),
	    cmocka_unit_test(test_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
