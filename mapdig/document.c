/*
 * document.c - a look-up as JSON: one object, members in a fixed order, "version" first.
 * A member may be added under the same version; none changes its meaning.
 */
#include "mapdig/report.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/wire/errors.h"

#define DOCUMENT_VERSION 1

/* Text that came from outside may be no UTF-8: its ASCII then. */
static json_t *
text_json(const char *text)
{
	json_t *value = json_string(text);
	char ascii[512];
	size_t n = 0;

	if (value != NULL)
		return value;
	for (; *text != '\0' && n + 1 < sizeof ascii; text++)
		ascii[n++] = *text > 0 ? *text : '?';
	ascii[n] = '\0';
	return json_string(ascii);
}

static json_t *
word_or_null(const char *word)
{
	return word[0] != '\0' ? text_json(word) : json_null();
}

static json_t *
name_json(const struct name *name)
{
	char text[NAME_TEXT];

	return name->n > 0 ? json_string(name_print(name, text)) : json_null();
}

static json_t *
eid_json(const struct eid *id)
{
	char text[EID_TEXT];

	return id->form != EID_NONE ? json_string(eid_print(id, text)) : json_null();
}

static json_t *
error_json(int error, const char *why)
{
	if (error == 0)
		return json_null();
	return json_pack("{s:s, s:s, s:o}", "name", error_name(error), "text",
	    error_text(error), "why", word_or_null(why));
}

static json_t *
edge_json(const struct edge *edge)
{
	return json_pack("{s:s, s:b, s:I, s:o}", "verdict", verdict_word(edge->dnssec),
	    "denied", edge->denied, "ttl", (json_int_t)edge->ttl, "why",
	    word_or_null(edge->why));
}

struct bit_row {
	uint32_t bit;
	const char *word;
};

static json_t *
bits_json(uint32_t bits, const struct bit_row *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (bits & rows[i].bit)
			json_array_append_new(list, json_string(rows[i].word));
	return list;
}

static const struct bit_row epid_bits[] = {
    {EPID_TEMPORARY, "temporary"}, {EPID_SUCCESSOR, "successor"}};
static const struct bit_row eloc_bits[] = {
    {ELOC_HOME, "home"}, {ELOC_BACKUP, "backup"}, {ELOC_DRAIN, "drain"}};
static const struct bit_row capability_bits[] = {
    {CAP_MPTCP, "mptcp"}, {CAP_TLS, "tls"}, {CAP_SHIM, "shim"}};

static json_t *
probe_json(const struct report *r, const struct probe *probe)
{
	return json_pack("{s:i, s:b, s:o, s:I, s:b}", "port", r->probe_port, "connected",
	    probe->error == 0, "why",
	    word_or_null(probe->error != 0 ? strerror(probe->error) : ""), "microseconds",
	    (json_int_t)probe->us, "mptcp", probe->multipath);
}

static json_t *
locator_json(const struct report *r, const struct found_identity *id, size_t i, size_t index)
{
	const struct found_locator *found = &id->locators[i];
	const struct locator *l = &found->locator;
	bool is_composed = l->composed > 0 && l->composed <= id->n_sets;
	char text[64];
	json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:i, s:o, s:s, s:o}",
	    "address", address_print(l->address, text), "verdict", verdict_word(found->trust),
	    "preference", l->preference, "weight", l->weight, "flags",
	    bits_json(l->flags, eloc_bits, 3), "path", word_or_null(l->path), "capabilities",
	    bits_json(l->capabilities, capability_bits, 3), "probe_port", l->probe, "set",
	    is_composed ? name_json(&id->sets[l->composed - 1].name) : json_null(), "reverse",
	    verdict_word(found->reverse), "claimed", eid_json(&found->claimed));

	if (r->probes != NULL)
		json_object_set_new(o, "probe", probe_json(r, &r->probes[index]));
	return o;
}

static json_t *
proof_json(const struct found_identity *id)
{
	if (id->proof == VERDICT_NONE)
		return json_null();
	return json_pack("{s:s, s:I, s:I}", "verdict", verdict_word(id->proof), "serial",
	    (json_int_t)id->serial, "expiry", (json_int_t)id->proof_expiry);
}

static json_t *
identity_json(const struct report *r, const struct found_identity *id, size_t index)
{
	static const char *const forms[] = {"none", "address", "key", "name"};
	json_t *sets = json_array();
	json_t *locators = json_array();

	for (size_t i = 0; i < id->n_sets && i < MAPPING_SETS; i++)
		json_array_append_new(
		    sets, json_pack("{s:o, s:o}", "name", name_json(&id->sets[i].name), "edge",
			      edge_json(&id->sets[i].edge)));
	for (size_t i = 0; i < id->n_locators; i++)
		json_array_append_new(locators, locator_json(r, id, i, index + i));
	return json_pack("{s:o, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "identity",
	    eid_json(&id->id), "form", forms[id->id.form], "preference", id->preference,
	    "flags", bits_json(id->flags, epid_bits, 2), "owner", name_json(&id->owner),
	    "error", error_json(id->error, ""), "mapping", edge_json(&id->mapping), "proof",
	    proof_json(id), "sets", sets, "locators", locators);
}

static json_t *
pairs_json(const struct result *result)
{
	json_t *list = json_array();
	char from[64];
	char to[64];

	for (size_t i = 0; i < result->n_pairs; i++) {
		const struct pair *p = &result->pairs[i];

		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:i, s:o, s:o, s:I, s:o}", "source",
			      address_print(p->source, from), "destination",
			      address_print(p->destination, to), "identity", p->identity,
			      "flags", bits_json(p->flags, eloc_bits, 3), "path",
			      word_or_null(p->path), "rtt_microseconds", (json_int_t)p->rtt_us,
			      "why", word_or_null(p->why)));
	}
	return list;
}

static json_t *
signature_json(const struct chain_signature *sig)
{
	return json_pack("{s:o, s:i, s:i, s:I, s:I, s:b, s:o}", "signer",
	    name_json(&sig->signer), "tag", sig->tag, "algorithm", sig->algorithm, "inception",
	    (json_int_t)sig->inception, "expiration", (json_int_t)sig->expiration, "good",
	    sig->good, "why", word_or_null(sig->why));
}

static json_t *
chain_json(const struct chain *chain)
{
	json_t *links = json_array();
	int broken = chain_broken(chain);

	for (size_t i = 0; i < chain->n; i++) {
		const struct chain_link *link = &chain->links[i];
		json_t *signatures = json_array();

		for (size_t k = 0; k < link->n_signatures; k++)
			json_array_append_new(signatures, signature_json(&link->signatures[k]));
		json_array_append_new(
		    links, json_pack("{s:o, s:s, s:I, s:I, s:o, s:b, s:o}", "owner",
			       name_json(&link->owner), "type", link->type, "records",
			       (json_int_t)link->n_records, "ttl", (json_int_t)link->ttl,
			       "what", word_or_null(link->what), "broken", (int)i == broken,
			       "signatures", signatures));
	}
	return json_pack(
	    "{s:s, s:b, s:o}", "server", chain->server, "cut", chain->cut, "links", links);
}

static json_t *
input_json(const struct report *r)
{
	const struct reference *ref = &r->input->reference;
	json_t *o = json_pack("{s:o, s:s}", "text", text_json(r->input->text), "kind",
	    input_kind_word(r->input->kind));

	if (r->input->kind != INPUT_REFERENCE)
		return o;
	json_object_set_new(o, "identity", eid_json(&ref->id));
	json_object_set_new(o, "port", json_integer(ref->port));
	json_object_set_new(o, "signed_by", ref->is_signed ? eid_json(&ref->by) : json_null());
	json_object_set_new(o, "expiry", json_integer((json_int_t)ref->exp));
	return o;
}

/* Takes the object over. */
static void
page_put_json(struct page *page, json_t *object)
{
	char *text = object != NULL ? json_dumps(object, JSON_INDENT(2)) : NULL;

	if (text != NULL)
		page_put(page, "%s\n", text);
	else
		page->failed = true;
	free(text);
	json_decref(object);
}

void
document_put(const struct report *r, struct page *page)
{
	static const char *const kinds[] = {"none", "epid", "own-name", "legacy", "identity"};
	const struct result *result = r->result;
	int status = outcome_exit(r->input, result);
	json_t *identities = json_array();
	size_t index = 0;
	json_t *name = json_null();
	json_t *o;

	for (size_t i = 0; i < result->n_identities; i++) {
		json_array_append_new(
		    identities, identity_json(r, &result->identities[i], index));
		index += result->identities[i].n_locators;
	}
	if (result->asked.n > 0) {
		name = edge_json(&result->name);
		json_object_set_new(name, "name", name_json(&result->asked));
	}
	o = json_pack("{s:i, s:o, s:{s:s, s:o, s:I, s:b}, s:i, s:s, s:o, s:s, s:I, s:o, s:o}",
	    "version", DOCUMENT_VERSION, "input", input_json(r), "asked", "by", r->by, "not_by",
	    word_or_null(r->not_by), "milliseconds", (json_int_t)r->elapsed_ms, "cached",
	    result->cached, "exit", status, "outcome", outcome_word(status), "error",
	    error_json(result->error, result->why), "kind", kinds[result->kind], "lifetime",
	    (json_int_t)result->lifetime, "name", name, "identities", identities);
	if (r->show_pairs)
		json_object_set_new(o, "pairs", pairs_json(result));
	if (r->chain != NULL)
		json_object_set_new(o, "chain", chain_json(r->chain));
	page_put_json(page, o);
}

void
document_put_error(const char *input, int error, const char *why, struct page *page)
{
	int status = outcome_exit_of(error);

	page_put_json(page,
	    json_pack("{s:i, s:{s:o}, s:i, s:s, s:o}", "version", DOCUMENT_VERSION, "input",
		"text", input != NULL ? text_json(input) : json_null(), "exit", status,
		"outcome", outcome_word(status), "error", error_json(error, why)));
}
