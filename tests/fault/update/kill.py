#!/usr/bin/python3
"""kill.py - kills mapd while it is sent updates, starts it again, and looks whether it kept its word.
usage: kill.py BUILD FOLDER PORT ZONE SECRET ROUNDS GUESTS...    FOLDER has mapd.yaml and the database
Of each name it is known what was acknowledged last, and what was sent after that and not acknowledged: one of
these is what must be served. An administrator's update changes two names at once, which must be equal. In the zones
GUESTS hosts register for a second or two, so that leases end while mapd is killed."""
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
ROUNDS, GUESTS = int(sys.argv[6]), sys.argv[7:]
SENDERS, HOSTS, PAIRS = 24, 6, 2  # of each sender
MOST, LIFE = 50, 10  # updates of a key in the seconds that a signature lives: a server remembers 64
LEASE = 7200  # of who asks for none
STAY, KEY_STAY = 1, 2  # seconds: the leases of a guest
WAIT = 90  # seconds until a next guest must have gone: what a kill found begun is tried again after 60
rng = random.Random(os.environ.get("SEED"))
OVER = threading.Event()  # this life of mapd's


class Thing:
    """What one key holds, or two names of the administrator's: what was acknowledged, what may be."""

    def __init__(self, sender, number, key):
        self.key, self.at = key, "%d-%d.pair.%s" % (sender, number, ZONE)
        self.value, self.pending, self.times = [], None, []
        self.taken = []  # the last two messages that were acknowledged, and when they were made

    def message(self):
        """A change: the message, what it makes, and when it was made."""
        now = int(time.time())
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
        return wire, value, now

    def take(self, wire, value, made):
        """It was acknowledged."""
        self.value, self.pending, self.taken = value, None, (self.taken + [(wire, made)])[-2:]

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
        self.trouble, self.guests = None, {}

    def invite(self, server):
        """A guest comes; False: mapd has gone."""
        zone, made = rng.choice(GUESTS), int(time.time())
        key = hosts.Key().at(zone)
        answer = server.tcp(hosts.sig0(hosts.registration(key, ["2001:db8::1"], zone).lease(STAY, KEY_STAY), key))
        if answer is not None and hosts.rcode(answer) != "NOERROR":
            self.trouble = hosts.said(answer)
        elif answer is not None:
            self.guests[key.owner] = made
        return answer is not None and self.trouble is None

    def run(self):
        server = hosts.Server(PORT, wait=0.4, source="127.0.%d.1" % (self.number + 2))
        while not OVER.is_set():
            if rng.random() < 0.03 and not self.invite(server):
                return
            thing = rng.choice(self.things)
            if thing.is_spent():
                continue
            thing.pending, self.tries = thing.message(), self.tries + 1
            wire = thing.pending[0]
            answer = server.udp(wire) if thing.key is None and self.number % 2 else server.tcp(wire)
            if answer is None:
                return
            if hosts.rcode(answer) != "NOERROR":
                self.trouble = hosts.said(answer)
                return
            self.acknowledged += 1
            thing.take(*thing.pending)


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


def sent(server, wire, what):
    said = hosts.said(server.tcp(wire))
    if said.split(" ")[0] != "NOERROR":
        raise Wrong("%s: %s" % (what, said))


def again(thing, server):
    """What was taken before the kill gets NOERROR after it, and does nothing, though something else has come since: a
    message that was forgotten while its change was kept would undo that. Returns how many such were sent."""
    if thing.pending is not None:
        wire, value, made = thing.pending
        if thing.served(server) == thing.value:  # it may not have come so far; now it has
            sent(server, wire, "not acknowledged, and sent again")
        if thing.served(server) != value:
            raise Wrong("%s: another value after it was sent again" % thing.at)
        thing.take(wire, value, made)
    if thing.is_spent():
        return 0
    old, new, count = thing.taken, thing.message(), 0
    sent(server, new[0], "a later one")
    thing.take(*new)
    serial = server.serial(ZONE)
    for wire, made in reversed(old):
        if time.time() < made + LIFE - 4:
            sent(server, wire, "of before the kill, and sent again")
            if (server.serial(ZONE), thing.served(server)) != (serial, thing.value):
                raise Wrong("%s: a message of before the kill was done twice" % thing.at)
            count += 1
    return count


def claims_hold(mapd, things, guests):
    """What is known of names fits the zones, and is of what was acknowledged last. Returns how many guests are there."""
    claims, staying = mapd.claims(ZONE, *GUESTS), 0
    now = time.time()
    for thing in sum(things, []):
        if thing.key is None or not thing.taken:
            continue
        until, _, elocs, _ = claims.get(thing.key.owner + ".", (0, 0, 0, 0))
        may = [len(thing.value)] + ([len(thing.pending[1])] if thing.pending else [])
        if not thing.taken[-1][1] + LEASE < until <= now + LEASE + 1 or elocs not in may:
            raise Wrong("%s: acknowledged at %d, %d locators until %d" % (thing.key.owner, thing.taken[-1][1], elocs, until))
    for owner, made in guests.items():
        until, key_until, elocs, _ = claims.get(owner + ".", (0, 0, 0, 0))
        if now < made + STAY and (elocs != 1 or until <= made + STAY) or now < made + KEY_STAY and key_until <= made + KEY_STAY:
            raise Wrong("%s: registered at %d, %d locators until %d, KEY until %d" % (owner, made, elocs, until, key_until))
        staying += now < made + KEY_STAY
    return staying


def guests_leave(mapd):
    """Each of them, whatever was killed meanwhile; and then nothing is known of them any more."""
    end, least = 0, float("inf")
    while True:
        left = sum(len(mapd.mapctl("identity", "list", zone).splitlines()) for zone in GUESTS)
        if left == 0:
            break
        if left < least:
            end, least = time.monotonic() + WAIT, left
        if time.monotonic() > end:
            raise Wrong("%d guests whose leases are over stay" % left)
        select.select([], [], [], 0.05)
    for zone in GUESTS:
        with open(DIR + "/dump", "w", encoding="ascii") as out:
            out.write(mapd.zone("dump", "--plain", zone))
        judged("ldns-verify-zone", "-V", "1", DIR + "/dump")
        if "_eid" in mapd.zone("dump", zone):
            raise Wrong("%s: records of guests stay" % zone)
    mapd.kill()
    left = [owner for owner in mapd.claims(ZONE, *GUESTS) if not owner.endswith("." + ZONE + ".")]
    if left:
        raise Wrong("claims of guests stay: %s" % left)


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
    for thread in senders:
        thread.join(60)
        if thread.trouble:
            raise Wrong("an update is answered %s" % thread.trouble)
    watch.join(60)
    state["guests"] += sum(len(sender.guests) for sender in senders)
    if number % 2:  # the other kills find mapd's start as the first who opens the database
        state["staying"] += claims_hold(mapd, things, {k: v for sender in senders for k, v in sender.guests.items()})
    mapd.start()
    server = hosts.Server(PORT)
    serial = server.serial(ZONE)
    if watch.wrong or serial < watch.last:
        raise Wrong(watch.wrong or "serial %d after %d" % (serial, watch.last))
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
    if lost == 0:
        state["again"] += sum(again(thing, server) for thing in sum(things, []) if thing.pending is not None or rng.random() < 0.05)
    state["serial"], before = server.serial(ZONE), serial
    state["zone"], differences = mapd.journal_leads(ZONE, state["zone"], before, state["serial"])
    state["differences"] += differences
    return sum(s.tries for s in senders), sum(s.acknowledged for s in senders), lost


def row(*values):
    print("# %6s %13s %13s %5s %10s %8s %8s %12s %8s" % values, flush=True)


def main():
    row("kills", "updates sent", "acknowledged", "lost", "sent again", "guests", "staying", "differences", "serial")
    mapd = Mapd(BUILD, DIR)
    mapd.start()
    things = [[Thing(n, i, hosts.Key(hosts.ED25519 if i % 2 else hosts.P256, "%d %d" % (n, i)).at(ZONE)) for i in range(HOSTS)] +
              [Thing(n, i, None) for i in range(PAIRS)] for n in range(SENDERS)]
    state = {"serial": hosts.Server(PORT).serial(ZONE), "zone": set(mapd.zone("dump", ZONE).splitlines()), "differences": 0, "again": 0,
             "guests": 0, "staying": 0}
    tries = acknowledged = lost = number = 0
    trouble = None
    try:
        for number in range(1, ROUNDS + 1):
            more = one_round(number, mapd, things, state)
            tries, acknowledged, lost = tries + more[0], acknowledged + more[1], lost + more[2]
            if number % 100 == 0 or number == ROUNDS:
                row(number, tries, acknowledged, lost, state["again"], state["guests"], state["staying"], state["differences"], state["serial"])
        guests_leave(mapd)
    except Wrong as wrong:
        trouble = "round %d: %s" % (number, wrong)
    finally:
        mapd.kill()
    if trouble is None and 0 in (state["again"], state["guests"], state["staying"]):
        trouble = "nothing was sent again, or nobody's lease was looked at"
    print("%s kill-update: %d times kill -9 under load: %d updates sent, %d acknowledged, lost: %d; %d sent again after the kill" % (
        "not ok" if lost or trouble else "ok", number, tries, acknowledged, lost, state["again"]))
    print("%s kill-update: claims fit the zones after each second kill, and %d guests left in time%s" % (
        "not ok" if trouble else "ok", state["guests"], ": " + trouble if trouble else ""))
    return 1 if lost or trouble else 0


sys.exit(main())
