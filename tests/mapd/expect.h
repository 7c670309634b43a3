/*
 * expect.h - holds one answer against the lines of a case file (case.h).
 */
#ifndef TESTS_MAPD_EXPECT_H
#define TESTS_MAPD_EXPECT_H

#include "core/wire/message.h"
#include "tests/mapd/case.h"

#define EXPECT_RECORDS 256
#define EXPECT_WORDS 64
#define EXPECT_LINE 4096

/* How a query is asked. */
struct asking {
	struct question q;
	enum transport transport;
	bool dnssec;
	bool added_dnssec; /* the case file does not say so: more proofs than it has may be there */
	bool removed_dnssec; /* the case file says so: its proofs are not there */
	bool may_be_short; /* over UDP: the case file has it over TCP, or without proofs */
	uint16_t size; /* 0: no EDNS */
	uint16_t flags, questions;
	uint8_t edns; /* version */
	uint8_t options[64]; /* of EDNS */
	uint8_t n_options;
};

/* An answer, and what became of it. */
struct expect {
	const char *where; /* PATH:LINE, and how it was asked */
	const struct case_server *server;
	struct asking asking;
	struct bytes query;
	bool failed;
	bool silent; /* no answer came */
	bool short_of_room; /* and it was: TCP is the one to look at */
	uint8_t answer[SERVE_TCP_MAX];
	size_t answer_n;
	struct message message;
	unsigned n;
	struct seen {
		struct record record;
		bool named; /* a line says so */
		bool proved; /* has a signature that verifies, or may do without */
	} seen[EXPECT_RECORDS];
};

void expect_fail(struct expect *e, const char *what, const char *which);
/* Reads the answer and holds it to what is true of every answer. */
void expect_start(struct expect *e);
/* One line behind "query"; false: not understood. */
bool expect_line(struct expect *e, const char *line);
/* Nothing may be left over. */
void expect_end(struct expect *e);

#endif
