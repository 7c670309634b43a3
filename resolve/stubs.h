/*
 * stubs.h - stub zones and forwarders as the text of a configuration that libunbound reads: only
 * there it can be told to leave its cache alone.
 */
#ifndef RESOLVE_STUBS_H
#define RESOLVE_STUBS_H

#include "resolve/lookup.h"

/* A descriptor in memory with the text, or -MAP_ECONFIG, -MAP_ESYS with the cause in why. */
int stubs_open(const struct resolver_options *options, bool cached, char *why, size_t max);

#endif
