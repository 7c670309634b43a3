/*
 * folk.h - what an operator does to identities: enrolled, banned, given names, taken out of their realm.
 * Done by the writer; rows and records of one zone are durable together, or not at all.
 */
#ifndef MAPD_FOLK_H
#define MAPD_FOLK_H

#include "mapd/people.h"
#include "mapd/work.h"

enum folk_verb { FOLK_ENROLL, FOLK_ASSIGN, FOLK_UNASSIGN, FOLK_BAN, FOLK_UNBAN, FOLK_RELEASE };

struct folk {
	enum folk_verb verb;
	/* lower case, each in a zone that is served: the look-up name; RELEASE: any name; not UNASSIGN's */
	struct name identity;
	struct name name; /* ASSIGN, UNASSIGN: that is given to it, or taken back */
	char why[PERSON_WHY]; /* BAN; "": not said */
	uint32_t names; /* ASSIGN: at most that many of an identity; 0: no limit */
};

/*
 * Does it; durable when 0. out->done says what it came to, also that nothing had to change (unchanged), and
 * out has the figures of the zone apex, which identity is in (UNASSIGN: name).
 *
 * BAN takes the ELOC and EPID records of the identity out of its zone, and EPID, A, AAAA and PTR of the names
 * assigned to it, and lets KEY and claim stay, the KEY without an end; UNBAN has its lease begin anew. RELEASE takes
 * out KEY, A and AAAA too, and all claims; what is assigned stays so. Names assigned in other zones are done behind
 * that, one change for each zone.
 *
 * -MAP_EEXIST: assigned to another one; -MAP_ELIMIT: too many names; -MAP_ENOTFOUND: assigned to none, nothing
 * registered there, or no such zone; with out->why.
 */
int folk_run(struct work *work, const struct name *apex, const struct folk *folk,
    struct outcome *out) NONNULL MUST_CHECK;

#endif
