/*
 * daemon.c - mapd as a process: what is opened in which order, reloaded and closed.
 * Knows the parts; knows nothing of DNS.
 */
#include "mapd/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/sys/detach.h"
#include "core/sys/diag.h"
#include "core/sys/loop.h"
#include "core/sys/priv.h"
#include "core/wire/errors.h"
#include "mapd/admission.h"
#include "mapd/charter.h"
#include "mapd/conf.h"
#include "mapd/control.h"
#include "mapd/parent.h"
#include "mapd/worker.h"
#include "mapd/writer.h"

#define TCP_BACKLOG 1024

struct daemon {
	const struct daemon_options *options;
	struct loop *loop;
	struct config *config;
	bool had_file; /* there was one when it started */
	struct cookies cookies; /* while the configuration has no secrets */
	struct config *next; /* its rules are on their way to the writer */
	struct store *store;
	struct prover *prover;
	struct writer *writer;
	struct admission *admission;
	struct control *control;
	struct parent *parent;
	/* orders that workers have not obeyed yet: they hold addresses of before */
	_Atomic unsigned waiting;
	struct job rules; /* in the writer's hands while next is set */
	unsigned n_workers;
	struct worker **workers;
};

static void
limits_raise(void)
{
	struct rlimit limit;

	/* each connection is a descriptor */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* --- what each worker is to listen at --- */

static bool
config_listens(const struct config *config, const struct addr *addr)
{
	for (size_t i = 0; config != NULL && i < config->n_listen; i++)
		if (addr_equal(&config->listen[i], addr))
			return true;
	return false;
}

static int
listen_fails(const struct addr *addr, char *why, size_t max)
{
	int cause = errno;
	char text[ADDR_TEXT];

	snprintf(why, max, "%s: %s", addr_print(addr, text), strerror(cause));
	return -MAP_ESYS;
}

/* The line of the address, where it is in the file. */
static void
listen_accuse(const struct config *config, size_t i, char *why, size_t max)
{
	char key[32], cause[ADDR_TEXT + 100];

	if (config->given.listen) {
		snprintf(key, sizeof(key), "listen/%zu", i);
		config_accuse(config, key,
		    "an address of this host that nobody else listens at", why, max);
		return;
	}
	snprintf(cause, sizeof(cause), "%s", why);
	snprintf(why, max, "listen: %s", cause);
}

/* A port that we have already may be meant by another address of it: then nobody can tell whose it is. */
static bool
config_has_port(const struct config *config, uint16_t port)
{
	for (size_t i = 0; config != NULL && i < config->n_listen; i++)
		if (addr_port(&config->listen[i]) == port)
			return true;
	return false;
}

/* Before anything is opened, because our own addresses may overlap. */
static int
ports_probe(const struct config *config, const struct config *old, char *why, size_t max)
{
	for (size_t i = 0; i < config->n_listen; i++)
		if (!config_has_port(old, addr_port(&config->listen[i])) &&
		    sock_probe(&config->listen[i]) != 0) {
			(void)listen_fails(&config->listen[i], why, max);
			listen_accuse(config, i, why, max);
			return -MAP_ESYS;
		}
	return 0;
}

static int
listener_open(struct listener *listener, const struct addr *addr, char *why, size_t max)
{
	listener->addr = *addr;
	listener->udp = sock_udp_bind(addr);
	if (listener->udp >= 0)
		listener->tcp = sock_tcp_listen(addr, TCP_BACKLOG);
	if (listener->udp >= 0 && listener->tcp >= 0)
		return 0;
	return listen_fails(addr, why, max);
}

/* One worker's order under config; sockets of addresses that old has too are not opened again. */
static int
order_new(const struct config *config, const struct config *old, struct order **out, char *why,
    size_t max)
{
	const struct rules *rules = &config->rules;
	struct order *order = calloc(1, sizeof(*order));
	int error = -MAP_ENOMEM;

	snprintf(why, max, "out of memory");
	if (order == NULL)
		return error;
	order->listeners = calloc(config->n_listen, sizeof(*order->listeners));
	order->realms = calloc(rules->n_realms + 1, sizeof(*order->realms));
	if (order->listeners == NULL || order->realms == NULL)
		goto drop;
	if (apexes_new(rules, &order->apexes) != 0 ||
	    charters_new(rules, &order->charters) != 0)
		goto drop;
	order->chaos = config->chaos;
	order->cookies = config->cookies;
	order->n_realms = rules->n_realms;
	memcpy(order->realms, rules->realms, rules->n_realms * sizeof(*order->realms));
	for (size_t i = 0; i < config->n_listen; i++) {
		struct listener *listener = &order->listeners[order->n_listeners++];

		*listener = (struct listener){.addr = config->listen[i], .udp = -1, .tcp = -1};
		error = config_listens(old, &config->listen[i])
			    ? 0
			    : listener_open(listener, &config->listen[i], why, max);
		if (error != 0) {
			listen_accuse(config, i, why, max);
			goto drop;
		}
	}
	*out = order;
	return 0;
drop:
	order_free(order);
	return error;
}

static void
orders_free(struct order **orders, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		order_free(orders[i]);
	free(orders);
}

/* An order for each worker, or none at all: an address that cannot be had changes nothing. */
static struct order **
orders_new(
    const struct config *config, const struct config *old, unsigned n, char *why, size_t max)
{
	struct order **orders = NULL;

	snprintf(why, max, "out of memory");
	if (ports_probe(config, old, why, max) == 0)
		orders = calloc(n, sizeof(struct order *));
	for (unsigned i = 0; orders != NULL && i < n; i++)
		if (order_new(config, old, &orders[i], why, max) != 0) {
			orders_free(orders, n);
			return NULL;
		}
	return orders;
}

static void
orders_post(struct daemon *d, struct order **orders)
{
	for (unsigned i = 0; i < d->n_workers; i++) {
		orders[i]->admission = d->admission;
		orders[i]->waiting = &d->waiting;
		atomic_fetch_add(&d->waiting, 1);
		if (worker_post(d->workers[i], orders[i]) != 0)
			diag_error("worker %u: out of memory, keeps its old addresses", i);
		else
			orders[i] = NULL;
	}
	orders_free(orders, d->n_workers);
}

/* --- reload --- */

static void
warn_changed(const char *key, bool changed)
{
	if (changed)
		diag_warn("%s: another value takes effect when mapd is started again", key);
}

static void
rules_done(struct job *job)
{
	struct daemon *d = job->arg;

	config_free(d->config);
	d->config = d->next;
	d->next = NULL;
	diag_info("configuration %s: loaded again", d->options->config);
}

static void
warn_unchangeable(const struct config *fresh, const struct config *old)
{
	warn_changed("database", strcmp(fresh->database, old->database) != 0);
	warn_changed("keys", strcmp(fresh->keys, old->keys) != 0);
	warn_changed("control", strcmp(fresh->control, old->control) != 0);
	warn_changed("map-size", fresh->map_size != old->map_size);
	warn_changed("workers", fresh->workers != old->workers);
	warn_changed("user", strcmp(fresh->user != NULL ? fresh->user : "",
				 old->user != NULL ? old->user : "") != 0);
}

int
daemon_configure(
    const struct daemon_options *options, struct config **out, char *message, size_t max)
{
	int error = options->named ? conf_require(options->config, message, max) : 0;

	*out = NULL;
	return error != 0 ? error : config_load(options->config, out, message, max);
}

/* Without secrets in the configuration there is one, which no other process has. */
static void
daemon_bake(const struct daemon *d, struct config *config)
{
	if (!config->no_cookies && config->cookies.n == 0)
		config->cookies = d->cookies;
}

static void
daemon_budget(const struct daemon *d, const struct config *config)
{
	const struct update_rules *updates = &config->rules.updates;

	budget_set(
	    admission_budget(d->admission), updates->unproved, updates->unproved_of_source);
}

static int
daemon_reload_waits(char *why, size_t max)
{
	snprintf(why, max, "the last reload is not done yet");
	return -MAP_ELIMIT;
}

/* Tokens are known again after a restart, and by other servers of an address, where cookies are. */
static struct bytes
token_secret(const struct config *config)
{
	const struct cookies *cookies = &config->cookies;

	return cookies->n > 0 ? (struct bytes){cookies->secret[0], sizeof(cookies->secret[0])}
			      : (struct bytes){NULL, 0};
}

/* Reads the file again; on an error all stays as it is, and why says what is wrong. */
static int
daemon_reload(void *arg, char *why, size_t max)
{
	struct daemon *d = arg;
	struct config *fresh;
	struct order **orders;
	bool waits;
	int error;

	if (d->next != NULL)
		return daemon_reload_waits(why, max);
	/* no file means all defaults, which nobody means who had one: other addresses, another database */
	error = d->had_file ? conf_require(d->options->config, why, max) : 0;
	if (error == 0)
		error = daemon_configure(d->options, &fresh, why, max);
	if (error != 0)
		return error;
	daemon_bake(d, fresh);
	error = config_verify(fresh, why, max);
	if (error != 0)
		goto free_fresh;
	waits = atomic_load(&d->waiting) > 0;
	orders = orders_new(fresh, d->config, d->n_workers, why, max);
	error = orders == NULL ? -MAP_ESYS : 0;
	/* an address may be in use by nobody but a worker that was told to close it */
	if (error != 0 && waits)
		error = daemon_reload_waits(why, max);
	if (error != 0)
		goto free_fresh;
	d->rules = (struct job){
	    .kind = JOB_RULES, .rules = &fresh->rules, .done = rules_done, .arg = d};
	error = writer_submit(d->writer, &d->rules);
	if (error != 0)
		goto free_orders;
	d->next = fresh;
	warn_unchangeable(fresh, d->config);
	diag_set_level(d->options->verbose ? DIAG_DEBUG : fresh->log);
	daemon_budget(d, fresh);
	if (prover_set(d->prover, token_secret(fresh)) != 0)
		diag_warn("tokens of verify-locators: cannot be made of the new secret");
	orders_post(d, orders);
	return 0;
free_orders:
	snprintf(why, max, "too many changes are waiting");
	orders_free(orders, d->n_workers);
free_fresh:
	config_free(fresh);
	return error;
}

static void
daemon_hangup(void *arg)
{
	char why[CONFIG_MESSAGE];

	if (daemon_reload(arg, why, sizeof(why)) != 0)
		diag_error("%s; the old configuration stays", why);
}

static void
daemon_count(void *arg, uint64_t counters[STAT_COUNT])
{
	const struct daemon *d = arg;

	for (unsigned i = 0; i < STAT_COUNT; i++) {
		counters[i] = 0;
		for (unsigned w = 0; w < d->n_workers; w++)
			counters[i] += stats_get(worker_stats(d->workers[w]), (enum stat)i);
	}
}

static const struct rules *
daemon_rules(void *arg)
{
	const struct daemon *d = arg;

	return &d->config->rules;
}

static void
daemon_ask_parents(void *arg)
{
	const struct daemon *d = arg;

	if (d->parent != NULL)
		parent_hurry(d->parent);
}

static void
daemon_terminate(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->loop);
}

/* --- start and end --- */

static int
daemon_say(int error, const char *what, const char *why)
{
	if (error != 0)
		diag_error("%s: %s", what, why[0] != '\0' ? why : error_text(error));
	return error;
}

static int
daemon_propose(void *arg, struct proposal *proposal)
{
	return writer_propose(arg, proposal);
}

static int
daemon_admit(struct daemon *d)
{
	struct admission_options options = {.store = d->store,
	    .writer = {daemon_propose, d->writer, writer_replay(d->writer)},
	    .prover = d->prover,
	    .threads = d->config->workers};
	int error = admission_open(&options, &d->admission);

	if (error == 0)
		daemon_budget(d, d->config);
	return error;
}

static int
daemon_open(struct daemon *d)
{
	struct writer_options options = {
	    .keys = d->config->keys, .rules = &d->config->rules, .threads = d->config->workers};
	char why[1024] = "";
	int error;

	error = prover_new(token_secret(d->config), &d->prover);
	if (error != 0)
		return daemon_say(error, "probes", why);
	options.prover = d->prover;
	error =
	    store_open(d->config->database, d->config->map_size, &d->store, why, sizeof(why));
	if (error != 0)
		return daemon_say(error, "database", why);
	options.store = d->store;
	error = writer_start(&options, &d->writer, why, sizeof(why));
	if (error != 0)
		return daemon_say(error, "zones", why);
	return daemon_say(daemon_admit(d), "updates", why);
}

static int
daemon_workers(struct daemon *d)
{
	unsigned n = d->config->workers;

	d->workers = calloc(n, sizeof(struct worker *));
	if (d->workers == NULL)
		return -MAP_ENOMEM;
	for (; d->n_workers < n; d->n_workers++) {
		int error = worker_new(d->store, d->n_workers, &d->workers[d->n_workers]);

		if (error != 0)
			return error;
	}
	for (unsigned i = 0; i < n; i++)
		if (worker_start(d->workers[i]) != 0)
			return -MAP_ESYS;
	return 0;
}

static int
daemon_watch(struct daemon *d)
{
	struct control_options options = {.loop = d->loop,
	    .path = d->config->control,
	    .database = d->config->database,
	    .store = d->store,
	    .writer = d->writer,
	    .hooks = {d, daemon_terminate, daemon_reload, daemon_rules, daemon_ask_parents,
		daemon_count}};
	struct parent_options parents = {.loop = d->loop,
	    .store = d->store,
	    .writer = d->writer,
	    .rules = daemon_rules,
	    .arg = d};
	char why[CONFIG_MESSAGE] = "";
	int error;

	error = loop_on_signal(d->loop, SIGTERM, daemon_terminate, d);
	if (error == 0)
		error = loop_on_signal(d->loop, SIGINT, daemon_terminate, d);
	if (error == 0)
		error = loop_on_signal(d->loop, SIGHUP, daemon_hangup, d);
	if (error != 0)
		return daemon_say(error, "signals", "");
	error = control_new(&options, &d->control, why, sizeof(why));
	if (error != 0 && d->config->given.control) {
		config_accuse(d->config, "control", "a path where a socket can be made", why,
		    sizeof(why));
		diag_error("%s", why);
		return error;
	}
	if (error != 0)
		return daemon_say(error, "control", why);
	return daemon_say(parent_new(&parents, &d->parent), "parents", "");
}

static int
daemon_start(struct daemon *d)
{
	struct order **orders;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	char cause[CONFIG_MESSAGE];
	const char *why = "";
	int error;

	limits_raise();
	sigaction(SIGPIPE, &ignore, NULL);
	/* sockets first: after the drop the ports below 1024 may be out of reach */
	orders = orders_new(d->config, NULL, d->config->workers, cause, sizeof(cause));
	if (orders == NULL) {
		diag_error("%s", cause);
		return -MAP_ESYS;
	}
	error = daemon_say(priv_drop(d->config->user, PRIV_BIND_LOW, &why), "user", why);
	if (error == 0) {
		error = config_verify(d->config, cause, sizeof(cause));
		if (error != 0)
			diag_error("%s", cause);
	}
	if (error == 0 && priv_seccomp() != 0)
		diag_warn("seccomp: not available, running without");
	if (error == 0)
		error = daemon_open(d);
	if (error == 0)
		error = daemon_say(loop_new(&d->loop), "loop", "");
	if (error == 0)
		error = daemon_say(daemon_workers(d), "workers", "");
	if (error == 0)
		error = daemon_watch(d);
	if (error != 0) {
		orders_free(orders, d->config->workers);
		return error;
	}
	orders_post(d, orders);
	return 0;
}

/* In the reverse order; what was never opened is NULL. */
static void
daemon_stop(struct daemon *d)
{
	/* what was passed on is answered, so nothing more may be: first the workers, then who is behind them */
	for (unsigned i = 0; i < d->n_workers; i++)
		if (worker_refuse(d->workers[i]) != 0)
			worker_stop(d->workers[i]);
	admission_stop(d->admission);
	/* queries are answered while the writer ends what it was asked for, which may be a large zone */
	writer_stop(d->writer);
	for (unsigned i = 0; i < d->n_workers; i++)
		worker_stop(d->workers[i]);
	control_free(d->control);
	parent_free(d->parent);
	for (unsigned i = 0; i < d->n_workers; i++)
		worker_free(d->workers[i]);
	free(d->workers);
	admission_close(d->admission);
	prover_free(d->prover);
	loop_free(d->loop);
	store_close(d->store);
	config_free(d->next);
	config_free(d->config);
}

int
daemon_run(const struct daemon_options *options)
{
	struct daemon d = {.options = options, .had_file = access(options->config, F_OK) == 0};
	char message[CONFIG_MESSAGE];
	int error = daemon_configure(options, &d.config, message, sizeof(message));

	if (error != 0) {
		diag_error("%s", message);
		return 1;
	}
	diag_set_level(options->verbose ? DIAG_DEBUG : d.config->log);
	if (cookies_random(&d.cookies) != 0)
		diag_fatal("no random numbers");
	daemon_bake(&d, d.config);
	error = daemon_start(&d);
	if (error == 0) {
		diag_info(
		    "database %s: serving with %u workers", d.config->database, d.n_workers);
		priv_ready(options->ready_fd);
		if (options->detached)
			detach_finish();
		loop_run(d.loop);
		diag_info("database %s: stopped", d.config->database);
	}
	daemon_stop(&d);
	return error == 0 ? 0 : 1;
}
