/*
 * shapes.h - the keys of a configuration with values of every wrong shape, for the tests of both daemons.
 */
#ifndef TESTS_SYS_SHAPES_H
#define TESTS_SYS_SHAPES_H

#include "core/sys/conf.h"

/* Reads a configuration of this text, which must be refused. */
typedef void shapes_fn(const char *text, char message[CONF_MESSAGE]);

/* Keys that have a single value, and keys that have a list of them; both end with NULL. */
void shapes_check(const char *const *singles, const char *const *lists, shapes_fn *must_refuse);

#endif
