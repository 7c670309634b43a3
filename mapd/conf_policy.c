/*
 * conf_policy.c - mapd.yaml on updates: policy, leases and quotas of a zone, keys and budgets of the server.
 * Knows what may stand there; knows nothing of how it is applied.
 */
#include "mapd/conf_policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/conf.h"
#include "core/sys/crypto.h"
#include "core/trust/seal.h"
#include "core/wire/errors.h"

#define OPTIONAL_TEXT (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)
#define TEXT_MAX 1024
#define KEY_MAX (TEXT_MAX + 64) /* octets of a key's path */
#define TIME_MOST (366 * 86400u) /* seconds of a lease */
#define LOSS_USUAL 10 /* milliseconds */
#define LOSS_MOST 10000
#define UNPROVED_USUAL 200 /* a second: protocol 8 */
#define UNPROVED_OF_SOURCE_USUAL 2
#define UNPROVED_MOST 100000

const cyaml_strval_t policy_kinds[3] = {{"closed", POLICY_CLOSED + 1},
    {"enrolled", POLICY_ENROLLED + 1}, {"open", POLICY_OPEN + 1}};
const cyaml_strval_t policy_durabilities[2] = {
    {"durable", DURABILITY_DURABLE + 1}, {"batched", DURABILITY_BATCHED + 1}};

#define TEXT(key, member) \
	CYAML_FIELD_STRING_PTR(key, OPTIONAL_TEXT, struct lease_row, member, 1, TEXT_MAX)
const cyaml_schema_field_t policy_lease_fields[] = {TEXT("default", usual), TEXT("key", key),
    TEXT("min", least), TEXT("max", most), TEXT("key-max", key_most), CYAML_FIELD_END};
#undef TEXT

#define NUMBER(key, member) CYAML_FIELD_UINT_PTR(key, OPTIONAL_TEXT, struct quota_row, member)
const cyaml_schema_field_t policy_quota_fields[] = {NUMBER("eloc", eloc), NUMBER("epid", epid),
    NUMBER("key", key), NUMBER("octets", octets), NUMBER("names", names),
    NUMBER("identities", identities), NUMBER("identities-of-source", identities_of_source),
    NUMBER("identities-unproved", identities_unproved), CYAML_FIELD_END};
#undef NUMBER

static int
policy_seconds(const char *text, const char *key, const char *zone, uint32_t *out,
    const struct reading *in)
{
	char path[KEY_MAX];
	uint64_t ms;

	if (text == NULL)
		return 0;
	if (conf_time(text, &ms) == 0 && ms % 1000 == 0 && ms / 1000 <= TIME_MOST) {
		*out = (uint32_t)(ms / 1000);
		return 0;
	}
	snprintf(path, sizeof path, "zones/%s/lease/%s", zone, key);
	return config_blame(
	    in, path, "no such time", "0s to a year, in whole seconds, such as 2h");
}

/* What is usual, and not said, gives way to bounds that are. */
static void
lease_fit(uint32_t *usual, bool said, uint32_t least, uint32_t most)
{
	if (said || *usual == 0)
		return;
	if (*usual < least)
		*usual = least;
	if (*usual > most)
		*usual = most;
}

static int
policy_leases(struct policy *policy, const struct lease_row *row, const char *zone,
    const struct reading *in)
{
	struct {
		const char *key, *text;
		uint32_t *out;
	} times[] = {{"min", row->least, &policy->lease_least},
	    {"max", row->most, &policy->lease_most},
	    {"key-max", row->key_most, &policy->key_lease_most},
	    {"default", row->usual, &policy->lease}, {"key", row->key, &policy->key_lease}};
	char path[KEY_MAX];
	int error = 0;

	for (size_t i = 0; i < sizeof times / sizeof times[0] && error == 0; i++)
		error = policy_seconds(times[i].text, times[i].key, zone, times[i].out, in);
	if (error != 0)
		return error;
	lease_fit(
	    &policy->key_lease_most, row->key_most != NULL, policy->lease_most, TIME_MOST);
	lease_fit(&policy->lease, row->usual != NULL, policy->lease_least, policy->lease_most);
	if (policy->lease == 0 && row->key == NULL)
		policy->key_lease = 0;
	else if (row->key == NULL && policy->key_lease == 0)
		policy->key_lease = policy_usual[POLICY_OPEN].key_lease;
	lease_fit(&policy->key_lease, row->key != NULL,
	    policy->lease > policy->lease_least ? policy->lease : policy->lease_least,
	    policy->key_lease_most);
	if (policy->lease_least == 0 || policy->lease_least > policy->lease_most ||
	    policy->lease_most > policy->key_lease_most) {
		snprintf(path, sizeof path, "zones/%s/lease", zone);
		return config_blame(in, path, "bounds that nothing lies between",
		    "min of at least 1s, then max, then key-max");
	}
	if (policy->lease != 0 &&
	    (policy->lease < policy->lease_least || policy->lease > policy->lease_most)) {
		snprintf(path, sizeof path, "zones/%s/lease/default", zone);
		return config_blame(in, path, "out of bounds", "0s (none), or from min to max");
	}
	/* a KEY keeps the name as long as anything is there; 0 of either is no end */
	if (policy->key_lease != 0 &&
	    (policy->lease == 0 || policy->key_lease < policy->lease ||
		policy->key_lease > policy->key_lease_most)) {
		snprintf(path, sizeof path, "zones/%s/lease/key", zone);
		return config_blame(in, path, "out of bounds",
		    "0s (no end), or from default to key-max; 0s where default is 0s");
	}
	return 0;
}

static int
policy_quotas(struct policy *policy, const struct quota_row *row, const char *zone,
    const struct reading *in)
{
	uint32_t identities = (uint32_t)policy->identities;
	const struct {
		const char *key;
		const uint64_t *said;
		uint32_t *out;
		uint32_t most;
	} numbers[] = {
	    {"eloc", row->eloc, &policy->eloc, 16},
	    {"epid", row->epid, &policy->epid, 16},
	    {"key", row->key, &policy->key, 2},
	    {"octets", row->octets, &policy->octets, 60000},
	    {"names", row->names, &policy->names, 10000},
	    {"identities", row->identities, &identities, 1000000000},
	    {"identities-of-source", row->identities_of_source, &policy->identities_of_source,
		1000000000},
	    {"identities-unproved", row->identities_unproved, &policy->identities_unproved,
		1000000000},
	};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		char path[KEY_MAX], expected[64];

		if (numbers[i].said == NULL)
			continue;
		if (*numbers[i].said < 1 || *numbers[i].said > numbers[i].most) {
			snprintf(path, sizeof path, "zones/%s/quota/%s", zone, numbers[i].key);
			snprintf(expected, sizeof expected, "1 to %" PRIu32, numbers[i].most);
			return config_blame(in, path, "no such number", expected);
		}
		*numbers[i].out = (uint32_t)*numbers[i].said;
	}
	policy->identities = identities;
	return 0;
}

/* Names in lower case, of which key is told when one of them is none; *n counts what is to be freed. */
static int
policy_names(const struct name **out, size_t *n, char **texts, uint32_t n_texts,
    const char *key, const char *expected, const struct reading *in)
{
	struct name *names = calloc(n_texts + 1, sizeof *names);
	char path[KEY_MAX];

	*out = names;
	if (names == NULL)
		return config_no_memory(in);
	for (uint32_t i = 0; i < n_texts; i++) {
		if (name_scan(texts[i], strlen(texts[i]), NULL, &names[i]) != 0) {
			snprintf(path, sizeof path, "%s/%" PRIu32, key, i);
			return config_blame(in, path, "not a domain name", expected);
		}
		name_fold(&names[i]);
		++*n;
	}
	return 0;
}

static int
policy_sites(struct policy *policy, const struct policy_row *row, const char *zone,
    const struct reading *in)
{
	char key[KEY_MAX];

	snprintf(key, sizeof key, "zones/%s/sites", zone);
	return policy_names(&policy->sites, &policy->n_sites, row->sites, row->n_sites, key,
	    "the name of a prefix set", in);
}

static int
policy_admins(struct policy *policy, const struct policy_row *row, const char *zone,
    const struct reading *in)
{
	char key[KEY_MAX];

	snprintf(key, sizeof key, "zones/%s/admins", zone);
	return policy_names(&policy->admins, &policy->n_admins, row->admins, row->n_admins, key,
	    "the name of a key in tsig-keys", in);
}

int
config_policy(struct zone_rule *out, const struct policy_row *row, const char *zone,
    const struct reading *in)
{
	struct policy *policy = &out->policy;
	int error;

	policy_defaults(
	    policy, row->kind > 0 ? (enum policy_kind)(row->kind - 1) : POLICY_CLOSED);
	out->has_policy = row->kind > 0;
	policy->private_locators = out->private_locators;
	if (row->verify != SAID_NOTHING)
		policy->verify_locators = row->verify == SAID_YES;
	error = policy_sites(policy, row, zone, in);
	if (error == 0)
		error = policy_admins(policy, row, zone, in);
	if (error == 0)
		error = policy_leases(policy, &row->lease, zone, in);
	return error != 0 ? error : policy_quotas(policy, &row->quota, zone, in);
}

static int
updates_number(uint32_t *out, const uint32_t *said, uint32_t usual, const char *key,
    const struct reading *in)
{
	*out = said != NULL ? *said : usual;
	return *out <= UNPROVED_MOST
		   ? 0
		   : config_blame(in, key, "too many", "0 to 100000 a second");
}

static int
updates_keys(struct update_rules *out, const char *path, const struct reading *in)
{
	char cause[CONF_MESSAGE];
	struct tsig_key *keys = NULL;
	int error =
	    path != NULL ? tsig_keys_load(path, &keys, &out->n_keys, cause, sizeof cause) : 0;

	out->keys = keys;
	if (error == 0)
		return 0;
	out->keys = NULL;
	out->n_keys = 0;
	return config_blame(
	    in, "tsig-keys", cause, "a file of mode 0600 as tsig-keygen writes it");
}

int
config_updates(
    struct update_rules *out, const struct updates_row *row, const struct reading *in)
{
	uint64_t loss = LOSS_USUAL;
	int error = updates_number(
	    &out->unproved, row->unproved, UNPROVED_USUAL, "unproved-updates", in);

	out->durability =
	    row->durability > 0 ? (uint8_t)(row->durability - 1) : DURABILITY_DURABLE;
	if (error == 0)
		error = updates_number(&out->unproved_of_source, row->unproved_of_source,
		    UNPROVED_OF_SOURCE_USUAL, "unproved-updates-of-source", in);
	if (error == 0 && row->loss != NULL &&
	    (conf_time(row->loss, &loss) != 0 || loss < 1 || loss > LOSS_MOST))
		error = config_blame(
		    in, "batched-loss", "no such time", "1ms to 10s, such as 10ms");
	out->loss = (uint32_t)loss;
	return error != 0 ? error : updates_keys(out, row->tsig_keys, in);
}

void
policy_free(struct policy *policy)
{
	free((void *)(uintptr_t)policy->sites);
	free((void *)(uintptr_t)policy->admins);
	policy->sites = policy->admins = NULL;
	policy->n_sites = policy->n_admins = 0;
}

void
updates_free(struct update_rules *rules)
{
	if (rules->keys != NULL)
		crypto_wipe(
		    (void *)(uintptr_t)rules->keys, rules->n_keys * sizeof *rules->keys);
	free((void *)(uintptr_t)rules->keys);
	rules->keys = NULL;
	rules->n_keys = 0;
}
