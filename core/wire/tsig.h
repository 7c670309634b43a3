/*
 * tsig.h - TSIG (RFC 8945): the record, and the octets under its MAC. core/trust/seal.h joins it with keys.
 */
#ifndef WIRE_TSIG_H
#define WIRE_TSIG_H

#include "core/wire/message.h"

#define TSIG_MAC_MOST 64
#define TSIG_FUDGE 300 /* seconds, of what is sent here */

enum tsig_error { TSIG_NOERROR = 0, TSIG_BADSIG = 16, TSIG_BADKEY = 17, TSIG_BADTIME = 18, TSIG_BADTRUNC = 22 };

struct tsig {
	size_t at; /* offset of the record in the message */
	struct name key, algorithm; /* lower case */
	uint64_t time; /* 48 bits, seconds since 1970 */
	uint16_t fudge, original_id, error;
	struct bytes mac, other; /* borrowed */
};

/*
 * The TSIG of a message: its last record, class ANY, TTL 0. 0; -MAP_ENOTFOUND: it has none; -MAP_EFORMAT: one
 * that is not so, elsewhere, or two of them.
 */
int tsig_read(const struct message *m, struct tsig *out) NONNULL MUST_CHECK;
/*
 * Appends what its MAC is taken over: request's MAC with its length (n 0: this is a request), the message (at least
 * a header) as it was without the record at at (ID and count put back; at the end of wire: there is none yet), and
 * the record's variables.
 */
void tsig_message(struct wr *wr, struct bytes wire, size_t at, const struct tsig *tsig,
    struct bytes request_mac) NONNULL;
/* Appends the record to a message whose counts are set already (and counted up here); message is all of wr. */
void tsig_put(struct wr *wr, const struct tsig *tsig) NONNULL;

#endif
