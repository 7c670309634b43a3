/*
 * ready.h - readiness told to the service manager; which one is chosen in sources.am.
 */
#ifndef SYS_READY_H
#define SYS_READY_H

void ready_notify(void);

#endif
