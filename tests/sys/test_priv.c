/*
 * test_priv.c - core/sys/priv in a child process: what is given up stays given up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sys/priv.h"
#include "core/wire/errors.h"

/* Exit status of what is done in a child: 0, or the number of the step that failed. */
static int
in_child(int (*steps)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(steps());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_no_user(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(priv_drop(NULL, 0, &why), 0);
	assert_int_equal(priv_drop("no-such-user-here", 0, &why), -MAP_ECONFIG);
	assert_string_equal(why, "no such user");
}

static int
drop_steps(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(1)};
	const char *why;
	int fd;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (priv_drop("nobody", PRIV_BIND_LOW, &why) != 0)
		return 1;
	if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || setuid(0) == 0)
		return 2;
	/* A port below 1024 can still be bound, so that a reload can. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 && errno != EADDRINUSE)
		return 3;
	/* Nothing else of root's is left. */
	if (chown("/tmp", 0, 0) == 0 || errno != EPERM)
		return 4;
	return 0;
}

static int
drop_all_steps(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	const char *why;

	if (priv_drop("nobody", 0, &why) != 0)
		return 1;
	if (syscall(SYS_capget, &header, data) != 0 || data[0].permitted != 0 ||
	    data[1].permitted != 0 || data[0].inheritable != 0)
		return 2;
	/* nor could a program that it starts have any */
	if (prctl(PR_CAPBSET_READ, CAP_NET_ADMIN, 0, 0, 0) != 0 ||
	    prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0)
		return 3;
	/* being that user already, it gives up what it was given */
	return priv_drop("nobody", PRIV_NET_ADMIN, &why) == 0 ? 0 : 4;
}

static int
keep_steps(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	const char *why;

	if (priv_drop("nobody", PRIV_BIND_LOW | PRIV_NET_ADMIN, &why) != 0)
		return 1;
	if (syscall(SYS_capget, &header, data) != 0 || data[1].effective != 0 ||
	    data[0].effective != (1u << CAP_NET_ADMIN | 1u << CAP_NET_BIND_SERVICE))
		return 2;
	if (priv_drop(NULL, PRIV_NET_ADMIN, &why) != 0) /* whoever it is, it is not root */
		return 3;
	if (syscall(SYS_capget, &header, data) != 0 ||
	    data[0].effective != 1u << CAP_NET_ADMIN ||
	    data[0].permitted != 1u << CAP_NET_ADMIN)
		return 4;
	return 0;
}

static void
test_drop(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	assert_int_equal(in_child(drop_steps), 0);
	assert_int_equal(in_child(drop_all_steps), 0);
	assert_int_equal(in_child(keep_steps), 0);
}

static int
seccomp_steps(void)
{
	char *const args[] = {NULL};

	if (priv_seccomp() != 0)
		return 1;
	if (execve("/bin/true", args, args) == 0 || errno != EPERM)
		return 2;
	if (chroot("/") == 0 || errno != EPERM)
		return 3;
	/* What a daemon does need. */
	if (socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0)
		return 4;
	return 0;
}

static void
test_seccomp(void **state)
{
	(void)state;
	assert_int_equal(in_child(seccomp_steps), 0);
}

static void
test_ready(void **state)
{
	char octets[4];
	int fds[2];

	(void)state;
	priv_ready(-1);
	assert_int_equal(pipe(fds), 0);
	priv_ready(fds[1]);
	assert_int_equal(
	    read(fds[0], octets, sizeof octets), 1); /* one octet, and then the end */
	assert_int_equal(read(fds[0], octets, sizeof octets), 0);
	close(fds[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_user),
	    cmocka_unit_test(test_drop),
	    cmocka_unit_test(test_seccomp),
	    cmocka_unit_test(test_ready),
	};

	return cmocka_run_group_tests_name("sys/priv", tests, NULL, NULL);
}
