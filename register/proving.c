/*
 * proving.c - the way of each address from asked to proved, or left out.
 */
#include "register/proving.h"

#include <stdio.h>
#include <string.h>

void
proving_init(struct proving *proving, const struct content *content)
{
	memset(proving, 0, sizeof *proving);
	proving->n = content->n_locators;
	for (size_t i = 0; i < proving->n; i++)
		proving->locators[i].is_address =
		    content_address(content, i, proving->locators[i].address);
}

bool
proving_has_address(const struct proving *proving)
{
	for (size_t i = 0; i < proving->n; i++)
		if (proving->locators[i].is_address)
			return true;
	return false;
}

static bool
address_is_among(const uint8_t address[16], const uint8_t (*addresses)[16], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (memcmp(address, addresses[i], 16) == 0)
			return true;
	return false;
}

unsigned
proving_ask(struct proving *proving, const uint8_t (*addresses)[16], unsigned n)
{
	unsigned proved = 0, asked = 0, later = 0;

	/* A token that was sent and is asked for again was not taken: it is no use. */
	for (size_t i = 0; i < proving->n; i++) {
		bool wanted = proving->locators[i].is_address &&
			      address_is_among(proving->locators[i].address, addresses, n);

		if (proving->locators[i].place == PLACE_PROVED && wanted)
			proving->locators[i].has_token = false;
		else if (proving->locators[i].place == PLACE_PROVED)
			proved++;
		if (wanted)
			proving->locators[i].place = PLACE_ASKED;
	}
	for (size_t i = 0; i < proving->n; i++) {
		if (proving->locators[i].place != PLACE_ASKED)
			continue;
		if (proved + asked < PROVE_MOST) {
			asked++;
		} else {
			proving->locators[i].place = PLACE_LATER;
			later++;
		}
	}
	return asked + later;
}

void
proving_came(
    struct proving *proving, const uint8_t address[16], const uint8_t token[PROVE_TOKEN])
{
	for (size_t i = 0; i < proving->n; i++) {
		if (!proving->locators[i].is_address ||
		    memcmp(proving->locators[i].address, address, 16) != 0)
			continue;
		memcpy(proving->locators[i].token, token, PROVE_TOKEN);
		proving->locators[i].has_token = true;
	}
}

bool
proving_is_complete(const struct proving *proving)
{
	for (size_t i = 0; i < proving->n; i++)
		if (proving->locators[i].place == PLACE_ASKED &&
		    !proving->locators[i].has_token)
			return false;
	return true;
}

unsigned
proving_end(struct proving *proving)
{
	unsigned left = 0;

	for (size_t i = 0; i < proving->n; i++) {
		enum proving_place *place = &proving->locators[i].place;

		if (*place == PLACE_ASKED)
			*place = proving->locators[i].has_token ? PLACE_PROVED : PLACE_DEAF;
		left += *place == PLACE_SENT || *place == PLACE_PROVED;
	}
	return left;
}

void
proving_again(struct proving *proving)
{
	for (size_t i = 0; i < proving->n; i++)
		if (proving->locators[i].place == PLACE_DEAF)
			proving->locators[i].place =
			    proving->locators[i].has_token ? PLACE_PROVED : PLACE_SENT;
}

bool
proving_is_mended(const struct proving *proving)
{
	for (size_t i = 0; i < proving->n; i++)
		if (proving->locators[i].place == PLACE_DEAF && !proving->locators[i].has_token)
			return false;
	return true;
}

bool
proving_taken(struct proving *proving)
{
	bool later = false;

	for (size_t i = 0; i < proving->n; i++) {
		enum proving_place *place = &proving->locators[i].place;

		later = later || *place == PLACE_LATER;
		if (*place == PLACE_PROVED || *place == PLACE_LATER)
			*place = PLACE_SENT;
	}
	return later;
}

uint32_t
proving_without(const struct proving *proving)
{
	uint32_t without = 0;

	for (size_t i = 0; i < proving->n; i++)
		if (proving->locators[i].place == PLACE_DEAF ||
		    proving->locators[i].place == PLACE_LATER)
			without |= 1u << i;
	return without;
}

size_t
proving_tokens(const struct proving *proving, uint8_t tokens[PROVE_MOST * PROVE_TOKEN])
{
	size_t n = 0;

	for (size_t i = 0; i < proving->n && n < PROVE_MOST; i++)
		if (proving->locators[i].place == PLACE_PROVED)
			memcpy(tokens + PROVE_TOKEN * n++, proving->locators[i].token,
			    PROVE_TOKEN);
	return n;
}

unsigned
proving_print_deaf(const struct proving *proving, char *text, size_t max)
{
	char address[ADDRESS_TEXT];
	unsigned n = 0;
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < proving->n; i++) {
		if (proving->locators[i].place != PLACE_DEAF)
			continue;
		if (at < max)
			at += (size_t)snprintf(text + at, max - at, "%s%s", n > 0 ? ", " : "",
			    address_print(proving->locators[i].address, address));
		n++;
	}
	return n;
}
