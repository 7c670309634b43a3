/*
 * matrix.c - identity x name x type x verb x policy, held to a table on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/mapd/matrix.h"

#include <stdio.h>
#include <string.h>

#include "tests/mapd/scene.h"

/*
 * The matrix. Kinds: closed; enrolled, to who is (e) and is not (n); open, to who is (p) and is not (o).
 * Whom: the name that he signs for, and with which key.
 */
static const struct {
	const char *word, *name; /* "a", "p": the look-up name of that key's identity */
	int key; /* -1: TSIG */
} actors[] = {
    {"admin", "x", -1}, {"self", "a", KEY_A}, {"digest", "p", KEY_P}, {"impostor", "a", KEY_B},
    {"host", "host", KEY_B}, {"rival", "host", KEY_C}, {"newcomer", "free", KEY_C},
    {"squatter", "static", KEY_C}, {"service", "_x._tcp", KEY_C}, {"top", "@", KEY_C},
    {"star", "*", KEY_C}, {"below", "x.cut", KEY_C},
    {"cousin", "www", KEY_C}, /* whose name is assigned to another */
};

static const struct {
	const char *word, *name;
	const char *has; /* its records: types, or key-KEY */
	const char *assigned;
} owners[] = {
    {"self", "a", "key-a", NULL},
    {"digest", "p", "key-p", NULL},
    {"host", "host", "key-b", NULL},
    {"free", "free", "", NULL},
    {"static", "static", "A", NULL},
    {"service", "_x._tcp", "", NULL},
    {"top", "@", "SOA", NULL},
    {"star", "*", "A", NULL},
    {"below", "x.cut", "A", NULL},
    {"www", "www", "AAAA", "a"},
    {"theirs", "theirs", "A", "other"},
    {"reverse", "1.0.8.ip6.arpa.", "PTR", "a"},
    {"elsewhere", "elsewhere", "", NULL},
};

static const char *const kinds[] = {"closed", "n", "e", "o", "p"};
static const char *const verbs[] = {"add", "record", "rrset", "name"};
static const struct {
	uint16_t type;
	const char *word, *one, *two;
} types[] = {
    {RR_KEY, "KEY", "", ""},
    {RR_ELOC, "ELOC", "10 50 2001:db8::1", "20 50 2001:db8::2"},
    {RR_EPID, "EPID", "10 b.example.", "20 c.example."},
    {RR_A, "A", "192.0.2.7", "192.0.2.8"},
    {RR_AAAA, "AAAA", "2001:db8::7", "2001:db8::8"},
    {RR_PTR, "PTR", "\1x", "\1y"},
    {RR_TXT, "TXT", "\1x", "\1y"},
    {RR_NS, "NS", "\1x", "\1y"},
    {RR_SOA, "SOA", "\1x", "\1y"},
    {RR_CNAME, "CNAME", "\1x", "\1y"},
    {RR_DNAME, "DNAME", "\1x", "\1y"},
    {RR_DS, "DS", "\1x", "\1y"},
    {RR_DNSKEY, "DNSKEY", "\1x", "\1y"},
    {RR_CDS, "CDS", "\1x", "\1y"},
    {RR_RRSIG, "RRSIG", "\1x", "\1y"},
    {RR_NSEC3, "NSEC3", "\1x", "\1y"},
    {RR_ANY, "ANY", "\1x", "\1y"},
};

/*
 * On paper: the first row that is met says which rule decides. NULL is all; "add" is one record more, "record"
 * and "rrset" one or all of a type fewer, "name" nothing left.
 */
static const struct {
	const char *kind, *actor, *owner, *type, *verb, *rule;
} paper[] = {
    {NULL, NULL, NULL, "DNSKEY CDS RRSIG NSEC3 ANY", "add", "type"},
    {NULL, "admin impostor host rival newcomer squatter service top star below cousin",
	"self digest", "KEY", "add", "stray-key"},
    {NULL, "self", "digest", "KEY", "add", "stray-key"},
    {NULL, "digest", "self", "KEY", "add", "stray-key"},
    {NULL, "admin", "star", "ELOC EPID", "add", "unusable"},
    {NULL, "admin", NULL, NULL, NULL, "admin"},
    {"closed", NULL, NULL, NULL, NULL, "closed"},
    {"n", NULL, NULL, NULL, NULL, "enrolled"},
    {NULL, "impostor", NULL, NULL, NULL, "false-key"},
    {NULL, NULL, "top", NULL, NULL, "apex"},
    {NULL, NULL, "star", NULL, NULL, "wildcard"},
    {NULL, NULL, "below", NULL, NULL, "delegation"},
    {NULL, "self", "www", "KEY", "record rrset name", "assigned-name"},
    {NULL, "self", "www", "EPID A AAAA", NULL, "assigned-name"},
    {NULL, "self", "www", NULL, NULL, "kind"},
    {NULL, "self", "reverse", "KEY", "record rrset name", "assigned-reverse"},
    {NULL, "self", "reverse", "EPID PTR", NULL, "assigned-reverse"},
    {NULL, "self", "reverse", NULL, NULL, "kind"},
    {NULL, NULL, "www theirs reverse", NULL, NULL, "assigned"},
    {NULL, "self", "self", "KEY", NULL, "own-mapping"},
    {NULL, "self", "self", "ELOC EPID", NULL, "own-mapping"},
    {NULL, "self", "self", NULL, NULL, "kind"},
    {NULL, "digest", "digest", "KEY ELOC EPID", NULL, "own-mapping"},
    {NULL, "digest", "digest", NULL, NULL, "kind"},
    {"o", "host", "host", "KEY ELOC A AAAA", NULL, "host"},
    {"o", "host", "host", NULL, NULL, "kind"},
    {"e p", "host", "host", "KEY ELOC EPID A AAAA", NULL, "own-mapping"},
    {"e p", "host", "host", NULL, NULL, "kind"},
    {"o", "rival", "host", "KEY ELOC A AAAA", NULL, "held"},
    {"e p", "rival", "host", "KEY ELOC EPID A AAAA", NULL, "held"},
    {NULL, "rival", "host", NULL, NULL, "kind"},
    {"o", "newcomer", "free", "KEY", NULL, "host"},
    {"o", "newcomer", "free", "ELOC A AAAA", "add", "keyless"},
    {"o", "newcomer", "free", "ELOC A AAAA", NULL, "taken"},
    {"o", "newcomer", "free", NULL, NULL, "kind"},
    {"p", "newcomer", "free", "KEY", NULL, "own-mapping"},
    {"p", "newcomer", "free", "ELOC EPID A AAAA", "add", "keyless"},
    {"p", "newcomer", "free", "ELOC EPID A AAAA", NULL, "taken"},
    {"e", "newcomer", "free", "KEY ELOC EPID A AAAA", NULL, "unknown-key"},
    {NULL, "newcomer", "free", NULL, NULL, "kind"},
    {"o", "squatter", "static", "KEY ELOC A AAAA", NULL, "taken"},
    {"p", "squatter", "static", "KEY ELOC EPID A AAAA", NULL, "taken"},
    {"e", "squatter", "static", "KEY ELOC EPID A AAAA", NULL, "unknown-key"},
    {NULL, "squatter", "static", NULL, NULL, "kind"},
    {"o", "service", "service", NULL, NULL, "underscore"},
    {"p", "service", "service", "KEY", NULL, "own-mapping"},
    {"p", "service", "service", "ELOC EPID A AAAA", "add", "keyless"},
    {"p", "service", "service", "ELOC EPID A AAAA", NULL, "taken"},
    {"e", "service", "service", "KEY ELOC EPID A AAAA", NULL, "unknown-key"},
    {NULL, "service", "service", NULL, NULL, "kind"},
    {NULL, NULL, NULL, NULL, NULL, "foreign"},
};

static bool
word_in(const char *word, const char *words)
{
	size_t n = strlen(word);

	for (const char *p = words; p != NULL && *p != '\0';
	     p += strcspn(p, " "), p += *p == ' ')
		if (strcspn(p, " ") == n && memcmp(p, word, n) == 0)
			return true;
	return words == NULL;
}

static const char *
on_paper(const char *kind, const char *who, const char *at, const char *type, const char *verb)
{
	size_t i = 0;

	while (!word_in(kind, paper[i].kind) || !word_in(who, paper[i].actor) ||
	       !word_in(at, paper[i].owner) || !word_in(type, paper[i].type) ||
	       !word_in(verb, paper[i].verb))
		i++;
	return paper[i].rule;
}

static struct name
name_of_word(const char *word)
{
	if (strcmp(word, "a") == 0 || strcmp(word, "p") == 0)
		return name_of_key(*word == 'a' ? KEY_A : KEY_P);
	return strcmp(word, "@") == 0 ? scene.apex : name_of(word);
}

static void
cell_begin(const char *kind, size_t who, size_t at)
{
	const char *has = owners[at].has;
	struct name name;

	begin("x");
	scene.owner = name_of_word(owners[at].name);
	name = name_of_word(actors[who].name);
	act_as(&name, actors[who].key >= 0 ? (unsigned)actors[who].key : KEY_C);
	scene.actor.kind = actors[who].key >= 0 ? ACTOR_KEY : ACTOR_ADMIN;
	policy_defaults(&scene.policy, *kind == 'c'		      ? POLICY_CLOSED
				       : *kind == 'o' || *kind == 'p' ? POLICY_OPEN
								      : POLICY_ENROLLED);
	scene.c.enrolled = *kind == 'e' || *kind == 'p';
	scene.c.cut = strcmp(owners[at].word, "below") == 0;
	if (owners[at].assigned != NULL) {
		name = name_of_word(owners[at].assigned);
		assign(&name);
	}
	if (strncmp(has, "key-", 4) == 0)
		put_key(&scene.before, has[4] == 'p' ? KEY_P : (unsigned)(has[4] - 'a'));
	else if (*has != '\0')
		put_text(&scene.before, (uint16_t)rrtype_scan(has, strlen(has)),
		    has[0] == 'A' ? (has[1] == 'A' ? "2001:db8::99" : "192.0.2.99") : "\1z");
}

/* What the verb makes of the records that are there; a KEY is not put there only to be taken away. */
static void
cell_change(size_t type, const char *verb, unsigned key)
{
	uint16_t code = types[type].type;

	if (*verb != 'a' && code != RR_KEY) {
		put_text(&scene.before, code, types[type].one);
		if (strcmp(verb, "rrset") == 0)
			put_text(&scene.before, code, types[type].two);
	}
	if (strcmp(verb, "name") == 0)
		return;
	for (size_t i = 0; i < scene.before.n; i++)
		if (*verb == 'a' || scene.before.records[i].type != code ||
		    (strcmp(verb, "record") == 0 && code != RR_KEY && i + 1 < scene.before.n))
			scene.after.records[scene.after.n++] = scene.before.records[i];
	if (*verb != 'a')
		return;
	if (code != RR_KEY)
		put_text(&scene.after, code, types[type].one);
	else if (scene.after.n == 0 || scene.after.records[0].type != RR_KEY ||
		 !bytes_equal(scene.after.records[0].rdata, rdata_of_key(key, 512)))
		put_key(&scene.after, key);
}

/* What must hold whatever the paper says. */
static void
cell_is_safe(const struct policy_rule *rule, size_t type, const char *kind)
{
	const struct policy_rule *early = policy_may_touch(&scene.c, types[type].type);

	assert_true(early == NULL || !early->allows);
	if (early != NULL && rule->allows)
		/* nothing was changed: a deletion of what is not there */
		assert_int_equal(scene.before.n,
		    scene.after.n + (types[type].type == RR_KEY && scene.after.n == 0));
	if (!rule->allows || scene.actor.kind == ACTOR_ADMIN)
		return;
	assert_int_not_equal(*kind, 'c');
	assert_int_not_equal(*kind, 'n');
	assert_true(
	    name_equal(&scene.owner, &scene.actor.name) ||
	    (scene.c.assigned != NULL && name_equal(scene.c.assigned, &scene.actor.name)));
	assert_false(name_equal(&scene.owner, &scene.apex));
	assert_false(name_is_wildcard(&scene.owner));
	for (size_t i = 0; i < scene.after.n; i++)
		assert_null(rrtype_refusal(scene.after.records[i].type));
	if (scene.after.n > scene.before.n)
		assert_true(word_in(types[type].word, "KEY ELOC EPID A AAAA PTR"));
}

void
test_matrix(void **state)
{
	unsigned cells = 0;

	(void)state;
	for (size_t k = 0; k < N(kinds); k++)
		for (size_t w = 0; w < N(actors); w++)
			for (size_t o = 0; o < N(owners); o++)
				for (size_t t = 0; t < N(types); t++)
					for (size_t v = 0; v < N(verbs); v++) {
						const struct policy_rule *rule;
						const char *want;

						if (v > 0 &&
						    rrtype_refusal(types[t].type) != NULL)
							continue; /* never there */
						cell_begin(kinds[k], w, o);
						cell_change(t, verbs[v],
						    actors[w].key >= 0 ? (unsigned)actors[w].key
								       : KEY_C);
						rule = judge();
						want = on_paper(kinds[k], actors[w].word,
						    owners[o].word, types[t].word, verbs[v]);
						if (strcmp(rule->name, want) != 0)
							fail_msg("%s %s %s %s %s: %s (%s), on "
								 "paper %s",
							    kinds[k], actors[w].word,
							    owners[o].word, types[t].word,
							    verbs[v], rule->name, scene.text,
							    want);
						cell_is_safe(rule, t, kinds[k]);
						cells++;
					}
	print_message("%u cells\n", cells);
}
