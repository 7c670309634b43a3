/*
 * work.h - what the writer thread works with, and the changes it makes to zones as a whole.
 */
#ifndef MAPD_WORK_H
#define MAPD_WORK_H

#include "mapd/batch.h"
#include "mapd/keyset.h"
#include "mapd/plan.h"
#include "mapd/remark.h"

/* The zone whose signatures must be renewed before all others'. */
struct work_due {
	bool known; /* else it must be looked for */
	bool any; /* there is a zone at all */
	uint32_t at;
	uint32_t id;
	struct name apex;
};

#define WORK_CLAIMS 4096 /* looked at in one transaction that removes them */
#define WORK_SCRATCH 24576 /* records and signatures of the largest name */

struct renew;
struct replay;
struct prover;

/* owned by the writer thread */
struct work {
	struct store *store; /* borrowed */
	struct keyring *ring;
	struct pool *pool;
	struct batch *batch, *behind;
	struct journal *journal;
	struct replay *replay;
	const struct prover *prover; /* borrowed; NULL: nothing is to be proved */
	const struct rules *rules; /* borrowed until other rules are set */
	struct keyset **keys; /* by apex, read once */
	size_t n_keys, max_keys;
	bool rolling; /* a roll may be going on, or may have to begin */
	uint64_t roll_at; /* when to look at the rolls again (seconds since 1970) */
	struct work_due due;
	struct remark behind_said, leases_said; /* that names are not in step, that leases cannot be ended */
	struct renew *walk; /* borrowed: the walk that may be going on; NULL: none */
	struct bytes *scratch; /* WORK_SCRATCH of them */
};

#define OUTCOME_DONE 512

/* What a change of a zone came to. */
struct outcome {
	uint32_t serial;
	uint32_t previous; /* meaningful when replaced */
	bool replaced;
	bool revised; /* in place: added and removed are meaningful */
	bool unchanged; /* nothing differed, and nothing was written */
	uint64_t records, added, removed;
	uint32_t resign, expires; /* of the zone's signatures, the first times (RFC 1982) */
	uint64_t at; /* of a roll that cannot go on yet: when it can; 0: not known */
	char done[OUTCOME_DONE]; /* what a change of keys came to, as a sentence without the zone's name */
	uint64_t refused; /* number of the record that is at fault, from 0; PLAN_NONE */
	char why[PLAN_WHY]; /* one sentence without the zone's name, when it failed */
};

/* Opens the keyring and the key of each zone, and drops what a crash left behind. */
int work_init(struct work *work, struct store *store, const char *keys,
    const struct rules *rules, unsigned threads, char *why, size_t max);
void work_fini(struct work *work);

/* Warns of a zone, and of each zone, that is not as the rules have it. */
void work_compare_zone(const struct work *work, const struct zone *zone) NONNULL;
int work_compare(struct work *work) NONNULL MUST_CHECK;

/* The zone of that apex; false: none. */
bool work_zone(struct change *change, const struct name *apex, struct zone *out);
/* The closest zone at or above name; false: none. */
bool work_zone_of(struct change *change, const struct name *name, struct zone *out) NONNULL;
/* The zone after *key (n 0: the first) in the store's order; key is moved to it. */
bool work_zone_next(struct change *change, uint8_t key[NAME_KEY], size_t *n, struct zone *out);
void work_zone_put(struct change *change, const struct zone *zone);
/* The keys of apex: from memory, else opened or made in change. */
int work_keys(struct work *work, struct change *change, const struct name *apex,
    const struct keyset **out, char *why, size_t max);
/* The same from memory alone; NULL: not there. */
struct keyset *work_keys_known(const struct work *work, const struct name *apex);
/* Takes set over in the place of what is known of its apex: its change is durable. -MAP_ENOMEM */
int work_keys_take(struct work *work, struct keyset *set);
/* Forgets the keys of apex: the change they were made in did not come to pass. */
void work_forget(struct work *work, const struct name *apex);
/* Told of each zone that was written or removed, once that is durable. */
void work_due_note(struct work *work, const struct zone *zone);
/* Finds the zone that is due first; false: there is none, or an error. */
bool work_due_find(struct work *work);
/*
 * Whether now is no earlier than what was signed before. Else -MAP_EREFUSED: signatures would begin in the
 * past of those that are served, or have ended already.
 */
int work_check_clock(struct change *change, uint64_t now, char *why, size_t max);
/* Remembers now for that, unless later was seen. */
void work_put_clock(struct change *change, uint64_t now);
/* Removes all that stands under a zone's id, which nothing refers to any more. */
int work_sweep(struct work *work, uint32_t id);
/* Removes the claims that are counted in a zone, from one name on (apex: all), some in each transaction. */
int work_sweep_claims(
    struct work *work, const struct name *apex, const struct name *from) NONNULL MUST_CHECK;

/* Makes or replaces the zone by records (as frame_record_put() writes them); durable when 0. */
int work_load(
    struct work *work, const struct name *apex, struct bytes records, struct outcome *out);
/* Writes the zone's own records and all that is made of them anew, as the rules now have it. */
int work_rebuild(struct work *work, const struct name *apex, struct outcome *out);
/* Removes the zone and the claims of its names; its keys and its serial are kept. -MAP_ENOTFOUND */
int work_remove(struct work *work, const struct name *apex, struct outcome *out);

#endif
