/*
 * detach.h - leaving the terminal: the caller waits until the daemon serves.
 */
#ifndef SYS_DETACH_H
#define SYS_DETACH_H

/*
 * Goes on in a child process; the caller's process ends with status 0 when the descriptor returned
 * gets an octet (see priv_ready()), with 1 when it closes without. Before threads and databases.
 * -MAP_ESYS
 */
int detach(void);
/* Closes what still ties to the terminal, once errors need not be seen there any more. */
void detach_finish(void);

#endif
