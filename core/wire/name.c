/*
 * name.c - domain names: reading, writing, text, order; knows nothing of who asks or owns them.
 */
#include "core/wire/name.h"

#include <string.h>

#include "core/wire/errors.h"

#define LABEL_MAX 63
#define POINTER 0xc0

const struct name name_root = {.n = 1, .w = {0}};

static uint8_t
octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* A walk over the labels of a name that is being read. */
struct walk {
	const uint8_t *p;
	const uint8_t
	    *end; /* of what may be read: after a jump, where the labels began that it ended */
	size_t limit; /* offset that the next pointer must lead to before */
	unsigned labels, jumps;
};

/* Takes the label at walk->p, which lies before walk->end. 0, or -MAP_E... */
static int
walk_label(struct walk *walk, struct name *name)
{
	size_t n = walk->p[0] + (size_t)1;

	if ((size_t)(walk->end - walk->p) < n)
		return -MAP_ETRUNC;
	/* Whatever is no root label must leave room for it. */
	if (name->n + n + (n > 1) > NAME_WIRE)
		return -MAP_EFORMAT;
	memcpy(name->w + name->n, walk->p, n);
	name->n = (uint8_t)(name->n + n);
	walk->p += n;
	walk->labels++;
	return 0;
}

/*
 * Follows the pointer at walk->p, which must lead to before the labels that it ends, so there are no
 * loops; what it leads to must end there too, so no name hangs on octets behind it. A few pointers to
 * pointers are harmless; long chains are an attack on the reader.
 */
static int
walk_jump(struct walk *walk, const struct rd *rd)
{
	size_t target;

	if (walk->end - walk->p < 2)
		return -MAP_ETRUNC;
	target = get_u16(walk->p) & 0x3fff;
	if (target >= walk->limit || ++walk->jumps > walk->labels + 8)
		return -MAP_EFORMAT;
	walk->end = rd->base + walk->limit;
	walk->limit = target;
	walk->p = rd->base + target;
	return 0;
}

/* Reads labels up to the root label, following pointers where they are allowed. */
static void
name_read_labels(struct rd *rd, struct name *name, bool compressed)
{
	struct walk walk = {.p = rd->p, .end = rd->end, .limit = (size_t)(rd->p - rd->base)};
	int error = rd->error;

	name->n = 0;
	while (error == 0) {
		if (walk.p == walk.end) {
			error = -MAP_ETRUNC;
		} else if (walk.p[0] <= LABEL_MAX) {
			bool root = walk.p[0] == 0;

			error = walk_label(&walk, name);
			if (error == 0 && walk.jumps == 0)
				rd->p = walk.p;
			if (error == 0 && root)
				return;
		} else if (walk.p[0] >= POINTER && compressed) {
			if (walk.jumps == 0 && rd_left(rd) >= 2)
				rd->p += 2;
			error = walk_jump(&walk, rd);
		} else {
			error = -MAP_EFORMAT;
		}
	}
	rd_fail(rd, error);
	name->n = 0;
}

void
name_read(struct rd *rd, struct name *name)
{
	name_read_labels(rd, name, true);
}

void
name_read_plain(struct rd *rd, struct name *name)
{
	name_read_labels(rd, name, false);
}

void
name_put(struct wr *wr, const struct name *name)
{
	wr_bytes(wr, name_bytes(name));
}

struct bytes
name_bytes(const struct name *name)
{
	return (struct bytes){name->w, name->n};
}

unsigned
name_labels(const struct name *name)
{
	unsigned labels = 0;

	for (size_t at = 0; at < name->n && name->w[at] != 0; at += name->w[at] + (size_t)1)
		labels++;
	return labels;
}

unsigned
name_offsets(const struct name *name, uint8_t at[NAME_LABELS])
{
	unsigned n = 0;

	for (size_t i = 0; i < name->n; i += name->w[i] + (size_t)1)
		at[n++] = (uint8_t)i;
	return n;
}

/* Length octets are below 'A', so whole names fold like their labels do. Mostly the case is the same. */
static bool
octets_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
	if (memcmp(a, b, n) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && octet_lower(a[i]) != octet_lower(b[i]))
			return false;
	return true;
}

bool
name_equal(const struct name *a, const struct name *b)
{
	return a->n == b->n && octets_equal(a->w, b->w, a->n);
}

bool
name_is_below(const struct name *a, const struct name *b)
{
	size_t at = 0;

	if (b->n == 0 || a->n < b->n)
		return false;
	while (at < a->n && a->n - at > b->n)
		at += a->w[at] + (size_t)1;
	return a->n - at == b->n && octets_equal(a->w + at, b->w, b->n);
}

bool
name_is_lower(const struct name *name)
{
	for (size_t i = 0; i < name->n; i++)
		if (octet_lower(name->w[i]) != name->w[i])
			return false;
	return true;
}

bool
name_is_wildcard(const struct name *name)
{
	return name->n > 2 && name->w[0] == 1 && name->w[1] == '*';
}

static int
label_compare(const uint8_t *a, const uint8_t *b)
{
	size_t n = a[0] < b[0] ? a[0] : b[0];

	for (size_t i = 1; i <= n; i++) {
		int order = (int)octet_lower(a[i]) - (int)octet_lower(b[i]);

		if (order != 0)
			return order;
	}
	return (int)a[0] - (int)b[0];
}

int
name_compare(const struct name *a, const struct name *b)
{
	uint8_t at_a[NAME_LABELS], at_b[NAME_LABELS];
	unsigned n_a = name_offsets(a, at_a), n_b = name_offsets(b, at_b);
	unsigned n = n_a < n_b ? n_a : n_b;

	for (unsigned i = 1; i <= n; i++) {
		int order = label_compare(a->w + at_a[n_a - i], b->w + at_b[n_b - i]);

		if (order != 0)
			return order;
	}
	return (int)n_a - (int)n_b;
}

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/* Eight octets at once: those of A to Z get the bit that small letters have. */
static uint64_t
octets_lower(uint64_t v)
{
	uint64_t low = v & EACH(0x7f);
	uint64_t from_a = low + EACH(0x80 - 'A'), after_z = low + EACH(0x7f - 'Z');

	return v | (((from_a ^ after_z) & ~v & EACH(0x80)) >> 2);
}

void
name_fold(struct name *name)
{
	size_t i = 0;

	for (; i + 8 <= name->n; i += 8) {
		uint64_t v;

		memcpy(&v, name->w + i, sizeof v);
		v = octets_lower(v);
		memcpy(name->w + i, &v, sizeof v);
	}
	for (; i < name->n; i++)
		name->w[i] = octet_lower(name->w[i]);
}

void
name_parent(const struct name *name, unsigned labels, struct name *out)
{
	size_t at = 0;

	while (labels-- > 0 && at + 1 < name->n)
		at += name->w[at] + (size_t)1;
	memmove(out->w, name->w + at, name->n - at);
	out->n = (uint8_t)(name->n - at);
}

int
name_child(const struct name *parent, const uint8_t *label, struct name *out)
{
	size_t n = label[0] + (size_t)1;

	if (label[0] == 0 || label[0] > LABEL_MAX || parent->n + n > NAME_WIRE)
		return -MAP_ESPACE;
	memmove(out->w + n, parent->w, parent->n);
	memcpy(out->w, label, n);
	out->n = (uint8_t)(parent->n + n);
	return 0;
}

int
name_wildcard_of(const struct name *encloser, struct name *out)
{
	static const uint8_t star[] = {1, '*'};

	return name_child(encloser, star, out);
}

int
name_replace(
    const struct name *name, const struct name *from, const struct name *to, struct name *out)
{
	size_t kept;

	if (!name_is_below(name, from))
		return -MAP_EFORMAT;
	kept = (size_t)name->n - from->n;
	if (kept + to->n > NAME_WIRE)
		return -MAP_ESPACE;
	memmove(out->w, name->w, kept);
	memmove(out->w + kept, to->w, to->n);
	out->n = (uint8_t)(kept + to->n);
	return 0;
}

size_t
name_key(const struct name *name, uint8_t key[NAME_KEY])
{
	uint8_t at[NAME_LABELS];
	unsigned labels = name_offsets(name, at);
	size_t n = 0;

	for (unsigned i = labels - 1; i-- > 0;) {
		const uint8_t *label = name->w + at[i];

		for (unsigned k = 1; k <= label[0]; k++) {
			uint8_t c = octet_lower(label[k]);

			if (c <= 1) {
				key[n++] = 1;
				c++;
			}
			key[n++] = c;
		}
		key[n++] = 0;
	}
	return n;
}

/* Reads one label of a key into label, its length octet first. */
static int
key_label(struct rd *rd, uint8_t label[1 + LABEL_MAX])
{
	for (label[0] = 0;; label[0]++) {
		uint8_t c = rd_u8(rd);

		if (rd->error != 0)
			return -MAP_EFORMAT;
		if (c == 0)
			return label[0] > 0 ? 0 : -MAP_EFORMAT;
		if (c == 1) {
			c = rd_u8(rd);
			if (c != 1 && c != 2)
				return -MAP_EFORMAT;
			c--;
		}
		if (label[0] == LABEL_MAX || c != octet_lower(c))
			return -MAP_EFORMAT;
		label[label[0] + 1] = c;
	}
}

int
name_from_key(struct bytes key, struct name *name)
{
	struct rd rd = rd_init(key);
	uint8_t label[1 + LABEL_MAX];

	*name = name_root;
	while (rd_left(&rd) > 0)
		if (key_label(&rd, label) != 0 || name_child(name, label, name) != 0)
			return -MAP_EFORMAT;
	return 0;
}
