/*
 * ahead.c - loads of a batch that were sent and are not answered yet: the batch goes on meanwhile.
 * Knows the order of lines and answers; knows nothing of zone files.
 */
#include "mapctl/ahead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "mapctl/control.h"
#include "mapctl/places.h"

#define AHEAD_LOADS 64 /* as many as mapd takes of a connection */
#define AHEAD_OCTETS ((size_t)8 << 20)

struct load {
	struct load *next;
	uint32_t id;
	unsigned line;
	const struct command *command;
	char argument[NAME_TEXT];
	struct places *places;
	size_t octets;
	json_t *answer; /* NULL: it has not come */
};

struct ahead {
	struct mapctl *m;
	struct load *first, **end;
	size_t n, octets;
	unsigned line;
	bool printing; /* what is said now is about one of them */
	enum status status;
};

struct ahead *
ahead_new(struct mapctl *m)
{
	struct ahead *ahead = calloc(1, sizeof *ahead);

	if (ahead == NULL)
		return NULL;
	ahead->m = m;
	ahead->end = &ahead->first;
	return ahead;
}

static void
load_free(struct load *load)
{
	json_decref(load->answer);
	places_free(load->places);
	free(load);
}

void
ahead_free(struct ahead *ahead)
{
	while (ahead != NULL && ahead->first != NULL) {
		struct load *load = ahead->first;

		ahead->first = load->next;
		load_free(load);
	}
	free(ahead);
}

void
ahead_line(struct ahead *ahead, unsigned number)
{
	ahead->line = number;
}

static void
line_note(struct ahead *ahead, unsigned line, enum status status)
{
	fflush(stdout);
	if (status != STATUS_DONE && !ahead->m->json)
		fprintf(stderr, "mapctl: standard input:%u: failed\n", line);
	if (ahead->status == STATUS_DONE)
		ahead->status = status;
}

void
ahead_note(struct ahead *ahead, enum status status)
{
	if (status != STATUS_DONE)
		ahead_drain(ahead);
	line_note(ahead, ahead->line, status);
}

enum status
ahead_status(const struct ahead *ahead)
{
	return ahead->status;
}

/* Prints the first one's answer as if its command ran; without one: the connection is lost. */
static void
first_print(struct ahead *ahead)
{
	struct mapctl *m = ahead->m;
	struct load *load = ahead->first;
	const struct command *command = m->command;
	const struct places *places = m->places;
	char argument[NAME_TEXT];
	enum status status = STATUS_NO_DAEMON;

	ahead->first = load->next;
	if (ahead->first == NULL)
		ahead->end = &ahead->first;
	ahead->n--;
	ahead->octets -= load->octets;
	memcpy(argument, m->argument, sizeof argument);
	m->command = load->command;
	m->places = load->places;
	memcpy(m->argument, load->argument, sizeof argument);
	ahead->printing = true;
	if (load->answer != NULL)
		status = control_show(m, load->answer);
	line_note(ahead, load->line, status);
	ahead->printing = false;
	m->command = command;
	m->places = places;
	memcpy(m->argument, argument, sizeof argument);
	load_free(load);
}

/* Takes one answer; false: none has come, or (lost) none will. */
static bool
answer_take(struct ahead *ahead, bool waits, bool *lost)
{
	struct load *load = ahead->first;
	enum status status;
	json_t *answer;
	uint32_t id = 0;

	ahead->printing = true; /* should the connection be lost, that is about them */
	status = ahead->m->control != NULL ? control_take(ahead->m, waits, &id, &answer)
					   : STATUS_NO_DAEMON;
	ahead->printing = false;
	*lost = status != STATUS_DONE;
	if (*lost || answer == NULL)
		return false;
	while (load != NULL && (load->id != id || load->answer != NULL))
		load = load->next;
	if (load != NULL)
		load->answer = answer;
	else
		json_decref(answer);
	return true;
}

/* Takes answers, and prints those whose turn it is, until at most so many loads have none. */
static void
ahead_wait(struct ahead *ahead, size_t most)
{
	bool lost = false;

	while (ahead->n > 0 && !lost) {
		while (ahead->first != NULL && ahead->first->answer != NULL)
			first_print(ahead);
		if (ahead->n == 0 || (!answer_take(ahead, ahead->n > most, &lost) && !lost))
			break;
	}
	while (lost && ahead->first != NULL)
		first_print(ahead);
}

void
ahead_drain(struct ahead *ahead)
{
	if (ahead != NULL && !ahead->printing)
		ahead_wait(ahead, 0);
}

void
ahead_make_room(struct ahead *ahead, const char *zone, size_t octets)
{
	size_t most = AHEAD_LOADS - 1;

	for (const struct load *load = ahead->first; load != NULL; load = load->next)
		if (strcmp(load->argument, zone) == 0)
			most = 0;
	ahead_wait(ahead, most);
	while (ahead->n > 0 && ahead->octets + octets > AHEAD_OCTETS)
		ahead_wait(ahead, ahead->n - 1);
}

enum status
ahead_add(struct ahead *ahead, struct places **places, size_t octets)
{
	struct mapctl *m = ahead->m;
	struct load *load = calloc(1, sizeof *load);

	if (load == NULL)
		return fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	load->id = control_leave(m);
	load->line = ahead->line;
	load->command = m->command;
	memcpy(load->argument, m->argument, sizeof load->argument);
	load->places = *places;
	*places = NULL;
	load->octets = octets;
	*ahead->end = load;
	ahead->end = &load->next;
	ahead->n++;
	ahead->octets += octets;
	ahead_wait(ahead, AHEAD_LOADS);
	return STATUS_DONE;
}
