/*
 * ready_systemd.c - readiness told to systemd, when it started us (NOTIFY_SOCKET).
 */
#include "core/sys/ready.h"

#include <systemd/sd-daemon.h>

void
ready_notify(void)
{
	sd_notify(0, "READY=1");
}
