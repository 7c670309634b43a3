/*
 * sig0.h - SIG(0) (RFC 2931): the record, and the octets that are signed. core/trust/seal.h joins it with keys.
 */
#ifndef WIRE_SIG0_H
#define WIRE_SIG0_H

#include "core/wire/message.h"

struct sig0 {
	size_t at; /* offset of the record in the message */
	uint8_t algorithm;
	uint32_t expiration, inception;
	uint16_t tag;
	struct name signer; /* lower case */
	struct bytes head; /* RDATA up to the signature, as it came; borrowed */
	struct bytes signature; /* borrowed */
};

/*
 * The SIG(0) of a message: its last record, at the root, class ANY, TTL 0, type covered, labels and original
 * TTL 0, signer not compressed. 0; -MAP_ENOTFOUND: it has none; -MAP_EFORMAT: one that is not so, elsewhere,
 * two of them, or one beside a TSIG.
 */
int sig0_read(const struct message *m, struct sig0 *out) NONNULL MUST_CHECK;
/* Appends RDATA up to the signature. */
void sig0_head_put(struct wr *wr, const struct sig0 *sig) NONNULL;
/*
 * Appends what a request's is made over: sig->head, then the message (at least a header) without the record at
 * sig->at; where that is the end of wire, there is none yet.
 */
void sig0_message(struct wr *wr, struct bytes wire, const struct sig0 *sig) NONNULL;
/* The record, into a message whose counts are set already (and counted up here); message is all of wr. */
void sig0_put(struct wr *wr, const struct sig0 *sig) NONNULL;

#endif
