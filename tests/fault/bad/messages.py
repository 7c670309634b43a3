#!/usr/bin/python3
"""messages.py - messages as nobody should send them, each with what a server does with it.
A row is (class of bad input, what, octets, expected): expected is an RCODE as text, with its Extended DNS Error
behind it ("REFUSED 20"), or SILENCE. Where the transports differ, a pair: over UDP, over TCP.
Made of octets and of dnspython, nothing of ours."""
import struct

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

SILENCE = "silence"
NAME = b"\3www\7example\4test\0"
QUESTION = NAME + b"\0\1\0\1"
CUT = (SILENCE, "FORMERR")  # longer than a datagram that is taken


def header(flags=0, qd=1, an=0, ns=0, ar=0, ident=0x5aa5):
    return struct.pack("!6H", ident, flags, qd, an, ns, ar)


def record(owner=b"\0", rdtype=1, rdclass=1, ttl=0, rdata=b"", rdlength=None):
    return owner + struct.pack("!HHIH", rdtype, rdclass, ttl, len(rdata) if rdlength is None else rdlength) + rdata


def opt(options=b"", size=1232, ttl=0, owner=b"\0", rdlength=None):
    return record(owner, 41, size, ttl, options, rdlength)


def option(code, value=b"", length=None):
    return struct.pack("!HH", code, len(value) if length is None else length) + value


def query(name, rdtype=1, rdclass=1, extra=b"", ar=0, flags=0):
    return header(flags, ar=ar) + name + struct.pack("!HH", rdtype, rdclass) + extra


def pointer(at):
    return struct.pack("!H", 0xc000 | at)


def good(ident=1):
    """A query that any server answers: what comes back behind it shows that silence was meant."""
    return header(ident=ident) + QUESTION


def compression():
    for what, name in (("to itself", pointer(12)), ("into the header", pointer(0)), ("forward", pointer(20)),
                       ("to the end", pointer(18)), ("a label and back to it", b"\1a" + pointer(12)),
                       ("behind the message", pointer(0x3fff)), ("cut in half", b"\xc0")):
        yield "1", "pointer " + what, query(name), "FORMERR"
    loop = query(NAME, extra=record(pointer(12 + len(QUESTION) + 12)) + record(pointer(12 + len(QUESTION))), ar=2)
    yield "1", "two pointers in a loop", loop, "FORMERR"
    yield "1", "one pointer back, of an additional record", query(NAME, extra=record(pointer(12)), ar=1), "NOERROR"
    many = b"".join(pointer(12 if i == 0 else 12 + len(QUESTION) + 11 + 2 * (i - 1)) for i in range(40))
    chain = record(rdtype=16, rdata=many) + record(pointer(12 + len(QUESTION) + 11 + 78))
    yield "1", "a chain of 40 pointers", query(NAME, extra=chain, ar=2), "FORMERR"
    for opcode in range(16):
        for name, counts in (("questions", {"qd": 10000}), ("answers", {"qd": 0, "an": 5000})):
            body = b"\0" + struct.pack("!HH", 1, 1)
            step = 0 if name == "questions" else 6
            if step:
                body = record(rdtype=16, rdata=b"\0" + b"".join(pointer(23 + max(0, 2 * i - 1)) for i in range(8000)))
            at = 12
            while 12 + len(body) + 6 + step < 65535:
                here = 12 + len(body)
                body += pointer(at) + struct.pack("!HH", 1, 1) + b"\0" * step
                at = here if here < 0x3fff and not step else at
            yield ("1", "64 KiB of chains of pointers, %s, opcode %d" % (name, opcode),
                   header(opcode << 11, **counts) + body, (SILENCE, {0: "FORMERR", 5: "REFUSED"}.get(opcode, "NOTIMP")))


def boundaries():
    ns = record(rdtype=2, rdata=NAME, rdlength=1)
    yield "2", "NS whose name goes on behind its length", query(NAME, extra=ns, ar=1), "FORMERR"
    for what, length in (("NS", 17), ("SOA", 30), ("MX", 4), ("KEY", 36), ("SIG", 50), ("RRSIG", 50), ("EPID", 20),
                         ("ELOC", 18)):
        rdtype = {"NS": 2, "SOA": 6, "MX": 15, "KEY": 25, "SIG": 24, "RRSIG": 46, "EPID": 65300, "ELOC": 65301}[what]
        for rdlength in (0, 1, length - 1, length + 1, 65535):
            extra = record(rdtype=rdtype, rdata=b"\0" * length, rdlength=rdlength)
            yield "2", "%s of %d octets, that says %d" % (what, length, rdlength), query(NAME, extra=extra, ar=1), "FORMERR"
    yield "2", "an octet behind the end", good() + b"\0", "FORMERR"
    yield "2", "a record where none is announced", query(NAME, extra=record()), "FORMERR"
    whole = query(NAME, extra=opt(option(3)), ar=1)
    for n in range(len(whole)):
        yield "2", "cut to %d octets" % n, whole[:n], SILENCE if n < 12 else "FORMERR"
    for count in ("an", "ns", "ar"):
        yield "2", "65,535 records announced, none there (%s)" % count, header(**{count: 65535}) + QUESTION, "FORMERR"
    yield "2", "2 questions", header(qd=2) + QUESTION * 2, "FORMERR"
    yield "2", "no question", header(qd=0), "FORMERR"
    yield "2", "an answer in a query", header(an=1) + QUESTION + record(), "FORMERR"
    yield "2", "an authority in a query", header(ns=1) + QUESTION + record(), "FORMERR"
    yield "2", "9 additional records", query(NAME, extra=record() * 9, ar=9), "FORMERR"


def names():
    tail = b"\7example\4test\0"
    yield "3", "a label of 63", query(b"\x3f" + b"a" * 63 + tail), "NXDOMAIN"
    for length in (64, 65, 127, 128, 191):
        yield "3", "a label of %d" % length, query(bytes([length]) + b"a" * length + tail), "FORMERR"
    for octets, expected in ((255, "NXDOMAIN"), (256, "FORMERR"), (257, "FORMERR")):
        left, name = octets - len(tail), b""
        while left > 0:
            n = min(63, left - 1)
            n -= left - 1 - n == 1
            name += bytes([n]) + b"b" * n
            left -= n + 1
        yield "3", "a name of %d" % octets, query(name + tail), expected
    yield "3", "122 labels", query(b"\1c" * 120 + tail), "NXDOMAIN"
    yield "3", "127 labels of another zone", query(b"\1c" * 127 + b"\0"), "REFUSED"
    yield "3", "128 labels", query(b"\1c" * 128 + b"\0"), "FORMERR"
    for value in range(256):
        yield "3", "octet %d in a name" % value, query(b"\3x" + bytes([value]) + b"x" + tail), "NXDOMAIN"
        expected = "NXDOMAIN" if 0 < value <= 63 else "FORMERR"
        yield "3", "octet %d for a length" % value, query(bytes([value]) + b"y" * value + tail), \
            expected
    yield "3", "the root", query(b"\0"), "REFUSED"


def types(every):
    refused = {0: "FORMERR", 41: "FORMERR", 249: "NOTIMP", 250: "FORMERR", 251: "FORMERR", 252: "REFUSED",
               253: "NOTIMP", 254: "NOTIMP"}
    for rdtype in range(65536):
        if every or rdtype < 300 or rdtype % 997 == 0:
            yield "4", "type %d" % rdtype, query(NAME, rdtype), refused.get(rdtype, "NOERROR")
    for rdclass in (0, 1, 3, 4, 254, 255, 65535):
        expected = "NOERROR" if rdclass == 1 else "REFUSED 20"
        yield "4", "class %d" % rdclass, query(NAME, 1, rdclass, opt(), 1), expected
    for flags in range(65536):
        if every or flags % 61 == 0:
            opcode = flags >> 11 & 15
            expected = SILENCE if flags & 0x8000 else {0: "NOERROR", 5: "FORMERR"}.get(opcode, "NOTIMP")
            yield "4", "flags %04x" % flags, query(NAME, flags=flags), expected
    yield "4", "AXFR", query(NAME, 252, extra=opt(), ar=1), "REFUSED 18"
    yield "4", "an opcode with EDNS", query(NAME, extra=opt(), ar=1, flags=6 << 11), "NOTIMP 21"


def meta_classes():
    for opcode, rdtype in ((4, 6), (5, 6), (0, 6)):
        for rdclass in (3, 254, 255):
            expected = {0: "REFUSED 20", 5: "NOTAUTH" if rdclass == 3 else "FORMERR"}.get(opcode, "NOTIMP 21")
            what = "%s with class %d" % (dns.opcode.to_text(opcode), rdclass)
            yield "5", what, query(b"\7example\4test\0", rdtype, rdclass, opt(), 1, opcode << 11), expected
    for rdclass in (1, 3, 254, 255):
        update = header(5 << 11, 1, 1, 1, 0) + b"\7example\4test\0" + struct.pack("!HH", 6, rdclass)
        update += record(NAME, 255, 254) + record(NAME, 1, 255, 0, b"\0\0\0\0")
        yield "5", "an UPDATE of class %d" % rdclass, update, "FORMERR"


def edns():
    yield "6", "2 OPTs", query(NAME, extra=opt() * 2, ar=2), "FORMERR"
    yield "6", "OPT with a name", query(NAME, extra=opt(owner=b"\1a\0"), ar=1), "FORMERR"
    yield "6", "OPT as an answer", header(an=1) + QUESTION + opt(), "FORMERR"
    yield "6", "OPT as an authority", header(ns=1) + QUESTION + opt(), "FORMERR"
    for version in (1, 2, 127, 128, 255):
        yield "6", "version %d" % version, query(NAME, extra=opt(ttl=version << 16), ar=1), "BADVERS"
    yield "6", "extended rcode 255 in a query", query(NAME, extra=opt(ttl=255 << 24), ar=1), "NOERROR"
    yield "6", "every flag", query(NAME, extra=opt(ttl=0xffff), ar=1), "NOERROR"
    yield "6", "an option behind the end", query(NAME, extra=opt(option(3, b"test", 5)), ar=1), "FORMERR"
    yield "6", "half an option", query(NAME, extra=opt(b"\0\3\0"), ar=1), "FORMERR"
    yield "6", "an option of 65,535", query(NAME, extra=opt(option(3, b"", 65535)), ar=1), "FORMERR"
    for size in (0, 511, 512, 65535):
        yield "6", "a buffer of %d" % size, query(NAME, 255, extra=opt(size=size, ttl=0x8000), ar=1), "NOERROR"
    yield "6", "16,000 empty options", query(NAME, extra=opt(option(65001) * 16000), ar=1), CUT
    yield "6", "1,000 NSIDs", query(NAME, extra=opt(option(3) * 1000), ar=1), "FORMERR"
    yield "6", "64 NSIDs", query(NAME, extra=opt(option(3) * 64), ar=1), "NOERROR"
    yield "6", "60 cookies", query(NAME, extra=opt(option(10, b"12345678") * 60), ar=1), "NOERROR"
    for length in range(42):
        expected = "NOERROR" if length == 8 or 16 <= length <= 40 else "FORMERR"
        yield "6", "a cookie of %d" % length, query(NAME, extra=opt(option(10, b"c" * length)), ar=1), expected
    plain = dns.message.make_query("www.example.test", "A", use_edns=0, payload=1232, id=7, want_dnssec=True,
                                   options=[dns.edns.ECSOption("192.0.2.0", 24), dns.edns.GenericOption(65535, b"x" * 900)])
    yield "6", "a network of the client and an unknown option", plain.to_wire(), "NOERROR"


def rows(every):
    yield from compression()
    yield from boundaries()
    yield from names()
    yield from types(every)
    yield from meta_classes()
    yield from edns()


def expected_over(expected, tcp):
    return expected if isinstance(expected, str) else expected[1 if tcp else 0]


def said(wire):
    """RCODE and Extended DNS Error of an answer, read by dnspython, which refuses what is malformed."""
    # an opcode that dnspython does not read makes no difference to what is behind it
    message = dns.message.from_wire(wire[:2] + bytes([wire[2] & 0x87]) + wire[3:])
    text = dns.rcode.to_text(message.rcode())
    for each in message.options:
        if int(each.otype) == 15:
            text += " %d" % each.code
    return text
