#!/usr/bin/python3
"""owed.py - kills mapd when names of another zone are still to be brought in step with their identities.
usage: owed.py BUILD FOLDER PORT REALM NAMES ROUNDS     FOLDER has mapd.yaml and the database with both zones"""
import ipaddress
import os
import random
import re
import select
import struct
import sys
import threading
import time

import hosts
from hosts import A, AAAA, ELOC
from life import Mapd, Wrong, judged

BUILD, DIR, PORT, REALM, NAMES, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5], int(sys.argv[6])
HOSTS, EACH = 12, 16  # names of a host
MOST, LIFE, SPARE = 50, 10, 10  # updates of a key in the seconds that a signature lives: a server remembers 64; a random load leaves some
WAIT = 20  # seconds until all must be in step; what was refused once is tried again after 60
# When it is killed: the commit is seen, and its edit is to come; the answer is there; whenever.
MOMENTS = ["served", "random", "served", "acknowledged"]
SHAPES = [(), (AAAA,), (A,), (A, AAAA), (AAAA, AAAA)]  # of a host's locators
rng = random.Random(os.environ.get("SEED"))


def addresses(locators):
    """A and AAAA of direct locators."""
    return {rdtype: sorted(rdata[6:] for rdata in locators if rdata[5] == family) for rdtype, family in ((A, 1), (AAAA, 2))}


def text(found):
    return " ".join(ipaddress.ip_address(each).compressed for each in found)


class Host:
    """An identity with its names: the locators that were acknowledged last, and those that were sent since."""

    def __init__(self, number):
        self.key = hosts.Key(hosts.P256 if number % 2 else hosts.ED25519, "owed %d" % number).at(REALM)
        self.names = ["h%d-%d.%s" % (number, i, NAMES) for i in range(EACH)]
        self.value, self.pending, self.times = [], [], []

    def message(self):
        """Other types than the last: the names come, go, or change theirs, which a chain of NSEC tells."""
        now = int(time.time())
        self.times = [t for t in self.times if t >= now - LIFE - 1] + [now]
        last = {rdtype for rdtype, found in addresses(self.pending[-1] if self.pending else self.value).items() if found}
        some = ["192.0.2.%d" % rng.randrange(1, 255) if t == A else "2001:db8::%x:%x" % (rng.getrandbits(16), rng.getrandbits(16))
                for t in rng.choice([shape for shape in SHAPES if set(shape) != last])]
        self.pending.append(sorted(hosts.eloc(each) for each in some))
        wire = hosts.sig0(hosts.registration(self.key, some, REALM), self.key, now - 1, now + LIFE)
        return struct.pack("!H", len(wire)) + wire

    def is_spent(self, spare=0):
        """mapd remembers no more messages of a key than that; spare: beside so many that are still to come."""
        now = time.time()
        return len([t for t in self.times if t >= now - LIFE - 1]) + spare >= MOST

    def locators(self, server):
        return server.ask(self.key.owner, ELOC)[1]


class Load:
    """One connection; bursts of updates, one of each host, sent before the first is answered."""

    def __init__(self):
        self.server = hosts.Server(PORT)
        self.server.connect()
        self.file = self.server.stream.makefile("rb")
        self.sent = self.acknowledged = 0
        self.trouble = None

    def send(self, some):
        self.server.stream.sendall(b"".join(host.message() for host in some))
        self.sent += len(some)

    def read(self, some):
        """Every answer to a burst, in whatever order; False: it was another one, or the connection has gone."""
        try:
            for _ in some:
                answer = self.file.read(struct.unpack("!H", self.file.read(2))[0])
                if hosts.rcode(answer) != "NOERROR":
                    self.trouble = hosts.said(answer)
                    return False
                self.acknowledged += 1
        except (OSError, struct.error):
            return False
        for host in some:
            host.value, host.pending = host.pending[-1], []
        return True

    def run(self, things, over):
        """Burst after burst until mapd has gone."""
        try:
            while not over.is_set():
                some = [host for host in things if not host.is_spent(SPARE)]
                if some:
                    self.send(some)
                    if not self.read(some):
                        return
        except OSError:
            pass

    def close(self):
        self.file.close()
        self.server.close()


class Serials:
    """The last ones that were served; none comes before them."""

    def __init__(self, server):
        self.last = {zone: server.serial(zone) for zone in (REALM, NAMES)}

    def look(self, server):
        for zone, last in self.last.items():
            serial = server.serial(zone)
            if serial is None or serial < last:
                raise Wrong("%s: serial %s after %d" % (zone, serial, last))
            self.last[zone] = serial


def rested(things):
    """Until each may send one more: what mapd remembers of their messages has run out."""
    while any(host.is_spent() for host in things):
        select.select([], [], [], 0.05)


def killed_when_served(mapd, load, things):
    """At the first sight of what one of the updates changes."""
    rested(things)
    server, host = hosts.Server(PORT), rng.choice(things)
    before, end = host.locators(server), time.monotonic() + WAIT
    load.send(things)
    while host.locators(server) == before:
        if time.monotonic() > end:
            raise Wrong("%s: an update is never served" % host.key.owner)
    mapd.kill()


def killed_when_acknowledged(mapd, load, things):
    rested(things)
    load.send(things)
    if not load.read(things):
        raise Wrong("an update is answered %s" % load.trouble)
    mapd.kill()


def killed_at_random(mapd, load, things, serials):
    """Somewhere in many bursts; serials are looked at until then."""
    over, server = threading.Event(), hosts.Server(PORT)
    thread = threading.Thread(target=load.run, args=(things, over), daemon=True)
    end = time.monotonic() + rng.uniform(0.005, 0.5)
    thread.start()
    while time.monotonic() < end:
        serials.look(server)
    mapd.kill()
    over.set()
    thread.join(60)
    if load.trouble:
        raise Wrong("an update is answered %s" % load.trouble)


def in_step(host, server, end):
    """What was acknowledged is there, or something later; and each name gets just that, in time."""
    served = host.locators(server)
    if served not in [host.value] + host.pending:
        raise Wrong("%s: %r is served, not one of %r" % (host.key.owner, served, [host.value] + host.pending))
    host.value, host.pending = served, []
    for name in host.names:
        for rdtype, wanted in addresses(served).items():
            while server.ask(name, rdtype)[1] != wanted:
                if time.monotonic() > end:
                    raise Wrong("%s has [%s], its identity [%s]" % (name, text(server.ask(name, rdtype)[1]), text(wanted)))


def owed(log):
    """Names that were still to be brought in step, as mapd says at its start."""
    return sum(int(n) for n in re.findall(r"database: (\d+) assigned names are still to be brought in step", log.read()))


def valid(mapd, all_of_them):
    for zone in (REALM, NAMES):
        with open(DIR + "/dump", "w", encoding="ascii") as out:
            out.write(mapd.zone("dump", "--plain", zone))
        judged("ldns-verify-zone", "-V", "1", DIR + "/dump")
        if all_of_them:
            judged("dnssec-verify", "-q", "-o", zone, "-z", DIR + "/dump")


def journals_lead(mapd, state, serials):
    """From what each zone was when it was looked at last to what it is."""
    for zone, (records, serial) in state.items():
        state[zone] = mapd.journal_leads(zone, records, serial, serials.last[zone])[0], serials.last[zone]


def claims_hold(mapd, things):
    """What is known of names fits the zones, and those that are assigned are nobody's claim."""
    claims = mapd.claims(REALM)
    wrong = set(claims) - {host.key.owner + "." for host in things} or [host.key.owner for host in things
                                                                       if host.value and host.key.owner + "." not in claims]
    if wrong:
        raise Wrong("claims: %s" % wrong)


def one_round(number, mapd, things, serials):
    """Load, kill, start, look. Returns the moment, updates sent and acknowledged, and names that were owed."""
    moment, load = MOMENTS[number % len(MOMENTS)], Load()
    with open(DIR + "/mapd.log", encoding="utf-8") as log:
        log.seek(0, os.SEEK_END)
        if moment == "served":
            killed_when_served(mapd, load, things)
        elif moment == "acknowledged":
            killed_when_acknowledged(mapd, load, things)
        else:
            killed_at_random(mapd, load, things, serials)
        if number % 3 == 0:  # the other kills find mapd's start as the first who opens the database
            claims_hold(mapd, things)
        mapd.start()
        names = owed(log)
    if moment == "acknowledged" and names > 0:
        raise Wrong("%d names are owed still, though all was answered" % names)
    load.close()
    server, end = hosts.Server(PORT), time.monotonic() + WAIT
    serials.look(server)
    for host in things:
        in_step(host, server, end)
    serials.look(server)
    valid(mapd, number % 10 == 0 or number == ROUNDS)
    return moment, load.sent, load.acknowledged, names


def row(*values):
    print("# %-12s %6s %13s %13s %13s %12s" % values, flush=True)


def main():
    mapd, number, trouble = Mapd(BUILD, DIR), 0, None
    counts = {moment: [0] * 5 for moment in sorted(set(MOMENTS))}
    mapd.start()
    try:
        server = hosts.Server(PORT)
        things, serials = [Host(n) for n in range(HOSTS)], Serials(server)
        mapd.mapctl("-", lines="".join("identity assign %s %s\n" % (host.key.owner, name) for host in things for name in host.names).encode())
        state = {zone: (set(mapd.zone("dump", zone).splitlines()), serial) for zone, serial in serials.last.items()}
        for number in range(1, ROUNDS + 1):
            moment, *more = one_round(number, mapd, things, serials)
            for i, n in enumerate([1] + more[:2] + [more[2] > 0, more[2]]):
                counts[moment][i] += n
            if number % 10 == 0 or number == ROUNDS:  # a journal keeps 10,000 differences
                journals_lead(mapd, state, serials)
    except Wrong as wrong:
        trouble = "round %d: %s" % (number, wrong)
    finally:
        mapd.kill()
    row("killed when", "kills", "updates sent", "acknowledged", "names owed in", "names owed")
    for moment, count in counts.items():
        row(moment, *count)
    hits = sum(count[3] for count in counts.values())
    if trouble is None and hits == 0:
        trouble = "no kill came between a commit and its edit"
    print("%s owed-kill: %d times kill -9, in %d names were owed to their identities: %s" % (
        "not ok" if trouble else "ok", number, hits, trouble or "all are in step"))
    return 1 if trouble else 0


sys.exit(main())
