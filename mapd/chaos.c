/*
 * chaos.c - version and identity of this server, where the configuration wants them told.
 * Knows four names of class CH; knows nothing of zones.
 */
#include "mapd/chaos.h"

#include <string.h>

#include "core/wire/rrtype.h"

#define NAME(octets)                   \
	{                              \
		sizeof(octets), octets \
	}

static const struct {
	struct name name;
	size_t text;
} rows[] = {
    {NAME("\7version\4bind"), offsetof(struct chaos, version)},
    {NAME("\7version\6server"), offsetof(struct chaos, version)},
    {NAME("\2id\6server"), offsetof(struct chaos, identity)},
    {NAME("\10hostname\4bind"), offsetof(struct chaos, identity)},
};

bool
chaos_put(const struct chaos *chaos, const struct question *q, struct reply *r)
{
	uint8_t rdata[1 + CHAOS_TEXT];
	struct rr rr = {&q->name, RR_TXT, CLASS_CH, 0, {rdata, 0}}; /* RFC 4892 3: TTL 0 */
	const char *text = "";

	if (q->type != RR_TXT && q->type != RR_ANY)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (name_equal(&rows[i].name, &q->name))
			text = (const char *)chaos + rows[i].text;
	if (text[0] == '\0')
		return false;
	rdata[0] = (uint8_t)strlen(text);
	memcpy(rdata + 1, text, rdata[0]);
	rr.rdata.n = 1 + (size_t)rdata[0];
	r->flags |= FLAG_AA;
	if (!reply_put(r, SECTION_ANSWER, &rr))
		reply_truncate(r);
	return true;
}
