/*
 * read.c - entries of zone files to records: directives, owners, TTLs, types. Knows one record at a
 * time; the zone as a whole is check.c's.
 */
#include "core/zone/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/zone/source.h"

#define TTL_MAX 0x7fffffff /* RFC 2181 8 */
#define MESSAGES 50
#define MESSAGE_SIZE (2 * NAME_TEXT + 4096 + 256)

/* One open file; those below it wait for its end. */
struct level {
	struct source *source;
	uint16_t file;
	struct name origin;
	struct name owner; /* of the record before; n is 0 at first */
};

struct reader {
	struct reading *r;
	struct level levels[INCLUDE_DEPTH];
	unsigned depth; /* of levels in use */
	bool has_default;
	bool has_last;
	uint32_t default_ttl; /* $TTL */
	uint32_t last_ttl; /* of the last record that had one (RFC 1035 5.1) */
};

/* TTLs that protocol 5 gives these types where the file gives none. */
static const struct {
	uint16_t type;
	uint32_t ttl;
} type_ttls[] = {{RR_ELOC, 60}, {RR_EPID, 300}};

int
reading_init(struct reading *r, const struct name *apex, const struct zone_options *options,
    zone_message_fn *message, void *message_arg)
{
	*r = (struct reading){.apex = apex,
	    .options = options,
	    .message = message,
	    .message_arg = message_arg,
	    .rdata = malloc(RDATA_MAX),
	    .files = calloc(FILES_MAX, sizeof r->files[0])};
	return r->rdata != NULL && r->files != NULL ? 0 : -MAP_ENOMEM;
}

void
reading_fini(struct reading *r)
{
	for (size_t i = 0; i < r->n_files; i++)
		free(r->files[i]);
	free(r->files);
	free(r->rdata);
	records_fini(&r->records);
}

static unsigned
reading_limit(const struct reading *r)
{
	return r->options->max_messages > 0 ? r->options->max_messages : MESSAGES;
}

bool
reading_is_over(const struct reading *r)
{
	return r->errors > reading_limit(r);
}

/* Words of a file may hold anything: what is no printable ASCII is \DDD, for terminals and JSON. */
static void
text_escape(const char *from, char *to, size_t max)
{
	size_t n = 0;

	for (; *from != '\0' && n + 5 <= max; from++) {
		if (*from >= ' ' && *from <= '~')
			to[n++] = *from;
		else
			n += (size_t)snprintf(to + n, max - n, "\\%03u", (uint8_t)*from);
	}
	to[n] = '\0';
}

/* "FILE:LINE: cause" */
__attribute__((format(printf, 5, 0))) static void
message_print(const struct reading *r, char text[MESSAGE_SIZE], uint16_t file, unsigned line,
    const char *format, va_list args)
{
	const char *name = file < r->n_files ? r->files[file] : "zone";
	char cause[MESSAGE_SIZE];
	int n = line > 0 ? snprintf(text, MESSAGE_SIZE, "%.4096s:%u: ", name, line)
			 : snprintf(text, MESSAGE_SIZE, "%.4096s: ", name);

	vsnprintf(cause, sizeof cause, format, args);
	text_escape(cause, text + n, MESSAGE_SIZE - (size_t)n);
}

static void
message_end(const struct reading *r, char text[MESSAGE_SIZE], uint16_t file, const char *what)
{
	snprintf(text, MESSAGE_SIZE, "%.4096s: more %s, which are not shown",
	    file < r->n_files ? r->files[file] : "zone", what);
}

void
reading_report(struct reading *r, uint16_t file, unsigned line, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;

	if (++r->errors > reading_limit(r) + 1)
		return;
	va_start(args, format);
	if (reading_is_over(r))
		message_end(r, text, file, "errors");
	else
		message_print(r, text, file, line, format, args);
	va_end(args);
	r->message(r->message_arg, text);
}

void
reading_warn(struct reading *r, uint16_t file, unsigned line, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;

	if (r->options->warning == NULL || ++r->warnings > reading_limit(r) + 1)
		return;
	va_start(args, format);
	if (r->warnings > reading_limit(r))
		message_end(r, text, file, "warnings");
	else
		message_print(r, text, file, line, format, args);
	va_end(args);
	r->options->warning(r->options->warning_arg, text);
}

FILE *
reading_open(const char *path, const char **why)
{
	/* Not to wait for a writer, should this be a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	FILE *file = NULL;

	*why = "not a regular file";
	if (fd < 0 || fstat(fd, &st) != 0)
		*why = strerror(errno);
	else if (S_ISREG(st.st_mode)) {
		file = fdopen(fd, "r");
		if (file == NULL)
			*why = strerror(errno);
	}
	if (file == NULL && fd >= 0)
		close(fd);
	return file;
}

/* Makes file the one that is read. It is closed when it cannot be. */
static int
level_open(struct reader *reader, FILE *file, const char *path, const struct name *origin)
{
	struct reading *r = reader->r;
	struct level *level = &reader->levels[reader->depth];

	level->source = source_new(file);
	r->files[r->n_files] = strdup(path);
	if (level->source == NULL || r->files[r->n_files] == NULL) {
		source_free(level->source);
		return -MAP_ENOMEM;
	}
	level->file = (uint16_t)r->n_files++;
	level->origin = *origin;
	level->owner.n = 0;
	reader->depth++;
	return 0;
}

static struct level *
reader_level(struct reader *reader)
{
	return &reader->levels[reader->depth - 1];
}

/* A file named in another one lies beside that. NULL: out of memory. */
static char *
path_beside(const char *path, const char *named)
{
	const char *slash = strrchr(path, '/');
	size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
	size_t n = strlen(named);
	char *joined = malloc(folder + n + 1);

	if (joined == NULL)
		return NULL;
	if (named[0] == '/')
		folder = 0;
	memcpy(joined, path, folder);
	memcpy(joined + folder, named, n + 1);
	return joined;
}

/* A file name as written: quotes around it are not part of it. */
static void
unquote(char *word)
{
	size_t n = strlen(word);

	if (n >= 2 && word[0] == '"' && word[n - 1] == '"') {
		memmove(word, word + 1, n - 2);
		word[n - 2] = '\0';
	}
}

static const char *
origin_directive(struct reader *reader, const struct entry *entry)
{
	struct level *level = reader_level(reader);
	struct name origin;

	if (entry->n != 2)
		return "$ORIGIN needs one name";
	if (name_scan(entry->words[1], strlen(entry->words[1]), &level->origin, &origin) != 0)
		return "$ORIGIN needs a valid domain name";
	level->origin = origin;
	return NULL;
}

static const char *
ttl_directive(struct reader *reader, const struct entry *entry)
{
	if (entry->n != 2 || period_scan(entry->words[1], TTL_MAX, &reader->default_ttl) != 0)
		return "$TTL needs a time of at most 2147483647 seconds";
	reader->has_default = true;
	return NULL;
}

static const char *
include_directive(struct reader *reader, const struct entry *entry)
{
	struct level *level = reader_level(reader);
	struct name origin = level->origin;
	const char *why = NULL;
	char *path;
	FILE *file;

	if (reader->r->loose)
		return "$INCLUDE is for zone files only";
	if (entry->n != 2 && entry->n != 3)
		return "$INCLUDE needs a file name and may have an origin";
	if (entry->n == 3 &&
	    name_scan(entry->words[2], strlen(entry->words[2]), &level->origin, &origin) != 0)
		return "$INCLUDE has an origin that is not a valid domain name";
	if (reader->depth == INCLUDE_DEPTH)
		return "$INCLUDE goes too deep: at most 8 files may be open";
	if (reader->r->n_files == FILES_MAX)
		return "$INCLUDE was used too often: at most 1000 files make a zone";
	unquote(entry->words[1]);
	path = path_beside(reader->r->files[level->file], entry->words[1]);
	if (path == NULL)
		return error_text(-MAP_ENOMEM);
	file = reading_open(path, &why);
	if (file == NULL)
		reading_report(
		    reader->r, level->file, entry->line, "$INCLUDE %s: %s", path, why);
	else if (level_open(reader, file, path, &origin) != 0)
		why = error_text(-MAP_ENOMEM);
	else
		why = NULL;
	free(path);
	return file != NULL ? why : NULL;
}

static const struct {
	const char *name;
	const char *(*take)(struct reader *reader, const struct entry *entry);
} directives[] = {
    {"$ORIGIN", origin_directive},
    {"$TTL", ttl_directive},
    {"$INCLUDE", include_directive},
};

static void
directive_take(struct reader *reader, const struct entry *entry)
{
	uint16_t file = reader_level(reader)->file;
	const char *why = "not one of the directives $ORIGIN, $TTL and $INCLUDE";

	for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
		if (strcasecmp(directives[i].name, entry->words[0]) == 0)
			why = directives[i].take(reader, entry);
	if (why != NULL)
		reading_report(reader->r, file, entry->line, "%s", why);
}

/* A record on its way from words to octets. */
struct draft {
	struct name owner;
	bool has_ttl;
	uint32_t ttl;
	uint16_t type;
	const char *type_word; /* as written */
	bool bad_rdata; /* what is wrong is behind the type */
	size_t at; /* the next word */
};

static bool
is_class(const char *word)
{
	return strcasecmp(word, "IN") == 0 || strcasecmp(word, "CLASS1") == 0;
}

static bool
is_other_class(const char *word)
{
	return strcasecmp(word, "CH") == 0 || strcasecmp(word, "HS") == 0 ||
	       strcasecmp(word, "CS") == 0 || strcasecmp(word, "ANY") == 0 ||
	       strcasecmp(word, "NONE") == 0 || strncasecmp(word, "CLASS", 5) == 0;
}

static const char *
draft_owner(struct level *level, const struct entry *entry, struct draft *draft)
{
	const char *word = entry->words[0];

	if (entry->blank) {
		draft->owner = level->owner;
		return level->owner.n > 0 ? NULL
					  : "no owner name: there is no record before it";
	}
	draft->at = 1;
	if (name_scan(word, strlen(word), &level->origin, &draft->owner) != 0)
		return "the owner is not a valid domain name";
	level->owner = draft->owner;
	return NULL;
}

/* TTL and class, in either order, each at most once. */
static const char *
draft_ttl_class(const struct entry *entry, struct draft *draft)
{
	bool has_class = false;

	for (; draft->at < entry->n; draft->at++) {
		const char *word = entry->words[draft->at];

		if (!has_class && is_class(word))
			has_class = true;
		else if (!draft->has_ttl && *word >= '0' && *word <= '9') {
			if (period_scan(word, TTL_MAX, &draft->ttl) != 0)
				return "a TTL must be a time of at most 2147483647 seconds";
			draft->has_ttl = true;
		} else
			return is_other_class(word) ? "only class IN is served" : NULL;
	}
	return "the type is missing";
}

static const char *
draft_type(const struct reader *reader, const struct entry *entry, struct draft *draft)
{
	int code;

	draft->type_word = entry->words[draft->at++];
	code = type_scan(draft->type_word);
	if (code < 0)
		return "unknown type";
	draft->type = (uint16_t)code;
	return reader->r->loose ? NULL : rrtype_refusal(draft->type);
}

/* The record's TTL where it states none. */
static const char *
draft_default_ttl(struct reader *reader, struct draft *draft)
{
	if (draft->has_ttl) {
		reader->has_last = true;
		reader->last_ttl = draft->ttl;
		return NULL;
	}
	draft->ttl = reader->default_ttl;
	if (reader->has_default || reader->r->loose)
		return NULL;
	for (size_t i = 0; i < sizeof type_ttls / sizeof type_ttls[0]; i++)
		if (type_ttls[i].type == draft->type) {
			draft->ttl = type_ttls[i].ttl;
			return NULL;
		}
	draft->ttl = reader->last_ttl;
	return reader->has_last ? NULL : "no TTL: give one, or $TTL before the first record";
}

static int
draft_add(
    struct reader *reader, const struct entry *entry, struct draft *draft, const char **why)
{
	struct level *level = reader_level(reader);
	struct wr wr = wr_init(reader->r->rdata, RDATA_MAX);
	struct rr rr = {
	    .owner = &draft->owner, .type = draft->type, .class = CLASS_IN, .ttl = draft->ttl};
	int error;

	*why = NULL;
	error = rdata_scan(draft->type, entry->words + draft->at, entry->n - draft->at,
	    &level->origin, &wr, why);
	if (error != 0) {
		if (*why == NULL)
			*why = error_text(error);
		draft->bad_rdata = true;
		return error == -MAP_ENOMEM ? error : 0;
	}
	rr.rdata = wr_done(&wr);
	return records_add(&reader->r->records, &rr, level->file, entry->line);
}

static void
draft_report(struct reader *reader, const struct entry *entry, const struct draft *draft,
    const char *why)
{
	char owner[NAME_TEXT] = "", words[RDATA_WORDS] = "";

	if (draft->owner.n > 0)
		name_print(&draft->owner, owner);
	else if (!entry->blank)
		snprintf(owner, sizeof owner, "%.*s", (int)sizeof owner - 1, entry->words[0]);
	/* RFC 3597's form says by itself what it wants. */
	if (draft->bad_rdata &&
	    (draft->at == entry->n || strcmp(entry->words[draft->at], "\\#") != 0))
		rdata_words(draft->type, words);
	reading_report(reader->r, reader_level(reader)->file, entry->line, "%s%s%.64s: %s%s%s",
	    owner, owner[0] != '\0' ? " " : "",
	    draft->type_word != NULL ? draft->type_word : "record", why,
	    words[0] != '\0' ? "; expected " : "", words);
}

/* Reads one record; a bad one is reported and not added. */
static int
record_take(struct reader *reader, const struct entry *entry)
{
	struct level *level = reader_level(reader);
	struct draft draft = {.at = 0};
	const char *why = draft_owner(level, entry, &draft);
	int error = 0;

	if (why == NULL && !name_is_below(&draft.owner, reader->r->apex))
		why = "not in this zone";
	if (why == NULL)
		why = draft_ttl_class(entry, &draft);
	if (why == NULL)
		why = draft_type(reader, entry, &draft);
	if (why == NULL)
		why = draft_default_ttl(reader, &draft);
	if (why == NULL)
		error = draft_add(reader, entry, &draft, &why);
	if (why != NULL)
		draft_report(reader, entry, &draft, why);
	return error;
}

/* One entry of the innermost file: 1 to go on, 0 when the last file has ended. */
static int
reader_step(struct reader *reader)
{
	struct level *level = reader_level(reader);
	struct entry entry;
	int got = source_next(level->source, &entry);
	int error;

	if (got == 1 && !entry.blank && entry.words[0][0] == '$') {
		directive_take(reader, &entry);
		return 1;
	}
	if (got == 1) {
		error = record_take(reader, &entry);
		return error != 0 ? error : 1;
	}
	if (got == -MAP_ETEXT) {
		reading_report(reader->r, level->file, entry.line, "%s", entry.why);
		return 1;
	}
	if (got == -MAP_ENOMEM)
		return got;
	if (got == -MAP_ESYS)
		reading_report(
		    reader->r, level->file, entry.line, "cannot be read: %s", strerror(errno));
	source_free(level->source);
	reader->depth--;
	return reader->depth > 0;
}

int
reading_file(struct reading *r, FILE *file, const char *path)
{
	struct reader *reader = calloc(1, sizeof *reader);
	int got;

	if (reader == NULL) {
		fclose(file);
		return -MAP_ENOMEM;
	}
	reader->r = r;
	got = level_open(reader, file, path, r->apex);
	if (got == 0)
		do
			got = reader_step(reader);
		while (got == 1 && !reading_is_over(r));
	while (reader->depth > 0)
		source_free(reader->levels[--reader->depth].source);
	free(reader);
	return got < 0 ? got : 0;
}
