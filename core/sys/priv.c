/*
 * priv.c - power given up: user, capabilities, system calls.
 * Knows nothing of what the daemon does with what is left.
 */
#include "core/sys/priv.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sys/ready.h"
#include "core/wire/errors.h"

static int
priv_fail(const char *what, const char **why)
{
	static char text[120];

	snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
	*why = text;
	return -MAP_ESYS;
}

static const struct {
	unsigned keep;
	unsigned capability;
} priv_capabilities[] = {
    {PRIV_BIND_LOW, CAP_NET_BIND_SERVICE},
    {PRIV_NET_ADMIN, CAP_NET_ADMIN},
};

static uint64_t
capabilities_mask(unsigned keep)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof priv_capabilities / sizeof priv_capabilities[0]; i++)
		if ((keep & priv_capabilities[i].keep) != 0)
			mask |= 1ull << priv_capabilities[i].capability;
	return mask;
}

/* Nothing this process starts can have others either. Only root may say so, and need not: a
 * container may have taken the right to. */
static void
capabilities_bound(uint64_t mask)
{
	for (unsigned long i = 0; i < 64 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if ((mask >> i & 1) == 0)
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

/* Without libcap: the kernel's own interface, version 3 (two words of 32 bits). */
static bool
capabilities_limit(uint64_t mask)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};

	/* Of what is wanted, what we have: a container may have taken some from its root. */
	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	for (size_t i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(mask >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) == 0;
}

bool
priv_knows_user(const char *user)
{
	errno = 0;
	/* Users that cannot be asked for now may be there: only who is surely not is not known. */
	return user == NULL || getpwnam(user) != NULL || (errno != 0 && errno != ENOENT);
}

int
priv_user(const char *user, uid_t *uid, gid_t *gid, const char **why)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(user);
	if (entry == NULL) {
		*why = "no such user";
		return errno == 0 || errno == ENOENT ? -MAP_ECONFIG : priv_fail("users", why);
	}
	*uid = entry->pw_uid;
	*gid = entry->pw_gid;
	return 0;
}

static int
priv_become(const char *user, uid_t uid, gid_t gid, const char **why)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return priv_fail("keeping capabilities", why);
	if (initgroups(user, gid) != 0)
		return priv_fail("setting groups", why);
	if (setresgid(gid, gid, gid) != 0)
		return priv_fail("setting the group", why);
	if (setresuid(uid, uid, uid) != 0)
		return priv_fail("setting the user", why);
	return 0;
}

int
priv_drop(const char *user, unsigned keep, const char **why)
{
	uint64_t mask = capabilities_mask(keep);
	uid_t uid = geteuid();
	gid_t gid;
	int error = 0;

	*why = "";
	if (user != NULL)
		error = priv_user(user, &uid, &gid, why);
	if (error == 0 && uid != 0)
		capabilities_bound(mask);
	if (error == 0 && user != NULL && (geteuid() != uid || getuid() != uid))
		error = priv_become(user, uid, gid, why);
	if (error != 0 || uid == 0)
		return error;
	if (!capabilities_limit(mask))
		return priv_fail("setting capabilities", why);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return priv_fail("refusing new privileges", why);
	/* A setter that cannot fail is followed by a test. */
	if (setuid(0) == 0 || geteuid() == 0) {
		*why = "root could be had back";
		return -MAP_ESYS;
	}
	return 0;
}

/* What neither daemon nor its libraries ever call. */
static const char *const priv_refused[] = {
#ifndef __SANITIZE_ADDRESS__ /* the leak checker traces its own process at the end */
    "ptrace",
#endif
    "execve", "execveat", "process_vm_readv", "process_vm_writev", "mount", "umount2",
    "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsmount", "init_module",
    "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon",
    "swapoff", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
    "setdomainname", "acct", "quotactl", "add_key", "request_key", "keyctl", "bpf",
    "perf_event_open", "userfaultfd", "unshare", "setns", "iopl", "ioperm", "personality",
    "mknod", "mknodat", "open_by_handle_at", "name_to_handle_at"};

int
priv_seccomp(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int error = filter == NULL ? -MAP_ENOMEM : 0;

	for (size_t i = 0; i < sizeof priv_refused / sizeof priv_refused[0] && error == 0;
	     i++) {
		int number = seccomp_syscall_resolve_name(priv_refused[i]);

		/* Unknown to this library or machine: nothing to refuse. */
		if (number == __NR_SCMP_ERROR)
			continue;
		if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0) != 0)
			error = -MAP_ESYS;
	}
	if (error == 0 && seccomp_load(filter) != 0)
		error = -MAP_ESYS;
	seccomp_release(filter);
	return error;
}

void
priv_ready(int ready_fd)
{
	ssize_t n;

	ready_notify();
	if (ready_fd < 0)
		return;
	do
		n = write(ready_fd, "\n", 1);
	while (n < 0 && errno == EINTR);
	close(ready_fd);
}
