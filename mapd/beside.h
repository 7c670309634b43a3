/*
 * beside.h - stored names beside those that an edit changes, without which their place in the tree and in
 * the chain of denial cannot be told.
 */
#ifndef MAPD_BESIDE_H
#define MAPD_BESIDE_H

#include "core/zone/records.h"
#include "mapd/places.h"

/*
 * Adds to rows what lies beside the places, whose new records are counted, and all that the places above
 * them hold. In a zone with NSEC, names before changed ones are put into before: their proof names another
 * next name. -MAP_ENOMEM, -MAP_EDATABASE
 */
int beside_add(
    struct places *places, struct records *rows, struct places *before) NONNULL MUST_CHECK;

#endif
