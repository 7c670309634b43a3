/*
 * backlog.h - names that must be brought in step with the mapping of their identity by an edit of their zone.
 * They are noted in the transaction that the mapping is changed in, or in one before it, and stay until that is
 * done, whatever happens in between.
 *
 * TABLE_BACKLOG: ordered key of the name -> u8 version | u64 not before (seconds since 1970)
 */
#ifndef MAPD_BACKLOG_H
#define MAPD_BACKLOG_H

#include "core/wire/name.h"
#include "mapd/store.h"

struct work;

/* One more name; one that is in step costs a look. */
void backlog_put(struct change *change, const struct name *name, uint64_t not_before) NONNULL;
/* The names of an identity whose mapping changed, or may have. */
void backlog_put_names(struct change *change, const struct name *identity) NONNULL;
/* A name that was assigned to identity: none, while that has no mapping. */
int backlog_put_assigned(struct change *change, const struct name *name,
    const struct name *identity) NONNULL MUST_CHECK;
/*
 * What has to do with the content of the zone apex, which changes as a whole: before that, names of other zones whose
 * identities have a mapping in it; behind it, those that have one then, and its own names.
 */
int backlog_put_zone(
    struct change *change, const struct name *apex, bool behind) NONNULL MUST_CHECK;
/* Logs how many wait, if some do: that of a start, before anything is done. Fails as the store does. */
int backlog_tell(struct work *work) NONNULL MUST_CHECK;
/* Does what is due, of the mappings that are stored now; returns seconds until more is, at most limit. */
uint64_t backlog_step(struct work *work, uint64_t limit) NONNULL;

#endif
