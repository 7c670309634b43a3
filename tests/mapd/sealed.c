/*
 * sealed.c - UPDATE messages of hosts, and who pretends to be the writer.
 */
#include "tests/mapd/sealed.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"

#define TAKER_WAIT 60000 /* ms: what comes later counts as never */

void
host_new(struct host *host, int algorithm, const char *realm)
{
	struct eid id = {.form = EID_KEY};
	struct wr wr = wr_init(host->rdata, sizeof host->rdata);

	assert_int_equal(crypto_key_generate(algorithm, &host->key), 0);
	assert_int_equal(seal_key_put(&wr, host->key), 0);
	host->n = wr.n;
	assert_int_equal(
	    trust_digest(algorithm, (struct bytes){host->rdata + 4, host->n - 4}, id.digest),
	    0);
	assert_int_equal(name_from(realm, &id.name), 0);
	assert_int_equal(eid_owner_own(&id, &host->name), 0);
}

void
host_rename(struct host *host, const char *name)
{
	assert_int_equal(name_from(name, &host->name), 0);
}

void
host_free(struct host *host)
{
	crypto_key_free(host->key);
}

void
sealed_start(struct sealed *s, const char *zone, uint16_t class, uint16_t id)
{
	struct name name;

	s->wr = wr_init(s->octets, sizeof s->octets);
	wr_u16(&s->wr, id);
	wr_u16(&s->wr, OPCODE_UPDATE << 11);
	wr_u16(&s->wr, 1);
	wr_u16(&s->wr, 0);
	wr_u32(&s->wr, 0);
	assert_int_equal(name_from(zone, &name), 0);
	name_put(&s->wr, &name);
	wr_u16(&s->wr, RR_SOA);
	wr_u16(&s->wr, class);
}

void
sealed_record(struct sealed *s, unsigned section, const struct name *owner, uint16_t type,
    uint16_t class, uint32_t ttl, struct bytes rdata)
{
	size_t at = 4 + 2 * section;

	name_put(&s->wr, owner);
	wr_u16(&s->wr, type);
	wr_u16(&s->wr, class);
	wr_u32(&s->wr, ttl);
	wr_u16(&s->wr, (uint16_t)rdata.n);
	wr_bytes(&s->wr, rdata);
	assert_int_equal(s->wr.error, 0);
	put_u16(s->octets + at, (uint16_t)(get_u16(s->octets + at) + 1));
}

void
sealed_add_key(struct sealed *s, const struct host *host)
{
	sealed_record(
	    s, 2, &host->name, RR_KEY, CLASS_IN, 300, (struct bytes){host->rdata, host->n});
}

static size_t
eloc_write(uint8_t *octets, size_t max, uint8_t number)
{
	struct wr wr = wr_init(octets, max);
	struct eloc eloc = {.kind = ELOC_IP4,
	    .preference = 10,
	    .weight = 50,
	    .address = {[10] = 0xff, 0xff, 192, 0, 2, number}};

	eloc_put(&wr, &eloc);
	assert_int_equal(wr.error, 0);
	return wr.n;
}

void
sealed_add_eloc(struct sealed *s, const struct name *owner, uint8_t number)
{
	uint8_t octets[64];
	size_t n = eloc_write(octets, sizeof octets, number);

	sealed_record(s, 2, owner, RR_ELOC, CLASS_IN, 60, (struct bytes){octets, n});
}

/* Each above the one before, also within a millisecond. */
static uint64_t
serial_next(void)
{
	static uint64_t last;
	uint64_t now = clock_ms();

	last = now > last ? now : last + 1;
	return last;
}

void
sealed_add_proof(
    struct sealed *s, const struct host *host, const uint8_t *numbers, size_t n, bool spoilt)
{
	uint8_t octets[8][64], proof[256];
	struct bytes rdata[8];
	struct wr wr = wr_init(proof, sizeof proof);

	assert_true(n <= 8);
	for (size_t i = 0; i < n; i++)
		rdata[i] = (struct bytes){
		    octets[i], eloc_write(octets[i], sizeof octets[i], numbers[i])};
	assert_int_equal(trust_proof_sign(host->key, &host->name, rdata, n, serial_next(),
			     (uint32_t)clock_seconds() + 3600, 0, &wr),
	    0);
	if (spoilt)
		proof[wr.n - 1] ^= 1;
	sealed_record(s, 2, &host->name, RR_ELOC, CLASS_IN, 60, wr_done(&wr));
}

void
sealed_opt(struct sealed *s, struct bytes options)
{
	sealed_record(s, 3, &name_root, RR_OPT, 1232, 0, options);
}

void
sealed_sign(struct sealed *s, const struct host *host, int64_t inception, int64_t expiration)
{
	int64_t now = (int64_t)clock_seconds();

	assert_int_equal(seal_sig0_sign(host->key, &host->name, (uint32_t)(now + inception),
			     (uint32_t)(now + expiration), &s->wr),
	    0);
}

struct bytes
sealed_bytes(const struct sealed *s)
{
	return wr_done(&s->wr);
}

void
taker_init(struct taker *taker, unsigned room)
{
	*taker = (struct taker){.room = room, .got = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE)};
	assert_true(taker->got >= 0);
}

void
taker_fini(struct taker *taker)
{
	close(taker->got);
}

int
taker_propose(void *arg, struct proposal *p)
{
	struct taker *taker = arg;
	uint64_t one = 1;

	if (atomic_fetch_add(&taker->n, 1) >= taker->room) {
		atomic_fetch_sub(&taker->n, 1);
		return -MAP_ELIMIT;
	}
	if (taker->answers) {
		verdict_set(&p->verdict, RCODE_NOERROR, EDE_NONE, "%s", "");
		p->next = NULL;
		p->done(p);
	} else {
		p->next = atomic_load(&taker->taken);
		while (!atomic_compare_exchange_weak(&taker->taken, &p->next, p))
			;
	}
	return write(taker->got, &one, sizeof one) == (ssize_t)sizeof one ? 0 : -MAP_ELIMIT;
}

void
taker_wait(struct taker *taker, unsigned n)
{
	struct pollfd got = {.fd = taker->got, .events = POLLIN};
	uint64_t one;

	for (; n > 0; n--) {
		assert_int_equal(poll(&got, 1, TAKER_WAIT), 1);
		assert_int_equal(read(taker->got, &one, sizeof one), sizeof one);
	}
}
