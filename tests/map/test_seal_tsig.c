/*
 * test_seal_tsig.c - TSIG as dnspython and nsupdate make it, all that must be refused, and answers.
 */
#include "tests/wire/hex.h"

#include "core/trust/seal.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define NOW 1795456678
#define LONGEST 512

/* dnspython 2.3.0: "update add Host.Example.test 60 A 192.0.2.1" under Admin.Example., and the answer to it. */
static const struct {
	enum crypto_mac mac;
	const char *request, *answer;
} made[] = {
    {CRYPTO_HMAC_SHA1,
	"123428000001000000010001074578616d706c650474657374000006000104486f7374c00c0001000100"
	"00003c0004c00002010541646d696e074578616d706c650000fa00ff00000000002f09686d61632d7368"
	"61310000006b047ea6012c001473312f798b0033c784441836702f07abfa128c39123400000000",
	"1234a8000001000000000001074578616d706c65047465737400000600010541646d696e074578616d70"
	"6c650000fa00ff00000000002f09686d61632d736861310000006b047ea6012c0014af64052f3e82e37d"
	"80873b2be336356116045d57123400000000"},
    {CRYPTO_HMAC_SHA224,
	"123428000001000000010001074578616d706c650474657374000006000104486f7374c00c0001000100"
	"00003c0004c00002010541646d696e074578616d706c650000fa00ff0000000000390b686d61632d7368"
	"613232340000006b047ea6012c001c72895b43fe4deb225edfd19135bd3df49c34619ae577fca96120fa"
	"ff123400000000",
	"1234a8000001000000000001074578616d706c65047465737400000600010541646d696e074578616d70"
	"6c650000fa00ff0000000000390b686d61632d7368613232340000006b047ea6012c001ce17cc714f62f"
	"4930abcced7ed0ce1783400e31ec7760c91fd9a10f8f123400000000"},
    {CRYPTO_HMAC_SHA256,
	"123428000001000000010001074578616d706c650474657374000006000104486f7374c00c0001000100"
	"00003c0004c00002010541646d696e074578616d706c650000fa00ff00000000003d0b686d61632d7368"
	"613235360000006b047ea6012c0020cba51fdf333f8ca7f988c5e1908b0237c43c79b6b690efaa279816"
	"b2b85e5b1d123400000000",
	"1234a8000001000000000001074578616d706c65047465737400000600010541646d696e074578616d70"
	"6c650000fa00ff00000000003d0b686d61632d7368613235360000006b047ea6012c0020417436f30054"
	"8543601b59bdeb6faa876cf080f0df83b51c9791b662ce6bb877123400000000"},
    {CRYPTO_HMAC_SHA384,
	"123428000001000000010001074578616d706c650474657374000006000104486f7374c00c0001000100"
	"00003c0004c00002010541646d696e074578616d706c650000fa00ff00000000004d0b686d61632d7368"
	"613338340000006b047ea6012c00300e054a91c5341b03658ee538613cc002dd9889cf22134f18d7ac07"
	"85e720c74311942d10f6e4d7cd5bc05d637e33e14c123400000000",
	"1234a8000001000000000001074578616d706c65047465737400000600010541646d696e074578616d70"
	"6c650000fa00ff00000000004d0b686d61632d7368613338340000006b047ea6012c003086f65cf09dbb"
	"357a6127f9b617735957f549212ac4c71be405e0b0b1a0616f9382e1ad3715c200604b7ea40b12f879cb"
	"123400000000"},
    {CRYPTO_HMAC_SHA512,
	"123428000001000000010001074578616d706c650474657374000006000104486f7374c00c0001000100"
	"00003c0004c00002010541646d696e074578616d706c650000fa00ff00000000005d0b686d61632d7368"
	"613531320000006b047ea6012c00401617ef809416d5211e2721f6fec4dafb49f4b63f31e9e9a7506524"
	"16a31a72683fc138dc0c369ca589fa9a04ff17849076abf7263b3c6a1aae763b72c977d3181234000000"
	"00",
	"1234a8000001000000000001074578616d706c65047465737400000600010541646d696e074578616d70"
	"6c650000fa00ff00000000005d0b686d61632d7368613531320000006b047ea6012c00408661ee0b2293"
	"31f2bdb84f63af5e517e3b480635b5c5539610eba50f551736200ec05c731d4774e95811929957389df9"
	"494381087606ae57dc1570e5b9ff0417123400000000"},
};
#define MADE (sizeof made / sizeof made[0])
#define SHA256 2 /* of made */

/* Its answer to the same with hmac-sha256, 1000 seconds later. */
static const char badtime_hex[] =
    "1234a8090001000000000001074578616d706c65047465737400000600010541646d696e074578616d70"
    "6c650000fa00ff0000000000430b686d61632d7368613235360000006b047ea6012c0020df75c256ce00"
    "194815410ab798665067ac2f2f21bc44c1fa764bb5e4e7dfed2c12340012000600006b04828e";

static void
key_init(struct tsig_key *key, enum crypto_mac mac)
{
	*key = (struct tsig_key){.name = name_of("admin.example."), .mac = mac, .n = 32};
	for (uint8_t i = 0; i < 32; i++)
		key->secret[i] = (uint8_t)(i + 1);
}

/* What seal_tsig_check() says to a message, or why it does not come so far. */
static int
judge(struct bytes wire, const struct tsig_key *keys, size_t n, uint64_t now)
{
	const struct tsig_key *key = NULL;
	struct message m;
	struct tsig tsig;
	int error = message_parse(wire, &m);

	if (error == 0)
		error = tsig_read(&m, &tsig);
	if (error == 0)
		error = seal_tsig_check(keys, n, &m, &tsig, now, &key);
	if (error == TSIG_BADKEY)
		assert_null(key);
	else if (error >= 0)
		assert_non_null(key);
	return error;
}

static struct bytes
request_of(size_t i, struct tsig_key *key, uint8_t octets[LONGEST])
{
	key_init(key, made[i].mac);
	return hex_bytes(made[i].request, octets, LONGEST);
}

static void
tsig_of(struct bytes wire, struct message *m, struct tsig *tsig)
{
	assert_int_equal(message_parse(wire, m), 0);
	assert_int_equal(tsig_read(m, tsig), 0);
}

static void
test_dnspython(void **state)
{
	(void)state;
	for (size_t i = 0; i < MADE; i++) {
		uint8_t octets[LONGEST], answer_octets[LONGEST];
		struct tsig_key key;
		struct bytes wire = request_of(i, &key, octets);
		struct bytes answer =
		    hex_bytes(made[i].answer, answer_octets, sizeof answer_octets);
		struct message m, answer_m;
		struct tsig tsig;

		tsig_of(wire, &m, &tsig);
		assert_int_equal(tsig.time, NOW);
		assert_int_equal(tsig.fudge, 300);
		assert_int_equal(tsig.original_id, 0x1234);
		assert_int_equal(tsig.mac.n, crypto_mac_size(key.mac));
		assert_int_equal(judge(wire, &key, 1, NOW), TSIG_NOERROR);

		assert_int_equal(message_parse(answer, &answer_m), 0);
		assert_int_equal(seal_tsig_check_answer(&key, &answer_m, tsig.mac, NOW), 0);
		assert_int_equal(seal_tsig_check_answer(&key, &answer_m, tsig.mac, NOW + 301),
		    -MAP_EEXPIRED);
		answer_octets[3] ^= 1;
		assert_int_equal(message_parse(answer, &answer_m), 0);
		assert_int_equal(
		    seal_tsig_check_answer(&key, &answer_m, tsig.mac, NOW), -MAP_ESIG);
	}
}

/* nsupdate 9.18 -k, with the key that tsig-keygen made for it. */
static void
test_nsupdate(void **state)
{
	static const char request[] = "d34a28000001000100010001076578616d706c650474657374000006"
				      "000104486f7374c00c00ff00fe0000"
				      "00000000c01e000100010000003c0004c00002010561646d696e036b"
				      "65790000fa00ff00000000003d0b68"
				      "6d61632d7368613235360000006b077c3f012c0020b1e195503a6dd9"
				      "0f790faa410a6727f9e49ef2b311d7"
				      "cf8cc76279737460add1d34a00000000";
	uint8_t octets[LONGEST];
	struct tsig_key key = {.name = name_of("admin.key."), .mac = CRYPTO_HMAC_SHA256};
	struct bytes wire = hex_bytes(request, octets, sizeof octets);

	(void)state;
	key.n = (uint16_t)hex_bytes(
	    "f0f877bf5990ed9d06a19d3238c18e422828f6d2bf19a6ddcc9d283e7219129a", key.secret, 32)
		    .n;
	assert_int_equal(judge(wire, &key, 1, 0x6b077c3f), TSIG_NOERROR);
	assert_int_equal(judge(wire, &key, 1, 0x6b077c3f + 301), TSIG_BADTIME);
}

/* What is signed here has the same octets: all of the record is said in lower case, which is its owner's alone. */
static void
test_made_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < MADE; i++) {
		uint8_t octets[LONGEST], mine[LONGEST], mac[TSIG_MAC_MOST];
		struct tsig_key key;
		struct bytes wire = request_of(i, &key, octets);
		struct wr wr = wr_init(mine, sizeof mine);
		struct message m;
		struct tsig tsig;
		int n;

		tsig_of(wire, &m, &tsig);
		wr_bytes(&wr, (struct bytes){wire.p, tsig.at});
		put_u16(mine + 10, 0);
		n = seal_tsig_sign(&key, NOW, &wr, mac);
		assert_int_equal(n, tsig.mac.n);
		assert_memory_equal(mac, tsig.mac.p, n);
		octets[tsig.at + 1] |= 0x20;
		octets[tsig.at + 7] |= 0x20;
		assert_bytes_equal(wr_done(&wr), wire);
	}
}

static void
test_every_bit(void **state)
{
	uint8_t octets[LONGEST];
	struct tsig_key key;
	struct bytes wire = request_of(SHA256, &key, octets);
	struct message m;
	struct tsig tsig;

	(void)state;
	tsig_of(wire, &m, &tsig);
	for (size_t bit = 0; bit < 8 * wire.n; bit++) {
		size_t at = bit / 8;
		/* the ID that came, for which the original one stands; the case of the key's name */
		bool free =
		    at < 2 || (bit % 8 == 5 && ((at > tsig.at && at < tsig.at + 6) ||
						   (at > tsig.at + 6 && at < tsig.at + 14)));

		/* nor is the case of the algorithm's */
		free = free || (bit % 8 == 5 && at > tsig.at + 25 && at < tsig.at + 37 &&
				   octets[at] >= 'a');
		octets[at] ^= (uint8_t)(1 << bit % 8);
		if (free)
			assert_int_equal(judge(wire, &key, 1, NOW), 0);
		else
			assert_int_not_equal(judge(wire, &key, 1, NOW), 0);
		octets[at] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
test_keys(void **state)
{
	uint8_t octets[LONGEST];
	struct tsig_key keys[3];
	struct bytes wire = request_of(SHA256, &keys[1], octets);

	(void)state;
	key_init(&keys[0], CRYPTO_HMAC_SHA512);
	key_init(&keys[2], CRYPTO_HMAC_SHA256);
	keys[2].name = name_of("other.example.");
	assert_int_equal(judge(wire, keys, 3, NOW), TSIG_NOERROR);
	assert_int_equal(judge(wire, keys, 1, NOW), TSIG_BADKEY); /* another algorithm */
	assert_int_equal(judge(wire, keys + 2, 1, NOW), TSIG_BADKEY); /* another name */
	assert_int_equal(judge(wire, keys, 0, NOW), TSIG_BADKEY);
	keys[1].secret[31] ^= 1;
	assert_int_equal(judge(wire, keys, 3, NOW), TSIG_BADSIG);
}

/* RFC 8945 5.2.3: 48 bits, and the edges of what the fudge allows. */
static void
test_time(void **state)
{
	uint8_t octets[LONGEST], mac[TSIG_MAC_MOST];
	const uint64_t late = ((uint64_t)1 << 32) + 7; /* 2106 */
	struct tsig_key key;
	struct bytes wire = request_of(SHA256, &key, octets);
	struct message m;
	struct tsig tsig;
	struct wr wr;

	(void)state;
	assert_int_equal(judge(wire, &key, 1, NOW + 300), TSIG_NOERROR);
	assert_int_equal(judge(wire, &key, 1, NOW - 300), TSIG_NOERROR);
	assert_int_equal(judge(wire, &key, 1, NOW + 301), TSIG_BADTIME);
	assert_int_equal(judge(wire, &key, 1, NOW - 301), TSIG_BADTIME);
	assert_int_equal(judge(wire, &key, 1, NOW + ((uint64_t)1 << 32)), TSIG_BADTIME);
	assert_int_equal(judge(wire, &key, 1, 0), TSIG_BADTIME);
	key.secret[0] ^= 1;
	assert_int_equal(
	    judge(wire, &key, 1, NOW + 301), TSIG_BADSIG); /* no oracle of our clock */
	key.secret[0] ^= 1;

	tsig_of(wire, &m, &tsig);
	wr = wr_init(octets, sizeof octets);
	wr.n = tsig.at;
	put_u16(octets + 10, 0);
	assert_int_equal(seal_tsig_sign(&key, late, &wr, mac), 32);
	tsig_of(wr_done(&wr), &m, &tsig);
	assert_int_equal(tsig.time, late);
	assert_int_equal(judge(wr_done(&wr), &key, 1, late), TSIG_NOERROR);
	assert_int_equal(judge(wr_done(&wr), &key, 1, 7), TSIG_BADTIME);
}

/* The same request with so many octets of its MAC, which are right as far as they go. */
static int
judge_cut(size_t i, size_t n, bool spoiled)
{
	uint8_t octets[LONGEST], cut[LONGEST], mac[LONGEST] = {0};
	struct tsig_key key;
	struct bytes wire = request_of(i, &key, octets);
	struct wr wr = wr_init(cut, sizeof cut);
	struct message m;
	struct tsig tsig;

	tsig_of(wire, &m, &tsig);
	wr_bytes(&wr, (struct bytes){wire.p, tsig.at});
	put_u16(cut + 10, 0);
	memcpy(mac, tsig.mac.p, tsig.mac.n);
	mac[0] ^= spoiled;
	tsig.mac = (struct bytes){mac, n};
	tsig_put(&wr, &tsig);
	assert_int_equal(wr.error, 0);
	return judge(wr_done(&wr), &key, 1, NOW);
}

static void
test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < MADE; i++) {
		size_t full = crypto_mac_size(made[i].mac);

		for (size_t n = 0; n <= full + 1; n++) {
			int want = n < full / 2 || n < 10 || n > full ? -MAP_EFORMAT
				   : n < full			      ? TSIG_BADTRUNC
								      : TSIG_NOERROR;

			assert_int_equal(judge_cut(i, n, false), want);
			if (want >= 0)
				assert_int_equal(judge_cut(i, n, true), TSIG_BADSIG);
		}
	}
}

/* Signed over by the key itself, so that nothing but the field is wrong. */
static int
judge_signed(struct tsig *tsig, uint16_t id)
{
	static const char plain[] = "123428000001000000000000076578616d706c650000060001";
	uint8_t octets[LONGEST], under[LONGEST], mac[64];
	struct bytes wire = hex_bytes(plain, octets, sizeof octets);
	struct wr wr = wr_init(octets, sizeof octets);
	struct wr under_wr = wr_init(under, sizeof under);
	struct tsig_key key;

	key_init(&key, CRYPTO_HMAC_SHA256);
	wr.n = wire.n;
	tsig_message(&under_wr, wire, wire.n, tsig, (struct bytes){NULL, 0});
	assert_int_equal(crypto_hmac(key.mac, key.secret, key.n, under, under_wr.n, mac), 0);
	tsig->mac = (struct bytes){mac, 32};
	tsig_put(&wr, tsig);
	put_u16(octets, id);
	assert_int_equal(wr.error, 0);
	return judge(wr_done(&wr), &key, 1, NOW);
}

static void
test_fields(void **state)
{
	static const uint8_t other[6] = {1, 2, 3, 4, 5, 6};
	struct tsig tsig = {
	    .key = name_of("admin.example."), .time = NOW, .original_id = 0x1234};

	(void)state;
	tsig_algorithm_name(CRYPTO_HMAC_SHA256, &tsig.algorithm);
	assert_int_equal(judge_signed(&tsig, 0x1234), TSIG_NOERROR);
	assert_int_equal(judge_signed(&tsig, 0x4321), TSIG_NOERROR); /* it was forwarded */
	tsig.time = NOW + 1; /* with a fudge of 0 */
	assert_int_equal(judge_signed(&tsig, 0x1234), TSIG_BADTIME);
	tsig.time = NOW;
	tsig.other = (struct bytes){other, sizeof other}; /* no meaning in requests */
	assert_int_equal(judge_signed(&tsig, 0x1234), TSIG_NOERROR);
	for (unsigned error = 1; error < 0x10000; error = error * 3 + 1) {
		tsig.error = (uint16_t)error;
		assert_int_equal(judge_signed(&tsig, 0x1234), -MAP_EFORMAT);
	}
	tsig.error = 0;
	tsig.algorithm = name_of("hmac-md5.sig-alg.reg.int.");
	assert_int_equal(judge_signed(&tsig, 0x1234), TSIG_BADKEY);
	tsig.algorithm = name_root;
	assert_int_equal(judge_signed(&tsig, 0x1234), TSIG_BADKEY);
}

/* Our answer to a request with that error, into octets. */
static struct bytes
answer_to(const struct tsig_key *key, const struct tsig *request, int error, uint64_t now,
    uint8_t octets[LONGEST])
{
	static const char plain[] =
	    "1234a8090001000000000000074578616d706c6504746573740000060001";
	struct bytes wire = hex_bytes(plain, octets, LONGEST);
	struct wr wr = wr_init(octets, LONGEST);
	size_t room = seal_tsig_room(&request->key, &request->algorithm);

	wr.n = wire.n;
	wr.max = wire.n + room; /* what it says is enough */
	assert_int_equal(seal_tsig_answer(key, request, error, now, &wr), 0);
	wr = wr_init(octets, wire.n + 10);
	wr.n = wire.n;
	assert_int_equal(seal_tsig_answer(key, request, error, now, &wr), -MAP_ESPACE);
	wr = wr_init(octets, LONGEST);
	hex_bytes(plain, octets, LONGEST);
	wr.n = wire.n;
	assert_int_equal(seal_tsig_answer(key, request, error, now, &wr), 0);
	return wr_done(&wr);
}

static void
test_answers(void **state)
{
	static const int errors[] = {
	    TSIG_NOERROR, TSIG_BADSIG, TSIG_BADKEY, TSIG_BADTIME, TSIG_BADTRUNC};
	uint8_t octets[LONGEST], answer[LONGEST], theirs[LONGEST];
	struct tsig_key key;
	struct bytes wire = request_of(SHA256, &key, octets);
	struct message m, answer_m;
	struct tsig tsig, its;

	(void)state;
	tsig_of(wire, &m, &tsig);
	for (size_t i = 0; i < 5; i++) {
		int error = errors[i];
		bool signs = error != TSIG_BADSIG && error != TSIG_BADKEY;

		tsig_of(answer_to(
			    error == TSIG_BADKEY ? NULL : &key, &tsig, error, NOW + 5, answer),
		    &answer_m, &its);
		assert_int_equal(its.error, error);
		assert_int_equal(its.original_id, 0x1234);
		assert_int_equal(its.mac.n, signs ? 32 : 0);
		assert_true(name_equal(&its.key, &tsig.key));
		assert_true(name_equal(&its.algorithm, &tsig.algorithm));
		assert_int_equal(its.time, error == TSIG_BADTIME ? NOW : NOW + 5);
		assert_int_equal(its.other.n, error == TSIG_BADTIME ? 6 : 0);
		assert_int_equal(seal_tsig_check_answer(&key, &answer_m, tsig.mac, NOW),
		    signs ? 0 : -MAP_ESIG);
		/* an answer sent back as a request */
		assert_int_not_equal(judge(answer_m.wire, &key, 1, NOW), 0);
	}
	/* octet for octet, but for the case of the name */
	wire = answer_to(&key, &tsig, TSIG_BADTIME, NOW + 1000, answer);
	tsig_of(hex_bytes(badtime_hex, theirs, sizeof theirs), &m, &tsig);
	theirs[tsig.at + 1] |= 0x20;
	theirs[tsig.at + 7] |= 0x20;
	assert_bytes_equal(wire, m.wire);
}

static void
test_answer_of_others(void **state)
{
	uint8_t octets[LONGEST];
	struct tsig_key key;
	struct bytes wire = hex_bytes(made[SHA256].answer, octets, sizeof octets);
	struct message m;
	struct tsig tsig;

	(void)state;
	key_init(&key, CRYPTO_HMAC_SHA256);
	assert_int_equal(message_parse(wire, &m), 0);
	/* of no request of ours */
	assert_int_equal(
	    seal_tsig_check_answer(&key, &m, (struct bytes){NULL, 0}, NOW), -MAP_ESIG);
	key.mac = CRYPTO_HMAC_SHA1;
	assert_int_equal(
	    seal_tsig_check_answer(&key, &m, (struct bytes){NULL, 0}, NOW), -MAP_ESIG);
	tsig_of(wire, &m, &tsig);
	put_u16(octets + 10, 0);
	assert_int_equal(message_parse((struct bytes){octets, tsig.at}, &m), 0);
	assert_int_equal(
	    seal_tsig_check_answer(&key, &m, (struct bytes){NULL, 0}, NOW), -MAP_ENOTFOUND);
}

/* The longest there is: on the heap, and the same. */
static void
test_long(void **state)
{
	static uint8_t octets[65535];
	uint8_t mac[TSIG_MAC_MOST];
	struct tsig_key key;
	struct wr wr = wr_init(octets, sizeof octets);
	size_t room;

	(void)state;
	key_init(&key, CRYPTO_HMAC_SHA512);
	room = key.name.n + 13 + 10 + 16 + 64;
	wr_u16(&wr, 7);
	wr_u16(&wr, OPCODE_UPDATE << 11);
	wr_u64(&wr, 0);
	put_u16(octets + 10, 1);
	wr_u8(&wr, 0);
	wr_u16(&wr, RR_TXT);
	wr_u16(&wr, CLASS_IN);
	wr_u32(&wr, 0);
	wr_u16(&wr, (uint16_t)(sizeof octets - room - wr.n - 2));
	wr.n = sizeof octets - room;
	assert_int_equal(seal_tsig_sign(&key, NOW, &wr, mac), 64);
	assert_int_equal(wr.n, sizeof octets);
	assert_int_equal(judge(wr_done(&wr), &key, 1, NOW), TSIG_NOERROR);
	octets[60000] ^= 1;
	assert_int_equal(judge(wr_done(&wr), &key, 1, NOW), TSIG_BADSIG);
}

static void
test_algorithms(void **state)
{
	struct name name;

	(void)state;
	for (int mac = CRYPTO_HMAC_SHA1; mac <= CRYPTO_HMAC_SHA512; mac++) {
		tsig_algorithm_name((enum crypto_mac)mac, &name);
		assert_int_equal(tsig_algorithm(&name), mac);
	}
	name = name_of("hmac-sha384.");
	assert_int_equal(tsig_algorithm(&name), CRYPTO_HMAC_SHA384);
	name = name_of("gss-tsig.");
	assert_int_equal(tsig_algorithm(&name), CRYPTO_MAC_NONE);
	tsig_algorithm_name(CRYPTO_MAC_NONE, &name);
	assert_int_equal(name.n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_dnspython),
	    cmocka_unit_test(test_nsupdate),
	    cmocka_unit_test(test_made_alike),
	    cmocka_unit_test(test_every_bit),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_answer_of_others),
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_algorithms),
	};

	return cmocka_run_group_tests_name("seal_tsig", tests, NULL, NULL);
}
