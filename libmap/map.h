/*
 * map.h - sessions by identity: find a host by who it is, talk to it, keep the session when a
 * provider fails, hand it on. The public interface of libmap; the whole contract is here.
 *
 * libmap asks resolverd on this host, and nobody else: no DNS is spoken here, and nothing that was
 * not validated is ever returned unless the caller allows it by a flag. Texts of identities are those
 * of protocol 2: an address literal, "<52 characters>@<realm>", or a domain name.
 *
 * All functions return 0 (or a descriptor) or a negative error, -MAP_E...; map_why() tells more. A
 * context and what came from it belong to one thread at a time. libmap starts no threads, takes no
 * signals (a broken connection never raises SIGPIPE) and keeps no global state.
 *
 * "borrowed until" means: the library owns it; "caller frees with" names the function that frees.
 * Numbers of RFC sections are those of RFC 4177 unless said otherwise.
 */
#ifndef LIBMAP_MAP_H
#define LIBMAP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MAP_VERSION 1 /* grows when something is added; nothing is taken away within libmap.so.0 */

#ifndef MAP_ERRORS
#define MAP_ERRORS
enum map_error {
	MAP_ETRUNC = 1,      /* ends too early */
	MAP_EJUNK = 2,       /* octets after the end */
	MAP_EFORMAT = 3,     /* malformed */
	MAP_EUNKNOWN = 4,    /* of a kind that is not known here */
	MAP_ESPACE = 5,      /* does not fit */
	MAP_ENOMEM = 6,      /* out of memory */
	MAP_ETEXT = 7,       /* not a valid text form */
	MAP_ESYS = 8,        /* system call failed; errno says why */
	MAP_EUSAGE = 9,      /* wrong argument */
	MAP_ECONFIG = 10,    /* wrong configuration */
	MAP_ECRYPTO = 11,    /* cryptographic operation failed */
	MAP_ESIG = 12,       /* signature does not verify */
	MAP_EKEY = 13,       /* key is not the identity's */
	MAP_EEXPIRED = 14,   /* expired */
	MAP_ESTALE = 15,     /* older than what was seen before */
	MAP_EREVOKED = 16,   /* identity is revoked */
	MAP_EBOGUS = 17,     /* DNSSEC validation failed */
	MAP_EINSECURE = 18,  /* not secure, and security was asked for */
	MAP_ENOPROOF = 19,   /* not proved by the host, and proof was asked for */
	MAP_ENOTFOUND = 20,  /* does not exist */
	MAP_ENOLOCATOR = 21, /* has no usable locator */
	MAP_EMISMATCH = 22,  /* locator and identity do not confirm each other */
	MAP_ESERVER = 23,    /* server answered with an error */
	MAP_ETIMEOUT = 24,   /* no answer in time */
	MAP_ENOAGENT = 25,   /* resolverd cannot be reached */
	MAP_ENOROUTE = 26,   /* no source address leads there */
	MAP_ECONNECT = 27,   /* no pair of addresses answered */
	MAP_ETRANSPORT = 28, /* peer does not offer the transport that was asked for */
	MAP_ELIMIT = 29,     /* limit reached */
	MAP_EREFERENCE = 30, /* not a valid reference */
	MAP_EEXIST = 31,     /* exists already */
	MAP_EREFUSED = 32,   /* refused */
	MAP_EDATABASE = 33,  /* database cannot be used */
	MAP_ECANCELLED = 34, /* cancelled */
	MAP_EINTERNAL = 35,  /* internal error */
	MAP_EFULL = 36,      /* mapd: the database is full */
	MAP_EDISK = 37       /* mapd: the disk is full, or it fails */
};
#endif

/* The text of an error, negative or positive, and its name ("MAP_ETIMEOUT"); static strings. */
const char *map_error_text(int error);
const char *map_error_name(int error);

/* ---- Context ---- */

struct map; /* a connection to the agent, what is in flight on it, and the sessions it made */

/*
 * Makes a context. The agent is where MAP_SOCKET in the environment says (ignored in a program that
 * is set-user-ID), else /run/resolverd/map.sock. It is connected to when first needed, and again
 * after it was restarted. -MAP_ENOMEM, -MAP_ESYS (no descriptor), -MAP_EUSAGE (path too long)
 */
int map_open(struct map **out);
/* Cancels what is in flight (no callback is called) and frees. Descriptors of sessions live on; they
 * are the caller's. Not to be called from a callback. NULL allowed. */
void map_close(struct map *map);

/* How long one call or request may take as a whole, in ms, from now on: look-ups (5000 unless set),
 * and look-up and connecting together (10000). 0 leaves one as it is. */
void map_set_deadlines(struct map *map, unsigned resolve_ms, unsigned connect_ms);
/* The cause of the context's last error, in words: what was asked, of whom, and what came of it.
 * Borrowed until the next call with this context; "" when there was none. */
const char *map_why(const struct map *map);

/*
 * For programs with an event loop: wait until map_fd() has map_events() (as in poll(2)), or
 * map_timeout() ms have passed (-1: no limit), then call map_process(), which never blocks. The
 * descriptor stays the same for the context's life; the timeout is to be asked for again after every
 * call with this context. Callbacks are called from map_process() only, and from the blocking
 * functions for requests that are in flight meanwhile.
 */
int map_fd(const struct map *map);
short map_events(const struct map *map);
int map_timeout(const struct map *map);
void map_process(struct map *map);

struct map_request; /* a request in flight; gone when its callback was called */

/* The request's callback will not be called. NULL allowed. */
void map_cancel(struct map_request *request);

/* ---- Look-ups (6.1, 6.2) ---- */

#define MAP_ALLOW_INSECURE 0x0001 /* take what no DNSSEC covers; never what fails it, is stale, or
                                     has a proof that fails */
#define MAP_ALLOW_LEGACY 0x0002   /* addresses of a name without identity will do (6.2) */
#define MAP_REQUIRE_PROOF 0x0004  /* only locators signed by the host's own key */
#define MAP_FRESH 0x0008          /* past the agent's cache, which allows that once a second */
#define MAP_REQUIRE_MPTCP 0x0010  /* map_connect, map_listen: MPTCP or an error */
#define MAP_NONBLOCK 0x0020       /* map_connect, map_listen: the descriptor is non-blocking */
#define MAP_DATAGRAM 0x0040       /* map_connect: UDP, re-homed by the agent (map_on_move) */

struct map_result; /* what a look-up found; caller frees with map_result_free() */

enum map_trust { MAP_TRUST_INSECURE, MAP_TRUST_SECURE, MAP_TRUST_PROVED };

#define MAP_LOCATOR_HOME 0x80   /* also the identity */
#define MAP_LOCATOR_BACKUP 0x40 /* only when no other works */
#define MAP_LOCATOR_DRAIN 0x20  /* no new sessions */

struct map_locator {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t preference; /* lower first */
	uint16_t weight;
	unsigned flags;       /* MAP_LOCATOR_... */
	enum map_trust trust; /* DNSSEC, or besides, the host's own signature */
	const char *path;     /* the provider or exit, "" if not told */
};

struct map_identity {
	const char *text;       /* canonical; "" for a legacy result */
	const char *at;         /* hint for finding it anywhere, "56/id.example.org", or "" */
	int error;              /* 0: usable under the flags given; else why not */
	bool proved;            /* its own key signed its locators */
	size_t n_locators;      /* best first */
	const struct map_locator *locators;
};

enum map_found {
	MAP_FOUND_NAMED = 1,    /* a name, whose identities these are */
	MAP_FOUND_OWN_NAME = 2, /* a name that is its own identity */
	MAP_FOUND_LEGACY = 3,   /* a name with addresses only */
	MAP_FOUND_IDENTITY = 4  /* an identity was asked for */
};

/* Called once; result is NULL on an error, else caller frees it. why is borrowed until it returns. */
typedef void map_resolved_fn(void *arg, int error, const char *why, struct map_result *result);

/*
 * Looks up a name or an identity. 0 and *out; or an error, of which these are usual: -MAP_ETEXT,
 * -MAP_EUSAGE (MAP_ALLOW_LEGACY with MAP_REQUIRE_PROOF), -MAP_ENOAGENT, -MAP_ETIMEOUT,
 * -MAP_ENOTFOUND, -MAP_ENOLOCATOR, -MAP_EBOGUS, -MAP_EINSECURE, -MAP_ENOPROOF, -MAP_ESTALE,
 * -MAP_EREVOKED, -MAP_ESERVER.
 */
int map_resolve(struct map *map, const char *what, unsigned flags, struct map_result **out);
/* The same without blocking: 0 and *request, and fn will be called; or -MAP_ETEXT, -MAP_EUSAGE,
 * -MAP_ENOMEM at once, and it will not. request may be NULL where it need not be cancelled. */
int map_resolve_start(struct map *map, const char *what, unsigned flags, map_resolved_fn *fn,
    void *arg, struct map_request **request);

enum map_found map_result_found(const struct map_result *result);
/* Whether the step from the name to the identity was secure (always, where none was asked). */
bool map_result_is_secure(const struct map_result *result);
uint32_t map_result_lifetime(const struct map_result *result); /* seconds it may be used */
size_t map_result_identities(const struct map_result *result);
/* The i-th identity, best first, or NULL. Borrowed until map_result_free(). */
const struct map_identity *map_result_identity(const struct map_result *result, size_t i);
void map_result_free(struct map_result *result); /* NULL allowed */

/* ---- Sessions (6.3.4, 7.1) ---- */

/* Called once; fd is the caller's, or -1 on an error. why is borrowed until it returns. */
typedef void map_connected_fn(void *arg, int error, const char *why, int fd);

/*
 * Opens a session to an identity, a name, or an "eid:" reference, and returns an ordinary connected
 * stream descriptor (close-on-exec, blocking unless MAP_NONBLOCK), caller frees with close(2).
 *
 * local is an identity of this host, whose locators alone are then used as sources, in the order of its own
 * preferences, those that it drains last, or NULL for any address of this host.
 * service is a port or a name of services(5); NULL takes the port of the reference.
 * Pairs of source and destination are tried in the agent's order: the next after 250 ms, or at once
 * when one fails; each may take 2 s; the first that completes wins (7.1). The transport is MPTCP, so
 * that the session outlives the failure of the pair it began with, or TCP where one of the ends has
 * no MPTCP: map_session_info() tells. A session belongs to one identity; others of the same name are
 * tried only after all pairs of the better one failed.
 *
 * Whoever sends should send something at once: no further path can join, nor can the session be
 * moved, before the first data was acknowledged, or the peer's agent has announced an address, which
 * it does at once where it has a second one or manages its paths (RFC 8684 3.1).
 *
 * An identity that the caller names is trusted as such; one in a reference only when the reference is
 * signed by an identity given to map_trust_referrer(). Errors of map_resolve(), and -MAP_EREFERENCE,
 * -MAP_ESIG, -MAP_EKEY, -MAP_EEXPIRED (the reference), -MAP_ENOROUTE, -MAP_ECONNECT (all pairs
 * failed), -MAP_ETRANSPORT, -MAP_EUSAGE (no or unknown service), -MAP_ETIMEOUT.
 */
int map_connect(struct map *map, const char *local, const char *remote, const char *service,
    unsigned flags);
/* The same without blocking; as map_resolve_start(), also with -MAP_EREFERENCE and the errors of its
 * signature. */
int map_connect_start(struct map *map, const char *local, const char *remote, const char *service,
    unsigned flags, map_connected_fn *fn, void *arg, struct map_request **request);

/*
 * With MAP_DATAGRAM, map_connect() returns a connected UDP socket on the best pair that lives: where none worked lately the
 * agent probes the best of them, for a third of a second at most. From then on the agent looks after that pair, with probes of
 * its own, and as soon as it is dead and another lives, the socket is moved: the same descriptor, from another source address
 * and port, to another destination, if that has answered a probe. A peer that answers no probes is left only for what this host
 * itself or a router says, and not for another address of his. Who receives must not take the address for the peer: an
 * application tells its peers apart by what they say.
 *
 * A TCP session whose ends have no MPTCP cannot move. When its pair is dead and another one lives, the agent ends it, and read(2)
 * fails with ECONNABORTED instead of hanging for minutes (where the agent has CAP_NET_ADMIN): map_reconnect().
 */
enum map_move {
	MAP_MOVED = 1,   /* UDP: by another pair from now on; map_session_info() tells which */
	MAP_CUT_OFF = 2, /* UDP: no pair lives; it is moved as soon as one does */
	MAP_BACK = 3,    /* UDP: its own pair lives again */
	MAP_BROKEN = 4    /* TCP: ended, as above */
};

/* Called from map_process() and the blocking functions; why is borrowed until it returns. It may close the descriptor. */
typedef void map_moved_fn(void *arg, int fd, enum map_move what, const char *why);

/* Has fn called for what becomes of a session of map_connect() on this context; NULL: no more. Datagram sessions move with
 * and without. Programs that never come to map_process() are not moved. -MAP_ENOTFOUND: no such session */
int map_on_move(struct map *map, int fd, map_moved_fn *fn, void *arg);
/* The program has a reason of its own to think that the pair is dead, such as an answer that does not come or an error of
 * send(2): it is probed at once. -MAP_ENOTFOUND, -MAP_ENOAGENT */
int map_doubt(struct map *map, int fd);

#define MAP_TOKEN_MAX 4096

/*
 * Opens a session like that of fd, which may have failed and is still open: to the same identity, service and flags, with the
 * locators of now. The n octets of token are sent first, by which the peer's application knows what is to be gone on with; nobody
 * else reads them. fd stays the caller's to close. Errors of map_connect(), -MAP_ENOTFOUND (no session of this
 * context), -MAP_EUSAGE (more than MAP_TOKEN_MAX).
 */
int map_reconnect(struct map *map, int fd, const void *token, size_t n);
int map_reconnect_start(struct map *map, int fd, const void *token, size_t n, map_connected_fn *fn,
    void *arg, struct map_request **request);

/* What sessions are for (6.3.2): which of several good pairs goes first. */
enum map_class {
	MAP_CLASS_ANY = 0,         /* as the peer's site says: by its weights */
	MAP_CLASS_INTERACTIVE = 1, /* the quickest pair that was measured, among equals in preference */
	MAP_CLASS_BULK = 2,        /* by weights */
	MAP_CLASS_CHEAP = 3        /* by weights; what it costs is for the operator of this host to say,
	                              "classes:" of resolverd.yaml(5) */
};

/*
 * What this context's sessions want of their way from now on: a class, and paths by the names that
 * mappings give to providers or exits ("isp-a"), preferred or avoided, at either end, at most 8 of each.
 * Wishes order pairs and exclude none: an avoided path is used when no other works, and before one that
 * its site publishes as a backup. NULL takes the wishes of that kind back. What is wished here goes before
 * what the agent's configuration has for the class. -MAP_EUSAGE (no such class), -MAP_ETEXT (no name of
 * a path), -MAP_ELIMIT
 */
int map_set_class(struct map *map, enum map_class session_class);
int map_prefer_path(struct map *map, const char *path);
int map_avoid_path(struct map *map, const char *path);

/*
 * Listens for sessions at a service, on all addresses, and returns a descriptor for accept(2). It
 * should stay open: further paths of accepted sessions join through it (RFC 8684 3.2). identity is
 * who listens, to be reported with its sessions, or NULL. Where MPTCP is missing it listens with TCP,
 * which map_session_info() of the descriptor tells, or with MAP_REQUIRE_MPTCP fails: -MAP_ETRANSPORT.
 * -MAP_ETEXT, -MAP_EUSAGE, -MAP_ESYS with errno.
 */
int map_listen(struct map *map, const char *identity, const char *service, unsigned flags);

enum map_transport { MAP_TCP = 1, MAP_MPTCP = 2, MAP_UDP = 3 };

/* What is known of the peer's identity. Nothing but the mapping vouches for it: the peer itself was
 * not asked to prove who it is. */
enum map_peer {
	MAP_PEER_ANONYMOUS = 0, /* accepted, or not a session of this context: only its key for this
	                           session is known to the transport (6.2: opportunistic) */
	MAP_PEER_ADDRESS = 1,   /* an address identity */
	MAP_PEER_KEY = 2,       /* a key identity */
	MAP_PEER_NAME = 3,      /* a name that is its own identity */
	MAP_PEER_LEGACY = 4     /* addresses of a name without identity */
};

#define MAP_IDENTITY_TEXT 1088

struct map_session {
	enum map_transport transport;
	bool fell_back;   /* MPTCP was asked for; the peer, or something between, took TCP */
	bool is_listener; /* from map_listen(): nothing below but identity */
	unsigned paths;   /* subflows that are established now; 1 for TCP */
	enum map_peer peer;
	bool secure;          /* the mapping was secure */
	bool proved;          /* the locator that was used was signed by the host */
	uint8_t source[16];   /* the pair it began with; IPv4 mapped */
	uint8_t destination[16];
	char path[33];                   /* name of the destination's provider or exit, or "" */
	char identity[MAP_IDENTITY_TEXT]; /* the peer's (a listener's: its own), or "" */
	uint64_t reserved[8];
};

/* What a descriptor's session is now; for one that this context did not make, what the kernel knows
 * of it. -MAP_ESYS: not a connected or listening stream socket. */
int map_session_info(struct map *map, int fd, struct map_session *out);

/* Called once; identity is NULL on an error. Both texts are borrowed until it returns. */
typedef void map_hinted_fn(void *arg, int error, const char *why, const char *identity);

/*
 * Who the peer of a connected socket is said to be, for a listener that wants to know whom it may have before it: the
 * identity that is named at the reverse name of his address, securely, and that has this address among its locators in turn.
 * A hint and no more: the peer himself was not asked to prove anything, and whoever can send from that address
 * has the same one. -MAP_ENOTFOUND: no identity is named there; -MAP_EMISMATCH: the one that is does not have the
 * address; -MAP_ESYS: no connected socket; errors of map_resolve().
 */
int map_peer_hint(struct map *map, int fd, char identity[MAP_IDENTITY_TEXT]);
int map_peer_hint_start(
    struct map *map, int fd, map_hinted_fn *fn, void *arg, struct map_request **request);

/* ---- Referral (6.2; protocol 11) ---- */

#define MAP_REFERENCE_TEXT 513 /* 512 characters and the NUL */
#define MAP_REFERENCE_DAYS 30  /* a signature may hold so far ahead */

/*
 * Makes "eid:<identity>[:<port>][?at=...]", unsigned: whoever gets it has only the sender's word for
 * it. port 0 and at NULL or "" leave those out. -MAP_ETEXT, -MAP_ESPACE
 */
int map_reference_make(const char *identity, const char *at, uint16_t port,
    char text[MAP_REFERENCE_TEXT]);
/*
 * Signs an unsigned reference as identity by, with its Ed25519 key in a file as mapctl makes it, for
 * the next seconds (at most 30 days). why, of max octets, gets the cause of an error in words; may be
 * NULL. -MAP_EREFERENCE, -MAP_EKEY (not by's key, or not Ed25519), -MAP_ECONFIG (the file), -MAP_ESPACE
 */
int map_reference_sign(const char *unsigned_text, const char *by, const char *key_file,
    uint32_t seconds, char text[MAP_REFERENCE_TEXT], char *why, size_t max);

struct map_reference {
	char identity[MAP_IDENTITY_TEXT];
	char at[MAP_IDENTITY_TEXT]; /* "" if none */
	uint16_t port;              /* 0 if none */
	bool is_signed;
	char by[MAP_IDENTITY_TEXT]; /* who signed it */
	uint64_t expires;           /* seconds since 1970 */
	uint64_t reserved[4];
};

/* Takes a reference apart; its signature is not looked at. -MAP_EREFERENCE with why as above. */
int map_reference_parse(const char *text, struct map_reference *out, char *why, size_t max);
/* A signed reference's time and signature, and that its key is that of who signed: 0, -MAP_EEXPIRED,
 * -MAP_ESIG, -MAP_EKEY, -MAP_EREFERENCE (also when it is not signed). Whether to trust who signed is
 * the caller's to decide. */
int map_reference_verify(const char *text);
/* From now on this context trusts identities in references that this self-certifying identity signed.
 * -MAP_ETEXT, -MAP_EUSAGE (not self-certifying), -MAP_ELIMIT (64) */
int map_trust_referrer(struct map *map, const char *identity);

#ifdef __cplusplus
}
#endif
#endif
