/*
 * serve.c - what answering costs without the kernel: serve() in a loop, CPU time for one query.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/wire/rrtype.h"
#include "tests/mapd/world.h"

#define QUERIES 4096

static uint8_t query[QUERIES][128];
static size_t query_n[QUERIES];

static void
queries_make(char first, unsigned names, uint16_t type, bool dnssec)
{
	for (unsigned i = 0; i < QUERIES; i++) {
		struct wr wr = wr_init(query[i], sizeof(query[i]));
		char text[64];
		struct name name;

		snprintf(text, sizeof(text), "%c%07u.bench.test.", first,
		    (unsigned)random() % names);
		if (name_from(text, &name) != 0)
			abort();
		wr_u32(&wr, i << 16);
		wr_u16(&wr, 1);
		wr_u32(&wr, 0);
		wr_u16(&wr, 1);
		name_put(&wr, &name);
		wr_u16(&wr, type);
		wr_u16(&wr, CLASS_IN);
		wr_copy(&wr, "\0\0\x29\x04\xd0\0\0", 7);
		wr_u16(&wr, dnssec ? 0x8000 : 0);
		wr_u16(&wr, 0);
		query_n[i] = wr.n;
	}
}

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
measure(struct world *world, const char *what, unsigned rounds)
{
	static uint8_t out[SERVE_TCP_MAX];
	uint64_t best = UINT64_MAX;
	size_t octets = 0;

	for (unsigned r = 0; r < rounds; r++) {
		uint64_t before = cpu_ns(), took;

		octets = 0;
		for (unsigned i = 0; i < QUERIES; i++)
			octets += world_ask(
			    world, TRANSPORT_UDP, (struct bytes){query[i], query_n[i]}, out);
		took = cpu_ns() - before;
		best = took < best ? took : best;
	}
	printf("%-18s %6" PRIu64 " ns, %4zu octets\n", what, best / QUERIES, octets / QUERIES);
}

int
main(int argc, char **argv)
{
	struct world *world = world_new();
	unsigned names = 20000, rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;
	const char *path = "/tmp/eidmap-bench-serve.zone";
	FILE *file = fopen(path, "w");
	bool loaded;

	if (world == NULL || file == NULL)
		return 1;
	fprintf(file,
	    "$ORIGIN bench.test.\n$TTL 300\n@ SOA ns h 1 7200 3600 1209600 300\n@ NS ns\n");
	fprintf(file, "ns A 192.0.2.1\n");
	for (unsigned i = 0; i < names; i++)
		fprintf(file, "h%07u A 192.0.2.1\n", i);
	fclose(file);
	loaded = world_load(world, "bench.test.", path, DENIAL_NSEC3);
	remove(path);
	if (loaded) {
		queries_make('h', names, RR_A, false);
		measure(world, "positive", rounds);
		queries_make('h', names, RR_A, true);
		measure(world, "positive, DO", rounds);
		queries_make('h', names, RR_AAAA, true);
		measure(world, "NODATA, DO", rounds);
		queries_make('x', names, RR_A, false);
		measure(world, "NXDOMAIN", rounds);
		queries_make('x', names, RR_A, true);
		measure(world, "NXDOMAIN, DO", rounds);
	}
	world_free(world);
	return loaded ? 0 : 1;
}
