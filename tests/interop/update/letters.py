#!/usr/bin/python3
"""letters.py - records that differ in nothing but upper and lower case: those that DNS takes for the same are one record,
whether they are added, deleted or asked for; those that it does not are two.
usage: letters.py PORT ZONE SECRET     prints "ok ..." or "not ok ..." for each thing it looked at"""
import base64
import struct
import sys

import hosts
from hosts import A, CNAME, ELOC, EPID, KEY, NS, TXT, name

PORT, ZONE = int(sys.argv[1]), sys.argv[2]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[3]))
server = hosts.Server(PORT)
failed = False
LOWER, UPPER = "target.host." + ZONE, "Target.HOST." + ZONE.upper()


def u16(*numbers):
    return struct.pack("!%dH" % len(numbers), *numbers)


# Types whose RDATA has names that RFC 4034 6.2 compares in lower case: what is before them, and how many there are.
FOLDED = {"NS": (NS, b"", 1), "CNAME": (CNAME, b"", 1), "MB": (7, b"", 1), "MG": (8, b"", 1), "MR": (9, b"", 1), "PTR": (12, b"", 1),
          "MINFO": (14, b"", 2), "MX": (15, u16(10), 1), "RP": (17, b"", 2), "AFSDB": (18, u16(1), 1), "RT": (21, u16(1), 1),
          "PX": (26, u16(1), 2), "SRV": (33, u16(1, 2, 3), 1), "NAPTR": (35, u16(1, 2) + b"\1u\1s\0", 1), "KX": (36, u16(1), 1),
          "DNAME": (39, b"", 1)}
# And those where the case of a name matters as that of other octets does.
KEPT = {"SVCB": (64, u16(1), 1), "LP": (107, u16(10), 1)}


def check(what, got, wanted):
    global failed
    if got != wanted:
        print("    | %r is not %r" % (got, wanted))
        failed = True
    print("%s %s" % ("ok" if got == wanted else "not ok", what))


def sent(update):
    return hosts.rcode(server.tcp(hosts.tsig(update.edns(), ADMIN)[0]))


def does(what, update, moves, rcode="NOERROR"):
    """Whether it is taken, and whether the serial moves."""
    before = server.serial(ZONE)
    check(what, (sent(update), server.serial(ZONE) - before), (rcode, 1 if moves else 0))


def spelt(kind, text):
    rdtype, head, names = kind
    return rdtype, head + name(text) * names


def folded(title, kind):
    owner = "t-%s.%s" % (title.lower(), ZONE)
    rdtype, lower = spelt(kind, LOWER)
    _, upper = spelt(kind, UPPER)
    steps = ((hosts.Update(ZONE).add(owner, rdtype, lower), True), (hosts.Update(ZONE).add(owner, rdtype, upper), False),
             (hosts.Update(ZONE).value(owner, rdtype, upper).add(owner, rdtype, lower), False),
             (hosts.Update(ZONE).remove(owner, rdtype, upper), True),
             (hosts.Update(ZONE).remove(owner, rdtype, lower), False),
             (hosts.Update(ZONE).add(owner, rdtype, upper).add(owner, rdtype, lower), True),
             (hosts.Update(ZONE).remove(owner, rdtype, lower).add(owner, rdtype, upper), False))
    moved = []
    for update, _ in steps:
        before = server.serial(ZONE)
        moved.append((sent(update), server.serial(ZONE) - before))
    check("%s: added, spelt otherwise, asked for, deleted, added twice at once" % title, moved,
          [("NOERROR", int(moves)) for _, moves in steps])
    wire = hosts.query(owner, rdtype)
    there = [r for r in hosts.records(server.tcp(wire)) if r[2] == name(owner) and r[3] == rdtype]
    check("%s: one record is served" % title, len(there), 1)


def kept(title, kind):
    owner = "t-%s.%s" % (title.lower(), ZONE)
    rdtype, lower = spelt(kind, LOWER)
    _, upper = spelt(kind, UPPER)
    does("%s: two records" % title, hosts.Update(ZONE).add(owner, rdtype, lower).add(owner, rdtype, upper), True)
    check("%s: both are served" % title, server.ask(owner, rdtype)[1], sorted([lower, upper]))
    does("%s: one of them goes" % title, hosts.Update(ZONE).remove(owner, rdtype, lower), True)
    check("%s: the other is left" % title, server.ask(owner, rdtype)[1], [upper])
    does("%s: both again" % title, hosts.Update(ZONE).add(owner, rdtype, lower), True)


def owners():
    lower, upper, one, two = "owner." + ZONE, "OWNER." + ZONE.upper(), b"\xc0\0\2\1", b"\xc0\0\2\2"
    does("an owner, spelt in two ways at once", hosts.Update(ZONE).add(lower, A, one).add(upper, A, two), True)
    check("is one name", (server.ask(lower, A)[1], server.ask(upper, A)[1]), ([one, two], [one, two]))
    does("spelt otherwise, it has the record already", hosts.Update(ZONE.upper()).add(upper, A, one), False)
    does("prerequisites see it", hosts.Update(ZONE).used(upper).used(upper, A).value(upper, A, one).value(lower, A, two), False)
    does("it is not unused", hosts.Update(ZONE).unused(upper), False, "YXDOMAIN")
    does("its set is not absent", hosts.Update(ZONE).unused(upper, A), False, "YXRRSET")
    does("a record of it goes", hosts.Update(ZONE).remove(upper, A, one), True)
    check("and the other stays", server.ask(lower, A)[1], [two])
    does("the set goes", hosts.Update(ZONE).delete(upper, A), True)
    does("it comes back", hosts.Update(ZONE).add(upper, A, one), True)
    does("the name goes", hosts.Update(ZONE).delete("oWnEr." + ZONE), True)
    check("all of it", server.ask(lower, A)[0], "NXDOMAIN")
    does("texts differ by their letters", hosts.Update(ZONE).add(lower, TXT, b"\3one").add(upper, TXT, b"\3One"), True)
    check("both are served", server.ask(lower, TXT)[1], [b"\3One", b"\3one"])


def loud(key, locators, proved):
    """What a host sends whose software has upper-case names: zone, owners, signer. The proof is of the name in lower case."""
    update, owner, rdatas = hosts.Update(ZONE.upper()), key.owner.upper(), [hosts.eloc(each) for each in locators]
    update.delete(owner, ELOC).add(owner, KEY, key.rdata)
    for rdata in rdatas + ([hosts.proof(key, rdatas)] if proved else []):
        update.add(owner, ELOC, rdata)
    return hosts.said(server.tcp(hosts.sig0(update.edns(), key, signer=owner)))


def registrations():
    for algorithm in (hosts.ED25519, hosts.P256):
        key = hosts.Key(algorithm, "letters").at(ZONE)
        check("a host in upper case", loud(key, ["2001:db8:a::1"], False), "NOERROR")
        check("with a proof", loud(key, ["2001:db8:a::1", "2001:db8:b::1"], True), "NOERROR")
        check("what it has is there", [len(server.ask(key.owner, each)[1]) for each in (KEY, ELOC)], [1, 3])
        before = server.serial(ZONE)
        update = hosts.registration(key, ["2001:db8:a::1"], ZONE)
        check("in lower case it is the same host", hosts.rcode(server.tcp(hosts.sig0(update, key))), "NOERROR")
        check("with one KEY and other locators", [len(server.ask(key.owner, each)[1]) for each in (KEY, ELOC)] +
              [server.serial(ZONE) - before], [1, 1, 1])
        for what, rdata in (("EPID", struct.pack("!HBB", 10, 0, 3) + name(UPPER)),
                            ("ELOC", b"\0\1\0\1\0\3" + b"\0" * 15 + b"\1" + name("Site." + ZONE))):
            update = hosts.Update(ZONE).add(key.owner, EPID if what == "EPID" else ELOC, rdata).edns()
            check("a name in upper case in an %s" % what, hosts.rcode(server.tcp(hosts.sig0(update, key))), "FORMERR")
    first, second = hosts.Key(hosts.ED25519, "first", "printer." + ZONE), hosts.Key(hosts.ED25519, "second", "PRINTER." + ZONE)
    said = [hosts.rcode(server.tcp(hosts.sig0(hosts.Update(ZONE).add(key.owner, KEY, key.rdata), key))) for key in (first, second)]
    check("a name of a host, and another host's in upper case", said, ["NOERROR", "YXDOMAIN"])


def main():
    for title, kind in FOLDED.items():
        folded(title, kind)
    for title, kind in KEPT.items():
        kept(title, kind)
    owners()
    registrations()
    return failed


sys.exit(main())
