#!/usr/bin/python3
"""updates.py - UPDATE messages as nobody should send them, each with what a server does with it.
usage: updates.py PORT ZONE SECRET [every]     every: all types and all bits, not a sample of them
The realm is open, does not verify locators, and is as realm.inc loads it. Each row of a class says which RCODEs are
right; of all that was refused nothing may be left, which the zone and its serial tell. Prints "ok class N: ..."."""
import base64
import collections
import os
import random
import select
import struct
import sys
import time

import hosts
from hosts import (A, AAAA, ANY, CLASS_ANY, CNAME, ELOC, EPID, IN, KEY, NONE, NS, OPT, SIG, SOA, TSIG, TXT,
                   eloc, name, sig0, tsig)

PORT, ZONE = int(sys.argv[1]), sys.argv[2]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[3]))
EVERY = sys.argv[4:] == ["every"]
DNSKEY, RRSIG, NSEC, DS, NSEC3, NSEC3PARAM, CDS, CDNSKEY, DNAME, PTR, NXT, TKEY, AXFR = \
    48, 46, 47, 43, 50, 51, 59, 60, 39, 12, 30, 249, 252
rng = random.Random(1)
server = hosts.Server(PORT)
OWN = hosts.Key(hosts.ED25519, "bad own").at(ZONE)
OTHER = hosts.Key(hosts.P256, "bad other").at(ZONE)
HERE = hosts.eloc("2001:db8:a::1")
WWW, NOBODY = "www." + ZONE, "nobody." + ZONE
SILENCE = "silence"
failures, counts, got = collections.defaultdict(list), collections.Counter(), collections.defaultdict(collections.Counter)


class Update(hosts.Update):
    """With EDNS, so that answers say why."""

    def __init__(self, *fields, **how):
        super().__init__(*fields, **how)
        self.options = b""


def row(number, what, wire, *wanted, tcp=True):
    """Sends it, and notes whether one of the wanted RCODEs came."""
    try:
        answer = server.tcp(wire) if tcp else server.udp(wire)
        said = hosts.rcode(answer) if answer is not None else SILENCE
        if answer is not None and answer[2] & 2:
            said = "truncated"
    except Exception as error:  # pylint: disable=broad-except
        answer, said = None, "%s: %s" % (type(error).__name__, error)
    counts[number] += 1
    got[number][said] += 1
    if said not in wanted:
        failures[number].append("%s: %s, not %s" % (what, hosts.said(answer) if answer else said, " or ".join(wanted)))
    return answer


def host(update, **how):
    return sig0(update, OWN, **how)


def admin(update, **how):
    return tsig(update, ADMIN, **how)[0]


def change(rdtype=ELOC, rdata=None, owner=None):
    return Update(ZONE).add(owner or OWN.owner, rdtype, rdata if rdata is not None else eloc("2001:db8:bad::1"))


def register(key):
    return server.tcp(sig0(hosts.registration(key, ["2001:db8:a::1"], ZONE), key))


# ------------------------------------------------------------------------------- class 11, 12: TSIG


def tsig_forged():
    def add(n=[0]):
        n[0] += 1
        return Update(ZONE).add("t%d.%s" % (n[0], ZONE), A, b"\xc0\0\2\1").wire()

    now = int(time.time())
    refused = "NOTAUTH"
    def judge(what, wanted_error, wire, mac, signed=False):
        answer = row("11", what, wire, refused)
        error = hosts.tsig_of(answer) if answer else None
        if error is None or error[0] != wanted_error:
            failures["11"].append("%s: TSIG error %s, not %d" % (what, error and error[0], wanted_error))
        elif signed != hosts.tsig_holds(answer, ADMIN, mac):
            failures["11"].append("%s: the answer is %ssigned" % (what, "not " if signed else ""))
        return answer

    wire, mac = tsig(add(), ADMIN)
    answer = row("11", "as it should be", wire, "NOERROR")
    if answer is None or not hosts.tsig_holds(answer, ADMIN, mac):
        failures["11"].append("an answer without a TSIG that holds")
    for size in (0, 1, 9, 10, 15):
        row("11", "a MAC of %d octets" % size, tsig(add(), ADMIN, size=size)[0], "FORMERR")
    row("11", "a MAC of 33", tsig(add(), ADMIN, size=33)[0], "FORMERR")
    for size in (16, 31):
        row("11", "a MAC of %d, cut" % size, tsig(add(), ADMIN, size=size)[0], refused)
    for at in (now - 302, now + 302, now + 2**32, now - 2**31, 0, 2**48 - 1):
        wire, mac = tsig(add(), ADMIN, at=at)
        late = judge("signed at %d" % (at - now), 18, wire, mac, signed=True)
        if late is not None and len(hosts.tsig_of(late)[2]) != 6:
            failures["11"].append("BADTIME without the time here")
    for at in (now - 290, now + 290):
        row("11", "signed at %d" % (at - now), tsig(add(), ADMIN, at=at)[0], "NOERROR")
    row("11", "signed an hour ago, fudge 65535", tsig(add(), ADMIN, at=now - 3600, fudge=65535)[0], "NOERROR", refused)
    wire, mac = tsig(add(), ADMIN, mac=os.urandom(32))
    judge("another MAC", 16, wire, mac)
    judge("another secret", 16, *tsig(add(), hosts.Secret("admin")))
    judge("another key", 17, *tsig(add(), hosts.Secret("nobody")))
    judge("a key below", 17, *tsig(add(), hosts.Secret("x.admin")))
    for algorithm in ("hmac-sha512", "hmac-sha1", "hmac-md5.sig-alg.reg.int", "nonsense", "hmac-sha256.x"):
        judge("algorithm " + algorithm, 17, *tsig(add(), ADMIN, algorithm=algorithm))
    row("11", "the algorithm in upper case", tsig(add(), ADMIN, algorithm="HMAC-SHA256")[0], "NOERROR")
    row("11", "the key's name in upper case", tsig(add(), ADMIN, owner="ADMIN")[0], "NOERROR")
    row("11", "a pointer to the key's name", tsig(add(), ADMIN, spelt=b"\xc0\x0c")[0], "FORMERR", refused)
    row("11", "a pointer to itself", tsig(add(), ADMIN, spelt=b"\xc0\xff")[0], "FORMERR")
    wire = add()
    row("11", "another original id", tsig(wire, ADMIN, original=7)[0], "NOERROR")
    wire, _ = tsig(add(), ADMIN)
    row("11", "another id", b"\1\2" + wire[2:], "NOERROR")
    for error in (1, 16, 18, 65535):
        row("11", "with error %d" % error, tsig(add(), ADMIN, error=error)[0], "NOERROR", "FORMERR", refused)
    row("11", "with other data", tsig(add(), ADMIN, other=b"123456")[0], "NOERROR", "FORMERR", refused)
    wire, _ = tsig(add(), ADMIN)
    row("11", "other data behind the end", wire[:-2] + b"\0\6", "FORMERR")
    row("11", "a MAC behind the end", wire.replace(b"\0\x20" + wire[-38:-6], b"\xff\xff" + wire[-38:-6]), "FORMERR")
    for field in ("rdclass", "ttl"):
        row("11", "%s 1" % field, tsig(add(), ADMIN, **{field: 1})[0], "FORMERR")
    row("11", "two of them", tsig(wire, ADMIN)[0], "FORMERR")
    row("11", "a record behind it", hosts.counted(wire, 1) + Update.record(WWW, A, IN, 0, b"\0\0\0\0"), "FORMERR")
    row("11", "beside a SIG(0)", sig0(tsig(add(), ADMIN)[0], OWN), "FORMERR")
    row("11", "behind a SIG(0)", tsig(sig0(add(), OWN), ADMIN)[0], "FORMERR")
    row("11", "among the changes", Update(ZONE).change(ADMIN.owner, TSIG, CLASS_ANY, 0, b"\0" * 16).wire(), "FORMERR")
    base = tsig(add(), ADMIN)[0]
    for bit in range(len(base) * 8) if EVERY else rng.sample(range(len(base) * 8), 300):
        wire = bytearray(base)
        wire[bit // 8] ^= 1 << bit % 8
        if bit < 16 or bit // 8 >= len(base) - 6:  # the id, and what is put back in its place
            continue
        said = hosts.rcode(server_answer(bytes(wire)))
        if said == "NOERROR" and bytes(wire).lower() != base.lower():
            failures["11"].append("bit %d changed: NOERROR" % bit)
    row("11", "and still as it should be", tsig(add(), ADMIN)[0], "NOERROR")

    # class 12: what is an answer is no request
    for what, octets in (("a BADTIME answer", server.tcp(tsig(add(), ADMIN, at=now - 1000)[0])), ("an answer", answer)):
        row("12", what + " sent back", octets, SILENCE, tcp=False)
        row("12", what + " sent back as a request", octets[:2] + bytes([octets[2] & 0x7f]) + octets[3:], "FORMERR", refused,
            "REFUSED")
    for _ in range(50):
        algorithm = [os.urandom(rng.randrange(1, 64)) for _ in range(rng.randrange(1, 4))]
        wire = Update(ZONE).add(NOBODY, A, b"\0\0\0\0").wire()
        row("12", "a random algorithm", random_algorithm(wire, algorithm), refused, "FORMERR")
    tkey = struct.pack("!6H", 1, 0, 1, 0, 0, 1) + name("x.test") + struct.pack("!HH", TKEY, CLASS_ANY) + Update.record(
        "x.test", TKEY, CLASS_ANY, 0, name("gss-tsig") + b"\0" * 16)
    row("12", "TKEY", tkey, "NOTIMP", "REFUSED", "FORMERR")


def random_algorithm(wire, labels):
    rdata = name(labels) + struct.pack("!HIHH", 0, int(time.time()), 300, 32) + os.urandom(32) + wire[:2] + b"\0\0\0\0"
    return hosts.counted(wire, 1) + Update.record("admin", TSIG, CLASS_ANY, 0, rdata)


def server_answer(wire):
    """The answer, or one that says SERVFAIL in place of silence."""
    return server.tcp(wire) or wire[:2] + b"\x80\2" + b"\0" * 8


# --------------------------------------------------------------------- class 9, 18: SIG(0) and its time


def sig0_forged():
    refused = ("REFUSED", "NOTAUTH")
    now = int(time.time())
    for what, how in (("a wrong signature", {"signature": os.urandom(64)}), ("no signature", {"signature": b""}),
                      ("63 octets", {"signature": b"\1" * 63}), ("65 octets", {"signature": b"\1" * 65}),
                      ("64 zeros", {"signature": b"\0" * 64}), ("another tag", {"key_tag": OWN.tag ^ 1}),
                      ("algorithm 13", {"algorithm": 13}), ("algorithm 0", {"algorithm": 0}), ("algorithm 8", {"algorithm": 8}),
                      ("algorithm 255", {"algorithm": 255}), ("another signer", {"signer": OTHER.owner}),
                      ("the root as signer", {"signer": "."}), ("a signer elsewhere", {"signer": "x.elsewhere.test"}),
                      ("the zone as signer", {"signer": ZONE}), ("a signer that is not there", {"signer": NOBODY})):
        row("9", what, host(change(), **how), *refused, "FORMERR")
    for what, how in (("owner not the root", {"owner": name("x")}), ("class IN", {"rdclass": IN}), ("TTL 1", {"ttl": 1}),
                      ("type covered 1", {"covered": 1}), ("labels 1", {"labels": 1}), ("original TTL 1", {"original": 1})):
        row("9", what, host(change(), **how), "FORMERR", *refused)
    row("9", "two of them", host(host(change())), "FORMERR")
    row("9", "a record behind it", hosts.counted(host(change()), 1) + Update.record(WWW, A, IN, 0, b"\0\0\0\0"), "FORMERR")
    row("9", "an OPT behind it", hosts.counted(host(change()), 1) + b"\0" + struct.pack("!HHIH", OPT, 1232, 0, 0), "FORMERR")
    row("9", "among the changes", Update(ZONE).change(b"\0", SIG, CLASS_ANY, 0, b"\0" * 40).wire(), "FORMERR", "NOTZONE")
    row("9", "nothing but it", host(Update(ZONE)), "NOERROR", *refused)
    for n in range(0, 24):
        whole = host(change())
        begin = hosts.records(whole)[-1][1]
        row("9", "cut in it at %d" % n, whole[:begin + n], "FORMERR")
    base = host(change())
    for bit in range(16, len(base) * 8) if EVERY else rng.sample(range(16, len(base) * 8), 300):
        wire = bytearray(base)
        wire[bit // 8] ^= 1 << bit % 8
        said = hosts.rcode(server_answer(bytes(wire)))
        if said == "NOERROR":
            failures["9"].append("bit %d changed: NOERROR" % bit)
    for what, inception, expiration in (
            ("no time at all", 0, 0), ("over", now - 600, now - 5), ("from 90 s ahead", now + 90, now + 300),
            ("for 1000 s", now - 500, now + 500), ("for a day", now - 1, now + 86400), ("backwards", now + 10, now - 10),
            ("from 2^31 ago", now - 2**31, now + 1), ("until 2^31 ahead", now, now + 2**31 - 1)):
        row("18", what, host(change(), inception=inception, expiration=expiration), *refused)


def spared():
    """What is refused without a look at its signature takes nothing of what is verified over UDP, 2 a second of a /24."""
    key, now = hosts.Key(hosts.ED25519, "bad spared").at(ZONE), int(time.time())
    here = hosts.Server(PORT, source="127.0.77.1")
    large = Update(ZONE)
    for i in range(70):
        large.add("x%d.%s" % (i, ZONE), A, b"\xc0\0\2\1")
    for what, wire in (("garbage", Update(ZONE).change(key.owner, ANY, IN, 0, b"").wire()), ("unsigned", change().wire()),
                       ("too large", sig0(large, key)), ("from ahead", sig0(change(), key, now + 90, now + 300)),
                       ("of no key", sig0(change(), OTHER, key_tag=OTHER.tag ^ 1)), ("of another's name", host(change(owner=WWW)))):
        for _ in range(5):
            said = hosts.said(here.udp(wire))
            if said.split(" ")[0] not in ("REFUSED", "FORMERR"):
                failures["9"].append("%s, over UDP: %s" % (what, said))
    said = hosts.said(here.udp(sig0(hosts.registration(key, ["2001:db8:a::1"], ZONE), key)))
    if said != "NOERROR":
        failures["9"].append("an honest one over UDP after 30 of no cost: " + said)
    counts["9"] += 31


def replays():
    key = hosts.Key(hosts.ED25519, "bad replays").at(ZONE)
    now = int(time.time())

    def moved(address, *time_of):
        return sig0(hosts.registration(key, [address], ZONE), key, *time_of)

    first, second = moved("2001:db8:a::1", now - 300, now + 300), moved("2001:db8:a::2", now - 200, now + 300)
    row("18", "a first one", first, "NOERROR")
    serial = server.serial(ZONE)
    row("18", "the same over TCP", first, "NOERROR")
    row("18", "the same over UDP", first, "NOERROR", tcp=False)
    busy = [hosts.rcode(server.udp(sig0(change(), key, now - 299, now + 300, signature=b"\1" * 64))) for _ in range(9)]
    if "REFUSED" not in busy:
        failures["18"].append("9 at once over UDP: %r" % busy)
    row("18", "the same when others have used up what is verified over UDP", first, "NOERROR", tcp=False)
    if server.serial(ZONE) != serial:
        failures["18"].append("the same again moves the serial")
    row("18", "a later one", second, "NOERROR")
    serial = server.serial(ZONE)
    row("18", "the first one again", first, "NOERROR")
    row("18", "one signed between them", moved("2001:db8:bad::1", now - 250, now + 300), "REFUSED")
    row("18", "one a second before the last", moved("2001:db8:bad::1", now - 201, now + 300), "REFUSED")
    if server.serial(ZONE) != serial or server.ask(key.owner, ELOC)[1] != [eloc("2001:db8:a::2")]:
        failures["18"].append("an old one changed something")
    row("18", "one of the same second", moved("2001:db8:a::3", now - 200, now + 301), "NOERROR")
    row("18", "the second one again", second, "NOERROR")
    if server.ask(key.owner, ELOC)[1] != [eloc("2001:db8:a::3")]:
        failures["18"].append("the second one again changed something")
    failing = sig0(hosts.registration(key, ["2001:db8:a::4"], ZONE).used(NOBODY), key, now - 199, now + 300)
    row("18", "one whose prerequisite fails", failing, "NXDOMAIN")
    row("18", "the same again", failing, "NXDOMAIN")
    wire, _ = tsig(Update(ZONE).add("r.%s" % ZONE, A, b"\xc0\0\2\1"), ADMIN)
    row("18", "an administrator's", wire, "NOERROR")
    row("18", "undone", admin(Update(ZONE).delete("r." + ZONE)), "NOERROR")
    row("18", "the first one again", wire, "NOERROR")
    row("18", "the first one again, with another id", b"\7\7" + wire[2:], "NOERROR")
    if server.ask("r." + ZONE, A)[0] != "NXDOMAIN":
        failures["18"].append("an administrator's again changed something")
    words = collections.Counter(hosts.rcode(server.tcp(moved("2001:db8:c::%x" % i, now - 100, now + 200 + i)))
                                for i in range(1, 100))
    counts["18"] += 99
    got["18"].update(words)
    free = hosts.Key(hosts.ED25519, "bad released").at(ZONE)
    row("18", "one that comes", sig0(hosts.registration(free, ["2001:db8:a::1"], ZONE).lease(3600, 7200), free), "NOERROR")
    release = sig0(Update(ZONE).delete(free.owner).lease(0, 0), free)
    for what, tcp in (("one that goes, KEY and all", True), ("the same over TCP", True), ("the same over UDP", False)):
        answer = row("18", what, release, "NOERROR", tcp=tcp)
        if answer is not None and hosts.granted(answer) != (0, 0):
            failures["18"].append("%s: lease %r" % (what, hosts.granted(answer)))
    if words["NOERROR"] < 55 or words["NOERROR"] > 64 or set(words) - {"NOERROR", "REFUSED"}:
        failures["18"].append("99 in a second: %r" % words)


def twins():
    """A signature that anybody can make of another makes no new message: of P-256 the one with order - s."""
    now = int(time.time())
    for algorithm in (hosts.P256, hosts.ED25519):
        key = hosts.Key(algorithm, "bad twins").at(ZONE)
        first = sig0(hosts.registration(key, ["2001:db8:a::1"], ZONE), key, now)
        twin = first[:-32] + (hosts.ORDER - int.from_bytes(first[-32:], "big")).to_bytes(32, "big") \
            if algorithm == hosts.P256 else \
            first[:-32] + (int.from_bytes(first[-32:], "little") + hosts.ORDER_ED25519).to_bytes(32, "little")
        row("18", "one that registers", first, "NOERROR")
        row("18", "one of the same second that withdraws", sig0(Update(ZONE).delete(key.owner, ELOC), key, now), "NOERROR")
        serial = server.serial(ZONE)
        row("18", "the first one again", first, "NOERROR")
        row("18", "its twin", twin, "NOERROR" if algorithm == hosts.P256 else "REFUSED")
        row("18", "another message under its twin", bytes([first[0] ^ 1]) + twin[1:], "REFUSED")
        if server.serial(ZONE) != serial or server.ask(key.owner, ELOC)[1]:
            failures["18"].append("algorithm %d: a signature's twin changed something" % algorithm)


def crowded():
    """Who has sent as many as are remembered can send again when these are over, though nobody else sends anything."""
    key, end, now = hosts.Key(seed="bad crowded").at(ZONE), time.monotonic() + 40, int(time.time())

    def one(i, until):
        update = hosts.registration(key, ["2001:db8:d::%x" % (i + 1)], ZONE)
        return hosts.rcode(server.tcp(sig0(update, key, now - 1, until)))

    words = [one(i, now + 15) for i in range(66)]
    counts["18"] += 66
    got["18"].update(words)
    if words[0] != "NOERROR" or words[-1] != "REFUSED":
        failures["18"].append("66 at once: %s, and at last %s" % (words[0], words[-1]))
    while time.monotonic() < end and one(99, int(time.time()) + 60) != "NOERROR":
        select.select([], [], [], 0.2)
    if time.monotonic() >= end:
        failures["18"].append("66 at once, and nothing more when these are over")


# ------------------------------------------------------------------------------ class 13: who may what


def matrix():
    """Each change of each type at each name, by each who signs. Only a host's own mapping is its."""
    rdatas = {ELOC: eloc("2001:db8:a::9"), EPID: struct.pack("!HBB", 10, 0, 3) + name(WWW), KEY: OWN.rdata, A: b"\xc0\0\2\x63",
              AAAA: b"\x20" * 16, TXT: b"\1x", NS: name("ns." + ZONE), CNAME: name(WWW), DNAME: name("x.test"),
              PTR: name(WWW), DS: b"\0\1\x0d\2" + b"\3" * 32}
    owners = {"own": None, "other's": OTHER.owner, "below own": "x.", "above": "_eid." + ZONE, "www": WWW, "apex": ZONE,
              "wildcard": "*.", "site": "site." + ZONE, "nobody's": NOBODY, "alias": "alias." + ZONE}
    for title, name_of in owners.items():
        for rdtype, rdata in rdatas.items():
            # a key for each: a server remembers 64 messages of one
            key = hosts.Key(hosts.ED25519, "bad %s %d" % (title, rdtype)).at(ZONE)
            row("13", "a host registers", sig0(hosts.registration(key, ["2001:db8:a::1"], ZONE), key), "NOERROR")
            owner = key.owner if name_of is None else name_of + key.owner if name_of[-1] == "." else name_of
            rdata = key.rdata if rdtype == KEY else rdata
            changes = {"add": Update(ZONE).add(owner, rdtype, rdata), "delete set": Update(ZONE).delete(owner, rdtype),
                       "delete record": Update(ZONE).remove(owner, rdtype, rdata), "delete name": Update(ZONE).delete(owner)}
            for how, update in changes.items():
                mine = title == "own" and (rdtype in (ELOC, EPID) or (rdtype, how) == (KEY, "add") or how == "delete name")
                what = "%s of type %d at %s" % (how, rdtype, title)
                row("13", what + ", unsigned", update.wire(), "REFUSED")
                if mine:
                    row("13", what + ", by its key", sig0(update, key), "NOERROR")
                    row("13", what + ", put back", sig0(hosts.registration(key, ["2001:db8:a::1"], ZONE), key), "NOERROR")
                else:
                    row("13", what + ", by a key", sig0(update, key), "REFUSED", "YXDOMAIN")
                refused = Update(ZONE).used(WWW)
                refused.changes = update.changes
                row("13", what + ", with a prerequisite, unsigned", refused.wire(), "REFUSED")


# --------------------------------------------------------------------- class 15, 16: content, and how much


def content():
    bad, formerr = ("REFUSED", "FORMERR"), ("FORMERR",)
    address = b"\xc0\0\2\1"
    for rdtype in range(65536):
        if not (EVERY or rdtype < 300 or rdtype % 499 == 0 or 65270 < rdtype < 65310):
            continue
        meta = rdtype in (0, OPT) or 128 <= rdtype <= 255
        for what, update in (("add", Update(ZONE).add("x." + ZONE, rdtype, b"\0")),
                             ("add nothing", Update(ZONE).add("x." + ZONE, rdtype, b"")),
                             ("delete set", Update(ZONE).delete("x." + ZONE, rdtype)),
                             ("delete record", Update(ZONE).remove("x." + ZONE, rdtype, b"\0"))):
            if what == "delete set" and rdtype == ANY:
                wanted = ("NOERROR",)
            elif meta:
                wanted = formerr
            else:
                wanted = ("NOERROR", "REFUSED", "FORMERR")
            row("15", "%s of type %d" % (what, rdtype), admin(update), *wanted)
        row("15", "clean up", admin(Update(ZONE).delete("x." + ZONE)), "NOERROR")
    key = b"\1\1\3\x0d" + b"\5" * 64
    for title, rdtype, rdata in (("DNSKEY", DNSKEY, key), ("CDNSKEY", CDNSKEY, key), ("CDS", CDS, b"\0\1\x0d\2" + b"\3" * 32),
                                 ("NSEC", NSEC, name(WWW) + b"\0\1\x40"), ("NSEC3", NSEC3, b"\1\0\0\0\0\x14" + b"\7" * 20 + b"\0\1\x40"),
                                 ("NSEC3PARAM", NSEC3PARAM, b"\1\0\0\0\0"),
                                 ("RRSIG", RRSIG, b"\0\1\x0d\2\0\0\0\x3c" + b"\x7f" * 4 + b"\1" * 4 + b"\0\1" + name(ZONE) + b"\5" * 64),
                                 ("SIG", SIG, b"\0\1\x0d\2\0\0\0\x3c" + b"\x7f" * 4 + b"\1" * 4 + b"\0\1" + name(ZONE) + b"\5" * 64),
                                 ("NXT", NXT, name(WWW) + b"\x40")):
        for owner in (ZONE, WWW, "x." + ZONE):
            row("15", "add %s at %s" % (title, owner), admin(Update(ZONE).add(owner, rdtype, rdata)), *bad)
            row("15", "delete the %s set of %s" % (title, owner), admin(Update(ZONE).delete(owner, rdtype)), "NOERROR", *bad)
            row("15", "delete a %s of %s" % (title, owner), admin(Update(ZONE).remove(owner, rdtype, rdata)), "NOERROR", *bad)
            row("15", "add %s at %s, by a host" % (title, owner), host(change(rdtype, rdata, owner)), *bad)
    for what, update in (
            ("out of the zone", Update(ZONE).add("x.elsewhere.test", A, address)),
            ("above the zone", Update(ZONE).add("example", A, address)),
            ("beside it, with its end", Update(ZONE).add("x" + ZONE, A, address)),
            ("a prerequisite out of the zone", Update(ZONE).used("x.elsewhere.test").add("x." + ZONE, A, address))):
        row("15", what, admin(update), "NOTZONE")
    for what, update in (
            ("class ANY with RDATA", Update(ZONE).change("x." + ZONE, A, CLASS_ANY, 0, address)),
            ("class ANY with a TTL", Update(ZONE).change("x." + ZONE, A, CLASS_ANY, 1, b"")),
            ("class NONE with a TTL", Update(ZONE).change("x." + ZONE, A, NONE, 1, address)),
            ("class NONE, type ANY", Update(ZONE).change("x." + ZONE, ANY, NONE, 0, b"")),
            ("class IN, type ANY", Update(ZONE).change("x." + ZONE, ANY, IN, 0, b"")),
            ("class CH", Update(ZONE).change("x." + ZONE, A, 3, 0, address)),
            ("class 0", Update(ZONE).change("x." + ZONE, A, 0, 0, address)),
            ("a prerequisite of class CH", Update(ZONE).require("x." + ZONE, A, 3, 0, b"")),
            ("a prerequisite with a TTL", Update(ZONE).require(WWW, A, CLASS_ANY, 1, b"")),
            ("a prerequisite of class ANY with RDATA", Update(ZONE).require(WWW, A, CLASS_ANY, 0, address)),
            ("a prerequisite of class NONE with RDATA", Update(ZONE).require(WWW, A, NONE, 0, address)),
            ("a prerequisite with a value and a TTL", Update(ZONE).require(WWW, A, IN, 60, address)),
            ("a prerequisite of a meta type", Update(ZONE).require(WWW, AXFR, CLASS_ANY, 0, b"")),
            ("a prerequisite with a value of type ANY", Update(ZONE).require(WWW, ANY, IN, 0, b"")),
            ("an OPT among the changes", Update(ZONE).change(b"\0", OPT, 1232, 0, b""))):
        row("15", what, admin(update), "FORMERR", *(["NOTZONE"] if "OPT" in what else []))
    good = Update(ZONE).add("x." + ZONE, A, address).wire()
    for what, wire in (("no zone", struct.pack("!6H", 1, 5 << 11, 0, 0, 0, 0)),
                       ("two zones", struct.pack("!6H", 1, 5 << 11, 2, 0, 0, 0) + Update(ZONE).zone * 2),
                       ("a zone of type A", Update(ZONE, zone_type=A).add("x." + ZONE, A, address).wire()),
                       ("a zone of type ANY", Update(ZONE, zone_type=ANY).add("x." + ZONE, A, address).wire()),
                       ("a record more than there are", good[:8] + b"\0\2" + good[10:]),
                       ("65,535 changes, one there", good[:8] + b"\xff\xff" + good[10:]),
                       ("65,535 prerequisites", good[:6] + b"\xff\xff" + good[8:]),
                       ("65,535 additional ones", good[:10] + b"\xff\xff"),
                       ("an octet behind the end", good + b"\0"), ("half a record", good[:-3])):
        # what says that it is larger than is read of who has no key is not read
        row("15", what, admin(wire) if "zone" in what else wire, *formerr, *(["REFUSED"] if "65,535" in what else []))
        row("15", what + ", unsigned", wire, *formerr, "REFUSED")
    for rdclass in (0, 3, NONE, CLASS_ANY, 65535):
        row("5", "a zone of class %d" % rdclass, admin(Update(ZONE, zone_class=rdclass).add("x." + ZONE, A, address)), "FORMERR", "NOTAUTH")
    for zone in ("elsewhere.test", "x." + ZONE, "example", "."):
        row("15", "zone " + zone, admin(Update(zone).add("x." + zone if zone != "." else "x", A, address)), "NOTAUTH")
    for ttl in (2**31, 2**32 - 1):
        row("15", "TTL %d" % ttl, admin(Update(ZONE).add("x." + ZONE, A, address, ttl)), "NOERROR", *bad)
        row("15", "gone", admin(Update(ZONE).delete("x." + ZONE)), "NOERROR")
    for title, rdtype, rdata in (("A", A, address), ("SOA", SOA, b"\0\0" + b"\0" * 20), ("NS", NS, b"\0"), ("ELOC", ELOC, HERE), ("KEY", KEY, OWN.rdata),
                                 ("EPID", EPID, struct.pack("!HBB", 10, 0, 3) + name(WWW))):
        for n in (0, 1, len(rdata) - 1, len(rdata) + 1):
            octets = rdata[:n] if n < len(rdata) else rdata + b"\0"
            if octets == rdata or title == "KEY" and n > 4:
                continue
            row("15", "%s of %d octets" % (title, n), admin(Update(ZONE).add("x." + ZONE, rdtype, octets)), *bad)
            row("15", "%s of %d octets, by a host" % (title, n), host(change(rdtype, octets)), *bad)
    mapping()
    quantities(address)


def mapping():
    """ELOC and EPID as they may not be."""
    global OWN
    OWN = hosts.Key(hosts.ED25519, "bad mapping").at(ZONE)
    register(OWN)
    bad, parameter = ("REFUSED", "FORMERR"), struct.pack("!HH", 1, 4) + b"isp?"
    future = int(time.time() * 1000) + 400000
    proved = [eloc("2001:db8:a::7")]
    for what, rdata in (
            ("a reserved flag", eloc("2001:db8::1", flags=1)), ("a kind nobody knows", b"\0\1\0\1\0\x09\0\0\0\0"),
            ("a parameter nobody knows", eloc("2001:db8::1", parameters=struct.pack("!HH", 9, 0))),
            ("a path with a question mark", eloc("2001:db8::1", parameters=parameter)),
            ("parameters in descending order", eloc("2001:db8::1", parameters=struct.pack("!HHHHHH", 4, 2, 5, 1, 1, 0x6100))),
            ("half a parameter", eloc("2001:db8::1", parameters=b"\0\1\0\5a")),
            ("a via to a set that is not allowed", b"\0\1\0\1\0\3" + b"\0" * 15 + b"\1" + name("site." + ZONE)),
            ("a via with an upper-case letter", b"\0\1\0\1\0\3" + b"\0" * 15 + b"\1" + name("Site." + ZONE)),
            ("a prefix at a host", b"\0\1\0\1\0\4\x30" + b"\x20\1\r\xb8" + b"\0" * 12),
            ("an identity for a locator", eloc("2001:3f:fe00:a05::1")), ("the unspecified address", eloc("::")),
            ("loopback", eloc("127.0.0.1")), ("loopback, IPv6", eloc("::1")), ("link-local", eloc("fe80::1")),
            ("multicast", eloc("224.0.0.1")), ("multicast, IPv6", eloc("ff02::1")), ("an IPv4 address as IPv6", eloc("::ffff:192.0.2.1")),
            ("a private address", eloc("10.0.0.1")), ("a unique local one", eloc("fd00::1")), ("broadcast", eloc("255.255.255.255")),
            ("0/8", eloc("0.0.0.1")), ("169.254/16", eloc("169.254.0.1")), ("100.64/10", eloc("100.64.0.1"))):
        row("15", what, host(Update(ZONE).delete(OWN.owner, ELOC).add(OWN.owner, ELOC, rdata)), *bad)
    for what, rdatas in (
            ("a proof of other locators", [eloc("2001:db8:a::8"), hosts.proof(OWN, proved)]),
            ("a proof of another key", proved + [hosts.proof(OTHER, proved, owner=OWN.owner)]),
            ("a proof of another name", proved + [hosts.proof(OWN, proved, owner=OTHER.owner)]),
            ("a proof that is over", proved + [hosts.proof(OWN, proved, expiry=int(time.time()) - 5)]),
            ("a proof for 8 days", proved + [hosts.proof(OWN, proved, expiry=int(time.time()) + 8 * 86400)]),
            ("a proof with a serial ahead", proved + [hosts.proof(OWN, proved, serial=future)]),
            ("two proofs", proved + [hosts.proof(OWN, proved), hosts.proof(OWN, proved, expiry=int(time.time()) + 100)]),
            ("a proof with a reserved flag", proved + [hosts.proof(OWN, proved, flags=1)]),
            ("a proof that revokes, beside a locator", proved + [hosts.proof(OWN, proved, flags=0x80)]),
            ("half a proof", proved + [hosts.proof(OWN, proved)[:-1]])):
        update = Update(ZONE).delete(OWN.owner, ELOC)
        for rdata in rdatas:
            update.add(OWN.owner, ELOC, rdata)
        row("15", what, host(update), *bad)
    row("15", "a proof", host(hosts.registration(OWN, ["2001:db8:a::7"], ZONE, proved=True)), "NOERROR")
    old = int(time.time() * 1000) - 60000
    row("15", "an older proof", host(Update(ZONE).delete(OWN.owner, ELOC).add(OWN.owner, ELOC, proved[0]).add(
        OWN.owner, ELOC, hosts.proof(OWN, proved, serial=old))), *bad)
    row("15", "a locator beside it", host(Update(ZONE).add(OWN.owner, ELOC, eloc("2001:db8:a::8"))), "NOERROR")
    if any(rdata[5] == 0 for rdata in server.ask(OWN.owner, ELOC)[1]):
        failures["15"].append("a proof that no longer matches is left")
    row("15", "put back", host(hosts.registration(OWN, ["2001:db8:a::1"], ZONE)), "NOERROR")


def quantities(address):
    global OWN
    OWN = hosts.Key(hosts.P256, "bad quantities").at(ZONE)
    register(OWN)

    def many(count, rdtype, make):
        update = Update(ZONE).edns().delete(OWN.owner, rdtype)
        for i in range(count):
            update.add(OWN.owner, rdtype, make(i))
        return host(update)

    def locator(i):
        return eloc("2001:db8:a::%x" % (i + 1))

    row("16", "16 locators", many(16, ELOC, locator), "NOERROR")
    for what, wire in (
            ("17 locators", many(17, ELOC, locator)), ("600 locators", many(600, ELOC, locator)),
            ("9 EPIDs", many(9, EPID, lambda i: struct.pack("!HBB", i, 0, 3) + name(WWW))),
            ("3 keys", many(3, KEY, lambda i: hosts.Key(seed=i).rdata)),
            ("8 KiB of one record", many(1, ELOC, lambda i: eloc("2001:db8::1", parameters=struct.pack("!HH", 65280, 8000) + b"x" * 8000)))):
        answer = row("16", what, wire, "REFUSED")
        if answer is not None and len(wire) < 8192 and len(hosts.said(answer).split(" ")) < 3:
            failures["16"].append("%s: no reason" % what)
    row("16", "put back", host(hosts.registration(OWN, ["2001:db8:a::1"], ZONE)), "NOERROR")

    for what, make in (
            ("65,535 octets of names to add", lambda i: Update.record("x%d.%s" % (i, ZONE), A, IN, 60, address)),
            ("65,535 octets of one set to add", lambda i: Update.record("x." + ZONE, A, IN, 60, struct.pack("!I", 0xc0000200 + i))),
            ("65,535 octets of the same record", lambda i: Update.record("x." + ZONE, A, IN, 60, address)),
            ("65,535 octets of names to delete", lambda i: Update.record("x%d.%s" % (i, ZONE), ANY, CLASS_ANY, 0)),
            ("65,535 octets of the same name to delete", lambda i: Update.record("x." + ZONE, ANY, CLASS_ANY, 0)),
            ("add and delete, again and again", lambda i: Update.record("x." + ZONE, A, IN if i % 2 else CLASS_ANY, 0, address if i % 2 else b""))):
        update, i = Update(ZONE), 0
        while len(update.wire()) < 65300 and i < 6000:
            for _ in range(100):
                update.changes.append(make(i))
                i += 1
        while len(update.wire()) > 65535 - 100:
            update.changes.pop()
        wire = update.wire()
        begin = time.monotonic()
        row("15", what + ", unsigned", wire, "REFUSED", "FORMERR")
        row("15", what + ", by a host", sig0(wire, OWN) if len(wire) < 65400 else wire, "REFUSED", "FORMERR")
        row("15", what, admin(wire), "NOERROR", "REFUSED")
        if time.monotonic() - begin > 10:
            failures["15"].append("%s: %.1f s" % (what, time.monotonic() - begin))
    i, clean = 0, []
    while server.ask("x%d.%s" % (i, ZONE), A)[0] == "NOERROR":
        clean.append("x%d.%s" % (i, ZONE))
        i += 1
    for at in range(0, len(clean), 500):
        update = Update(ZONE).delete("x." + ZONE)
        for owner in clean[at:at + 500]:
            update.delete(owner)
        row("15", "clean up", admin(update), "NOERROR")
    row("15", "clean up", admin(Update(ZONE).delete("x." + ZONE)), "NOERROR")
    prerequisites = Update(ZONE)
    for i in range(2000):
        prerequisites.unused("p%d.%s" % (i, ZONE))
    row("15", "2,000 prerequisites", admin(prerequisites), "NOERROR", "REFUSED")
    row("15", "2,000 prerequisites, unsigned", prerequisites.wire(), "REFUSED")
    for what, flags in (("every flag", 5 << 11 | 0x07f0), ("an RCODE", 5 << 11 | 5)):
        update = Update(ZONE).add(NOBODY, A, address)
        update.flags = flags
        row("15", what + ", unsigned", update.wire(), "REFUSED", "FORMERR")
    for opcode in range(16):
        update = Update(ZONE).add(NOBODY, A, address)
        update.flags = opcode << 11
        row("15", "as opcode %d" % opcode, update.wire(), *{5: ("REFUSED",), 0: ("FORMERR",)}.get(opcode, ("NOTIMP", "FORMERR")))


def zone_is(before, number):
    """Refused messages have left nothing."""
    now = {(each, rdtype): server.ask(each, rdtype) for each, rdtype in before}
    for key, was in before.items():
        if now[key] != was:
            failures[number].append("%s, type %d: %r became %r" % (key[0], key[1], was, now[key]))


def main():
    for key in (OWN, OTHER):
        answer = register(key)
        if hosts.said(answer) != "NOERROR":
            sys.exit("not ok a host registers: %s" % hosts.said(answer))
    looked = [(OWN.owner, KEY), (OWN.owner, EPID), (OTHER.owner, ELOC), (OTHER.owner, KEY), (WWW, A), (WWW, TXT), (NOBODY, A), ("site." + ZONE, ELOC),
              ("alias." + ZONE, CNAME), (ZONE, NS), (ZONE, DNSKEY), (ZONE, NSEC3PARAM), ("x." + OWN.owner, TXT)]
    before = {pair: server.ask(*pair) for pair in looked}
    for number, run in (("9", sig0_forged), ("9", spared), ("11", tsig_forged), ("18", replays), ("18", twins), ("18", crowded), ("13", matrix), ("15", content)):
        run()
        zone_is(before, number)
    for number, count in sorted(counts.items()):
        for failure in failures[number][:12]:
            print("# " + failure)
        if len(failures[number]) > 12:
            print("# and %d more" % (len(failures[number]) - 12))
        summary = ", ".join("%s %d" % pair for pair in got[number].most_common())
        print("%s class %s: %d messages: %s" % ("not ok" if failures[number] else "ok", number, count, summary))
    return 1 if any(failures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
