/*
 * roll.h - what each key of a zone does in each phase of a rollover, and when the next is safe.
 * Values in, a verdict out: knows no store, no file and no clock.
 */
#ifndef MAPD_ROLL_H
#define MAPD_ROLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROLL_DNSKEY_TTL 3600 /* seconds: of DNSKEY, CDS and CDNSKEY */

#define ROLE_KSK 1 /* signs the DNSKEY set; the parent's DS is of it */
#define ROLE_ZSK 2 /* signs all else */
#define ROLE_CSK (ROLE_KSK | ROLE_ZSK)

enum key_side {
	KEY_CURRENT, /* in use */
	KEY_OLD,     /* in use, being replaced */
	KEY_NEW,     /* comes into use */
	KEY_SPARE    /* waits for a roll */
};

#define DUTY_PUBLISH 1
#define DUTY_SIGN 2
#define DUTY_DS 4

#define ROLL_W_DNSKEY 1
#define ROLL_W_DATA 2
#define ROLL_W_DS 4
#define ROLL_W_WALK 8

enum roll_kind {
	ROLL_NONE,
#define ROLL(kind, word, says) ROLL_##kind,
#define PHASE(kind, word, new, old, passes, says)
#include "mapd/roll.def"
#undef ROLL
#undef PHASE
	ROLL_KINDS
};

/* Where a zone's roll stands. */
struct roll {
	uint8_t kind;  /* enum roll_kind */
	uint8_t phase; /* from 0 */
	uint64_t since;  /* when the phase began, seconds since 1970, as all times here */
	uint64_t walked; /* when all was signed as the phase wants it; 0: not yet */
	uint64_t seen;   /* when the parent had the new DS; 0: not yet */
	uint32_t ds_ttl; /* of the parent's DS, the longest that was seen; 0: none was */
	uint32_t data_ttl; /* the longest in the zone when the phase began */
};

struct roll_phase {
	uint8_t kind;
	const char *word, *says;
	uint8_t duties_new, duties_old; /* DUTY_* */
	uint8_t passes;			/* ROLL_W_* */
};

/* "zsk", "ksk", "keys", "algorithm"; "none". */
const char *roll_word(unsigned kind);
/* The roll's phase; NULL: there is none of that number. */
const struct roll_phase *roll_phase(unsigned kind, unsigned phase);
/* What a key of role on side does now: DUTY_* that its role has. */
uint8_t roll_duties(const struct roll *roll, uint8_t role, enum key_side side);

/* Whether the next phase is safe, and else what for and until when. */
struct roll_verdict {
	bool ready;
	uint8_t missing; /* ROLL_W_WALK, ROLL_W_DS: what has not come to pass, whose time is not known */
	uint64_t at;	 /* nothing missing: when it is safe */
};
/* propagation: seconds until all servers of the zone have a change. */
struct roll_verdict roll_check(const struct roll *roll, uint32_t propagation, uint64_t now);
/* Whether the phase has all signatures looked at, and that is not done yet. */
bool roll_wants_walk(const struct roll *roll);
/* Whether the phase waits for the parent. */
bool roll_wants_ds(const struct roll *roll);

#endif
