/*
 * errors.h - the errors of the whole project, one row each in errors.def.
 * The public map.h repeats the list for applications; tests/style holds the two equal.
 */
#ifndef WIRE_ERRORS_H
#define WIRE_ERRORS_H

#ifndef MAP_ERRORS
#define MAP_ERRORS
enum map_error {
#define X(name, number, text) name = number,
#include "core/wire/errors.def"
#undef X
};
#endif

/* The text of an error as returned (negative or positive); a static string. */
const char *error_text(int error);
/* Its name, "MAP_ETRUNC"; a static string. */
const char *error_name(int error);

#endif
