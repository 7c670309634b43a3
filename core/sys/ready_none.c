/*
 * ready_none.c - no service manager is known: nothing to tell.
 */
#include "core/sys/ready.h"

void
ready_notify(void)
{
}
