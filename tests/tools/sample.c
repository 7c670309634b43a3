/*
 * sample.c - one look-up as it should be, for the tests of what mapdig shows.
 */
#include "tests/tools/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct result result;
struct input input;
struct chain chain;
struct probe probes[4];

struct name
name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from(text, &name), 0);
	return name;
}

struct eid
eid_of(const char *text)
{
	struct eid id;

	assert_int_equal(eid_scan(text, strlen(text), true, &id), 0);
	return id;
}

static void
locator_set(struct found_locator *l, const char *address, enum verdict reverse)
{
	memset(l, 0, sizeof *l);
	assert_int_equal(address_scan(address, strlen(address), l->locator.address), 0);
	l->locator.preference = 20;
	l->locator.weight = 60;
	l->trust = VERDICT_SECURE;
	l->reverse = reverse;
}

/* The example of the protocol: a host behind two providers, all as it should be. */
void
result_good(void)
{
	struct found_identity *id = &result.identities[0];

	memset(&result, 0, sizeof result);
	memset(&input, 0, sizeof input);
	memset(probes, 0, sizeof probes);
	input.text = "host.example.org";
	input.kind = INPUT_NAME;
	result.kind = RESULT_EPID;
	result.asked = name_of("host.example.org.");
	result.name = (struct edge){.dnssec = VERDICT_SECURE, .ttl = 300};
	result.lifetime = 60;
	result.n_identities = 1;
	id->id = eid_of("2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	id->preference = 10;
	id->owner = name_of("05e437dbb22e81cb3e.id.example.org.");
	id->mapping = (struct edge){.dnssec = VERDICT_SECURE, .ttl = 60};
	id->proof = VERDICT_PROVED;
	id->serial = 1795435200000;
	id->proof_expiry = NOW + 86399;
	id->n_sets = 1;
	id->sets[0].name = name_of("site.example.org.");
	id->sets[0].edge = (struct edge){.dnssec = VERDICT_SECURE, .ttl = 60};
	id->n_locators = 2;
	locator_set(&id->locators[0], "2001:db8:a:1::10", VERDICT_CONFIRMED);
	id->locators[0].locator.composed = 1;
	SAY(id->locators[0].locator.path, "isp-a");
	locator_set(&id->locators[1], "192.0.2.1", VERDICT_MISSING);
	id->locators[1].trust = VERDICT_PROVED;
	id->locators[1].locator.flags = ELOC_DRAIN | ELOC_BACKUP;
	id->locators[1].locator.capabilities = CAP_MPTCP | CAP_TLS;
	id->locators[1].locator.probe = 4177;
}

struct report
report_of(void)
{
	return (struct report){.input = &input,
	    .result = &result,
	    .by = "resolverd at /run/map.sock",
	    .not_by = "",
	    .elapsed_ms = 12,
	    .now = NOW};
}

char *
draw(const struct report *report, void (*put)(const struct report *, struct page *), bool color)
{
	struct page page = {.color = color};

	put(report, &page);
	assert_false(page.failed);
	assert_non_null(page.text);
	return page.text;
}

void
chain_good(void)
{
	struct chain_link *data = &chain.links[0];
	struct chain_link *keys = &chain.links[1];

	memset(&chain, 0, sizeof chain);
	SAY(chain.server, "192.0.2.53@53");
	chain.n = 2;
	data->owner = name_of("host.example.org.");
	SAY(data->type, "EPID");
	data->n_records = 1;
	data->ttl = 300;
	data->n_signatures = 1;
	data->signatures[0] = (struct chain_signature){.signer = name_of("example.org."),
	    .tag = 14272,
	    .algorithm = 13,
	    .inception = NOW - 3600,
	    .expiration = NOW + 3 * 86400 - 3600,
	    .good = true};
	*keys = *data;
	keys->owner = name_of("example.org.");
	SAY(keys->type, "DNSKEY");
	SAY(keys->what, "257 tag 14272 algorithm 13");
}
