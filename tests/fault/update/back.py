#!/usr/bin/python3
"""back.py - updates to a mapd whose clock goes back while it runs.
usage: back.py PORT ZONE SECRET FOLDER MAPCTL...    FOLDER has mapd.log and rc, from which faketime takes mapd's clock
Hosts and administrators have mapd's clock, so that no message is out of time."""
import base64
import re
import select
import subprocess
import sys
import time

import hosts
from hosts import AAAA, ELOC, TXT

PORT, ZONE, DIR, MAPCTL = int(sys.argv[1]), sys.argv[2], sys.argv[4], sys.argv[5:]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[3]))
DAY = 86400
WAIT = 20  # seconds for something that must come
server = hosts.Server(PORT)
ahead, failed = 10 * DAY, False


def result(good, what, *shown):
    global failed
    for each in () if good else shown:
        print("    | %s" % (each,))
    print("%s %s" % ("ok" if good else "not ok", what))
    failed = failed or not good


def clock(seconds):
    """mapd's, and ours: so far ahead of the real one."""
    global ahead
    ahead = seconds
    with open(DIR + "/rc", "w", encoding="ascii") as out:
        out.write("%+d\n" % seconds)


def now():
    return int(time.time()) + ahead


def register(key, address, *lease):
    update = hosts.registration(key, [address], ZONE)
    wire = hosts.sig0(update.lease(*lease) if lease else update.edns(), key, now() - 1, now() + 300)
    return wire, hosts.said(server.tcp(wire))


def administer(text):
    update = hosts.Update(ZONE).edns().add("note." + ZONE, TXT, bytes([len(text)]) + text)
    return hosts.said(server.tcp(hosts.tsig(update, ADMIN, at=now())[0]))


def located(key):
    return server.ask(key.owner, ELOC)[1]


def soon(test):
    end = time.monotonic() + WAIT
    while not test() and time.monotonic() < end:
        select.select([], [], [], 0.05)
    return test()


def dump():
    return sorted(subprocess.run(MAPCTL + ["zone", "dump", ZONE], stdout=subprocess.PIPE, check=True).stdout.splitlines())


def log():
    with open(DIR + "/mapd.log", encoding="ascii") as file:
        return file.read()


def main():
    stays, guest, other, another, late = (hosts.Key(hosts.ED25519, seed).at(ZONE) for seed in ("stays", "guest", "other", "another", "late"))
    said = [register(stays, "2001:db8::1", 3600, 7200)[1], administer(b"before")]
    result(said == ["NOERROR"] * 2, "by a right clock: updates are taken", said)
    taken, answer = register(guest, "2001:db8::2", 60, 60)
    result(answer == "NOERROR" and located(guest) != [], "by a right clock: a lease of a minute is granted", answer)
    serial, before = server.serial(ZONE), dump()

    clock(8 * DAY)
    said = [register(other, "2001:db8::3", 3600, 7200)[1], register(another, "2001:db8::4")[1], administer(b"behind")]
    behind = [re.match(r"SERVFAIL \d+ the clock is (\d+) s behind ", each) for each in said]
    result(all(m and 2 * DAY - 60 <= int(m.group(1)) <= 2 * DAY for m in behind), "two days back: SERVFAIL, and that the clock is behind", said)
    said = hosts.said(server.tcp(taken))
    result(said.startswith(("NOERROR", "REFUSED")), "two days back: one of before, sent again, is not taken anew", said)
    result(soon(lambda: "nothing can be signed: the clock is" in log()), "two days back: the log says it", log())
    result(log().count("nothing can be signed") == 1 and log().count("leases that are over") <= 1, "two days back: once", log())
    result((server.serial(ZONE), dump()) == (serial, before), "two days back: no serial moves, nothing is signed, no lease ends")
    result(located(stays) == [hosts.eloc("2001:db8::1")] and located(guest) != [], "two days back: questions are answered as before")

    clock(10 * DAY - 1800)
    said = register(late, "2001:db8::5", 2, 2)[1]
    result(said == "NOERROR" and located(late) != [], "half an hour back, which is a clock that was set: a host is registered", said)
    result(soon(lambda: located(late) == []), "half an hour back: its lease ends")
    result(located(guest) != [], "half an hour back: one that ends later does not")

    clock(10 * DAY + 120)
    said = [register(stays, "2001:db8::6", 3600, 7200)[1], administer(b"after")]
    result(said == ["NOERROR"] * 2 and located(stays) == [hosts.eloc("2001:db8::6")], "right again: updates are taken", said)
    result(soon(lambda: located(guest) == []), "right again: the lease that is over ends")
    result(located(stays) != [] and server.ask("note." + ZONE, TXT)[1] != [], "right again: what has none, or a long one, stays")
    result(server.ask("www." + ZONE, AAAA)[0] == "NOERROR", "right again: questions are answered")
    return failed


sys.exit(main())
