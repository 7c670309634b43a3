/*
 * registration.h - a host's registration at the server of its realm (protocol 8), kept on a loop: sent, proved,
 * refreshed, withdrawn. Belongs to the loop's thread. What became of it are values; nothing is logged.
 */
#ifndef REGISTER_REGISTRATION_H
#define REGISTER_REGISTRATION_H

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "register/answer.h"
#include "register/build.h"
#include "register/content.h"
#include "register/proving.h"

#define REGISTRATION_DEADLINE 5000 /* ms for an answer */
#define REGISTRATION_PROVING_MS 2000 /* ms that probes have */
#define REGISTRATION_PAUSE_MS 6000 /* ms between two requests for them: an address gets one in 5 s */
#define REGISTRATION_REASON (NAME_TEXT + ANSWER_TEXT + 256)

enum registration_state {
#define X(name, word, text) name,
#include "register/states.def"
#undef X
};
const char *registration_word(enum registration_state state);
const char *registration_text(enum registration_state state);

struct registration_status {
	enum registration_state state;
	enum build_verb verb; /* of the last request */
	char reason[REGISTRATION_REASON]; /* why, in words; "": all is well */
	bool answered; /* the last request; what the answer said: */
	unsigned rcode;
	int ede; /* -1: none */
	char note[ANSWER_TEXT]; /* "": nothing */
	bool datagram; /* asked over UDP (false after a change to TCP) */
	bool registered; /* the server has granted it and the lease lasts, whatever became of the last request */
	bool leased; /* the server does leases; else what was asked for stands here */
	uint32_t lease, key_lease; /* seconds, granted */
	uint64_t granted; /* when, ms since 1970; 0: never */
	uint64_t next; /* when it is tried again or refreshed, ms since 1970; 0: not by itself */
	unsigned failures; /* in a row */
	uint64_t serial; /* of the proof that the server has */
	struct proving proving; /* of each locator, what became of it */
};

struct registration_options {
	struct addr server;
	bool datagram; /* over UDP with a cookie; else TCP */
	const struct tsig_key *tsig; /* borrowed as long as it lives; NULL: SIG(0) by the identity's key */
	bool keep; /* refreshes and tries again by itself */
	uint64_t deadline; /* ms for an answer; 0: REGISTRATION_DEADLINE */
	uint64_t proving; /* ms that probes have; 0: REGISTRATION_PROVING_MS */
	uint64_t pause; /* ms; 0: REGISTRATION_PAUSE_MS */
};

struct registration;

/* Each change of state; borrowed until it returns. registration_free() is not allowed here: loop_later(). */
typedef void registration_fn(void *arg, const struct registration_status *status);

/* The content is copied (content_check() is the caller's), but for its key. 0, -MAP_ENOMEM, -MAP_ESYS, -MAP_ECRYPTO */
int registration_new(struct loop *loop, const struct content *content,
    const struct registration_options *options, registration_fn *changed, void *arg,
    struct registration **out) MUST_CHECK;
/* Ends it where it is; the server is not asked. NULL allowed. */
void registration_free(struct registration *registration);

/* Asks for it now. While a request is under way the last verb asked for follows it (RFC 9665: one at a time). */
void registration_ask(struct registration *registration, enum build_verb verb) NONNULL;
/* Another content (copied), which is registered as soon as nothing else is under way. -MAP_ENOMEM */
int registration_change(
    struct registration *registration, const struct content *content) NONNULL MUST_CHECK;
/* Borrowed as long as it lives. */
const struct registration_status *registration_status(const struct registration *registration) NONNULL;

#endif
