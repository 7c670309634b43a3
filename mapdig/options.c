/*
 * options.c - the command line as rows of options.def; knows nothing of what they do.
 */
#include "mapdig/options.h"

#include <string.h>

#include "core/sys/conf.h"
#include "core/sys/option.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

/* Takes the argument; NULL, or what was expected instead. */
typedef const char *option_fn(struct options *o, const char *argument);

static bool
list_put(struct option_list *list, const char *word)
{
	if (list->n == OPTION_LIST)
		return false;
	list->words[list->n++] = word;
	return true;
}

static bool
port_read(const char *text, uint16_t *port)
{
	uint64_t value;

	if (text_decimal_read(text, strlen(text), 65535, &value) < 0 || value == 0)
		return false;
	*port = (uint16_t)value;
	return true;
}

static const char *
option_port(struct options *o, const char *argument)
{
	return port_read(argument, &o->port) ? NULL : "a port, 1 to 65535";
}

static const char *
option_anchor(struct options *o, const char *argument)
{
	if (option_path_refusal(argument) != NULL)
		return "the path of a file";
	return list_put(&o->anchors, argument) ? NULL : "at most 8 of them";
}

static const char *
option_socket(struct options *o, const char *argument)
{
	o->socket = argument;
	return argument[0] != '\0' && strlen(argument) <= SOCK_PATH
		   ? NULL
		   : "a path of at most 107 characters";
}

static const char *
option_realms(struct options *o, const char *argument)
{
	o->realms = argument;
	return option_path_refusal(argument) == NULL ? NULL : "the path of a file";
}

static const char *
option_help(struct options *o, const char *argument)
{
	(void)argument;
	o->help = true;
	return NULL;
}

static const char *
option_version(struct options *o, const char *argument)
{
	(void)argument;
	o->version = true;
	return NULL;
}

static const char *
option_probe(struct options *o, const char *argument)
{
	return port_read(argument, &o->probe) ? NULL : "a port, 1 to 65535";
}

static const char *
option_timeout(struct options *o, const char *argument)
{
	uint64_t seconds;

	/* dig's bare seconds, or a time as configuration files have it. */
	if (text_decimal_read(argument, strlen(argument), 3600, &seconds) >= 0)
		o->timeout_ms = seconds * 1000;
	else if (conf_time(argument, &o->timeout_ms) != 0)
		o->timeout_ms = 0;
	return o->timeout_ms > 0 && o->timeout_ms <= 3600 * 1000
		   ? NULL
		   : "seconds up to 3600, or 300ms";
}

static const char *
option_from(struct options *o, const char *argument)
{
	o->pairs = true;
	return eid_scan(argument, strlen(argument), false, &o->from) == 0
		   ? NULL
		   : "an identity or a name of this host";
}

static const char *
option_class(struct options *o, const char *argument)
{
	o->pairs = true;
	return class_from(argument, &o->wishes.class) == 0 ? NULL
							   : "any, interactive, bulk or cheap";
}

static const char *
wish_put(struct options *o, struct path_list *list, const char *argument)
{
	o->pairs = true;
	return path_list_put(list, argument) == 0
		   ? NULL
		   : "a path's name of 1 to 32 of A-Z a-z 0-9 . _ -, at most 8 of them";
}

static const char *
option_prefer(struct options *o, const char *argument)
{
	return wish_put(o, &o->wishes.prefer, argument);
}

static const char *
option_avoid(struct options *o, const char *argument)
{
	return wish_put(o, &o->wishes.avoid, argument);
}

struct letter_row {
	char letter;
	const char *argument;
	option_fn *fn;
	const char *text;
};

struct word_row {
	const char *word;
	size_t member;
	const char *text;
};

struct value_row {
	const char *word;
	const char *argument;
	option_fn *fn;
	const char *text;
};

#define LETTER(letter, argument, fn, text) {letter, argument, fn, text},
#define WORD(word, member, value, text)
#define VALUE(word, argument, fn, text)
static const struct letter_row letter_rows[] = {
#include "mapdig/options.def"
};
#undef LETTER
#undef WORD
#define LETTER(letter, argument, fn, text)
#define WORD(word, member, value, text) {word, offsetof(struct options, member), text},
static const struct word_row word_rows[] = {
#include "mapdig/options.def"
};
#undef WORD
#undef VALUE
#define WORD(word, member, value, text)
#define VALUE(word, argument, fn, text) {word, argument, fn, text},
static const struct value_row value_rows[] = {
#include "mapdig/options.def"
};
#undef WORD
#undef VALUE

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static void
options_defaults(struct options *o, bool color_default)
{
	memset(o, 0, sizeof *o);
	o->port = 53;
#define WORD(word, member, value, text) o->member = (value);
#define VALUE(word, argument, fn, text)
#include "mapdig/options.def"
#undef WORD
#undef VALUE
#undef LETTER
}

static int
options_fail(char *why, size_t max, const char *word, const char *cause)
{
	char text[OPTION_TEXT];

	snprintf(why, max, "%s: %s", option_short(word, text), cause);
	return -MAP_EUSAGE;
}

/* What a function said was expected instead of the argument; before is what stands before that. */
static int
options_refuse(
    char *why, size_t max, const char *before, const char *argument, const char *expected)
{
	char text[OPTION_TEXT];

	snprintf(why, max, "%s%s: not usable; expected %s", before,
	    option_short(argument, text), expected);
	return -MAP_EUSAGE;
}

static bool *
options_member(struct options *o, const struct word_row *row)
{
	return (bool *)(void *)((char *)o + row->member);
}

/* A word of n characters that is set and cleared, and has no value. */
static bool
options_is_word(const char *word, size_t n, bool no)
{
	for (size_t i = 0; i < COUNT(word_rows); i++) {
		size_t length = strlen(word_rows[i].word);

		if ((length == n && memcmp(word, word_rows[i].word, n) == 0) ||
		    (no && length + 2 == n && memcmp(word + 2, word_rows[i].word, length) == 0))
			return true;
	}
	return false;
}

/* "+word", "+noword", "+word=value". */
static int
options_plus(struct options *o, const char *text, char *why, size_t max)
{
	const char *word = text + 1;
	size_t n = strcspn(word, "=");
	bool no = strncmp(word, "no", 2) == 0;
	char cause[80];

	for (size_t i = 0; i < COUNT(word_rows) && word[n] == '\0'; i++) {
		const struct word_row *row = &word_rows[i];

		if (strcmp(word, row->word) == 0 || (no && strcmp(word + 2, row->word) == 0)) {
			*options_member(o, row) = strcmp(word, row->word) == 0;
			return 0;
		}
	}
	for (size_t i = 0; i < COUNT(value_rows); i++) {
		const struct value_row *row = &value_rows[i];
		const char *expected;

		if (strlen(row->word) != n || strncmp(word, row->word, n) != 0)
			continue;
		if (word[n] == '\0') {
			snprintf(cause, sizeof cause, "its value is missing; expected +%s=%s",
			    row->word, row->argument);
			return options_fail(why, max, text, cause);
		}
		expected = row->fn(o, word + n + 1);
		return expected == NULL ? 0 : options_refuse(why, max, "", text, expected);
	}
	return options_fail(why, max, text,
	    options_is_word(word, n, no) ? "takes no value"
					 : "not a known option; mapdig -h lists them");
}

/* "-x", "-x ARG" or "-xARG"; *at is moved past what was used. */
static int
options_letter(struct options *o, int argc, char *const *argv, int *at, char *why, size_t max)
{
	const char *text = argv[*at];
	const char *argument = text + 2;
	char cause[80], before[8];

	for (size_t i = 0; i < COUNT(letter_rows); i++) {
		const struct letter_row *row = &letter_rows[i];
		const char *expected;

		if (text[1] != row->letter || (row->argument == NULL && *argument != '\0'))
			continue;
		if (row->argument != NULL && *argument == '\0') {
			if (*at + 1 >= argc) {
				snprintf(cause, sizeof cause,
				    "its value is missing; expected -%c %s", row->letter,
				    row->argument);
				return options_fail(why, max, text, cause);
			}
			argument = argv[++*at];
		}
		expected = row->fn(o, argument);
		if (expected == NULL)
			return 0;
		snprintf(before, sizeof before, "-%c ", row->letter);
		return options_refuse(why, max, before, argument, expected);
	}
	return options_fail(why, max, text, "not a known option; mapdig -h lists them");
}

static int
options_server(struct options *o, const char *text, char *why, size_t max)
{
	if (text[1] == '\0')
		return options_fail(
		    why, max, text, "its address is missing; expected @ADDRESS, and -p PORT");
	return list_put(&o->servers, text + 1)
		   ? 0
		   : options_fail(why, max, text, "the 9th server; expected at most 8");
}

int
options_parse(
    int argc, char *const *argv, bool color_default, struct options *out, char *why, size_t max)
{
	int error = 0;

	options_defaults(out, color_default);
	for (int i = 1; i < argc && error == 0; i++) {
		const char *text = argv[i];

		if (text[0] == '+')
			error = options_plus(out, text, why, max);
		else if (text[0] == '-' && text[1] != '\0')
			error = options_letter(out, argc, argv, &i, why, max);
		else if (text[0] == '@')
			error = options_server(out, text, why, max);
		else if (out->input != NULL)
			error = options_fail(why, max, text, "a second input; expected one");
		else
			out->input = text;
	}
	if (error != 0 || out->help || out->version)
		return error;
	if (out->input == NULL)
		return options_fail(why, max, "INPUT",
		    "missing; expected a name, an identity, an address or an eid: reference");
	if (out->legacy && out->proof)
		return options_fail(
		    why, max, "+legacy", "excludes +proof; expected one of them");
	return 0;
}

void
options_help(FILE *to)
{
	fputs("usage: mapdig [@SERVER] [-x ...] [+word ...] INPUT\n"
	      "INPUT is a name, an identity, a locator (an address), or an eid: reference.\n\n"
	      "  @SERVER          ask this server and validate here, not through resolverd\n",
	    to);
	for (size_t i = 0; i < COUNT(letter_rows); i++)
		fprintf(to, "  -%c %-13s %s\n", letter_rows[i].letter,
		    letter_rows[i].argument != NULL ? letter_rows[i].argument : "",
		    letter_rows[i].text);
	for (size_t i = 0; i < COUNT(word_rows); i++)
		fprintf(to, "  +[no]%-11s %s\n", word_rows[i].word, word_rows[i].text);
	for (size_t i = 0; i < COUNT(value_rows); i++)
		fprintf(to, "  +%s=%-*s %s\n", value_rows[i].word,
		    (int)(14 - strlen(value_rows[i].word)), value_rows[i].argument,
		    value_rows[i].text);
	fputs("\nexit: 0 found and as good as asked, 1 usage, 2 found but insecure, 3 does not "
	      "exist,\n"
	      "4 no locators, 5 bogus, 6 mismatch, 7 server error, 9 no reply, 10 internal "
	      "error\n",
	    to);
}
