/*
 * input.c - tells apart what the user typed.
 */
#include "mapdig/input.h"

#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"

const char *
input_kind_word(enum input_kind kind)
{
	static const char *const words[] = {"name", "identity", "locator", "reference"};

	return words[kind];
}

static int
input_reference(const char *text, uint64_t now, struct input *out, const char **why)
{
	int error = reference_scan(text, &out->reference, why);

	if (error != 0)
		return error;
	out->kind = INPUT_REFERENCE;
	out->id = out->reference.id;
	if (!out->reference.is_signed)
		return 0;
	error = trust_reference_verify(text, &out->reference, now);
	if (error != 0)
		*why = error_text(error);
	return error;
}

static bool
input_is_identity(const struct eid *id, const struct realm *realms, size_t n_realms)
{
	if (eid_is_hhit(id))
		return true;
	for (size_t i = 0; i < n_realms; i++)
		if (realm_covers(&realms[i], id))
			return true;
	return false;
}

static int
input_address(const struct realm *realms, size_t n_realms, struct input *out, const char **why)
{
	if (eid_is_hit(&out->id)) {
		*why = "a HIT (2001:20::/28), which no realm allocates";
		return -MAP_EUNKNOWN;
	}
	if (input_is_identity(&out->id, realms, n_realms)) {
		out->kind = INPUT_IDENTITY;
		return 0;
	}
	out->kind = INPUT_LOCATOR;
	memcpy(out->address, out->id.address, sizeof out->address);
	return 0;
}

int
input_scan(const char *text, const struct realm *realms, size_t n_realms, uint64_t now,
    struct input *out, const char **why)
{
	int error;

	memset(out, 0, sizeof *out);
	out->text = text;
	*why = "";
	if (strncmp(text, "eid:", 4) == 0)
		return input_reference(text, now, out, why);
	/* Whatever else may be wrong with it: it is the user's word that is not one. */
	error = eid_scan(text, strlen(text), false, &out->id);
	if (error != 0) {
		*why = "neither a name, an identity, an address nor an eid: reference";
		return -MAP_ETEXT;
	}
	if (out->id.form == EID_ADDRESS)
		return input_address(realms, n_realms, out, why);
	out->kind = out->id.form == EID_NAME ? INPUT_NAME : INPUT_IDENTITY;
	return 0;
}
