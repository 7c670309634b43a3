/*
 * cookies.c - server cookies: the octets of core/wire under SipHash, as all servers of an address make them.
 * Keeps no state for a client; knows nothing of what a cookie is good for.
 */
#include "mapd/cookies.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

#define AGE_MAX 3600 /* seconds: RFC 9018 4.3 */
#define AGE_AHEAD 300
#define AGE_FRESH 1800 /* older ones are replaced */
#define LINE_MAX_OCTETS 256

int
cookies_random(struct cookies *out)
{
	out->n = 1;
	return crypto_random(out->secret[0], COOKIE_SECRET);
}

/* One line: a secret, a comment, or nothing. */
static int
line_read(char *line, struct cookies *out)
{
	char *end;

	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	end = line + strlen(line);
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (*line == '\0')
		return 0;
	if (out->n == COOKIES_SECRETS)
		return -MAP_ELIMIT;
	if (text_hex_read(line, strlen(line), out->secret[out->n], COOKIE_SECRET) !=
	    COOKIE_SECRET)
		return -MAP_ETEXT;
	out->n++;
	return 0;
}

static int
file_read(FILE *file, const char *path, struct cookies *out, char *why, size_t max)
{
	char line[LINE_MAX_OCTETS];
	unsigned number = 0;
	int rc = 0;

	while (rc == 0 && fgets(line, sizeof(line), file) != NULL) {
		number++;
		rc = line_read(line, out);
		if (rc != 0)
			snprintf(why, max, "%s:%u: %s", path, number,
			    rc == -MAP_ELIMIT ? "a fifth secret; expected at most 4"
					      : "not a secret; expected 32 hexadecimal digits");
	}
	crypto_wipe(line, sizeof(line));
	if (rc == 0 && out->n == 0) {
		snprintf(why, max, "%s: no secret in it; expected 32 hexadecimal digits", path);
		rc = -MAP_ETEXT;
	}
	return rc == 0 ? 0 : -MAP_ECONFIG;
}

int
cookies_load(const char *path, struct cookies *out, char *why, size_t max)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	int rc;

	out->n = 0;
	if (file == NULL || fstat(fileno(file), &st) != 0) {
		snprintf(why, max, "%s: %s", path, strerror(errno));
		if (file != NULL)
			fclose(file);
		return -MAP_ECONFIG;
	}
	if ((st.st_mode & 077) != 0) {
		snprintf(why, max, "%s: may be read by others (mode %03o): chmod 600 it", path,
		    (unsigned)(st.st_mode & 0777));
		rc = -MAP_ECONFIG;
	} else {
		rc = file_read(file, path, out, why, max);
	}
	fclose(file);
	return rc;
}

static int
cookies_sum(const uint8_t secret[COOKIE_SECRET], const struct cookie *cookie,
    const uint8_t head[COOKIE_HEAD], struct bytes address, uint8_t sum[8])
{
	uint8_t input[COOKIE_INPUT];
	size_t n = cookie_input(cookie->client, head, address, input);

	return crypto_siphash(secret, input, n, sum);
}

/* 1: made by one of the secrets; *first: by the one that is used now. */
static int
cookies_know(const struct cookies *cookies, const struct cookie *cookie, struct bytes address,
    bool *first)
{
	uint8_t sum[8];

	for (size_t i = 0; i < cookies->n; i++) {
		*first = i == 0;
		if (cookies_sum(cookies->secret[i], cookie, cookie->server.p, address, sum) !=
		    0)
			return -MAP_ECRYPTO;
		if (crypto_equal(sum, cookie->server.p + COOKIE_HEAD, sizeof(sum)))
			return 1;
	}
	return 0;
}

int
cookies_answer(const struct cookies *cookies, const struct cookie *cookie, struct bytes address,
    uint64_t now, uint8_t both[COOKIE_BOTH])
{
	uint8_t *server = both + COOKIE_CLIENT;
	uint32_t made;
	int32_t age;
	bool first = false;
	int known = 0;

	memcpy(both, cookie->client, COOKIE_CLIENT);
	if (cookie_time(cookie->server, &made)) {
		age = (int32_t)((uint32_t)now - made);
		if (age <= AGE_MAX && age >= -AGE_AHEAD)
			known = cookies_know(cookies, cookie, address, &first);
		if (known == 1 && first && age <= AGE_FRESH) {
			memcpy(server, cookie->server.p, COOKIE_SERVER);
			return 1;
		}
	}
	cookie_head((uint32_t)now, server);
	if (known < 0 ||
	    cookies_sum(cookies->secret[0], cookie, server, address, server + COOKIE_HEAD) != 0)
		return -MAP_ECRYPTO;
	return known;
}
