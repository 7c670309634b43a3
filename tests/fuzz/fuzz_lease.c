/*
 * fuzz_lease.c - any octets as the options of a message: LEASE and PROVE among them are the same when they are
 * written and read again.
 */
#include "tests/fuzz/fuzz.h"

#include "core/wire/rrtype.h"
#include "core/wire/update.h"

/* The options of a message that has these; false: they are none. */
static bool
options_read(struct bytes options, struct edns *out)
{
	static uint8_t octets[UINT16_MAX];
	struct wr wr = wr_init(octets, sizeof octets);
	struct message m;

	wr_u16(&wr, 0);
	wr_u16(&wr, OPCODE_UPDATE << 11);
	wr_u32(&wr, 0);
	wr_u32(&wr, 1);
	name_put(&wr, &name_root);
	wr_u16(&wr, RR_OPT);
	wr_u16(&wr, 1232);
	wr_u32(&wr, 0);
	wr_u16(&wr, (uint16_t)options.n);
	wr_bytes(&wr, options);
	if (wr.error != 0 || message_parse(wr_done(&wr), &m) != 0)
		return false;
	*out = m.edns;
	return true;
}

static void
lease_holds(const struct lease_option *lease)
{
	uint8_t octets[16];
	struct wr wr = wr_init(octets, sizeof octets);
	struct lease_option back;
	struct edns edns;

	HOLDS(lease->both || lease->lease == lease->key_lease);
	lease_option_put(&wr, lease);
	HOLDS(wr.error == 0 && options_read(wr_done(&wr), &edns));
	HOLDS(lease_option_read(&edns, &back) && back.present && back.both == lease->both);
	HOLDS(back.lease == lease->lease && back.key_lease == lease->key_lease);
}

static void
prove_holds(const struct prove_option *prove)
{
	uint8_t octets[6 + PROVE_MOST * PROVE_TOKEN], tokens[PROVE_MOST * PROVE_TOKEN];
	struct wr wr = wr_init(octets, sizeof octets);
	struct prove_option back;
	struct edns edns;

	HOLDS(prove->port != 0 && prove->tokens.n % PROVE_TOKEN == 0);
	HOLDS(prove->tokens.n <= sizeof tokens);
	if (prove->tokens.n > 0)
		memcpy(tokens, prove->tokens.p,
		    prove->tokens.n); /* they lie where the next are read */
	prove_option_put(&wr, prove);
	HOLDS(wr.error == 0 && options_read(wr_done(&wr), &edns));
	HOLDS(prove_option_read(&edns, &back) && back.present && back.port == prove->port);
	HOLDS(bytes_equal(back.tokens, (struct bytes){tokens, prove->tokens.n}));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lease_option lease;
	struct prove_option prove;
	struct edns edns;

	if (n > UINT16_MAX || !options_read((struct bytes){data, n}, &edns))
		return 0;
	if (lease_option_read(&edns, &lease) && lease.present)
		lease_holds(&lease);
	if (options_read((struct bytes){data, n}, &edns) && prove_option_read(&edns, &prove) &&
	    prove.present)
		prove_holds(&prove);
	return 0;
}
