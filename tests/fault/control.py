#!/usr/bin/python3
# control.py - clients that do not keep to doc/control.md, or mean harm. control.sh runs it:
# control.py SOCKET PID; prints "ok WHAT" or "not ok WHAT: why", ends with 1 if anything was not ok.
import base64
import json
import os
import random
import socket
import struct
import sys

PATH, PID = sys.argv[1], int(sys.argv[2])
CONTROL, ANSWER, RECORDS, END = 16, 17, 18, 19
bad = 0


def frame(kind, payload=b"", number=1, flags=0, version=1):
    return struct.pack(">IBBHI", 8 + len(payload), version, kind, flags, number) + payload


def command(words, number=1, **arguments):
    return frame(CONTROL, json.dumps(dict(arguments, command=words)).encode(), number)


def wire(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def record(owner, kind, rdata, ttl=60):
    return wire(owner) + struct.pack(">HIH", kind, ttl, len(rdata)) + rdata


def zone(apex, names=0):
    soa = wire("ns.other.") + wire("h.other.") + struct.pack(">5I", 1, 3600, 600, 86400, 60)
    out = [record(apex, 2, wire("ns.other.")), record(apex, 6, soa)]
    out += [record("n%06d.%s" % (i, apex), 16, b"\x20" + b"x" * 32) for i in range(names)]
    return out


def batches(records, size=200000):
    out = b""
    for r in records:
        if len(out) + len(r) > size:
            yield out
            out = b""
        out += r
    yield out


class Client:
    def __init__(self):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(20)
        self.s.connect(PATH)
        self.buffer = b""

    def send(self, octets):
        self.s.sendall(octets)
        return self

    # The next frame, or None when the daemon has closed.
    def receive(self):
        while len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack(">I", self.buffer[:4])[0]:
            try:
                more = self.s.recv(1 << 16)
            except (ConnectionResetError, BrokenPipeError):
                more = b""
            if not more:
                return None
            self.buffer += more
        n = 4 + struct.unpack(">I", self.buffer[:4])[0]
        got, self.buffer = self.buffer[:n], self.buffer[n:]
        return got[5], struct.unpack(">I", got[8:12])[0], got[12:]

    def answer(self, number=1):
        while True:
            got = self.receive()
            if got is None:
                return None
            if got[0] == ANSWER and got[1] == number:
                return json.loads(got[2])

    def ask(self, words, number=1, **arguments):
        return self.send(command(words, number, **arguments)).answer(number)

    def load(self, apex, records, number=1):
        self.send(command("zone load", number, zone=apex))
        for b in batches(records):
            self.send(frame(RECORDS, b, number))
        return self.send(frame(END, b"", number)).answer(number)

    def close(self):
        self.s.close()


def say(what, good, why=""):
    global bad
    print("ok %s" % what if good else "not ok %s: %s" % (what, why))
    bad |= not good


def lives():
    c = Client()
    a = c.ask("status")
    c.close()
    return a is not None and a["ok"]


def ends(what, octets):
    c = Client()
    try:
        c.send(octets)
        got = c.receive()
    except (ConnectionResetError, BrokenPipeError):
        got = None
    c.close()
    say("%s ends the connection" % what, got is None and lives(), got)


def refused(what, code, octets):
    c = Client()
    a = c.send(octets).answer()
    good = a is not None and a["ok"] is False and a["code"] == code and a["error"] != ""
    after = c.ask("zone list", 2)
    c.close()
    say("%s is answered with %s" % (what, code), good and after is not None and after["ok"], (a, after))


def serial(apex):
    c = Client()
    a = c.ask("zone status", zone=apex)
    c.close()
    return a["serial"] if a["ok"] else None


def memory():
    with open("/proc/%d/statm" % PID) as f:
        fields = f.read().split()
    return (int(fields[1]) - int(fields[2])) * 4096


def frames():
    ends("a frame of another version", frame(CONTROL, b"{}", version=2))
    ends("a frame longer than all", struct.pack(">I", 1 << 30) + b"\1")
    ends("a frame too short for its header", struct.pack(">I", 3) + b"\1\1\1")
    ends("a frame of an unknown type", frame(99))
    ends("an answer from a client", frame(ANSWER, b"{}"))
    ends("a look-up for resolverd", frame(1, b"\0" * 64))
    ends("unknown flags", frame(CONTROL, b'{"command":"status"}', flags=1))
    ends("a command longer than 8 KiB", frame(CONTROL, b'{"command":"%s"}' % (b"x" * 8192)))
    ends("RECORDS out of place", frame(RECORDS, zone("z.test.")[0]))
    ends("END out of place", frame(END))
    load = command("zone load", zone="z.test.")
    ends("RECORDS longer than 256 KiB", load + frame(RECORDS, b"\0" * (256 * 1024 + 1)))
    ends("RECORDS of another command", load + frame(RECORDS, zone("z.test.")[0], 2))
    ends("END with a payload", load + frame(END, b"x"))
    ends("a command in the middle of a load", load + command("status"))


def commands():
    refused("what is no JSON", "MAP_EFORMAT", frame(CONTROL, b"{"))
    refused("nothing", "MAP_EFORMAT", frame(CONTROL, b""))
    refused("an array", "MAP_EFORMAT", frame(CONTROL, b"[]"))
    refused("deep JSON", "MAP_EFORMAT", frame(CONTROL, b"[" * 8000))
    refused("a doubled key", "MAP_EFORMAT", frame(CONTROL, b'{"command":"status","command":"stop"}'))
    refused("no command", "MAP_EFORMAT", frame(CONTROL, b"{}"))
    refused("a number as command", "MAP_EFORMAT", frame(CONTROL, b'{"command":1}'))
    refused("an unknown command", "MAP_EUNKNOWN", command("frobnicate"))
    refused("a zone that is missing", "MAP_EUSAGE", command("zone status"))
    refused("a zone that is no text", "MAP_EUSAGE", command("zone status", zone=7))
    refused("a relative zone", "MAP_EUSAGE", command("zone status", zone="test"))
    refused("a label of 64", "MAP_EUSAGE", command("zone status", zone="x" * 64 + "."))
    refused("a zone not served", "MAP_ENOTFOUND", command("zone dump", zone="no.test."))
    refused("its removal", "MAP_ENOTFOUND", command("zone remove", zone="no.test."))
    refused("an unknown level", "MAP_EUSAGE", command("log", level="loud"))
    refused("a load without a zone", "MAP_EUSAGE", command("zone load") + frame(RECORDS, b"x") + frame(END))
    refused("a load of nothing", "MAP_EFORMAT", command("zone load", zone="z.test.") + frame(END))
    refused("a load of junk", "MAP_EFORMAT",
            command("zone load", zone="z.test.") + frame(RECORDS, b"junk" * 1000) + frame(END))
    good = b"".join(zone("z.test."))
    refused("a load cut short", "MAP_EFORMAT",
            command("zone load", zone="z.test.") + frame(RECORDS, good[:-1]) + frame(END))
    refused("a load of another zone's records", "MAP_EFORMAT",
            command("zone load", zone="y.test.") + frame(RECORDS, good) + frame(END))
    say("nothing of them is served", serial("z.test.") is None and serial("y.test.") is None)


def people():
    """Commands about identities, sites and policies."""
    c = Client()
    c.load("p.test.", zone("p.test."))
    c.close()
    wrong = [
        ("identity show", "MAP_EUSAGE", {}), ("identity show", "MAP_EUSAGE", {"identity": 7}),
        ("identity show", "MAP_EUSAGE", {"identity": ""}), ("identity show", "MAP_EUSAGE", {"identity": "a..b"}),
        ("identity show", "MAP_EUSAGE", {"identity": "x" * 7000}),
        ("identity show", "MAP_EUSAGE", {"identity": "@"}),
        ("identity show", "MAP_ENOTFOUND", {"identity": "2001:3f::1"}),
        ("identity show", "MAP_ENOTFOUND", {"identity": "nobody.p.test."}),
        ("identity enroll", "MAP_ENOTFOUND", {"identity": "h.no.test."}),
        ("identity list", "MAP_EUSAGE", {"zone": "p.test.", "from": "p.test"}),
        ("identity list", "MAP_EUSAGE", {"zone": "p.test.", "from": "no.test."}),
        ("identity list", "MAP_EUSAGE", {"zone": "p.test.", "from": 7}),
        ("identity assign", "MAP_EUSAGE", {"identity": "h.p.test."}),
        ("identity assign", "MAP_EUSAGE", {"identity": "h.p.test.", "name": "relative"}),
        ("identity assign", "MAP_ENOTFOUND", {"identity": "h.p.test.", "name": "h.no.test."}),
        ("identity unassign", "MAP_ENOTFOUND", {"name": "h.p.test."}),
        ("identity ban", "MAP_EUSAGE", {"identity": "h.p.test.", "reason": 7}),
        ("identity ban", "MAP_EUSAGE", {"identity": "h.p.test.", "reason": "x" * 200}),
        ("identity release", "MAP_ENOTFOUND", {"identity": "h.p.test."}),
        ("site show", "MAP_EUSAGE", {}), ("site show", "MAP_ENOTFOUND", {"set": "p.test."}),
        ("site drain", "MAP_EUSAGE", {"set": "p.test."}), ("site drain", "MAP_EUSAGE", {"set": "p.test.", "path": ""}),
        ("site drain", "MAP_EUSAGE", {"set": "p.test.", "path": "x" * 33}),
        ("site drain", "MAP_ENOTFOUND", {"set": "p.test.", "path": "x" * 32}),
        ("site drain", "MAP_ENOTFOUND", {"set": "no.test.", "path": "x"}),
    ]
    wrong += [("site weight", "MAP_EUSAGE", {"set": "p.test.", "path": "x", "weight": w})
              for w in (-1, 65536, "7", 1.5, None)]
    key = {"identity": "h.p.test.", "algorithm": 15, "tag": 1, "key": base64.b64encode(b"k" * 32).decode()}
    line = {"do": "set", "owner": "h.p.test.", "type": 1, "ttl": 60, "rdata": "c0000201"}
    for changes in (None, [], 7, {}, [7], [{}], [dict(line, do="commit")], [dict(line, owner="h.no.test.")],
                    [dict(line, rdata="c0")], [dict(line, type=50)], [dict(line, ttl=-1)],
                    [dict(line, type=16, rdata="ff" + "00" * 255)] * 2000):
        if len(json.dumps(changes)) < 8000:
            wrong.append(("policy test", "MAP_EFORMAT", dict(key, zone="p.test.", changes=changes)))
    for other in ({"algorithm": 5}, {"algorithm": 13}, {"algorithm": "15"}, {"tag": -1}, {"tag": 65536}, {"key": ""},
                  {"key": "!"}, {"key": 7}, {"key": "A" * 1000}, {"identity": 7}):
        wrong.append(("policy test", "MAP_EUSAGE", dict(dict(key, **other), zone="p.test.", changes=[line])))
    wrong.append(("policy test", "MAP_EUSAGE", {"zone": "p.test.", "tsig": "k", "changes": [line]}))
    wrong.append(("policy test", "MAP_ENOTFOUND", {"zone": "p.test.", "tsig": "k.", "changes": [line]}))
    wrong.append(("policy show", "MAP_ENOTFOUND", {"zone": "no.test."}))
    for words, code, arguments in wrong:
        refused("%s with %.60s" % (words, arguments), code, command(words, **arguments))
    say("nothing of them has changed the zone", serial("p.test.") == 1)
    c = Client()
    for i in range(20):  # each goes away before the writer is done with it
        for octets in (command("policy test", zone="p.test.", changes=[line], **key),
                       command("identity ban", identity="h%d.p.test." % i)):
            gone = Client()
            gone.send(octets)
            gone.close()
    a = c.ask("policy test", zone="p.test.", changes=[line], **key)
    say("a test is answered after others went away", a["ok"] and a["rcode"] == "REFUSED", a)
    c.close()


def edits():
    c = Client()
    c.load("edit.test.", zone("edit.test."))
    a = c.ask("zone edit", 2, zone="edit.test.", do="begin", bound=True)
    say("an edit begins", a["ok"], a)
    good = {"do": "set", "owner": "x.edit.test.", "type": 1, "ttl": 60, "rdata": "c0000201"}
    number = 3
    for what, code, wrong in (
            ("no do", "MAP_EUSAGE", {"do": None}), ("an unknown do", "MAP_EUSAGE", {"do": "frob"}),
            ("a number as do", "MAP_EUSAGE", {"do": 7}), ("no owner", "MAP_EFORMAT", {"owner": None}),
            ("an owner elsewhere", "MAP_EFORMAT", {"owner": "x.test."}),
            ("an owner of too many octets", "MAP_EFORMAT", {"owner": "x" * 64 + ".edit.test."}),
            ("no type", "MAP_EFORMAT", {"type": 0}), ("type 65536", "MAP_EFORMAT", {"type": 65536}),
            ("type -1", "MAP_EFORMAT", {"type": -1}), ("a signature", "MAP_EFORMAT", {"type": 46}),
            ("the type ANY", "MAP_EFORMAT", {"type": 255}), ("a TTL of text", "MAP_EFORMAT", {"ttl": "60"}),
            ("a TTL below 0", "MAP_EFORMAT", {"ttl": -1}), ("a TTL of 32 bits", "MAP_EFORMAT", {"ttl": 1 << 31}),
            ("no RDATA", "MAP_EFORMAT", {"rdata": None}), ("half an octet", "MAP_EFORMAT", {"rdata": "c00002010"}),
            ("no hex", "MAP_EFORMAT", {"rdata": "c000020g"}), ("RDATA too short", "MAP_EFORMAT", {"rdata": "c00002"}),
            ("RDATA of nothing", "MAP_EFORMAT", {"rdata": ""})):
        fields = {k: v for k, v in {**good, **wrong}.items() if v is not None}
        a = c.ask("zone edit", number, zone="edit.test.", **fields)
        say("an edit with %s is refused" % what, a is not None and not a["ok"] and a["code"] == code, a)
        number += 1
    a = c.ask("zone edit", number, zone="edit.test.", **good)
    say("and goes on", a["ok"] and a["lines"] == 1, a)
    d = Client()
    a = d.ask("zone edit", zone="edit.test.", do="begin")
    say("another is refused meanwhile", a["code"] == "MAP_EREFUSED", a)
    c.send(command("zone edit", number + 1, zone="edit.test.", do="commit"))
    c.close()  # before the answer
    a = d.ask("zone edit", 2, zone="edit.test.", do="begin")
    while not a["ok"]:  # what was asked for before is answered before
        a = d.ask("zone edit", 2, zone="edit.test.", do="begin")
    say("an edit ends with its connection", a["ok"] and lives(), a)
    for i in range(10000):
        a = d.ask("zone edit", 3 + i, zone="edit.test.", **{**good, "ttl": i})
    a = d.ask("zone edit", 10003, zone="edit.test.", **good)
    say("there is an end to its lines", a["code"] == "MAP_ELIMIT", a)
    a = d.ask("zone edit", 10004, zone="edit.test.", do="commit")
    say("which are committed all the same", a["ok"] and a["added"] <= 1, a)
    for n, code in ((77, "MAP_ENOTFOUND"), (1 << 32, "MAP_EUSAGE"), (-1, "MAP_EUSAGE")):
        a = d.ask("zone journal", 10005, zone="edit.test.", **{"from": n})
        say("the journal from serial %d is refused" % n, a is not None and a.get("code") == code, a)
    d.close()


def halves():
    whole = command("zone load", zone="half.test.") + frame(RECORDS, b"".join(zone("half.test.", 50)))
    for n in range(0, len(whole) + 1, 97):
        c = Client()
        c.send(whole[:n])
        c.close()
    say("a client that goes away in the middle changes nothing", lives() and serial("half.test.") is None)
    c = Client()
    a = c.load("half.test.", zone("half.test.", 50))
    say("and the zone can be loaded", a is not None and a["ok"], a)
    c.send(command("zone load", 2, zone="half.test.") + frame(RECORDS, b"".join(zone("half.test.", 9)), 2))
    d = Client()
    a = d.ask("zone status", zone="half.test.")
    say("half a load is not served", a["serial"] == 1 and a["records"] == 52, a)
    d.send(command("zone load", 3, zone="half.test."))
    a = d.answer(3)
    say("a second load meanwhile is refused", a["code"] == "MAP_ELIMIT", a)
    a = d.send(frame(RECORDS, b"whatever", 3) + frame(END, b"", 3)).ask("status", 4)
    say("its records are skipped", a is not None and a["ok"], a)
    a = c.send(frame(END, b"", 2)).answer(2)
    say("the first goes on", a["ok"] and a["serial"] == 2 and a["previous"] == 1 and a["records"] == 11, a)
    a = c.send(command("zone load", 5, zone="half.test.") + frame(RECORDS, b"".join(zone("half.test.")), 5)
               + frame(END, b"", 5))
    c.close()  # before the answer
    d.close()
    say("a client need not wait for its answer", lives() and wait_serial("half.test.", 3))


# The change was asked for and not waited for: later answers of the writer come after it.
def wait_serial(apex, wanted):
    c = Client()
    c.load("other.test.", zone("other.test."))
    c.close()
    return serial(apex) == wanted


def many():
    clients = [Client() for _ in range(16)]
    last = clients[-1].ask("status")
    c = Client()
    say("sixteen clients are served", last is not None and last["ok"])
    say("one more is closed at once", c.receive() is None)
    for x in clients + [c]:
        x.close()
    say("there is room again afterwards", lives())


def slow():
    c = Client()
    a = c.load("big.test.", zone("big.test.", 30000))
    say("a zone of 30000 names is loaded", a is not None and a["ok"], a)
    before = memory()
    slow_ones = [Client() for _ in range(8)]
    for s in slow_ones:
        s.send(command("zone dump", zone="big.test."))
    for s in slow_ones:
        s.s.recv(1, socket.MSG_PEEK)  # its dump has begun; nothing is read
    a = c.ask("zone status", 2, zone="big.test.")
    say("clients that do not read hold up nobody", a["ok"], a)
    say("nor cost they much memory", memory() - before < (24 << 20), memory() - before)
    a = c.load("big.test.", zone("big.test.", 3), 3)
    say("the zone can be changed meanwhile", a["ok"] and a["serial"] == 2, a)
    answers = [s.answer() for s in slow_ones]
    say("and their dumps say so", all(x and not x["ok"] and x["code"] == "MAP_ESTALE" for x in answers), answers[0])
    records = 0
    c.send(command("zone dump", 4, zone="big.test."))
    while True:
        got = c.receive()
        if got is None or got[0] == ANSWER:
            break
        at = 0
        while at < len(got[2]):
            while got[2][at]:
                at += 1 + got[2][at]
            at += 9 + struct.unpack(">H", got[2][at + 7:at + 9])[0]
            records += 1
    a = json.loads(got[2])
    say("a dump counts its records", a["ok"] and a["records"] == records > 10, (a, records))
    for s in slow_ones + [c]:
        s.close()


def flood():
    before = memory()
    c = Client()
    c.send(command("zone load", zone="flood.test."))
    block = b"\xff" * 200000
    for _ in range(400):
        c.send(frame(RECORDS, block))
    say("80 MB of records cost no memory", memory() - before < (16 << 20), memory() - before)
    a = c.send(frame(END)).answer()
    say("and are refused at the end", a is not None and a["code"] == "MAP_EFORMAT", a)
    c.close()


def noise():
    rng = random.Random(4177)
    good = command("zone load", zone="n.test.") + frame(RECORDS, b"".join(zone("n.test.", 5))) + frame(END)
    for _ in range(400):
        octets = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            octets[rng.randrange(len(octets))] = rng.randrange(256)
        c = Client()
        try:
            c.send(bytes(octets[:rng.randrange(len(octets) + 1)]) if rng.random() < 0.5 else bytes(octets))
        except (ConnectionResetError, BrokenPipeError):
            pass
        c.close()
    say("bent frames do no harm", lives())


frames()
commands()
people()
edits()
halves()
many()
slow()
flood()
noise()
say("descriptors are given back", len(os.listdir("/proc/%d/fd" % PID)) < 64, len(os.listdir("/proc/%d/fd" % PID)))
sys.exit(bad)
