/*
 * world.c - a host, a server on loopback, and the loop of both.
 */
#include "tests/register/world.h"

#include "core/trust/trust.h"
#include "core/wire/rrtype.h"

struct world w;

struct says
says_granted(void)
{
	return (struct says){
	    .rcode = RCODE_NOERROR, .leases = true, .lease = {true, true, 3600, 86400}};
}

static struct says
answer_as_told(struct server *server, const struct asked *asked)
{
	(void)asked;
	if (server->n_asked <= w.dropped)
		return (struct says){.nothing = true};
	return server->n_asked <= w.dropped + w.refused ? w.says : says_granted();
}

void
world_changed(void *arg, const struct registration_status *status)
{
	(void)arg;
	assert_true(w.n < HISTORY);
	w.history[w.n++] = status->state;
}

int
world_open(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	assert_int_equal(loop_new(&w.loop), 0);
	server_open(&w.server, w.loop, answer_as_told);
	w.key = sample_key();
	sample_tsig(&w.tsig);
	w.server.key = w.key;
	w.server.tsig = &w.tsig;
	sample_content(&w.content, w.key);
	sample_locator(&w.content, "10 50 192.0.2.1");
	sample_locator(&w.content, "10 50 2001:db8::1");
	w.options = (struct registration_options){
	    .server = w.server.addr, .deadline = 4000, .proving = 300, .pause = 400};
	return 0;
}

int
world_close(void **state)
{
	(void)state;
	registration_free(w.registration);
	server_close(&w.server);
	loop_free(w.loop);
	crypto_key_free(w.key);
	return 0;
}

bool
world_is_over(void)
{
	enum registration_state s = registration_status(w.registration)->state;

	return s != REGISTRATION_ASKING && s != REGISTRATION_PROVING && s != REGISTRATION_IDLE;
}

/* One request to its end. */
const struct registration_status *
world_run(enum build_verb verb)
{
	if (w.registration == NULL)
		assert_int_equal(registration_new(w.loop, &w.content, &w.options, world_changed,
				     NULL, &w.registration),
		    0);
	w.n = 0;
	registration_ask(w.registration, verb);
	until(world_is_over());
	return registration_status(w.registration);
}

void
world_proof_holds(const struct asked *asked)
{
	struct bytes rdata[MAPPING_SET];
	struct proof proof;
	size_t n = 0;
	int at;

	for (size_t i = 0; i < asked->update.n_changes; i++)
		if (asked->update.items[i].verb == UPDATE_ADD &&
		    asked->update.items[i].type == RR_ELOC)
			rdata[n++] = asked->update.items[i].rdata;
	at = mapping_proof_index(rdata, n);
	assert_true(at >= 0);
	assert_int_equal(trust_proof_verify(&w.content.id, &w.content.owner, rdata, n,
			     (size_t)at, clock_seconds(), &proof),
	    0);
}
