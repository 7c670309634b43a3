#!/usr/bin/python3
"""hosts.py - hosts that register themselves, and administrators of their realm: keys, messages, seals, transports.
Made of octets, of dnspython and of the cryptography module; nothing of ours.
usage: hosts.py key FOLDER ALGORITHM SEED NAME   writes FOLDER/K<name>+<algorithm>+<tag>.{key,private}; NAME may end
                                                 in "@REALM": the key identity of that realm. Prints the path
       hosts.py eloc PREFERENCE ADDRESS [SERIAL SEED OWNER]   RDATA as text of RFC 3597; with a seed, of its proof
       hosts.py relay PORT FILE LISTEN   passes one datagram on and its answer back, and writes it to FILE
       hosts.py send PORT FILE [tcp]     sends such a message, and prints what it is answered with"""
import base64
import hashlib
import hmac
import os
import random
import socket
import struct
import sys
import time

import dns.message
import dns.rcode
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

A, NS, CNAME, SOA, TXT, AAAA, SIG, KEY, OPT, TSIG, ANY = 1, 2, 5, 6, 16, 28, 24, 25, 41, 250, 255
EPID, ELOC = 65300, 65301
IN, NONE, CLASS_ANY = 1, 254, 255
ED25519, P256 = 15, 13
LEASE, COOKIE, EDE, PROVE = 2, 10, 15, 65300
ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551  # of P-256
ORDER_ED25519 = 2**252 + 27742317777372353535851937790883648493


def name(text):
    """Wire form of a name; a label may be octets."""
    labels = text if isinstance(text, (list, tuple)) else [t.encode() for t in text.rstrip(".").split(".") if t]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def text_of(wire):
    labels, at = [], 0
    while wire[at]:
        labels.append(wire[at + 1:at + 1 + wire[at]].decode("latin-1"))
        at += 1 + wire[at]
    return ".".join(labels) + "."


class Key:
    """An identity key; the same seed gives the same key."""

    def __init__(self, algorithm=ED25519, seed=None, owner=None, flags=512):
        secret = hashlib.sha256(str(seed).encode()).digest() if seed is not None else os.urandom(32)
        self.algorithm, self.secret = algorithm, secret
        if algorithm == ED25519:
            self.private = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
            self.public = self.private.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        else:
            number = int.from_bytes(secret, "big") % (ORDER - 1) + 1
            self.secret = number.to_bytes(32, "big")
            self.private = ec.derive_private_key(number, ec.SECP256R1())
            point = self.private.public_key().public_numbers()
            self.public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        self.rdata = struct.pack("!HBB", flags, 3, algorithm) + self.public
        self.tag = tag(self.rdata)
        self.owner = owner

    def at(self, realm):
        """Becomes the key identity of a realm."""
        digest = hashlib.sha256(bytes([self.algorithm]) + self.public).digest()
        self.owner = base64.b32encode(digest).decode().lower().rstrip("=") + "._eid." + realm
        return self

    def sign(self, octets):
        if self.algorithm == ED25519:
            return self.private.sign(octets)
        r, s = utils.decode_dss_signature(self.private.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def write(self, folder):
        """As dnssec-keygen -T KEY -n HOST writes it."""
        base = "%s/K%s.+%03d+%05d" % (folder, self.owner.rstrip("."), self.algorithm, self.tag)
        with open(base + ".key", "w", encoding="ascii") as out:
            out.write("%s. IN KEY 512 3 %d %s\n" % (
                self.owner.rstrip("."), self.algorithm, base64.b64encode(self.public).decode()))
        with open(base + ".private", "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as out:
            title = "ED25519" if self.algorithm == ED25519 else "ECDSAP256SHA256"
            out.write("Private-key-format: v1.3\nAlgorithm: %d (%s)\nPrivateKey: %s\n" % (
                self.algorithm, title, base64.b64encode(self.secret).decode()))
        return base


def tag(rdata):
    total = sum(octet << 8 if i % 2 == 0 else octet for i, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xffff


def eloc(address, preference=10, weight=50, flags=0, parameters=b""):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return struct.pack("!HHBB", preference, weight, flags, 2 if ":" in address else 1) + \
        socket.inet_pton(family, address) + parameters


def proof(key, others, serial=None, expiry=None, flags=0, owner=None):
    """The ELOC that proves these others."""
    serial = int(time.time() * 1000) if serial is None else serial
    expiry = int(time.time()) + 86400 if expiry is None else expiry
    head = struct.pack("!QIBB", serial, expiry, key.algorithm, flags) + key.public
    octets = b"epsig-1\0" + name(owner or key.owner) + head + struct.pack("!H", len(others))
    octets += b"".join(struct.pack("!H", len(other)) + other for other in sorted(others))
    return struct.pack("!HHBB", 0, 0, 0, 0) + head + key.sign(octets)


class Update:
    """An UPDATE in the making; every number of it can be a wrong one."""

    def __init__(self, zone, ident=None, zone_class=IN, zone_type=SOA):
        self.zone = name(zone) + struct.pack("!HH", zone_type, zone_class)
        self.ident = random.getrandbits(16) if ident is None else ident
        self.prerequisites, self.changes, self.extra, self.options = [], [], [], None
        self.flags = 5 << 11

    @staticmethod
    def record(owner, rdtype, rdclass, ttl, rdata=b"", rdlength=None):
        return (owner if isinstance(owner, bytes) else name(owner)) + struct.pack(
            "!HHIH", rdtype, rdclass, ttl, len(rdata) if rdlength is None else rdlength) + rdata

    def change(self, *fields):
        self.changes.append(self.record(*fields))
        return self

    def require(self, *fields):
        self.prerequisites.append(self.record(*fields))
        return self

    def add(self, owner, rdtype, rdata, ttl=60):
        return self.change(owner, rdtype, IN, ttl, rdata)

    def delete(self, owner, rdtype=ANY):
        return self.change(owner, rdtype, CLASS_ANY, 0)

    def remove(self, owner, rdtype, rdata):
        return self.change(owner, rdtype, NONE, 0, rdata)

    def used(self, owner, rdtype=ANY):
        return self.require(owner, rdtype, CLASS_ANY, 0)

    def unused(self, owner, rdtype=ANY):
        return self.require(owner, rdtype, NONE, 0)

    def value(self, owner, rdtype, rdata):
        return self.require(owner, rdtype, IN, 0, rdata)

    def option(self, code, value=b""):
        self.options = (self.options or b"") + struct.pack("!HH", code, len(value)) + value
        return self

    def edns(self):
        self.options = self.options or b""
        return self

    def lease(self, seconds, key_seconds=None):
        return self.option(LEASE, struct.pack("!I", seconds) + (
            b"" if key_seconds is None else struct.pack("!I", key_seconds)))

    def wire(self):
        extra = list(self.extra)
        if self.options is not None:
            extra.append(b"\0" + struct.pack("!HHIH", OPT, 1232, 0, len(self.options)) + self.options)
        return struct.pack("!6H", self.ident, self.flags, 1, len(self.prerequisites), len(self.changes), len(extra)) + \
            self.zone + b"".join(self.prerequisites + self.changes + extra)


def registration(key, locators, zone, proved=False, ttl=60):
    """What a host sends: its key, and its locators in place of those before."""
    update = Update(zone).delete(key.owner, ELOC).add(key.owner, KEY, key.rdata, ttl)
    rdatas = [eloc(each) for each in locators]
    for rdata in rdatas + ([proof(key, rdatas)] if proved else []):
        update.add(key.owner, ELOC, rdata, ttl)
    return update


def counted(wire, more):
    """The message with another ARCOUNT."""
    return wire[:10] + struct.pack("!H", (struct.unpack("!H", wire[10:12])[0] + more) & 0xffff) + wire[12:]


def sig0(wire, key, inception=None, expiration=None, signer=None, algorithm=None, key_tag=None, owner=b"\0",
         rdclass=CLASS_ANY, ttl=0, covered=0, labels=0, original=0, signature=None):
    """The message with the SIG(0) of a key (RFC 2931): now - 300 to now + 300, as nsupdate does it."""
    wire = wire.wire() if isinstance(wire, Update) else wire
    now = int(time.time())
    head = struct.pack("!HBBIIIH", covered, key.algorithm if algorithm is None else algorithm, labels, original,
                       (now + 300 if expiration is None else expiration) & 0xffffffff,
                       (now - 300 if inception is None else inception) & 0xffffffff,
                       key.tag if key_tag is None else key_tag) + name(signer or key.owner)
    rdata = head + (key.sign(head + wire) if signature is None else signature)
    return counted(wire, 1) + owner + struct.pack("!HHIH", SIG, rdclass, ttl, len(rdata)) + rdata


class Secret:
    """A TSIG key."""

    def __init__(self, owner, algorithm="hmac-sha256", secret=None):
        self.owner, self.algorithm = owner, algorithm
        self.secret = hashlib.sha256(owner.encode()).digest() if secret is None else secret
        self.digest = getattr(hashlib, algorithm[5:])

    def clause(self):
        return 'key "%s" { algorithm %s; secret "%s"; };\n' % (
            self.owner, self.algorithm, base64.b64encode(self.secret).decode())

    def mac(self, octets):
        return hmac.new(self.secret, octets, self.digest).digest()


def tsig(wire, key, at=None, fudge=300, algorithm=None, owner=None, mac=None, size=None, original=None, error=0,
         other=b"", rdclass=CLASS_ANY, ttl=0, spelt=None):
    """The message with a TSIG (RFC 8945); and its MAC, which the answer's is made with."""
    wire = wire.wire() if isinstance(wire, Update) else wire
    at = int(time.time()) if at is None else at
    owner, algorithm = name(owner or key.owner), name(algorithm or key.algorithm)
    when = struct.pack("!HIH", at >> 32 & 0xffff, at & 0xffffffff, fudge)
    signed = (wire[:2] if original is None else struct.pack("!H", original)) + wire[2:]
    tail = struct.pack("!HH", error, len(other)) + other
    full = key.mac(signed + owner.lower() + struct.pack("!HI", CLASS_ANY, 0) + algorithm.lower() + when + tail) \
        if mac is None else mac
    full = full[:size] if size is None or size <= len(full) else full + b"\0" * (size - len(full))
    rdata = algorithm + when + struct.pack("!H", len(full)) + full + signed[:2] + tail
    return counted(wire, 1) + (spelt or owner) + struct.pack("!HHIH", TSIG, rdclass, ttl, len(rdata)) + rdata, full


# ------------------------------------------------------------------------------------------- reading


def skip(wire, at):
    while wire[at]:
        if wire[at] & 0xc0:
            return at + 2
        at += 1 + wire[at]
    return at + 1


def name_at(wire, at):
    labels = []
    while wire[at]:
        if wire[at] & 0xc0:
            at = struct.unpack("!H", wire[at:at + 2])[0] & 0x3fff
            continue
        labels.append(wire[at + 1:at + 1 + wire[at]].lower())
        at += 1 + wire[at]
    return name(labels)


def records(wire):
    """Every record: section 1 to 3, where it begins, owner, type, class, TTL, RDATA."""
    counts, at, out = struct.unpack("!4H", wire[4:12]), 12, []
    for _ in range(counts[0]):
        at = skip(wire, at) + 4
    for section in (1, 2, 3):
        for _ in range(counts[section]):
            owner, begin, at = name_at(wire, at), at, skip(wire, at)
            rdtype, rdclass, ttl, n = struct.unpack("!HHIH", wire[at:at + 10])
            out.append((section, begin, owner, rdtype, rdclass, ttl, wire[at + 10:at + 10 + n]))
            at += 10 + n
    return out


def options(wire):
    """The EDNS options of a message; None: it has no OPT."""
    for _, _, _, rdtype, _, _, rdata in records(wire):
        if rdtype == OPT:
            out, at = [], 0
            while at < len(rdata):
                code, n = struct.unpack("!HH", rdata[at:at + 4])
                out.append((code, rdata[at + 4:at + 4 + n]))
                at += 4 + n
            return out
    return None


def rcode(wire):
    high = [ttl >> 24 for _, _, _, rdtype, _, ttl, _ in records(wire) if rdtype == OPT]
    return dns.rcode.to_text((high[0] << 4 if high else 0) | wire[3] & 15)


def said(wire):
    """RCODE and, behind it, what an Extended DNS Error says: "REFUSED 18 only ..." """
    if wire is None:
        return "silence"
    out = rcode(wire)
    for code, value in options(wire) or []:
        if code == EDE:
            out += " %d %s" % (struct.unpack("!H", value[:2])[0], value[2:].decode())
    return out


def granted(wire):
    """The lease of an answer, a tuple of seconds; None: it has none."""
    for code, value in options(wire) or []:
        if code == LEASE:
            return struct.unpack("!%dI" % (len(value) // 4), value)
    return None


def tsig_of(wire):
    """The TSIG of an answer: error, MAC, other data, time, fudge; None: it has none."""
    last = records(wire)[-1:]
    if not last or last[0][3] != TSIG:
        return None
    rdata = last[0][6]
    at = skip(rdata, 0)
    high, low, fudge, n = struct.unpack("!HIHH", rdata[at:at + 10])
    mac = rdata[at + 10:at + 10 + n]
    at += 10 + n
    _, error, _ = struct.unpack("!HHH", rdata[at:at + 6])
    return error, mac, rdata[at + 6:], high << 32 | low, fudge


def tsig_holds(answer, key, request_mac, algorithm=None):
    """The TSIG of an answer is the key's, over it and over the request's MAC."""
    got = tsig_of(answer)
    if got is None:
        return False
    error, mac, other, at, fudge = got
    begin = records(answer)[-1][1]
    signed = struct.pack("!H", len(request_mac)) + request_mac + counted(answer[:begin], -1)
    signed += name(key.owner) + struct.pack("!HI", CLASS_ANY, 0) + name(algorithm or key.algorithm)
    signed += struct.pack("!HIHHH", at >> 32, at & 0xffffffff, fudge, error, len(other)) + other
    return hmac.compare_digest(mac, key.mac(signed))


# --------------------------------------------------------------------------------------- transports


IDLE = 4  # seconds, after which a connection may be closed by the server


class Server:
    """A server at 127.0.0.1: each message over UDP or TCP, from sockets that stay open."""

    def __init__(self, port, wait=20.0, source=""):
        self.address, self.wait, self.source = ("127.0.0.1", port), wait, source
        self.datagrams = self.stream = None
        self.used = 0.0

    def udp(self, wire, ident=None):
        """The answer with the id of the message; None: none came."""
        if self.datagrams is None:
            self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.datagrams.bind((self.source, 0))
            self.datagrams.connect(self.address)
        self.datagrams.settimeout(self.wait)
        try:
            self.datagrams.send(wire)
            while True:
                answer = self.datagrams.recv(65535)
                if answer[:2] == (wire[:2] if ident is None else ident):
                    return answer
        except (socket.timeout, ConnectionRefusedError):
            return None

    def connect(self):
        self.stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream.bind((self.source, 0))
        self.stream.settimeout(self.wait)
        self.stream.connect(self.address)

    def tcp(self, wire):
        """The answer; None: the connection was closed instead."""
        if time.monotonic() - self.used > IDLE:
            self.close()
        self.used = time.monotonic()
        try:
            if self.stream is None:
                self.connect()
            self.stream.sendall(struct.pack("!H", len(wire)) + wire)
            return self.read()
        except OSError:
            self.close()
            return None

    def read(self):
        got = b""
        while len(got) < 2 or len(got) < 2 + struct.unpack("!H", got[:2])[0]:
            more = self.stream.recv(65537)
            if not more:
                self.close()
                return None
            got += more
        return got[2:]

    def close(self):
        if self.stream is not None:
            self.stream.close()
            self.stream = None

    def ask(self, owner, rdtype, dnssec=False):
        """RCODE, and the RDATA of the answer's records of that type, sorted."""
        wire = query(owner, rdtype, dnssec)
        answer = self.udp(wire)
        if answer is not None and answer[2] & 2:
            answer = self.tcp(wire)
        if answer is None:
            return "silence", []
        return rcode(answer), sorted(r[6] for r in records(answer) if r[0] == 1 and r[3] == rdtype)

    def serial(self, zone):
        _, found = self.ask(zone, SOA)
        return struct.unpack("!I", found[0][-20:-16])[0] if found else None


def query(owner, rdtype, dnssec=False):
    wire = struct.pack("!6H", random.getrandbits(16), 0, 1, 0, 0, 1) + name(owner) + struct.pack("!HH", rdtype, IN)
    return wire + b"\0" + struct.pack("!HHIH", OPT, 1232, 0x8000 if dnssec else 0, 0)


def generic(rdata):
    return "\\# %d %s" % (len(rdata), rdata.hex())


def relay(port, path, listen):
    heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    heard.bind(("127.0.0.1", listen))
    print("ready", flush=True)
    wire, client = heard.recvfrom(65535)
    with open(path, "wb") as out:
        out.write(wire)
    answer = Server(port).udp(wire)
    if answer is not None:
        heard.sendto(answer, client)


def main(words):
    if words[0] == "key":
        key = Key(int(words[2]), words[3], words[4])
        if "@" in words[4]:
            key.at(words[4].split("@")[1])
        print(key.write(words[1]))
    elif words[0] == "eloc" and len(words) == 3:
        print(generic(eloc(words[2], int(words[1]))))
    elif words[0] == "eloc":
        key = Key(ED25519, words[4], words[5])
        print(generic(proof(key, [eloc(words[2], int(words[1]))], int(words[3]))))
    elif words[0] == "relay":
        relay(int(words[1]), words[2], int(words[3]))
    elif words[0] == "send":
        with open(words[2], "rb") as file:
            server, wire = Server(int(words[1])), file.read()
        print(said(server.tcp(wire) if "tcp" in words else server.udp(wire)))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
