#!/usr/bin/python3
"""visible.py - updates, each followed at once by a question for what it changed.
usage: visible.py PORT ZONE SECRET UPDATES"""
import base64
import os
import sys
import time

import hosts
from hosts import A, ELOC

PORT, ZONE, UPDATES = int(sys.argv[1]), sys.argv[2], int(sys.argv[4])
SENDERS = 4 if UPDATES > 2000 else 2
MOST = 50  # of one key in 5 s: a server remembers 64


def ask(servers, n, owner, rdtype):
    """Through one of many sockets: any worker may answer."""
    return servers[n % len(servers)].ask(owner, rdtype)[1]


def sender(number, count):
    """Returns what was wrong, as lines."""
    to = hosts.Server(PORT, source="127.0.1.%d" % (number + 1))
    servers = [hosts.Server(PORT, source="127.0.1.%d" % (number + 1)) for _ in range(16)]
    admin = hosts.Secret("admin", secret=base64.b64decode(sys.argv[3]))
    key, used, wrong = None, 0, []
    for n in range(count):
        address = "2001:db8:%x::%x" % (number + 1, n + 1)
        if n % 2 == 0:
            owner, rdtype, value = "v%d.%s" % (n % 1000, ZONE), A, bytes([192, 0, 2, n // 1000 % 256])
            owner = "s%d" % number + owner
            wire, _ = hosts.tsig(hosts.Update(ZONE).delete(owner, A).add(owner, A, value), admin)
            answer = to.udp(wire)
        else:
            if key is None or used == MOST:
                key, used = hosts.Key(seed="%d %d" % (number, n)).at(ZONE), 0
            used, owner, rdtype, value = used + 1, key.owner, ELOC, hosts.eloc(address)
            answer = to.tcp(hosts.sig0(hosts.registration(key, [address], ZONE), key))
        if hosts.rcode(answer) != "NOERROR":
            wrong.append("%s: %s" % (owner, hosts.said(answer)))
            continue
        found = ask(servers, n, owner, rdtype)
        if found != [value]:
            wrong.append("%s: %r in place of %r" % (owner, found, value))
    return wrong


def main():
    pipes, begin = [], time.monotonic()
    for number in range(SENDERS):
        heard, told = os.pipe()
        if os.fork() == 0:
            wrong = sender(number, UPDATES // SENDERS)
            with os.fdopen(told, "w") as out:
                out.write("%d\n" % len(wrong) + "\n".join(wrong[:10]) + "\n")
            os._exit(0)
        os.close(told)
        pipes.append(heard)
    wrong, died = 0, 0
    for heard in pipes:
        with os.fdopen(heard) as file:
            lines = file.read().split("\n")
        if not lines[0]:
            died += 1
            continue
        wrong += int(lines[0])
        for line in lines[1:-1]:
            if line:
                print("    | " + line)
    done = UPDATES // SENDERS * SENDERS
    print("%s visible: %d updates, half by SIG(0), half by TSIG: %d of them not there for the next question (%.0f updates/s)"
          % ("not ok" if wrong or died else "ok", done, wrong, done / (time.monotonic() - begin)))
    return 1 if wrong or died else 0


sys.exit(main())
