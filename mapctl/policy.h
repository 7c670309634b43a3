/*
 * policy.h - what the policy of a zone says of a change that somebody would send.
 */
#ifndef MAPCTL_POLICY_H
#define MAPCTL_POLICY_H

#include "mapctl/command.h"

enum status policy_test(struct mapctl *m, int argc, char **argv);
/* A line for each rule. */
void policy_print_rules(json_t *answer);

#endif
