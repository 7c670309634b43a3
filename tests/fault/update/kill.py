#!/usr/bin/python3
"""kill.py - kills mapd while it is sent updates, starts it again, and looks whether it kept its word.
usage: kill.py BUILD FOLDER PORT ZONE SECRET ROUNDS     FOLDER has mapd.yaml and the database
Of each name it is known what was acknowledged last, and what was sent after that and not acknowledged: one of
these is what must be served. An administrator's update changes two names at once, which must be equal."""
import base64
import os
import random
import select
import sys
import threading
import time

import hosts
from hosts import A, ELOC
from life import Mapd, Wrong, judged

BUILD, DIR, PORT, ZONE = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[5]))
ROUNDS = int(sys.argv[6])
SENDERS, HOSTS, PAIRS = 24, 6, 2  # of each sender
MOST, LIFE = 50, 10  # updates of a key in the seconds that a signature lives: a server remembers 64
rng = random.Random(os.environ.get("SEED"))
OVER = threading.Event()  # this life of mapd's


class Thing:
    """What one key holds, or two names of the administrator's: what was acknowledged, what may be."""

    def __init__(self, sender, number, key):
        self.key, self.at = key, "%d-%d.pair.%s" % (sender, number, ZONE)
        self.value, self.pending, self.last, self.times = [], None, None, []
        self.sent = 0  # when a message was made

    def message(self):
        self.sent = now = int(time.time())
        if self.key is None:
            value = [] if rng.random() < 0.1 else [os.urandom(4)]
            update = hosts.Update(ZONE).edns()
            for owner in ("a" + self.at, "b" + self.at):
                update.delete(owner, A)
                for rdata in value:
                    update.add(owner, A, rdata)
            wire, _ = hosts.tsig(update, ADMIN)
        else:
            self.times = [t for t in self.times if t >= now - LIFE - 1] + [now]
            some = ["2001:db8:%x:%x::%x" % (rng.getrandbits(16), rng.getrandbits(16), i) for i in range(rng.randrange(4))]
            update = hosts.registration(self.key, some, ZONE, proved=bool(some) and rng.random() < 0.2).edns()
            value = sorted(r[-1] for r in [(h[6],) for h in hosts.records(update.wire()) if h[3] == ELOC and h[4] == 1])
            wire = hosts.sig0(update, self.key, now - 1, now + LIFE)
        return wire, value

    def is_spent(self):
        now = time.time()
        return self.key is not None and len([t for t in self.times if t >= now - LIFE - 1]) >= MOST

    def served(self, server):
        if self.key is not None:
            return server.ask(self.key.owner, ELOC)[1]
        first, second = (server.ask(letter + self.at, A)[1] for letter in "ab")
        if first != second:
            raise Wrong("%s: half an update: %r, %r" % (self.at, first, second))
        return first


class Sender(threading.Thread):
    """Changes its things one after the other until the connection is gone."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.number, self.things = number, []
        self.acknowledged = self.tries = 0
        self.trouble = None

    def run(self):
        server = hosts.Server(PORT, wait=0.4, source="127.0.%d.1" % (self.number + 2))
        while not OVER.is_set():
            thing = rng.choice(self.things)
            if thing.is_spent():
                continue
            wire, value = thing.message()
            thing.pending, self.tries = (wire, value), self.tries + 1
            answer = server.udp(wire) if thing.key is None and self.number % 2 else server.tcp(wire)
            if answer is None:
                return
            if hosts.rcode(answer) != "NOERROR":
                self.trouble = hosts.said(answer)
                return
            self.acknowledged += 1
            thing.value, thing.last, thing.pending = value, wire, None


class Watch(threading.Thread):
    """The last serial that was served."""

    def __init__(self, last):
        super().__init__(daemon=True)
        self.last, self.wrong = last, None

    def run(self):
        server = hosts.Server(PORT, wait=0.4)
        while not OVER.is_set():
            serial = server.serial(ZONE)
            if serial is None:
                return
            if serial < self.last:
                self.wrong = "serial %d after %d" % (serial, self.last)
            self.last = serial
            select.select([], [], [], 0.002)


def again(thing, server):
    """An honest retransmission of what was acknowledged, and of what was not, gets NOERROR; the first changes nothing."""
    if thing.last is not None and thing.pending is None and time.time() < thing.sent + LIFE - 4:
        before = server.serial(ZONE)
        said = hosts.rcode(server.tcp(thing.last))
        if (said, server.serial(ZONE)) != ("NOERROR", before):
            raise Wrong("acknowledged, and sent again: %s, serial %d to %d" % (said, before, server.serial(ZONE)))
    if thing.pending is not None:
        wire, value = thing.pending
        said = hosts.said(server.tcp(wire))
        if said.split(" ")[0] != "NOERROR":
            raise Wrong("not acknowledged, and sent again: %s" % said)
        thing.value, thing.last, thing.pending = value, wire, None


def one_round(number, mapd, things, state):
    """Load, kill, start, look. Returns tries, acknowledged, lost."""
    senders = [Sender(n) for n in range(SENDERS)]
    for n, sender in enumerate(senders):
        sender.things = things[n]
    watch = Watch(state["serial"])
    OVER.clear()
    for thread in senders + [watch]:
        thread.start()
    threading.Event().wait(rng.uniform(0.005, 0.7))  # a random moment, which is what is tested
    mapd.kill()
    OVER.set()
    if rng.random() < 0.1:
        mapd.start(rng.uniform(0, 0.05))
        mapd.kill()
    mapd.start()
    for thread in senders:
        thread.join(60)
        if thread.trouble:
            raise Wrong("round %d: an update is answered %s" % (number, thread.trouble))
    watch.join(60)
    server = hosts.Server(PORT)
    serial = server.serial(ZONE)
    if watch.wrong or serial < watch.last:
        raise Wrong("round %d: %s" % (number, watch.wrong or "serial %d after %d" % (serial, watch.last)))
    lost = 0
    for thing in sum(things, []):
        found = thing.served(server)
        may = [thing.value] + ([thing.pending[1]] if thing.pending else [])
        if found not in may:
            lost += 1
            print("    | round %d: %s: %r is served, not one of %r" % (number, thing.at, found, may))
    with open(DIR + "/dump", "w", encoding="ascii") as out:
        out.write(mapd.zone("dump", "--plain", ZONE))
    judged("ldns-verify-zone", "-V", "1", DIR + "/dump")
    if number % 10 == 0:
        judged("dnssec-verify", "-q", "-o", ZONE, "-z", DIR + "/dump")
    state["zone"], differences = mapd.journal_leads(ZONE, state["zone"], state["serial"], serial)
    state["differences"] += differences
    for thing in sum(things, []):
        if thing.pending is not None or rng.random() < 0.05:
            again(thing, server)
            if thing.served(server) != thing.value:
                raise Wrong("round %d: %s: another value after it was sent again" % (number, thing.at))
    state["serial"], before = server.serial(ZONE), serial
    state["zone"], differences = mapd.journal_leads(ZONE, state["zone"], before, state["serial"])
    state["differences"] += differences
    return sum(s.tries for s in senders), sum(s.acknowledged for s in senders), lost


def row(*values):
    print("# %6s %13s %13s %5s %12s %8s" % values, flush=True)


def main():
    row("kills", "updates sent", "acknowledged", "lost", "differences", "serial")
    mapd = Mapd(BUILD, DIR)
    mapd.start()
    things = [[Thing(n, i, hosts.Key(hosts.ED25519 if i % 2 else hosts.P256, "%d %d" % (n, i)).at(ZONE)) for i in range(HOSTS)] +
              [Thing(n, i, None) for i in range(PAIRS)] for n in range(SENDERS)]
    state = {"serial": hosts.Server(PORT).serial(ZONE), "zone": set(mapd.zone("dump", ZONE).splitlines()), "differences": 0}
    tries = acknowledged = lost = 0
    number = 0
    try:
        for number in range(1, ROUNDS + 1):
            more = one_round(number, mapd, things, state)
            tries, acknowledged, lost = tries + more[0], acknowledged + more[1], lost + more[2]
            if number % 100 == 0 or number == ROUNDS:
                row(number, tries, acknowledged, lost, state["differences"], state["serial"])
    except Wrong as wrong:
        print("not ok kill-update: round %d: %s" % (number, wrong))
        lost += 1
    finally:
        mapd.kill()
    print("%s kill-update: %d times kill -9 under load: %d updates sent, %d acknowledged, lost: %d" % (
        "not ok" if lost else "ok", number, tries, acknowledged, lost))
    return 1 if lost else 0


sys.exit(main())
