/*
 * case.h - case files: text in, text out, no C.
 *
 *   zone  APEX [nsec|nsec3] FILE            serve the zone file, which stands beside the case file; again:
 *                                           the zone changes to that file
 *   prefix APEX ADDRESS LENGTH              identities under it are looked up below that zone
 *   said VERSION IDENTITY                   what the configuration has the server say of itself
 *   configured APEX                         the configuration has a zone that nobody has loaded
 *   query NAME TYPE [+dnssec] [+tcp] [+noedns] [+bufsize=N] [+class=C] [+flags=HEX] [+questions=N] [+once]
 *         [+edns=VERSION] [+ednsopt=CODE:HEX]
 *   expect RCODE [aa] [tc] [rd] [cd] [opcode=N] [ede=N] [size<=N] [cookie]
 *   expect nothing                          the query is dropped
 *   answer|authority|additional [unsigned] OWNER TTL TYPE RDATA    RDATA ...: whatever it is
 *   answer rrsig OWNER TYPE                 a signature over TYPE, asked for by itself
 *   authority nsec|nsec3 match|cover NAME [TTL]
 *   # a comment
 *
 * Every record of the answer must be named by a line, and every line have its record; with +dnssec
 * every RRset must have a signature that verifies, unless its line says "unsigned".
 *
 * Each query is asked four times: over UDP and TCP, with DO and without. What must be there without DO
 * follows from what is there with it, and the other way round: nothing but proofs may be more. A query
 * whose answer depends on its size or form (+noedns, +bufsize, +flags, +questions, tc, size<=, +once) is
 * asked as it stands.
 */
#ifndef TESTS_MAPD_CASE_H
#define TESTS_MAPD_CASE_H

#include "core/wire/bytes.h"
#include "mapd/serve.h"

/* The server that is asked, and how it is told of zones; false after a message on standard error. */
struct case_server {
	void *arg;
	bool (*zone)(void *arg, const char *apex, const char *path, const char *denial);
	bool (*prefix)(void *arg, const char *apex, const char *address, unsigned length);
	bool (*configured)(void *arg, const char *apex);
	bool (*said)(void *arg, const char *version, const char *identity);
	/* One message; out has room for SERVE_TCP_MAX octets. 0: no answer. */
	size_t (*ask)(
	    void *arg, enum transport transport, struct bytes wire, uint8_t *out);
};

/* Runs one case file; returns how many questions failed, told on standard error; -1: unreadable. */
int case_run(const char *path, const struct case_server *server, unsigned *questions);

#endif
