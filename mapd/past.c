/*
 * past.c - "zone journal": what became of a zone, one difference at a time.
 * Knows what the journal keeps; knows nothing of how it came there.
 */
#include "mapd/past.h"

#include "core/wire/errors.h"
#include "mapd/journal.h"

static bool
head_get(struct client *client, const struct zone *zone, struct journal_head *head)
{
	uint8_t key[4];
	struct bytes value;

	put_u32(key, zone->id);
	return snapshot_get(
		   client->control->snap, TABLE_JOURNAL, (struct bytes){key, 4}, &value) &&
	       journal_head_read(value, head) == 0 && head->n > 0 && head->last == zone->serial;
}

static void
past_answer(struct client *client, const struct zone *zone, uint32_t from,
    const struct difference *difference)
{
	char text[NAME_TEXT];

	if (!client_difference(client, difference->removed, difference->added))
		return;
	name_print(&zone->apex, text);
	client_answer(client,
	    json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "zone", text, "from",
		(json_int_t)from, "to", (json_int_t)difference->to, "time",
		(json_int_t)difference->time, "removed", (json_int_t)difference->n_removed,
		"added", (json_int_t)difference->n_added, "serial", (json_int_t)zone->serial),
	    "zone %s: serial %u -> %u, %u removed, %u added", text, from, difference->to,
	    difference->n_removed, difference->n_added);
}

void
past_command(struct client *client, const json_t *request)
{
	const json_t *wanted = json_object_get(request, "from");
	struct journal_head head = {0};
	struct difference difference;
	uint8_t key[JOURNAL_KEY];
	char text[NAME_TEXT];
	struct bytes value;
	struct zone zone;
	uint32_t from;
	bool any;

	if (json_is_integer(wanted) &&
	    (json_integer_value(wanted) < 0 || json_integer_value(wanted) > UINT32_MAX)) {
		client_fail(client, -MAP_EUSAGE, "zone journal: \"from\" is a serial");
		return;
	}
	if (!client_zone(client, &zone))
		return;
	name_print(&zone.apex, text);
	any = head_get(client, &zone, &head);
	from = json_is_integer(wanted) ? (uint32_t)json_integer_value(wanted)
	       : any		       ? head.first
				       : zone.serial;
	if (from == zone.serial)
		client_answer(client,
		    json_pack("{s:s, s:I, s:I, s:I}", "zone", text, "from", (json_int_t)from,
			"to", (json_int_t)from, "serial", (json_int_t)from),
		    "zone %s: serial %u, nothing since is kept", text, from);
	else if (!any)
		client_fail(client, -MAP_ENOTFOUND, "zone %s: no difference is kept", text);
	else if (!snapshot_get(client->control->snap, TABLE_JOURNAL,
		     (struct bytes){key, journal_key(zone.id, from, key)}, &value) ||
		 difference_read(value, &difference) != 0)
		client_fail(client, -MAP_ENOTFOUND,
		    "zone %s: no difference from serial %u is kept; the first is from %u", text,
		    from, head.first);
	else
		past_answer(client, &zone, from, &difference);
}
