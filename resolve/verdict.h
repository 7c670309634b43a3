/*
 * verdict.h - what an edge is worth, and which error the policy of protocol 6 makes of it.
 * Pure functions and tables; nothing is asked here.
 */
#ifndef RESOLVE_VERDICT_H
#define RESOLVE_VERDICT_H

#include "core/wire/result.h"

/* 0 when the edge may be used under flags (RESOLVE_*), else -MAP_E... . */
int verdict_edge_error(const struct edge *edge, unsigned flags) NONNULL;
/* What trust_proof_verify() or seen_check() returned, as the verdict of a proof. */
enum verdict verdict_of_proof(int error);
/* In words, for the why of the edge; "" when there is nothing to say. */
const char *verdict_proof_why(enum verdict proof);
/* A proof that speaks against its set: never lifted by any flag. Else 0. */
int verdict_proof_error(enum verdict proof);

/*
 * Identity -> locators: 0 or why it may not be used. strong: the identity itself came from a secure
 * EPID, a signed reference, or the caller, so that 64 bits of a key's hash are enough.
 */
int verdict_mapping_error(const struct found_identity *found, bool strong, unsigned flags) NONNULL;
/* What vouches for a locator of such a mapping; set: its prefix set's edge, NULL for a direct one. */
enum verdict verdict_locator(const struct found_identity *found, bool strong, const struct edge *set)
    __attribute__((nonnull(1)));
/* The locator may be used under flags. */
bool verdict_locator_usable(enum verdict trust, bool composed, unsigned flags);

#endif
