/*
 * page.c - text that grows, and rows drawn as a tree with aligned columns.
 */
#include "mapdig/page.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TREE_DEPTH 8 /* more is drawn as this */
#define TREE_WIDTH 58 /* widest first column that others are aligned with */
#define TREE_INDENT 3

struct tree_line {
	unsigned depth;
	enum tone tone;
	char *label;
	char *word;
	char *rest;
};

struct tree {
	struct tree_line *lines;
	size_t n;
	size_t size;
	bool failed;
};

static const char *const tone_escapes[] = {"", "\033[32m", "\033[33m", "\033[1;31m"};

static bool
page_reserve(struct page *page, size_t more)
{
	size_t size = page->size > 0 ? page->size : 1024;
	char *text;

	if (page->failed)
		return false;
	while (size - page->n <= more)
		size *= 2;
	if (size == page->size)
		return true;
	text = realloc(page->text, size);
	if (text == NULL) {
		free(page->text);
		page->text = NULL;
		page->failed = true;
		return false;
	}
	page->text = text;
	page->size = size;
	return true;
}

void
page_put(struct page *page, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0 || !page_reserve(page, (size_t)n))
		return;
	va_start(args, format);
	vsnprintf(page->text + page->n, page->size - page->n, format, args);
	va_end(args);
	page->n += (size_t)n;
}

struct tree *
tree_new(void)
{
	return calloc(1, sizeof(struct tree));
}

void
tree_free(struct tree *tree)
{
	if (tree == NULL)
		return;
	for (size_t i = 0; i < tree->n; i++) {
		free(tree->lines[i].label);
		free(tree->lines[i].word);
		free(tree->lines[i].rest);
	}
	free(tree->lines);
	free(tree);
}

/* Appends text to a cell, after ", " if there is something before. */
__attribute__((format(printf, 3, 0))) static void
cell_put(struct tree *tree, char **cell, const char *format, va_list args)
{
	char *part = NULL;
	char *whole = NULL;

	if (vasprintf(&part, format, args) < 0) {
		tree->failed = true;
		return;
	}
	/* What comes from outside must not steer the terminal. */
	for (char *p = part; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (*cell == NULL) {
		*cell = part;
		return;
	}
	if (asprintf(&whole, "%s, %s", *cell, part) < 0) {
		tree->failed = true;
		whole = NULL;
	}
	free(part);
	free(*cell);
	*cell = whole;
}

void
tree_row(struct tree *tree, unsigned depth, const char *label, ...)
{
	struct tree_line *lines;
	va_list args;

	if (tree->failed)
		return;
	if (tree->n == tree->size) {
		lines = realloc(tree->lines, (tree->size + 32) * sizeof *lines);
		if (lines == NULL) {
			tree->failed = true;
			return;
		}
		tree->lines = lines;
		tree->size += 32;
	}
	tree->lines[tree->n] =
	    (struct tree_line){.depth = depth < TREE_DEPTH ? depth : TREE_DEPTH};
	va_start(args, label);
	cell_put(tree, &tree->lines[tree->n++].label, label, args);
	va_end(args);
}

__attribute__((format(printf, 3, 4))) static void
cell_format(struct tree *tree, char **cell, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cell_put(tree, cell, format, args);
	va_end(args);
}

void
tree_word(struct tree *tree, enum tone tone, const char *word)
{
	struct tree_line *line;

	if (tree->failed || tree->n == 0)
		return;
	line = &tree->lines[tree->n - 1];
	if (tone > line->tone)
		line->tone = tone;
	cell_format(tree, &line->word, "%s", word);
}

void
tree_rest(struct tree *tree, const char *format, ...)
{
	va_list args;

	if (tree->failed || tree->n == 0)
		return;
	va_start(args, format);
	cell_put(tree, &tree->lines[tree->n - 1].rest, format, args);
	va_end(args);
}

/* A later row of this depth hangs from the same row above. */
static bool
line_has_sibling(const struct tree *tree, size_t i, unsigned depth)
{
	for (size_t k = i + 1; k < tree->n && tree->lines[k].depth >= depth; k++)
		if (tree->lines[k].depth == depth)
			return true;
	return false;
}

static size_t
line_width(const struct tree_line *line)
{
	return line->depth * TREE_INDENT + strlen(line->label != NULL ? line->label : "");
}

static void
line_draw(const struct tree *tree, size_t i, size_t width, struct page *page)
{
	const struct tree_line *line = &tree->lines[i];
	size_t used = line_width(line);

	for (unsigned depth = 1; depth <= line->depth; depth++) {
		bool more = line_has_sibling(tree, i, depth);

		if (depth == line->depth)
			page_put(page, "%s",
			    page->utf8 ? (more ? "├─ " : "└─ ") : (more ? "|- " : "`- "));
		else
			page_put(page, "%s", !more ? "   " : page->utf8 ? "│  " : "|  ");
	}
	page_put(page, "%s", line->label != NULL ? line->label : "");
	if (line->word == NULL && line->rest == NULL) {
		page_put(page, "\n");
		return;
	}
	page_put(page, "%*s", used < width ? (int)(width - used) + 2 : 2, "");
	if (line->word != NULL) {
		bool painted = page->color && line->tone != TONE_PLAIN;

		page_put(page, "%s%s%s", painted ? tone_escapes[line->tone] : "", line->word,
		    painted ? "\033[0m" : "");
	}
	if (line->rest != NULL)
		page_put(page, "%s%s", line->word != NULL ? "  " : "", line->rest);
	page_put(page, "\n");
}

void
tree_draw(const struct tree *tree, struct page *page)
{
	size_t width = 0;

	if (tree->failed) {
		page->failed = true;
		return;
	}
	for (size_t i = 0; i < tree->n; i++) {
		size_t n = line_width(&tree->lines[i]);
		bool has_columns = tree->lines[i].word != NULL || tree->lines[i].rest != NULL;

		if (has_columns && n > width && n <= TREE_WIDTH)
			width = n;
	}
	for (size_t i = 0; i < tree->n; i++)
		line_draw(tree, i, width, page);
}
