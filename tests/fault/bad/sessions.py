#!/usr/bin/python3
"""sessions.py - many TCP connections that end in every way, and what a server has open when they have gone.
usage: sessions.py PORT PID ZONE SECRET COUNT MAPCTL...    MAPCTL: a command that prints mapd's status
A server that forgets a connection in one of its ways has one descriptor more for each."""
import base64
import collections
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

import hosts

PORT, PID, ZONE, COUNT, STATUS = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[5]), sys.argv[6:]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[4]))
OF_SOURCE = 16  # connections of an address, one after the other: a server may have few of one client
HELD = 48  # that are seen to be open
WAIT = 5.0  # seconds: well before the server closes who is idle
BIND_ADDRESS_NO_PORT = 24  # ip(7)
RESET = struct.pack("ii", 1, 0)
failed = False


def result(good, what):
    global failed
    print("%s sessions: %s" % ("ok" if good else "not ok", what))
    failed = failed or not good


def framed(wire):
    return struct.pack("!H", len(wire)) + wire


QUESTION = framed(hosts.query("www." + ZONE, hosts.A))


def connected(number):
    out = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    out.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
    source = number // OF_SOURCE
    out.bind(("127.%d.%d.%d" % (1 + (source >> 16) % 250, source >> 8 & 255, source & 255), 0))
    out.settimeout(WAIT)
    out.connect(("127.0.0.1", PORT))
    return out


def answered(sock):
    return len(sock.recv(65535)) > 14


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def asked(sock, _):
    sock.sendall(QUESTION)
    return answered(sock)


def asked_much(sock, _):
    """What comes is not read."""
    sock.sendall(QUESTION * 50)
    return True


def silent(sock, _):
    return True


def halved(sock, _):
    sock.sendall(QUESTION[:len(QUESTION) // 2])
    return True


def shut(sock, _):
    """Its sending side, and what it asked for still comes; the server closes."""
    sock.sendall(QUESTION)
    sock.shutdown(socket.SHUT_WR)
    return answered(sock) and sock.recv(1) == b""


def garbled(sock, _):
    """No message: the server closes."""
    sock.sendall(framed(b"\0\0\0"))
    return sock.recv(1) == b""


def updated(sock, number):
    """It ends when updates of it are on their way: what was asked behind them is answered before them."""
    update = hosts.Update(ZONE).used("s%d.%s" % (number, ZONE)).delete("s%d.%s" % (number, ZONE))
    sock.sendall(framed(hosts.tsig(update, ADMIN)[0]) * 2 + QUESTION)
    reset(sock)
    return answered(sock)


def aborted(sock, _):
    sock.sendall(QUESTION)
    reset(sock)
    return True


WAYS = [asked, asked_much, silent, halved, shut, garbled, updated, aborted]


def opened():
    """What each descriptor of the server is."""
    out = {}
    for fd in os.listdir("/proc/%s/fd" % PID):
        try:
            out[fd] = os.readlink("/proc/%s/fd/%s" % (PID, fd))
        except FileNotFoundError:
            pass  # it ends at this moment
    return out


def soon(test):
    end = time.monotonic() + WAIT
    while not test() and time.monotonic() < end:
        select.select([], [], [], 0.01)
    return test()


def counters(*names):
    found = json.loads(subprocess.run(STATUS, stdout=subprocess.PIPE, check=True).stdout)["counters"]
    return [found[name] for name in names]


def main():
    (first, lost), good = counters("tcp.accepted", "update.lost"), collections.Counter()
    before = opened().items()  # it may have that question's, too
    held = [connected(number) for number in range(HELD)]
    for sock in held:
        asked(sock, 0)
    result(soon(lambda: len(opened().items() - before) == HELD), "%d connections are as many descriptors" % HELD)
    for sock in held:
        sock.close()
    for number in range(COUNT):
        way = WAYS[number % len(WAYS)]
        sock = connected(number)
        try:
            good[way.__name__] += way(sock, number)
        except OSError as trouble:
            good[str(trouble)] += 1
        sock.close()
    wrong = [way.__name__ for n, way in enumerate(WAYS) if good[way.__name__] != len(range(n, COUNT, len(WAYS)))]
    result(not wrong, "%d connections end in %d ways%s" % (COUNT, len(WAYS), ": not %s: %s" % (wrong, good) if wrong else ""))
    result(soon(lambda: counters("tcp.accepted") == [first + COUNT + HELD]), "all of them were accepted")
    lost = counters("update.lost")[0] - lost
    result(lost > 0, "%d updates were on their way when their connection ended" % lost)
    good = soon(lambda: opened().items() <= before)
    result(good, "after %d connections the same %d descriptors are open%s" % (
        COUNT, len(opened()), "" if good else ": %s" % sorted(opened().items() - before)[:20]))
    return failed


sys.exit(main())
