/*
 * identity.c - "id new": a key, its identity, and the records that publish it.
 */
#include "mapctl/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/conf.h"
#include "core/sys/loop.h"
#include "core/sys/option.h"
#include "core/trust/keyfile.h"
#include "core/trust/seal.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "mapctl/locators.h"
#include "mapctl/output.h"

#define TTL_LOCATORS 60
#define TTL_IDENTITY 300
#define KEY_RDATA (4 + 64)
#define KEY_TEXT 128

/* What is being made. */
struct making {
	struct mapctl *m;
	struct allocation by;
	int algorithm;
	const char *name; /* NULL: no EPID is printed */
	struct name at;
	const char *folder;
	uint32_t expire;
	struct locators locators;
	struct crypto_key *key;
	struct eid id;
	struct name owner;
	char path[1024]; /* of the key, without .private and .key */
	json_t *lines;
};

enum status
expire_scan(const struct mapctl *m, const char *text, uint32_t *seconds)
{
	char begins[OPTION_TEXT];
	uint64_t ms;

	if (conf_time(text, &ms) != 0 || ms < 1000 || ms / 1000 > IDENTITY_EXPIRE_MAX)
		return usage(m, "--expire %s: no such time; expected 1s to 7d, as in 24h",
		    option_short(text, begins));
	*seconds = (uint32_t)(ms / 1000);
	return STATUS_DONE;
}

int
key_rdata_print(struct bytes rdata, char *text, size_t max)
{
	char base64[KEY_TEXT];
	int n;

	if (rdata.n < 4)
		return -MAP_ETRUNC;
	if (text_base64_put(base64, sizeof base64, (struct bytes){rdata.p + 4, rdata.n - 4}) <
	    0)
		return -MAP_ESPACE;
	n = snprintf(
	    text, max, "%u %u %u %s", get_u16(rdata.p), rdata.p[2], rdata.p[3], base64);
	return n >= 0 && (size_t)n < max ? 0 : -MAP_ESPACE;
}

static enum status
new_option(struct making *k, int option, char *const *argv, const struct option *options)
{
	switch (option) {
	case 'n':
		k->name = optarg;
		return option_name(k->m, "name", optarg, &k->at);
	case 'l':
	case 'v':
		return locators_option(k->m, &k->locators, option, optarg);
	case 'd':
		k->folder = optarg;
		return path_check(k->m, "--dir", optarg);
	case 'e':
		return expire_scan(k->m, optarg, &k->expire);
	case 'p':
		k->algorithm = CRYPTO_ECDSAP256;
		return STATUS_DONE;
	case 'r':
	case 'k':
	case 'a':
	case 'h':
		return allocation_option(k->m, &k->by, option, optarg);
	default:
		return usage_option(k->m, option, argv, options);
	}
}

static enum status
new_options(struct making *k, int argc, char **argv)
{
	static const struct option options[] = {{"realm", required_argument, NULL, 'r'},
	    {"key-realm", required_argument, NULL, 'k'}, {"raa", required_argument, NULL, 'a'},
	    {"hda", required_argument, NULL, 'h'}, {"name", required_argument, NULL, 'n'},
	    {"locator", required_argument, NULL, 'l'}, {"via", required_argument, NULL, 'v'},
	    {"dir", required_argument, NULL, 'd'}, {"expire", required_argument, NULL, 'e'},
	    {"p256", no_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
	enum status status = STATUS_DONE;
	int option;

	optind = 0;
	opterr = 0;
	while (status == STATUS_DONE &&
	       (option = getopt_long(argc, argv, "+:", options, NULL)) != -1)
		status = new_option(k, option, argv, options);
	if (status == STATUS_DONE)
		status = words_check(k->m, argc - optind, argv + optind, "");
	if (status == STATUS_DONE)
		status = allocation_check(k->m, &k->by);
	return status == STATUS_DONE ? locators_check(k->m, &k->locators, &k->by) : status;
}

/* Where the key goes: named like the endpoint, else like the identity. */
static enum status
path_make(struct making *k)
{
	char text[EID_TEXT];
	int n;

	if (k->name != NULL) {
		name_print(&k->at, text);
		text[strlen(text) - 1] = '\0';
	} else {
		eid_print(&k->id, text);
	}
	if (text[0] == '\0' || strchr(text, '/') != NULL)
		return fail(
		    k->m, STATUS_USAGE, -MAP_EUSAGE, "%s: no file can have this name", text);
	n = snprintf(k->path, sizeof k->path, "%s/%s", k->folder, text);
	return n >= 0 && (size_t)n < sizeof k->path - sizeof ".private"
		   ? STATUS_DONE
		   : fail(k->m, STATUS_USAGE, -MAP_EUSAGE, "%s: the path is too long",
			 k->folder);
}

/* The public half beside the private one: nsupdate -k wants it. */
static enum status
public_write(struct making *k)
{
	char path[1100], owner[NAME_TEXT], text[KEY_TEXT + 32];
	uint8_t rdata[KEY_RDATA];
	struct wr wr = wr_init(rdata, sizeof rdata);
	FILE *f;
	int fd;

	if (seal_key_put(&wr, k->key) != 0 ||
	    key_rdata_print(wr_done(&wr), text, sizeof text) != 0)
		return fail(k->m, STATUS_WRONG, -MAP_ECRYPTO, "the key cannot be printed");
	snprintf(path, sizeof path, "%s.key", k->path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL)
		return fail(k->m, STATUS_REFUSED, errno == EEXIST ? -MAP_EEXIST : -MAP_ESYS,
		    "%s: %s", path,
		    errno == EEXIST ? "exists already; keys are never overwritten"
				    : strerror(errno));
	fprintf(f, "%s IN KEY %s\n", name_print(&k->owner, owner), text);
	if (fclose(f) != 0)
		return fail(k->m, STATUS_WRONG, -MAP_ESYS, "%s: %s", path, strerror(errno));
	return STATUS_DONE;
}

static enum status
files_write(struct making *k)
{
	char path[1100], why[1200];
	enum status status = public_write(k);
	int error;

	if (status != STATUS_DONE)
		return status;
	/* last: a private file without the rest would stand in the way of the next try */
	snprintf(path, sizeof path, "%s.private", k->path);
	error = keyfile_write(path, k->key, why, sizeof why);
	if (error == 0)
		return STATUS_DONE;
	snprintf(path, sizeof path, "%s.key", k->path);
	(void)unlink(path);
	return fail(k->m, STATUS_REFUSED, error, "%s", why);
}

/* One record as a line of a zone file, or for JSON. */
static void
line_out(struct making *k, const struct name *owner, unsigned ttl, const char *type,
    const char *rdata)
{
	char name[NAME_TEXT], line[NAME_TEXT + RDATA_TEXT + 32];

	snprintf(
	    line, sizeof line, "%s %u IN %s %s", name_print(owner, name), ttl, type, rdata);
	if (k->lines != NULL)
		json_array_append_new(k->lines, json_string(line));
	else
		puts(line);
}

static int
mapping_out(struct making *k)
{
	uint8_t octets[512];
	struct wr wr = wr_init(octets, sizeof octets);
	uint64_t now = clock_ms();
	char text[RDATA_TEXT];
	int error = 0;

	for (size_t i = 0; i < k->locators.n && error == 0; i++) {
		error = eloc_print(k->locators.rdata[i], text, sizeof text);
		if (error == 0)
			line_out(k, &k->owner, TTL_LOCATORS, "ELOC", text);
	}
	if (error != 0 || k->locators.n == 0)
		return error;
	error = trust_proof_sign(k->key, &k->owner, k->locators.rdata, k->locators.n, now,
	    (uint32_t)(now / 1000) + k->expire, 0, &wr);
	if (error == 0)
		error = eloc_print(wr_done(&wr), text, sizeof text);
	if (error == 0)
		line_out(k, &k->owner, TTL_LOCATORS, "ELOC", text);
	return error;
}

static int
records_out(struct making *k)
{
	struct epid epid = {.preference = 10, .id = k->id};
	uint8_t octets[512];
	struct wr wr = wr_init(octets, sizeof octets);
	char text[RDATA_TEXT];
	int error = 0;

	if (k->name != NULL) {
		epid_put(&wr, &epid);
		error = wr.error != 0 ? wr.error : epid_print(wr_done(&wr), text, sizeof text);
		if (error != 0)
			return error;
		line_out(k, &k->at, TTL_IDENTITY, "EPID", text);
	}
	wr = wr_init(octets, sizeof octets);
	error = seal_key_put(&wr, k->key);
	if (error == 0)
		error = key_rdata_print(wr_done(&wr), text, sizeof text);
	if (error != 0)
		return error;
	line_out(k, &k->owner, TTL_IDENTITY, "KEY", text);
	return mapping_out(k);
}

static enum status
result_out(struct making *k)
{
	char id[EID_TEXT], owner[NAME_TEXT], file[1100];
	json_t *answer;
	int error;

	eid_print(&k->id, id);
	name_print(&k->owner, owner);
	snprintf(file, sizeof file, "%s.private", k->path);
	if (k->m->json)
		k->lines = json_array();
	else
		printf("; identity %s, key %s\n", id, file);
	error = records_out(k);
	if (error != 0) {
		json_decref(k->lines);
		return fail(k->m, STATUS_WRONG, error, "the records: %s", error_text(error));
	}
	if (!k->m->json)
		return STATUS_DONE;
	answer = json_pack("{s:b, s:s, s:s, s:s, s:o}", "ok", 1, "identity", id, "owner", owner,
	    "file", file, "records", k->lines);
	output_json(answer);
	json_decref(answer);
	return STATUS_DONE;
}

enum status
identity_new(struct mapctl *m, int argc, char **argv)
{
	struct making k = {.m = m,
	    .by = {.raa = -1, .hda = -1},
	    .algorithm = CRYPTO_ED25519,
	    .folder = ".",
	    .expire = 86400};
	enum status status = new_options(&k, argc, argv);
	int error;

	if (status != STATUS_DONE)
		return status;
	error = crypto_key_generate(k.algorithm, &k.key);
	if (error != 0)
		return fail(
		    m, STATUS_WRONG, error, "no key can be made: %s", error_text(error));
	status = identity_of_key(m, &k.by, k.key, &k.id, &k.owner);
	if (status == STATUS_DONE)
		status = path_make(&k);
	if (status == STATUS_DONE)
		status = files_write(&k);
	if (status == STATUS_DONE)
		status = result_out(&k);
	crypto_key_free(k.key);
	return status;
}
