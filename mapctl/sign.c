/*
 * sign.c - "id sign": makes or replaces the proof over the ELOC records of an identity. Records
 * come as lines of text and go out as they came, but for the proof.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/sys/option.h"
#include "core/trust/keyfile.h"
#include "core/trust/seal.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "mapctl/identity.h"
#include "mapctl/output.h"

#define LINES 4096
#define LINE_WORDS 64
#define RDATA_OCTETS 1024

/* One line of input. */
struct line {
	char *text; /* as it came, without the newline */
	uint16_t type; /* 0: nothing that matters here */
	uint32_t ttl;
	bool has_ttl;
	struct name owner;
	size_t n;
	uint8_t rdata[RDATA_OCTETS];
};

struct signing {
	struct mapctl *m;
	struct allocation by;
	const char *key_path;
	uint32_t expire;
	bool serial_now;
	bool revoke;
	struct crypto_key *key;
	size_t n;
	struct line **lines;
	json_t *out; /* JSON only */
};

static enum status
line_fail(const struct signing *s, const char *cause)
{
	return fail(s->m, STATUS_WRONG, -MAP_ETEXT, "standard input:%zu: %s", s->n, cause);
}

/* Words of a line up to its comment. -1: too many. */
static int
line_split(char *text, char *words[LINE_WORDS])
{
	char *rest = NULL;
	int n = 0;

	text[strcspn(text, ";")] = '\0';
	for (char *p = strtok_r(text, " \t", &rest); p != NULL;
	     p = strtok_r(NULL, " \t", &rest)) {
		if (n == LINE_WORDS)
			return -1;
		words[n++] = p;
	}
	return n;
}

/* KEY RDATA out of "512 3 15 <base64, perhaps in parts>". */
static const char *
key_scan(char *const *words, size_t n, struct line *line)
{
	static const uint64_t most[] = {UINT16_MAX, UINT8_MAX, UINT8_MAX};
	char base64[256] = "";
	uint64_t v[3] = {0, 0, 0};
	int got;

	if (n < 4)
		return "KEY wants FLAGS PROTOCOL ALGORITHM KEY";
	for (size_t i = 0; i < 3; i++)
		if (text_decimal_read(words[i], strlen(words[i]), most[i], &v[i]) != 0)
			return "the flags, protocol or algorithm of KEY is no number";
	for (size_t i = 3; i < n; i++) {
		size_t at = strlen(base64);

		if (snprintf(base64 + at, sizeof base64 - at, "%s", words[i]) >=
		    (int)(sizeof base64 - at))
			return "the key of KEY is too long";
	}
	put_u16(line->rdata, (uint16_t)v[0]);
	line->rdata[2] = (uint8_t)v[1];
	line->rdata[3] = (uint8_t)v[2];
	got = text_base64_read(base64, strlen(base64), line->rdata + 4, RDATA_OCTETS - 4);
	if (got < 0)
		return "the key of KEY is no base64";
	line->n = 4 + (size_t)got;
	return NULL;
}

static const char *
rdata_scan(char *const *words, size_t n, struct line *line)
{
	struct wr wr = wr_init(line->rdata, sizeof line->rdata);
	const char *why = NULL;

	if (n > 0 && strcmp(words[0], "(") == 0)
		return "a record must stand on one line here";
	if (line->type == RR_KEY)
		return key_scan(words, n, line);
	if (eloc_scan(words, n, &name_root, &wr, &why) != 0)
		return why;
	line->n = wr.n;
	return NULL;
}

/* "owner [ttl] [IN] TYPE rdata"; a line without owner has the one before. */
static const char *
line_scan(char *text, const struct line *before, struct line *line)
{
	bool inherits = *text == ' ' || *text == '\t';
	char *words[LINE_WORDS];
	int n = line_split(text, words), at = inherits ? 0 : 1, type;
	uint64_t ttl;

	if (n <= 0)
		return n == 0 ? NULL : "too many words";
	if (words[0][0] == '$')
		return "$ORIGIN and the like are not known here; names are absolute";
	if (inherits && before == NULL)
		return "the first record has no owner";
	if (inherits)
		line->owner = before->owner;
	else if (name_scan(words[0], strlen(words[0]), NULL, &line->owner) != 0)
		return "the owner is no valid name";
	name_fold(&line->owner);
	for (; at < n; at++) {
		if (text_decimal_read(words[at], strlen(words[at]), UINT32_MAX, &ttl) == 0) {
			line->ttl = (uint32_t)ttl;
			line->has_ttl = true;
		} else if (strcmp(words[at], "IN") != 0) {
			break;
		}
	}
	if (at == n)
		return "no type behind the owner";
	type = rrtype_scan(words[at], strlen(words[at]));
	if (type < 0)
		return "the type is not known here";
	if (type != RR_ELOC && type != RR_KEY)
		return NULL;
	line->type = (uint16_t)type;
	return rdata_scan(words + at + 1, (size_t)(n - at - 1), line);
}

static enum status
lines_read(struct signing *s)
{
	char *text = NULL, *copy;
	size_t max = 0;
	ssize_t got;
	const char *why = NULL;
	struct line *before = NULL, *line;

	s->lines = calloc(LINES, sizeof *s->lines);
	while (s->lines != NULL && why == NULL && (got = getline(&text, &max, stdin)) > 0) {
		if (s->n == LINES) {
			why = "more lines than one identity can have";
			break;
		}
		text[strcspn(text, "\r\n")] = '\0';
		line = calloc(1, sizeof *line);
		copy = strdup(text);
		if (line == NULL || copy == NULL)
			why = "out of memory";
		if (line != NULL) {
			s->lines[s->n++] = line;
			line->text = copy;
		}
		if (why == NULL)
			why = line_scan(text, before, line);
		if (line != NULL && line->owner.n > 0)
			before = line;
	}
	free(text);
	return why == NULL && s->lines != NULL
		   ? STATUS_DONE
		   : line_fail(s, why != NULL ? why : "out of memory");
}

static bool
line_is_eloc(const struct line *line, const struct name *owner)
{
	return line->type == RR_ELOC && name_equal(&line->owner, owner);
}

/* Prefix sets carry no proof. */
static bool
line_is_locator(const struct line *line)
{
	return line->type == RR_ELOC && line->n > 5 && line->rdata[5] != ELOC_NET6;
}

static bool
line_has_key(const struct signing *s, const struct line *line)
{
	uint8_t rdata[4 + 64];
	struct wr wr = wr_init(rdata, sizeof rdata);

	return line->type == RR_KEY && seal_key_put(&wr, s->key) == 0 && line->n == wr.n &&
	       memcmp(line->rdata + 2, rdata + 2, wr.n - 2) == 0;
}

/*
 * Whose set is to be proved: the name where the KEY stands; without any KEY the only name that has
 * locators.
 */
static const struct name *
owner_find(const struct signing *s, const char **why)
{
	const struct name *by_key = NULL, *only = NULL;
	bool several = false, others = false;

	for (size_t i = 0; i < s->n; i++) {
		const struct line *line = s->lines[i];

		if (line_has_key(s, line))
			by_key = &line->owner;
		else if (line->type == RR_KEY)
			others = true;
		if (!line_is_locator(line))
			continue;
		several = several || (only != NULL && !name_equal(only, &line->owner));
		only = &line->owner;
	}
	*why = "no ELOC records to be proved";
	if (by_key != NULL)
		return by_key;
	if (others) {
		*why = "the KEY among the records is another key's";
		return NULL;
	}
	if (several)
		*why = "ELOC records of several names, and a KEY of this key at none of them";
	return several ? NULL : only;
}

/* The key must be the identity's, where the name says whose it is. */
static const char *
owner_refusal(const struct signing *s, const struct name *owner)
{
	uint8_t public[64];
	int algorithm = crypto_key_algorithm(s->key);
	struct eid id;

	if (eid_from_owner(owner, &s->by.realm, s->by.has_realm ? 1 : 0, &id) != 0)
		return NULL;
	if (crypto_key_public(s->key, public) != 0)
		return "the key cannot be read";
	switch (trust_key_check(
	    &id, algorithm, (struct bytes){public, crypto_public_size(algorithm)})) {
	case 0:
		return NULL;
	case -MAP_EUNKNOWN:
		return "this identity has no key of its own, so that nothing can be proved";
	default:
		return "the key is not this identity's";
	}
}

/* The records beside the proof, and the serial of the old one. */
static size_t
set_gather(const struct signing *s, const struct name *owner, struct bytes rdata[MAPPING_SET],
    uint64_t *serial)
{
	size_t n = 0;

	*serial = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct line *line = s->lines[i];
		struct bytes b = {line->rdata, line->n};
		struct eloc e;

		if (!line_is_eloc(line, owner))
			continue;
		if (eloc_read(b, &e) == 0 && e.kind == ELOC_PROOF)
			*serial = e.proof.serial > *serial ? e.proof.serial : *serial;
		else if (n < MAPPING_SET)
			rdata[n++] = b;
	}
	return n;
}

static void
line_out(const struct signing *s, const char *text)
{
	if (s->out != NULL)
		json_array_append_new(s->out, json_string(text));
	else
		puts(text);
}

static bool
line_goes(const struct signing *s, const struct line *line, const struct name *owner)
{
	struct bytes b = {line->rdata, line->n};

	if (!line_is_eloc(line, owner))
		return true;
	return !s->revoke && mapping_proof_index(&b, 1) < 0;
}

/* All lines as they came, but the proof: it follows the last ELOC of its owner. */
static void
lines_out(const struct signing *s, const struct name *owner, const char *proof)
{
	char name[NAME_TEXT], text[NAME_TEXT + RDATA_TEXT + 32];
	size_t last = s->n;
	uint32_t ttl = 60;

	for (size_t i = 0; i < s->n; i++)
		if (line_is_eloc(s->lines[i], owner)) {
			last = i;
			ttl = s->lines[i]->has_ttl ? s->lines[i]->ttl : ttl;
		}
	snprintf(text, sizeof text, "%s %u IN ELOC %s", name_print(owner, name), ttl, proof);
	for (size_t i = 0; i < s->n; i++) {
		if (line_goes(s, s->lines[i], owner))
			line_out(s, s->lines[i]->text);
		if (i == last)
			line_out(s, text);
	}
	if (last == s->n)
		line_out(s, text);
}

static enum status
proof_make(struct signing *s)
{
	const char *why = NULL;
	const struct name *owner = owner_find(s, &why);
	struct bytes rdata[MAPPING_SET];
	uint8_t octets[256];
	struct wr wr = wr_init(octets, sizeof octets);
	char text[RDATA_TEXT];
	uint64_t now = clock_ms(), serial;
	size_t n;
	int error;

	if (owner != NULL)
		why = owner_refusal(s, owner);
	if (why != NULL)
		return fail(s->m, STATUS_WRONG, -MAP_EKEY, "%s: %s", s->key_path, why);
	n = set_gather(s, owner, rdata, &serial);
	if (s->revoke)
		n = 0;
	else if (n == 0)
		return fail(
		    s->m, STATUS_WRONG, -MAP_ENOLOCATOR, "no ELOC records to be proved");
	why = n > 0 ? mapping_refusal(RR_ELOC, rdata, n, true, NULL, 0) : NULL;
	if (why != NULL || n == MAPPING_SET)
		return fail(s->m, STATUS_WRONG, -MAP_EFORMAT, "the ELOC records: %s",
		    why != NULL ? why : "more than 15");
	/* A serial grows, whatever the clock says. */
	serial = serial >= now && !s->serial_now ? serial + 1 : now;
	error = trust_proof_sign(s->key, owner, rdata, n, serial,
	    (uint32_t)(now / 1000) + s->expire, s->revoke ? PROOF_REVOKED : 0, &wr);
	if (error == 0)
		error = eloc_print(wr_done(&wr), text, sizeof text);
	if (error != 0)
		return fail(s->m, STATUS_WRONG, error, "the proof: %s", error_text(error));
	lines_out(s, owner, text);
	return STATUS_DONE;
}

static enum status
sign_options(struct signing *s, int argc, char **argv)
{
	static const struct option options[] = {{"key", required_argument, NULL, 'k'},
	    {"expire", required_argument, NULL, 'e'}, {"serial-now", no_argument, NULL, 's'},
	    {"revoke", no_argument, NULL, 'x'}, {"realm", required_argument, NULL, 'r'},
	    {NULL, 0, NULL, 0}};
	enum status status = STATUS_DONE;
	const char *why = NULL;
	char text[OPTION_TEXT];
	int option;

	optind = 0;
	opterr = 0;
	while (status == STATUS_DONE &&
	       (option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (option == 'k')
			status = path_check(s->m, "--key", s->key_path = optarg);
		else if (option == 'e')
			status = expire_scan(s->m, optarg, &s->expire);
		else if (option == 's')
			s->serial_now = true;
		else if (option == 'x')
			s->revoke = true;
		else if (option != 'r')
			status = usage_option(s->m, option, argv, options);
		else if (realm_scan(optarg, &s->by.realm, &why) != 0)
			status = usage(s->m, "--realm %s: %s", option_short(optarg, text), why);
		else
			s->by.has_realm = true;
	}
	if (status == STATUS_DONE)
		status = words_check(s->m, argc - optind, argv + optind, "");
	if (status != STATUS_DONE)
		return status;
	if (s->key_path == NULL)
		return usage(s->m, "--key: missing");
	if (s->m->ahead != NULL)
		return usage(s->m, "in a batch standard input holds the commands, not records");
	return STATUS_DONE;
}

static void
signing_fini(struct signing *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->lines[i]->text);
		free(s->lines[i]);
	}
	free(s->lines);
	crypto_key_free(s->key);
	json_decref(s->out);
}

enum status
identity_sign(struct mapctl *m, int argc, char **argv)
{
	struct signing s = {.m = m, .expire = 86400};
	enum status status = sign_options(&s, argc, argv);
	char why[1200];
	int error;

	if (status != STATUS_DONE)
		return status;
	if (m->json)
		s.out = json_array();
	error = keyfile_read(s.key_path, &s.key, why, sizeof why);
	if (error != 0)
		status = fail(m, error == -MAP_EREFUSED ? STATUS_REFUSED : STATUS_WRONG, error,
		    "%s", why);
	if (status == STATUS_DONE)
		status = lines_read(&s);
	if (status == STATUS_DONE)
		status = proof_make(&s);
	if (status == STATUS_DONE && m->json) {
		json_t *answer = json_pack("{s:b, s:O}", "ok", 1, "records", s.out);

		output_json(answer);
		json_decref(answer);
	}
	signing_fini(&s);
	return status;
}
