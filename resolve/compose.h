/*
 * compose.h - from a settled search to locators: those given, and those made of prefix and host part.
 */
#ifndef RESOLVE_COMPOSE_H
#define RESOLVE_COMPOSE_H

#include "resolve/search.h"

/* Fills found->locators, best first, with what may be used, and found->error. */
void compose_locators(struct search *s) NONNULL;

#endif
