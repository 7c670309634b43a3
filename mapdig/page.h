/*
 * page.h - text that grows, and rows drawn as a tree with aligned columns.
 * Knows nothing of what is shown.
 */
#ifndef MAPDIG_PAGE_H
#define MAPDIG_PAGE_H

#include <stdbool.h>
#include <stddef.h>

enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARN, TONE_BAD };

struct page {
	char *
	    text; /* NUL-terminated; caller frees; NULL when memory ran out or nothing was put */
	size_t n;
	size_t size;
	bool failed;
	bool color; /* escape sequences of a terminal */
	bool utf8; /* lines drawn, else ASCII */
};

__attribute__((format(printf, 2, 3))) void page_put(struct page *page, const char *format, ...);

/* Rows are collected, then drawn: a label, a word with a tone, and the rest, in columns. */
struct tree;

struct tree *tree_new(void); /* NULL: out of memory */
void tree_free(struct tree *tree);
/* A new row, depth below the last row of depth - 1. */
__attribute__((format(printf, 3, 4))) void tree_row(
    struct tree *tree, unsigned depth, const char *label, ...);
/* More for the last row: words of the second column and parts of the third, joined by ", ". */
void tree_word(struct tree *tree, enum tone tone, const char *word);
__attribute__((format(printf, 2, 3))) void tree_rest(
    struct tree *tree, const char *format, ...);
void tree_draw(const struct tree *tree, struct page *page); /* page fails if a row was lost */

#endif
