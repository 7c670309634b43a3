/*
 * registration.c - what follows what: a request, its answer, probes, the request again, the refresh.
 * The octets are build.c's and answer.c's, the sockets exchange.c's and probes.c's.
 */
#include "register/registration.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "register/exchange.h"
#include "register/probes.h"
#include "register/refusal.h"
#include "register/schedule.h"

#define ROUNDS 4 /* requests of one try that may end in probes */
#define COOKIES 2 /* BADCOOKIE answers before TCP */
#define MESSAGE_MOST 65535
#define DEAF 512 /* characters for addresses in a reason */

struct registration {
	struct loop *loop;
	struct content content;
	struct registration_options options;
	registration_fn *changed;
	void *arg;
	struct registration_status status;
	struct build_proof proof; /* that the server has */
	struct build_proof draft; /* that is under way */
	uint64_t serial; /* the largest used */
	struct build_mac mac;
	uint8_t cookie[COOKIE_CLIENT];
	size_t server_cookie_n;
	uint8_t server_cookie[ANSWER_COOKIE];
	uint16_t id;
	struct exchange *exchange;
	struct probes *probes;
	struct timer *timer; /* the end of proving; the next try, due in suspend too */
	struct answer answer;
	unsigned rounds, cookies;
	uint64_t asked; /* monotonic ms: when probes were asked for last */
	bool pausing; /* until those that no probe reached are tried once more */
	bool paused; /* that was done */
	uint64_t
	    granted; /* loop_boot_ms(): as the server counts, whatever becomes of the clock here */
	uint64_t first; /* ms after the grant: when the refresh was due */
	unsigned
	    lapsed; /* tries that failed without a lease: those before were closer, the shorter it was */
	/* what was asked for meanwhile */
	bool waits;
	enum build_verb verb;
	struct content *replacement;
	uint8_t wire[MESSAGE_MOST];
};

const char *
registration_word(enum registration_state state)
{
	static const char *const words[] = {
#define X(name, word, text) [name] = word,
#include "register/states.def"
#undef X
	};

	return words[state];
}

const char *
registration_text(enum registration_state state)
{
	static const char *const texts[] = {
#define X(name, word, text) [name] = text,
#include "register/states.def"
#undef X
	};

	return texts[state];
}

static void request_send(struct registration *r);
static void request_begin(struct registration *r, enum build_verb verb);

static bool
verb_sets(enum build_verb verb)
{
	return verb == BUILD_REGISTER || verb == BUILD_REFRESH;
}

static bool
registration_is_busy(const struct registration *r)
{
	return r->status.state == REGISTRATION_ASKING ||
	       r->status.state == REGISTRATION_PROVING;
}

static uint32_t
random_number(void)
{
	uint32_t v = 0;

	/* Without it all hosts would come at the same moment: worse, but no error. */
	(void)!crypto_random(&v, sizeof v);
	return v;
}

static void
state_set(struct registration *r, enum registration_state state)
{
	r->status.state = state;
	r->changed(r->arg, &r->status);
}

/* ---------------------------------------------------------------------------------- the next time */

static void
next_set(struct registration *r, uint64_t ms)
{
	r->status.next = clock_ms() + ms;
	if (r->options.keep)
		timer_start(r->timer, ms);
}

/* How long, in seconds, what is registered is of use: its proof may end before its lease. */
static uint32_t
useful(const struct registration *r)
{
	return r->content.proof && r->content.expire < r->status.lease ? r->content.expire
								       : r->status.lease;
}

/* When a proof ends before the lease, the refresh comes with half of the proof's life left. */
static void
next_refresh(struct registration *r)
{
	uint64_t ms = schedule_refresh(r->status.lease, random_number());
	uint64_t half = (uint64_t)r->content.expire * 500;

	r->first = r->content.proof && half < ms ? half : ms;
	next_set(r, r->first);
}

/* After a try that failed: by the lease and its proof as long as they last, and anew when either is over. */
static void
next_again(struct registration *r)
{
	uint64_t gone = loop_boot_ms() - r->granted;
	uint32_t span = useful(r);

	r->status.registered = r->status.registered && gone < r->status.lease * 1000ULL;
	if (r->status.registered && gone < span * 1000ULL) {
		r->lapsed = 0;
		next_set(r,
		    schedule_within(span, r->first, r->status.failures, gone, random_number()));
		return;
	}
	next_set(r, schedule_again(++r->lapsed, random_number()));
}

/* ------------------------------------------------------------------------------- what became of it */

/* The end of a request: what waited for it is next. */
static void
request_end(struct registration *r, enum registration_state state)
{
	bool waits = r->waits;

	probes_close(r->probes);
	r->probes = NULL;
	r->pausing = false;
	state_set(r, state);
	if (waits && r->waits && !registration_is_busy(r))
		request_begin(r, r->verb);
}

static void
request_fail(struct registration *r, enum registration_state state, bool again)
{
	r->status.failures++;
	r->status.next = 0;
	if (again)
		next_again(r);
	request_end(r, state);
}

__attribute__((format(printf, 2, 3))) static void
reason_set(struct registration *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->status.reason, sizeof r->status.reason, format, args);
	va_end(args);
}

static void
request_broken(struct registration *r, int error)
{
	char owner[NAME_TEXT];

	reason_set(
	    r, "%s: the message: %s", name_print(&r->content.owner, owner), error_text(error));
	request_fail(r, REGISTRATION_BROKEN, true);
}

/*
 * A datagram may be lost, and a server probes an address but once in a while: what was left out by a registration
 * is tried once more. A refresh will do so by itself. False: it was, or nothing is left out.
 */
static bool
pause_begin(struct registration *r)
{
	uint64_t now = loop_now_ms(), end = r->asked + r->options.pause;

	if (r->paused || r->waits || r->status.verb != BUILD_REGISTER || r->probes == NULL ||
	    proving_without(&r->status.proving) == 0)
		return false;
	r->paused = r->pausing = true;
	timer_start(
	    r->timer, end > now && !proving_is_mended(&r->status.proving) ? end - now : 0);
	state_set(r, REGISTRATION_PROVING);
	return true;
}

static void
pause_end(struct registration *r)
{
	r->pausing = false;
	r->rounds = 0;
	proving_again(&r->status.proving);
	request_send(r);
}

static void
request_granted(struct registration *r)
{
	const struct lease_option *lease = &r->answer.lease;
	char deaf[DEAF];

	r->status.failures = 0;
	r->status.reason[0] = '\0';
	r->status.next = 0;
	r->proof = r->draft;
	r->status.serial = r->proof.serial;
	if (!verb_sets(r->status.verb)) {
		r->proof.n = 0;
		r->status.registered = false;
		r->status.lease = 0;
		r->status.key_lease = lease->present ? lease->key_lease : 0;
		request_end(r, REGISTRATION_WITHDRAWN);
		return;
	}
	r->status.registered = true;
	r->status.granted = clock_ms();
	r->granted = loop_boot_ms();
	r->status.leased = lease->present;
	r->status.lease = lease->present ? lease->lease : r->content.lease;
	r->status.key_lease = lease->present ? lease->key_lease : r->content.key_lease;
	if (pause_begin(r))
		return;
	if (proving_print_deaf(&r->status.proving, deaf, sizeof deaf) > 0)
		reason_set(r,
		    "left out, because no probe of the server came to UDP port %u: %s",
		    r->probes != NULL ? probes_port(r->probes) : 0, deaf);
	if (r->status.lease > 0)
		next_refresh(r);
	request_end(r, REGISTRATION_REGISTERED);
}

/* ---------------------------------------------------------------------------------------- proving */

static void
probe_came(void *arg, const uint8_t address[16], const uint8_t token[PROVE_TOKEN])
{
	struct registration *r = arg;

	proving_came(&r->status.proving, address, token);
	if (r->status.state == REGISTRATION_PROVING &&
	    (r->pausing ? proving_is_mended(&r->status.proving)
			: proving_is_complete(&r->status.proving)))
		timer_start(r->timer, 0);
}

/* The time for probes is over, or all have come. */
static void
probes_over(struct registration *r)
{
	char owner[NAME_TEXT], deaf[DEAF];

	if (proving_end(&r->status.proving) > 0) {
		request_send(r);
		return;
	}
	if (pause_begin(r))
		return;
	proving_print_deaf(&r->status.proving, deaf, sizeof deaf);
	reason_set(r,
	    "%s: none of its addresses can be reached: no probe of the server came to UDP port "
	    "%u of %s; is it open in the firewall, and are these addresses this host's?",
	    name_print(&r->content.owner, owner), probes_port(r->probes), deaf);
	request_fail(r, REGISTRATION_REFUSED, true);
}

/* False: the answer asks for nothing that can be proved here. */
static bool
probes_wait(struct registration *r)
{
	if (r->answer.rcode != RCODE_REFUSED || r->probes == NULL || r->rounds == ROUNDS ||
	    proving_ask(&r->status.proving, (const uint8_t(*)[16])r->answer.prove,
		r->answer.n_prove) == 0)
		return false;
	r->rounds++;
	r->asked = loop_now_ms();
	timer_start(r->timer, proving_is_complete(&r->status.proving) ? 0 : r->options.proving);
	state_set(r, REGISTRATION_PROVING);
	return true;
}

/* ---------------------------------------------------------------------------------------- answers */

/* Nobody signs a refusal: as long as what is registered lasts, none of them ends it. */
static bool
registration_holds(const struct registration *r)
{
	return r->options.keep && verb_sets(r->status.verb) && r->status.registered &&
	       loop_boot_ms() - r->granted < r->status.lease * 1000ULL;
}

static void
answer_refused(struct registration *r)
{
	enum refusal_again again = refusal_again(&r->answer);

	if (again == AGAIN_TCP && r->status.datagram) {
		r->status.datagram = false;
		request_send(r);
		return;
	}
	refusal_print(&r->answer, &r->content.owner, r->status.reason, sizeof r->status.reason);
	refusal_add_names(&r->answer, &r->content, r->status.reason, sizeof r->status.reason);
	request_fail(r, REGISTRATION_REFUSED, again != AGAIN_NEVER || registration_holds(r));
}

static void
answer_judge(struct registration *r)
{
	r->status.rcode = r->answer.rcode;
	r->status.ede = r->answer.ede;
	memcpy(r->status.note, r->answer.text, sizeof r->status.note);
	if (r->answer.rcode == RCODE_BADCOOKIE && r->status.datagram &&
	    r->server_cookie_n > 0 && r->cookies++ < COOKIES) {
		request_send(r);
		return;
	}
	if (r->answer.rcode != RCODE_NOERROR) {
		if (!probes_wait(r))
			answer_refused(r);
	} else if (r->answer.truncated && r->status.datagram) {
		r->status.datagram = false; /* what was cut off may be the grant: asked again */
		request_send(r);
	} else if (proving_taken(&r->status.proving)) {
		r->proof = r->draft;
		request_send(r); /* with those that had to wait */
	} else {
		request_granted(r);
	}
}

static bool
exchange_came(void *arg, struct bytes wire)
{
	struct registration *r = arg;
	struct answer_to to = {.id = r->id,
	    .zone = &r->content.zone,
	    .cookie = r->cookie,
	    .expects_cookie = r->status.datagram && r->server_cookie_n > 0,
	    .datagram = r->status.datagram,
	    .tsig = r->options.tsig,
	    .mac = {r->mac.octets, r->mac.n},
	    .now = clock_seconds()};
	struct answer answer;

	if (answer_read(wire, &to, &answer) != 0)
		return false;
	if (!answer_counts(&answer, &to)) {
		reason_set(
		    r, "an answer came whose TSIG does not hold: %s", error_text(answer.seal));
		return false;
	}
	r->answer = answer;
	r->status.answered = true;
	if (answer.server_cookie.n > 0) {
		r->server_cookie_n = answer.server_cookie.n;
		memcpy(r->server_cookie, answer.server_cookie.octets, r->server_cookie_n);
	}
	return true;
}

static void
exchange_done(void *arg, const char *why)
{
	struct registration *r = arg;
	size_t at = strlen(r->status.reason);

	if (!r->status.answered) /* before why goes with the exchange */
		snprintf(r->status.reason + at, sizeof r->status.reason - at, "%s%s",
		    at > 0 ? "; " : "", why != NULL ? why : "no answer");
	exchange_free(r->exchange);
	r->exchange = NULL;
	if (r->status.answered) {
		answer_judge(r);
		return;
	}
	r->server_cookie_n = 0; /* a server that has begun to do without would not be heard */
	request_fail(r, REGISTRATION_UNANSWERED, true);
}

/* --------------------------------------------------------------------------------------- requests */

/* The message as things stand. */
static int
message_make(struct registration *r, struct bytes *wire)
{
	uint8_t tokens[PROVE_MOST * PROVE_TOKEN];
	struct wr wr = wr_init(r->wire, sizeof r->wire);
	struct build b = {.content = &r->content,
	    /* once more: nothing new, if it comes to the same */
	    .verb = r->paused && r->status.registered ? BUILD_REFRESH : r->status.verb,
	    .without = proving_without(&r->status.proving),
	    .now = clock_ms(),
	    .serial_above = r->serial,
	    .cookie = r->cookie,
	    .server_cookie = {r->server_cookie, r->server_cookie_n},
	    .tsig = r->options.tsig};
	int error = crypto_random(&r->id, sizeof r->id);

	b.id = r->id;
	if (r->probes != NULL)
		b.prove = (struct prove_option){.present = true,
		    .port = probes_port(r->probes),
		    .tokens = {
			tokens, PROVE_TOKEN * proving_tokens(&r->status.proving, tokens)}};
	r->draft = r->proof;
	if (error == 0)
		error = build_update(&b, &r->draft, &wr, &r->mac);
	if (r->draft.serial > r->serial)
		r->serial = r->draft.serial;
	*wire = wr_done(&wr);
	return error;
}

static void
request_send(struct registration *r)
{
	static const struct exchange_ops ops = {exchange_came, exchange_done};
	struct exchange_options options = {
	    .server = r->options.server, .deadline = r->options.deadline};
	struct bytes wire;
	int error = message_make(r, &wire);

	r->status.answered = false;
	r->status.reason[0] = '\0';
	if (error != 0) {
		request_broken(r, error);
		return;
	}
	if (wire.n > BUILD_UDP)
		r->status.datagram = false;
	options.datagram = r->status.datagram;
	r->exchange = exchange_new(r->loop, &options, wire, &ops, r);
	if (r->exchange == NULL)
		request_broken(r, -MAP_ENOMEM);
	else
		state_set(r, REGISTRATION_ASKING);
}

static void
content_take(struct registration *r)
{
	if (r->replacement == NULL)
		return;
	r->content = *r->replacement;
	free(r->replacement);
	r->replacement = NULL;
	r->proof.n = 0; /* made over other records */
}

static void
request_begin(struct registration *r, enum build_verb verb)
{
	r->waits = r->pausing = r->paused = false;
	timer_stop(r->timer);
	probes_close(r->probes);
	r->probes = NULL;
	content_take(r);
	r->status.verb = verb;
	r->status.datagram = r->options.datagram;
	r->status.rcode = RCODE_NOERROR;
	r->status.ede = -1;
	r->status.note[0] = '\0';
	r->rounds = r->cookies = 0;
	proving_init(&r->status.proving, &r->content);
	/* Without a port there is nothing to be proved by: the server then says what is missing. */
	if (verb_sets(verb) && proving_has_address(&r->status.proving))
		(void)!probes_open(r->loop, probe_came, r, &r->probes);
	request_send(r);
}

static void
registration_due(void *arg)
{
	struct registration *r = arg;

	if (r->pausing)
		pause_end(r);
	else if (r->status.state == REGISTRATION_PROVING)
		probes_over(r);
	else if (!registration_is_busy(r))
		request_begin(r, r->status.registered && verb_sets(r->status.verb)
				     ? BUILD_REFRESH
				     : r->status.verb);
}

void
registration_ask(struct registration *r, enum build_verb verb)
{
	if (!registration_is_busy(r) || r->pausing) {
		request_begin(r, verb);
		return;
	}
	r->waits = true;
	r->verb = verb;
}

int
registration_change(struct registration *r, const struct content *content)
{
	if (r->replacement == NULL)
		r->replacement = malloc(sizeof *r->replacement);
	if (r->replacement == NULL)
		return -MAP_ENOMEM;
	*r->replacement = *content;
	registration_ask(r, BUILD_REGISTER);
	return 0;
}

const struct registration_status *
registration_status(const struct registration *r)
{
	return &r->status;
}

int
registration_new(struct loop *loop, const struct content *content,
    const struct registration_options *options, registration_fn *changed, void *arg,
    struct registration **out)
{
	struct registration *r = calloc(1, sizeof *r);
	int error = r == NULL ? -MAP_ENOMEM : crypto_random(r->cookie, sizeof r->cookie);

	*out = r;
	if (error == 0 && (r->timer = timer_new_boot(loop, registration_due, r)) == NULL)
		error = -MAP_ESYS;
	if (error != 0) {
		free(r);
		*out = NULL;
		return error;
	}
	r->loop = loop;
	r->content = *content;
	r->options = *options;
	if (r->options.deadline == 0)
		r->options.deadline = REGISTRATION_DEADLINE;
	if (r->options.proving == 0)
		r->options.proving = REGISTRATION_PROVING_MS;
	if (r->options.pause == 0)
		r->options.pause = REGISTRATION_PAUSE_MS;
	r->changed = changed;
	r->arg = arg;
	r->status.ede = -1;
	return 0;
}

void
registration_free(struct registration *r)
{
	if (r == NULL)
		return;
	exchange_free(r->exchange);
	probes_close(r->probes);
	timer_free(r->timer);
	free(r->replacement);
	free(r);
}
