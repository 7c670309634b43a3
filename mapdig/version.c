/*
 * version.c - which mapdig this is, and with which libraries.
 */
#include "mapdig/version.h"

#include <jansson.h>

void
version_print(FILE *to)
{
	fprintf(to, "mapdig %s (jansson %s)\n", PACKAGE_VERSION, jansson_version_str());
}
