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
/* Logs how many wait, if some do: that of a start, before anything is done. Fails as the store does. */
int backlog_tell(struct work *work) NONNULL MUST_CHECK;
/* Does what is due, of the mappings that are stored now; returns seconds until more is, at most limit. */
uint64_t backlog_step(struct work *work, uint64_t limit) NONNULL;

#endif
