/*
 * seen.c - a hash table with a list in order of use: the least recently used goes when it is full.
 */
#include "resolve/seen.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"

#define SEEN_PLACES 65536

struct sighting {
	struct sighting *chain;
	struct sighting *newer;
	struct sighting *older;
	uint8_t id[32]; /* digest of the identity's text */
	uint64_t serial;
	uint8_t content[32]; /* digest of the proof under that serial */
	uint8_t key[32]; /* digest of algorithm and key */
	uint64_t revoked_until;
};

struct seen {
	size_t n;
	size_t max;
	struct sighting *newest;
	struct sighting *oldest;
	struct sighting *places[SEEN_PLACES];
};

struct seen *
seen_new(size_t max)
{
	struct seen *seen = calloc(1, sizeof *seen);

	if (seen != NULL)
		seen->max = max;
	return seen;
}

void
seen_free(struct seen *seen)
{
	if (seen == NULL)
		return;
	while (seen->oldest != NULL) {
		struct sighting *s = seen->oldest;
		seen->oldest = s->newer;
		free(s);
	}
	free(seen);
}

size_t
seen_count(const struct seen *seen)
{
	return seen->n;
}

static struct sighting **
seen_place(struct seen *seen, const uint8_t id[32])
{
	return &seen->places[(size_t)id[0] << 8 | id[1]];
}

static void
sighting_unlink(struct seen *seen, struct sighting *s)
{
	*(s->newer != NULL ? &s->newer->older : &seen->newest) = s->older;
	*(s->older != NULL ? &s->older->newer : &seen->oldest) = s->newer;
}

static void
sighting_link(struct seen *seen, struct sighting *s)
{
	s->newer = NULL;
	s->older = seen->newest;
	*(seen->newest != NULL ? &seen->newest->newer : &seen->oldest) = s;
	seen->newest = s;
}

static void
seen_drop_oldest(struct seen *seen)
{
	struct sighting *s = seen->oldest;
	struct sighting **at = seen_place(seen, s->id);

	while (*at != s)
		at = &(*at)->chain;
	*at = s->chain;
	sighting_unlink(seen, s);
	free(s);
	seen->n--;
}

static int
eid_digest(const struct eid *id, uint8_t digest[32])
{
	char text[EID_TEXT];

	eid_print(id, text);
	return crypto_sha256(text, strlen(text), digest);
}

/* The identity's row, now the most recently used, or NULL. */
static struct sighting *
seen_find(struct seen *seen, const uint8_t id[32])
{
	struct sighting *s = *seen_place(seen, id);

	while (s != NULL && memcmp(s->id, id, 32) != 0)
		s = s->chain;
	if (s != NULL) {
		sighting_unlink(seen, s);
		sighting_link(seen, s);
	}
	return s;
}

static struct sighting *
seen_make(struct seen *seen, const uint8_t id[32])
{
	struct sighting **place = seen_place(seen, id);
	struct sighting *s;

	if (seen->n >= seen->max && seen->oldest != NULL)
		seen_drop_oldest(seen);
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	memcpy(s->id, id, 32);
	s->chain = *place;
	*place = s;
	sighting_link(seen, s);
	seen->n++;
	return s;
}

static int
proof_digests(
    const struct proof *proof, struct bytes rdata, uint8_t content[32], uint8_t key[32])
{
	uint8_t input[1 + sizeof proof->key];

	input[0] = proof->algorithm;
	memcpy(input + 1, proof->key, proof->key_n);
	int error = crypto_sha256(input, 1 + (size_t)proof->key_n, key);
	return error != 0 ? error : crypto_sha256(rdata.p, rdata.n, content);
}

/* The rules of protocol 6, on one row that was there before. */
static int
sighting_judge(const struct sighting *s, uint64_t serial, const uint8_t content[32],
    const uint8_t key[32], uint64_t now)
{
	if (s->revoked_until > now)
		return -MAP_EREVOKED;
	if (memcmp(s->key, key, 32) != 0)
		return -MAP_EKEY;
	if (serial < s->serial || (serial == s->serial && memcmp(s->content, content, 32) != 0))
		return -MAP_ESTALE;
	return 0;
}

int
seen_check(struct seen *seen, const struct eid *id, const struct proof *proof,
    struct bytes rdata, uint64_t now)
{
	bool revokes = (proof->flags & PROOF_REVOKED) != 0;
	uint8_t digest[32], content[32], key[32];
	struct sighting *s;
	int error = eid_digest(id, digest);

	if (error == 0)
		error = proof_digests(proof, rdata, content, key);
	if (error != 0)
		return error;
	s = seen_find(seen, digest);
	if (s != NULL) {
		error = sighting_judge(s, proof->serial, content, key, now);
		/* a revocation counts however old it is: it cannot be taken back */
		if (error != 0 && !(revokes && error == -MAP_ESTALE))
			return error;
	} else {
		s = seen_make(seen, digest);
		if (s == NULL)
			return -MAP_ENOMEM;
	}
	memcpy(s->key, key, 32);
	if (proof->serial >= s->serial) {
		s->serial = proof->serial;
		memcpy(s->content, content, 32);
	}
	if (revokes)
		s->revoked_until = now + SEEN_REVOKED_SECONDS;
	return revokes ? -MAP_EREVOKED : 0;
}

bool
seen_is_revoked(struct seen *seen, const struct eid *id, uint64_t now)
{
	uint8_t digest[32];
	struct sighting *s;

	if (eid_digest(id, digest) != 0)
		return false;
	s = seen_find(seen, digest);
	return s != NULL && s->revoked_until > now;
}
