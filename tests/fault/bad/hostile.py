#!/usr/bin/python3
"""hostile.py - what a hostile sender sends: writes a file of messages for bench/offer, or makes trouble over TCP.
usage: hostile.py write KIND FILE
       hostile.py tcp KIND ADDRESS PORT      until it is killed; prints "ready" when the trouble is there
       hostile.py ask ADDRESS PORT           an honest client over TCP: 50 connections, "50 of 50 answered"
       hostile.py kinds                      lists both: "udp KIND WHAT", "tcp KIND WHAT" """
import random
import resource
import select
import socket
import struct
import sys

import messages

UDP_TAKEN = 4096  # longer datagrams are not read
COUNT = 4096
rng = random.Random(1)


def rows_of(number):
    return [wire for n, _, wire, _ in messages.rows(False) if n == number and 0 < len(wire) <= UDP_TAKEN]


def responses():
    return [messages.query(messages.NAME, flags=0x8000 | rng.getrandbits(15)) for _ in range(COUNT)]


def noise():
    return [bytes([rng.getrandbits(8), rng.getrandbits(8), rng.getrandbits(7)]) + rng.randbytes(rng.randrange(9, 500))
            for _ in range(COUNT)]


def chains():
    """As long as a datagram may be, pointers through and through."""
    wires = []
    for opcode in range(16):
        body = b"\0" + struct.pack("!HH", 1, 1)
        at = 12
        for i in range(600):
            here = 12 + len(body)
            body += (b"\1a" if i < 126 else b"") + messages.pointer(at) + struct.pack("!HH", 1, 1)
            at = here if i < 126 else at
        wires.append(messages.header(opcode << 11, qd=601) + body[:UDP_TAKEN - 12])
    return wires


def deep():
    wires = []
    for _ in range(COUNT):
        name = b"".join(bytes([1, rng.randrange(97, 123)]) for _ in range(120)) + b"\7example\4test\0"
        wires.append(messages.query(name, extra=messages.opt(ttl=0x8000), ar=1))
    return wires


def absent(dnssec):
    return [messages.query(b"\x10%016x\7example\4test\0" % rng.getrandbits(64),
                           extra=messages.opt(ttl=0x8000 if dnssec else 0), ar=1) for _ in range(COUNT)]


def options():
    return [messages.query(messages.NAME, extra=messages.opt(messages.option(3) * 1000), ar=1)]


def big():
    return [messages.query(messages.NAME, extra=messages.opt(messages.option(65001) * 15000), ar=1)]


UDP = {
    "chains": (chains, "class 1: chains of pointers, 4 KiB"),
    "boundaries": (lambda: rows_of("2"), "class 2: records that end elsewhere than they say"),
    "names": (lambda: rows_of("3"), "class 3: names too long, labels of any length and octet"),
    "types": (lambda: rows_of("4"), "class 4: any type, class, opcode and flags"),
    "classes": (lambda: rows_of("5"), "class 5: classes ANY and NONE, UPDATE, NOTIFY"),
    "edns": (lambda: rows_of("6"), "class 6: EDNS of every wrong form"),
    "options": (options, "class 6: 1,000 NSIDs"),
    "big": (big, "class 6: 15,000 options, 60 KiB"),
    "noise": (noise, "class 7 and 8: random octets behind a header"),
    "responses": (responses, "class 4: responses"),
    "deep": (deep, "class 27: 122 labels that do not exist, with proof"),
    "proved": (lambda: absent(True), "class 28 and 31: names that do not exist, with proof"),
    "absent": (lambda: absent(False), "class 31: names that do not exist"),
    "good": (lambda: [messages.good()], "an honest client's"),
}


def frame(wire):
    return struct.pack("!H", len(wire)) + wire


def connect_from(number, address):
    """A client of its own: no limit for one client holds it back."""
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.bind(("127.1.%d.%d" % (number // 250, number % 250 + 1), 0))
    s.settimeout(5)
    s.connect(address)
    return s


def slow(address):
    """900 clients that have begun a message and send an octet of it from time to time."""
    whole = frame(messages.good())
    clients = []
    while True:
        while len(clients) < 900:
            clients.append((connect_from(len(clients), address), 0))
        yield
        select.select([], [], [], 0.2)
        alive = []
        for s, at in clients:
            try:
                s.send(whole[at:at + 1])
                alive.append((s, (at + 1) % (len(whole) - 1)))
            except OSError:
                s.close()
        clients = alive


def deaf(address):
    """200 clients that ask for much in one go and read nothing."""
    burst = frame(messages.query(b"\7example\4test\0", 255, extra=messages.opt(ttl=0x8000), ar=1)) * 500
    clients = []
    while True:
        while len(clients) < 200:
            s = connect_from(len(clients), address)
            s.setblocking(False)
            clients.append(s)
        yield
        alive = []
        for s in clients:
            try:
                s.send(burst)
                alive.append(s)
            except BlockingIOError:
                alive.append(s)
            except OSError:
                s.close()
        clients = alive
        select.select([], [], [], 0.05)


def pointers(address):
    """8 clients that send 64 KiB of chains of pointers again and again."""
    wires = [frame(wire) for n, what, wire, _ in messages.rows(False) if n == "1" and len(wire) > 60000]
    clients = [connect_from(i, address) for i in range(8)]
    yield
    while True:
        for i, s in enumerate(clients):
            try:
                s.sendall(rng.choice(wires))
                s.recv(4096)
            except OSError:
                clients[i] = connect_from(i, address)
        yield
        select.select([], [], [], 0.005)


def storm(address):
    """Connections that are closed as soon as they are there, from everywhere."""
    number = 0
    while True:
        for _ in range(20):
            s = connect_from(number % 50000, address)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
            number += 1
        yield
        select.select([], [], [], 0.005)


TCP = {
    "slow": (slow, "900 connections that send an octet each in 0.2 s"),
    "deaf": (deaf, "200 connections that ask and read nothing"),
    "pointers": (pointers, "64 KiB of chains of pointers, 1,600 a second"),
    "storm": (storm, "4,000 connections a second, reset at once"),
}


def ask(address):
    answered = 0
    for _ in range(50):
        try:
            with socket.create_connection(address, timeout=5) as s:
                s.sendall(frame(messages.good()))
                answered += len(s.recv(2)) == 2
        except OSError:
            pass
    print("%d of 50 answered" % answered)


def main():
    if sys.argv[1] == "kinds":
        for kind, (_, what) in UDP.items():
            print("udp", kind, what)
        for kind, (_, what) in TCP.items():
            print("tcp", kind, what)
    elif sys.argv[1] == "write":
        with open(sys.argv[3], "wb") as out:
            out.write(b"".join(frame(wire) for wire in UDP[sys.argv[2]][0]()))
    elif sys.argv[1] == "ask":
        ask((sys.argv[2], int(sys.argv[3])))
    else:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        trouble = TCP[sys.argv[2]][0]((sys.argv[3], int(sys.argv[4])))
        next(trouble)
        print("ready", flush=True)
        for _ in trouble:
            pass


main()
