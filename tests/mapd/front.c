/*
 * front.c - see front.h.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/mapd/front.h"

unsigned front_waiting;

static void *
remember(const struct asker *asker, const uint8_t *cookie)
{
	(void)asker;
	(void)cookie;
	front_waiting++;
	return &front_waiting;
}

static void
forget(void *origin)
{
	assert_ptr_equal(origin, &front_waiting);
	front_waiting--;
}

bool
front_open(struct front *front, struct world *world, const struct admission_writer *writer,
    void (*done)(struct proposal *list))
{
	struct admission_options options = {
	    .store = world_store(world), .writer = *writer, .threads = 1};

	*front =
	    (struct front){.updates = {.remember = remember, .forget = forget, .done = done}};
	front_waiting = 0;
	if (charters_new(world_rules(world), &front->charters) != 0 ||
	    prover_new((struct bytes){NULL, 0}, &front->prover) != 0)
		return false;
	options.prover = front->prover;
	if (admission_open(&options, &front->admission) != 0)
		return false;
	front->updates.charters = front->charters;
	front->updates.admission = front->admission;
	world_updates(world, &front->updates);
	return true;
}

void
front_close(struct front *front)
{
	admission_close(front->admission);
}

void
front_free(struct front *front)
{
	prover_free(front->prover);
	charters_free(front->charters);
}
