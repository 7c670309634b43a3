/*
 * report.h - everything that is shown of one look-up, and the pure functions that show it.
 */
#ifndef MAPDIG_REPORT_H
#define MAPDIG_REPORT_H

#include "core/wire/result.h"
#include "mapdig/chain.h"
#include "mapdig/input.h"
#include "mapdig/page.h"

/* What became of a connection to a locator; in the order of identities and their locators. */
struct probe {
	int error; /* errno; 0: connected */
	uint32_t us; /* until it was, or failed */
	bool multipath; /* the peer speaks MPTCP */
};

struct report {
	const struct input *input;
	const struct result *result;
	const char *by; /* "resolverd at /run/...", "mapdig through 192.0.2.1@53" */
	const char *not_by; /* why resolverd was not asked though wanted; "" */
	uint32_t elapsed_ms;
	uint64_t now; /* seconds since 1970 */
	bool show_why;
	bool show_pairs;
	uint16_t probe_port; /* 0: not probed */
	const struct probe *probes;
	const struct chain *chain; /* NULL: not asked for */
};

/* Exit status, table in mapdig(1). */
#define EXIT_FOUND 0
#define EXIT_USAGE 1
#define EXIT_INSECURE 2
#define EXIT_NOT_FOUND 3
#define EXIT_NO_LOCATORS 4
#define EXIT_BOGUS 5
#define EXIT_MISMATCH 6
#define EXIT_SERVER 7
#define EXIT_NO_REPLY 9
#define EXIT_INTERNAL 10

int outcome_exit(const struct input *input, const struct result *result);
int outcome_exit_of(int error); /* of an error before there is a result */
const char *outcome_word(int exit_status); /* "found"; a static string */
/* Whether the identities found for a locator have it: CONFIRMED, MISMATCH, or NONE. */
enum verdict outcome_claim(const struct input *input, const struct result *result);
enum tone verdict_tone(enum verdict verdict);
const char *verdict_meaning(enum verdict verdict); /* a sentence for +why */

/* The tree; one locator a line; JSON. */
void story_put(const struct report *report, struct page *page);
void brief_put(const struct report *report, struct page *page);
void document_put(const struct report *report, struct page *page);
/* The JSON of a failure before there is a result. */
void document_put_error(const char *input, int error, const char *why, struct page *page);

#endif
