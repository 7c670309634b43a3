/*
 * main.c - mapdig: a name, an identity or a locator looked up, with a verdict for each edge.
 */
#include "mapdig/mapdig.h"

int
main(int argc, char **argv)
{
	return mapdig_run(argc, argv);
}
