/*
 * registered.c - a registration for people and programs: the message before it is sent, and what became of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "core/zone/zone.h"
#include "mapctl/output.h"
#include "mapctl/register.h"
#include "register/refusal.h"

#define MESSAGE_MOST 65535
#define HEX_LINE 32 /* octets */
#define TIME_TEXT 32

/* ------------------------------------------------------------------------ the message, as it would be */

struct showing {
	const struct mapctl *m;
	const struct wanted *wanted;
	struct bytes wire;
	struct message message;
	struct update update;
	json_t *lines; /* JSON: what is deleted and added, in order */
};

static void
line_show(const struct showing *s, const char *line)
{
	if (s->lines != NULL)
		json_array_append_new(s->lines, json_string(line));
	else
		puts(line);
}

/* "; delete OWNER TYPE", or the record as a zone file has it. */
static int
change_show(const struct showing *s, const struct update_item *item)
{
	char text[NAME_TEXT + RDATA_TEXT], owner[NAME_TEXT], type[16];
	struct rr rr = {item->owner, item->type, CLASS_IN, item->ttl, item->rdata};
	int n;

	if (item->verb != UPDATE_ADD) {
		snprintf(text, sizeof text, "; delete %s %s", name_print(item->owner, owner),
		    item->type != 0 ? rrtype_print(item->type, type) : "ANY");
		line_show(s, text);
		return 0;
	}
	n = zone_print(&rr, text, sizeof text);
	if (n < 0)
		return n;
	text[strcspn(text, "\n")] = '\0';
	line_show(s, text);
	return 0;
}

/* "05e4....id.example.org. (SIG(0), algorithm 15, tag 14272, until 2026...)" */
static void
seal_print(const struct showing *s, char *text, size_t max)
{
	char name[NAME_TEXT], until[TIME_TEXT] = "?";
	struct sig0 sig;
	struct tsig tsig;

	if (tsig_read(&s->message, &tsig) == 0) {
		snprintf(text, max, "%s (TSIG)", name_print(&tsig.key, name));
	} else if (sig0_read(&s->message, &sig) == 0) {
		(void)!text_time_put(until, sizeof until, sig.expiration);
		snprintf(text, max, "%s (SIG(0), algorithm %u, tag %u, until %s)",
		    name_print(&sig.signer, name), sig.algorithm, sig.tag, until);
	}
}

static enum status
message_json(struct showing *s, const char *zone, const char *server, const char *seal)
{
	char *hex = malloc(2 * s->wire.n + 1);
	json_t *answer = NULL;

	if (hex != NULL && text_hex_put(hex, 2 * s->wire.n + 1, s->wire) >= 0)
		answer = json_pack("{s:b, s:s, s:s, s:s, s:s, s:O, s:I, s:I, s:s}", "ok", 1,
		    "zone", zone, "server", server, "transport",
		    s->wanted->options->datagram ? "udp" : "tcp", "sealed", seal, "changes",
		    s->lines, "lease", (json_int_t)s->update.lease.lease, "key_lease",
		    (json_int_t)s->update.lease.key_lease, "octets", hex);
	free(hex);
	if (answer == NULL)
		return fail(s->m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	output_json(answer);
	json_decref(answer);
	return STATUS_DONE;
}

static void
octets_show(struct bytes wire)
{
	char hex[2 * HEX_LINE + 1];

	printf("; %zu octets:\n", wire.n);
	for (size_t at = 0; at < wire.n; at += HEX_LINE) {
		size_t n = wire.n - at < HEX_LINE ? wire.n - at : HEX_LINE;

		if (text_hex_put(hex, sizeof hex, (struct bytes){wire.p + at, n}) > 0)
			printf(";   %s\n", hex);
	}
}

static enum status
showing_run(struct showing *s)
{
	const struct content *content = s->wanted->content;
	bool proves = s->wanted->verb == BUILD_REGISTER;
	char zone[NAME_TEXT], server[ADDR_TEXT], seal[NAME_TEXT + 128] = "?";
	int error = 0;

	name_print(&content->zone, zone);
	addr_print(&s->wanted->options->server, server);
	seal_print(s, seal, sizeof seal);
	if (!s->m->json)
		printf("; UPDATE of zone %s for %s over %s\n; sealed by %s\n", zone, server,
		    s->wanted->options->datagram ? "UDP" : "TCP", seal);
	for (size_t i = 0; i < s->update.n_changes && error == 0; i++)
		error = change_show(s, &s->update.items[s->update.n_prerequisites + i]);
	if (error != 0)
		return fail(s->m, STATUS_WRONG, error, "the records: %s", error_text(error));
	if (s->m->json)
		return message_json(s, zone, server, seal);
	printf("; LEASE %" PRIu32 " s, KEY-LEASE %" PRIu32 " s%s\n", s->update.lease.lease,
	    s->update.lease.key_lease,
	    proves ? "; PROVE and COOKIE are added when it is sent" : "");
	octets_show(s->wire);
	return STATUS_DONE;
}

enum status
message_show(const struct mapctl *m, const struct wanted *wanted)
{
	struct build b = {.content = wanted->content,
	    .verb = wanted->verb,
	    .now = clock_ms(),
	    .tsig = wanted->options->tsig};
	struct showing s = {.m = m, .wanted = wanted};
	uint8_t *buffer = malloc(MESSAGE_MOST);
	struct build_proof proof = {0};
	struct build_mac mac;
	const char *why = NULL;
	enum status status;
	struct wr wr;
	int error = buffer == NULL ? -MAP_ENOMEM : crypto_random(&b.id, sizeof b.id);

	wr = wr_init(buffer, MESSAGE_MOST);
	if (error == 0)
		error = build_update(&b, &proof, &wr, &mac);
	s.wire = wr_done(&wr);
	if (error == 0)
		error = message_parse(s.wire, &s.message);
	if (error == 0)
		error = update_read(&s.message, &s.update, &why);
	if (error == 0 && m->json && (s.lines = json_array()) == NULL)
		error = -MAP_ENOMEM;
	if (error == 0)
		status = showing_run(&s);
	else
		status = fail(m, STATUS_WRONG, error < 0 ? error : -MAP_EINTERNAL,
		    "the message: %s", why != NULL ? why : error_text(error));
	update_fini(&s.update);
	json_decref(s.lines);
	free(buffer);
	return status;
}

/* ------------------------------------------------------------------------------- what became of it */

static const struct outcome {
	enum registration_state state;
	enum status status;
	int error;
} outcomes[] = {{REGISTRATION_REGISTERED, STATUS_DONE, 0},
    {REGISTRATION_WITHDRAWN, STATUS_DONE, 0},
    {REGISTRATION_REFUSED, STATUS_REFUSED, -MAP_EREFUSED},
    {REGISTRATION_UNANSWERED, STATUS_NO_DAEMON, -MAP_ETIMEOUT},
    {REGISTRATION_BROKEN, STATUS_WRONG, -MAP_EINTERNAL}};

static const struct outcome *
outcome_find(enum registration_state state)
{
	for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
		if (outcomes[i].state == state)
			return &outcomes[i];
	return &outcomes[sizeof outcomes / sizeof outcomes[0] - 1];
}

/* Addresses that the server does not have. */
static json_t *
left_out_json(const struct registration_status *status)
{
	json_t *list = json_array();
	char text[ADDRESS_TEXT];

	for (size_t i = 0; i < status->proving.n; i++)
		if (status->proving.locators[i].place == PLACE_DEAF)
			json_array_append_new(list,
			    json_string(
				address_print(status->proving.locators[i].address, text)));
	return list;
}

static void
status_json(const struct content *content, const struct registration_status *status,
    const struct outcome *outcome)
{
	char id[EID_TEXT], owner[NAME_TEXT], zone[NAME_TEXT], rcode[16];
	json_t *answer = json_pack(
	    "{s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:I, "
	    "s:I, s:o}",
	    "ok", outcome->error == 0, "state", registration_word(status->state), "identity",
	    eid_print(&content->id, id), "owner", name_print(&content->owner, owner), "zone",
	    name_print(&content->zone, zone), "reason", status->reason, "rcode",
	    status->answered ? refusal_rcode(status->rcode, rcode) : "", "said", status->note,
	    "lease", (json_int_t)status->lease, "key_lease", (json_int_t)status->key_lease,
	    "leased", status->leased, "next", (json_int_t)(status->next / 1000), "serial",
	    (json_int_t)status->serial, "left_out", left_out_json(status));

	if (outcome->error != 0) {
		json_object_set_new(answer, "code", json_string(error_name(outcome->error)));
		json_object_set_new(answer, "error", json_string(status->reason));
	}
	output_json(answer);
	json_decref(answer);
}

static void
status_text(const struct content *content, const struct registration_status *status)
{
	char id[EID_TEXT], owner[NAME_TEXT], next[TIME_TEXT] = "?";

	printf("%s: %s at %s", eid_print(&content->id, id), registration_word(status->state),
	    name_print(&content->owner, owner));
	if (status->state == REGISTRATION_REGISTERED) {
		(void)!text_time_put(next, sizeof next, status->next / 1000);
		printf("; lease %" PRIu32 " s, key lease %" PRIu32 " s%s, refresh at %s",
		    status->lease, status->key_lease,
		    status->leased ? "" : " (asked for: the server grants none)", next);
	} else if (status->verb == BUILD_RELEASE) {
		printf("; the name is free");
	} else {
		printf("; its key keeps the name for %" PRIu32 " s", status->key_lease);
	}
	if (status->note[0] != '\0')
		printf("; the server says: %s", status->note);
	putchar('\n');
	if (status->reason[0] != '\0')
		printf("%s\n", status->reason);
}

enum status
registered_show(const struct mapctl *m, const struct content *content,
    const struct registration_status *status)
{
	const struct outcome *outcome = outcome_find(status->state);

	if (m->json)
		status_json(content, status, outcome);
	else if (outcome->error != 0)
		fail(m, outcome->status, outcome->error, "%s", status->reason);
	else
		status_text(content, status);
	fflush(stdout);
	return outcome->status;
}
