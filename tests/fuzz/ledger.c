/*
 * ledger.c - inputs that were given, and claims counted.
 */
#include "tests/fuzz/ledger.h"

#include <signal.h>

#include "core/wire/cursor.h"
#include "mapd/store.h"
#include "tests/fuzz/fuzz.h"

#define HISTORY "fuzz_register.history"
#define HISTORY_OCTETS ((size_t)16 << 20)
#define KEPT 32 /* zones and sources that are told apart */

/* --- inputs --- */

/* Sanitizers call it before they end the process. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static uint8_t *history;
static size_t used, last;
static bool inside;

/* In the form of pack.py, which replay.c takes by the name "found". */
static void
history_write(void)
{
	FILE *file = inside ? fopen(HISTORY, "wb") : NULL;

	inside = false;
	if (file == NULL)
		return;
	(void)!fwrite(history, 1, used, file);
	fclose(file);
	fprintf(stderr, "the inputs up to this one are in " HISTORY "\n");
}

/* SA_RESETHAND: the second one ends the process. */
static void
history_abort(int number)
{
	history_write();
	raise(number);
}

void
ledger_note(const uint8_t *data, size_t n)
{
	const struct sigaction on_abort = {
	    .sa_handler = history_abort, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

	if (history == NULL) {
		history = malloc(HISTORY_OCTETS);
		HOLDS(history != NULL);
		atexit(history_write);
		sigaction(SIGABRT, &on_abort, NULL);
		if (__sanitizer_set_death_callback != NULL)
			__sanitizer_set_death_callback(history_write);
	}
	last = used;
	if (n + 2 <= HISTORY_OCTETS - used) {
		put_u16(history + used, (uint16_t)n);
		memcpy(history + used + 2, data, n);
		used += 2 + n;
	}
	inside = true;
}

void
ledger_drop(void)
{
	used = last;
}

void
ledger_good(void)
{
	inside = false;
}

void
ledger_forget(void)
{
	used = 0;
}

/* --- claims --- */

static bool
owner_of(struct bytes key, struct name *owner)
{
	return name_from_key(key, owner) == 0;
}

bool
ledger_first(struct change *change, struct name *owner)
{
	const struct bytes first = {NULL, 0};
	struct bytes key, value;

	return change_ceiling(change, TABLE_LEASES, first, &key, &value) &&
	       owner_of(key, owner);
}

static struct name owners[65536];

static size_t
owners_read(struct change *change)
{
	const struct bytes first = {NULL, 0};
	struct bytes key, value;
	size_t n = 0;
	bool more = change_ceiling(change, TABLE_LEASES, first, &key, &value);

	for (; more; more = change_next(change, TABLE_LEASES, &key, &value)) {
		HOLDS(n < sizeof owners / sizeof owners[0]);
		HOLDS(owner_of(key, &owners[n++]));
	}
	return n;
}

static void
apex_of(const struct name *owner, const struct claim *claim, struct name *apex)
{
	unsigned labels = name_labels(owner);

	HOLDS(labels > claim->counted_labels);
	name_parent(owner, labels - claim->counted_labels, apex);
}

static uint64_t
older(uint64_t time, uint64_t seconds)
{
	return time == 0 ? 0 : time > seconds ? time - seconds : 1;
}

void
ledger_age(struct change *change, uint64_t seconds)
{
	size_t n = owners_read(change);
	struct claim claim;
	struct name apex;

	for (size_t i = 0; i < n; i++) {
		HOLDS(claim_get(change, &owners[i], &claim));
		claim.until = older(claim.until, seconds);
		claim.key_until = older(claim.key_until, seconds);
		apex_of(&owners[i], &claim, &apex);
		claim_put(change, &apex, &owners[i], &claim);
	}
}

struct tally {
	struct name apex;
	bool of_source;
	uint8_t source[CLAIM_SOURCE];
	uint64_t n;
};

static struct tally kept[KEPT];
static size_t n_kept;

static void
tally_add(const struct name *apex, const uint8_t *source)
{
	size_t i = 0;

	while (i < n_kept &&
	       !(name_equal(&kept[i].apex, apex) && kept[i].of_source == (source != NULL) &&
		   (source == NULL || memcmp(kept[i].source, source, CLAIM_SOURCE) == 0)))
		i++;
	HOLDS(i < KEPT);
	if (i == n_kept) {
		kept[n_kept++] = (struct tally){.apex = *apex, .of_source = source != NULL};
		if (source != NULL)
			memcpy(kept[i].source, source, CLAIM_SOURCE);
	}
	kept[i].n++;
}

/* It is counted where it says, and looked at no later than it ends. */
static bool
claim_holds(const struct name *owner, const struct claim *claim)
{
	uint64_t end = claim->until;
	struct name apex;

	apex_of(owner, claim, &apex);
	tally_add(&apex, NULL);
	tally_add(&apex, claim->source);
	if (end == 0 || (claim->key_until != 0 && claim->key_until < end))
		end = claim->key_until;
	HOLDS(end == 0 || (claim->entry != 0 && claim->entry <= end));
	return claim->entry != 0;
}

static size_t
rows_of(struct change *change, enum table table)
{
	const struct bytes first = {NULL, 0};
	struct bytes key, value;
	size_t n = 0;
	bool more = change_ceiling(change, table, first, &key, &value);

	for (; more; more = change_next(change, table, &key, &value))
		n++;
	return n;
}

void
ledger_holds(struct change *change)
{
	struct claim claim;
	size_t n = owners_read(change), entries = 0;

	n_kept = 0;
	for (size_t i = 0; i < n; i++) {
		HOLDS(claim_get(change, &owners[i], &claim));
		entries += claim_holds(&owners[i], &claim);
	}
	HOLDS(rows_of(change, TABLE_EXPIRY) == entries);
	HOLDS(rows_of(change, TABLE_COUNTS) == n_kept);
	for (size_t i = 0; i < n_kept; i++)
		HOLDS(kept[i].n == (kept[i].of_source ? claim_count_source(change,
							    &kept[i].apex, kept[i].source)
						      : claim_count(change, &kept[i].apex)));
}
