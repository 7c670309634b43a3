#!/usr/bin/python3
# hostile.py - what one user can ask of resolverd, all at once, and how long another one waits meanwhile; run by hostile.sh.
# usage: hostile.py flood SOCKET NAME PREFIX    as nobody: sessions to silent addresses of the prefix that are doubted again and again,
#                                               words of sessions that there are not, and look-ups of NAME with all pairs, until
#                                               it is ended; prints a line when all sessions are told
#        hostile.py pings SOCKET SECONDS        prints how many ms the slowest pong took
import os, select, socket, struct, sys, time

NOBODY, SESSIONS, CHEAP = 65534, 1100, 3
SO_COOKIE = 57
RESOLVE, PING, SESSION, DOUBT = 1, 5, 7, 9
ALLOW_INSECURE, PAIRS = 1, 16


def frame(kind, number, payload=b""):
    return struct.pack("!IBBHI", 8 + len(payload), 1, kind, 0, number) + payload


def client(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(path)
    return s


def name_wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def session(number, s, identity):
    cookie = struct.unpack("=Q", s.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0]
    here, there = s.getsockname(), s.getpeername()
    return frame(SESSION, number, struct.pack("!BIQ16s16sHHH", 3, 0, cookie, socket.inet_pton(socket.AF_INET6, here[0]),
        socket.inet_pton(socket.AF_INET6, there[0]), here[1], there[1], ALLOW_INSECURE) + identity + b"\0" + bytes([CHEAP, 0, 0]))


def flood(path, name, prefix):
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    identity = b"\3" + name_wire(name)
    teller, asker = client(path), client(path)  # before the others: select() takes small descriptors only
    sockets, words = [], []
    for i in range(SESSIONS):
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.connect((f"{prefix}{i + 1:x}", 9))
        sockets.append(s)
        words.append(session(i + 1, s, identity))
    look_up = frame(RESOLVE, 1, struct.pack("!HI", ALLOW_INSECURE | PAIRS, 5000) + identity + b"\0" + bytes(3))
    teller.sendall(b"".join(words))
    asker.sendall(look_up)
    asker.recv(65536)  # from now on it is in the cache
    print("told", flush=True)
    doubts = b"".join(frame(DOUBT, i + 1) + frame(DOUBT, i << 12) for i in range(SESSIONS)) * 3
    left = {teller: b"", asker: b""}
    teller.setblocking(False)
    asker.setblocking(False)
    again = 0
    while True:
        if not left[asker]:
            left[asker] = look_up * 1000
        if not left[teller] and time.monotonic() >= again:
            left[teller], again = doubts, time.monotonic() + 0.2
        readable, writable, _ = select.select(list(left), [s for s in left if left[s]], [], 0.1)
        for s in readable:
            if not s.recv(1 << 20):
                sys.exit("closed")
        for s in writable:
            try:
                left[s] = left[s][s.send(left[s]):]
            except BlockingIOError:
                pass


def pings(path, seconds):
    s, slowest, end = client(path), 0, time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        s.sendall(frame(PING, 7, b"here"))
        if not s.recv(64):
            sys.exit("closed")
        slowest = max(slowest, time.monotonic() - began)
        select.select([], [], [], 0.005)
    print("slowest", int(slowest * 1000), flush=True)


if sys.argv[1] == "flood":
    flood(*sys.argv[2:])
else:
    pings(sys.argv[2], float(sys.argv[3]))
