#!/usr/bin/python3
"""reverse.py - a host sets the reverse names of its addresses, which the operator gave it, until its lease ends.
usage: reverse.py PORT REALM SECRET ZONE NAME MAPCTL...   MAPCTL: the command that talks to this mapd. Prints "ok ..." or
"not ok ..." for each thing it looked at"""
import base64
import select
import struct
import subprocess
import sys
import time

import hosts
from hosts import A, AAAA, ELOC, EPID, KEY, TXT

PORT, REALM, ZONE, NAME, MAPCTL = int(sys.argv[1]), sys.argv[2], sys.argv[4], sys.argv[5], sys.argv[6:]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[3]))
PTR, WAIT = 12, 30  # seconds for something that must come
server = hosts.Server(PORT)
host, other = hosts.Key(hosts.ED25519, NAME).at(REALM), hosts.Key(hosts.P256, "other " + NAME).at(REALM)
TARGET = hosts.name("host.example.net")
failed = False


def check(what, got, wanted):
    global failed
    if got != wanted:
        print("    | %r is not %r" % (got, wanted))
        failed = True
    print("%s %s: %s" % ("ok" if got == wanted else "not ok", ZONE, what))


def epid(key):
    """The identity of a key: form 2, its digest, its realm."""
    digest = base64.b32decode(key.owner.split(".")[0].upper() + "====")
    return struct.pack("!HBB", 10, 0, 2) + digest + hosts.name(REALM)


def names(lease=(1, 600), target=TARGET):
    """PTR and EPID in place of what was there."""
    update = hosts.Update(ZONE).lease(*lease).delete(NAME, PTR).delete(NAME, EPID)
    return update.add(NAME, PTR, target).add(NAME, EPID, epid(host))


def sent(update, key=host):
    answer = server.tcp(hosts.sig0(update.edns(), key))
    return hosts.said(answer).split(" ")[0], hosts.granted(answer)


def served():
    return [server.ask(NAME, rdtype)[1] for rdtype in (PTR, EPID)]


def mapctl(*words):
    subprocess.run(MAPCTL + list(words), check=True, stdout=subprocess.DEVNULL)


def gone(begin):
    """Waits for the end of the lease; how many seconds that took."""
    while server.ask(NAME, PTR)[1] and time.monotonic() < begin + WAIT:
        select.select([], [], [], 0.02)
    return time.monotonic() - begin


def main():
    for key in (host, other):
        check("a host registers", sent(hosts.registration(key, ["2001:db8:a::1"], REALM), key)[0], "NOERROR")
        mapctl("identity", "enroll", key.owner)
    check("a name that is not given to it", sent(names())[0], "REFUSED")
    mapctl("identity", "assign", host.owner, NAME)
    serial = server.serial(ZONE)
    for what, rdtype, rdata in (("AAAA", AAAA, b"\0" * 16), ("A", A, b"\0" * 4), ("TXT", TXT, b"\1x"),
                                ("ELOC", ELOC, hosts.eloc("2001:db8:a::1")), ("KEY", KEY, host.rdata)):
        check("no %s there" % what, sent(hosts.Update(ZONE).add(NAME, rdtype, rdata))[0], "REFUSED")
    check("another host", sent(names(), other)[0], "YXDOMAIN")
    check("nothing has come of that", (served(), server.serial(ZONE)), ([[], []], serial))
    begin = time.monotonic()
    check("its name", sent(names()), ("NOERROR", (1, 600)))
    check("PTR and EPID are served, with one serial", (served(), server.serial(ZONE)), ([[TARGET], [epid(host)]], serial + 1))
    check("a refresh", sent(names()), ("NOERROR", (1, 600)))
    check("it moves no serial", server.serial(ZONE), serial + 1)
    check("it moves", sent(hosts.registration(host, ["2001:db8:b::1", "192.0.2.77"], REALM))[0], "NOERROR")
    check("its addresses are not at the reverse name", [server.ask(NAME, each)[1] for each in (A, AAAA)], [[], []])
    wire, _ = hosts.tsig(hosts.Update(ZONE).add(NAME, TXT, b"\1x").edns(), ADMIN)
    check("an administrator adds a TXT", hosts.rcode(server.tcp(wire)), "NOERROR")
    took = gone(begin)
    check("the lease ends after 1 s, not before", 0.9 <= took < WAIT, True)
    check("PTR and EPID are gone", served(), [[], []])
    check("what the host may not change has no lease", server.ask(NAME, TXT)[1], [b"\1x"])
    check("with a serial of their own", server.serial(ZONE), serial + 3)
    check("the name is still its", sent(names(lease=(600, 600)))[0], "NOERROR")
    check("and served again", served(), [[TARGET], [epid(host)]])
    mapctl("identity", "ban", host.owner)
    check("a ban takes it out", served(), [[], []])
    check("who is banned sets nothing", sent(names())[0], "REFUSED")
    return failed


sys.exit(main())
