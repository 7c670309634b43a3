/*
 * heartbeat.h - whether pairs of addresses live, asked and answered: probes of protocol 12 over prober.c.
 * Costs no packet until somebody has a suspicion.
 */
#ifndef RESOLVERD_HEARTBEAT_H
#define RESOLVERD_HEARTBEAT_H

#include "resolverd/prober.h"

#define HEARTBEAT_PAIRS (PROBE_REPORTS + 1) /* of one check: an answer reports on all others */
#define HEARTBEAT_MOST 20 /* probes of a pair ... */
#define HEARTBEAT_MOST_MS 200 /* ... in such a time, whoever asks: further ones wait */

enum beat {
#define X(name, word, lives) name,
#include "resolverd/beats.def"
#undef X
	BEATS
};

const char *beat_word(enum beat beat); /* a static string */
bool beat_lives(enum beat beat);

struct account;
struct heartbeat; /* the sockets, the checks under way, and whom to answer */
struct heartbeat_check;

struct heartbeat_plan {
	struct account *account; /* whose: nobody has more under way than he leaves to all others; NULL: this daemon's own */
	size_t n; /* of ways; checked side by side, so that each is a control of the others */
	struct prober_way ways[HEARTBEAT_PAIRS];
	uint32_t rtt_us[HEARTBEAT_PAIRS]; /* that are expected of them; 0: not known */
	bool warns; /* the peer is to look at the paths of the session, too; those who share a check's probes add to it */
	unsigned probes;      /* on each way, until it answers */
	unsigned gap_ms;      /* between two of them */
	unsigned patience_ms; /* after the last */
	unsigned lead; /* not 0: when another way has answered its probe of this number, or a later one, and two expected round
	                  trips are over, a way that answered none is dead: it need not be waited for */
};

struct heartbeat_outcome {
	enum beat beat;
	uint32_t rtt_us; /* BEAT_ALIVE, BEAT_CLOSED */
	uint8_t by[16];  /* BEAT_UNREACHABLE, BEAT_PROHIBITED: who said so */
};

/* One for each way, borrowed until it returns; the check is gone. */
typedef void heartbeat_fn(void *arg, const struct heartbeat_outcome *outcomes, size_t n);

/* A probe came this way; warns: as its sender has a path of a session that is silent. Whether a session leads to him: he is answered more
 * freely than a stranger. */
typedef bool heartbeat_knows_fn(void *arg, const struct prober_way *way, bool warns);

/* port 0: ask only. Errors as prober_open(). */
int heartbeat_open(struct loop *loop, uint16_t port, heartbeat_knows_fn *knows, void *arg, struct heartbeat **out)
    __attribute__((nonnull(1, 3, 5))) MUST_CHECK;
/* The checks under way end without a word. NULL allowed. */
void heartbeat_close(struct heartbeat *heartbeat);
bool heartbeat_hears(const struct heartbeat *heartbeat) NONNULL; /* who probes this host is answered */

/* Starts a check, or shares the probes of one under way that has all its ways, the first of which has not answered yet: however
 * many ask, a pair gets no more of them, and those who share are not counted. fn is called once, not before this returns.
 * -MAP_ENOMEM, -MAP_ELIMIT, -MAP_ECRYPTO */
int heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan, heartbeat_fn *fn, void *arg,
    struct heartbeat_check **out) __attribute__((nonnull(1, 2, 3, 5))) MUST_CHECK;
void heartbeat_cancel(struct heartbeat_check *check); /* fn is not called; NULL allowed */

/* Whether a check found this way alive within the last ms, and how: those who share a pair share its probes. */
bool heartbeat_lately(struct heartbeat *heartbeat, const struct prober_way *way, uint64_t ms,
    struct heartbeat_outcome *out) NONNULL;

#endif
