/*
 * wishes.c - wishes as values and as octets: u8 class | two lists, each u8 count, then u8 length and path.
 */
#include "core/wire/wishes.h"

#include <string.h>

#include "core/wire/errors.h"

struct class_row {
	const char *word;
	bool rtt_first;
};

static const struct class_row class_rows[SESSION_CLASSES] = {
#define X(name, number, word, rtt_first) [name] = {word, rtt_first},
#include "core/wire/classes.def"
#undef X
};

const char *
class_word(enum session_class of)
{
	return class_rows[of].word;
}

int
class_from(const char *word, enum session_class *out)
{
	for (unsigned i = 0; i < SESSION_CLASSES; i++)
		if (strcmp(class_rows[i].word, word) == 0) {
			*out = (enum session_class)i;
			return 0;
		}
	return -MAP_EUNKNOWN;
}

bool
class_is_quick(enum session_class of)
{
	return class_rows[of].rtt_first;
}

bool
path_list_has(const struct path_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->paths[i], path) == 0)
			return true;
	return false;
}

int
path_list_put(struct path_list *list, const char *path)
{
	size_t n = strlen(path);

	if (!path_is_valid((struct bytes){(const uint8_t *)path, n}))
		return -MAP_ETEXT;
	if (path_list_has(list, path))
		return 0;
	if (list->n == WISHES_PATHS)
		return -MAP_ESPACE;
	memcpy(list->paths[list->n++], path, n + 1);
	return 0;
}

static void
path_list_write(struct wr *wr, const struct path_list *list)
{
	wr_u8(wr, (uint8_t)list->n);
	for (size_t i = 0; i < list->n; i++) {
		size_t n = strlen(list->paths[i]);

		wr_u8(wr, (uint8_t)n);
		wr_copy(wr, list->paths[i], n);
	}
}

static void
path_list_read(struct rd *rd, struct path_list *list)
{
	size_t n = rd_u8(rd);

	list->n = 0;
	if (n > WISHES_PATHS)
		rd_fail(rd, -MAP_EFORMAT);
	for (size_t i = 0; i < n && rd->error == 0; i++) {
		struct bytes path = rd_bytes(rd, rd_u8(rd));
		char text[PATH_MAX_TEXT] = "";

		if (rd->error != 0)
			return;
		if (path_is_valid(path))
			memcpy(text, path.p, path.n);
		if (path_list_put(list, text) != 0 || list->n != i + 1)
			rd_fail(rd, -MAP_EFORMAT);
	}
}

void
wishes_put(struct wr *wr, const struct wishes *wishes)
{
	wr_u8(wr, (uint8_t)wishes->class);
	path_list_write(wr, &wishes->prefer);
	path_list_write(wr, &wishes->avoid);
}

void
wishes_read(struct rd *rd, struct wishes *out)
{
	uint8_t class = rd_u8(rd);

	if (class >= SESSION_CLASSES) {
		rd_fail(rd, -MAP_EFORMAT);
		class = SESSION_ANY;
	}
	out->class = (enum session_class) class;
	path_list_read(rd, &out->prefer);
	path_list_read(rd, &out->avoid);
}
