/*
 * reverse.h - locator -> identity: asked for every locator found, and held against who has it.
 */
#ifndef RESOLVE_REVERSE_H
#define RESOLVE_REVERSE_H

#include "resolve/resolver.h"

#define REVERSE_MAX 64 /* locators asked for in one look-up */

/* What the EPID set at a locator's reverse name says of its being id's; claimed is filled on a
 * mismatch, with the first identity named there. The locator is in id's trusted set already. */
enum verdict reverse_verdict(const struct edge *edge, const struct bytes *rdata, size_t n,
    const struct eid *id, struct eid *claimed) __attribute__((nonnull(1, 4, 5)));
/* Asks, and fills reverse and claimed of found's locators; left counts down from REVERSE_MAX, lifetime
 * (seconds) is lowered to that of each answer.
 * True when all are known. */
bool reverse_step(struct inquiry *inquiry, struct found_identity *found, size_t *left,
    uint32_t *lifetime) NONNULL;
void reverse_give_up(struct found_identity *found, uint32_t *lifetime) NONNULL;

#endif
