/*
 * exits.c - what resolverd has found out of this host's exits, a source a line.
 */
#include "mapctl/exits.h"

#include <stdio.h>

static const char *
exit_text(json_t *row, const char *field)
{
	const char *text = json_string_value(json_object_get(row, field));

	return text != NULL ? text : "";
}

void
exits_print(json_t *answer)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "exits"), i, row)
	{
		const char *why = exit_text(row, "why");

		printf(
		    "%s %s%s%s, tried with %s beside %s; so for %lld s, looked at %lld s ago\n",
		    exit_text(row, "source"), exit_text(row, "state"),
		    why[0] != '\0' ? ": " : "", why, exit_text(row, "tried"),
		    exit_text(row, "beside"),
		    (long long)json_integer_value(json_object_get(row, "since")),
		    (long long)json_integer_value(json_object_get(row, "looked")));
	}
	puts(exit_text(answer, "message"));
}
