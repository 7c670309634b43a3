/*
 * proving.h - which of a host's addresses a server wants proved, and the tokens that came for them (protocol 8).
 * A value; knows no socket and no time.
 */
#ifndef REGISTER_PROVING_H
#define REGISTER_PROVING_H

#include "core/wire/update.h"
#include "register/content.h"

enum proving_place {
	PLACE_SENT, /* it is in the message */
	PLACE_ASKED, /* the server wants it proved */
	PLACE_PROVED, /* its token came: both are in the message */
	PLACE_DEAF, /* no probe came: left out until the next refresh */
	PLACE_LATER /* more than one message can prove: in the next one */
};

struct proving {
	size_t n;
	struct {
		bool is_address; /* else nothing is to be proved */
		uint8_t address[16];
		enum proving_place place;
		bool has_token;
		uint8_t token[PROVE_TOKEN];
	} locators[CONTENT_LOCATORS]; /* as the content has them */
};

void proving_init(struct proving *proving, const struct content *content) NONNULL;
bool proving_has_address(const struct proving *proving) NONNULL;
/* The server wants these proved. How many of them are ours: they are waited for, or left for a later message. */
unsigned proving_ask(
    struct proving *proving, const uint8_t (*addresses)[16], unsigned n) NONNULL;
/* A probe came. */
void proving_came(
    struct proving *proving, const uint8_t address[16], const uint8_t token[PROVE_TOKEN]) NONNULL;
/* All that were asked for have come. */
bool proving_is_complete(const struct proving *proving) NONNULL;
/* No more are waited for. How many locators are left for the next message. */
unsigned proving_end(struct proving *proving) NONNULL;
/* Those that were left out go into the next message: with their token, if it came after all. */
void proving_again(struct proving *proving) NONNULL;
/* A token has come for each that was left out. */
bool proving_is_mended(const struct proving *proving) NONNULL;
/* The message was taken. Whether another one is to bring those that had to wait. */
bool proving_taken(struct proving *proving) NONNULL;

/* Bit i: locator i is not in the message. */
uint32_t proving_without(const struct proving *proving) NONNULL;
/* Tokens for the message; tokens has room for PROVE_MOST. How many. */
size_t proving_tokens(
    const struct proving *proving, uint8_t tokens[PROVE_MOST * PROVE_TOKEN]) NONNULL;
/* "192.0.2.1, 2001:db8::1": the deaf ones; "" if there are none. Returns how many. */
unsigned proving_print_deaf(const struct proving *proving, char *text, size_t max) NONNULL;

#endif
