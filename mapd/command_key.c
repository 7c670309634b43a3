/*
 * command_key.c - the commands of the control socket that are about keys.
 * Knows keys and rolls as an operator asks for them; changes are asked of the writer.
 */
#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "mapd/command.h"
#include "mapd/keyset.h"

#define TTL_MOST 604800

/* The zone's keys in turn; false: no more. */
static bool
keys_next(struct client *client, bool first, struct zonekey *key)
{
	struct snapshot *snap = client->control->snap;
	uint8_t prefix[ZONEKEY_PREFIX];
	size_t n = zonekey_prefix(&client->zone, prefix);
	struct bytes found, value;
	bool any = first ? snapshot_ceiling(
			       snap, TABLE_KEYS, (struct bytes){prefix, n}, &found, &value)
			 : snapshot_next(snap, TABLE_KEYS, &found, &value);

	return any && found.n == n + 2 && memcmp(found.p, prefix, n) == 0 &&
	       zonekey_read(value, key) == 0;
}

static struct roll
keys_roll(struct client *client)
{
	uint8_t octets[sizeof KEYSET_ROLLS + NAME_KEY];
	struct bytes key = {octets, keyset_roll_key(&client->zone, octets)}, value;
	struct roll roll = {0};

	if (snapshot_get(client->control->snap, TABLE_META, key, &value) &&
	    keyset_read_roll(value, &roll) != 0)
		roll = (struct roll){0};
	return roll;
}

static const char *
side_word(const struct zonekey *key)
{
	static const char *const words[] = {[KEY_CURRENT] = "in use",
	    [KEY_OLD] = "old",
	    [KEY_NEW] = "new",
	    [KEY_SPARE] = "waits"};

	return words[key->side];
}

static json_t *
key_row(const struct zonekey *key, const struct roll *roll)
{
	uint8_t duties = roll_duties(roll, key->role, (enum key_side)key->side);
	bool ksk = (key->role & ROLE_KSK) != 0, zsk = (key->role & ROLE_ZSK) != 0;
	char file[KEYRING_BASE + 16];

	snprintf(file, sizeof file, "%s.private", key->base);
	return json_pack("{s:i, s:i, s:i, s:s, s:s, s:b, s:b, s:b, s:b, s:I, s:s}", "tag",
	    key->tag, "algorithm", key->algorithm, "flags", (int)get_u16(key->dnskey), "role",
	    zonekey_role_word(key->role), "state", side_word(key), "published",
	    (duties & DUTY_PUBLISH) != 0, "signs_keys", ksk && (duties & DUTY_PUBLISH) != 0,
	    "signs_data", zsk && (duties & DUTY_SIGN) != 0, "ds", (duties & DUTY_DS) != 0,
	    "since", (json_int_t)key->since, "file", file);
}

static json_t *
roll_row(struct client *client, const struct roll *roll)
{
	struct control_hooks *hooks = &client->control->options.hooks;
	const struct rules *rules = hooks->rules(hooks->arg);
	uint32_t propagation = rules_propagation(rules, &client->zone);
	struct roll_verdict verdict = roll_check(roll, propagation, clock_seconds());
	const struct roll_phase *phase = roll_phase(roll->kind, roll->phase);
	json_t *row = json_pack("{s:s, s:s, s:s, s:I}", "kind", roll_word(roll->kind), "phase",
	    phase->word, "says", phase->says, "since", (json_int_t)roll->since);

	json_object_set_new(row, "safe", json_boolean(verdict.ready));
	if (verdict.missing == 0)
		json_object_set_new(row, "safe_at", json_integer((json_int_t)verdict.at));
	if ((verdict.missing & ROLL_W_WALK) != 0)
		json_object_set_new(row, "waits", json_string("until all is signed anew"));
	else if ((verdict.missing & ROLL_W_DS) != 0)
		json_object_set_new(row, "waits",
		    json_string("until the parent has the new DS and not the old one"));
	return row;
}

void
key_fields(struct client *client, json_t *fields)
{
	struct roll roll = keys_roll(client);
	json_t *keys = json_array();
	struct zonekey key;

	for (bool first = true; keys_next(client, first, &key); first = false)
		json_array_append_new(keys, key_row(&key, &roll));
	json_object_set_new(fields, "keys", keys);
	if (roll.kind != ROLL_NONE)
		json_object_set_new(fields, "roll", roll_row(client, &roll));
}

/* Keys may be there before their zone, and after. */
void
key_list(struct client *client, const json_t *request)
{
	json_t *fields = json_object();
	char text[NAME_TEXT];
	struct zone zone;
	size_t n;

	(void)request;
	key_fields(client, fields);
	n = json_array_size(json_object_get(fields, "keys"));
	if (n == 0) {
		json_decref(fields);
		if (client_zone(client, &zone))
			client_fail(client, -MAP_EDATABASE, "zone %s: it has no keys",
			    name_print(&client->zone, text));
		return;
	}
	client_answer(client, fields, "zone %s: %zu keys", name_print(&client->zone, text), n);
}

void
key_ds(struct client *client, const json_t *request)
{
	struct roll roll = keys_roll(client);
	json_t *rows = json_array();
	char text[NAME_TEXT], digest[65];
	uint8_t ds[ZONEKEY_DS];
	struct zonekey key;
	struct zone zone;

	(void)request;
	for (bool first = true; keys_next(client, first, &key); first = false)
		if ((roll_duties(&roll, key.role, (enum key_side)key.side) & DUTY_DS) != 0 &&
		    zonekey_ds(&client->zone, &key, ds) == 0 &&
		    text_hex_put(digest, sizeof digest, (struct bytes){ds + 4, 32}) > 0)
			json_array_append_new(
			    rows, json_pack("{s:i, s:i, s:i, s:s}", "tag", key.tag, "algorithm",
				      key.algorithm, "digest_type", ds[3], "digest", digest));
	if (json_array_size(rows) == 0) {
		json_decref(rows);
		if (client_zone(client, &zone))
			client_fail(client, -MAP_EDATABASE, "zone %s: it has no key for a DS",
			    name_print(&client->zone, text));
		return;
	}
	name_print(&client->zone, text);
	client_answer(client,
	    json_pack("{s:s, s:o, s:i}", "zone", text, "ds", rows, "ttl", ZONEKEY_TTL),
	    "zone %s: %zu DS for its parent", text, json_array_size(rows));
}

void
key_answer(struct client *client, const struct job *job)
{
	struct snapshot *snap = client->control->snap;
	char zone[NAME_TEXT];
	json_t *fields = json_object();

	client->zone = job->zone;
	if (snapshot_take(snap) == 0)
		key_fields(client, fields);
	snapshot_release(snap);
	name_print(&job->zone, zone);
	json_object_set_new(fields, "zone", json_string(zone));
	client_answer(client, fields, "zone %s: %s", zone, job->outcome.done);
}

/* A word of the request, "" if it has none; false: answered that it is no text. */
static bool
request_word(struct client *client, const json_t *request, const char *name, const char **word)
{
	const json_t *value = json_object_get(request, name);

	*word = value == NULL ? "" : json_string_value(value);
	if (*word == NULL)
		client_fail(client, -MAP_EUSAGE, "\"%s\" must be a string", name);
	return *word != NULL;
}

/* The role and the algorithm of a request; false: answered with what is wrong. */
static bool
request_key(struct client *client, const json_t *request, struct job *job)
{
	const char *role, *algorithm;

	if (!request_word(client, request, "role", &role) ||
	    !request_word(client, request, "algorithm", &algorithm))
		return false;
	job->role = zonekey_role(role);
	job->algorithm = rules_algorithm_from(algorithm);
	if (role[0] != '\0' && job->role == 0)
		client_fail(client, -MAP_EUSAGE, "role %.32s: expected csk, ksk or zsk", role);
	else if (algorithm[0] != '\0' && job->algorithm == 0)
		client_fail(client, -MAP_EUSAGE,
		    "algorithm %.32s: expected ecdsap256 or ed25519", algorithm);
	else
		return true;
	return false;
}

void
key_generate(struct client *client, const json_t *request)
{
	struct job job = {.kind = JOB_GAIN};

	if (request_key(client, request, &job))
		client_change(client, &job);
}

void
key_import(struct client *client, const json_t *request)
{
	struct job job = {.kind = JOB_GAIN};
	const char *text;

	if (!request_word(client, request, "text", &text))
		return;
	job.text = (struct bytes){(const uint8_t *)text, strlen(text)};
	if (text[0] == '\0')
		client_fail(client, -MAP_EUSAGE, "\"text\" must be a key file's");
	else if (request_key(client, request, &job))
		client_change(client, &job);
}

void
key_roll(struct client *client, const json_t *request)
{
	const char *word;
	int what;

	if (!request_word(client, request, "what", &word))
		return;
	what = rollover_what(word);
	if (what < 0)
		client_fail(client, -MAP_EUSAGE,
		    "%.32s: expected zsk, ksk, csk, keys, algorithm or denial", word);
	else
		client_change(
		    client, &(struct job){.kind = JOB_ROLL, .what = (enum roll_what)what});
}

void
key_next(struct client *client, const json_t *request)
{
	struct control_hooks *hooks = &client->control->options.hooks;

	(void)request;
	hooks->ask_parents(hooks->arg); /* what it may be waiting for */
	client_change(client, &(struct job){.kind = JOB_NEXT});
}

void
key_cancel(struct client *client, const json_t *request)
{
	(void)request;
	client_change(client, &(struct job){.kind = JOB_CANCEL});
}

void
key_seen(struct client *client, const json_t *request)
{
	const json_t *given = json_object_get(request, "ttl");
	json_int_t ttl = json_integer_value(given);

	if ((given != NULL && !json_is_integer(given)) || ttl < 0 || ttl > TTL_MOST)
		client_fail(client, -MAP_EUSAGE, "\"ttl\" must be 0 to %d seconds", TTL_MOST);
	else
		client_change(client, &(struct job){.kind = JOB_SEEN, .ttl = (uint32_t)ttl});
}

void
key_retire(struct client *client, const json_t *request)
{
	const json_t *tag = json_object_get(request, "tag");

	if (!json_is_integer(tag) || json_integer_value(tag) < 0 ||
	    json_integer_value(tag) > UINT16_MAX)
		client_fail(client, -MAP_EUSAGE, "\"tag\" must be a key tag, 0 to 65535");
	else
		client_change(client, &(struct job){.kind = JOB_RETIRE,
					  .tag = (uint16_t)json_integer_value(tag)});
}
