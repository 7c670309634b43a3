#!/usr/bin/python3
"""srp.py - registrations of RFC 9665, built with dnspython, and what a server makes of them.
usage: srp.py PORT ZONE PART     prints "ok ..." or "not ok ..." for each thing it looked at"""
import base64
import os
import select
import socket
import struct
import sys
import time

import dns.edns
import dns.name
import dns.rdata
import dns.update

import hosts
from hosts import A, AAAA, ELOC, KEY, P256

PORT, ZONE, PART = int(sys.argv[1]), sys.argv[2], sys.argv[3]
LEAST = int(os.environ.get("LEAST", "30"))  # seconds: the shortest lease of the realm
WAIT = 30  # seconds for something that must come
server = hosts.Server(PORT)
failed = False


def check(what, got, wanted):
    global failed
    if got == wanted:
        print("ok " + what)
    else:
        print("    | %r is not %r" % (got, wanted))
        print("not ok " + what)
        failed = True


def begins(what, got, wanted):
    check(what, got if not got.startswith(wanted) else wanted, wanted)


def rdata(rdtype, octets):
    return dns.rdata.from_wire(hosts.IN, rdtype, octets, 0, len(octets))


def pack(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def description(key, addresses, lease, more=None, key_record=True):
    """One host description: all goes, the key and the addresses come."""
    update = dns.update.UpdateMessage(ZONE)
    owner = dns.name.from_text(key.owner)
    update.delete(owner)
    if key_record:
        update.add(owner, 60, rdata(KEY, key.rdata))
    for address in addresses:
        update.add(owner, 60, rdata(AAAA if ":" in address else A, pack(address)))
    if more is not None:
        more(update)
    if lease is not None:
        update.use_edns(0, options=[dns.edns.GenericOption(2, struct.pack("!%dI" % len(lease), *lease))])
    return update.to_wire(max_size=65535)



def send(key, addresses, lease, tcp=True, **more):
    """Each one is signed for itself; none is older than the one before."""
    wire = hosts.sig0(description(key, addresses, lease, **more), key)
    return server.tcp(wire) if tcp else server.udp(wire)


def served(owner):
    """The addresses, those of ELOC, and whether there is a key."""
    addresses = server.ask(owner, A)[1] + server.ask(owner, AAAA)[1]
    locators = [r[6:22 if r[5] == 2 else 10] for r in server.ask(owner, ELOC)[1]]
    return sorted(addresses), sorted(locators), len(server.ask(owner, KEY)[1])


def both(*addresses):
    packed = sorted(pack(a) for a in addresses)
    return packed, packed


def until(what, since, test):
    """Waits for something to become true; the seconds since a time are returned."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if test():
            return time.monotonic() - since
        select.select([], [], [], 0.02)
    check(what + " within %d s" % WAIT, False, True)
    return 0


def new(seed, owner, algorithm=P256):
    return hosts.Key(algorithm, seed, owner + "." + ZONE, flags=0)


def part_register():
    key = new("one", "host1")
    before = server.serial(ZONE)
    answer = send(key, ["2001:db8:a::1", "192.0.2.77"], (7200, 86400))
    check("a host is registered", hosts.said(answer), "NOERROR")
    check("the answer has both leases", hosts.granted(answer), (7200, 86400))
    check("addresses are locators too, and the key is there", served(key.owner), both("2001:db8:a::1", "192.0.2.77") + (1,))
    check("one serial", server.serial(ZONE), before + 1)
    check("the key's flags are as they were sent", server.ask(key.owner, KEY)[1], [key.rdata])
    answer = send(key, ["2001:db8:a::1", "192.0.2.77"], (3600, 90000))
    check("a refresh: NOERROR", hosts.said(answer), "NOERROR")
    check("a refresh: leases as it asks now", hosts.granted(answer), (3600, 90000))
    check("a refresh moves no serial", server.serial(ZONE), before + 1)
    answer = send(key, ["2001:db8:b::1"], (7200, 86400), tcp=False)
    check("another address, over UDP", hosts.said(answer), "NOERROR")
    check("the ones before are gone, from ELOC too", served(key.owner), both("2001:db8:b::1") + (1,))
    other = new("two", "host2", hosts.ED25519)
    check("an Ed25519 host", hosts.said(send(other, ["2001:db8:a::2"], (7200, 86400))), "NOERROR")
    answer = send(other, ["2001:db8:a::2"], (7200,))
    check("a lease of 4 octets gets 4", (hosts.said(answer), len(hosts.granted(answer) or ())), ("NOERROR", 1))
    answer = send(key, ["2001:db8:a::1", "192.0.2.77"], (0xffffffff, 0xffffffff))
    lease = hosts.granted(answer)
    check("who asks for too long gets less", lease is not None and 3600 <= lease[0] < 0xffffffff and lease[0] <= lease[1], True)
    lease = hosts.granted(send(key, ["2001:db8:a::1", "192.0.2.77"], (1, 1)))
    check("who asks for too short gets more", lease is not None and lease[0] >= LEAST, True)
    send(key, ["2001:db8:a::1", "192.0.2.77"], (7200, 86400))


def part_contest():
    key, thief = new("one", "host1"), new("thief", "host1")
    before, serial = served(key.owner), server.serial(ZONE)
    said = hosts.said(send(thief, ["2001:db8:bad::1"], (7200, 86400)))
    begins("another key wants the name: YXDOMAIN", said, "YXDOMAIN ")
    check("its reason names the holder's key and both times", str(key.tag) in said and "since" in said and "until" in said, True)
    print("# " + said)

    def twice(update):
        owner = dns.name.from_text("host9." + ZONE)
        update.delete(owner)
        update.add(owner, 60, rdata(AAAA, pack("2001:db8::9")))

    def service(update):
        update.add(dns.name.from_text("_x._tcp." + ZONE), 60, "PTR", "y._x._tcp." + ZONE + ".")

    wire = description(key, ["2001:db8:bad::1"], (7200, 86400))
    for what, answer in (
            ("no signature", server.tcp(wire)),
            ("a wrong signature", server.tcp(hosts.sig0(wire, key, signature=b"\1" * 64))),
            ("an unknown key's signature", server.tcp(hosts.sig0(wire, thief))),
            ("no key among the records", send(key, ["2001:db8:bad::1"], (7200, 86400), key_record=False)),
            ("two hosts", send(key, ["2001:db8:bad::1"], (7200, 86400), more=twice)),
            ("a service", send(key, ["2001:db8:bad::1"], (7200, 86400), more=service)),
            ("an address that can be no locator", send(key, ["fe80::1"], (7200, 86400))),
            ("too many addresses", send(key, ["2001:db8:bad::%x" % i for i in range(1, 40)], (7200, 86400)))):
        check(what + ": refused", hosts.said(answer).split(" ")[0] in ("REFUSED", "NOTAUTH", "YXDOMAIN"), True)
        if hosts.said(answer).split(" ")[0] not in ("REFUSED", "NOTAUTH", "YXDOMAIN"):
            print("# " + hosts.said(answer))
    check("nothing has changed", (served(key.owner), server.serial(ZONE)), (before, serial))


    # what is not as RFC 9665 has it is an ordinary update, of a name that is its own
    plain = new("plain", "plain")
    for what, lease in (("a lease longer than the key's", (86400, 7200)), ("no lease", None)):
        check(what + ": an ordinary update", hosts.said(send(plain, ["2001:db8:a::5"], lease)), "NOERROR")
        check(what + ": no locators come of it", served(plain.owner), ([pack("2001:db8:a::5")], [], 1))


def part_withdraw():
    key, other = new("one", "host1"), new("later", "host1")
    answer = send(key, [], (0, 86400))
    check("lease 0: NOERROR", hosts.said(answer), "NOERROR")
    check("addresses are gone, the key stays", served(key.owner), ([], [], 1))
    begins("the name is kept for it", hosts.said(send(other, ["2001:db8:bad::1"], (7200, 86400))), "YXDOMAIN")
    check("it comes back", hosts.said(send(key, ["2001:db8:a::1"], (7200, 86400))), "NOERROR")
    check("with its address", served(key.owner), both("2001:db8:a::1") + (1,))
    check("both leases 0: NOERROR", hosts.said(send(key, [], (0, 0))), "NOERROR")
    check("nothing is left", served(key.owner), ([], [], 0))
    check("nor the name", server.ask(key.owner, A)[0], "NXDOMAIN")
    check("another key can have it", hosts.said(send(other, ["2001:db8:c::1"], (7200, 86400))), "NOERROR")


def part_expire():
    key, kept, other = new("short", "short"), new("kept", "kept"), new("other", "short")
    begin = time.monotonic()
    check("leases of 2 and 5 seconds", hosts.granted(send(key, ["2001:db8:a::1", "192.0.2.1"], (2, 5))), (2, 5))
    check("and of 1", hosts.granted(send(kept, ["2001:db8:a::2"], (1, 20))), (1, 20))
    serial = server.serial(ZONE)
    check("a refresh before the end", hosts.granted(send(kept, ["2001:db8:a::2"], (600, 600))), (600, 600))
    check("moves no serial", server.serial(ZONE), serial)
    took = until("the addresses expire", begin, lambda: not server.ask(key.owner, AAAA)[1])
    check("the addresses go after 2 s, not before", took >= 1.9, True)
    print("# after %.1f s" % took)
    check("with ELOC, and the key stays", served(key.owner), ([], [], 1))
    check("with a serial of their own", server.serial(ZONE), serial + 1)
    begins("the name is still its", hosts.said(send(other, ["2001:db8:bad::1"], (5, 5))), "YXDOMAIN")
    took = until("the key expires", begin, lambda: not server.ask(key.owner, KEY)[1])
    check("the key goes after 5 s, not before", took >= 4.9, True)
    print("# after %.1f s" % took)
    check("and the name", server.ask(key.owner, KEY)[0], "NXDOMAIN")
    check("what was refreshed is there", served(kept.owner), both("2001:db8:a::2") + (1,))
    check("another key can have the name", hosts.said(send(other, ["2001:db8:c::1"], (600, 600))), "NOERROR")
    many = [new("many%d" % i, "many%d" % i) for i in range(200)]
    done = [hosts.said(send(each, ["2001:db8:d::%x" % (i + 1)], (1, 1))) for i, each in enumerate(many)]
    check("200 hosts for a second", set(done), {"NOERROR"})
    until("200 hosts expire", begin, lambda: not any(server.ask(each.owner, KEY)[1] for each in reversed(many)))
    check("200 hosts expire", [each.owner for each in many if served(each.owner) != ([], [], 0)], [])


def part_restart_before():
    key = new("restart", "restart")
    check("a lease of 1 second", hosts.granted(send(key, ["2001:db8:a::1"], (1, 600))), (1, 600))


def part_restart_after():
    key = new("restart", "restart")
    until("a lease that mapd did not see the end of", time.monotonic(), lambda: not server.ask(key.owner, AAAA)[1])
    check("a lease whose end mapd did not see is over", served(key.owner), ([], [], 1))


def part_default():
    """A client that follows RFC 9665 proves nothing: it knows no PROVE."""
    key = new("default", "default1")
    serial = server.serial(ZONE)
    for way in ("TCP", "UDP"):
        answer = send(key, ["2001:db8:a::1", "192.0.2.77"], (7200, 86400), tcp=way == "TCP")
        said = hosts.said(answer)
        begins("addresses that are to be proved, over %s: REFUSED, and why" % way, said, "REFUSED 18 prove ")
        check("the reason names both", ("2001:db8:a::1" in said, "192.0.2.77" in said), (True, True))
        check("no lease is granted", hosts.granted(answer), None)
    print("# " + said)
    check("there is nothing of it", (server.ask(key.owner, KEY)[0], server.serial(ZONE)), ("NXDOMAIN", serial))


def part_own_zone():
    key = new("default", "default1")
    answer = send(key, ["2001:db8:a::1", "192.0.2.77"], (7200, 86400))
    check("where they need no proof: NOERROR", (hosts.said(answer), hosts.granted(answer)), ("NOERROR", (7200, 86400)))
    check("addresses are locators too, and the key is there", served(key.owner), both("2001:db8:a::1", "192.0.2.77") + (1,))
    other = new("clock", "clock")
    wire = hosts.sig0(description(other, ["2001:db8:a::6"], (7200, 86400)), other, 0, 0)
    check("who has no clock: REFUSED", hosts.said(server.tcp(wire)).split(" ")[0], "REFUSED")
    check("and has nothing", server.ask(other.owner, KEY)[0], "NXDOMAIN")


def part_not_enrolled():
    said = hosts.said(send(new("few", "printer"), ["2001:db8:a::1"], (7200, 86400)))
    check("who is not enrolled: REFUSED", said.split(" ")[0], "REFUSED")


def part_key():
    """The KEY of the one that is to be enrolled, for its operator."""
    print("0 3 13 " + base64.b64encode(new("few", "printer").public).decode())


def part_enrolled():
    key = new("few", "printer")
    answer = send(key, ["2001:db8:a::1", "192.0.2.77"], (7200, 86400))
    check("who is enrolled: NOERROR", (hosts.said(answer), hosts.granted(answer)), ("NOERROR", (7200, 86400)))
    check("addresses are locators too, and the key is there", served(key.owner), both("2001:db8:a::1", "192.0.2.77") + (1,))
    said = hosts.said(send(new("thief", "printer"), ["2001:db8:bad::1"], (7200, 86400)))
    check("another key at that name: refused", said.split(" ")[0] in ("REFUSED", "YXDOMAIN"), True)
    check("and nothing has changed", served(key.owner), both("2001:db8:a::1", "192.0.2.77") + (1,))


globals()["part_" + PART.replace("-", "_")]()
sys.exit(failed)
