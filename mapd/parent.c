/*
 * parent.c - asks the servers of the zones above for DS, each of them, over UDP.
 * Answers are not validated: the addresses are the operator's, and an answer counts only if all parents agree.
 * Knows nothing of what a roll makes of them.
 */
#include "mapd/parent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/crypto.h"
#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "mapd/keyset.h"

#define ROUND 60000 /* ms between two rounds */
#define TRY 2000 /* ms for an answer */
#define TRIES 3
#define ASKED_MOST 64 /* zones asked about at once */
#define SERVERS 16
#define ANSWER 4096 /* octets of an answer */
#define TTL_MOST 604800 /* seconds: longer nothing is kept */
#define DS_RDATA 68 /* of the longest digest */

struct server {
	struct asking *asking;
	struct addr addr;
	struct watch *watch;
	int fd; /* -1: it has said what it has */
	uint16_t id;
};

/* One zone's question. */
struct asking {
	struct parent *parent;
	struct asking *next;
	struct name zone;
	struct timer *timer;
	unsigned tries;
	struct server servers[SERVERS];
	size_t n_servers, answered;
	bool failed; /* by one of them: then nothing is known */
	struct job job;
	uint8_t octets[ROLLOVER_DS][DS_RDATA];
	struct bytes ds[ROLLOVER_DS]; /* canonical order */
	size_t n_ds;
};

struct parent {
	struct parent_options options;
	struct snapshot *snap;
	struct timer *timer;
	struct asking *asked;
	unsigned n_asked;
	uint8_t key[sizeof KEYSET_ROLLS + NAME_KEY]; /* the roll looked at last */
	size_t key_n;
};

size_t
parent_ask(const struct name *zone, uint16_t id, uint8_t octets[PARENT_QUERY])
{
	struct wr wr = wr_init(octets, PARENT_QUERY);

	wr_u16(&wr, id);
	wr_u16(&wr, 0); /* a query that wants no recursion */
	wr_u16(&wr, 1);
	wr_u16(&wr, 0);
	wr_u16(&wr, 0);
	wr_u16(&wr, 1);
	name_put(&wr, zone);
	wr_u16(&wr, RR_DS);
	wr_u16(&wr, CLASS_IN);
	wr_u8(&wr, 0);
	wr_u16(&wr, RR_OPT);
	wr_u16(&wr, ANSWER);
	wr_u32(&wr, 0);
	wr_u16(&wr, 0);
	return wr.n;
}

/* The roll waits for so long: whoever answers must not make it wait for years (RFC 2181 8, RFC 8767 4). */
static uint32_t
ds_ttl(uint32_t ttl)
{
	if (ttl > INT32_MAX)
		return 0;
	return ttl < TTL_MOST ? ttl : TTL_MOST;
}

int
parent_read(struct bytes wire, const struct name *zone, uint16_t id,
    struct bytes ds[ROLLOVER_DS], size_t *n, uint32_t *ttl, const char **why)
{
	struct message m;
	struct record record;
	struct records it;
	int rc = message_parse(wire, &m);

	*n = 0;
	*ttl = 0;
	*why = "not the answer to the question";
	if (rc != 0 || m.id != id || (m.flags & FLAG_QR) == 0 ||
	    m.count[SECTION_QUESTION] != 1 || m.question.type != RR_DS ||
	    m.question.class != CLASS_IN || !name_equal(&m.question.name, zone))
		return -MAP_EFORMAT;
	*why = "it answers with an error";
	if (message_rcode(&m) != RCODE_NOERROR)
		return -MAP_EREFUSED;
	*why = "the answer was cut short";
	if ((m.flags & FLAG_TC) != 0)
		return -MAP_ETRUNC;
	*why = "it is no server of the zone above: the answer is not authoritative";
	if ((m.flags & FLAG_AA) == 0)
		return -MAP_EREFUSED;
	*why = "it has more DS than one zone should";
	it = records_of(&m);
	while (records_next(&it, &record)) {
		if (record.section != SECTION_ANSWER || record.type != RR_DS ||
		    record.class != CLASS_IN || !name_equal(&record.owner, zone) ||
		    record.rdata.n > DS_RDATA)
			continue;
		if (*n == ROLLOVER_DS)
			return -MAP_ELIMIT; /* the old one may be among those not looked at */
		ds[(*n)++] = record.rdata;
		if (*ttl < ds_ttl(record.ttl))
			*ttl = ds_ttl(record.ttl);
	}
	return 0;
}

static void
server_close(struct server *server)
{
	watch_free(server->watch);
	if (server->fd >= 0)
		close(server->fd);
	server->watch = NULL;
	server->fd = -1;
}

static void
asking_free(void *arg)
{
	struct asking *asking = arg;

	timer_free(asking->timer);
	free(asking);
}

/* Takes it out of the list; the memory goes when no callback can be using it. */
static void
asking_drop(struct asking *asking)
{
	struct parent *parent = asking->parent;
	struct asking **at = &parent->asked;

	while (*at != asking)
		at = &(*at)->next;
	*at = asking->next;
	parent->n_asked--;
	loop_later(parent->options.loop, asking_free, asking);
}

static void
asking_told(struct job *job)
{
	char name[NAME_TEXT];

	if (job->error == 0)
		diag_info("zone %s: %s", name_print(&job->zone, name), job->outcome.done);
	else
		diag_debug("zone %s: %s", name_print(&job->zone, name), job->outcome.why);
	asking_drop(job->arg);
}

/* All have answered, or have had their time. */
static void
asking_end(struct asking *asking)
{
	timer_stop(asking->timer);
	for (size_t i = 0; i < asking->n_servers; i++)
		server_close(&asking->servers[i]);
	asking->job.kind = JOB_TOLD;
	asking->job.zone = asking->zone;
	asking->job.ds = asking->ds;
	asking->job.n_ds = asking->n_ds;
	asking->job.done = asking_told;
	asking->job.arg = asking;
	if (asking->failed || asking->answered < asking->n_servers ||
	    writer_submit(asking->parent->options.writer, &asking->job) != 0)
		asking_drop(asking);
}

static int
ds_compare(const void *a, const void *b)
{
	return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* What one server has; each must have the same. False: it has something else than those before. */
static bool
asking_take(struct asking *asking, struct bytes *ds, size_t n, uint32_t ttl)
{
	bool first = asking->answered++ == 0, same = first || n == asking->n_ds;

	qsort(ds, n, sizeof ds[0], ds_compare);
	if (ttl > asking->job.ttl)
		asking->job.ttl = ttl;
	for (size_t i = 0; i < n && first; i++) {
		memcpy(asking->octets[i], ds[i].p, ds[i].n);
		asking->ds[i] = (struct bytes){asking->octets[i], ds[i].n};
	}
	if (first)
		asking->n_ds = n;
	for (size_t i = 0; i < n && same; i++)
		same = bytes_equal(ds[i], asking->ds[i]);
	return same;
}

static void
server_fails(struct server *server, const char *why)
{
	struct asking *asking = server->asking;
	char zone[NAME_TEXT], addr[ADDR_TEXT];

	diag_warn("zone %s: the DS at its parent: %s: %s", name_print(&asking->zone, zone),
	    addr_print(&server->addr, addr), why);
	asking->failed = true;
}

static void
server_ready(void *arg, int fd, unsigned events)
{
	struct server *server = arg;
	struct asking *asking = server->asking;
	struct bytes ds[ROLLOVER_DS];
	uint8_t octets[ANSWER];
	const char *why;
	uint32_t ttl;
	size_t n_ds;
	ssize_t n = read(fd, octets, sizeof octets);
	int rc;

	(void)events;
	if (n < 0)
		return; /* ECONNREFUSED too: another try may find it */
	rc = parent_read((struct bytes){octets, (size_t)n}, &asking->zone, server->id, ds,
	    &n_ds, &ttl, &why);
	if (rc == -MAP_EFORMAT)
		return; /* whoever sent it, the answer may still come */
	server_close(server);
	if (rc != 0)
		server_fails(server, why);
	else if (!asking_take(asking, ds, n_ds, ttl))
		server_fails(server, "it has other DS than another of the parents");
	if (asking->failed || asking->answered == asking->n_servers)
		asking_end(asking);
}

/* Sends to those that have not answered, or gives up. */
static void
asking_try(void *arg)
{
	struct asking *asking = arg;
	uint8_t octets[PARENT_QUERY];

	for (size_t i = 0; i < asking->n_servers; i++) {
		struct server *server = &asking->servers[i];

		if (server->fd < 0)
			continue;
		if (asking->tries == TRIES)
			server_fails(server, "it does not answer");
		else if (send(server->fd, octets, parent_ask(&asking->zone, server->id, octets),
			     0) < 0)
			diag_debug("parent: %s", strerror(errno));
	}
	if (asking->tries++ == TRIES)
		asking_end(asking);
	else
		timer_start(asking->timer, TRY);
}

static bool
server_open(struct server *server)
{
	if (crypto_random(&server->id, sizeof server->id) != 0)
		return false;
	server->fd = sock_udp_connect(&server->addr);
	if (server->fd < 0)
		return false;
	server->watch = watch_new(
	    server->asking->parent->options.loop, server->fd, LOOP_READ, server_ready, server);
	return server->watch != NULL;
}

/* Asks all parents of zone. */
static void
parent_begin(struct parent *parent, const struct name *zone, const struct zone_rule *rule)
{
	struct asking *asking = calloc(1, sizeof *asking);

	if (asking == NULL)
		return;
	asking->parent = parent;
	asking->zone = *zone;
	asking->timer = timer_new(parent->options.loop, asking_try, asking);
	if (asking->timer == NULL) {
		free(asking);
		return;
	}
	asking->next = parent->asked;
	parent->asked = asking;
	parent->n_asked++;
	for (size_t i = 0; i < rule->n_parents && i < SERVERS; i++) {
		struct server *server = &asking->servers[asking->n_servers++];

		*server = (struct server){.asking = asking, .addr = rule->parents[i], .fd = -1};
		if (!server_open(server))
			server_fails(server, strerror(errno));
	}
	if (asking->failed)
		asking_end(asking);
	else
		asking_try(asking);
}

static bool
parent_is_asked(const struct parent *parent, const struct name *zone)
{
	for (const struct asking *a = parent->asked; a != NULL; a = a->next)
		if (name_equal(&a->zone, zone))
			return true;
	return false;
}

/* One roll: asked about if it waits for its parent. */
static void
parent_look(struct parent *parent, struct bytes key, struct bytes value)
{
	const struct rules *rules = parent->options.rules(parent->options.arg);
	size_t head = sizeof KEYSET_ROLLS - 1;
	const struct zone_rule *rule;
	uint8_t octets[NAME_KEY];
	struct bytes row;
	struct roll roll;
	struct name zone;

	if (keyset_read_roll(value, &roll) != 0 || !roll_wants_ds(&roll) ||
	    name_from_key((struct bytes){key.p + head, key.n - head}, &zone) != 0)
		return;
	/* keys outlive their zone */
	if (!snapshot_get(parent->snap, TABLE_ZONES,
		(struct bytes){octets, zone_meta_key(&zone, octets)}, &row))
		return;
	rule = rules_find(rules, &zone);
	if (rule != NULL && rule->n_parents > 0 && !parent_is_asked(parent, &zone))
		parent_begin(parent, &zone, rule);
}

static bool
key_is_roll(struct bytes key)
{
	size_t head = sizeof KEYSET_ROLLS - 1;

	return key.n >= head && key.n <= head + NAME_KEY &&
	       memcmp(key.p, KEYSET_ROLLS, head) == 0;
}

/* A round goes on where the last one stopped for want of room. */
static void
parent_round(void *arg)
{
	struct parent *parent = arg;
	struct snapshot *snap = parent->snap;
	struct bytes from = {parent->key, parent->key_n}, key, value;
	bool found = false;

	if (parent->key_n == 0)
		from = (struct bytes){(const uint8_t *)KEYSET_ROLLS, sizeof KEYSET_ROLLS - 1};
	if (snapshot_take(snap) == 0)
		found = snapshot_ceiling(snap, TABLE_META, from, &key, &value);
	while (found && key_is_roll(key) && parent->n_asked < ASKED_MOST) {
		parent_look(parent, key, value);
		found = snapshot_next(snap, TABLE_META, &key, &value);
	}
	parent->key_n = found && key_is_roll(key) ? key.n : 0;
	if (parent->key_n > 0)
		memcpy(parent->key, key.p, key.n);
	snapshot_release(snap);
	timer_start(parent->timer, ROUND);
}

int
parent_new(const struct parent_options *options, struct parent **out)
{
	struct parent *parent = calloc(1, sizeof *parent);
	int rc = -MAP_ENOMEM;

	if (parent == NULL)
		return rc;
	parent->options = *options;
	parent->timer = timer_new(options->loop, parent_round, parent);
	if (parent->timer != NULL)
		rc = snapshot_new(options->store, &parent->snap);
	if (rc != 0) {
		parent_free(parent);
		return rc;
	}
	timer_start(parent->timer, 0);
	*out = parent;
	return 0;
}

void
parent_hurry(struct parent *parent)
{
	timer_start(parent->timer, 0);
}

void
parent_free(struct parent *parent)
{
	if (parent == NULL)
		return;
	while (parent->asked != NULL) {
		struct asking *asking = parent->asked;

		for (size_t i = 0; i < asking->n_servers; i++)
			server_close(&asking->servers[i]);
		asking_drop(asking);
	}
	timer_free(parent->timer);
	snapshot_free(parent->snap);
	free(parent);
}
