/*
 * session.c - what resolverd knows of this host's sessions: a line each, and the story of one.
 */
#include "mapctl/session.h"

#include <stdio.h>

static const char *
session_text(json_t *row, const char *field)
{
	const char *text = json_string_value(json_object_get(row, field));

	return text != NULL ? text : "?";
}

static long long
session_number(json_t *row, const char *field)
{
	return (long long)json_integer_value(json_object_get(row, field));
}

static void
session_print(json_t *row)
{
	printf("%lld %s %s port %lld -> %s port %lld, %s, %s, user %lld, %lld s\n",
	    session_number(row, "session"), session_text(row, "transport"),
	    session_text(row, "source"), session_number(row, "source_port"),
	    session_text(row, "destination"), session_number(row, "destination_port"),
	    session_text(row, "peer"), session_text(row, "class"), session_number(row, "user"),
	    session_number(row, "age"));
}

void
sessions_print(json_t *answer)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "sessions"), i, row) session_print(row);
}

void
session_why_print(json_t *answer)
{
	json_t *row;
	size_t i;

	session_print(json_object_get(answer, "is"));
	json_array_foreach(json_object_get(answer, "story"), i, row)
	{
		long long ago = session_number(row, "ago");

		printf("  %lld.%03lld s ago: %s\n", ago / 1000, ago % 1000,
		    session_text(row, "what"));
	}
}
