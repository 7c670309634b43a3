/*
 * fuzz_name_text.c - any text as a name, relative and absolute; any octets as an ordered key, base32,
 * base64, a time, a type.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/name.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"

#define TEXT_MAX 1024

static void
name_holds(const struct name *name)
{
	struct name back, parent;
	char text[NAME_TEXT];
	uint8_t at[NAME_LABELS];

	HOLDS(name_from(name_print(name, text), &back) == 0);
	HOLDS(bytes_equal(name_bytes(name), name_bytes(&back)));
	HOLDS(name_offsets(name, at) == name_labels(name) + 1);
	HOLDS(name_compare(name, &back) == 0);
	if (name->n > 1) {
		name_parent(name, 1, &parent);
		HOLDS(name_is_below(name, &parent) && !name_is_below(&parent, name));
		HOLDS(name_compare(&parent, name) < 0);
		HOLDS(name_child(&parent, name->w, &back) == 0 && name_equal(&back, name));
	}
}

/* What is read must be what is written: one text for the same octets, but for upper case. */
static void
digits_hold(int (*read)(const char *, size_t, uint8_t *, size_t),
    int (*put)(char *, size_t, struct bytes), const char *text, size_t n)
{
	uint8_t octets[TEXT_MAX];
	char back[2 * TEXT_MAX + 1];
	int got = n <= TEXT_MAX ? read(text, n, octets, sizeof octets) : -1;

	if (got < 0)
		return;
	HOLDS(put(back, sizeof back, (struct bytes){octets, (size_t)got}) == (int)n);
	HOLDS(put(back, n, (struct bytes){octets, (size_t)got}) == -MAP_ESPACE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct name origin = {.n = 9, .w = "\7example"};
	const char *text = (const char *)data;
	struct name name;
	uint64_t value;
	char printed[32];

	if (name_scan(text, n, NULL, &name) == 0)
		name_holds(&name);
	if (name_scan(text, n, &origin, &name) == 0)
		name_holds(&name);
	if (name_from_key((struct bytes){data, n}, &name) == 0) {
		uint8_t key[NAME_KEY];

		HOLDS(bytes_equal(
		    (struct bytes){key, name_key(&name, key)}, (struct bytes){data, n}));
	}
	digits_hold(text_hex_read, text_hex_put, text, n);
	digits_hold(text_base32_read, text_base32_put, text, n);
	digits_hold(text_base32hex_read, text_base32hex_put, text, n);
	digits_hold(text_base64_read, text_base64_put, text, n);
	digits_hold(text_base64url_read, text_base64url_put, text, n);
	if (text_time_read(text, n, &value) >= 0) {
		HOLDS(text_time_put(printed, sizeof printed, value) == 14);
		HOLDS(memcmp(printed, text, 14) == 0);
	}
	if (text_decimal_read(text, n, UINT64_MAX, &value) == 0) {
		HOLDS(snprintf(printed, sizeof printed, "%llu", (unsigned long long)value) ==
		      (int)n);
		HOLDS(memcmp(printed, text, n) == 0);
	}
	if (rrtype_scan(text, n) >= 0) {
		rrtype_print((uint16_t)rrtype_scan(text, n), printed);
		HOLDS(rrtype_scan(printed, strlen(printed)) == rrtype_scan(text, n));
	}
	return 0;
}
