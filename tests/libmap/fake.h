/*
 * fake.h - an agent of the tests' own: answers frames as it is told, and remembers what it got.
 */
#ifndef TESTS_LIBMAP_FAKE_H
#define TESTS_LIBMAP_FAKE_H

#include "core/wire/frame.h"

enum fake_mood {
	FAKE_ANSWERS,
	FAKE_SILENT,
	FAKE_DRIBBLES, /* answers octet by octet */
	FAKE_DIES, /* closes when asked */
	FAKE_GARBAGE, /* answers what is no frame */
	FAKE_LIES /* answers a frame whose payload is no result */
};

#define FAKE_MARKS 16

/* What it answers and got; to be looked at between fake_lock() and fake_unlock(). */
struct fake {
	enum fake_mood mood;
	struct result result; /* to requests for names */
	struct result result_of_id; /* to requests for identities */
	unsigned connections, requests, cancels;
	struct resolve_request last;
	size_t n_marks;
	struct pair_mark marks[FAKE_MARKS];
	unsigned notes, doubts, forgets;
	uint32_t number; /* of the last of these three */
	struct session_note note;
};

/* Listens at a path of its own, which is put in MAP_SOCKET, and serves in a thread. */
struct fake *fake_start(void);
void fake_stop(struct fake *fake);
void fake_lock(struct fake *fake);
void fake_unlock(struct fake *fake);
/* Tells the client that spoke last of a session. */
void fake_tell(struct fake *fake, uint32_t number, const struct session_event *event);
/* Closes all connections, and goes on. */
void fake_hang_up(struct fake *fake);
/* Waits until *count, one of the above, is n. */
void fake_wait(struct fake *fake, const unsigned *count, unsigned n);
/* Waits until it got n marks; they come after what they are of. */
void fake_wait_marks(struct fake *fake, size_t n);

#endif
