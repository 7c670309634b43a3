/*
 * dump.c - a zone sent as records, a slice at a time, as fast as the client reads.
 * A snapshot is held only while a slice is copied out; the zone must be the same one in all of them.
 */
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/client.h"

/* Everything that is wrong with the database shows as an error of this. */
enum slice { SLICE_FULL, SLICE_END, SLICE_BROKEN };

static void
dump_stop(struct client *client, int error, const char *why)
{
	char text[NAME_TEXT];

	client->state = CLIENT_IDLE;
	client_fail(client, error, "zone %s: %s", name_print(&client->dump.apex, text), why);
}

/* Appends a record, or leaves wr as it was: then the slice is full. */
static bool
dump_put(struct dump *dump, struct wr *wr, const struct name *owner, uint16_t type,
    uint32_t ttl, struct bytes rdata)
{
	struct rr rr = {owner, type, CLASS_IN, ttl, rdata};
	size_t before = wr->n;

	frame_record_put(wr, &rr);
	if (wr->error == 0) {
		dump->records++;
		return true;
	}
	wr->n = before;
	wr->error = 0;
	return false;
}

/* The records of one node, but the first skip; the SOA of the apex comes before all others. */
static enum slice
dump_node(struct dump *dump, struct wr *wr, struct bytes key, struct bytes value)
{
	struct node node;
	struct node_set set;
	struct name owner;
	struct bytes rdata;
	size_t at = 0, n = 0;
	uint16_t type;

	if (node_key_name(key, &owner) != 0 || node_read(value, &node) != 0)
		return SLICE_BROKEN;
	while (node_next(&node, &at, &set)) {
		size_t in = 0;
		bool soa = set.type == RR_SOA && (node.flags & NODE_APEX) != 0;

		if (soa == dump->soa_sent) /* the first pass over the apex sends only the SOA */
			continue;
		while (node_set_next(&set, &in, &type, &rdata)) {
			if (n++ < dump->skip)
				continue;
			if (!dump_put(dump, wr, &owner, type, set.ttl, rdata))
				return SLICE_FULL;
			dump->skip++;
		}
	}
	return SLICE_END;
}

static enum slice
dump_denial(struct dump *dump, struct wr *wr, struct bytes key, struct bytes value)
{
	uint8_t label[NSEC3_LABEL + 2] = {NSEC3_LABEL};
	struct denial denial;
	struct name owner;
	struct rd rd;
	size_t n = 0;

	if (key.n != DENIAL_KEY || denial_read(value, &denial) != 0)
		return SLICE_BROKEN;
	nsec3_label(key.p + 4, (char *)label + 1);
	if (name_child(&dump->apex, label, &owner) != 0)
		return SLICE_BROKEN;
	if (n++ >= dump->skip) {
		if (!dump_put(dump, wr, &owner, RR_NSEC3, denial.ttl, denial.rdata))
			return SLICE_FULL;
		dump->skip++;
	}
	rd = rd_init(denial.body);
	for (size_t i = 0; i < denial.signatures; i++) {
		struct bytes rdata = rd_bytes(&rd, rd_u16(&rd));

		if (rd.error != 0)
			return SLICE_BROKEN;
		if (n++ < dump->skip)
			continue;
		if (!dump_put(dump, wr, &owner, RR_RRSIG, denial.ttl, rdata))
			return SLICE_FULL;
		dump->skip++;
	}
	return SLICE_END;
}

static void
dump_move(struct dump *dump, struct bytes key)
{
	memcpy(dump->key, key.p, key.n);
	dump->key_n = key.n;
	dump->skip = 0;
}

/* The SOA alone, as the first records of all. */
static enum slice
dump_soa(struct dump *dump, struct wr *wr, struct snapshot *snap)
{
	struct bytes value;
	enum slice slice;

	dump->key_n = node_key(dump->zone, &dump->apex, dump->key);
	if (!snapshot_get(snap, TABLE_NODES, (struct bytes){dump->key, dump->key_n}, &value))
		return SLICE_BROKEN;
	slice = dump_node(dump, wr, (struct bytes){dump->key, dump->key_n}, value);
	if (slice == SLICE_END) {
		dump->soa_sent = true;
		dump->skip = 0;
	}
	return slice;
}

/* Entries from where the dump stands until the frame is full or the table ends. */
static enum slice
dump_table(struct dump *dump, struct wr *wr, struct snapshot *snap)
{
	uint8_t prefix[4];
	struct bytes from = {dump->key, dump->key_n}, key, value;
	enum slice slice = SLICE_END;
	bool found;

	put_u32(prefix, dump->zone);
	if (dump->key_n == 0)
		from = (struct bytes){prefix, sizeof prefix};
	found = snapshot_ceiling(snap, dump->table, from, &key, &value);
	while (found && slice == SLICE_END && key.n >= 4 && key.n <= NODE_KEY &&
	       memcmp(key.p, prefix, 4) == 0) {
		if (!bytes_equal(key, (struct bytes){dump->key, dump->key_n}))
			dump_move(dump, key);
		slice = dump->table == TABLE_NODES ? dump_node(dump, wr, key, value)
						   : dump_denial(dump, wr, key, value);
		if (slice == SLICE_END)
			found = snapshot_next(snap, dump->table, &key, &value);
	}
	return snapshot_error(snap) != 0 ? SLICE_BROKEN : slice;
}

static enum slice
dump_slice(struct dump *dump, struct wr *wr, struct snapshot *snap)
{
	enum slice slice = SLICE_END;

	if (!dump->soa_sent)
		slice = dump_soa(dump, wr, snap);
	if (slice == SLICE_END && dump->table == TABLE_NODES) {
		slice = dump_table(dump, wr, snap);
		if (slice == SLICE_END) {
			dump->table = TABLE_DENIAL;
			dump->key_n = dump->skip = 0;
		}
	}
	if (slice == SLICE_END)
		slice = dump_table(dump, wr, snap);
	return slice;
}

/* Whether the zone is still what the first slice was taken of. */
static const char *
dump_changed(const struct dump *dump, struct snapshot *snap)
{
	uint8_t key[NAME_KEY];
	struct bytes value;
	struct zone zone;

	if (!snapshot_get(
		snap, TABLE_ZONES, (struct bytes){key, zone_meta_key(&dump->apex, key)}, &value))
		return "removed while it was dumped";
	if (zone_meta_read(value, &zone) != 0 || zone.id != dump->zone ||
	    zone.serial != dump->serial)
		return "changed while it was dumped: ask again";
	return NULL;
}

static void
dump_finish(struct client *client)
{
	struct dump *dump = &client->dump;
	char text[NAME_TEXT];

	client->state = CLIENT_IDLE;
	name_print(&dump->apex, text);
	client_answer(client,
	    json_pack("{s:s, s:I, s:I}", "zone", text, "serial", (json_int_t)dump->serial,
		"records", (json_int_t)dump->records),
	    "zone %s: serial %u, %llu records", text, dump->serial,
	    (unsigned long long)dump->records);
}

/* Sends one frame; false: the dump has ended, one way or the other. */
static bool
dump_frame(struct client *client)
{
	struct control *control = client->control;
	struct wr wr = wr_init(control->frame, FRAME_HEADER + CONTROL_RECORDS);
	size_t started = frame_start(&wr, FRAME_RECORDS, 0, client->id);
	enum slice slice = dump_slice(&client->dump, &wr, control->snap);

	if (slice == SLICE_BROKEN || (slice == SLICE_FULL && wr.n == FRAME_HEADER)) {
		dump_stop(client, -MAP_EDATABASE, "the database cannot be read");
		return false;
	}
	frame_end(&wr, started);
	if (wr.n > FRAME_HEADER && stream_write(client->stream, wr.base, wr.n) != 0) {
		stream_close_when_written(client->stream);
		return false;
	}
	if (slice == SLICE_FULL)
		return true;
	dump_finish(client);
	return false;
}

void
dump_continue(struct client *client)
{
	struct snapshot *snap = client->control->snap;
	const char *changed;

	if (snapshot_take(snap) != 0) {
		dump_stop(client, -MAP_EDATABASE, "the database cannot be read");
		return;
	}
	changed = dump_changed(&client->dump, snap);
	if (changed != NULL)
		dump_stop(client, -MAP_ESTALE, changed);
	else
		(void)dump_frame(client);
	snapshot_release(snap);
}

void
dump_start(struct client *client, const struct zone *zone)
{
	client->dump = (struct dump){
	    .zone = zone->id, .serial = zone->serial, .apex = zone->apex, .table = TABLE_NODES};
	client->state = CLIENT_DUMPING;
	dump_continue(client);
}
