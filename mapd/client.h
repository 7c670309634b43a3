/*
 * client.h - one connection to the control socket, as the commands see it.
 * Owned by main's loop, as everything of control.
 */
#ifndef MAPD_CLIENT_H
#define MAPD_CLIENT_H

#include <jansson.h>

#include "core/sys/stream.h"
#include "core/wire/frame.h"
#include "mapd/control.h"
#include "mapd/folk.h"
#include "mapd/node.h"
#include "mapd/site.h"
#include "mapd/spool.h"

#define CONTROL_CLIENTS 16
#define CONTROL_AHEAD 64 /* loads of a connection that wait for the writer */
/* changes of all, also of those that went away: no connection is refused for the loads of others */
#define CONTROL_ASKED (CONTROL_CLIENTS * CONTROL_AHEAD + 256)
#define CONTROL_IDLE (5 * 60 * 1000) /* ms; not while the writer works for the client */
#define CONTROL_COMMAND (8 << 10)   /* octets of a command */
#define CONTROL_KEY 4096 /* octets of a key file */
#define CONTROL_RECORDS (256 << 10) /* octets of a RECORDS frame's payload */
#define CONTROL_DIFFERENCE ((size_t)30 << 20) /* octets of a difference; it waits for the client as a whole */
#define CONTROL_REMOVED 1 /* flags of a RECORDS frame to the client: what goes; else what is, or comes */

enum client_state {
	CLIENT_IDLE,	/* a command may come */
	CLIENT_LOADING, /* records come, then END */
	CLIENT_SKIPPING, /* refused already: what comes until END is read past */
	CLIENT_WAITING, /* for the writer's answer to what is no load */
	CLIENT_DUMPING
};

/* Where a dump stands. */
struct dump {
	uint32_t zone;
	uint32_t serial;
	struct name apex;
	enum table table;
	bool soa_sent;
	uint8_t key[NODE_KEY]; /* of the node being sent */
	size_t key_n;	       /* 0: none of this table yet */
	size_t skip;	       /* records of it that were sent */
	uint64_t records;
};

struct client {
	struct control *control;
	struct client *next;
	struct stream *stream;
	enum client_state state;
	uint32_t id; /* of the command being answered */
	unsigned n_asked; /* changes that the writer has of it */
	struct name zone;
	struct spool *spool; /* LOADING */
	bool drop; /* LOADING: also what hosts registered */
	struct edit_asked *edit_asked; /* WAITING */
	struct dump dump;
};

/* A change handed to the writer; it lives until it is answered, whatever becomes of the client. */
struct change_asked {
	struct job job;
	struct spool *spool;
	uint8_t text[CONTROL_KEY];
	struct site site;
	struct folk folk;
	struct control *control; /* NULL: closed */
	struct client *client;	 /* NULL: it went away */
	uint32_t id;		 /* of the command */
	struct change_asked *next;
};

struct control {
	struct control_options options;
	char *path;
	char *database;
	uint64_t started; /* loop_now_ms() */
	int fd;
	struct acceptor *accepting;
	struct watch *answers; /* of the writer */
	struct snapshot *snap;
	struct client *clients;
	unsigned n_clients;
	struct change_asked *asked;
	unsigned n_asked;
	struct edit *edits; /* open ones */
	int n_edits;
	struct edit_asked *edit_asked;
	uint8_t *frame; /* FRAME_MAX octets, for what is being written */
};

/* {"ok": true, "message": TEXT, ...fields}; takes fields over (NULL: none). */
__attribute__((format(printf, 3, 4))) void client_answer(
    struct client *client, json_t *fields, const char *format, ...);
/* {"ok": false, "code": ..., "error": TEXT} */
__attribute__((format(printf, 3, 4))) void client_fail(
    struct client *client, int error, const char *format, ...);

/* The same with fields, which are taken over (NULL: none). */
__attribute__((format(printf, 4, 5))) void client_refuse(
    struct client *client, json_t *fields, int error, const char *format, ...);

/* The zone a command names, as the snapshot has it; false: answered with what is wrong. */
bool client_zone(struct client *client, struct zone *out);
/* The zone that name is in, which becomes the client's; false: answered that there is none. */
bool client_zone_of(struct client *client, const struct name *name, struct zone *out);
/* An absolute name of the request in lower case; false: answered that it is none. */
bool client_name(
    struct client *client, const json_t *request, const char *field, struct name *out);
/*
 * Where the "identity" of the request is looked up (an identity in text, or a name), and its zone, which becomes
 * the client's; false: answered with what is wrong.
 */
bool client_identity(
    struct client *client, const json_t *request, struct name *owner, struct zone *zone);
/* The rules in force; borrowed until the loop goes on. */
const struct rules *client_rules(const struct client *client);
/* Hands a change of the client's zone to the writer; what was spooled goes with it, and the job's proposal is its. */
void client_change(struct client *client, const struct job *job);

/* Sends records that go, then records that come; false: it is too long, which was answered. */
bool client_difference(struct client *client, struct bytes removed, struct bytes added);

/* Starts to send a zone; the rest as the client reads. */
void dump_start(struct client *client, const struct zone *zone);
void dump_continue(struct client *client);

#endif
