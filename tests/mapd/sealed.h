/*
 * sealed.h - UPDATE messages, put together and sealed as a host or an administrator does it; and a pretended writer
 * that takes them.
 */
#ifndef TESTS_MAPD_SEALED_H
#define TESTS_MAPD_SEALED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/sys/crypto.h"
#include "core/trust/seal.h"
#include "mapd/admission.h"

#define SEALED_MAX 65535

/* Who signs. */
struct host {
	struct crypto_key *key;
	struct name name; /* of the key's identity in realm */
	uint8_t rdata[68]; /* KEY */
	size_t n;
};
void host_new(struct host *host, int algorithm, const char *realm);
/* The same key at a name that certifies nothing. */
void host_rename(struct host *host, const char *name);
void host_free(struct host *host);

/* A message being written, into its own octets. */
struct sealed {
	uint8_t octets[SEALED_MAX];
	struct wr wr;
};
void sealed_start(struct sealed *s, const char *zone, uint16_t class, uint16_t id);
/* A record of the sections prerequisite (1), update (2), additional (3). */
void sealed_record(struct sealed *s, unsigned section, const struct name *owner, uint16_t type,
    uint16_t class, uint32_t ttl, struct bytes rdata);
void sealed_add_key(struct sealed *s, const struct host *host);
void sealed_add_eloc(struct sealed *s, const struct name *owner, uint8_t number);
/* A proof of host over the ELOC records of these numbers, which is what sealed_add_eloc() adds; spoilt: a wrong one. */
void sealed_add_proof(
    struct sealed *s, const struct host *host, const uint8_t *numbers, size_t n, bool spoilt);
/* An OPT, with these options. */
void sealed_opt(struct sealed *s, struct bytes options);
/* SIG(0) with times around now. */
void sealed_sign(
    struct sealed *s, const struct host *host, int64_t inception, int64_t expiration);
struct bytes sealed_bytes(const struct sealed *s);

/* Takes what it gets, as many as it has room for, from any thread. */
struct taker {
	unsigned room; /* after that it says -MAP_ELIMIT */
	bool answers; /* at once, with NOERROR */
	int got; /* eventfd, a semaphore: one for each */
	_Atomic unsigned n;
	_Atomic(struct proposal *) taken; /* the last first */
};
void taker_init(struct taker *taker, unsigned room);
void taker_fini(struct taker *taker);
int taker_propose(void *arg, struct proposal *proposal); /* as writer_propose() */
/* Waits until n more were taken. */
void taker_wait(struct taker *taker, unsigned n);

#endif
