/*
 * fuzz_answer.c - any octets as the answer to a registration: what is read of it is within its bounds and can be
 * printed, and where TSIG was asked for, only its seal makes it hold.
 */
#include "tests/fuzz/fuzz.h"

#include "core/wire/errors.h"
#include "register/answer.h"
#include "register/refusal.h"

#define ID 8

static void
answer_holds(const struct answer *answer, const struct name *zone)
{
	char text[NAME_TEXT + ANSWER_TEXT + 256];

	HOLDS(answer->n_prove <= PROVE_MOST);
	HOLDS(answer->server_cookie.n <= ANSWER_COOKIE);
	HOLDS(strlen(answer->text) < ANSWER_TEXT);
	HOLDS(answer->rcode < 4096);
	refusal_print(answer, zone, text, sizeof text);
	for (const char *p = text; *p != '\0'; p++)
		HOLDS(*p >= 0x20 && *p < 0x7f);
	HOLDS(refusal_again(answer) <= AGAIN_TCP);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t cookie[COOKIE_CLIENT] = "12345678", mac[32] = {1};
	static struct tsig_key key = {.mac = CRYPTO_HMAC_SHA256, .n = 32};
	struct name zone;
	struct answer_to to = {.id = ID, .zone = &zone, .cookie = cookie, .now = 1795435200};
	struct answer plain, sealed;
	struct bytes wire = {data, n};

	HOLDS(name_from("id.example.org.", &zone) == 0);
	HOLDS(name_from("admin.", &key.name) == 0);
	if (answer_read(wire, &to, &plain) != 0)
		return 0;
	HOLDS(plain.seal == 0);
	answer_holds(&plain, &zone);
	/* over UDP a cookie that is not ours makes it none */
	to.datagram = true;
	if (answer_read(wire, &to, &sealed) != 0)
		HOLDS(plain.server_cookie.n == 0);
	to.datagram = false;
	to.tsig = &key;
	to.mac = (struct bytes){mac, sizeof mac};
	HOLDS(answer_read(wire, &to, &sealed) == 0);
	HOLDS(sealed.seal != 0); /* nobody here has the key */
	answer_holds(&sealed, &zone);
	return 0;
}
