/*
 * signals.c - two marks and who sets them.
 */
#include "examples/signals.h"

#include <stddef.h>

volatile sig_atomic_t mark_wanted, stop_wanted;

static void
on_signal(int number)
{
	if (number == SIGUSR1)
		mark_wanted = 1;
	else
		stop_wanted = 1;
}

void
signals_take(void)
{
	static const int numbers[] = {SIGUSR1, SIGTERM, SIGINT};
	struct sigaction a = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		sigaction(numbers[i], &a, NULL);
}
