/*
 * locators.h - the locators that --locator and --via name.
 */
#ifndef MAPCTL_LOCATORS_H
#define MAPCTL_LOCATORS_H

#include "core/wire/mapping.h"
#include "mapctl/command.h"
#include "mapctl/identity.h"

struct locators {
	size_t n;
	struct bytes rdata[MAPPING_SET]; /* ELOC records, in octets */
	struct {
		const char *option, *text;
	} given[MAPPING_SET]; /* what they were made of */
	uint8_t octets[MAPPING_SET][512];
};

/* Adds what an option says: its letter is l (--locator) or v (--via). */
enum status locators_option(
    const struct mapctl *m, struct locators *locators, int option, const char *text);
/* All of them together, when the realm is known, under which no locator can be. */
enum status locators_check(const struct mapctl *m, const struct locators *locators,
    const struct allocation *by);

#endif
