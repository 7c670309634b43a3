/*
 * verify.c - a database file is read as octets before LMDB maps it: unharmed, or what is wrong.
 * Knows the format of LMDB's files (version 1, 64 bits, this machine's byte order): see struct
 * MDB_meta, MDB_page, MDB_node and MDB_db in its mdb.c. Knows nothing of transactions and zones.
 */
#include "mapd/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapd/fault.h"
#include "mapd/sum.h"

#define PAGE_HEAD 16
#define PAGE_MIN 512
#define PAGE_MAX 32768
#define PAGE_NONE UINT64_MAX
#define PAGE_BRANCH 0x01
#define PAGE_LEAF 0x02
#define PAGE_OVERFLOW 0x04
#define PAGE_META 0x08
#define NODE_HEAD 8
#define NODE_BIG 0x01 /* the value has pages of its own */
#define NODE_TABLE 0x02 /* the value is a struct tree */
#define META_MAGIC 0xbeefc0deu
#define META_VERSION 1
#define META_SIZE 136
#define TREE_SIZE 48
#define TREE_INTEGER 0x08 /* keys are numbers of this machine */
#define KEY_MAX 511
#define DEPTH_MAX 32 /* of LMDB's cursors */
#define TABLES_MAX 32
#define PAGES_UNWRITTEN (1u << 24)

/* MDB_db */
struct tree {
	uint16_t flags, depth;
	uint64_t branches, leaves, overflows, entries, root;
};

struct node {
	struct bytes key, value;
	uint16_t flags;
	uint64_t child; /* of a branch */
};

struct verify;
typedef bool entry_fn(struct verify *v, const struct node *node);

/* A tree that is being walked. */
struct walk {
	entry_fn *entry;
	bool integers;
	struct tree seen; /* counted so far */
	struct bytes last, floor; /* the key before; the least that the next may be */
	struct level {
		uint64_t page;
		unsigned at, n;
	} path[DEPTH_MAX];
	unsigned depth;
};

struct verify {
	const struct verify_want *want;
	const uint8_t *map;
	size_t size, page;
	uint64_t pages; /* whole ones in the file */
	uint64_t newest; /* number of the newest transaction */
	uint64_t last; /* page of the newest state */
	struct tree free, main, tables[TABLES_MAX];
	bool has[TABLES_MAX], has_mark;
	uint8_t *taken; /* a bit for each page up to last */
	uint8_t *octets; /* one for each two octets of a page: taken by a node */
	enum verified result;
	char *why;
	size_t max;
};

uint32_t
verify_sum(struct bytes key, struct bytes value)
{
	return sum_add(sum_add(0, key), value);
}

__attribute__((format(printf, 3, 4))) static bool
verify_fail(struct verify *v, enum verified result, const char *format, ...)
{
	va_list args;

	if (v->result != VERIFIED_GOOD)
		return false;
	v->result = result;
	va_start(args, format);
	vsnprintf(v->why, v->max, format, args);
	va_end(args);
	return false;
}

static uint16_t
host_u16(const uint8_t *p)
{
	uint16_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

static uint32_t
host_u32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

static uint64_t
host_u64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

static struct tree
host_tree(const uint8_t *p)
{
	return (struct tree){.flags = host_u16(p + 4),
	    .depth = host_u16(p + 6),
	    .branches = host_u64(p + 8),
	    .leaves = host_u64(p + 16),
	    .overflows = host_u64(p + 24),
	    .entries = host_u64(p + 32),
	    .root = host_u64(p + 40)};
}

/* n pages from page on belong to what asks, and to nothing else. */
static bool
page_take(struct verify *v, uint64_t page, uint64_t n)
{
	if (page < 2 || page > v->last || n > v->last - page + 1)
		return verify_fail(v, VERIFIED_CORRUPT, "page %llu is none of its pages",
		    (unsigned long long)page);
	for (uint64_t i = page; i < page + n; i++) {
		if ((v->taken[i / 8] & 1u << i % 8) != 0)
			return verify_fail(v, VERIFIED_CORRUPT, "page %llu is used twice",
			    (unsigned long long)i);
		v->taken[i / 8] |= (uint8_t)(1u << i % 8);
	}
	return true;
}

/* Takes page, which must be there, say its own number, and have exactly these flags. */
static const uint8_t *
page_get(struct verify *v, uint64_t page, uint64_t n, uint16_t flags)
{
	const uint8_t *p;

	if (!page_take(v, page, n))
		return NULL;
	if (page + n > v->pages) {
		verify_fail(v, VERIFIED_TRUNCATED, "page %llu is beyond its end",
		    (unsigned long long)page);
		return NULL;
	}
	p = v->map + page * v->page;
	if (host_u64(p) == page && host_u16(p + 10) == flags)
		return p;
	verify_fail(v, VERIFIED_CORRUPT, "page %llu is not what it should be",
	    (unsigned long long)page);
	return NULL;
}

/* A value in pages of its own, of which there may be more than it needs now. */
static bool
node_overflow(struct verify *v, struct walk *walk, struct node *node, size_t n)
{
	uint64_t page = host_u64(node->value.p), need = (PAGE_HEAD - 1 + n) / v->page + 1;
	uint64_t have = 0;
	const uint8_t *p;

	if (page >= 2 && page < v->pages)
		have = host_u32(v->map + page * v->page + 12);
	if (have < need)
		return verify_fail(v, page >= v->pages ? VERIFIED_TRUNCATED : VERIFIED_CORRUPT,
		    "page %llu is not what it should be", (unsigned long long)page);
	p = page_get(v, page, have, PAGE_OVERFLOW);
	if (p == NULL)
		return false;
	walk->seen.overflows += have;
	node->value = (struct bytes){p + PAGE_HEAD, n};
	return true;
}

/* The octets of a node are inside its page, and no other node's. */
static bool
node_take(struct verify *v, size_t from, size_t n)
{
	uint8_t *octets = v->octets + from / 2;
	size_t half = (n + 1) / 2;

	if (n > v->page - from || memchr(octets, 1, half) != NULL)
		return false;
	memset(octets, 1, half);
	return true;
}

/* Node i of a page that page_nodes() found good. */
static bool
node_read(struct verify *v, struct walk *walk, const struct level *level, unsigned i,
    struct node *out)
{
	const uint8_t *page = v->map + level->page * v->page, *p;
	bool leaf = host_u16(page + 10) == PAGE_LEAF;
	size_t size;

	p = page + host_u16(page + PAGE_HEAD + 2 * i);
	out->flags = host_u16(p + 4);
	out->key = (struct bytes){p + NODE_HEAD, host_u16(p + 6)};
	size = host_u16(p) | (size_t)host_u16(p + 2) << 16;
	if (!leaf) {
		out->child = size | (uint64_t)out->flags << 32;
		return true;
	}
	out->value = (struct bytes){p + NODE_HEAD + out->key.n, size};
	return (out->flags & NODE_BIG) == 0 || node_overflow(v, walk, out, size);
}

/* How many octets of its page a node takes; 0: it does not fit. */
static size_t
node_size(const struct verify *v, const uint8_t *page, size_t from, bool branch, bool first)
{
	const uint8_t *p = page + from;
	size_t key = host_u16(p + 6), value = host_u16(p) | (size_t)host_u16(p + 2) << 16;
	size_t n = NODE_HEAD + key;

	if (key > KEY_MAX || (key == 0 && !(branch && first)))
		return 0;
	if (!branch)
		n += (host_u16(p + 4) & NODE_BIG) != 0 ? sizeof(uint64_t) : value;
	return n <= v->page - from ? n : 0;
}

/* The nodes fill the upper end of their page, without gaps; that is what LMDB relies on. */
static bool
page_nodes(struct verify *v, const uint8_t *page, unsigned *n)
{
	size_t lower = host_u16(page + 12), upper = host_u16(page + 14), sum = 0, size;
	bool branch = host_u16(page + 10) == PAGE_BRANCH;

	*n = 0;
	if (lower < PAGE_HEAD + 2 || lower % 2 != 0 || lower > upper || upper > v->page)
		return false;
	memset(v->octets, 0, v->page / 2);
	for (size_t at = PAGE_HEAD; at < lower; at += 2) {
		size_t from = host_u16(page + at);

		if (from % 2 != 0 || from < upper || from + NODE_HEAD > v->page)
			return false;
		size = node_size(v, page, from, branch, at == PAGE_HEAD);
		if (size == 0 || !node_take(v, from, size))
			return false;
		sum += (size + 1) / 2 * 2;
		(*n)++;
	}
	return sum == v->page - upper;
}

static int
key_compare(const struct walk *walk, struct bytes a, struct bytes b)
{
	uint64_t x, y;

	if (!walk->integers)
		return bytes_compare(a, b);
	x = host_u64(a.p);
	y = host_u64(b.p);
	return (x > y) - (x < y);
}

/* A key comes after all before it; one of a branch may be that of the leaf that follows. */
static bool
walk_key(struct verify *v, struct walk *walk, const struct node *node, uint64_t page, bool leaf)
{
	if (walk->integers && node->key.n != sizeof(uint64_t))
		goto fail;
	if (walk->last.n > 0 && key_compare(walk, walk->last, node->key) >= 0)
		goto fail;
	if (walk->floor.n > 0 && key_compare(walk, walk->floor, node->key) > 0)
		goto fail;
	if (leaf) {
		walk->last = node->key;
		walk->floor.n = 0;
	} else {
		walk->floor = node->key;
	}
	return true;
fail:
	return verify_fail(
	    v, VERIFIED_CORRUPT, "page %llu: a key is out of order", (unsigned long long)page);
}

static bool
walk_down(struct verify *v, struct walk *walk, const struct tree *tree, uint64_t page)
{
	bool leaf = walk->depth + 1 == tree->depth;
	struct level *level = &walk->path[walk->depth];
	const uint8_t *p = page_get(v, page, 1, leaf ? PAGE_LEAF : PAGE_BRANCH);

	if (p == NULL)
		return false;
	*level = (struct level){.page = page};
	if (!page_nodes(v, p, &level->n))
		return verify_fail(v, VERIFIED_CORRUPT, "page %llu: its nodes do not fit it",
		    (unsigned long long)page);
	if (leaf)
		walk->seen.leaves++;
	else
		walk->seen.branches++;
	walk->depth++;
	return true;
}

static bool
walk_step(struct verify *v, struct walk *walk, const struct tree *tree)
{
	struct level *level = &walk->path[walk->depth - 1];
	bool leaf = walk->depth == tree->depth;
	struct node node = {0};

	if (level->at == level->n) {
		walk->depth--;
		return true;
	}
	if (!node_read(v, walk, level, level->at, &node))
		return false;
	/* The first key of a branch means nothing. */
	if ((leaf || level->at > 0) && !walk_key(v, walk, &node, level->page, leaf))
		return false;
	level->at++;
	if (!leaf)
		return walk_down(v, walk, tree, node.child);
	walk->seen.entries++;
	return walk->entry(v, &node);
}

static bool
tree_walk(struct verify *v, const struct tree *tree, entry_fn *entry, const char *name)
{
	struct walk walk = {.entry = entry, .integers = (tree->flags & TREE_INTEGER) != 0};
	const struct tree *seen = &walk.seen;

	if (tree->depth > DEPTH_MAX || (tree->depth == 0) != (tree->root == PAGE_NONE))
		return verify_fail(v, VERIFIED_CORRUPT, "table %s: impossible depth", name);
	if (tree->depth > 0 && !walk_down(v, &walk, tree, tree->root))
		return false;
	while (walk.depth > 0)
		if (!walk_step(v, &walk, tree))
			return false;
	if (seen->branches == tree->branches && seen->leaves == tree->leaves &&
	    seen->overflows == tree->overflows && seen->entries == tree->entries)
		return true;
	return verify_fail(v, VERIFIED_CORRUPT, "table %s: %llu entries where it had %llu",
	    name, (unsigned long long)seen->entries, (unsigned long long)tree->entries);
}

/* The pages that a transaction left free: their number, then they, descending. */
static bool
entry_free(struct verify *v, const struct node *node)
{
	size_t have = node->value.n / sizeof(uint64_t);
	uint64_t n = have > 0 ? host_u64(node->value.p) : 0, page, before = PAGE_NONE;

	if (node->value.n % sizeof(uint64_t) != 0 || have == 0 || n > have - 1 ||
	    host_u64(node->key.p) > v->newest)
		return verify_fail(v, VERIFIED_CORRUPT, "the list of free pages is damaged");
	for (uint64_t i = 1; i <= n; i++) {
		page = host_u64(node->value.p + i * sizeof page);
		if (page >= before)
			return verify_fail(
			    v, VERIFIED_CORRUPT, "the list of free pages is damaged");
		if (!page_take(v, page, 1))
			return false;
		before = page;
	}
	return true;
}

static bool
text_equal(struct bytes a, const char *b)
{
	return bytes_equal(a, (struct bytes){(const uint8_t *)b, strlen(b)});
}

/* The table of tables, and our mark. */
static bool
entry_main(struct verify *v, const struct node *node)
{
	const struct verify_want *want = v->want;

	if (bytes_equal(node->key, want->mark_key) && node->flags == 0) {
		v->has_mark = true;
		if (bytes_equal(node->value, want->mark))
			return true;
		return verify_fail(v, VERIFIED_VERSION, "another version's");
	}
	for (size_t i = 0; i < want->n_tables && node->flags == NODE_TABLE; i++)
		if (text_equal(node->key, want->tables[i]) && node->value.n == TREE_SIZE) {
			v->tables[i] = host_tree(node->value.p);
			v->has[i] = true;
			return v->tables[i].flags == 0 ||
			       verify_fail(v, VERIFIED_FOREIGN, "table %s is not ours",
				   want->tables[i]);
		}
	return verify_fail(v, VERIFIED_FOREIGN, "something unknown beside the tables");
}

static bool
entry_table(struct verify *v, const struct node *node)
{
	struct bytes value = node->value;

	if ((node->flags & ~NODE_BIG) == 0 && value.n >= VERIFY_SUM) {
		value.n -= VERIFY_SUM;
		if (verify_sum(node->key, value) == host_u32(value.p + value.n))
			return true;
	}
	return verify_fail(v, VERIFIED_CORRUPT, "page %llu: an entry and its sum differ",
	    (unsigned long long)((size_t)(node->key.p - v->map) / v->page));
}

/* One of the two heads of the file: page 0 or 1. */
static bool
meta_check(struct verify *v, const uint8_t *meta, uint64_t page)
{
	if (v->size < PAGE_HEAD + META_SIZE || host_u32(meta + PAGE_HEAD) != META_MAGIC)
		return verify_fail(v, VERIFIED_FOREIGN, "not LMDB's");
	if (host_u32(meta + PAGE_HEAD + 4) != META_VERSION)
		return verify_fail(v, VERIFIED_FOREIGN, "of another version of LMDB");
	if (host_u64(meta) != page || host_u16(meta + 10) != PAGE_META)
		return verify_fail(v, VERIFIED_CORRUPT, "its head is damaged");
	return true;
}

/* LMDB writes the heads in turn, so they are one transaction apart. */
static bool
verify_head(struct verify *v)
{
	const uint8_t *meta[2] = {v->map, NULL}, *p;
	uint64_t txn[2];
	int newest;

	if (!meta_check(v, meta[0], 0))
		return false;
	v->page = host_u32(meta[0] + PAGE_HEAD + 24);
	if (v->page < PAGE_MIN || v->page > PAGE_MAX || (v->page & (v->page - 1)) != 0)
		return verify_fail(v, VERIFIED_CORRUPT, "its head is damaged");
	if (v->size < 2 * v->page)
		return verify_fail(v, VERIFIED_TRUNCATED, "its head is not whole");
	meta[1] = v->map + v->page;
	if (!meta_check(v, meta[1], 1))
		return verify_fail(v, VERIFIED_CORRUPT, "its head is damaged");
	for (int i = 0; i < 2; i++)
		txn[i] = host_u64(meta[i] + PAGE_HEAD + 128);
	newest = txn[1] > txn[0];
	p = meta[newest] + PAGE_HEAD;
	if (txn[newest] != 0 &&
	    (txn[newest] % 2 != (uint64_t)newest || txn[newest] - txn[!newest] != 1))
		return verify_fail(v, VERIFIED_CORRUPT, "its head is damaged");
	v->newest = txn[newest];
	v->free = host_tree(p + 24);
	v->main = host_tree(p + 72);
	v->last = host_u64(p + 120);
	v->pages = v->size / v->page;
	if (host_u32(p + 24) != v->page || (v->free.flags & TREE_INTEGER) == 0 ||
	    v->main.flags != 0 || v->last < 1 || v->last > INT64_MAX / v->page - 1)
		return verify_fail(v, VERIFIED_CORRUPT, "its head is damaged");
	return true;
}

static bool
verify_trees(struct verify *v)
{
	const struct verify_want *want = v->want;

	if (!tree_walk(v, &v->main, entry_main, "of tables"))
		return false;
	if (!v->has_mark)
		return verify_fail(v, VERIFIED_FOREIGN, "it has no mark of ours");
	for (size_t i = 0; i < want->n_tables; i++) {
		if (!v->has[i] && i < want->n_least)
			return verify_fail(
			    v, VERIFIED_CORRUPT, "table %s is missing", want->tables[i]);
		if (v->has[i] && !tree_walk(v, &v->tables[i], entry_table, want->tables[i]))
			return false;
	}
	return tree_walk(v, &v->free, entry_free, "of free pages");
}

static bool
verify_map(struct verify *v)
{
	if (!verify_head(v))
		return false;
	/* LMDB leaves at most some free pages unwritten; what is far off is not even tried. */
	if (v->last > v->pages + PAGES_UNWRITTEN)
		return verify_fail(v, VERIFIED_TRUNCATED, "%llu of %llu pages are there",
		    (unsigned long long)v->pages, (unsigned long long)v->last + 1);
	v->taken = calloc(1, v->last / 8 + 1);
	v->octets = malloc(v->page / 2);
	if (v->taken == NULL || v->octets == NULL)
		return verify_fail(v, VERIFIED_NOT, "out of memory");
	return verify_trees(v);
}

enum verified
verify_file(
    const char *path, const struct verify_want *want, uint64_t *size, char *why, size_t max)
{
	struct verify v = {.want = want, .why = why, .max = max};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map = MAP_FAILED;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		verify_fail(&v, VERIFIED_NOT, "%s", strerror(errno));
		goto close_fd;
	}
	if (st.st_size == 0) {
		verify_fail(&v, VERIFIED_TRUNCATED, "it is empty");
		goto close_fd;
	}
	v.size = (size_t)st.st_size;
	map = mmap(NULL, v.size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		verify_fail(&v, VERIFIED_NOT, "%s", strerror(errno));
		goto close_fd;
	}
	v.map = map;
	fault_watch(FAULT_VERIFY, map, v.size, path);
	if (verify_map(&v))
		*size = (v.last + 1) * v.page;
	fault_watch(FAULT_VERIFY, NULL, 0, "");
	munmap(map, v.size);
close_fd:
	if (fd >= 0)
		close(fd);
	free(v.taken);
	free(v.octets);
	return v.result;
}

const uint8_t *
verify_map_start(const uint8_t *inside, size_t page)
{
	const uint8_t *p = inside - (uintptr_t)inside % page;

	return p - host_u64(p) * page;
}
