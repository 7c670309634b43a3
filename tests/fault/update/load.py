#!/usr/bin/python3
"""load.py - updates that each leave a name behind, and whether what was acknowledged is there.
usage: load.py PORT ZONE SECRET FILE send NUMBER [OCTETS]   prints "NOERROR 12; SERVFAIL 22 ... 3"
       load.py PORT ZONE SECRET FILE check                  prints "lost 0 of 12"
Every second one is an administrator's. FILE has the names that were acknowledged, with what they hold."""
import base64
import collections
import sys

import hosts
from hosts import ELOC, TXT

PORT, ZONE, FILE = int(sys.argv[1]), sys.argv[2], sys.argv[4]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[3]))


def send(count, octets):
    said, server = collections.Counter(), hosts.Server(PORT)
    with open(FILE, "a", encoding="ascii") as file, open(FILE + ".next", "a+", encoding="ascii") as numbers:
        numbers.seek(0)
        first = int((["0"] + numbers.read().split())[-1])
        numbers.write("%d\n" % (first + count))
        for n in range(first, first + count):
            if n % 2:
                owner, rdtype, text = "n%d.%s" % (n, ZONE), TXT, (b"%08d" % n).ljust(250, b"x")
                rdata = (bytes([len(text)]) + text) * max(1, octets // 251)
                wire, _ = hosts.tsig(hosts.Update(ZONE).edns().add(owner, TXT, rdata), ADMIN)
            else:
                key = hosts.Key(seed=n).at(ZONE)
                owner, rdtype, rdata = key.owner, ELOC, hosts.eloc("2001:db8::%x" % (n + 1))
                wire = hosts.sig0(hosts.registration(key, ["2001:db8::%x" % (n + 1)], ZONE).edns(), key)
            word = hosts.said(server.tcp(wire))
            said[word] += 1
            if word == "NOERROR":
                file.write("%s %d %s\n" % (owner, rdtype, rdata.hex()))
    print("; ".join("%s %d" % pair for pair in said.most_common()))


def check():
    server, lost, count = hosts.Server(PORT), 0, 0
    with open(FILE, encoding="ascii") as file:
        for line in file:
            owner, rdtype, rdata = line.split()
            count += 1
            lost += server.ask(owner, int(rdtype))[1] != [bytes.fromhex(rdata)]
    print("lost %d of %d" % (lost, count))


if sys.argv[5] == "send":
    send(int(sys.argv[6]), int(sys.argv[7]) if len(sys.argv) > 7 else 250)
else:
    check()
