#!/usr/bin/python3
"""forged.py - hostile senders of updates, and an honest one beside them.
usage: forged.py kinds                               lists "KIND WHAT"
       forged.py PORT ZONE SECRET write KIND FILE    messages for bench/offer
       forged.py PORT ZONE SECRET tcp NUMBER         wrongly signed ones over so many connections, until it is killed;
                                                     prints "ready" when they are at work
       forged.py PORT ZONE SECRET honest SEED        registers hosts over TCP, and over UDP with a cookie:
                                                     "20 of 20 over TCP, 20 of 20 with a cookie" """
import base64
import os
import random
import select
import socket
import struct
import sys
import time

import hosts
from hosts import A, ELOC, Update

COUNT = 4096
rng = random.Random(1)


def victim():
    return hosts.Key(hosts.ED25519, "victim").at(ZONE)


def unsigned():
    return [Update(ZONE).add("n%d.%s" % (i, ZONE), A, b"\xc0\0\2\1").wire() for i in range(COUNT)]


def garbage():
    return [struct.pack("!6H", 1, 5 << 11, 1, 0, rng.randrange(4), rng.randrange(3)) + (
        Update(ZONE).zone if i % 2 else b"") + rng.randbytes(rng.randrange(400)) for i in range(COUNT)]


def wrong(key):
    key = key or victim()
    return hosts.sig0(hosts.registration(key, ["2001:db8:bad::1"], ZONE), key, signature=rng.randbytes(64))


def strangers():
    """Each of an identity that nobody knows, and that certifies itself."""
    return [wrong(hosts.Key(hosts.ED25519 if i % 2 else hosts.P256).at(ZONE)) for i in range(COUNT)]


def late():
    key, now = victim(), int(time.time())
    return [hosts.sig0(hosts.registration(key, ["2001:db8:bad::1"], ZONE), key, now - 2000, now - 1400) for _ in range(64)]


def macs():
    return [hosts.tsig(Update(ZONE).add("n%d.%s" % (i, ZONE), A, b"\xc0\0\2\1"), ADMIN, mac=rng.randbytes(32))[0]
            for i in range(COUNT)]


def large():
    update = Update(ZONE)
    for i in range(60):
        update.add("x%d.%s" % (i, ZONE), A, b"\xc0\0\2\1")
    return [hosts.sig0(update, victim(), signature=rng.randbytes(64)) for _ in range(64)]


KINDS = {
    "unsigned": (unsigned, "class 14: updates that nobody signed"),
    "garbage": (garbage, "class 14: octets behind the header of an update"),
    "wrong": (lambda: [wrong(None) for _ in range(COUNT)], "class 9: a host's updates, wrongly signed"),
    "strangers": (strangers, "class 9: updates of hosts that nobody knows, wrongly signed"),
    "late": (late, "class 9: updates that are over"),
    "macs": (macs, "class 11: an administrator's updates, wrongly signed"),
    "large": (large, "class 15: updates of 60 records, wrongly signed"),
}


def tcp(number):
    """Connections from everywhere, with as many messages under way as they take."""
    burst = b"".join(struct.pack("!H", len(w)) + w for w in [wrong(None) for _ in range(32)] + strangers()[:32])
    clients, ready = {}, False
    poll = select.poll()
    while True:
        while len(clients) < number:
            n = rng.randrange(60000)
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                s.bind(("127.2.%d.%d" % (n // 250, n % 250 + 1), 0))
                s.connect(("127.0.0.1", PORT))
            except OSError:
                s.close()
                continue
            s.setblocking(False)
            clients[s.fileno()] = [s, burst]
            poll.register(s, select.POLLIN | select.POLLOUT)
        if not ready:
            print("ready", flush=True)
            ready = True
        for fd, event in poll.poll(1000):
            client = clients[fd]
            try:
                if event & select.POLLIN and client[0].recv(65536) == b"":
                    raise OSError
                if event & select.POLLOUT:
                    sent = client[0].send(client[1])
                    client[1] = client[1][sent:] or burst
                if event & ~(select.POLLIN | select.POLLOUT):
                    raise OSError
            except BlockingIOError:
                continue
            except OSError:
                poll.unregister(fd)
                client[0].close()
                del clients[fd]


def honest(seed):
    """Registers 20 hosts each way; a datagram that gets no answer is sent again, as a host does."""
    server, done = hosts.Server(PORT, wait=2.0, source="127.3.0.1"), [0, 0]
    cookie = os.urandom(8)
    for way in (0, 1):
        for i in range(20):
            key = hosts.Key(hosts.P256 if i % 2 else hosts.ED25519, "%s %d %d" % (seed, way, i)).at(ZONE)
            update = hosts.registration(key, ["2001:db8:%x::%x" % (way + 1, i + 1)], ZONE)
            answer, tries = None, 0
            while tries < 5 and (answer is None or hosts.rcode(answer) == "BADCOOKIE"):
                if way:
                    update.options = None
                    update.option(hosts.COOKIE, cookie)
                answer = (server.udp if way else server.tcp)(hosts.sig0(update, key))
                tries += 1
                for code, value in (hosts.options(answer) if answer else None) or []:
                    cookie = value if code == hosts.COOKIE else cookie
            done[way] += answer is not None and hosts.rcode(answer) == "NOERROR"
            if answer is None or hosts.rcode(answer) != "NOERROR":
                print("# " + hosts.said(answer), file=sys.stderr)
    print("%d of 20 over TCP, %d of 20 with a cookie" % tuple(done))


def main(words):
    if words[0] == "write":
        answer = hosts.Server(PORT).tcp(hosts.sig0(hosts.registration(victim(), ["2001:db8:a::1"], ZONE), victim()))
        if hosts.said(answer) != "NOERROR":
            sys.exit("forged.py: the victim is not registered: " + hosts.said(answer))
        with open(words[2], "wb") as out:
            out.write(b"".join(struct.pack("!H", len(wire)) + wire for wire in KINDS[words[1]][0]()))
    elif words[0] == "tcp":
        tcp(int(words[1]))
    else:
        honest(words[1])


if sys.argv[1] == "kinds":
    for kind, (_, what) in KINDS.items():
        print(kind, what)
    sys.exit(0)
PORT, ZONE = int(sys.argv[1]), sys.argv[2]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[3]))
main(sys.argv[4:])
