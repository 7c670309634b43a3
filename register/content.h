/*
 * content.h - what a host says of itself: its identity, where it is, and the names that lead to it.
 * A value; knows no message and no server.
 */
#ifndef REGISTER_CONTENT_H
#define REGISTER_CONTENT_H

#include "core/sys/crypto.h"
#include "core/wire/mapping.h"

#define CONTENT_LOCATORS (MAPPING_SET - 1) /* the proof is one of the set */
#define CONTENT_RDATA 512 /* octets of one locator */
#define CONTENT_NAMES 16
#define CONTENT_OTHERS 8

struct content {
	struct name zone; /* lower case, as all names here */
	struct name owner; /* where the identity is looked up; also the signer of SIG(0) */
	struct eid id; /* as EPID has it: with at= where there is one */
	const struct crypto_key *key; /* the identity's; borrowed as long as the content is used */
	size_t n_locators;
	struct {
		uint16_t n;
		uint8_t octets[CONTENT_RDATA]; /* ELOC RDATA, no proof */
	} locators[CONTENT_LOCATORS];
	size_t n_names;
	struct name names[CONTENT_NAMES]; /* assigned ones, which get an EPID */
	size_t n_others;
	struct epid others[CONTENT_OTHERS]; /* at the identity's own name; none: nothing is said there */
	bool proof; /* the locators are proved */
	uint32_t expire; /* seconds that a proof holds */
	uint32_t lease, key_lease; /* seconds, asked for */
};

/* Defaults: proof of 24 h, lease 2 h, key lease 14 d; no name and no locator. */
void content_init(struct content *content) NONNULL;
/* -MAP_ELIMIT: there are CONTENT_LOCATORS (CONTENT_NAMES) already; -MAP_ESPACE: longer than CONTENT_RDATA. */
int content_locator_add(struct content *content, struct bytes rdata) NONNULL MUST_CHECK;
int content_name_add(struct content *content, const struct name *name) NONNULL MUST_CHECK;
/* The address of locator i (IPv4 mapped); false: it is no address (via). */
bool content_address(const struct content *content, size_t i, uint8_t address[16]) NONNULL;
/*
 * What is wrong with it: 0, or -MAP_E... and why "NAME: cause". The key must be the identity's, all names in
 * the zone, the locators such as a server takes (private addresses too: that is the realm's to say).
 */
#define CONTENT_WHY (NAME_TEXT + 256)
int content_check(const struct content *content, char why[CONTENT_WHY]) NONNULL MUST_CHECK;

#endif
