/*
 * test_sessions.c - sessions as the kernel's sockets have them: told of, gone with their socket whoever closes it, also when
 * the events of that are lost; whose they are, and how many.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sys/conf.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "resolverd/guard.h"
#include "resolverd/heartbeat.h"
#include "resolverd/sessions.h"
#include "resolverd/sockets.h"

#define PATIENCE_MS 10000
#define FLOOD 30000 /* more events than wait in a socket */

static struct agent agent;
static char dir[64], path[96];
static struct account *me, *other;
static struct session_owner client;
static struct session_event last;
static unsigned events;

static void
on_event(struct session_owner *to, uint32_t number, const struct session_event *event)
{
	assert_ptr_equal(to, &client);
	assert_true(number > 0);
	last = *event;
	events++;
}

static int
setup(void **state)
{
	char why[CONF_MESSAGE] = "";
	FILE *file;

	(void)state;
	if (geteuid() != 0)
		skip();
	memset(&agent, 0, sizeof agent);
	events = 0;
	snprintf(dir, sizeof dir, "/tmp/test_sessions.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/resolverd.yaml", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("probe: off\nexits: off\nforwarders: [127.0.0.1@9]\n", file);
	fclose(file);
	agent.conf_path = path;
	assert_int_equal(loop_new(&agent.loop), 0);
	if (conf_open(path, &agent.conf, why, sizeof why) != 0 ||
	    agent_open(&agent, why, sizeof why) != 0)
		fail_msg("%s", why);
	assert_int_equal(sessions_open(&agent, on_event, &agent.sessions), 0);
	assert_non_null(agent.sessions);
	me = account_get(&agent.accounts, 0);
	me->clients = 1; /* so that it stays */
	other = account_get(&agent.accounts, 4711);
	other->clients = 1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (agent.loop == NULL)
		return 0;
	agent_close(&agent);
	loop_free(agent.loop);
	unlink(path);
	rmdir(dir);
	return 0;
}

static void
note_of(int fd, uint8_t transport, struct session_note *note)
{
	struct addr at = {.n = sizeof at.any};
	socklen_t n = sizeof note->cookie;

	memset(note, 0, sizeof *note);
	note->transport = transport;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &note->cookie, &n), 0);
	assert_int_equal(getsockname(fd, &at.sa, &at.n), 0);
	addr_to_octets(&at, note->source);
	note->source_port = addr_port(&at);
	at.n = sizeof at.any;
	assert_int_equal(getpeername(fd, &at.sa, &at.n), 0);
	addr_to_octets(&at, note->destination);
	note->destination_port = addr_port(&at);
	assert_int_equal(eid_scan("host.example.test", 17, false, &note->id), 0);
}

static int
udp_socket(void)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* A connection over loopback; the other end too. */
static int
tcp_socket(int *peer)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	*peer = accept(listener, NULL, NULL);
	assert_true(*peer >= 0);
	close(listener);
	return fd;
}

static void
wait_for(enum session_transport transport, size_t n)
{
	uint64_t end = loop_now_ms() + PATIENCE_MS;

	while (sessions_count(agent.sessions, transport) != n && loop_now_ms() < end)
		loop_once(agent.loop, 20);
	assert_int_equal(sessions_count(agent.sessions, transport), n);
}

static void
test_gone_with_its_socket(void **state)
{
	struct session_note note;
	int udp = udp_socket(), peer, tcp = tcp_socket(&peer);

	(void)state;
	note_of(udp, SESSION_UDP, &note);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), 0);
	assert_int_equal(
	    sessions_put(agent.sessions, &client, 1, me, &note), 0); /* again: the same */
	note_of(tcp, SESSION_TCP, &note);
	assert_int_equal(sessions_put(agent.sessions, &client, 2, me, &note), 0);
	assert_int_equal(sessions_count(agent.sessions, SESSION_UDP), 1);
	assert_int_equal(sessions_count(agent.sessions, SESSION_TCP), 1);
	assert_int_equal(me->sessions, 2);
	close(udp);
	wait_for(SESSION_UDP, 0);
	assert_null(sessions_find(agent.sessions, &client, 1));
	assert_non_null(sessions_find(agent.sessions, &client, 2));
	close(peer);
	close(tcp);
	wait_for(SESSION_TCP, 0);
	assert_int_equal(me->sessions, 0);
}

static void
test_whose(void **state)
{
	struct session_note note;
	int peer, tcp = tcp_socket(&peer);

	(void)state;
	note_of(tcp, SESSION_TCP, &note);
	assert_int_equal(
	    sessions_put(agent.sessions, &client, 1, other, &note), -MAP_EREFUSED); /* root's */
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), 0);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, other, &note), -MAP_EREFUSED);
	note.source_port ^= 1;
	assert_int_equal(sessions_put(agent.sessions, &client, 2, me, &note), -MAP_ENOTFOUND);
	close(peer);
	close(tcp);
}

static void
test_client_gone(void **state)
{
	struct session_note note;
	int udp = udp_socket(), peer, tcp = tcp_socket(&peer);

	(void)state;
	note_of(udp, SESSION_UDP, &note);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), 0);
	note_of(tcp, SESSION_TCP, &note);
	assert_int_equal(sessions_put(agent.sessions, &client, 2, me, &note), 0);
	sessions_owner_gone(&client);
	assert_int_equal(sessions_count(agent.sessions, SESSION_UDP), 0);
	assert_int_equal(sessions_count(agent.sessions, SESSION_TCP), 1);
	session_send(
	    sessions_next(agent.sessions, NULL), &(struct session_event){.kind = SESSION_LOST});
	assert_int_equal(events, 0); /* nobody is there to be told */
	close(udp);
	close(peer);
	close(tcp);
	wait_for(SESSION_TCP, 0);
}

/* Its program does not hang: it gets an error. */
static void
test_ended(void **state)
{
	struct session_note note;
	struct socket_look look;
	struct netlink *diag;
	int peer, tcp = tcp_socket(&peer);
	char octet;

	(void)state;
	note_of(tcp, SESSION_TCP, &note);
	note.cookie = 0;
	assert_int_equal(netlink_open(NETLINK_SOCK_DIAG, 0, &diag), 0);
	assert_int_equal(sockets_look(diag, &note, &look), 0);
	assert_int_equal(look.uid, geteuid());
	assert_true(look.cookie != 0);
	assert_int_equal(send(tcp, "x", 1, 0), 1);
	note.cookie = look.cookie + 1;
	assert_int_equal(sockets_look(diag, &note, &look), -MAP_ENOTFOUND);
	note.cookie = look.cookie = 0;
	if (sockets_end(diag, &note) == 0) { /* else a kernel that cannot */
		assert_int_equal(recv(tcp, &octet, 1, 0), -1);
		assert_int_equal(errno, ECONNABORTED);
	} else {
		assert_int_equal(errno, EOPNOTSUPP);
	}
	netlink_close(diag);
	close(peer);
	close(tcp);
}

/* More sockets are closed at once than events fit: then what is there is read anew. */
static void
test_events_lost(void **state)
{
	struct session_note note;
	int kept = udp_socket();

	(void)state;
	note_of(kept, SESSION_UDP, &note);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), 0);
	for (uint32_t i = 0; i < 200; i++) {
		int fd = udp_socket();

		note_of(fd, SESSION_UDP, &note);
		assert_int_equal(sessions_put(agent.sessions, &client, 2 + i, me, &note), 0);
		close(fd);
	}
	for (unsigned i = 0; i < FLOOD; i++)
		close(udp_socket());
	wait_for(SESSION_UDP, 1);
	assert_non_null(sessions_find(agent.sessions, &client, 1));
	close(kept);
	wait_for(SESSION_UDP, 0);
}

/* As many sessions as one user may have, by one destination; numbers are what number() says. How many there are. */
static uint32_t
crowd(uint32_t (*number)(uint32_t i), int *fds)
{
	struct rlimit many = {SESSIONS_MAX, SESSIONS_MAX};
	struct session_note note;
	uint32_t n = 0;
	int rc = 0;

	if (setrlimit(RLIMIT_NOFILE, &many) != 0)
		skip();
	while (rc == 0) {
		fds[n] = udp_socket();
		note_of(fds[n], SESSION_UDP, &note);
		rc = sessions_put(agent.sessions, &client, number(n), me, &note);
		n++;
	}
	assert_int_equal(rc, -MAP_ELIMIT);
	return n;
}

static uint32_t
in_order(uint32_t i)
{
	return i + 1;
}

static int crowd_fds[SESSIONS_MAX / 2 + 1];

/* One user never has more than he leaves to others; and a table that was full is empty afterwards. */
static void
test_limit(void **state)
{
	uint32_t n;

	(void)state;
	n = crowd(in_order, crowd_fds);
	assert_int_equal(n, SESSIONS_MAX / 2 + 1);
	assert_int_equal(me->sessions, SESSIONS_MAX / 2);
	while (n > 0)
		close(crowd_fds[--n]);
	wait_for(SESSION_UDP, 0);
	assert_int_equal(me->sessions, 0);
}

/* That there are many by one destination makes each of them no dearer, whichever goes first. */
static void
test_oldest_first(void **state)
{
	uint64_t took[2];

	(void)state;
	for (unsigned oldest = 0; oldest < 2; oldest++) {
		uint32_t n = crowd(in_order, crowd_fds) - 1;
		uint64_t began = clock_spent_us();

		for (uint32_t i = 1; i <= n; i++)
			sessions_forget(
			    sessions_find(agent.sessions, &client, oldest ? i : n + 1 - i));
		took[oldest] = clock_spent_us() - began;
		for (uint32_t i = 0; i <= n; i++)
			close(crowd_fds[i]);
		loop_once(agent.loop, 0); /* what the kernel tells of them */
	}
	if (took[1] > 4 * took[0] + 20000)
		fail_msg("%u us, and the youngest first %u us", (unsigned)took[1],
		    (unsigned)took[0]);
}

/* The i-th number that the same multiplication by a factor that all know puts where the first is. */
static uint32_t
aimed(uint32_t i)
{
	static uint32_t number, n;
	uint64_t owner = (uint64_t)(uintptr_t)&client * 31;

	if (i == 0)
		number = n = 0;
	for (; n <= i; n++)
		do
			number++;
		while ((owner + number) * 0x9e3779b97f4a7c15u >> 52 != 0);
	return number;
}

/* A client's numbers are his own: he cannot choose them so that each word of one takes a walk over all. */
static void
test_aimed_numbers(void **state)
{
	uint32_t n, absent;
	uint64_t began, took[2];

	(void)state;
	n = crowd(aimed, crowd_fds);
	absent = aimed(n);
	for (unsigned is_aimed = 0; is_aimed < 2; is_aimed++) {
		began = clock_spent_us();
		for (uint32_t i = 0; i < n; i++)
			assert_null(
			    sessions_find(agent.sessions, &client, is_aimed ? absent : ~i));
		took[is_aimed] = clock_spent_us() - began;
	}
	while (n > 0)
		close(crowd_fds[--n]);
	if (took[1] > 4 * took[0] + 20000)
		fail_msg("%u us, and any number %u us", (unsigned)took[1], (unsigned)took[0]);
}

/* Closed before its program's word of it came: the kernel will not tell of its end any more. */
static void
test_too_late(void **state)
{
	struct session_note note;
	int udp = udp_socket(), peer, tcp = tcp_socket(&peer);

	(void)state;
	note_of(udp, SESSION_UDP, &note);
	close(udp);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), -MAP_ENOTFOUND);
	note_of(tcp, SESSION_TCP, &note);
	close(peer);
	close(tcp);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), -MAP_ENOTFOUND);
	tcp = tcp_socket(&peer);
	note_of(tcp, SESSION_TCP, &note);
	close(tcp); /* it lingers: TIME-WAIT */
	close(peer);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), -MAP_ENOTFOUND);
	assert_int_equal(me->sessions, 0);
}

static void
test_story(void **state)
{
	struct session_note note;
	struct session *session;
	int fd = udp_socket();

	(void)state;
	note_of(fd, SESSION_UDP, &note);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), 0);
	session = sessions_find(agent.sessions, &client, 1);
	assert_ptr_equal(sessions_by_id(agent.sessions, session->id), session);
	assert_non_null(strstr(session->story[0].text, "begins from 127.0.0.1 to 127.0.0.1"));
	for (unsigned i = 1; i < 3 * SESSION_STORY; i++)
		session_tell(session, "line %u", i);
	assert_int_equal(session->told, 3 * SESSION_STORY);
	assert_string_equal(
	    session->story[(session->told - 1) % SESSION_STORY].text, "line 47");
	assert_string_equal(session->story[session->told % SESSION_STORY].text, "line 32");
	close(fd);
}

/* Two addresses that are as long as they can be leave room for the cause. */
static void
test_story_whole(void **state)
{
	static const char longest[] = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff";
	struct session_note note;
	struct session *session;
	int fd = udp_socket();

	(void)state;
	note_of(fd, SESSION_UDP, &note);
	assert_int_equal(sessions_put(agent.sessions, &client, 1, me, &note), 0);
	session = sessions_find(agent.sessions, &client, 1);
	for (unsigned beat = 0; beat < BEATS; beat++) {
		char words[400];

		snprintf(words, sizeof words,
		    "path from %s1 to %s2: %s, where another one answers", longest, longest,
		    beat_word(beat));
		session_tell(session, "%s", words);
		assert_string_equal(
		    session->story[(session->told - 1) % SESSION_STORY].text, words);
	}
	close(fd);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_gone_with_its_socket),
	    T(test_whose),
	    T(test_client_gone),
	    T(test_ended),
	    T(test_events_lost),
	    T(test_limit),
	    T(test_oldest_first),
	    T(test_aimed_numbers),
	    T(test_too_late),
	    T(test_story),
	    T(test_story_whole),
	};

	return cmocka_run_group_tests_name("resolverd/sessions", tests, NULL, NULL);
}
