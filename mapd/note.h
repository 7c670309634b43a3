/*
 * note.h - what an update that was taken leaves behind besides records: claims of names, and the memory of replays.
 */
#ifndef MAPD_NOTE_H
#define MAPD_NOTE_H

#include "mapd/desk.h"
#include "mapd/proposal.h"
#include "mapd/work.h"

/* The proposal's names have on the desk what it makes of them. -MAP_E... as the store has it. */
int note_taken(struct work *work, struct desk *desk, struct proposal *proposal, uint64_t now) NONNULL MUST_CHECK;

#endif
