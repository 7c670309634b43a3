/*
 * policy.c - commands about who may change what.
 * Knows keys in files and changes in words; what the policy says of them is mapd's.
 */
#include "mapctl/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/sys/option.h"
#include "core/trust/keyfile.h"
#include "core/trust/seal.h"
#include "core/wire/dnssec.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "core/zone/zone.h"
#include "mapctl/control.h"
#include "mapctl/daemon.h"
#include "mapctl/edit.h"
#include "mapctl/identity.h"

#define TSIG "tsig:"
#define PRIVATE ".private"
#define PUBLIC ".key"
#define PATH_MOST 4096
#define KEY_LINE 4096
#define KEY_HEAD 4 /* octets of a KEY before the key */
#define KEY_MOST (KEY_HEAD + 64)

/* Who would send the change. */
struct sender {
	const char *key; /* of --key */
	const char *name; /* of --name */
	char owner[NAME_TEXT]; /* of the KEY in the file; "": it has none */
	uint8_t rdata[KEY_MOST]; /* KEY */
	size_t n;
};

static bool
path_ends(const char *path, const char *suffix)
{
	size_t n = strlen(path), k = strlen(suffix);

	return n > k && strcmp(path + n - k, suffix) == 0;
}

/* The KEY record of a line, if it is one: "OWNER [TTL] [IN] KEY 512 3 15 BASE64". */
static bool
record_scan(struct sender *s, char *line)
{
	char *rest = NULL, *word = strtok_r(line, " \t\r\n", &rest), *owner = word;
	const char *why = NULL;
	struct wr wr = wr_init(s->rdata, sizeof s->rdata);
	struct name name;

	if (word == NULL || *word == ';' || *word == '#')
		return false;
	while ((word = strtok_r(NULL, " \t\r\n", &rest)) != NULL && strcmp(word, "KEY") != 0)
		if (strcmp(word, "IN") != 0 && strspn(word, "0123456789") != strlen(word))
			return false;
	if (word == NULL || name_scan(owner, strlen(owner), NULL, &name) != 0 ||
	    zone_scan_rdata(RR_KEY, rest, &name_root, &wr, &why) != 0 || wr.n <= KEY_HEAD)
		return false;
	name_fold(&name);
	name_print(&name, s->owner);
	s->n = wr.n;
	return true;
}

/* 0, or -MAP_ESYS (errno), or -MAP_EFORMAT: no KEY record is there. */
static int
public_read(struct sender *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[KEY_LINE];

	if (f == NULL)
		return -MAP_ESYS;
	while (s->n == 0 && fgets(line, sizeof line, f) != NULL)
		if (!record_scan(s, line))
			s->n = 0;
	fclose(f);
	return s->n > 0 ? 0 : -MAP_EFORMAT;
}

static enum status
private_read(const struct mapctl *m, struct sender *s, const char *path)
{
	struct wr wr = wr_init(s->rdata, sizeof s->rdata);
	struct crypto_key *key;
	char why[1200];
	int error = keyfile_read(path, &key, why, sizeof why);

	if (error != 0)
		return fail(m, error == -MAP_EREFUSED ? STATUS_REFUSED : STATUS_WRONG, error,
		    "%s", why);
	error = seal_key_put(&wr, key);
	s->n = wr.n;
	crypto_key_free(key);
	return error == 0 ? STATUS_DONE
			  : fail(m, STATUS_WRONG, error, "%s: %s", path, error_text(error));
}

/* The public key of a file; of a private one that beside it says too whose it is, as for nsupdate. */
static enum status
key_read(const struct mapctl *m, struct sender *s)
{
	enum status status = path_check(m, "--key", s->key);
	char path[PATH_MOST];
	int error;

	if (status != STATUS_DONE)
		return status;
	if (path_ends(s->key, PRIVATE)) {
		snprintf(path, sizeof path, "%.*s" PUBLIC,
		    (int)(strlen(s->key) - strlen(PRIVATE)), s->key);
		return public_read(s, path) == 0 ? STATUS_DONE : private_read(m, s, s->key);
	}
	error = public_read(s, s->key);
	if (error == 0)
		return STATUS_DONE;
	return fail(m, error == -MAP_ESYS ? STATUS_REFUSED : STATUS_WRONG, error, "%s: %s",
	    s->key, error == -MAP_ESYS ? strerror(errno) : "no KEY record is there");
}

/* Who it is, into request. */
static enum status
sender_add(const struct mapctl *m, struct sender *s, json_t *request)
{
	char base64[(KEY_MOST + 2) / 3 * 4 + 1], shown[OPTION_TEXT], text[EID_TEXT];
	enum status status;
	struct eid id;

	if (strncmp(s->key, TSIG, strlen(TSIG)) == 0) {
		struct name name;

		status = name_take(m, "--key", s->key + strlen(TSIG), &name);
		if (status == STATUS_DONE)
			json_object_set_new(
			    request, "tsig", json_string(name_print(&name, text)));
		return status;
	}
	status = key_read(m, s);
	if (status != STATUS_DONE)
		return status;
	if (s->name == NULL && s->owner[0] == '\0')
		return usage(m, "--name: missing; %s does not say whose key it is",
		    option_short(s->key, shown));
	if (s->name != NULL && eid_scan(s->name, strlen(s->name), false, &id) != 0)
		return usage(m,
		    "--name %s: neither identity nor name; expected an address, KEY@REALM or a "
		    "domain name",
		    option_short(s->name, shown));
	if (text_base64_put(base64, sizeof base64,
		(struct bytes){s->rdata + KEY_HEAD, s->n - KEY_HEAD}) < 0)
		return fail(m, STATUS_WRONG, -MAP_ESPACE, "%s: the key is too long", s->key);
	json_object_set_new(request, "identity",
	    json_string(s->name != NULL ? eid_print(&id, text) : s->owner));
	json_object_set_new(request, "algorithm", json_integer(s->rdata[3]));
	json_object_set_new(
	    request, "tag", json_integer(dnssec_key_tag((struct bytes){s->rdata, s->n})));
	json_object_set_new(request, "key", json_string(base64));
	return STATUS_DONE;
}

static enum status
test_options(struct mapctl *m, int argc, char **argv, struct sender *s)
{
	static const struct option options[] = {{"key", required_argument, NULL, 'k'},
	    {"name", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (option == 'k')
			s->key = optarg;
		else if (option == 'n')
			s->name = optarg;
		else
			return usage_option(m, option, argv, options);
	}
	if (s->key == NULL)
		return usage(m, "--key: missing");
	return argc > optind ? STATUS_DONE : usage(m, "ZONE: missing");
}

/* Asks, and says what came of it; what would be refused is something that is wrong. */
static enum status
test_ask(struct mapctl *m, json_t *request)
{
	enum status status = control_ask(m, request), shown;
	struct frame frame;
	json_t *answer;
	bool allowed;

	if (status == STATUS_DONE)
		status = control_receive(m, &frame);
	if (status != STATUS_DONE)
		return status;
	answer = json_loadb((const char *)frame.payload.p, frame.payload.n, 0, NULL);
	allowed = !json_is_false(json_object_get(answer, "allowed"));
	json_decref(answer);
	shown = control_answer(m, &frame);
	return shown != STATUS_DONE || allowed ? shown : STATUS_WRONG;
}

enum status
policy_test(struct mapctl *m, int argc, char **argv)
{
	struct sender sender = {.n = 0};
	enum status status = test_options(m, argc, argv, &sender);
	json_t *request, *changes;
	struct name zone;

	if (status == STATUS_DONE)
		status = zone_name_scan(m, argv[optind], &zone);
	if (status != STATUS_DONE)
		return status;
	argc -= optind + 1;
	argv += optind + 1;
	changes = json_array();
	request =
	    json_pack("{s:s, s:o}", "zone", name_print(&zone, m->argument), "changes", changes);
	status = sender_add(m, &sender, request);
	if (status == STATUS_DONE)
		status = edit_changes(m, &zone, argc, argv, changes);
	if (status == STATUS_DONE && json_array_size(changes) == 0)
		status = usage(m, "no change; expected a line with set or unset");
	if (status == STATUS_DONE)
		return test_ask(m, request);
	json_decref(request);
	return status;
}

/* "banned REFUSED: the identity is banned" */
void
policy_print_rules(json_t *answer)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "rules"), i, row)
	{
		const char *rule = json_string_value(json_object_get(row, "rule"));
		const char *rcode = json_string_value(json_object_get(row, "rcode"));
		const char *says = json_string_value(json_object_get(row, "says"));

		printf("%s %s: %s\n", rule != NULL ? rule : "?",
		    json_is_true(json_object_get(row, "allows")) ? "allows"
		    : rcode != NULL				 ? rcode
								 : "?",
		    says != NULL ? says : "?");
	}
}
