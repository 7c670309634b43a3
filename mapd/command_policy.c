/*
 * command_policy.c - the commands of the control socket that are about who may change what.
 * Knows what a realm's policy says, and makes of a change what a host would send; what would become of that the
 * writer says, by the same way as an UPDATE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/text.h"
#include "mapd/command.h"
#include "mapd/edit.h"
#include "mapd/trial.h"

static const char *const kinds[] = {
    [POLICY_CLOSED] = "closed", [POLICY_ENROLLED] = "enrolled", [POLICY_OPEN] = "open"};

static const char *
rcode_word(unsigned rcode, char text[16])
{
	static const char *const words[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
	    "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};

	if (rcode < sizeof words / sizeof words[0])
		return words[rcode];
	if (rcode == RCODE_BADCOOKIE)
		return "BADCOOKIE";
	snprintf(text, 16, "RCODE%u", rcode);
	return text;
}

static void
number_add(json_t *fields, const char *name, uint64_t number)
{
	json_object_set_new(fields, name, json_integer((json_int_t)number));
}

void
policy_show(struct client *client, const json_t *request)
{
	const struct policy *policy = rules_policy(client_rules(client), &client->zone);
	json_t *sites = json_array(), *admins = json_array(), *fields;
	char zone_text[NAME_TEXT], text[NAME_TEXT];
	struct zone zone;

	(void)request;
	if (!client_zone(client, &zone)) {
		json_decref(sites);
		json_decref(admins);
		return;
	}
	name_print(&zone.apex, zone_text);
	for (size_t i = 0; i < policy->n_sites; i++)
		json_array_append_new(sites, json_string(name_print(&policy->sites[i], text)));
	for (size_t i = 0; i < policy->n_admins; i++)
		json_array_append_new(
		    admins, json_string(name_print(&policy->admins[i], text)));
	fields = json_pack("{s:s, s:s, s:b, s:b}", "zone", zone_text, "policy",
	    kinds[policy->kind], "verify_locators", policy->verify_locators, "private_locators",
	    policy->private_locators);
	number_add(fields, "lease", policy->lease);
	number_add(fields, "key_lease", policy->key_lease);
	number_add(fields, "lease_least", policy->lease_least);
	number_add(fields, "lease_most", policy->lease_most);
	number_add(fields, "key_lease_most", policy->key_lease_most);
	number_add(fields, "eloc", policy->eloc);
	number_add(fields, "epid", policy->epid);
	number_add(fields, "key", policy->key);
	number_add(fields, "octets", policy->octets);
	number_add(fields, "names", policy->names);
	number_add(fields, "identities", policy->identities);
	number_add(fields, "identities_of_source", policy->identities_of_source);
	number_add(fields, "identities_unproved", policy->identities_unproved);
	json_object_set_new(fields, "sites", sites);
	json_object_set_new(fields, "admins", admins);
	client_answer(client, fields, "zone %s: policy %s", zone_text, kinds[policy->kind]);
}

void
policy_rules(struct client *client, const json_t *request)
{
	json_t *rows = json_array();
	const struct policy_rule *rule;
	char text[16];

	(void)request;
	for (size_t i = 0; (rule = policy_rule_at(i)) != NULL; i++)
		json_array_append_new(
		    rows, json_pack("{s:s, s:b, s:s, s:s}", "rule", rule->name, "allows",
			      (int)rule->allows, "rcode", rcode_word(rule->rcode, text), "says",
			      rule->text));
	client_answer(
	    client, json_pack("{s:o}", "rules", rows), "%zu rules", json_array_size(rows));
}

/* The "changes" of a request as lines; why they are none, or NULL. */
static const char *
changes_read(const struct client *client, const json_t *request, struct lines *lines)
{
	const json_t *changes = json_object_get(request, "changes");
	size_t n = json_array_size(changes);

	if (n == 0 || n > UINT16_MAX)
		return "\"changes\" must be an array of lines";
	for (size_t i = 0; i < n; i++) {
		const json_t *change = json_array_get(changes, i);
		const char *word = json_string_value(json_object_get(change, "do"));
		struct line line = {.verb = LINE_SET};
		const char *why;
		uint8_t *rdata;

		if (word == NULL || (strcmp(word, "set") != 0 && strcmp(word, "unset") != 0))
			return "\"do\" is one of set, unset";
		if (strcmp(word, "unset") == 0)
			line.verb = LINE_UNSET;
		why = edit_line_read(client, change, &rdata, &line);
		if (why == NULL && lines_add(lines, &line) != 0)
			why = "too much for one update";
		free(rdata);
		if (why != NULL)
			return why;
	}
	return NULL;
}

/* The update of a request; NULL: answered with what is wrong. */
static struct proposal *
request_update(struct client *client, const json_t *request)
{
	struct lines lines = {0};
	struct proposal *p = NULL;
	const char *why = changes_read(client, request, &lines);
	char text[NAME_TEXT];

	if (why == NULL)
		p = trial_new(&client->zone, &lines, &why);
	lines_fini(&lines);
	if (p == NULL)
		client_fail(
		    client, -MAP_EFORMAT, "zone %s: %s", name_print(&client->zone, text), why);
	return p;
}

/* What would be answered, and why. */
static void
verdict_answer(struct client *client, const struct proposal *p)
{
	struct trial_answer a = trial_answer(p);
	char zone[NAME_TEXT], actor[NAME_TEXT], word[16];
	const char *rcode = rcode_word(a.rcode, word);
	json_t *fields = json_pack("{s:s, s:s, s:b, s:s, s:s*, s:s}", "zone",
	    name_print(&client->zone, zone), "actor", name_print(&a.actor->name, actor),
	    "allowed", (int)(a.rcode == 0), "rcode", rcode, "rule", a.rule, "says", a.text);

	if (a.actor->kind == ACTOR_KEY) {
		number_add(fields, "algorithm", a.actor->algorithm);
		number_add(fields, "tag", a.actor->tag);
	}
	client_answer(client, fields, "zone %s: %s would get %s%s%s%s%s", zone, actor, rcode,
	    a.rule != NULL ? " by rule " : "", a.rule != NULL ? a.rule : "",
	    a.text[0] != '\0' ? ": " : "", a.text);
}

void
policy_answer(struct client *client, const struct job *job)
{
	client->zone = job->zone;
	verdict_answer(client, job->proposal);
}

/* The public key of a request, as in KEY; false: answered with what is wrong. */
static bool
request_key(struct client *client, const json_t *request, struct actor *actor)
{
	const char *text = json_string_value(json_object_get(request, "key"));
	json_int_t algorithm = json_integer_value(json_object_get(request, "algorithm"));
	json_int_t tag = json_integer_value(json_object_get(request, "tag"));
	int n = text == NULL
		    ? -1
		    : text_base64_read(text, strlen(text), actor->key, sizeof actor->key);

	actor->kind = ACTOR_KEY;
	actor->algorithm = algorithm > 0 && algorithm <= UINT8_MAX ? (uint8_t)algorithm : 0;
	if (n > 0 && tag >= 0 && tag <= UINT16_MAX &&
	    crypto_public_size(actor->algorithm) == (size_t)n) {
		actor->key_n = (uint8_t)n;
		actor->tag = (uint16_t)tag;
		return true;
	}
	client_fail(client, -MAP_EUSAGE,
	    "\"algorithm\", \"key\" and \"tag\" must be those of a KEY record: 13 or 15, "
	    "base64");
	return false;
}

/* On to the writer, or answered with what a worker would say. */
static void
test_judge(struct client *client, struct proposal *p, bool passes)
{
	if (passes) {
		client_change(client, &(struct job){.kind = JOB_TEST, .proposal = p});
		return;
	}
	verdict_answer(client, p);
	trial_free(p);
}

static void
test_admin(struct client *client, const json_t *request, struct proposal *p)
{
	char text[NAME_TEXT];
	struct name name;

	if (!client_name(client, request, "tsig", &name)) {
		trial_free(p);
	} else if (!trial_has_admin(client_rules(client), &name)) {
		trial_free(p);
		client_fail(client, -MAP_ENOTFOUND, "%s: no TSIG key of this server",
		    name_print(&name, text));
	} else {
		test_judge(client, p, trial_of_admin(p, &name));
	}
}

static void
test_key(struct client *client, const json_t *request, struct proposal *p)
{
	const struct name apex = client->zone;
	struct actor actor = {0};
	struct zone home;

	if (!request_key(client, request, &actor) ||
	    !client_identity(client, request, &actor.name, &home)) {
		trial_free(p);
		return;
	}
	client->zone = apex;
	test_judge(client, p,
	    trial_of_key(p, client_rules(client), client->control->snap, &home, &actor));
}

void
policy_test(struct client *client, const json_t *request)
{
	struct proposal *p;
	struct zone zone;

	if (!client_zone(client, &zone))
		return;
	p = request_update(client, request);
	if (p != NULL && json_object_get(request, "tsig") != NULL)
		test_admin(client, request, p);
	else if (p != NULL)
		test_key(client, request, p);
}
