/*
 * disk.h - stands before fdatasync() of the whole process, libraries too: what is told of each is told before it is done.
 */
#ifndef TESTS_STORE_DISK_H
#define TESTS_STORE_DISK_H

/* Called in the thread that waits for the disk, before and after; NULL: nobody wants to know. */
extern void (*disk_before)(void), (*disk_after)(void);

#endif
