/*
 * rdata.c - RDATA by the field letters of rrtypes.def; what EPID and ELOC mean is mapping.c's.
 */
#include "core/wire/rdata.h"

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/name.h"
#include "core/wire/rrtype.h"

#define LOWER_MAX 2048 /* more than any RDATA whose names are folded: NAPTR's */

/* One pass over RDATA: checks every field and copies it, where there is somewhere to copy to. */
struct pass {
	struct rd rd;
	struct wr *to; /* NULL: only check */
	bool compressed; /* names may be */
	bool fold; /* names to lower case */
};

static void
pass_octets(struct pass *pass, size_t n)
{
	struct bytes b = rd_bytes(&pass->rd, n);

	if (pass->to != NULL)
		wr_bytes(pass->to, b);
}

static void
pass_name(struct pass *pass)
{
	struct name name;

	if (pass->compressed)
		name_read(&pass->rd, &name);
	else
		name_read_plain(&pass->rd, &name);
	if (pass->rd.error != 0 || pass->to == NULL)
		return;
	if (pass->fold)
		name_fold(&name);
	name_put(pass->to, &name);
}

/* A length octet and so many octets. */
static void
pass_string(struct pass *pass)
{
	const uint8_t *n = pass->rd.p;

	if (rd_left(&pass->rd) == 0)
		rd_fail(&pass->rd, -MAP_ETRUNC);
	else
		pass_octets(pass, n[0] + (size_t)1);
}

/* One window of a bit map; returns its number (RFC 4034 4.1.2). */
static int
window_check(struct rd *rd, int previous)
{
	int window = rd_u8(rd);
	size_t n = rd_u8(rd);
	struct bytes bits = rd_bytes(rd, n);

	if (rd->error == 0 && (window <= previous || n < 1 || n > 32 || bits.p[n - 1] == 0))
		rd_fail(rd, -MAP_EFORMAT);
	return window;
}

static void
pass_bitmap(struct pass *pass)
{
	struct rd rd = pass->rd;
	int window = -1;

	while (rd.error == 0 && rd_left(&rd) > 0)
		window = window_check(&rd, window);
	rd_fail(&pass->rd, rd.error);
	pass_octets(pass, rd_left(&pass->rd));
}

static void
pass_field(struct pass *pass, char letter)
{
	switch (letter) {
	case '1':
	case '2':
	case '4':
	case '8':
		pass_octets(pass, (size_t)(letter - '0'));
		break;
	case 'A':
		pass_octets(pass, 4);
		break;
	case 'B':
		pass_octets(pass, 16);
		break;
	case 'n':
		pass_name(pass);
		break;
	case 's':
	case 'H':
		pass_string(pass);
		break;
	case 'S':
		do
			pass_string(pass);
		while (pass->rd.error == 0 && rd_left(&pass->rd) > 0);
		break;
	case 'M':
		pass_bitmap(pass);
		break;
	case 'X':
		if (rd_left(&pass->rd) == 0)
			rd_fail(&pass->rd, -MAP_ETRUNC);
		pass_octets(pass, rd_left(&pass->rd));
		break;
	default: /* x, E, L: octets to the end */
		pass_octets(pass, rd_left(&pass->rd));
		break;
	}
}

/* What the letters cannot say. */
static int
mapping_check(const struct rrtype *row, struct bytes rdata)
{
	struct epid epid;
	struct eloc eloc;

	if (row->fields[0] == 'E')
		return epid_read(rdata, &epid);
	if (row->fields[0] == 'L')
		return eloc_read(rdata, &eloc);
	return 0;
}

static int
pass_run(struct pass *pass, const struct rrtype *row)
{
	struct bytes rdata = {pass->rd.p, rd_left(&pass->rd)};
	int error;

	for (const char *letter = row != NULL ? row->fields : "x"; *letter != '\0'; letter++)
		pass_field(pass, *letter);
	error = rd_end(&pass->rd);
	if (error == 0 && pass->to != NULL)
		error = pass->to->error;
	if (error == 0 && row != NULL)
		error = mapping_check(row, rdata);
	return error;
}

int
rdata_check(uint16_t type, struct bytes rdata)
{
	struct pass pass = {.rd = rd_init(rdata)};

	return pass_run(&pass, rrtype_find(type));
}

int
rdata_read(uint16_t type, struct rd *rd, size_t length, struct wr *to)
{
	const struct rrtype *row = rrtype_find(type);
	struct pass pass = {.rd = *rd, .to = to};
	int error;

	rd_bytes(rd, length);
	if (rd->error != 0)
		return rd->error;
	pass.rd.end = rd->p;
	pass.compressed = row != NULL && (row->flags & RRF_COMPRESS) != 0;
	error = pass_run(&pass, row);
	if (error != 0 && error != -MAP_EUNKNOWN)
		rd_fail(rd, error);
	return error;
}

int
rdata_canonical(uint16_t type, struct bytes rdata, struct wr *to)
{
	const struct rrtype *row = rrtype_find(type);
	struct pass pass = {.rd = rd_init(rdata), .to = to};
	int error;

	pass.fold = row != NULL && (row->flags & RRF_LOWER) != 0;
	error = pass_run(&pass, row);
	return error != -MAP_EUNKNOWN ? error : 0;
}

/* The RDATA as it is compared; to has LOWER_MAX octets. */
static struct bytes
rdata_compared(uint16_t type, struct bytes rdata, uint8_t *to)
{
	const struct rrtype *row = rrtype_find(type);
	struct wr wr = wr_init(to, LOWER_MAX);

	if (row == NULL || (row->flags & RRF_LOWER) == 0 ||
	    rdata_canonical(type, rdata, &wr) != 0)
		return rdata;
	return wr_done(&wr);
}

int
rdata_compare(uint16_t type, struct bytes a, struct bytes b)
{
	uint8_t lower_a[LOWER_MAX], lower_b[LOWER_MAX];

	return bytes_compare(
	    rdata_compared(type, a, lower_a), rdata_compared(type, b, lower_b));
}
