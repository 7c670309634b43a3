/*
 * judge.h - whether a set in an answer has the signature it should have; keys are asked of the same server.
 */
#ifndef TESTS_MAPD_JUDGE_H
#define TESTS_MAPD_JUDGE_H

#include "core/wire/rrset.h"
#include "tests/mapd/case.h"

/* NULL: the RRSIG verifies with a key of the zone it names, and its times are as they should be. */
const char *judge_signature(
    const struct case_server *server, const struct rrset *set, struct bytes rrsig);

#endif
