/*
 * sample.c - the host of the tests.
 */
#include "tests/register/sample.h"

#include <stdio.h>

#define WORDS 16

struct crypto_key *
sample_key(void)
{
	struct crypto_key *key = NULL;
	uint8_t secret[32];

	hex_bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", secret,
	    sizeof secret);
	assert_int_equal(crypto_key_from_private(CRYPTO_ED25519, secret, &key), 0);
	return key;
}

void
sample_content(struct content *content, const struct crypto_key *key)
{
	struct name name = name_of("Host.id.example.test.");

	content_init(content);
	content->zone = name_of("id.example.test.");
	content->owner = name_of(SAMPLE_OWNER);
	content->key = key;
	assert_int_equal(
	    eid_scan(SAMPLE_ADDRESS, strlen(SAMPLE_ADDRESS), true, &content->id), 0);
	content->id.at_length = 56;
	content->id.at = content->zone;
	assert_int_equal(content_name_add(content, &name), 0);
}

void
sample_locator(struct content *content, const char *text)
{
	char copy[256], *words[WORDS], *rest = NULL;
	uint8_t octets[CONTENT_RDATA];
	struct wr wr = wr_init(octets, sizeof octets);
	const char *why = NULL;
	size_t n = 0;

	snprintf(copy, sizeof copy, "%s", text);
	for (char *p = strtok_r(copy, " ", &rest); p != NULL && n < WORDS;
	     p = strtok_r(NULL, " ", &rest))
		words[n++] = p;
	assert_int_equal(eloc_scan(words, n, &name_root, &wr, &why), 0);
	assert_int_equal(content_locator_add(content, wr_done(&wr)), 0);
}

void
sample_tsig(struct tsig_key *key)
{
	memset(key, 0, sizeof *key);
	key->name = name_of("admin.");
	key->mac = CRYPTO_HMAC_SHA256;
	key->n = 32;
	memset(key->secret, 0x5a, key->n);
}
