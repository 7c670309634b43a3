/*
 * allocation.c - who allocates an identity: the options that say so, and what they make of a key.
 */
#include <string.h>

#include "core/sys/option.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "mapctl/identity.h"

#define RAA_DEFAULT 16376 /* experimental (RFC 9374) */
#define HDA_DEFAULT 10

/* The left 64 bits: of the numbers given, else of the realm's prefix, else of the default. */
static void
left_make(const struct allocation *by, uint8_t left[8])
{
	if (by->has_realm && by->raa < 0) {
		memcpy(left, by->realm.prefix, 8);
		left[7] |= HHIT_SUITE_ED25519;
		return;
	}
	hhit_left((uint16_t)(by->raa < 0 ? RAA_DEFAULT : by->raa),
	    (uint16_t)(by->raa < 0 ? HDA_DEFAULT : by->hda), left);
}

static enum status
hhit_of_key(const struct mapctl *m, const struct allocation *by, const uint8_t *public,
    struct eid *id, struct name *owner)
{
	uint8_t left[8];
	int error;

	left_make(by, left);
	id->form = EID_ADDRESS;
	error = trust_hhit(left, public, id->address);
	if (error != 0)
		return fail(m, STATUS_WRONG, error, "the identity: %s", error_text(error));
	if (by->has_realm && by->raa < 0 && by->realm.length < 56)
		return usage(m, "a prefix shorter than 56 bits wants --raa and --hda too");
	if (!eid_is_hhit(id))
		return usage(m, "the prefix of the realm is not in 2001:30::/28");
	if (!by->has_realm) {
		error = eid_owner_reverse(id->address, owner);
	} else {
		if (!realm_covers(&by->realm, id))
			return usage(m, "RAA and HDA are not those of the realm's prefix");
		id->at_length = by->realm.length;
		id->at = by->realm.suffix;
		error = eid_owner_below(id, by->realm.length, &by->realm.suffix, owner);
	}
	return error == 0
		   ? STATUS_DONE
		   : fail(m, STATUS_WRONG, error, "the owner name: %s", error_text(error));
}

enum status
identity_of_key(const struct mapctl *m, const struct allocation *by,
    const struct crypto_key *key, struct eid *id, struct name *owner)
{
	int algorithm = crypto_key_algorithm(key), error;
	uint8_t public[64];

	memset(id, 0, sizeof *id);
	error = crypto_key_public(key, public);
	if (error != 0)
		return fail(m, STATUS_WRONG, error, "the key: %s", error_text(error));
	if (!by->has_key_realm && algorithm == CRYPTO_ED25519)
		return hhit_of_key(m, by, public, id, owner);
	if (!by->has_key_realm)
		return usage(m, "an HHIT wants an Ed25519 key; --key-realm takes P-256 too");
	id->form = EID_KEY;
	id->name = by->key_realm;
	error = trust_digest(
	    algorithm, (struct bytes){public, crypto_public_size(algorithm)}, id->digest);
	if (error == 0)
		error = eid_owner_own(id, owner);
	return error == 0 ? STATUS_DONE
			  : fail(m, STATUS_WRONG, error, "the identity: %s", error_text(error));
}

static enum status
number_scan(const struct mapctl *m, const char *what, const char *text, int *out)
{
	char begins[OPTION_TEXT];
	uint64_t v = 0;

	if (text_decimal_read(text, strlen(text), 16383, &v) != 0)
		return usage(m, "--%s %s: no such number; expected 0 to 16383", what,
		    option_short(text, begins));
	*out = (int)v;
	return STATUS_DONE;
}

enum status
option_name(const struct mapctl *m, const char *what, const char *text, struct name *out)
{
	char begins[OPTION_TEXT];

	if (name_scan(text, strlen(text), NULL, out) != 0)
		return usage(m, "--%s %s: no valid name; expected a domain name", what,
		    option_short(text, begins));
	name_fold(out);
	return STATUS_DONE;
}

enum status
allocation_option(const struct mapctl *m, struct allocation *by, int option, const char *text)
{
	const char *why = NULL;
	char begins[OPTION_TEXT];

	switch (option) {
	case 'r':
		if (realm_scan(text, &by->realm, &why) != 0)
			return usage(m, "--realm %s: %s", option_short(text, begins), why);
		by->has_realm = true;
		return STATUS_DONE;
	case 'k':
		by->has_key_realm = true;
		return option_name(m, "key-realm", text, &by->key_realm);
	case 'a':
		return number_scan(m, "raa", text, &by->raa);
	default:
		return number_scan(m, "hda", text, &by->hda);
	}
}

enum status
allocation_check(const struct mapctl *m, const struct allocation *by)
{
	if (by->has_key_realm && (by->has_realm || by->raa >= 0 || by->hda >= 0))
		return usage(m, "--key-realm goes without --realm, --raa and --hda");
	if ((by->raa < 0) != (by->hda < 0))
		return usage(m, "--raa and --hda go together");
	return STATUS_DONE;
}

enum status
allocation_options(const struct mapctl *m, struct allocation *by, int argc, char **argv)
{
	static const struct option options[] = {{"realm", required_argument, NULL, 'r'},
	    {"key-realm", required_argument, NULL, 'k'}, {"raa", required_argument, NULL, 'a'},
	    {"hda", required_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	enum status status = STATUS_DONE;
	int option;

	optind = 0;
	opterr = 0;
	while (status == STATUS_DONE &&
	       (option = getopt_long(argc, argv, "+:", options, NULL)) != -1)
		status = option == '?' || option == ':'
			     ? usage_option(m, option, argv, options)
			     : allocation_option(m, by, option, optarg);
	return status != STATUS_DONE ? status : allocation_check(m, by);
}
