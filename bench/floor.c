/*
 * floor.c - bare LMDB: as many durable puts as mapd makes for an update, of the same sizes, at random among as many
 * names, so many updates a commit. No server that keeps its data so can be faster; bench/updates.sh says how near one is.
 * Paced (-p), a commit has what came due during the last one: how long an update waits then is the disk's part of what a
 * server lets it wait.
 */
#include <getopt.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/sys/loop.h"
#include "core/wire/cursor.h"

#define KEY_MOST 128
#define VALUE_MOST 65536
#define FILL 100000 /* puts of a commit while the names are written */

enum table { NODES, LEASES, EXPIRY, REPLAY, JOURNAL, ZONES, TABLES };
static const char *const table_names[TABLES] = {
    "nodes", "leases", "expiry", "replay", "journal", "zones"};

struct floor {
	uint64_t names, batch, seconds;
	uint64_t pace; /* updates a second; 0: as fast as they go */
	size_t key, node, claim; /* octets; claim 0: no leases */
	size_t replay, journal; /* octets of an update in the one row of a commit */
	const char *path;
	MDB_env *env;
	MDB_dbi dbi[TABLES];
	uint64_t commits, state;
	uint8_t value[VALUE_MOST * 64];
};

static void
check(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, mdb_strerror(rc));
	exit(1);
}

static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void
put(struct floor *f, MDB_txn *txn, enum table table, const uint8_t *key, size_t key_n, size_t n)
{
	MDB_val k = {key_n, (void *)(uintptr_t)key}, v = {n, f->value};

	check(mdb_put(txn, f->dbi[table], &k, &v, 0), table_names[table]);
}

/* The key of name i: zone id, the suffix's labels, then a label of 18 digits, of which 16 are at random. */
static void
name_key_make(const struct floor *f, uint64_t i, uint8_t key[KEY_MOST])
{
	char label[20];

	snprintf(label, sizeof label, "05%016" PRIx64, mix(i));
	memset(key, 'b', f->key);
	memcpy(key + f->key - 19, label, 19);
}

static void
update_put(struct floor *f, MDB_txn *txn, uint64_t i, bool reads)
{
	uint8_t key[KEY_MOST];
	MDB_val k = {f->key, key}, v;

	name_key_make(f, i, key);
	if (reads) {
		check(mdb_get(txn, f->dbi[NODES], &k, &v), "get");
		memcpy(f->value, v.mv_data, v.mv_size);
	}
	put_u64(f->value + 8, f->state + i);
	put(f, txn, NODES, key, f->key, f->node);
	if (f->claim > 0)
		put(f, txn, LEASES, key, f->key, f->claim);
}

/* What there is once a commit of n updates: the replay row, the difference in the journal, the zone's row. */
static void
commit_put(struct floor *f, MDB_txn *txn, uint64_t n)
{
	uint8_t key[12];

	put_u32(key, 1);
	put_u64(key + 4, f->commits++);
	if (f->replay > 0)
		put(f, txn, REPLAY, key, sizeof key, 16 + f->replay * n);
	if (f->journal > 0)
		put(f, txn, JOURNAL, key, sizeof key, 32 + f->journal * n);
	put(f, txn, ZONES, key, 4, 100);
}

static void
floor_open(struct floor *f)
{
	MDB_txn *txn;

	mkdir(f->path, 0700);
	check(mdb_env_create(&f->env), "environment");
	check(mdb_env_set_maxdbs(f->env, TABLES), "tables");
	check(mdb_env_set_mapsize(f->env, (size_t)64 << 30), "map size");
	check(mdb_env_open(f->env, f->path, MDB_NOTLS, 0600), f->path);
	check(mdb_txn_begin(f->env, NULL, 0, &txn), "begin");
	for (int i = 0; i < TABLES; i++)
		check(
		    mdb_dbi_open(txn, table_names[i], MDB_CREATE, &f->dbi[i]), table_names[i]);
	check(mdb_txn_commit(txn), "commit");
}

static int
order(const void *a, const void *b)
{
	uint64_t x = mix(*(const uint64_t *)a), y = mix(*(const uint64_t *)b);

	return (x > y) - (x < y);
}

/* Ascending, as a zone is written when it is loaded. */
static void
floor_fill(struct floor *f)
{
	uint64_t *all = calloc(f->names, sizeof *all);
	MDB_txn *txn = NULL;

	if (all == NULL)
		check(MDB_BAD_TXN, "memory");
	for (uint64_t i = 0; i < f->names; i++)
		all[i] = i;
	qsort(all, f->names, sizeof *all, order);
	for (uint64_t i = 0; i < f->names; i++) {
		if (txn == NULL)
			check(mdb_txn_begin(f->env, NULL, 0, &txn), "begin");
		update_put(f, txn, all[i], false);
		if (i % FILL == FILL - 1 || i + 1 == f->names) {
			check(mdb_txn_commit(txn), "commit");
			txn = NULL;
		}
	}
	free(all);
}

/* What its system calls have written so far. */
static uint64_t
written(void)
{
	FILE *io = fopen("/proc/self/io", "r");
	char line[80];
	uint64_t n = 0;

	while (io != NULL && fgets(line, sizeof line, io) != NULL)
		if (strncmp(line, "wchar: ", 7) == 0)
			n = strtoull(line + 7, NULL, 10);
	if (io != NULL)
		fclose(io);
	return n;
}

/* One commit of updates, the first of them being the i-th of this run. */
static void
floor_commit(struct floor *f, uint64_t i, uint64_t n)
{
	MDB_txn *txn;

	check(mdb_txn_begin(f->env, NULL, 0, &txn), "begin");
	for (uint64_t end = i + n; i < end; i++)
		update_put(f, txn, mix(i ^ f->state) % f->names, true);
	commit_put(f, txn, n);
	check(mdb_txn_commit(txn), "commit");
}

static int
latency_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
floor_pace(struct floor *f)
{
	uint64_t most = f->pace * f->seconds, from = loop_now_us(), done = 0;
	uint32_t *latency = calloc(most, sizeof *latency);

	if (latency == NULL)
		check(MDB_BAD_TXN, "memory");
	f->state = from;
	while (done < most) {
		uint64_t due = (loop_now_us() - from) * f->pace / 1000000, n;

		n = due < most ? due - done : most - done;
		n = n < f->batch ? n : f->batch;
		if (n == 0)
			continue; /* for less than the time from one to the next */
		floor_commit(f, done, n);
		for (uint64_t now = loop_now_us() - from, end = done + n; done < end; done++)
			latency[done] = (uint32_t)(now - done * 1000000 / f->pace);
	}
	qsort(latency, most, sizeof *latency, latency_order);
	printf("paced_median_us %" PRIu32 "\npaced_p99_us %" PRIu32 "\n",
	    latency[(most - 1) / 2], latency[(most - 1) * 99 / 100]);
	free(latency);
}

static void
floor_run(struct floor *f)
{
	uint64_t from = loop_now_us(), now = from, done = 0, before = written();

	f->state = from;
	while (now < from + f->seconds * 1000000) {
		floor_commit(f, done, f->batch);
		done += f->batch;
		now = loop_now_us();
	}
	printf("rate %.0f\ncommits %" PRIu64 "\nseconds %.2f\nbytes %" PRIu64 "\n",
	    (double)done * 1e6 / (double)(now - from), f->commits, (double)(now - from) / 1e6,
	    (written() - before) / done);
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: floor [OPTION]... DIRECTORY    (made, and filled first)\n"
	    "-n NAMES    (10000)        -b UPDATES    of a commit (256)     -t SECONDS  (10)\n"
	    "-p UPDATES  a second; after that, for so long again (0: not)\n"
	    "-k OCTETS   of a name's key (37)    -v OCTETS  of its value (205)\n"
	    "-l OCTETS   of a claim (0: none)\n"
	    "-r OCTETS   of an update in the commit's replay row (45)\n"
	    "-j OCTETS   of an update in the commit's journal row (550)\n");
	exit(2);
}

int
main(int argc, char **argv)
{
	static struct floor f = {.names = 10000,
	    .batch = 256,
	    .seconds = 10,
	    .key = 37,
	    .node = 205,
	    .replay = 45,
	    .journal = 550};
	int option;

	while ((option = getopt(argc, argv, "n:b:t:p:k:v:l:r:j:")) != -1) {
		size_t n = optarg == NULL ? 0 : strtoull(optarg, NULL, 10);

		switch (option) {
		case 'n':
			f.names = n;
			break;
		case 'b':
			f.batch = n;
			break;
		case 't':
			f.seconds = n;
			break;
		case 'p':
			f.pace = n;
			break;
		case 'k':
			f.key = n;
			break;
		case 'v':
			f.node = n;
			break;
		case 'l':
			f.claim = n;
			break;
		case 'r':
			f.replay = n;
			break;
		case 'j':
			f.journal = n;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 1 || f.names == 0 || f.batch == 0 || f.key < 20 ||
	    f.key > KEY_MOST || f.node < 16 || f.node > VALUE_MOST ||
	    32 + f.journal * f.batch > sizeof f.value ||
	    16 + f.replay * f.batch > sizeof f.value)
		usage();
	f.path = argv[optind];
	floor_open(&f);
	floor_fill(&f);
	f.commits = 0;
	floor_run(&f);
	if (f.pace > 0)
		floor_pace(&f);
	mdb_env_close(f.env);
	return 0;
}
