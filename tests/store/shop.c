/*
 * shop.c - a database of its own, and zones put together record by record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/shop.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapd/claim.h"

#define SHOP_MAP ((size_t)256 << 20)

struct shop shop;

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
shop_open(void)
{
	if (store_open(shop.directory, SHOP_MAP, &shop.store, shop.why, sizeof shop.why) != 0 ||
	    work_init(&shop.work, shop.store, shop.keys, &shop.rules, 2, shop.why,
		sizeof shop.why) != 0)
		fail_msg("%s", shop.why);
}

void
shop_close(void)
{
	work_fini(&shop.work);
	store_close(shop.store);
}

int
shop_setup(void **state)
{
	(void)state;
	snprintf(shop.directory, sizeof shop.directory, "/tmp/test_work.XXXXXX");
	if (mkdtemp(shop.directory) == NULL)
		return -1;
	snprintf(shop.keys, sizeof shop.keys, "%s/keys", shop.directory);
	memset(&shop.rule, 0, sizeof shop.rule);
	shop.rules = (struct rules){.zones = &shop.rule};
	shop_open();
	return 0;
}

int
shop_teardown(void **state)
{
	(void)state;
	shop_close();
	return nftw(shop.directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void
shop_begin(const char *zone)
{
	assert_int_equal(name_from(zone, &shop.apex), 0);
	shop.records = wr_init(shop.octets, sizeof shop.octets);
}

void
shop_add_rdata(const char *owner, uint32_t ttl, uint16_t type, struct bytes rdata)
{
	struct name name;
	struct rr rr = {&name, type, CLASS_IN, ttl, rdata};

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	frame_record_put(&shop.records, &rr);
	assert_int_equal(shop.records.error, 0);
}

void
shop_add(const char *owner, uint32_t ttl, const char *type, const char *text)
{
	static uint8_t rdata[65536];
	struct wr wr = wr_init(rdata, sizeof rdata);
	int code = rrtype_scan(type, strlen(type));
	const char *cause = "";

	assert_true(code >= 0);
	if (zone_scan_rdata((uint16_t)code, text, &shop.apex, &wr, &cause) != 0)
		fail_msg("%s %s: %s", type, text, cause);
	shop_add_rdata(owner, ttl, (uint16_t)code, wr_done(&wr));
}

void
shop_add_apex(const char *serial)
{
	char soa[128];

	snprintf(soa, sizeof soa, "ns hostmaster %s 3600 600 86400 60", serial);
	shop_add(shop.apex.n > 1 ? "@" : ".", 300, "NS", "ns");
	shop_add("@", 300, "SOA", soa);
}

int
shop_load(void)
{
	return work_load(&shop.work, &shop.apex, wr_done(&shop.records), &shop.outcome);
}

void
shop_load_good(void)
{
	if (shop_load() != 0)
		fail_msg("%s", shop.outcome.why);
}

struct zone
shop_zone(void)
{
	struct change *change;
	struct zone zone;

	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(work_zone(change, &shop.apex, &zone));
	change_abort(change);
	return zone;
}

uint64_t
shop_claims(void)
{
	struct change *change;
	uint64_t n;

	assert_int_equal(change_begin(shop.store, &change), 0);
	n = claim_count(change, &shop.apex);
	change_abort(change);
	return n;
}
