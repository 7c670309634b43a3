/*
 * rules.c - what the rules say of one zone, and what of it is not in force.
 * Knows no file and no store.
 */
#include "mapd/rules.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"

struct word {
	const char *text;
	uint8_t value;
};

#define ROW(text, value) {text, value},
static const struct word denials[] = {RULES_DENIALS(ROW)};
static const struct word algorithms[] = {RULES_ALGORITHMS(ROW)};
#undef ROW

static int
rule_compare(const void *a, const void *b)
{
	const struct zone_rule *x = a, *y = b;

	return name_compare(&x->apex, &y->apex);
}

void
rules_sort(struct zone_rule *zones, size_t n)
{
	if (n > 0)
		qsort(zones, n, sizeof *zones, rule_compare);
}

const struct zone_rule *
rules_find(const struct rules *rules, const struct name *apex)
{
	size_t low = 0, high = rules->n_zones;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = name_compare(&rules->zones[middle].apex, apex);

		if (order == 0)
			return &rules->zones[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

uint8_t
rules_denial(const struct rules *rules, const struct name *apex)
{
	const struct zone_rule *rule = rules_find(rules, apex);

	if (rule != NULL && rule->denial != 0)
		return rule->denial;
	/* Protocol 2: nibble trees can be walked whatever the chain, so they get the cheaper one. */
	return eid_is_reverse(apex) ? DENIAL_NSEC : DENIAL_NSEC3;
}

uint8_t
rules_algorithm(const struct rules *rules, const struct name *apex)
{
	const struct zone_rule *rule = rules_find(rules, apex);

	return rule != NULL && rule->algorithm != 0 ? rule->algorithm : ALGORITHM_ECDSAP256;
}

bool
rules_split(const struct rules *rules, const struct name *apex)
{
	const struct zone_rule *rule = rules_find(rules, apex);

	return rule != NULL && rule->split;
}

bool
rules_have_lifetime(const struct rules *rules, const struct name *apex)
{
	const struct zone_rule *rule = rules_find(rules, apex);

	return rule != NULL && (rule->ksk_lifetime != 0 || rule->zsk_lifetime != 0);
}

uint32_t
rules_propagation(const struct rules *rules, const struct name *apex)
{
	const struct zone_rule *rule = rules_find(rules, apex);

	return rule != NULL && rule->propagation != UINT32_MAX ? rule->propagation
							       : RULES_PROPAGATION;
}

const struct policy *
rules_policy(const struct rules *rules, const struct name *apex)
{
	const struct zone_rule *rule = rules_find(rules, apex);

	return rule != NULL ? &rule->policy : &policy_usual[POLICY_CLOSED];
}

static const char *
word_find(const struct word *words, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (words[i].value == value)
			return words[i].text;
	return "?";
}

const char *
rules_denial_word(uint8_t denial)
{
	return word_find(denials, sizeof denials / sizeof denials[0], denial);
}

const char *
rules_algorithm_word(uint8_t algorithm)
{
	return word_find(algorithms, sizeof algorithms / sizeof algorithms[0], algorithm);
}

uint8_t
rules_algorithm_from(const char *word)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (strcmp(algorithms[i].text, word) == 0)
			return algorithms[i].value;
	return 0;
}

void
rules_compare(const struct rules *rules, const struct zone *zone, bool split)
{
	const struct zone_rule *rule = rules_find(rules, &zone->apex);
	uint8_t denial = rules_denial(rules, &zone->apex);
	char text[NAME_TEXT];

	name_print(&zone->apex, text);
	if (denial != zone->denial)
		diag_warn(
		    "zone %s: denial is %s, %s %s: mapctl key roll %s denial changes it, and"
		    " so does the next load that changes much",
		    text, rules_denial_word(zone->denial), rules_denial_word(denial),
		    rule != NULL && rule->denial != 0 ? "is configured" : "is the default",
		    text);
	/* Without a word on it there is nothing that was asked for in vain. */
	if (rule != NULL && rule->algorithm != 0 && rule->algorithm != zone->algorithm)
		diag_warn("zone %s: algorithm is %s, %s is configured: mapctl key roll %s"
			  " algorithm changes it",
		    text, rules_algorithm_word(zone->algorithm),
		    rules_algorithm_word(rule->algorithm), text);
	if (rule != NULL && rule->split != split)
		diag_warn("zone %s: keys are %s, %s is configured: mapctl key roll %s keys"
			  " changes it",
		    text, split ? "split" : "combined", rule->split ? "split" : "combined",
		    text);
}
