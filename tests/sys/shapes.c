/*
 * shapes.c - each key with each wrong shape is refused with its line, itself, and what was expected.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sys/shapes.h"

static const char *const single_shapes[] = {
    "\n", " ~\n", " [a]\n", " {a: b}\n", " ''\n", " L\n", " \"a\\0b\"\n", NULL};
static const char *const list_shapes[] = {
    " a\n", " {a: {b: c}}\n", " [[a]]\n", " [{a: b}]\n", " ['']\n", " [~]\n", " [L]\n", NULL};

/* A file of a comment, and key with shape, in which L is longer than any value may be. */
static void
shape_check(const char *key, const char *shape, shapes_fn *must_refuse)
{
	char text[4096], where[64], message[CONF_MESSAGE] = "";
	const char *at = strchr(shape, 'L');

	if (at == NULL)
		snprintf(text, sizeof(text), "#\n%s:%s", key, shape);
	else
		snprintf(text, sizeof(text), "#\n%s:%.*s9%02000d%s", key, (int)(at - shape),
		    shape, 0, at + 1);
	must_refuse(text, message);
	snprintf(where, sizeof(where), ":2: %s", key);
	if (strstr(message, where) == NULL || strstr(message, "; expected ") == NULL)
		fail_msg("%s gives: %s", text, message);
}

void
shapes_check(const char *const *singles, const char *const *lists, shapes_fn *must_refuse)
{
	for (; *singles != NULL; singles++)
		for (size_t i = 0; single_shapes[i] != NULL; i++)
			shape_check(*singles, single_shapes[i], must_refuse);
	for (; *lists != NULL; lists++)
		for (size_t i = 0; list_shapes[i] != NULL; i++)
			shape_check(*lists, list_shapes[i], must_refuse);
}
