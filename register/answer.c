/*
 * answer.c - reads the answer to an UPDATE; what it means is refusal.c's and registration.c's.
 */
#include "register/answer.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"

#define OPTION_EDE 15
#define PROVE "prove " /* protocol 8 */

/* Appends text of a server: whatever is not printable is shown as a question mark. */
static void
text_append(struct answer *out, struct bytes text)
{
	size_t at = strlen(out->text);

	if (at > 0 && text.n > 0)
		at += (size_t)snprintf(out->text + at, sizeof out->text - at, "; ");
	for (size_t i = 0; i < text.n && at + 1 < sizeof out->text; i++)
		out->text[at++] = text.p[i] >= 0x20 && text.p[i] < 0x7f ? (char)text.p[i] : '?';
	out->text[at < sizeof out->text ? at : sizeof out->text - 1] = '\0';
}

/* "prove 2001:db8::1, 192.0.2.1": up to what is no address. */
static void
prove_read(struct bytes text, struct answer *out)
{
	const char *p = (const char *)text.p, *end = p + text.n;

	if (text.n < sizeof PROVE - 1 || memcmp(p, PROVE, sizeof PROVE - 1) != 0)
		return;
	p += sizeof PROVE - 1;
	while (p < end && out->n_prove < PROVE_MOST) {
		size_t n = 0;

		while (p + n < end && p[n] != ',' && p[n] != ';' && p[n] != ' ')
			n++;
		if (address_scan(p, n, out->prove[out->n_prove]) != 0)
			return;
		out->n_prove++;
		p += n;
		while (p < end && (*p == ',' || *p == ' '))
			p++;
	}
}

static void
ede_read(struct bytes value, struct answer *out)
{
	struct bytes text;

	if (value.n < 2)
		return;
	text = (struct bytes){value.p + 2, value.n - 2};
	if (out->ede < 0)
		out->ede = get_u16(value.p);
	prove_read(text, out);
	text_append(out, text);
}

/* False: the client's part is not ours, or is missing where the server has sent one before (RFC 7873 5.3). */
static bool
cookie_take(const struct message *m, const struct answer_to *to, struct answer *out)
{
	struct cookie cookie;

	if (to->cookie == NULL)
		return true;
	if (cookie_read(&m->edns, &cookie) != 0)
		return false;
	if (!cookie.present)
		return !to->expects_cookie;
	if (memcmp(cookie.client, to->cookie, COOKIE_CLIENT) != 0)
		return false;
	if (cookie.server.n <= ANSWER_COOKIE) {
		out->server_cookie.n = cookie.server.n;
		memcpy(out->server_cookie.octets, cookie.server.p, cookie.server.n);
	}
	return true;
}

static void
seal_check(const struct message *m, const struct answer_to *to, struct answer *out)
{
	struct tsig tsig;

	if (to->tsig == NULL)
		return;
	if (tsig_read(m, &tsig) == 0)
		out->tsig_error = tsig.error;
	out->seal = seal_tsig_check_answer(to->tsig, m, to->mac, to->now);
}

bool
answer_counts(const struct answer *answer, const struct answer_to *to)
{
	return to->tsig == NULL || answer->seal == 0 ||
	       (!to->datagram && answer->rcode != RCODE_NOERROR &&
		   (answer->seal == -MAP_ENOTFOUND || answer->tsig_error != TSIG_NOERROR));
}

int
answer_read(struct bytes wire, const struct answer_to *to, struct answer *out)
{
	struct bytes value;
	struct message m;
	uint16_t code;
	size_t at = 0;

	memset(out, 0, sizeof *out);
	out->ede = -1;
	if (message_parse(wire, &m) != 0 || m.id != to->id || (m.flags & FLAG_QR) == 0 ||
	    message_opcode(&m) != OPCODE_UPDATE)
		return -MAP_EFORMAT;
	if (m.count[SECTION_QUESTION] > 1 ||
	    (m.count[SECTION_QUESTION] == 1 && !name_equal(&m.question.name, to->zone)))
		return -MAP_EFORMAT;
	if (!cookie_take(&m, to, out) && to->datagram)
		return -MAP_EFORMAT;
	out->rcode = message_rcode(&m);
	out->truncated = (m.flags & FLAG_TC) != 0;
	while (edns_next(&m.edns, &at, &code, &value))
		if (code == OPTION_EDE)
			ede_read(value, out);
	if (!lease_option_read(&m.edns, &out->lease))
		out->lease.present = false;
	seal_check(&m, to, out);
	return 0;
}
