/*
 * zone.c - one run over a zone file: read, check, hand over. Keeps nothing behind.
 */
#include "core/zone/zone.h"

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/zone/reading.h"

static int
records_give(const struct reading *r, zone_record_fn *record, void *arg)
{
	int error = 0;

	for (size_t i = 0; i < r->records.n && error == 0; i++) {
		const struct zone_row *row = r->records.rows[i];
		struct zone_place place = {r->files[row->file], row->line};
		struct name owner;
		struct rr rr = {.owner = &owner,
		    .type = row->type,
		    .class = CLASS_IN,
		    .ttl = row->ttl,
		    .rdata = row_rdata(row)};

		if (row->left_out)
			continue;
		error = name_from_key(row_key(row), &owner);
		if (error == 0)
			error = record(arg, &rr, &place);
	}
	return error;
}

static int
path_refuse(const char *path, const char *why, zone_message_fn *message, void *arg)
{
	char text[4096 + 256];

	snprintf(text, sizeof text, "%.4096s: cannot be read: %.200s", path, why);
	message(arg, text);
	return -MAP_ETEXT;
}

int
reading_finish(struct reading *r, zone_record_fn *record, void *arg)
{
	int error = r->loose ? 0 : reading_check(r);

	if (error == 0 && r->errors > 0)
		error = -MAP_ETEXT;
	if (error == 0 && record != NULL)
		error = records_give(r, record, arg);
	return error;
}

/* Opens path and reads its entries. */
static int
reading_path(struct reading *r, const char *path)
{
	const char *why;
	FILE *file = reading_open(path, &why);

	return file != NULL ? reading_file(r, file, path)
			    : path_refuse(path, why, r->message, r->message_arg);
}

int
zone_read(const char *path, const struct name *apex, const struct zone_options *options,
    zone_record_fn *record, void *arg, zone_message_fn *message, void *message_arg)
{
	static const struct zone_options defaults = {.max_messages = 0};
	struct reading r;
	int error =
	    reading_init(&r, apex, options != NULL ? options : &defaults, message, message_arg);

	if (error == 0)
		error = reading_path(&r, path);
	if (error == 0)
		error = reading_finish(&r, record, arg);
	reading_fini(&r);
	return error;
}

int
zone_read_loose(const char *path, zone_record_fn *record, void *arg, zone_message_fn *message,
    void *message_arg)
{
	static const struct zone_options options = {.max_messages = 0};
	struct reading r;
	int error = reading_init(&r, &name_root, &options, message, message_arg);

	r.loose = true;
	if (error == 0)
		error = reading_path(&r, path);
	if (error == 0)
		error = reading_finish(&r, record, arg);
	reading_fini(&r);
	return error;
}
