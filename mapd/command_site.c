/*
 * command_site.c - the commands of the control socket that are about prefix sets.
 * Knows a set as an operator asks for it; changes are asked of the writer.
 */
#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "mapd/command.h"

/* The set of a request and its zone; false: answered with what is wrong. */
static bool
request_set(struct client *client, const json_t *request, struct site *site, struct zone *zone)
{
	return client_name(client, request, "set", &site->set) &&
	       client_zone_of(client, &site->set, zone);
}

static void
site_ask(struct client *client, const json_t *request, struct site *site)
{
	const char *path = json_string_value(json_object_get(request, "path"));
	struct zone zone;

	if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof site->path) {
		client_fail(client, -MAP_EUSAGE, "\"path\" must be 1 to %zu characters",
		    sizeof site->path - 1);
		return;
	}
	snprintf(site->path, sizeof site->path, "%s", path);
	if (request_set(client, request, site, &zone))
		client_change(client, &(struct job){.kind = JOB_SITE, .site = site});
}

void
site_drain(struct client *client, const json_t *request)
{
	site_ask(client, request, &(struct site){.verb = SITE_DRAIN});
}

void
site_restore(struct client *client, const json_t *request)
{
	site_ask(client, request, &(struct site){.verb = SITE_RESTORE});
}

void
site_weight(struct client *client, const json_t *request)
{
	const json_t *weight = json_object_get(request, "weight");
	struct site site = {.verb = SITE_WEIGHT};

	if (!json_is_integer(weight) || json_integer_value(weight) < 0 ||
	    json_integer_value(weight) > UINT16_MAX) {
		client_fail(client, -MAP_EUSAGE, "\"weight\" must be a number, 0 to 65535");
		return;
	}
	site.weight = (uint16_t)json_integer_value(weight);
	site_ask(client, request, &site);
}

void
site_answer(struct client *client, const struct job *job)
{
	const struct outcome *o = &job->outcome;
	char zone[NAME_TEXT], set[NAME_TEXT];

	name_print(&job->zone, zone);
	name_print(&job->site->set, set);
	client_answer(client,
	    json_pack("{s:s, s:s, s:s, s:I, s:I, s:b}", "zone", zone, "set", set, "path",
		job->site->path, "serial", (json_int_t)o->serial, "previous",
		(json_int_t)o->previous, "changed", (int)!o->unchanged),
	    "zone %s: %s", zone, o->done);
}

static json_t *
prefix_row(const struct eloc *eloc)
{
	char prefix[ADDRESS_TEXT + 4], address[ADDRESS_TEXT];

	snprintf(prefix, sizeof prefix, "%s/%u", address_print_ip6(eloc->address, address),
	    eloc->length);
	return json_pack("{s:s, s:s, s:i, s:i, s:b, s:b}", "prefix", prefix, "path", eloc->path,
	    "preference", eloc->preference, "weight", eloc->weight, "drain",
	    (eloc->flags & ELOC_DRAIN) != 0, "backup", (eloc->flags & ELOC_BACKUP) != 0);
}

void
site_show(struct client *client, const json_t *request)
{
	uint8_t key[NODE_KEY];
	struct bytes value = {NULL, 0};
	char zone_text[NAME_TEXT], set[NAME_TEXT];
	struct draft draft = {0};
	struct site site = {0};
	json_t *rows = json_array();
	struct eloc eloc;
	struct zone zone;
	size_t at = 0;
	int rc;

	if (!request_set(client, request, &site, &zone)) {
		json_decref(rows);
		return;
	}
	(void)snapshot_get(client->control->snap, TABLE_NODES,
	    (struct bytes){key, node_key(zone.id, &site.set, key)}, &value);
	rc = draft_read(&draft, value);
	while (rc == 0 && site_next(&draft, &at, &eloc))
		json_array_append_new(rows, prefix_row(&eloc));
	if (rc == 0 && json_array_size(rows) == 0)
		rc = -MAP_ENOTFOUND;
	draft_fini(&draft);
	name_print(&zone.apex, zone_text);
	name_print(&site.set, set);
	if (rc != 0) {
		json_decref(rows);
		client_fail(client, rc, "zone %s: %s: %s", zone_text, set,
		    rc == -MAP_ENOTFOUND ? "no prefix set: no ELOC record net:... is there"
					 : error_text(rc));
		return;
	}
	client_answer(client,
	    json_pack("{s:s, s:s, s:I, s:o}", "zone", zone_text, "set", set, "serial",
		(json_int_t)zone.serial, "prefixes", rows),
	    "zone %s: %s has %zu prefixes", zone_text, set, json_array_size(rows));
}
