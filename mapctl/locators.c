/*
 * locators.c - locators of the command line, as ELOC's text has them.
 */
#include "mapctl/locators.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/option.h"
#include "core/wire/rrtype.h"

#define WORDS 16

/* What is wrong with the value of --locator or --via. */
static enum status
locator_fail(const struct mapctl *m, const char *option, const char *text, const char *why)
{
	char begins[OPTION_TEXT];

	return usage(m, "--%s %s: %s", option, option_short(text, begins), why);
}

/* Preference 10 and weight 50 where it begins with the locator. */
static enum status
locator_add(const struct mapctl *m, struct locators *k, const char *option, const char *prefix,
    const char *text)
{
	char copy[512], *words[WORDS], *rest = NULL;
	struct wr wr = wr_init(k->octets[k->n], sizeof k->octets[0]);
	const char *why = NULL;
	size_t n = 0;
	int length;

	if (k->n == MAPPING_SET - 1)
		return locator_fail(m, option, text, "the 16th; at most 15 can be given");
	length = snprintf(copy, sizeof copy, "%s%s%s",
	    strspn(text, "0123456789") == strcspn(text, " ") && *text != '\0' ? "" : "10 50 ",
	    prefix, text);
	if (length < 0 || (size_t)length >= sizeof copy)
		return locator_fail(m, option, text, "longer than any locator");
	for (char *p = strtok_r(copy, " ", &rest); p != NULL && n < WORDS;
	     p = strtok_r(NULL, " ", &rest))
		words[n++] = p;
	if (eloc_scan(words, n, &name_root, &wr, &why) != 0)
		return locator_fail(m, option, text, why);
	k->given[k->n].option = option;
	k->given[k->n].text = text;
	k->rdata[k->n++] = wr_done(&wr);
	return STATUS_DONE;
}

enum status
locators_option(const struct mapctl *m, struct locators *locators, int option, const char *text)
{
	return option == 'v' ? locator_add(m, locators, "via", "via:", text)
			     : locator_add(m, locators, "locator", "", text);
}

enum status
locators_check(const struct mapctl *m, const struct locators *k, const struct allocation *by)
{
	size_t at;
	const char *why = mapping_refusal_at(
	    RR_ELOC, k->rdata, k->n, true, &by->realm, by->has_realm ? 1 : 0, &at);

	return why == NULL ? STATUS_DONE
			   : locator_fail(m, k->given[at].option, k->given[at].text, why);
}
