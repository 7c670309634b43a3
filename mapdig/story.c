/*
 * story.c - a look-up as a tree: name -> identity -> locators -> reverse, a verdict for each edge.
 * A pure function of the report.
 */
#include "mapdig/report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/wire/errors.h"

#define TIME_TEXT 32
#define SPAN_TEXT 48

/* The two largest units: "2d 3h", "59s". */
static const char *
span_print(uint64_t seconds, char text[SPAN_TEXT])
{
	static const struct {
		uint64_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	if (i == 3)
		snprintf(text, SPAN_TEXT, "%us", (unsigned)seconds);
	else
		snprintf(text, SPAN_TEXT, "%llu%c %llu%c",
		    (unsigned long long)(seconds / units[i].seconds), units[i].letter,
		    (unsigned long long)(seconds % units[i].seconds / units[i + 1].seconds),
		    units[i + 1].letter);
	return text;
}

static const char *
time_print(uint64_t seconds, char text[TIME_TEXT])
{
	time_t at = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL ||
	    strftime(text, TIME_TEXT, "%Y-%m-%d %H:%M:%SZ", &tm) == 0)
		snprintf(text, TIME_TEXT, "%llu", (unsigned long long)seconds);
	return text;
}

/* A time of 32 bits, near now: "2026-11-24 12:00:00Z (in 23h 59m)". */
static void
when_rest(struct tree *tree, const char *what, uint32_t when, uint64_t now)
{
	int32_t left = (int32_t)(when - (uint32_t)now);
	uint64_t whole = now + (uint64_t)(int64_t)left;
	char at[TIME_TEXT];
	char span[SPAN_TEXT];

	span_print(left < 0 ? (uint64_t) - (int64_t)left : (uint64_t)left, span);
	tree_rest(tree, "%s %s (%s%s%s)", what, time_print(whole, at), left < 0 ? "" : "in ",
	    span, left < 0 ? " ago" : "");
}

static void
why_row(const struct report *r, struct tree *tree, unsigned depth, enum verdict verdict)
{
	if (!r->show_why || verdict == VERDICT_NONE)
		return;
	tree_row(tree, depth, "%s: %s", verdict_word(verdict), verdict_meaning(verdict));
}

static void
edge_word(struct tree *tree, const struct edge *edge)
{
	tree_word(tree, verdict_tone(edge->dnssec), verdict_word(edge->dnssec));
	if (edge->dnssec == VERDICT_MISSING)
		tree_word(tree, edge->denied ? TONE_PLAIN : TONE_WARN,
		    edge->denied ? "proved" : "not proved");
}

/* What every edge has: how long, and what is wrong. */
static void
edge_rest(struct tree *tree, const struct edge *edge)
{
	if (edge->dnssec == VERDICT_SECURE || edge->dnssec == VERDICT_INSECURE ||
	    edge->dnssec == VERDICT_MISSING)
		tree_rest(tree, "ttl %u", (unsigned)edge->ttl);
	if (edge->why[0] != '\0')
		tree_rest(tree, "%s", edge->why);
}

static void
flag_rest(struct tree *tree, uint8_t flags, uint8_t flag, const char *word)
{
	if (flags & flag)
		tree_rest(tree, "%s", word);
}

static void
probe_row(const struct report *r, struct tree *tree, unsigned depth, const struct probe *probe)
{
	tree_row(tree, depth, "port %u", (unsigned)r->probe_port);
	if (probe->error != 0) {
		tree_word(tree, TONE_BAD, strerror(probe->error));
		return;
	}
	tree_word(tree, TONE_GOOD, "connected");
	tree_rest(tree, "%u.%u ms", probe->us / 1000, probe->us % 1000 / 100);
	tree_rest(tree, "%s", probe->multipath ? "mptcp" : "tcp only");
}

static void
locator_rows(const struct report *r, struct tree *tree, unsigned depth,
    const struct found_identity *id, const struct found_locator *found)
{
	const struct locator *l = &found->locator;
	char text[NAME_TEXT];
	char claimed[EID_TEXT];

	tree_row(tree, depth, "%s", address_print(l->address, text));
	tree_word(tree, verdict_tone(found->trust), verdict_word(found->trust));
	if (id->id.form != EID_NONE)
		tree_rest(tree, "preference %u, weight %u", (unsigned)l->preference,
		    (unsigned)l->weight);
	if (l->path[0] != '\0')
		tree_rest(tree, "path %s", l->path);
	flag_rest(tree, l->flags, ELOC_HOME, "home");
	flag_rest(tree, l->flags, ELOC_BACKUP, "backup");
	flag_rest(tree, l->flags, ELOC_DRAIN, "drain");
	if (l->capabilities & CAP_MPTCP)
		tree_rest(tree, "mptcp");
	if (l->capabilities & CAP_TLS)
		tree_rest(tree, "tls");
	if (l->capabilities & CAP_SHIM)
		tree_rest(tree, "shim");
	if (l->probe != 0)
		tree_rest(tree, "probe %u", (unsigned)l->probe);
	if (l->composed > 0 && l->composed <= id->n_sets)
		tree_rest(tree, "from %s", name_print(&id->sets[l->composed - 1].name, text));
	if (found->reverse != VERDICT_NONE) {
		tree_row(tree, depth + 1, "locator -> identity");
		tree_word(tree, verdict_tone(found->reverse), verdict_word(found->reverse));
		if (found->reverse == VERDICT_MISMATCH && found->claimed.form != EID_NONE)
			tree_rest(tree, "says %s", eid_print(&found->claimed, claimed));
		why_row(r, tree, depth + 2, found->reverse);
	}
}

static void
proof_row(
    const struct report *r, struct tree *tree, unsigned depth, const struct found_identity *id)
{
	char text[TIME_TEXT];

	if (id->proof == VERDICT_NONE)
		return;
	tree_row(tree, depth, "proof of the host");
	tree_word(tree, verdict_tone(id->proof), verdict_word(id->proof));
	if (id->serial != 0) {
		tree_rest(tree, "serial %llu of %s", (unsigned long long)id->serial,
		    time_print(id->serial / 1000, text));
		when_rest(tree, "until", id->proof_expiry, r->now);
	}
	why_row(r, tree, depth + 1, id->proof);
}

/* index: of its first locator's probe. */
static void
identity_rows(const struct report *r, struct tree *tree, unsigned depth,
    const struct found_identity *id, size_t index)
{
	char text[EID_TEXT];
	bool is_legacy = id->id.form == EID_NONE;

	tree_row(tree, depth, "%s", is_legacy ? "no identity" : eid_print(&id->id, text));
	if (id->error != 0)
		tree_word(tree, TONE_BAD, error_text(id->error));
	if (r->result->kind == RESULT_EPID)
		tree_rest(tree, "preference %u", (unsigned)id->preference);
	flag_rest(tree, id->flags, EPID_TEMPORARY, "temporary");
	flag_rest(tree, id->flags, EPID_SUCCESSOR, "successor");

	tree_row(tree, depth + 1, is_legacy ? "name -> addresses" : "identity -> locators");
	edge_word(tree, &id->mapping);
	if (id->proof == VERDICT_PROVED)
		tree_word(tree, TONE_GOOD, verdict_word(id->proof));
	if (id->owner.n > 0)
		tree_rest(tree, "at %s", name_print(&id->owner, text));
	edge_rest(tree, &id->mapping);
	why_row(r, tree, depth + 2, id->mapping.dnssec);
	proof_row(r, tree, depth + 1, id);
	for (size_t i = 0; i < id->n_sets && i < MAPPING_SETS; i++) {
		tree_row(tree, depth + 1, "via -> set");
		edge_word(tree, &id->sets[i].edge);
		tree_rest(tree, "%s", name_print(&id->sets[i].name, text));
		edge_rest(tree, &id->sets[i].edge);
		why_row(r, tree, depth + 2, id->sets[i].edge.dnssec);
	}
	for (size_t i = 0; i < id->n_locators; i++) {
		locator_rows(r, tree, depth + 1, id, &id->locators[i]);
		if (r->probes != NULL)
			probe_row(r, tree, depth + 2, &r->probes[index + i]);
	}
}

static void
reference_row(const struct report *r, struct tree *tree)
{
	const struct reference *ref = &r->input->reference;
	char text[EID_TEXT];

	tree_row(tree, 1, "reference");
	tree_word(tree, ref->is_signed ? TONE_GOOD : TONE_WARN,
	    ref->is_signed ? "signature verified" : "not signed");
	tree_rest(tree, "to %s", eid_print(&ref->id, text));
	if (ref->port != 0)
		tree_rest(tree, "port %u", (unsigned)ref->port);
	if (ref->is_signed) {
		tree_rest(tree, "by %s", eid_print(&ref->by, text));
		when_rest(tree, "until", (uint32_t)ref->exp, r->now);
	}
}

/* The first row below the input: which edge led to identities. */
static unsigned
name_row(const struct report *r, struct tree *tree)
{
	static const char *const sources[] = {
	    "", "EPID", "ELOC at the name itself", "addresses only (legacy)", ""};
	const struct result *result = r->result;
	enum verdict claim = outcome_claim(r->input, result);
	char text[NAME_TEXT];

	if (result->asked.n == 0)
		return 1;
	tree_row(tree, 1,
	    r->input->kind == INPUT_LOCATOR ? "locator -> identity" : "name -> identity");
	edge_word(tree, &result->name);
	if (claim != VERDICT_NONE)
		tree_word(tree, verdict_tone(claim), verdict_word(claim));
	if (r->input->kind == INPUT_LOCATOR)
		tree_rest(tree, "at %s", name_print(&result->asked, text));
	if (result->name.dnssec == VERDICT_SECURE || result->name.dnssec == VERDICT_INSECURE ||
	    result->kind != RESULT_EPID)
		tree_rest(tree, "%s", sources[result->kind]);
	edge_rest(tree, &result->name);
	why_row(r, tree, 2, result->name.dnssec);
	if (claim != VERDICT_NONE)
		why_row(r, tree, 2, claim);
	return 2;
}

static void
pair_rows(const struct report *r, struct tree *tree)
{
	const struct result *result = r->result;
	char from[64];
	char to[64];

	if (!r->show_pairs)
		return;
	tree_row(tree, 1, "pairs, best first");
	if (result->n_pairs == 0)
		tree_rest(
		    tree, "none: resolverd alone ranks them, and was not asked or has none");
	for (size_t i = 0; i < result->n_pairs; i++) {
		const struct pair *pair = &result->pairs[i];

		tree_row(tree, 2, "%s -> %s", address_print(pair->source, from),
		    address_print(pair->destination, to));
		if (pair->path[0] != '\0')
			tree_rest(tree, "path %s", pair->path);
		flag_rest(tree, pair->flags, ELOC_BACKUP, "backup");
		flag_rest(tree, pair->flags, ELOC_DRAIN, "drain");
		if (pair->rtt_us > 0)
			tree_rest(tree, "rtt %u.%u ms", pair->rtt_us / 1000,
			    pair->rtt_us % 1000 / 100);
		if (pair->why[0] != '\0')
			tree_rest(tree, "%s", pair->why);
	}
}

static void
signature_row(const struct report *r, struct tree *tree, const struct chain_signature *sig)
{
	char text[NAME_TEXT];

	tree_row(tree, 3, "signed by %s", name_print(&sig->signer, text));
	tree_word(tree, sig->good ? TONE_GOOD : TONE_BAD, sig->good ? "good" : "bad");
	tree_rest(tree, "tag %u, algorithm %u", (unsigned)sig->tag, (unsigned)sig->algorithm);
	when_rest(tree, "from", sig->inception, r->now);
	when_rest(tree, "until", sig->expiration, r->now);
	if (sig->why[0] != '\0')
		tree_rest(tree, "%s", sig->why);
}

static void
chain_rows(const struct report *r, struct tree *tree)
{
	const struct chain *chain = r->chain;
	int broken;
	char text[NAME_TEXT];

	if (chain == NULL)
		return;
	broken = chain_broken(chain);
	tree_row(tree, 1, "chain of signatures");
	tree_rest(tree, "as %s has it%s", chain->server, chain->cut ? ", first part only" : "");
	for (size_t i = 0; i < chain->n; i++) {
		const struct chain_link *link = &chain->links[i];

		tree_row(tree, 2, "%s %s", name_print(&link->owner, text), link->type);
		if ((int)i == broken)
			tree_word(tree, TONE_BAD, "breaks here");
		if (link->n_records > 0)
			tree_rest(tree, "%zu record%s, ttl %u", link->n_records,
			    link->n_records == 1 ? "" : "s", (unsigned)link->ttl);
		if (link->what[0] != '\0')
			tree_rest(tree, "%s", link->what);
		for (size_t k = 0; k < link->n_signatures; k++)
			signature_row(r, tree, &link->signatures[k]);
	}
}

/* The last lines: what it comes to, and who says so. */
static void
story_close(const struct report *r, struct page *page)
{
	const struct result *result = r->result;
	int status = outcome_exit(r->input, result);
	bool has_why =
	    result->why[0] != '\0' && strcmp(result->why, error_text(result->error)) != 0;
	size_t n = 0;
	static const char *const escapes[] = {"\033[32m", "\033[33m", "\033[1;31m"};
	const char *escape = escapes[status == EXIT_FOUND      ? 0
				     : status == EXIT_INSECURE ? 1
							       : 2];

	for (size_t i = 0; i < result->n_identities; i++)
		if (result->identities[i].error == 0)
			n += result->identities[i].n_locators;
	page_put(page, "%s%s%s: ", page->color ? escape : "", outcome_word(status),
	    page->color ? "\033[0m" : "");
	if (result->error != 0)
		page_put(page, "%s%s%s\n", error_text(result->error), has_why ? ": " : "",
		    has_why ? result->why : "");
	else if (status != EXIT_FOUND)
		page_put(page, "a reverse name %s\n",
		    status == EXIT_MISMATCH ? "says another identity" : "does not validate");
	else
		page_put(page, "%zu locator%s, for %u s\n", n, n == 1 ? "" : "s",
		    (unsigned)result->lifetime);
	page_put(page, "asked %s, %u ms%s\n", r->by, (unsigned)r->elapsed_ms,
	    result->cached ? ", cached" : "");
	if (r->not_by[0] != '\0')
		page_put(page, "resolverd was not asked: %s\n", r->not_by);
}

void
story_put(const struct report *r, struct page *page)
{
	struct tree *tree = tree_new();
	const struct result *result = r->result;
	size_t index = 0;
	unsigned depth;

	if (tree == NULL) {
		page->failed = true;
		return;
	}
	tree_row(tree, 0, "%s",
	    r->input->kind == INPUT_REFERENCE ? "eid: reference" : r->input->text);
	if (r->input->kind == INPUT_REFERENCE)
		reference_row(r, tree);
	depth = name_row(r, tree);
	for (size_t i = 0; i < result->n_identities; i++) {
		identity_rows(r, tree, depth, &result->identities[i], index);
		index += result->identities[i].n_locators;
	}
	pair_rows(r, tree);
	chain_rows(r, tree);
	tree_draw(tree, page);
	tree_free(tree);
	story_close(r, page);
}

void
brief_put(const struct report *r, struct page *page)
{
	const struct result *result = r->result;
	char text[64];

	page_put(page, "%s", "");
	if (result->error != 0)
		return;
	for (size_t i = 0; i < result->n_identities; i++)
		for (size_t k = 0;
		     result->identities[i].error == 0 && k < result->identities[i].n_locators;
		     k++)
			page_put(page, "%s\n",
			    address_print(
				result->identities[i].locators[k].locator.address, text));
}
