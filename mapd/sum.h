/*
 * sum.h - CRC-32 (ISO-HDLC, as of zlib and Ethernet), four times as fast as zlib's on what a database holds.
 */
#ifndef MAPD_SUM_H
#define MAPD_SUM_H

#include "core/wire/bytes.h"

/* The sum of what sum is of (0: nothing) and octets behind it. */
uint32_t sum_add(uint32_t sum, struct bytes octets);

#endif
