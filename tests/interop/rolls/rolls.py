#!/usr/bin/python3
"""rolls.py - keys rolled under the eyes of Unbound, at a clock that this program sets.

Two mapd serve a parent and its child. At each moment of a roll (the begin and the last second of each phase, the
change of the DS, the end) caches are filled with one thing each: the DS, the keys, some data. They are Unbounds that do
not validate, and behind each is one that does and keeps nothing, so that what it sees is a DS, a DNSKEY set and data of
different moments. Another Unbound validates and keeps all. At every later moment, as long as anything of that may be
kept, each must still validate what is there and what is not.

usage: rolls.py BUILD DIR SCENE...
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

CHILD, PARENT = "child.parent.test.", "parent.test."
CHILD_PORT, PARENT_PORT, JUDGE_PORT = 5860, 5861, 15860
BEGIN = 1800000000
DATA_TTL, DS_TTL, PROPAGATION = 7200, 1800, 600
KEPT = DATA_TTL + PROPAGATION + 60  # seconds for which a judge's first fill may matter
WARMS = {"the DS": [(CHILD, "DS")], "the keys": [(CHILD, "DNSKEY")],
         "data": [("www." + CHILD, "A"), ("w.wild." + CHILD, "TXT"), ("nx." + CHILD, "A")]}
VALIDATE = """
  module-config: "validator iterator"
  trust-anchor-file: "%s"
  harden-algo-downgrade: yes
  val-log-level: 2
"""
FORGET = """
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
"""
STUBS = """
stub-zone:
  name: "%s"
  stub-addr: 127.0.0.1@%d
stub-zone:
  name: "%s"
  stub-addr: 127.0.0.1@%d
""" % (PARENT, PARENT_PORT, CHILD, CHILD_PORT)


def say(good, what):
    print(("ok " if good else "not ok ") + what, flush=True)
    if not good:
        Scene.failed = True


class Clock:
    """One clock for all that is started here; it stands still until it is set."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "now")
        self.set(BEGIN)
        # not by faketime(1), which leaves semaphores behind when what it runs is killed
        preload = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0]
        self.env = dict(os.environ, TZ="UTC", LD_PRELOAD=preload, FAKETIME_TIMESTAMP_FILE=self.path,
                        FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
                        ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")

    def set(self, now):
        self.now = now
        with open(self.path + ".new", "w") as file:
            file.write(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)))
        os.rename(self.path + ".new", self.path)


class Mapd:
    def __init__(self, clock, build, folder, name, port):
        self.clock, self.build, self.port = clock, build, port
        self.folder = os.path.join(folder, name)
        self.process = None
        os.makedirs(self.folder)

    def configure(self, options):
        lines = ["listen: [127.0.0.1@%d]" % self.port, "workers: 1",
                 "database: %s/db" % self.folder, "control: %s/control" % self.folder, "zones:"]
        for zone, rows in options.items():
            lines += ["  %s:" % zone] + ["    %s: %s" % row for row in rows.items()]
        with open(self.folder + "/mapd.yaml", "w") as file:
            file.write("\n".join(lines) + "\n")

    def start(self):
        ready, theirs = os.pipe()
        with open(self.folder + "/log", "ab") as log:
            self.process = subprocess.Popen(
                [self.build + "/mapd/mapd", "-f", "-c", self.folder + "/mapd.yaml", "--ready-fd", str(theirs)],
                env=self.clock.env, pass_fds=[theirs], stderr=log, stdout=log)
        os.close(theirs)
        if os.read(ready, 1) == b"":
            print(open(self.folder + "/log").read())
            sys.exit("not ok mapd starts")
        os.close(ready)

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def ctl(self, *words, expect=0):
        done = subprocess.run([self.build + "/mapctl/mapctl", "-j", "-s", self.folder + "/control", *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = done.stdout.decode()
        if expect is not None and done.returncode != expect:
            print("    | mapctl %s: exit %d: %s" % (" ".join(words), done.returncode, text))
            say(False, "mapctl %s ends with %d" % (" ".join(words), expect))
        return json.loads(text.splitlines()[-1]) if text.strip() else {}

    def load(self, zone, text):
        path = self.folder + "/zone"
        with open(path, "w") as file:
            file.write(text)
        return self.ctl("zone", "load", zone, path)


class Unbound:
    """One with an empty cache."""
    ports = iter(range(JUDGE_PORT, 65536))

    def __init__(self, clock, folder, server, zones):
        self.port = next(Unbound.ports)
        self.folder = os.path.join(folder, "unbound%d" % self.port)
        os.makedirs(self.folder)
        with open(self.folder + "/conf", "w") as file:
            file.write("""server:
  interface: 127.0.0.1@%d
  access-control: 127.0.0.0/8 allow
  directory: "%s"
  chroot: ""
  username: ""
  do-daemonize: no
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  prefetch: no
  msg-cache-size: 256k
  rrset-cache-size: 256k
  key-cache-size: 256k
  neg-cache-size: 64k
  infra-cache-numhosts: 100
  outgoing-range: 16
  num-queries-per-thread: 8
  local-zone: "test." nodefault
%s
%s
remote-control:
  control-enable: no
""" % (self.port, self.folder, server, zones))
        with open(self.folder + "/log", "wb") as log:
            self.process = subprocess.Popen(["unbound", "-c", self.folder + "/conf"], env=clock.env, stderr=log)
        until = time.monotonic() + 30
        while "start of service" not in self.log():
            if self.process.poll() is not None or time.monotonic() > until:
                print(self.log())
                sys.exit("not ok unbound starts")
            time.sleep(0.005)

    def ask(self, name, kind):
        query = dns.message.make_query(name, kind, use_edns=0, want_dnssec=True)
        return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=10)

    def log(self):
        return open(self.folder + "/log").read()[-1500:]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Judge:
    """Validates what a cache has, which is filled with one thing; warm None: what it has itself."""

    def __init__(self, clock, folder, anchors, when, warm=None):
        self.name, self.born, self.number = "filled with %s at: %s" % (warm or "all", when), clock.now, 0
        if warm:
            self.cache = Unbound(clock, folder, '  module-config: "iterator"', STUBS)
            for name, kind in WARMS[warm]:
                self.cache.ask(name, kind)
            self.validator = Unbound(clock, folder, VALIDATE % anchors + FORGET,
                                     'forward-zone:\n  name: "test."\n  forward-addr: 127.0.0.1@%d' % self.cache.port)
        else:
            self.cache = None
            self.validator = Unbound(clock, folder, VALIDATE % anchors + "  aggressive-nsec: yes", STUBS)

    def complaint(self):
        """What of it does not validate; None: all does."""
        self.number += 1
        for name, kind, rcode in (("www." + CHILD, "A", dns.rcode.NOERROR),
                                  ("w.wild." + CHILD, "TXT", dns.rcode.NOERROR),
                                  ("nx." + CHILD, "A", dns.rcode.NXDOMAIN),
                                  ("w%d.wild.%s" % (self.number, CHILD), "TXT", dns.rcode.NOERROR),
                                  ("nx%d.%s" % (self.number, CHILD), "A", dns.rcode.NXDOMAIN),
                                  ("www." + CHILD, "TYPE%d" % (1000 + self.number), dns.rcode.NOERROR)):
            answer = self.validator.ask(name, kind)
            if answer.rcode() != rcode or not answer.flags & dns.flags.AD:
                return "%s %s: %s%s\n%s" % (name, kind, dns.rcode.to_text(answer.rcode()),
                                            "" if answer.flags & dns.flags.AD else ", not validated",
                                            self.validator.log())
        return None

    def stop(self):
        self.validator.stop()
        if self.cache:
            self.cache.stop()


class Scene:
    failed = False

    def __init__(self, build, folder, name):
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.name, self.clock = name, Clock(self.folder)
        self.child = Mapd(self.clock, build, self.folder, "child", CHILD_PORT)
        self.parent = Mapd(self.clock, build, self.folder, "parent", PARENT_PORT)
        self.anchors = self.folder + "/anchors"
        self.judges, self.asked = [], 0

    def begin(self, more="", **options):
        self.parent.configure({PARENT: {}})
        self.parent.start()
        self.configure(**options)
        self.child.start()
        self.child.load(CHILD, """$TTL %d
@ SOA ns hostmaster 1 3600 600 864000 %d
@ NS ns
ns A 127.0.0.1
www A 192.0.2.1
www TXT "text"
*.wild TXT "any"
a.b.c TXT "below empty non-terminals"
sub NS ns.elsewhere.test.
""" % (DATA_TTL, DATA_TTL) + more)
        self.delegate()
        with open(self.anchors, "w") as file:
            for ds in self.parent.ctl("key", "ds", PARENT)["ds"]:
                file.write("%s IN DS %d %d %d %s\n" % (
                    PARENT, ds["tag"], ds["algorithm"], ds["digest_type"], ds["digest"]))

    def configure(self, **options):
        rows = {"propagation": "%ds" % PROPAGATION, "parents": "[127.0.0.1@%d]" % PARENT_PORT}
        rows.update({key.replace("_", "-"): value for key, value in options.items()})
        self.child.configure({CHILD: rows})

    def cds(self):
        """What the child asks its parent for."""
        query = dns.message.make_query(CHILD, "CDS")
        answer = dns.query.udp(query, "127.0.0.1", port=CHILD_PORT, timeout=10)
        return sorted(rdata.to_text() for rrset in answer.answer for rdata in rrset)

    def delegate(self, ds=None):
        """The parent takes the DS that CDS asks for (RFC 7344), or those given."""
        self.ds = self.cds() if ds is None else ds
        self.parent.load(PARENT, "$TTL %d\n@ SOA ns hostmaster 1 3600 600 864000 300\n@ NS ns\nns A 127.0.0.1\n"
                         "child NS ns.child\nns.child A 127.0.0.1\n" % DS_TTL +
                         "".join("child DS %s\n" % one for one in self.ds))

    def moment(self, what):
        """All judges are asked, and new ones are filled."""
        wrong = []
        for judge in list(self.judges):
            if self.clock.now - judge.born > KEPT:
                self.judges.remove(judge)
                judge.stop()
                continue
            self.asked += 1
            why = judge.complaint()
            if why:
                wrong.append("%s: %s" % (judge.name, why))
        for why in wrong[:3]:
            print("    | " + why.replace("\n", "\n    | "))
        say(not wrong, "%s, %s: %d caches of earlier moments validate" % (self.name, what, len(self.judges)))
        for warm in [None, *WARMS]:
            judge = Judge(self.clock, self.folder, self.anchors, what, warm)
            if not warm:
                judge.complaint()
            self.judges.append(judge)

    def keys(self):
        return self.child.ctl("key", "list", CHILD)

    def wait(self, test, what):
        """Until test of the keys holds: what it waits for happens now, not at a time."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            keys = self.keys()
            if test(keys):
                return keys
            time.sleep(0.02)
        say(False, "%s: %s within a minute" % (self.name, what))
        sys.exit(1)

    def restart(self):
        self.child.stop(signal.SIGKILL)
        self.child.start()

    def roll(self, *words):
        """One roll from its begin to its end; each phase as early as is allowed."""
        self.moment("before")
        self.child.ctl("key", "roll", CHILD, *words)
        while True:
            keys = self.wait(lambda k: "roll" not in k or not k["roll"].get("waits", "").startswith("until all"),
                             "all is signed anew")
            roll = keys.get("roll")
            if not roll:
                break
            phase = "%s/%s" % (roll["kind"], roll["phase"])
            self.moment("begin of " + phase)
            if "waits" in roll:
                self.clock.set(self.clock.now + 200)
                self.child.ctl("key", "next", CHILD, expect=4)
                self.delegate()
                self.moment("the parent has the DS that CDS asks for")
                self.child.ctl("key", "next", CHILD, expect=4)  # and has the parent asked
                keys = self.wait(lambda k: "waits" not in k["roll"], "the parent's DS is seen")
            safe = keys["roll"]["safe_at"]
            if safe > self.clock.now:
                self.clock.set(safe - 1)
                self.child.ctl("key", "next", CHILD, expect=4)
                self.moment("last second of " + phase)
                self.clock.set(safe)
            self.restart()
            # it goes on by itself, with the first look at the clock
            self.wait(lambda k: "roll" not in k or k["roll"]["phase"] != roll["phase"], "the phase after " + phase)
        self.moment("end")
        self.clock.set(self.clock.now + 1800)
        self.moment("half an hour later")
        self.clock.set(self.clock.now + KEPT)
        self.moment("when all of it is forgotten")
        self.verify()

    def verify(self):
        with open(self.folder + "/dump", "w") as file:
            subprocess.run([self.child.build + "/mapctl/mapctl", "-s", self.child.folder + "/control", "zone", "dump",
                            "--plain", CHILD], stdout=file, check=True)
        # BIND's tool cannot be told a date, and does not end under another clock
        at = time.strftime("%Y%m%d%H%M%S", time.gmtime(self.clock.now))
        done = subprocess.run(["ldns-verify-zone", "-V", "1", "-t", at, self.folder + "/dump"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            print(done.stdout.decode())
        say(done.returncode == 0, "%s: ldns-verify-zone finds nothing wrong" % self.name)

    def end(self):
        # the judges see what is wrong, or their word is worth nothing
        self.delegate(["1 13 2 " + "00" * 32])
        judge = Judge(self.clock, self.folder, self.anchors, "the end")
        say(judge.complaint() is not None, "%s: a DS of another key is noticed" % self.name)
        judge.stop()
        for judge in self.judges:
            judge.stop()
        self.child.stop()
        self.parent.stop()
        print("%s: %d times a cache was asked" % (self.name, self.asked))


def roles(scene):
    return sorted((key["role"], key["algorithm"]) for key in scene.keys()["keys"])


def scene_zsk(scene):
    scene.begin(keys="split")
    scene.roll("zsk")


def scene_ksk(scene):
    scene.begin(keys="split")
    scene.roll("ksk")


def scene_csk(scene):
    scene.begin()
    scene.roll("csk")


def reconfigure(scene, **options):
    scene.configure(**options)
    scene.child.ctl("reload")


def scene_split(scene):
    """A combined key becomes two, and one again."""
    scene.begin()
    reconfigure(scene, keys="split")
    scene.roll()
    say(roles(scene) == [("ksk", 13), ("zsk", 13)], "split: two keys in the end")
    reconfigure(scene, keys="combined")
    scene.roll("keys")
    say(roles(scene) == [("csk", 13)], "split: and one again")


def scene_algorithm(scene):
    """P-256 to Ed25519 and back, with two keys to end with."""
    scene.begin(denial="nsec")
    reconfigure(scene, algorithm="ed25519", denial="nsec")
    scene.roll("algorithm")
    say(roles(scene) == [("csk", 15)], "algorithm: Ed25519")
    reconfigure(scene, algorithm="ecdsap256", keys="split", denial="nsec")
    scene.roll("algorithm")
    say(roles(scene) == [("ksk", 13), ("zsk", 13)], "algorithm: P-256 again, and split")


def scene_denial(scene):
    scene.begin(denial="nsec3")
    for denial in "nsec", "nsec3":
        reconfigure(scene, denial=denial)
        scene.moment("before " + denial)
        scene.child.ctl("key", "roll", CHILD, "denial")
        say(scene.child.ctl("zone", "status", CHILD)["denial"] == denial, "denial: now " + denial)
        for wait in 0, 60, 3600, KEPT:
            scene.clock.set(scene.clock.now + wait)
            scene.moment("%d s after %s" % (wait, denial))
        scene.verify()


def life(scene, days, step):
    """Years by themselves: keys have their lifetimes, a parent follows CDS, one Unbound is asked all along."""
    scene.begin(keys="split", zsk_lifetime="20d", ksk_lifetime="30d")
    judge = Judge(scene.clock, scene.folder, scene.anchors, "the begin")
    seen, wrong, times, begin = set(), 0, 0, scene.clock.now
    while scene.clock.now < begin + days * 86400:
        scene.clock.set(scene.clock.now + step)
        scene.child.ctl("key", "next", CHILD, expect=None)  # has it look at the clock
        scene.parent.ctl("zone", "status", PARENT)
        scene.parent.ctl("key", "next", PARENT, expect=None)
        for key in scene.keys()["keys"]:
            if key["published"]:
                seen.add((key["role"], key["tag"]))
        if scene.cds() != scene.ds:
            scene.delegate()
        times += 1
        why = judge.complaint()
        if why:
            wrong += 1
            print("    | day %.1f: %s" % ((scene.clock.now - begin) / 86400, why))
            if wrong > 3:
                break
    judge.stop()
    count = {role: sum(1 for r, _ in seen if r == role) for role in ("ksk", "zsk")}
    say(wrong == 0, "life: each of %d times, over %d days, all validates" % (times, days))
    say(count["zsk"] >= days // 21 and count["ksk"] >= days // 32,
        "life: %d zone-signing and %d key-signing keys took turns" % (count["zsk"], count["ksk"]))


def scene_off(scene):
    """A month off: nothing is served of what has expired, not even for the first question after the start."""
    names = 3000
    scene.begin("".join("n%d A 192.0.2.1\n" % n for n in range(names)))
    for daemon in scene.child, scene.parent:
        daemon.stop(signal.SIGKILL)
    scene.clock.set(scene.clock.now + 31 * 86400)
    scene.parent.start()
    scene.child.start()
    expired = 0
    for n in range(names - 1, 0, -100):
        query = dns.message.make_query("n%d.%s" % (n, CHILD), "A", use_edns=0, want_dnssec=True)
        answer = dns.query.udp(query, "127.0.0.1", port=CHILD_PORT, timeout=10)
        expired += sum(rdata.expiration < scene.clock.now for rrset in answer.answer
                       if rrset.rdtype == dns.rdatatype.RRSIG for rdata in rrset)
    say(expired == 0, "off: a month later, of the first answers %d have an expired signature" % expired)
    judge = Judge(scene.clock, scene.folder, scene.anchors, "the first question")
    why = judge.complaint()
    say(why is None, "off: and they validate" + (": " + why if why else ""))
    judge.stop()
    scene.verify()


def scene_life(scene):
    life(scene, 60, 4 * 3600)


def scene_years(scene):
    life(scene, 3650, 4 * 3600)


def main():
    build, folder = sys.argv[1:3]
    for name in sys.argv[3:]:
        scene = Scene(build, folder, name)
        try:
            globals()["scene_" + name](scene)
            scene.end()
        finally:
            for judge in scene.judges:
                judge.stop()
            scene.child.stop()
            scene.parent.stop()
        if Scene.failed:
            for side in "child", "parent":
                print("    | " + open("%s/%s/log" % (scene.folder, side)).read()[-3000:].replace("\n", "\n    | "))
    sys.exit(Scene.failed)


main()
