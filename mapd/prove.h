/*
 * prove.h - whether a host receives at the addresses that it registers (protocol 8): tokens sent to them, which
 * it brings back. Nothing is remembered of a request. Shared by all threads, without locks.
 */
#ifndef MAPD_PROVE_H
#define MAPD_PROVE_H

#include "core/wire/name.h"
#include "core/wire/update.h"

#define PROVE_PROBE 32 /* octets: "prove-1" 00, the address, the token */
#define PROVE_PERIOD 300 /* seconds; a token is good for one to two of them */
#define PROVE_PAUSE 5 /* seconds between probes to one address that are asked for from one place */
#define PROVE_OTHERS 8 /* in PROVE_PAUSE to one address, of all places that are not its own network */

struct prover;

/*
 * secret: of who wants tokens to be known again after a restart, or by another server; n 0: one of this
 * process. -MAP_ENOMEM, -MAP_ECRYPTO
 */
int prover_new(struct bytes secret, struct prover **out) NONNULL MUST_CHECK;
/* The same instead, from now on, in one thread; n 0: nothing changes. Tokens of the one before are good until they are over. */
int prover_set(struct prover *prover, struct bytes secret) NONNULL MUST_CHECK;
void prover_free(struct prover *prover); /* NULL allowed */

/* The token of an address (IPv4 mapped) for owner (lower case), the name of who signs. -MAP_ECRYPTO */
int prove_token(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    uint64_t now, uint8_t token[PROVE_TOKEN]) NONNULL MUST_CHECK;
/* Whether one of the tokens, PROVE_TOKEN octets each, is the address's, of this period or the last. */
bool prove_holds(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    struct bytes tokens, uint64_t now) NONNULL MUST_CHECK;
/*
 * Whether address may get a probe at now, which is then noted. asker: the address that asks, when it has shown that it
 * is there; NULL: it has not, and all of these are one place. So is a /24 or /56; but the address itself is one of
 * its own, so that nobody else uses up what it may ask for.
 */
bool prove_may_probe(struct prover *prover, const uint8_t address[16], const uint8_t *asker,
    uint64_t now) __attribute__((nonnull(1, 2))) MUST_CHECK;
/* The datagram that is sent to address. -MAP_ECRYPTO */
int prove_probe(const struct prover *prover, const struct name *owner, const uint8_t address[16],
    uint64_t now, uint8_t probe[PROVE_PROBE]) NONNULL MUST_CHECK;

#endif
