#!/usr/bin/python3
"""ask.py - sends each bad message of messages.py to a server, over UDP and TCP, and looks at what comes back.
usage: ask.py ADDRESS PORT [every]       every: all types and all flags, not a sample of them
Behind each message goes a good one from the same socket: when its answer comes first, the bad one got silence.
Prints "ok class N over T: ..." or "not ok" with the first messages that went wrong."""
import collections
import socket
import struct
import sys

import messages

ADDRESS = (sys.argv[1], int(sys.argv[2]))
WAIT = 30  # seconds for an answer that must come: a server under valgrind is slow
MARK = 0x600d  # the id of good messages


class Udp:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(ADDRESS)
        self.socket.settimeout(WAIT)

    def ask(self, wire):
        """What is said to it before the good one is answered; None: nothing."""
        answer = None
        if len(wire) <= 65507:
            self.socket.send(wire)
        self.socket.send(messages.good(MARK))
        while True:
            got = self.socket.recv(65535)
            if struct.unpack("!H", got[:2])[0] == MARK:
                return answer
            answer = got


class Tcp:
    def __init__(self):
        self.socket = None

    def connect(self):
        self.socket = socket.create_connection(ADDRESS, timeout=WAIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self):
        got = b""
        while len(got) < 2 or len(got) < 2 + struct.unpack("!H", got[:2])[0]:
            more = self.socket.recv(65537)
            if not more:
                return None
            got += more
        return got[2:]

    def ask(self, wire):
        if self.socket is None:
            self.connect()
        try:
            self.socket.sendall(struct.pack("!H", len(wire)) + wire)
            answer = self.read()
        except ConnectionResetError:
            answer = None
        if answer is None:  # closed, which is what silence is here
            self.socket.close()
            self.socket = None
        return answer


def judge(wire, answer, expected):
    if answer is None:
        return messages.SILENCE
    if answer[:2] != wire[:2]:
        return "an answer to another message"
    text = messages.said(answer)
    return text if " " in expected else text.split(" ")[0]


def split_everywhere(tcp):
    """One query in two parts, cut at each octet: each part a segment of its own."""
    whole = messages.good(5)
    framed = struct.pack("!H", len(whole)) + whole
    for cut in range(1, len(framed)):
        if tcp.socket is None:
            tcp.connect()
        tcp.socket.sendall(framed[:cut])
        tcp.socket.sendall(framed[cut:])
        answer = tcp.read()
        if answer is None or messages.said(answer) != "NOERROR":
            return "cut at %d" % cut
    return None


def main():
    every = sys.argv[3:] == ["every"]
    failures, counts = collections.defaultdict(list), collections.Counter()
    got = collections.defaultdict(collections.Counter)
    transports = {"UDP": Udp(), "TCP": Tcp()}
    for number, what, wire, expected in messages.rows(every):
        for name, transport in transports.items():
            want = messages.expected_over(expected, name == "TCP")
            try:
                said = judge(wire, transport.ask(wire), want)
            except Exception as error:  # pylint: disable=broad-except
                said = "%s: %s" % (type(error).__name__, error)
            counts[number, name] += 1
            got[number, name][said] += 1
            if said != want:
                failures[number, name].append("%s: %s, not %s" % (what, said, want))
    for key, count in sorted(counts.items()):
        for failure in failures[key][:10]:
            print("# " + failure)
        summary = ", ".join("%s %d" % pair for pair in got[key].most_common())
        print("%s class %s over %s: %d messages: %s" % ("not ok" if failures[key] else "ok", key[0], key[1], count, summary))
    wrong = split_everywhere(transports["TCP"])
    print("%s class 1-6: a query in two segments, cut at each octet%s" % (
        "not ok" if wrong else "ok", ": " + wrong if wrong else ""))
    return 1 if any(failures.values()) or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
