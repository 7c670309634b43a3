/*
 * fuzz_tsig.c - any octets as a message under TSIG: the record is the same when it is written again, whatever is
 * signed here holds, and so does every answer to it.
 */
#include "tests/fuzz/fuzz.h"

#include "core/trust/seal.h"
#include "core/wire/errors.h"

#define NOW 1795456678

static uint8_t buffer[UINT16_MAX];
static struct tsig_key key; /* of the seeds */

static void
key_init(void)
{
	HOLDS(name_from("admin.example.", &key.name) == 0);
	key.mac = CRYPTO_HMAC_SHA256;
	for (key.n = 0; key.n < 32; key.n++)
		key.secret[key.n] = (uint8_t)(key.n + 1);
}

/* The message without its record. */
static struct wr
message_unseal(const struct message *m, const struct tsig *tsig)
{
	struct wr wr = wr_init(buffer, sizeof buffer);

	wr_bytes(&wr, (struct bytes){m->wire.p, tsig->at});
	put_u16(buffer + 10, (uint16_t)(get_u16(buffer + 10) - 1));
	return wr;
}

static void
record_holds(const struct message *m, const struct tsig *tsig)
{
	struct wr wr = message_unseal(m, tsig);
	struct message again_m;
	struct tsig again;

	HOLDS(name_is_lower(&tsig->key) && name_is_lower(&tsig->algorithm));
	HOLDS(tsig->time >> 48 == 0);
	tsig_put(&wr, tsig);
	if (wr.error != 0) /* its owner was compressed */
		return;
	HOLDS(message_parse(wr_done(&wr), &again_m) == 0 && tsig_read(&again_m, &again) == 0);
	HOLDS(again.at == tsig->at && again.time == tsig->time && again.fudge == tsig->fudge);
	HOLDS(again.original_id == tsig->original_id && again.error == tsig->error);
	HOLDS(name_equal(&again.key, &tsig->key));
	HOLDS(name_equal(&again.algorithm, &tsig->algorithm));
	HOLDS(bytes_equal(again.mac, tsig->mac) && bytes_equal(again.other, tsig->other));
}

static void
answer_holds(const struct tsig_key *its, const struct tsig *request, int error)
{
	uint8_t octets[1024] = {0, 1, 0xa8};
	struct wr wr =
	    wr_init(octets, HEADER_SIZE + seal_tsig_room(&request->key, &request->algorithm));
	struct message m;
	struct tsig tsig;

	wr.n = HEADER_SIZE;
	HOLDS(seal_tsig_answer(its, request, error, NOW, &wr) == 0);
	HOLDS(message_parse(wr_done(&wr), &m) == 0 && tsig_read(&m, &tsig) == 0);
	HOLDS(tsig.error == error);
	if (its != NULL && error != TSIG_BADSIG)
		HOLDS(seal_tsig_check_answer(its, &m, request->mac,
			  error == TSIG_BADTIME ? request->time : NOW) == 0);
	else
		HOLDS(tsig.mac.n == 0);
}

static void
signing_holds(const struct message *m, const struct tsig *tsig)
{
	uint8_t mac[TSIG_MAC_MOST];
	struct wr wr = message_unseal(m, tsig);
	const struct tsig_key *found;
	struct message mine_m;
	struct tsig mine;

	if (seal_tsig_sign(&key, NOW, &wr, mac) < 0)
		return;
	HOLDS(message_parse(wr_done(&wr), &mine_m) == 0 && tsig_read(&mine_m, &mine) == 0);
	HOLDS(seal_tsig_check(&key, 1, &mine_m, &mine, NOW, &found) == TSIG_NOERROR);
	HOLDS(found == &key && memcmp(mac, mine.mac.p, mine.mac.n) == 0);
	buffer[mine.at / 2 + 2] ^= 1; /* not the ID, which may change */
	HOLDS(seal_tsig_check(&key, 1, &mine_m, &mine, NOW, &found) == TSIG_BADSIG);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct tsig_key *found;
	struct message m;
	struct tsig tsig;
	int error;

	if (key.n == 0)
		key_init();
	if (n > UINT16_MAX || message_parse((struct bytes){data, n}, &m) != 0 ||
	    tsig_read(&m, &tsig) != 0)
		return 0;
	record_holds(&m, &tsig);
	error = seal_tsig_check(&key, 1, &m, &tsig, NOW, &found);
	HOLDS(error >= 0 || error == -MAP_EFORMAT);
	if (error >= 0) {
		HOLDS((found == NULL) == (error == TSIG_BADKEY));
		answer_holds(found, &tsig, error);
	}
	signing_holds(&m, &tsig);
	return 0;
}
