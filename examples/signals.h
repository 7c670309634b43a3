/*
 * signals.h - how the one who runs a program asks it for what came since the last time, and to end.
 */
#ifndef EXAMPLES_SIGNALS_H
#define EXAMPLES_SIGNALS_H

#include <signal.h>

extern volatile sig_atomic_t mark_wanted; /* by SIGUSR1; whoever does it sets it back */
extern volatile sig_atomic_t stop_wanted; /* by SIGTERM or SIGINT */

void signals_take(void); /* from now on they set these; calls that wait are interrupted */

#endif
