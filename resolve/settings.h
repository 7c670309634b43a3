/*
 * settings.h - what libunbound is told, as the text of a configuration that it reads: some of it, as to leave its cache alone, can be
 * said only there.
 */
#ifndef RESOLVE_SETTINGS_H
#define RESOLVE_SETTINGS_H

#include "resolve/lookup.h"

struct settings {
	const struct resolver_options *options;
	uint64_t silent_ms; /* a server that is silent for so long is left alone */
	bool cached; /* else stubs and forwarders are asked past the cache */
	const uint8_t *source; /* the address of this host to ask by, IPv4 mapped; NULL: as the kernel chooses */
};

/* A descriptor in memory with the text, or -MAP_ECONFIG, -MAP_ESYS with the cause in why. */
int settings_open(const struct settings *settings, char *why, size_t max) NONNULL;

#endif
