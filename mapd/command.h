/*
 * command.h - what the control socket can be asked, in command.c and its others.
 */
#ifndef MAPD_COMMAND_H
#define MAPD_COMMAND_H

#include "mapd/client.h"

/* Runs the command in a CONTROL frame's payload. */
void command_run(struct client *client, struct bytes payload);
/* All records have come. */
void command_load_end(struct client *client);

/* The commands that are about keys, and what the answer to a change of them is. */
#define CLIENT_KEYS(X)                                                                         \
	X(key_list) X(key_ds) X(key_generate) X(key_import) X(key_roll) X(key_next)            \
	X(key_cancel) X(key_seen) X(key_retire)
/* The same of prefix sets, of identities, and of policies. */
#define CLIENT_SITES(X) X(site_show) X(site_drain) X(site_restore) X(site_weight)
#define CLIENT_FOLK(X)                                                                         \
	X(folk_show) X(folk_list) X(folk_enroll) X(folk_assign) X(folk_unassign) X(folk_ban)   \
	X(folk_unban) X(folk_release)
#define CLIENT_POLICIES(X) X(policy_show) X(policy_rules) X(policy_test)
#define X(command) void command(struct client *client, const json_t *request);
CLIENT_KEYS(X)
CLIENT_SITES(X)
CLIENT_FOLK(X)
CLIENT_POLICIES(X)
#undef X
void key_answer(struct client *client, const struct job *job);
void site_answer(struct client *client, const struct job *job);
void folk_answer(struct client *client, const struct job *job);
void policy_answer(struct client *client, const struct job *job);

/* Adds "keys" and, if one goes on, "roll" of the client's zone. */
void key_fields(struct client *client, json_t *fields);

#endif
