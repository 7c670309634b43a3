/*
 * fault.c - a mapped file whose disk fails, or that somebody cuts, is a SIGBUS: it gets words.
 * Knows address ranges; knows nothing of what is in them.
 */
#include "mapd/fault.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mapd/lock.h"

static struct {
	uintptr_t base;
	size_t n;
	char text[LOCK_PATH + 256]; /* made before: a signal handler cannot print */
	size_t text_n;
} fault_watched[FAULT_COUNT];

static void
fault_caught(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	ssize_t ignored;

	(void)context;
	for (int i = 0; i < FAULT_COUNT; i++)
		if (at - fault_watched[i].base < fault_watched[i].n) {
			ignored = write(
			    STDERR_FILENO, fault_watched[i].text, fault_watched[i].text_n);
			(void)ignored;
			_exit(1);
		}
	/* somebody else's: as if nobody had asked, when the instruction is tried again */
	(void)sigaction(sig, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

void
fault_watch(enum fault which, const void *base, size_t n, const char *path)
{
	struct sigaction action = {.sa_sigaction = fault_caught, .sa_flags = SA_SIGINFO};
	bool journal = getenv("JOURNAL_STREAM") != NULL;
	int text_n;

	text_n = snprintf(fault_watched[which].text, sizeof fault_watched[which].text,
	    "%s%s: cannot be read any more: its disk fails (see the kernel's log), or it was "
	    "cut"
	    " while in use: restore it from a backup, or move it away and load the zones "
	    "again\n",
	    journal ? "<3>" : "mapd: error: ", path);
	fault_watched[which].text_n = strnlen(
	    fault_watched[which].text, text_n > 0 ? sizeof fault_watched[which].text : 0);
	fault_watched[which].base = (uintptr_t)base;
	fault_watched[which].n = base == NULL ? 0 : n;
	(void)sigaction(SIGBUS, &action, NULL);
}
