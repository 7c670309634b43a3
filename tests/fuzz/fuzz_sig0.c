/*
 * fuzz_sig0.c - any octets as a message under SIG(0): the record is the same when it is written again, and so are
 * the octets it is made over; only what a key has signed is the key's.
 */
#include "tests/fuzz/fuzz.h"

#include "core/trust/seal.h"
#include "core/wire/errors.h"

static uint8_t buffer[UINT16_MAX], under[2 * UINT16_MAX], under_again[2 * UINT16_MAX];

/* The message without its record, into wr. */
static void
message_unseal(struct wr *wr, struct bytes wire, size_t at)
{
	wr_bytes(wr, (struct bytes){wire.p, at});
	put_u16(buffer + 10, (uint16_t)(get_u16(buffer + 10) - 1));
}

static void
record_holds(const struct message *m, const struct sig0 *sig)
{
	struct wr wr = wr_init(buffer, sizeof buffer), signed_wr = wr_init(under, sizeof under);
	struct wr again_wr = wr_init(under_again, sizeof under_again);
	struct message again_m;
	struct sig0 again;

	HOLDS(sig->at >= HEADER_SIZE && sig->at < m->wire.n && name_is_lower(&sig->signer));
	HOLDS(sig->head.n == 18 + (size_t)sig->signer.n && sig->signature.n > 0);
	sig0_message(&signed_wr, m->wire, sig);
	HOLDS(signed_wr.error == 0 && signed_wr.n == sig->head.n + sig->at);
	message_unseal(&wr, m->wire, sig->at);
	sig0_put(&wr, sig);
	HOLDS(wr.error == 0 && message_parse(wr_done(&wr), &again_m) == 0);
	HOLDS(sig0_read(&again_m, &again) == 0);
	HOLDS(again.at == sig->at && bytes_equal(again.signature, sig->signature));
	HOLDS(name_equal(&again.signer, &sig->signer));
	again.head = sig->head; /* the signer as it came, not in lower case */
	sig0_message(&again_wr, again_m.wire, &again);
	HOLDS(bytes_equal(wr_done(&signed_wr), wr_done(&again_wr)));
}

/* What a key of ours signs, whatever it is, verifies, and no longer when an octet changes. */
static void
signing_holds(const struct crypto_key *key, const struct message *m, const struct sig0 *sig)
{
	struct wr wr = wr_init(buffer, sizeof buffer);
	struct message mine_m;
	struct sig0 mine;

	message_unseal(&wr, m->wire, sig->at);
	if (seal_sig0_sign(key, &sig->signer, 1, 2, &wr) != 0)
		return;
	HOLDS(message_parse(wr_done(&wr), &mine_m) == 0 && sig0_read(&mine_m, &mine) == 0);
	HOLDS(seal_sig0_check(key, &mine_m, &mine) == 0);
	buffer[mine.at / 2] ^= 1;
	HOLDS(seal_sig0_check(key, &mine_m, &mine) == -MAP_ESIG);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct crypto_key *key;
	static const uint8_t secret[32] = {1};
	static unsigned calls;
	struct message m;
	struct sig0 sig;

	if (key == NULL)
		HOLDS(crypto_key_from_private(CRYPTO_ECDSAP256, secret, &key) == 0);
	if (n > UINT16_MAX || message_parse((struct bytes){data, n}, &m) != 0 ||
	    sig0_read(&m, &sig) != 0)
		return 0;
	record_holds(&m, &sig);
	/* of the throw-away keys of the seeds none is here */
	HOLDS(seal_sig0_check(key, &m, &sig) == -MAP_ESIG);
	if (calls++ % 16 == 0) /* public-key work is dear */
		signing_holds(key, &m, &sig);
	return 0;
}
