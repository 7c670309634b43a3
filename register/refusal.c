/*
 * refusal.c - a server's "no" in words: rows of refusals.def.
 */
#include "register/refusal.h"

#include <stdio.h>
#include <string.h>

static const struct row {
	unsigned rcode, tsig;
	const char *needle, *what, *todo;
	enum refusal_again again;
} rows[] = {
#define X(rcode, tsig, needle, what, todo, again) {rcode, tsig, needle, what, todo, again},
#include "register/refusals.def"
#undef X
};

static const char *const rcodes[] = {[RCODE_NOERROR] = "NOERROR",
    [RCODE_FORMERR] = "FORMERR",
    [RCODE_SERVFAIL] = "SERVFAIL",
    [RCODE_NXDOMAIN] = "NXDOMAIN",
    [RCODE_NOTIMP] = "NOTIMP",
    [RCODE_REFUSED] = "REFUSED",
    [RCODE_YXDOMAIN] = "YXDOMAIN",
    [RCODE_YXRRSET] = "YXRRSET",
    [RCODE_NXRRSET] = "NXRRSET",
    [RCODE_NOTAUTH] = "NOTAUTH",
    [RCODE_NOTZONE] = "NOTZONE",
    [RCODE_BADVERS] = "BADVERS",
    [RCODE_BADCOOKIE] = "BADCOOKIE"};

static const struct row *
row_find(const struct answer *answer)
{
	static const struct row other = {
	    0, 0, "", "it does not say why", "see the server's log", AGAIN_LATER};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].rcode == answer->rcode &&
		    (rows[i].tsig == 0 || rows[i].tsig == answer->tsig_error) &&
		    strstr(answer->text, rows[i].needle) != NULL)
			return &rows[i];
	return &other;
}

enum refusal_again
refusal_again(const struct answer *answer)
{
	return row_find(answer)->again;
}

const char *
refusal_rcode(unsigned rcode, char text[16])
{
	if (rcode < sizeof rcodes / sizeof rcodes[0] && rcodes[rcode] != NULL)
		return rcodes[rcode];
	snprintf(text, 16, "RCODE%u", rcode);
	return text;
}

char *
refusal_print(const struct answer *answer, const struct name *name, char *text, size_t max)
{
	const struct row *row = row_find(answer);
	char owner[NAME_TEXT], number[16];

	snprintf(text, max, "%s: %s: %s; %s", name_print(name, owner),
	    refusal_rcode(answer->rcode, number),
	    answer->text[0] != '\0' ? answer->text : row->what, row->todo);
	return text;
}

void
refusal_add_names(
    const struct answer *answer, const struct content *content, char *text, size_t max)
{
	size_t at = strlen(text);
	char name[NAME_TEXT];

	if (answer->text[0] != '\0' || answer->rcode != RCODE_REFUSED)
		return;
	for (size_t i = 0; i < content->n_names && at < max; i++)
		at += (size_t)snprintf(text + at, max - at, "%s%s",
		    i == 0 ? "; other names asked for: " : ", ",
		    name_print(&content->names[i], name));
}
