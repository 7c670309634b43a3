/*
 * content.c - what a host says of itself, gathered and checked.
 */
#include "register/content.h"

#include <stdio.h>
#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define EXPIRE 86400
#define LEASE 7200
#define KEY_LEASE (14 * 86400)

void
content_init(struct content *content)
{
	memset(content, 0, sizeof *content);
	content->proof = true;
	content->expire = EXPIRE;
	content->lease = LEASE;
	content->key_lease = KEY_LEASE;
}

int
content_locator_add(struct content *content, struct bytes rdata)
{
	if (content->n_locators == CONTENT_LOCATORS)
		return -MAP_ELIMIT;
	if (rdata.n > CONTENT_RDATA)
		return -MAP_ESPACE;
	content->locators[content->n_locators].n = (uint16_t)rdata.n;
	memcpy(content->locators[content->n_locators].octets, rdata.p, rdata.n);
	content->n_locators++;
	return 0;
}

int
content_name_add(struct content *content, const struct name *name)
{
	if (content->n_names == CONTENT_NAMES)
		return -MAP_ELIMIT;
	content->names[content->n_names] = *name;
	name_fold(&content->names[content->n_names++]);
	return 0;
}

bool
content_address(const struct content *content, size_t i, uint8_t address[16])
{
	struct bytes rdata = {content->locators[i].octets, content->locators[i].n};
	struct eloc eloc;

	if (eloc_read(rdata, &eloc) != 0 || (eloc.kind != ELOC_IP4 && eloc.kind != ELOC_IP6))
		return false;
	memcpy(address, eloc.address, 16);
	return true;
}

static int
blame(char why[CONTENT_WHY], const struct name *name, int error, const char *cause)
{
	char text[NAME_TEXT];

	snprintf(why, CONTENT_WHY, "%s: %s", name_print(name, text), cause);
	return error;
}

static int
key_check(const struct content *content, char why[CONTENT_WHY])
{
	int algorithm = crypto_key_algorithm(content->key);
	uint8_t public[64];
	int error = crypto_key_public(content->key, public);

	if (error != 0)
		return blame(why, &content->owner, error, "the key cannot be read");
	switch (trust_key_check(
	    &content->id, algorithm, (struct bytes){public, crypto_public_size(algorithm)})) {
	case 0:
		return 0;
	case -MAP_EUNKNOWN:
		return content->proof ? blame(why, &content->owner, -MAP_EUNKNOWN,
					    "this identity has no key of its own, so nothing "
					    "can be proved")
				      : 0;
	default:
		return blame(why, &content->owner, -MAP_EKEY, "the key is not this identity's");
	}
}

static int
names_check(const struct content *content, char why[CONTENT_WHY])
{
	char cause[NAME_TEXT + 64], zone[NAME_TEXT];
	const struct name *name = &content->owner;

	for (size_t i = 0; i <= content->n_names; name = &content->names[i++])
		if (!name_is_below(name, &content->zone)) {
			snprintf(cause, sizeof cause, "not in the zone %s",
			    name_print(&content->zone, zone));
			return blame(why, name, -MAP_EUSAGE, cause);
		}
	return 0;
}

int
content_check(const struct content *content, char why[CONTENT_WHY])
{
	struct bytes rdata[CONTENT_LOCATORS];
	const char *refusal = NULL;
	int error = names_check(content, why);

	if (error == 0)
		error = key_check(content, why);
	if (error != 0)
		return error;
	for (size_t i = 0; i < content->n_locators; i++)
		rdata[i] = (struct bytes){content->locators[i].octets, content->locators[i].n};
	if (content->n_locators > 0)
		refusal = mapping_refusal(RR_ELOC, rdata, content->n_locators, true, NULL, 0);
	if (refusal != NULL)
		return blame(why, &content->owner, -MAP_EFORMAT, refusal);
	return 0;
}
