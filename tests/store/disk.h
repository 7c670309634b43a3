/*
 * disk.h - stands before what the whole process writes to a disk and waits for, libraries too: what is told of each is
 * told before it is done.
 */
#ifndef TESTS_STORE_DISK_H
#define TESTS_STORE_DISK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* Called in the thread that waits for the disk by fdatasync(), before and after; NULL: nobody wants to know. */
extern void (*disk_before)(void), (*disk_after)(void);
/* After a write at a place in one of LMDB's meta pages; whether it waited itself (O_DSYNC). */
extern void (*disk_put)(off_t at, bool waited);
/* So many times more fdatasync() fails: disk_fails is called in the place of disk_after. */
extern _Atomic unsigned disk_failures;
extern void (*disk_fails)(void);
/* So many times more a write of a meta page fails. */
extern _Atomic unsigned disk_head_failures;
/* Writes since the last fdatasync(), but for the meta pages: a commit has some. */
extern _Atomic unsigned disk_written;

#endif
