/*
 * fuzz_zone.c - any text as a zone file; what is taken is printed, and must be taken again.
 */
#include "tests/fuzz/fuzz.h"

#include "core/wire/errors.h"
#include "core/zone/reading.h"

static char line[ZONE_LINE];

static int
record_print(void *arg, const struct rr *rr, const struct zone_place *place)
{
	int n = zone_print(rr, line, sizeof line);

	(void)place;
	HOLDS(n > 0);
	if (arg != NULL)
		HOLDS(fwrite(line, 1, (size_t)n, arg) == (size_t)n);
	return 0;
}

static void
message_ignore(void *arg, const char *message)
{
	HOLDS(message != NULL);
	++*(unsigned *)arg;
}

/* Reads text as a zone, or as records that make none; prints to the stream where there is one. */
static int
zone_of(char *text, size_t n, bool loose, FILE *to, unsigned *messages)
{
	struct zone_options options = {.private_locators = true, .max_messages = 8};
	struct name apex;
	struct reading r;
	FILE *file = fmemopen(text, n, "r");
	int error;

	HOLDS(file != NULL && name_from("example.org", &apex) == 0);
	HOLDS(reading_init(&r, &apex, &options, message_ignore, messages) == 0);
	r.loose = loose;
	error = reading_file(&r, file, "fuzz");
	if (error == 0)
		error = reading_finish(&r, record_print, to);
	HOLDS((error == 0) == (r.errors == 0));
	reading_fini(&r);
	return error;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *printed = NULL;
	size_t printed_n = 0;
	unsigned messages = 0;
	FILE *to;

	if (n == 0)
		return 0;
	to = open_memstream(&printed, &printed_n);
	HOLDS(to != NULL);
	/* fmemopen() only reads, but does not say so. */
	if (zone_of((char *)(uintptr_t)data, n, false, to, &messages) == 0) {
		HOLDS(fflush(to) == 0 && messages == 0);
		HOLDS(zone_of(printed, printed_n, false, NULL, &messages) == 0);
		HOLDS(zone_of(printed, printed_n, true, NULL, &messages) == 0);
	} else
		HOLDS(messages > 0 && messages <= 9);
	messages = 0;
	if (zone_of((char *)(uintptr_t)data, n, true, NULL, &messages) != 0)
		HOLDS(messages > 0 && messages <= 9);
	fclose(to);
	free(printed);
	return 0;
}
