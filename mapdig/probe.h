/*
 * probe.h - connects to every locator of a result at once, and times it.
 */
#ifndef MAPDIG_PROBE_H
#define MAPDIG_PROBE_H

#include "mapdig/report.h"

#define PROBE_MS 2000 /* as a session's attempts */

/* One entry for each locator, in the order of identities; caller frees. -MAP_ENOMEM */
int probe_all(const struct result *result, uint16_t port, struct probe **out);

#endif
