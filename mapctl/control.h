/*
 * control.h - the connection to a daemon (doc/control.md): frames out, frames in.
 */
#ifndef MAPCTL_CONTROL_H
#define MAPCTL_CONTROL_H

#include "core/wire/frame.h"
#include "mapctl/command.h"

/* Connects where that has not happened yet; says why it cannot. */
enum status control_open(struct mapctl *m);
void control_close(struct mapctl *m);

/* Sends {"command": the row's words, ...}; request is taken over. */
enum status control_ask(struct mapctl *m, json_t *request);
/* Sends one more frame of the same command. */
enum status control_send(struct mapctl *m, uint8_t type, struct bytes payload);
/* The next frame of the answer, borrowed until the next call of a control function. */
enum status control_receive(struct mapctl *m, struct frame *frame);
/* The answer has come already: the daemon does not want to hear the rest. */
bool control_has_answer(struct mapctl *m);
/* Leaves the answer for later, so that another load can be asked for before it comes; the command's id. */
uint32_t control_leave(struct mapctl *m);
/* The next answer that was left, caller frees; NULL: none has come yet, unless it waits for one. */
enum status control_take(struct mapctl *m, bool waits, uint32_t *id, json_t **answer);
/* Prints an answer by the row's show, or the error it holds. */
enum status control_show(struct mapctl *m, json_t *answer);
/* Receives the closing answer, prints it by the row's show, or the error it holds. */
enum status control_finish(struct mapctl *m);
/* The same when it is at hand. */
enum status control_answer(struct mapctl *m, const struct frame *frame);

#endif
