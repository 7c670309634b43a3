/*
 * ask.c - asks several servers the same questions and tells, in a word each, how the first differs.
 * usage: ask QUESTIONS NAME=PORT... ; a line of QUESTIONS: NAME TYPE DO(0 or 1)
 * For each difference: PEER, tab, what (see tell()), tab, the question. ldns reads the answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ldns/ldns.h>

#define PEERS 8
#define WINDOW 32 /* questions under way */
#define PATIENCE 3000 /* ms without any answer until a datagram counts as lost */
#define MESSAGE 65535
#define SIGNATURE 1024
#define LINKS 16 /* aliases that mapd follows */

struct server {
	const char *name;
	struct sockaddr_in at;
	int fd;
};

struct question {
	char text[1200]; /* NAME TYPE DO */
	ldns_rr_type type;
	uint8_t wire[600];
	size_t n;
	ldns_pkt *answer[PEERS];
	unsigned missing, tries;
	bool used;
};

static struct server servers[PEERS];
static unsigned n_servers;
static struct question questions[WINDOW];
static unsigned long asked, different;

static void
die(const char *what)
{
	fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
server_add(char *text)
{
	struct server *s = &servers[n_servers++];
	char *port = strchr(text, '=');

	if (port == NULL || n_servers > PEERS)
		die("NAME=PORT expected");
	*port++ = '\0';
	s->name = text;
	s->at = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	s->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&s->at, sizeof s->at) != 0)
		die("socket");
}

static bool
question_read(struct question *q, FILE *in, uint16_t id)
{
	char line[1200], name[1100], type[32];
	uint8_t *wire = NULL;
	ldns_rdf *owner;
	ldns_pkt *pkt;
	int want_do;

	if (fgets(line, sizeof line, in) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	memset(q, 0, sizeof *q);
	snprintf(q->text, sizeof q->text, "%s", line);
	if (sscanf(line, "%1099s %31s %d", name, type, &want_do) != 3)
		die(line);
	owner = ldns_dname_new_frm_str(name);
	q->type = ldns_get_rr_type_by_name(type);
	pkt = owner == NULL ? NULL : ldns_pkt_query_new(owner, q->type, LDNS_RR_CLASS_IN, 0);
	if (pkt == NULL)
		die(line);
	ldns_pkt_set_id(pkt, id);
	ldns_pkt_set_edns_udp_size(pkt, 4096);
	ldns_pkt_set_edns_do(pkt, want_do != 0);
	if (ldns_pkt2wire(&wire, pkt, &q->n) != LDNS_STATUS_OK || q->n > sizeof q->wire)
		die(line);
	memcpy(q->wire, wire, q->n);
	free(wire);
	ldns_pkt_free(pkt);
	q->used = true;
	q->missing = n_servers;
	return true;
}

static void
question_send(const struct question *q)
{
	for (unsigned i = 0; i < n_servers; i++)
		if (q->answer[i] == NULL && send(servers[i].fd, q->wire, q->n, 0) < 0)
			die(servers[i].name);
}

static size_t
read_all(int fd, uint8_t *p, size_t n)
{
	size_t have = 0;
	ssize_t got;

	while (have < n && (got = read(fd, p + have, n - have)) > 0)
		have += (size_t)got;
	return have;
}

/* What was truncated is asked again by TCP. */
static ldns_pkt *
ask_by_tcp(const struct server *s, const struct question *q)
{
	static uint8_t message[MESSAGE];
	uint8_t head[2] = {(uint8_t)(q->n >> 8), (uint8_t)q->n};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ldns_pkt *pkt = NULL;
	size_t n;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&s->at, sizeof s->at) != 0 ||
	    write(fd, head, 2) != 2 || write(fd, q->wire, q->n) != (ssize_t)q->n ||
	    read_all(fd, head, 2) != 2)
		die(s->name);
	n = (size_t)head[0] << 8 | head[1];
	if (read_all(fd, message, n) != n || ldns_wire2pkt(&pkt, message, n) != LDNS_STATUS_OK)
		die(s->name);
	close(fd);
	return pkt;
}

/* Each record as its canonical octets in hex, behind its type; sorted. */
struct section {
	char **text;
	size_t n;
};

static int
text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct section
section_read(const ldns_rr_list *list)
{
	struct section s = {.n = 0};

	s.text = calloc(ldns_rr_list_rr_count(list) + 1, sizeof *s.text);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_clone(ldns_rr_list_rr(list, i));
		char *text;

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_OPT) {
			ldns_rr_free(rr);
			continue;
		}
		ldns_rr2canonical(rr);
		text = ldns_rr2str(rr);
		text[strcspn(text, "\n")] = '\0';
		s.text[s.n++] = text;
		ldns_rr_free(rr);
	}
	qsort(s.text, s.n, sizeof s.text[0], text_compare);
	return s;
}

static void
section_free(struct section *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->text[i]);
	free(s->text);
}

/* "A", "RRSIG/A" */
static void
text_type(const char *text, char out[64])
{
	char owner[1100], class[16], type[32], covered[32] = "";
	unsigned long ttl;

	if (sscanf(text, "%1099s %lu %15s %31s %31s", owner, &ttl, class, type, covered) < 4)
		snprintf(type, sizeof type, "?");
	if (strcmp(type, "RRSIG") == 0)
		snprintf(out, 64, "RRSIG/%s", covered);
	else
		snprintf(out, 64, "%s", type);
}

#define WORDS 64

struct words {
	char word[WORDS][72];
	size_t n;
};

static void
words_add(struct words *words, char sign, const char *type)
{
	char word[72];

	snprintf(word, sizeof word, "%c%s", sign, type);
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->word[i], word) == 0)
			return;
	if (words->n < WORDS)
		memcpy(words->word[words->n++], word, sizeof word);
}

static int
word_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Types of what only one of both has: -T theirs, +T ours. */
static void
section_compare(
    const char *name, const ldns_rr_list *mine, const ldns_rr_list *theirs, char *out)
{
	struct section a = section_read(mine), b = section_read(theirs);
	struct words words = {.n = 0};
	size_t i = 0, k = 0;
	char type[64];

	while (i < a.n || k < b.n) {
		int order = i == a.n ? 1 : k == b.n ? -1 : strcmp(a.text[i], b.text[k]);

		if (order == 0) {
			i++;
			k++;
			continue;
		}
		text_type(order < 0 ? a.text[i++] : b.text[k++], type);
		words_add(&words, order < 0 ? '+' : '-', type);
	}
	qsort(words.word, words.n, sizeof words.word[0], word_compare);
	for (i = 0; i < words.n; i++) {
		size_t n = strlen(out);

		snprintf(out + n, SIGNATURE - n, "%s%s %s", i == 0 ? "; " : "",
		    i == 0 ? name : "", words.word[i]);
	}
	section_free(&a);
	section_free(&b);
}

static const char *
rcode_word(const ldns_pkt *pkt)
{
	static const char *const words[] = {
	    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN"};
	unsigned rcode = ldns_pkt_get_rcode(pkt);

	return rcode < sizeof words / sizeof words[0] ? words[rcode] : "other";
}

/* A chain that leads back to itself, or was given up. */
static bool
is_loop(const ldns_rr_list *answer)
{
	const ldns_rdf *target = NULL;
	size_t links = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(answer, i)) == LDNS_RR_TYPE_CNAME) {
			target = ldns_rr_rdf(ldns_rr_list_rr(answer, i), 0);
			links++;
		}
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer) && target != NULL; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME &&
		    ldns_dname_compare(ldns_rr_owner(rr), target) == 0)
			return true;
	}
	return links >= LINKS;
}

/* What the first server says in one word. */
static const char *
outcome(const struct question *q, const ldns_pkt *pkt)
{
	const ldns_rr_list *answer = ldns_pkt_answer(pkt);
	bool alias = false;

	if (ldns_pkt_get_rcode(pkt) != LDNS_RCODE_NOERROR &&
	    ldns_pkt_get_rcode(pkt) != LDNS_RCODE_NXDOMAIN)
		return rcode_word(pkt);
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		ldns_rr_type type = ldns_rr_get_type(ldns_rr_list_rr(answer, i));

		alias |= (type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_DNAME) &&
			 type != q->type;
	}
	if (alias)
		return is_loop(answer) ? "LOOP" : "ALIAS";
	if (ldns_rr_list_rr_count(answer) > 0)
		return "ANSWER";
	if (ldns_pkt_get_rcode(pkt) == LDNS_RCODE_NXDOMAIN)
		return "NXDOMAIN";
	return ldns_pkt_aa(pkt) ? "NODATA" : "REFERRAL";
}

/* QTYPE if it is one of those that have rules of their own, OUTCOME; rcode OURS/THEIRS; flags; sections. */
static void
tell(const struct question *q, unsigned peer)
{
	const ldns_pkt *a = q->answer[0], *b = q->answer[peer];
	char out[SIGNATURE] = "";
	size_t n;

	if (ldns_pkt_get_rcode(a) != ldns_pkt_get_rcode(b))
		snprintf(out, sizeof out, "; rcode %s/%s", rcode_word(a), rcode_word(b));
	n = strlen(out);
	if (ldns_pkt_aa(a) != ldns_pkt_aa(b))
		snprintf(out + n, sizeof out - n, "; flags %saa", ldns_pkt_aa(a) ? "+" : "-");
	n = strlen(out);
	if (ldns_pkt_ra(a) || ldns_pkt_ad(a))
		snprintf(out + n, sizeof out - n, "; flags +ra or +ad");
	section_compare("answer", ldns_pkt_answer(a), ldns_pkt_answer(b), out);
	section_compare("authority", ldns_pkt_authority(a), ldns_pkt_authority(b), out);
	section_compare("additional", ldns_pkt_additional(a), ldns_pkt_additional(b), out);
	if (out[0] == '\0')
		return;
	different++;
	printf("%s\t%s%s%s%s\t%s\n", servers[peer].name,
	    q->type == LDNS_RR_TYPE_ANY	    ? "ANY "
	    : q->type == LDNS_RR_TYPE_RRSIG ? "RRSIG "
	    : q->type == LDNS_RR_TYPE_DS    ? "DS "
					    : "",
	    outcome(q, a), ldns_pkt_edns_do(a) ? " DO" : "", out, q->text);
}

static void
question_end(struct question *q)
{
	for (unsigned i = 1; i < n_servers; i++)
		tell(q, i);
	for (unsigned i = 0; i < n_servers; i++)
		ldns_pkt_free(q->answer[i]);
	asked++;
	q->used = false;
}

static void
server_read(unsigned i)
{
	static uint8_t message[MESSAGE];
	ssize_t n = recv(servers[i].fd, message, sizeof message, 0);
	struct question *q;
	ldns_pkt *pkt = NULL;
	uint16_t id;

	if (n < 12)
		return;
	id = (uint16_t)(message[0] << 8 | message[1]);
	q = &questions[id % WINDOW];
	if (!q->used || q->answer[i] != NULL || memcmp(q->wire, message, 2) != 0)
		return;
	if ((message[2] & 2) != 0)
		pkt = ask_by_tcp(&servers[i], q);
	else if (ldns_wire2pkt(&pkt, message, (size_t)n) != LDNS_STATUS_OK)
		die(q->text);
	q->answer[i] = pkt;
	if (--q->missing == 0)
		question_end(q);
}

static void
wait_for_answers(void)
{
	struct pollfd fds[PEERS];
	int n;

	for (unsigned i = 0; i < n_servers; i++)
		fds[i] = (struct pollfd){.fd = servers[i].fd, .events = POLLIN};
	n = poll(fds, n_servers, PATIENCE);
	for (unsigned i = 0; i < n_servers && n > 0; i++)
		if ((fds[i].revents & POLLIN) != 0)
			server_read(i);
	if (n > 0)
		return;
	for (unsigned w = 0; w < WINDOW; w++) {
		if (!questions[w].used)
			continue;
		if (++questions[w].tries == 3) {
			fprintf(stderr, "ask: no answer: %s\n", questions[w].text);
			exit(2);
		}
		question_send(&questions[w]);
	}
}

int
main(int argc, char **argv)
{
	FILE *in = argc > 2 ? fopen(argv[1], "r") : NULL;
	uint16_t round = 0;
	bool more = true, busy = true;

	if (in == NULL)
		die("usage: ask QUESTIONS NAME=PORT...");
	for (int i = 2; i < argc; i++)
		server_add(argv[i]);
	while (busy) {
		busy = false;
		for (unsigned w = 0; w < WINDOW; w++) {
			if (!questions[w].used && more) {
				/* an identifier says its place in the window, and which round */
				uint16_t id = (uint16_t)((uint16_t)(round++ * WINDOW) + w);

				more = question_read(&questions[w], in, id);
				if (more)
					question_send(&questions[w]);
			}
			busy |= questions[w].used;
		}
		if (busy)
			wait_for_answers();
	}
	fclose(in);
	fprintf(stderr, "%lu questions, %lu differences\n", asked, different);
	return 0;
}
