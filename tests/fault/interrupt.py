#!/usr/bin/python3
# interrupt.py - interrupts the demonstration at several stages in several ways, and looks for what is left
# of it. interrupt.sh runs it as "interrupt.py TESTS" where nothing else is; prints "ok WHAT" lines.
import concurrent.futures
import contextlib
import ctypes
import glob
import itertools
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time

TESTS = sys.argv[1]
DEMO, FIG1 = TESTS + "/demo/demo", TESTS + "/testbed/fig1"
TMP = os.environ["TMPDIR"]
LIBC = ctypes.CDLL(None, use_errno=True)
IN_CREATE = 0x100
PATIENCE = 100  # seconds that a run may take from its start to its end, or it says what holds it
bad = 0

# The lines that tell how far a run has come; of the first stage only the namespaces tell.
STAGES = {
    "set-up": None,
    "loading zones": r"   its site has ",
    "streaming while A is away": r"== 4 ",
    "referral": r"== 5 ",
}


def report(good, what, why=""):
    global bad
    if good:
        print("ok interrupt: " + what, flush=True)
    else:
        bad = 1
        print("not ok interrupt: %s%s" % (what, ": " + why if why else ""), flush=True)


class Namespaces:
    """Hears of each network namespace that gets a name."""

    def __init__(self):
        self.fd = LIBC.inotify_init1(os.O_CLOEXEC)
        assert LIBC.inotify_add_watch(self.fd, b"/run/netns", IN_CREATE) >= 0

    def wait(self, prefix, n):
        while n > 0:
            data = os.read(self.fd, 65536)
            while data:
                length = struct.unpack("iIII", data[:16])[3]
                name, data = data[16 : 16 + length].rstrip(b"\0").decode(), data[16 + length :]
                n -= name.startswith(prefix)

    def close(self):
        os.close(self.fd)


class Run:
    """A demonstration: without a terminal, or with one that it has in the foreground."""

    numbers = itertools.count(1)

    def __init__(self, terminal=False):
        number = next(Run.numbers)
        self.mark = "EIDMAP_TEST_MARK=%d." % number
        self.tmp = "%s/%d" % (TMP, number)
        os.mkdir(self.tmp)
        self.text = ""
        self.namespaces = Namespaces()
        self.master, slave = os.openpty() if terminal else os.pipe()
        env = dict([self.mark.split("=")], **dict(os.environ, TMPDIR=self.tmp))
        # Signals as a shell gives them to what runs in its foreground. Nothing of Python runs in the new process:
        # the other threads may have held a lock when it was made.
        self.process = subprocess.Popen(
            ["setsid"] + ["--ctty"] * terminal + ["env", "--default-signal=INT,TERM,HUP", DEMO], env=env,
            stdin=slave if terminal else subprocess.DEVNULL, stdout=slave, stderr=slave)
        self.until = time.monotonic() + PATIENCE
        os.close(slave)
        self.pid = self.process.pid
        self.prefix = "f%d" % self.pid
        self.out = self.lines()

    def lines(self):
        rest = b""
        while True:
            if not select.select([self.master], [], [], max(0, self.until - time.monotonic()))[0]:
                self.stuck()
            try:
                data = os.read(self.master, 4096)
            except OSError:  # a terminal whose last user is gone
                data = b""
            if not data:
                return
            self.text += data.decode(errors="replace")
            *lines, rest = (rest + data).split(b"\n")
            yield from (line.decode().rstrip("\r") for line in lines)

    # It neither goes on nor ends: what there is of it, in what state, waiting where, and what it said last.
    def stuck(self):
        mine = [p for p in processes() if self.mark in environment(p[0])]
        told = ["%d (%s): %s" % (p[0], p[1], standing(p[0])) for p in mine]
        report(False, "a run ends within %d seconds" % PATIENCE, "; ".join(told + ["it said: " + self.text[-400:]]))
        for pid, _ in mine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        collect()
        self.until = float("inf")

    # False when it ended before.
    def reach(self, stage):
        if STAGES[stage] is None:
            self.namespaces.wait(self.prefix + "-", 5)
            return True
        return any(re.match(STAGES[stage], line) for line in self.out)

    def inner(self):
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid)) as f:
            children = [int(pid) for pid in f.read().split()]
        return [pid for pid in children if DEMO in open("/proc/%d/cmdline" % pid).read()][0]

    def end(self):
        for _ in self.out:
            pass
        status = self.process.wait()
        os.close(self.master)
        self.namespaces.close()
        return status if status >= 0 else 128 - status

    def left(self):
        found = ["process %d (%s)" % p for p in processes() if self.mark in environment(p[0])]
        found += glob.glob("/run/netns/%s-*" % self.prefix) + glob.glob("/run/eidmap-fig1/" + self.prefix)
        found += ["mount " + m for m in mounts() if self.prefix + "-" in m]
        return found + glob.glob(self.tmp + "/*") + glob.glob(self.tmp + "/.??*")


def processes():
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            with open(path) as f:
                yield int(path.split("/")[2]), f.read().strip()
        except OSError:
            pass


def environment(pid):
    try:
        with open("/proc/%d/environ" % pid, errors="replace") as f:
            return f.read().split("\0")
    except OSError:
        return []


def standing(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat, open("/proc/%d/wchan" % pid) as wchan, open("/proc/%d/cmdline" % pid) as args:
            state, parent = stat.read().rsplit(")")[1].split()[:2]
            return "%s, child of %s, in %s, %s" % (state, parent, wchan.read(), args.read().replace("\0", " ")[-200:])
    except OSError:
        return "gone"


def mounts():
    with open("/proc/self/mounts") as f:
        return f.read().splitlines()


# All of this world but what a test may change: its own folder.
def world():
    yield from ("process %d %s" % p for p in processes())
    yield from ("mount " + m for m in mounts())
    yield from ("link " + name for name in os.listdir("/sys/class/net"))
    # resolverd's own folder stays, and in it what one that was killed had on record of a namespace that is gone
    yield from ("in /run: " + p for p in glob.glob("/run/**", recursive=True) if not p.startswith("/run/resolverd"))


# What the runs said of themselves, for those that came so far.
seen = {"identity of host": [], "site": [], "trust anchor": []}
WORDS = {"identity of host": r"   host is (\S+)", "site": r"   its site has (\S+) .* (\S+) from provider B",
         "trust anchor": r"   to be trusted: (.*)"}


def note(run):
    for what, words in WORDS.items():
        seen[what] += [m.groups() for m in re.finditer(words, run.text)]


def told_to_end(run, stage, status, word):
    """What a run that was told to end has to have said and left, once it has ended."""
    why = []
    got = run.end()
    note(run)
    if got != status:
        why.append("status %d, not %d" % (got, status))
    said = re.findall(r"^(?:\^C)*(?:demo|fig1): interrupted by %s, " % word, run.text, re.M)
    if len(said) != 1 or "not ok" in run.text or "== 6 " in run.text:
        why.append("said: " + run.text[-300:].replace("\n", " / "))
    return why + run.left()


def interrupted(stage, how):
    run = Run(terminal=how == "ctrl-C")
    if not run.reach(stage):
        return report(False, "%s, %s" % (how, stage), "ended before: " + run.text[-500:])
    if how == "ctrl-C":
        os.write(run.master, b"\x03")
        why = told_to_end(run, stage, 130, "SIGINT")
    else:
        number = getattr(signal, how)
        os.kill(run.pid, number)
        why = told_to_end(run, stage, 128 + number, how)
    report(not why, "%s, %s: nothing is left, and it says so" % (how, stage), "; ".join(why))


# The script of the demonstration dies, and what runs it does not.
def inner_killed(stage):
    run = Run()
    run.reach(stage)
    os.kill(run.inner(), signal.SIGKILL)
    status, left = run.end(), run.left()
    note(run)
    report(status == 137 and not left, "kill -9 of the script, %s: nothing is left" % stage,
           "; ".join(["status %d" % status] + left))


def all_killed(stage, what, remove):
    run = Run()
    run.reach(stage)
    inner = [] if stage == "set-up" else [run.inner()]
    for pid in [run.pid] + inner:
        os.kill(pid, signal.SIGKILL)
    run.process.wait()
    before = run.left()
    remove()
    left = run.left()
    if not left:  # or else its output does not end
        run.end()
        note(run)
    report(before and not left, "kill -9 of all, %s: %s removes %d things" % (stage, what, len(before)), "; ".join(left))


def outer_killed(stage):
    """The script goes on without what would have cleaned up after it; gc ends both."""
    run = Run()
    run.reach(stage)
    os.kill(run.pid, signal.SIGKILL)
    run.process.wait()
    alive = any(thing.startswith("process") for thing in run.left())
    collect()
    left = run.left()
    if not left:
        run.end()
        note(run)
    report(alive and not left, "kill -9 of what runs it, %s: gc ends the script, too" % stage, "; ".join(left))


def collect():
    subprocess.run([FIG1, "gc"], check=True, stderr=subprocess.DEVNULL)


def next_run():
    interrupted("loading zones", "SIGTERM")


def main():
    before = set(world())
    jobs = [(stage, how) for stage in reversed(STAGES) for how in ("SIGINT", "SIGTERM", "SIGHUP")]
    jobs[1:1] = [("referral", "ctrl-C"), ("streaming while A is away", "ctrl-C"), ("set-up", "ctrl-C")]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = [pool.submit(interrupted, *job) for job in jobs] + [pool.submit(inner_killed, "referral")]
        for future in done:
            future.result()
    all_killed("set-up", "gc", collect)
    outer_killed("loading zones")
    all_killed("streaming while A is away", "the next run", next_run)
    after = set(world())
    report(before == after, "processes, mounts, links and /run are as before", "; ".join(sorted(before ^ after)))
    for what, values in seen.items():
        report(len(values) > 5 and len(set(values)) == len(values), "%d runs, each with another %s" % (len(values), what),
               str(values))
    return bad


sys.exit(main())
