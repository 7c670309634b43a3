/*
 * connect.c - sessions to names that were never looked up, each beside what its look-up takes at least: the same questions to
 * the same server, one after the other, and nothing else.
 * "connect SERVER@PORT PORT LIST": a name a line, and behind it its questions, "OWNER/TYPE". The first line is for warming up.
 * Prints medians and p99 in ms of both, and of the difference name by name.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/wire/cursor.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "libmap/map.h"

#define NAMES_MOST 10000
#define ANSWER_MS 5000

struct figures {
	size_t n;
	double ms[NAMES_MOST];
};

static struct map *map;
static int server;
static struct figures connects, questions, differences;

static void
die(const char *what, const char *cause)
{
	fprintf(stderr, "connect: %s: %s\n", what, cause);
	exit(1);
}

static void
query_put(struct wr *wr, const char *text, uint16_t id)
{
	char owner[NAME_TEXT];
	const char *slash = strchr(text, '/');
	struct name name;
	int type = slash == NULL ? -1 : rrtype_scan(slash + 1, strlen(slash + 1));

	snprintf(owner, sizeof owner, "%.*s", slash == NULL ? 0 : (int)(slash - text), text);
	if (type < 0 || name_from(owner, &name) != 0)
		die(text, "no question");
	wr_u16(wr, id);
	wr_u16(wr, 0);
	wr_u16(wr, 1);
	wr_u32(wr, 0);
	wr_u16(wr, 1);
	name_put(wr, &name);
	wr_u16(wr, (uint16_t)type);
	wr_u16(wr, CLASS_IN);
	wr_u8(wr, 0); /* OPT */
	wr_u16(wr, RR_OPT);
	wr_u16(wr, 1232);
	wr_u32(wr, 0x8000); /* DO */
	wr_u16(wr, 0);
}

/* One round trip; the answer must have something. */
static void
ask(const char *text)
{
	static uint16_t id;
	uint8_t octets[4096];
	struct wr wr = wr_init(octets, sizeof octets);
	struct pollfd ready = {.fd = server, .events = POLLIN};
	struct message answer;
	ssize_t n;

	query_put(&wr, text, ++id);
	if (write(server, octets, wr.n) < 0 || poll(&ready, 1, ANSWER_MS) != 1)
		die(text, "no answer");
	n = read(server, octets, sizeof octets);
	if (n <= 0 || message_parse((struct bytes){octets, (size_t)n}, &answer) != 0 ||
	    answer.id != id || message_rcode(&answer) != RCODE_NOERROR ||
	    answer.count[SECTION_ANSWER] == 0)
		die(text, "not the answer");
}

static double
ask_all(char *line)
{
	uint64_t start = loop_now_us();

	for (char *word, *rest = line; (word = strtok_r(rest, " \n", &rest)) != NULL;)
		ask(word);
	return (double)(loop_now_us() - start) / 1e3;
}

static double
connect_once(const char *name, const char *port)
{
	uint64_t start = loop_now_us();
	int fd = map_connect(map, NULL, name, port, MAP_REQUIRE_MPTCP);
	double ms = (double)(loop_now_us() - start) / 1e3;

	if (fd < 0)
		die(name, map_why(map));
	close(fd);
	return ms;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
figures_print(struct figures *f, const char *word)
{
	qsort(f->ms, f->n, sizeof f->ms[0], compare);
	printf("%s=%.2f %s_p99=%.2f ", word, f->ms[(f->n - 1) / 2], word,
	    f->ms[(f->n * 99 + 99) / 100 - 1]);
}

int
main(int argc, char **argv)
{
	struct addr to;
	char line[2000];
	FILE *list;

	if (argc != 4 || addr_scan(argv[1], 53, &to) != 0 || map_open(&map) != 0)
		die("usage", "connect SERVER@PORT PORT LIST");
	server = sock_udp_connect(&to);
	list = fopen(argv[3], "r");
	if (server < 0 || list == NULL)
		die(argv[3], strerror(errno));
	for (bool warm = false; fgets(line, sizeof line, list) != NULL; warm = true) {
		size_t name = strcspn(line, " \n");
		double asked, connected;

		if (line[name] == '\0' || connects.n == NAMES_MOST)
			die(argv[3], "a line without questions, or too many");
		line[name] = '\0';
		asked = ask_all(line + name + 1);
		connected = connect_once(line, argv[2]);
		if (!warm)
			continue;
		questions.ms[questions.n++] = asked;
		connects.ms[connects.n++] = connected;
		differences.ms[differences.n++] = connected - asked;
	}
	if (connects.n == 0)
		die(argv[3], "too few names");
	printf("names=%zu ", connects.n);
	figures_print(&connects, "connect");
	figures_print(&questions, "questions");
	figures_print(&differences, "difference");
	putchar('\n');
	map_close(map);
	return 0;
}
