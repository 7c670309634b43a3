/*
 * select.h - which pair of source and destination is tried first (protocol 10, RFC 4177 7.3): one
 * pure function over a struct, so that every ranking can be checked on paper.
 */
#ifndef RESOLVERD_SELECT_H
#define RESOLVERD_SELECT_H

#include "core/wire/result.h"
#include "resolverd/exits.h"
#include "resolverd/liveness.h"
#include "resolverd/policy.h"

struct select_candidate {
	uint8_t source[16];
	uint8_t source_length; /* of the source's prefix on its link, of 128 */
	bool deprecated; /* the source */
	bool temporary;
	uint8_t identity; /* index into the result; pairs of better ones come first */
	const struct locator *to;
	const struct locator *from; /* the source as it is published; NULL: not known, or not asked for */
	enum liveness_state live;
	enum exit_verdict exit; /* of the source */
	uint32_t rtt_us;
};

struct select_input {
	const struct select_candidate *candidates;
	size_t n; /* at most SELECT_MAX are looked at */
	const struct policy *policy;
	const struct wishes *wishes; /* the caller's; their class counts */
	const struct wishes *usual;  /* for paths that he does not name */
	/* Uniform in 0 .. 2^32-1; called once for each destination with a weight. */
	uint32_t (*random)(void *arg);
	void *random_arg;
};

#define SELECT_MAX 256
#define SELECT_RTT_US 5000 /* less is no difference */

/*
 * Ranks, best first, with the reason of each rank in words; returns how many were filled.
 * The keys, in this order: the identity; no exit known not to work; no drain; no backup, at either end; the caller's paths; RFC
 * 6724: same scope, source not deprecated, not temporary, same label, precedence, small scope; what
 * failed within a minute last; the locator's preference, then that of the source; recent liveness; for a class that wants it the RTT, in
 * steps of SELECT_RTT_US; the locator's weight, drawn without replacement among those equal until here;
 * RTT; RFC 6724's longest prefix.
 * A path that the caller avoids still goes before a backup: a backup's site says that it does not work
 * beside others. A pair is on a path by either of its ends.
 * What has just failed comes after a worse preference too: whoever connects meanwhile would wait a turn for
 * it, each time. Liveness stands before the weight, since a draw already puts every two destinations in order, and
 * a pair that failed seconds ago would go on being drawn; the longest prefix stands last, since it
 * too would leave no ties for preference and weight to decide. A temporary source comes after a
 * public one: who speaks by identity hides nothing by it, and it is in no mapping.
 * Then, among equals as far as the label, each attempt differs from the one before in source (the
 * exit) and destination where it can, so that one dead provider costs one attempt.
 */
size_t select_rank(const struct select_input *in, struct pair *out, size_t max) NONNULL;

#endif
