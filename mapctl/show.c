/*
 * show.c - "id show": what a key file, an identity or a reference is.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/trust/keyfile.h"
#include "core/trust/seal.h"
#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "mapctl/identity.h"
#include "mapctl/output.h"

struct showing {
	struct mapctl *m;
	struct allocation by;
	json_t *answer;
};

static void
set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void
set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

static const char *
form_word(const struct eid *id)
{
	if (eid_is_hhit(id))
		return "HHIT";
	if (eid_is_hit(id))
		return "HIT (recognised, never resolved)";
	switch (id->form) {
	case EID_ADDRESS:
		return "address";
	case EID_KEY:
		return "key";
	case EID_NAME:
		return "name";
	case EID_NONE:
		break;
	}
	return "none";
}

static void
hhit_describe(json_t *answer, const struct eid *id)
{
	uint64_t left = get_u64(id->address);
	char hash[17];

	if (!eid_is_hhit(id) ||
	    text_hex_put(hash, sizeof hash, (struct bytes){id->address + 8, 8}) < 0)
		return;
	set_number(answer, "raa", left >> 22 & 0x3fff);
	set_number(answer, "hda", left >> 8 & 0x3fff);
	set_number(answer, "suite", left & 0xff);
	set_text(answer, "hash", hash);
}

/* What can be said of an identity by itself and by the realm that was given. */
static void
eid_describe(const struct showing *s, const struct eid *id)
{
	char text[EID_TEXT], name[NAME_TEXT];
	struct name owner;

	set_text(s->answer, "identity", eid_print(id, text));
	set_text(s->answer, "form", form_word(id));
	json_object_set_new(
	    s->answer, "self_certifying", json_boolean(eid_is_self_certifying(id)));
	hhit_describe(s->answer, id);
	if (id->form != EID_ADDRESS) {
		if (eid_owner_own(id, &owner) == 0)
			set_text(s->answer, "owner", name_print(&owner, name));
		return;
	}
	if (s->by.has_realm && realm_covers(&s->by.realm, id) &&
	    eid_owner_below(id, s->by.realm.length, &s->by.realm.suffix, &owner) == 0)
		set_text(s->answer, "owner", name_print(&owner, name));
	else if (id->at_length != 0 && eid_owner_below(id, id->at_length, &id->at, &owner) == 0)
		set_text(s->answer, "owner", name_print(&owner, name));
	if (eid_owner_reverse(id->address, &owner) == 0)
		set_text(s->answer, "reverse", name_print(&owner, name));
}

static enum status
file_show(struct showing *s, const char *path)
{
	char why[1200], text[256];
	uint8_t rdata[4 + 64];
	struct wr wr = wr_init(rdata, sizeof rdata);
	struct crypto_key *key;
	struct name owner;
	struct eid id;
	enum status status = STATUS_DONE;
	int error = keyfile_read(path, &key, why, sizeof why);

	if (error != 0)
		return fail(s->m, error == -MAP_EREFUSED ? STATUS_REFUSED : STATUS_WRONG, error,
		    "%s", why);
	set_text(s->answer, "file", path);
	set_text(s->answer, "algorithm",
	    crypto_key_algorithm(key) == CRYPTO_ED25519 ? "15 (ED25519)"
							: "13 (ECDSAP256SHA256)");
	if (seal_key_put(&wr, key) != 0 ||
	    key_rdata_print(wr_done(&wr), text, sizeof text) != 0) {
		status = fail(s->m, STATUS_WRONG, -MAP_ECRYPTO, "%s: cannot be printed", path);
	} else {
		set_text(s->answer, "key", text);
		set_number(s->answer, "tag", dnssec_key_tag(wr_done(&wr)));
	}
	/* Without a realm a key file does not say which identity it is. */
	if (status == STATUS_DONE &&
	    (s->by.has_realm || s->by.has_key_realm || s->by.raa >= 0)) {
		status = identity_of_key(s->m, &s->by, key, &id, &owner);
		if (status == STATUS_DONE)
			eid_describe(s, &id);
	}
	crypto_key_free(key);
	return status;
}

static const char *
verify_word(int error)
{
	switch (error) {
	case 0:
		return "good";
	case -MAP_EEXPIRED:
		return "expired, or ends more than 30 days ahead";
	case -MAP_EKEY:
		return "made by a key that is not the referrer's";
	default:
		return "does not verify";
	}
}

static enum status
reference_show(struct showing *s, const char *text)
{
	struct reference ref;
	char by[EID_TEXT], at[NAME_TEXT + 8], name[NAME_TEXT], time[16];
	const char *why;
	int error = reference_scan(text, &ref, &why);

	if (error != 0)
		return fail(s->m, STATUS_WRONG, error, "%s: %s", text, why);
	eid_describe(s, &ref.id);
	if (ref.port != 0)
		set_number(s->answer, "port", ref.port);
	if (ref.id.at_length != 0) {
		snprintf(
		    at, sizeof at, "%u/%s", ref.id.at_length, name_print(&ref.id.at, name));
		set_text(s->answer, "at", at);
	}
	if (!ref.is_signed) {
		set_text(s->answer, "signature", "none");
		return STATUS_DONE;
	}
	set_text(s->answer, "by", eid_print(&ref.by, by));
	if (text_time_put(time, sizeof time, ref.exp) > 0)
		set_text(s->answer, "expires", time);
	error = trust_reference_verify(text, &ref, clock_seconds());
	set_text(s->answer, "signature", verify_word(error));
	return error == 0 ? STATUS_DONE : STATUS_WRONG;
}

static enum status
identity_text_show(struct showing *s, const char *text)
{
	struct eid id;
	int error = eid_scan(text, strlen(text), false, &id);

	if (error != 0)
		return fail(s->m, STATUS_WRONG, error,
		    "%s: no key file, no identity and no eid: reference", text);
	eid_describe(s, &id);
	return STATUS_DONE;
}

static bool
text_is_path(const char *text)
{
	size_t n = strlen(text);

	return strchr(text, '/') != NULL || access(text, F_OK) == 0 ||
	       (n > 8 && strcmp(text + n - 8, ".private") == 0);
}

static enum status
show_one(struct showing *s, const char *text)
{
	if (strncmp(text, "eid:", 4) == 0)
		return reference_show(s, text);
	return text_is_path(text) ? file_show(s, text) : identity_text_show(s, text);
}

enum status
identity_show(struct mapctl *m, int argc, char **argv)
{
	struct showing s = {.m = m, .by = {.raa = -1, .hda = -1}};
	enum status status = allocation_options(m, &s.by, argc, argv);

	if (status != STATUS_DONE)
		return status;
	status = words_check(m, argc - optind, argv + optind, "FILE|IDENTITY|REFERENCE");
	if (status == STATUS_DONE && argv[optind][0] == '\0')
		status = usage(m, "\"\": an empty word");
	if (status != STATUS_DONE)
		return status;
	s.answer = json_object();
	status = show_one(&s, argv[optind]);
	/* A reference whose signature is bad is shown all the same. */
	if (json_object_size(s.answer) > 0 &&
	    (status == STATUS_DONE || json_object_get(s.answer, "signature") != NULL)) {
		json_object_set_new(s.answer, "ok", json_boolean(status == STATUS_DONE));
		if (m->json)
			output_json(s.answer);
		else
			output_fields(s.answer);
	}
	json_decref(s.answer);
	return status;
}
