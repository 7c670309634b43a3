/*
 * referrer.c - hands an identity on: prints a reference to it, signed by an identity of this host.
 * "referrer BY KEYFILE IDENTITY PORT [AT]"; asks nobody.
 */
#include <stdio.h>
#include <stdlib.h>

#include "libmap/map.h"

#define HOUR 3600

int
main(int argc, char **argv)
{
	char plain[MAP_REFERENCE_TEXT], text[MAP_REFERENCE_TEXT], why[256] = "";
	unsigned long port;
	char *end;
	int error;

	if (argc != 5 && argc != 6) {
		fputs("usage: referrer BY KEYFILE IDENTITY PORT [AT]\n", stderr);
		return 2;
	}
	port = strtoul(argv[4], &end, 10);
	if (*end != '\0' || port == 0 || port > 65535) {
		fprintf(stderr, "referrer: %s: not a port\n", argv[4]);
		return 2;
	}
	error = map_reference_make(argv[3], argc == 6 ? argv[5] : NULL, (uint16_t)port, plain);
	if (error == 0)
		error =
		    map_reference_sign(plain, argv[1], argv[2], HOUR, text, why, sizeof why);
	if (error != 0) {
		fprintf(stderr, "referrer: %s: %s\n", map_error_text(error), why);
		return 1;
	}
	puts(text);
	return 0;
}
