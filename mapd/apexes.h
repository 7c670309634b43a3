/*
 * apexes.h - the zones that the configuration names, loaded or not: a value that is never changed.
 */
#ifndef MAPD_APEXES_H
#define MAPD_APEXES_H

#include "mapd/rules.h"

struct apexes;

/* The apexes of the rules, copied. -MAP_ENOMEM */
int apexes_new(const struct rules *rules, struct apexes **out) NONNULL MUST_CHECK;
void apexes_free(struct apexes *apexes); /* NULL allowed */
/* Whether name is at or below one of them. */
bool apexes_have(const struct apexes *apexes, const struct name *name) NONNULL;

#endif
