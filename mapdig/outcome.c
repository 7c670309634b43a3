/*
 * outcome.c - what a result means: exit status, tones, sentences. Tables only.
 */
#include "mapdig/report.h"

#include <string.h>

#include "core/wire/errors.h"

struct outcome_row {
	int error;
	int exit;
};

static const struct outcome_row outcome_rows[] = {
    {0, EXIT_FOUND},
    {MAP_EUSAGE, EXIT_USAGE},
    {MAP_ETEXT, EXIT_USAGE},
    {MAP_EREFERENCE, EXIT_USAGE},
    {MAP_ECONFIG, EXIT_USAGE},
    {MAP_EUNKNOWN, EXIT_USAGE},
    {MAP_EINSECURE, EXIT_INSECURE},
    {MAP_ENOPROOF, EXIT_INSECURE},
    {MAP_EEXPIRED, EXIT_INSECURE},
    {MAP_ENOTFOUND, EXIT_NOT_FOUND},
    {MAP_ENOLOCATOR, EXIT_NO_LOCATORS},
    {MAP_ENOROUTE, EXIT_NO_LOCATORS},
    {MAP_EREVOKED, EXIT_NO_LOCATORS},
    {MAP_EBOGUS, EXIT_BOGUS},
    {MAP_ESTALE, EXIT_BOGUS},
    {MAP_ESIG, EXIT_BOGUS},
    {MAP_EKEY, EXIT_MISMATCH},
    {MAP_EMISMATCH, EXIT_MISMATCH},
    {MAP_ESERVER, EXIT_SERVER},
    {MAP_EFORMAT, EXIT_SERVER},
    {MAP_EREFUSED, EXIT_SERVER},
    {MAP_ELIMIT, EXIT_SERVER},
    {MAP_ETIMEOUT, EXIT_NO_REPLY},
    {MAP_ENOAGENT, EXIT_NO_REPLY},
};

int
outcome_exit_of(int error)
{
	int number = error < 0 ? -error : error;

	for (size_t i = 0; i < sizeof outcome_rows / sizeof outcome_rows[0]; i++)
		if (outcome_rows[i].error == number)
			return outcome_rows[i].exit;
	return EXIT_INTERNAL;
}

const char *
outcome_word(int status)
{
	static const char *const words[] = {"found", "usage", "insecure", "not-found",
	    "no-locators", "bogus", "mismatch", "server-error", "internal", "no-reply",
	    "internal"};

	return words[status >= 0 && status <= EXIT_INTERNAL ? status : EXIT_INTERNAL];
}

static bool
identity_has(const struct found_identity *id, const uint8_t address[16])
{
	for (size_t i = 0; i < id->n_locators; i++)
		if (memcmp(id->locators[i].locator.address, address, 16) == 0)
			return true;
	return false;
}

enum verdict
outcome_claim(const struct input *input, const struct result *result)
{
	bool is_claimed = false;

	if (input->kind != INPUT_LOCATOR || result->kind != RESULT_EPID)
		return VERDICT_NONE;
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		is_claimed = true;
		if (id->error == 0 && identity_has(id, input->address))
			return VERDICT_CONFIRMED;
	}
	return is_claimed ? VERDICT_MISMATCH : VERDICT_NONE;
}

/* The worst that the reverse names say, though the locators themselves may be used. */
static int
reverse_exit(const struct result *result)
{
	int status = EXIT_FOUND;

	for (size_t i = 0; i < result->n_identities; i++)
		for (size_t k = 0; k < result->identities[i].n_locators; k++) {
			enum verdict v = result->identities[i].locators[k].reverse;

			if (v == VERDICT_BOGUS)
				return EXIT_BOGUS;
			if (v == VERDICT_MISMATCH)
				status = EXIT_MISMATCH;
		}
	return status;
}

/* "Does not exist" is said only where that is proved of what was asked for: a name, or an identity.
 * A name's identity that has no mapping is one without locators. */
static bool
absence_is_proved(const struct result *result)
{
	if (result->asked.n > 0)
		return result->name.denied;
	return result->n_identities > 0 && result->identities[0].mapping.denied;
}

int
outcome_exit(const struct input *input, const struct result *result)
{
	int status = outcome_exit_of(result->error);

	if (status == EXIT_NOT_FOUND && !absence_is_proved(result))
		return EXIT_NO_LOCATORS;
	if (result->error == -MAP_EUNKNOWN) /* what is published, not what was typed */
		return EXIT_NO_LOCATORS;
	if (status != EXIT_FOUND)
		return status;
	if (outcome_claim(input, result) == VERDICT_MISMATCH)
		return EXIT_MISMATCH;
	return reverse_exit(result);
}

struct verdict_row {
	enum verdict verdict;
	enum tone tone;
	const char *meaning;
};

static const struct verdict_row verdict_rows[] = {
    {VERDICT_NONE, TONE_PLAIN, "was not asked for"},
    {VERDICT_SECURE, TONE_GOOD, "signed, and validated from a trust anchor"},
    {VERDICT_INSECURE, TONE_WARN, "comes from a zone that is provably not signed"},
    {VERDICT_PROVED, TONE_GOOD, "signed by the identity's own key"},
    {VERDICT_CONFIRMED, TONE_GOOD, "the identity's trusted locators contain this one"},
    {VERDICT_MISSING, TONE_WARN, "nothing is there"},
    {VERDICT_MISMATCH, TONE_BAD, "locator and identity do not name each other"},
    {VERDICT_BOGUS, TONE_BAD,
	"signatures do not hold: changed, expired, or a chain that is broken"},
    {VERDICT_MALFORMED, TONE_BAD, "the records break the grammar, so none of the set is used"},
    {VERDICT_FOREIGN, TONE_BAD, "the proof's key is not the identity's"},
    {VERDICT_UNPROVED, TONE_PLAIN, "the host has published no proof"},
    {VERDICT_FAILED, TONE_BAD, "the proof does not hold over these records"},
    {VERDICT_EXPIRED, TONE_WARN, "the host has not renewed its proof in time"},
    {VERDICT_STALE, TONE_BAD, "the proof is older than one seen before: replayed"},
    {VERDICT_REVOKED, TONE_BAD, "the host has revoked this identity"},
    {VERDICT_SERVER, TONE_BAD, "a server answered with an error"},
    {VERDICT_TIMEOUT, TONE_BAD, "no server answered in time"},
};

static const struct verdict_row *
verdict_find(enum verdict verdict)
{
	for (size_t i = 0; i < sizeof verdict_rows / sizeof verdict_rows[0]; i++)
		if (verdict_rows[i].verdict == verdict)
			return &verdict_rows[i];
	return &verdict_rows[0];
}

enum tone
verdict_tone(enum verdict verdict)
{
	return verdict_find(verdict)->tone;
}

const char *
verdict_meaning(enum verdict verdict)
{
	return verdict_find(verdict)->meaning;
}
