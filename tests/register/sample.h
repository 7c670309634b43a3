/*
 * sample.h - the host of the tests: the key of RFC 8032 test 1 and what it says of itself.
 */
#ifndef TESTS_REGISTER_SAMPLE_H
#define TESTS_REGISTER_SAMPLE_H

#include "tests/wire/hex.h"

#include "core/trust/seal.h"
#include "register/content.h"

#define SAMPLE_OWNER "05e437dbb22e81cb3e.id.example.test."
#define SAMPLE_ADDRESS "2001:3f:fe00:a05:e437:dbb2:2e81:cb3e"

/* Caller frees with crypto_key_free(). */
struct crypto_key *sample_key(void);
/* With a name, host.id.example.test., and without locators. */
void sample_content(struct content *content, const struct crypto_key *key);
/* "10 50 192.0.2.1", as ELOC's text. */
void sample_locator(struct content *content, const char *text);
void sample_tsig(struct tsig_key *key);

#endif
