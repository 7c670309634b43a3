#!/usr/bin/python3
"""prove.py - a host whose realm wants to hear it at each address (doc/protocol.md, registration).
usage: prove.py PORT ZONE"""
import select
import socket
import struct
import sys
import time

import hosts
from hosts import ELOC, PROVE, eloc

PORT, ZONE = int(sys.argv[1]), sys.argv[2]
PROBE, PAUSE = 4177, 5
HERE, THERE, OLD, NOWHERE = "2001:db8:a::1", "2001:db8:a::2", "192.0.2.10", "2001:db8:dead::1"
FRESH = "192.0.2.11" # asked for by nobody before: who asks again for an address waits
server = hosts.Server(PORT)
failed = False


def check(what, got, wanted):
    global failed
    if got != wanted:
        print("    | %r is not %r" % (got, wanted))
        failed = True
    print("%s prove: %s" % ("ok" if got == wanted else "not ok", what))


def mapped(address):
    return socket.inet_pton(socket.AF_INET6, address if ":" in address else "::ffff:" + address)


ears = {}
for each in [HERE, THERE, OLD, FRESH, "2001:db8:a::3"] + ["2001:db8:b::%d" % i for i in range(1, 21)]:
    ears[each] = socket.socket(socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_DGRAM)
    ears[each].bind((each, PROBE))


def probes(wanted):
    """What came to our addresses, address and token: until so many, or for a moment when none is wanted."""
    got = []
    while len(got) < max(wanted, 1) or wanted == 0:
        ready = select.select(list(ears.values()), [], [], 10 if len(got) < wanted else 0.3)[0]
        if not ready:
            break
        for ear in ready:
            octets = ear.recv(2048)
            where = [a for a, e in ears.items() if e is ear][0]
            if len(octets) != 32 or octets[:8] != b"prove-1\0" or octets[8:24] != mapped(where):
                check("what comes to %s is a probe" % where, octets, b"")
            got.append((where, octets[24:]))
    while select.select(list(ears.values()), [], [], 0.3)[0]:
        got.append(("one more", b""))
        for ear in select.select(list(ears.values()), [], [], 0)[0]:
            ear.recv(2048)
    return sorted(got)


def message(key, addresses, tokens=(), prove=True):
    update = hosts.registration(key, addresses, ZONE).edns()
    if prove:
        update.option(PROVE, struct.pack("!H", PROBE) + b"".join(tokens))
    return update


def send(key, addresses, *rest, **how):
    return hosts.said(server.tcp(hosts.sig0(message(key, addresses, *rest), key, **how)))


def published(key):
    return server.ask(key.owner, ELOC)[1]


def main():
    key, other = hosts.Key(seed="prove").at(ZONE), hosts.Key(seed="prove other").at(ZONE)
    said = send(key, [HERE, OLD])
    check("a first registration: REFUSED, and says what is to be proved",
          (said.split(" ")[0], "prove" in said, HERE in said, OLD in said), ("REFUSED", True, True, True))
    print("# " + said)
    got = probes(2)
    check("a probe came to each address", [where for where, _ in got], sorted([HERE, OLD]))
    check("nothing is published", published(key), [])
    tokens = dict(got)
    check("one token of two", send(key, [HERE, OLD], [tokens[HERE]]).split(" ")[0], "REFUSED")
    check("no second probe so soon", probes(0), [])
    check("tokens of another name", send(other, [HERE, OLD], list(tokens.values())).split(" ")[0], "REFUSED")
    probes(0)
    check("tokens of another address", send(key, [THERE], [tokens[HERE]]).split(" ")[0], "REFUSED")
    there = dict(probes(1)).get(THERE)
    check("tokens that are none", send(key, [HERE, OLD], [b"12345678", b"\0" * 8]).split(" ")[0], "REFUSED")
    check("nothing is published still", published(key), [])
    check("both tokens", send(key, [HERE, OLD], list(tokens.values())), "NOERROR")
    check("both addresses are published", published(key), sorted([eloc(HERE), eloc(OLD)]))
    check("a refresh needs no tokens", send(key, [HERE, OLD]), "NOERROR")
    check("nor does an address that goes", send(key, [HERE]), "NOERROR")
    check("and nobody is sent a probe", probes(0), [])
    said = send(key, [HERE, THERE, NOWHERE], [there] if there else [])
    check("three, of which one cannot be reached: REFUSED, and names it", (said.split(" ")[0], NOWHERE in said), ("REFUSED", True))
    check("all or nothing: nothing has changed", published(key), [eloc(HERE)])
    check("without that one", send(key, [HERE, THERE], [there] if there else []), "NOERROR")
    check("those that answered are published", published(key), sorted([eloc(HERE), eloc(THERE)]))
    probes(0)
    loud = hosts.Key(seed="prove loud").at(ZONE)
    wire = hosts.sig0(message(loud, ["2001:db8:a::3"]), loud, signature=b"\1" * 64)
    check("a wrong signature", hosts.said(server.tcp(wire)).split(" ")[0] in ("REFUSED", "NOTAUTH"), True)
    check("sends no probe", probes(0), [])
    plain = hosts.sig0(message(loud, ["2001:db8:a::3"], prove=False), loud)
    check("without a port", hosts.said(server.tcp(plain)).split(" ")[0], "REFUSED")
    check("there is no probe", probes(0), [])
    many = ["2001:db8:b::%d" % i for i in range(1, 13)]
    wire = hosts.sig0(message(loud, many), loud)
    check("12 addresses at once", hosts.said(server.tcp(wire)).split(" ")[0], "REFUSED")
    got = probes(8)
    check("8 probes at most", len(got), 8)
    check("and no more octets than were sent", 32 * len(got) <= len(wire), True)
    at_home()
    return failed


def at_home():
    """Who asks for an address again and again keeps nobody who is there from proving it."""
    home, near = hosts.Server(PORT, source=FRESH), hosts.Server(PORT, source=OLD)  # of one network
    foe, host = hosts.Key(seed="prove foe").at(ZONE), hosts.Key(seed="prove host").at(ZONE)
    wire = hosts.sig0(message(foe, [FRESH]), foe)
    began = time.monotonic()
    for _ in range(20):
        server.tcp(wire)
    most = 1 + int((time.monotonic() - began + 1) / PAUSE) # whole seconds are counted
    check("who asks for another's address 20 times", 1 <= len(probes(1)) <= most, True)
    near.tcp(wire)
    check("a neighbour asks, and has it probed", len(probes(1)), 1)
    said = hosts.said(home.tcp(hosts.sig0(message(host, [FRESH]), host)))
    check("the host at that address asks", said.split(" ")[0], "REFUSED")
    tokens = [token for _, token in probes(1)]
    check("and gets its probe", len(tokens), 1)
    check("which proves it", hosts.said(home.tcp(hosts.sig0(message(host, [FRESH], tokens), host))), "NOERROR")


sys.exit(main())
