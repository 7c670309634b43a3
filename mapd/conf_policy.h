/*
 * conf_policy.h - what mapd.yaml says of updates: the rows that conf.c's schema takes in, and what they mean.
 */
#ifndef MAPD_CONF_POLICY_H
#define MAPD_CONF_POLICY_H

#include <cyaml/cyaml.h>

#include "mapd/rules.h"

/* Where a mistake is to be reported. */
struct reading {
	const char *path;
	char *message;
	size_t max;
};
int config_blame(
    const struct reading *in, const char *key, const char *cause, const char *expected) NONNULL;
int config_no_memory(const struct reading *in) NONNULL;

enum said { SAID_NOTHING, SAID_YES, SAID_NO };

/* As libcyaml fills them; NULL: not said. */
struct lease_row {
	char *usual, *key, *least, *most, *key_most;
};
struct quota_row {
	uint64_t *eloc, *epid, *key, *octets, *names, *identities, *identities_of_source,
	    *identities_unproved;
};
struct policy_row {
	int kind; /* one more than enum policy_kind; 0: not said */
	int verify; /* enum said */
	char **sites;
	uint32_t n_sites;
	char **admins;
	uint32_t n_admins;
	struct lease_row lease;
	struct quota_row quota;
};
struct updates_row {
	char *tsig_keys;
	int durability; /* one more than enum durability; 0: not said */
	char *loss;
	uint32_t *unproved, *unproved_of_source;
};

/* What they are in the schema. */
extern const cyaml_strval_t policy_kinds[3], policy_durabilities[2];
extern const cyaml_schema_field_t policy_lease_fields[], policy_quota_fields[];

/* The policy of a zone, whose name in the file is zone. What is in out is freed even after an error. */
int config_policy(struct zone_rule *out, const struct policy_row *row, const char *zone,
    const struct reading *in) NONNULL MUST_CHECK;
int config_updates(struct update_rules *out, const struct updates_row *row,
    const struct reading *in) NONNULL MUST_CHECK;
void policy_free(struct policy *policy) NONNULL;
void updates_free(struct update_rules *rules) NONNULL;

#endif
