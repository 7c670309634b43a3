#!/usr/bin/python3
"""Writes the seed corpora of the fuzz targets: octets made by dnspython, and texts. Run by hand when a
target gets a new kind of input; the files are kept in the tree.
usage: seed.py
       seed.py cases DIRECTORY     the queries of tests/cases for fuzz_serve, to be packed into its "found" """
import base64
import hashlib
import os
import random
import struct
import sys
import time
import types

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.update

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
sys.path.append(os.path.join(HERE, "..", "..", "interop", "update"))
import hosts  # noqa: E402

RDATA = """A 192.0.2.1
AAAA 2001:db8::1
NS ns.Example.
CNAME www.Example.
SOA ns.Example. root.Example. 1 2 3 4 5
PTR a.
HINFO "cpu" ""
MX 10 mail.Example.
TXT "one" "two \\"q\\" ; (" ""
RP me.Example. .
AFSDB 1 a.
KEY \\# 36 0200030f d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
PX 1 a. b.
SRV 1 2 3 host.Example.
NAPTR 1 2 "u" "E2U+sip" "!.*!a!" host.
KX 1 a.
CERT 1 2 3 AAEC
DNAME other.
DS 60485 13 1 2BB183AF5F22588179A53B0A98631FAD1A292118
SSHFP 1 1 2BB183AF5F22588179A53B0A98631FAD1A292118
RRSIG MX 15 3 3600 20150819220000 20150729220000 3613 example. AAAA
NSEC host.Example. A MX RRSIG NSEC TYPE1234
DNSKEY 257 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG
NSEC3PARAM 1 0 0 -
TLSA 3 1 1 2BB183AF5F22588179A53B0A98631FAD1A292118
HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs.example.com.
CSYNC 1 3 A NS
SVCB 1 . alpn="h2,h3" port=53 ipv4hint=192.0.2.1
NID 10 0014:4fff:ff20:ee64
L32 10 10.1.2.0
LP 10 l64.
URI 10 1 "ftp://x"
CAA 0 issue "ca.example"
LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"""

# The vectors of the protocol.
EPID = ["000a00012001003ffe000a05130824699a4bc6b238026964076578616d706c65036f726700",
        "001480012001003ffe000a05130824699a4bc6b2",
        "000a000235d02101bddc95722d0bd34b75f5963de7861a02584ef2c1610a53b53f03ded1"
        "076578616d706c65036f726700",
        "001e000303777777076578616d706c65036f726700"]
ELOC = ["000a00640001c0000201",
        "00140000400220010db8000a00010000000000000010000100056973702d61",
        "000a0001000220010db800000000000000000000000100000002ff000002000400000003ff00000200ff",
        "000a00320003000000000000000100000000000000100473697465076578616d706c65036f726700",
        "000a003c00043020010db8000a00000000000000000000000100056973702d61",
        "000000000000000001a20846fe006b057c400f00d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af"
        "021a68f707511a46391b4b4099fd2b1ca98940fe205c798c36db1b1195cf020f587f473d056d2314a26b3e4104"
        "effbb2c4bd88c55ad42ab846ae8131c12bbeb869b44a698c1e05"]

# UPDATEs that nsupdate 9.18 signed with throw-away keys (tests/map/test_seal.c).
SIG0 = ["e04f28000001000000020001076578616d706c650474657374000006000105686f737431c00cff0000ff000000000000c01e"
        "ff0000010000012c00040102030400001800ff00000000006600000f00000000006b0480fe6b047ea6f02a05686f73743107"
        "6578616d706c6504746573740056112f524519da9f9c3e66f70c69b29e7b91b88892a34dc7d80ab4d0e42043c1d8fae2838a"
        "55439b0ffc7134b3c77af35bff76e4b9bdbd34257aaea3b99b5d09",
        "df9328000001000000020001076578616d706c650474657374000006000105686f737432c00cff0000ff000000000000c01e"
        "ff0000010000012c00040102030400001800ff00000000006600000d00000000006b0480fe6b047ea6c4bb05686f73743207"
        "6578616d706c65047465737400acdfd8dc0cbcd804a629912365270237eeeba18895a22039be75a40229607c0b871b0f6b26"
        "1de41d82415563f340d5f2df2a55527281976044657c010e814309"]

ZONE_HEAD = "$TTL 300\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n"

NAMES = ["www.example.org.", "a\\.b\\032\\000\\255", ".", "@", "*.x", "xn--bcher-kva.example",
         "l" * 63 + "." + "m" * 63 + "." + "n" * 63 + "." + "o" * 61, "gxiccan53skxelil2nfxl5mwhx",
         "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "20261124120000", "TYPE65301", "00ff",
         "org\0example\0\1\1\0"]


def put(target, name, data):
    folder = os.path.join(HERE, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def rdatas():
    for line in RDATA.split("\n"):
        mnemonic, text = line.split(" ", 1)
        rdtype = dns.rdatatype.from_text(mnemonic)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, text)
        yield mnemonic.lower(), int(rdtype), rdata.to_wire(), line
    for i, octets in enumerate(EPID):
        yield "epid%d" % i, 65300, bytes.fromhex(octets), None
    for i, octets in enumerate(ELOC):
        yield "eloc%d" % i, 65301, bytes.fromhex(octets), None


def messages():
    query = dns.message.make_query("Host.example.org.", dns.rdatatype.from_text("TYPE65300"), use_edns=0, want_dnssec=True,
                                   payload=1232,
                                   options=[dns.edns.GenericOption(10, b"12345678")])
    query.id = 1
    yield "query", query.to_wire()
    rows = ["a%d.example.org. 60 IN %s" % (i, line)
            for i, (_, _, _, line) in enumerate(rdatas()) if line is not None]
    text = "id 1\nopcode QUERY\nflags QR AA\n;QUESTION\nexample.org. IN ANY\n;ANSWER\n"
    answer = dns.message.from_text(text + "\n".join(rows[:18]) + "\n;ADDITIONAL\n"
                                   + "\n".join(rows[18:]) + "\n")
    answer.use_edns(0)
    yield "answer", answer.to_wire(max_size=65535)
    mapping = ["host.example.org. 60 IN TYPE%d \\# %d %s" % (rdtype, len(wire), wire.hex())
               for _, rdtype, wire, line in rdatas() if line is None]
    answer = dns.message.from_text(text + "\n".join(mapping) + "\n")
    yield "mapping", answer.to_wire()
    update = dns.update.Update("example.org.", keyring=None)
    update.id = 2
    update.present("host", "A")
    update.absent("gone")
    update.delete("host", "AAAA")
    update.delete("host", "A", "192.0.2.1")
    update.add("host", 60, "A", "192.0.2.2")
    yield "update", update.to_wire()


def zones():
    yield "standard", "".join("a%d %s\n" % (i, line)
                              for i, (_, _, _, line) in enumerate(rdatas())
                              if line is not None and line.split()[0] not in
                              ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DS", "DNSKEY", "CDS",
                               "CDNSKEY"))
    yield "mappings", ("host EPID 10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e at=56/id\n"
                       "id ELOC 10 50 via:::1:0:0:0:10@site cap=mptcp,tls\n"
                       "id ELOC 20 0 2001:db8:a:1::10 home backup path=isp-a probe=4177\n"
                       "site ELOC ( 10 60 ; half\n net:2001:db8:a::/48 path=isp-a )\n"
                       "o TYPE65301 \\# 10 000a0064 0001c0000201\n")
    yield "words", ("$ORIGIN sub\na 60 IN TXT \"a;b\" c\\;d ( \"\" ; x\n\n \\065 )\n IN A 192.0.2.1\n"
                    "$TTL 1h30m\n*.\\000 CNAME @\n$INCLUDE absent\n")
    yield "cuts", ("a NS ns.a\na DS 1 13 2 AB\nns.a A 192.0.2.1\nd DNAME a\nb NS x.\nc CNAME d\n"
                   "e NS ns.w\n*.w A 192.0.2.1\n")
    yield "anchors", ("a. DS 1 13 2 " + "AB" * 32 + "\n"
                      "a. 60 IN DNSKEY 257 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= ; x\n")
    yield "wrong", ("a CNAME b\na A 192.0.2.1\nb NS c\nx.b TXT t\n* NS x.\nd DS 1 13 2 AB\n"
                    "e 1 A 192.0.2.1\ne 2 A 192.0.2.2\n@ CNAME x\n")


def queries():
    for name, qname, qtype in (
            ("positive", "wWw.Example.test", "A"), ("nxdomain", "a.b.nothing.example.test", "A"),
            ("wildcard", "q.r.wild.example.test", "TXT"), ("referral", "x.child.example.test", "A"),
            ("dname", "h.dngrow.example.test", "A"), ("cname", "c00.example.test", "A"),
            ("any", "www.example.test", "ANY"), ("ds", "signed.example.test", "DS"),
            ("epid", "host.example.org", "TYPE65300"), ("eloc", "site.example.org", "TYPE65301"),
            ("rrsig", "example.test", "RRSIG"), ("other", "example.net", "NS"),
            ("apex", "x.child.test", "A"), ("axfr", "example.test", "AXFR"), ("root", ".", "SOA")):
        for dnssec in (False, True):
            query = dns.message.make_query(qname, qtype, want_dnssec=dnssec, id=7)
            if dnssec:
                query.use_edns(0, dns.flags.DO, 4096, options=[dns.edns.GenericOption(3, b"")])
            yield name + ("_do" if dnssec else ""), query.to_wire()
    update = dns.update.Update("example.test")
    update.add("x", 60, "A", "192.0.2.1")
    yield "update", update.to_wire()
    query = dns.message.make_query("www.example.test", "A", id=7)
    query.use_edns(1, 0, 512)
    yield "badvers", query.to_wire()


def updates():
    """Every form of RFC 2136, compressed RDATA, our types, and the options that go with them."""
    update = dns.update.Update("Example.test")
    update.id = 4
    update.present("Host")
    update.absent("gone")
    update.present("Host", "A")
    update.absent("Host", "AAAA")
    update.present("Host", "MX", "10 MAIL")
    update.add("HOST", 300, "MX", "10 Mail.Example.test.")
    update.add("host", 60, "SOA", "Ns Root 1 2 3 4 5")
    update.delete("host", "A", "192.0.2.2")
    update.delete("host", "AAAA")
    update.delete("old")
    update.use_edns(0, 0, 1232, options=options(7200, 1209600, 2))
    yield "forms", update.to_wire()
    for name in ("mapping", "others"):
        update = dns.update.Update("example.org")
        update.id = 5
        for _, rdtype, wire, text in rdatas():
            if (text is None) == (name == "mapping"):
                update.add("host", 60, "TYPE%d" % rdtype, "\\# %d %s" % (len(wire), wire.hex()))
        yield name, update.to_wire()


def options(lease, key_lease, tokens):
    octets = struct.pack("!I", lease) + (struct.pack("!I", key_lease) if key_lease is not None else b"")
    return [dns.edns.GenericOption(2, octets),
            dns.edns.GenericOption(65300, struct.pack("!H", 4177) + bytes(range(8 * tokens)))]


def policies():
    """Updates of a realm behind three octets: its kind; what is known of who signs; whose name, which key."""
    own = "05e437dbb22e81cb3e"

    def generic(text):
        return "\\# %d %s" % (len(text) // 2, text)

    known = generic("0200030fd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    other = generic("0000030d" + "5a" * 64)

    for name, owner, key, head in (("own", own, known, b"\2\x10\0"), ("enrolled", own, known, b"\1\1\1"),
                                   ("host", "host", other, b"\2\x10\1"), ("assigned", "www", known, b"\2\x20\0"),
                                   ("admin", "@", other, b"\0\x08\0"), ("banned", "host", other, b"\2\2\1"),
                                   ("full", "host", other, b"\2\x90\1"), ("cut", "a.b", other, b"\2\x40\1"),
                                   ("person", "alice", other, b"\2\1\1")):
        for there in (False, True):
            update = dns.update.Update("id.example.org")
            update.id = 8
            if there:
                update.present(owner, "KEY", key)
                update.present(owner, "A", "192.0.2.1")
                update.present(owner, "TXT", "beside")
                for text in ELOC[:3]:
                    update.present(owner, "TYPE65301", generic(text))
                update.delete(owner, "A")
            else:
                update.add(owner, 300, "KEY", key)
            for text in ELOC:
                update.add(owner, 60, "TYPE65301", generic(text))
            for text in EPID:
                update.add(owner, 300, "TYPE65300", generic(text))
            update.add(owner, 300, "AAAA", "2001:db8::1")
            update.delete(owner, "TYPE65301", generic(ELOC[4]))
            update.delete(owner, "TYPE65301", generic(ELOC[5]))
            yield name + ("_again" if there else ""), head + update.to_wire()


def leases():
    for name, given in (("both", options(7200, 1209600, 0)), ("one", options(1800, None, 8)), ("zero", options(0, 0, 1)),
                        ("twice", options(1, 2, 1) * 2), ("among", [dns.edns.GenericOption(10, b"12345678")] + options(1, 1, 3))):
        yield name, b"".join(struct.pack("!HH", int(o.otype), len(o.to_wire())) + o.to_wire() for o in given)


def answers():
    """What a server says to a registration in id.example.org."""
    def ede(text):
        return dns.edns.GenericOption(15, struct.pack("!H", 18) + text)

    cookie = dns.edns.GenericOption(10, b"12345678" + bytes(range(16)))
    for name, rcode, given in (("granted", 0, options(7200, 1209600, 0)[:1] + [cookie]), ("shorter", 0, options(60, None, 0)[:1]),
                               ("prove", 5, [ede(b"prove 2001:db8::1, 192.0.2.1"), cookie]), ("held", 6, [ede(b"held by key 4711")]),
                               ("busy", 5, [ede(b"busy: use TCP")]), ("cookie", 23, [cookie]), ("twice", 5, [ede(b"prove \xff"), ede(b"\0a")]),
                               ("foreign", 0, [dns.edns.GenericOption(10, b"87654321")])):
        update = dns.update.Update("id.example.org")
        update.id = 8
        update.flags |= dns.flags.QR
        update.use_edns(0, payload=1232, options=given)
        update.set_rcode(rcode)
        yield name, update.to_wire()


def sealed():
    """TSIG of a key that fuzz_tsig has, and of others."""
    secret = bytes(range(1, 33))
    clock, time.time = time.time, lambda: 1795456678.0  # whatever the day: the same octets
    for name, key, algorithm in (("sha256", "Admin.Example.", "hmac-sha256"), ("sha512", "admin.example.", "hmac-sha512"),
                                 ("other", "other.example.", "hmac-sha1"), ("root", ".", "hmac-sha384")):
        update = dns.update.Update("example.test")
        update.id = 6
        update.add("host", 60, "A", "192.0.2.1")
        update.use_tsig({dns.name.from_text(key): secret}, dns.name.from_text(key), algorithm=algorithm)
        yield name, update.to_wire()
    time.time = clock


ME = "05e437dbb22e81cb3e.zone.test"  # as in fuzz_register.c; as there are the keys and their numbers
PUBLIC = {1: bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
          **{who: bytes([who]) * 32 for who in range(2, 6)}}
NOW = 1795456678  # as in fuzz_proof.c
PROVER = "0586f719c8b42d9012.id.test"


def signer(who, zone):
    """A key that only has a public half."""
    key = types.SimpleNamespace(algorithm=15, public=PUBLIC[who], rdata=b"\2\0\3\17" + PUBLIC[who])
    key.tag = hosts.tag(key.rdata)
    digest = base64.b32encode(hashlib.sha256(b"\17" + key.public).digest()).decode().lower().rstrip("=")
    key.owner = {1: ME, 5: "host." + zone}.get(who if (who, zone) != (1, "nsec.test") else 0, digest + "._eid." + zone)
    return key


def registers():
    """What fuzz_register takes: who signs, then an UPDATE."""
    address = bytes.fromhex("20010db8000a0001") + bytes(7) + b"\1"
    for zone in ("zone.test", "nsec.test"):
        for who in PUBLIC:
            key = signer(who, zone)
            update = hosts.registration(key, ["2001:db8:a:1::%d" % who, "192.0.2.%d" % who], zone)
            yield "%d.%s" % (who, zone[:4]), who, update.lease(7200, 1209600)
            update = hosts.registration(key, ["fd00::1"], zone).used(key.owner, hosts.KEY).unused("gone." + zone)
            yield "%d.%s.again" % (who, zone[:4]), who | 0x90, update.option(65300, struct.pack("!H", 4177) + bytes(8)).lease(1, 2)
            yield "%d.%s.end" % (who, zone[:4]), who, hosts.Update(zone).delete(key.owner).lease(0, 0)
        key, site = signer(3, zone), hosts.name("site." + zone)
        via = struct.pack("!HHBB", 10, 50, 0, 3) + bytes(15) + b"\1" + site
        update = hosts.Update(zone).add(key.owner, hosts.KEY, key.rdata).add(key.owner, hosts.ELOC, via)
        update.add("given." + zone, hosts.EPID, struct.pack("!HBB", 10, 0, 2) + hashlib.sha256(b"\17" + key.public).digest() +
                   hosts.name(zone)).add("given." + zone, hosts.A, bytes([192, 0, 2, 9]))
        yield "assigned.%s" % zone[:4], 3, update
        yield "enrolled.%s" % zone[:4], 0x23, update
        yield "quota.%s" % zone[:4], 0x63, update
        key = signer(5, zone)
        update = hosts.Update(zone).delete(key.owner).add(key.owner, hosts.KEY, key.rdata).add(key.owner, hosts.AAAA, address)
        yield "host.%s" % zone[:4], 5, update.lease(3600, 7200)
        yield "itself.%s" % zone[:4], 6, hosts.sig0(update, key, inception=1, expiration=2, signature=bytes(64))
        update = hosts.Update(zone).add("new." + zone, hosts.NS, hosts.name("ns.new." + zone))
        update.add("ns.new." + zone, hosts.A, bytes([192, 0, 2, 8])).add("alias." + zone, hosts.CNAME, hosts.name("a." + zone))
        update.add("*.e." + zone, hosts.TXT, b"\1t").add("x.deep.down.d." + zone, hosts.TXT, b"\1t").delete("a." + zone)
        update.delete("sub." + zone, hosts.NS).add("dn." + zone, 39, hosts.name("www." + zone)).delete("site." + zone)
        yield "shapes.%s" % zone[:4], 0, update
        yield "dry.%s" % zone[:4], 8, update
        update = hosts.Update(zone).add(zone, hosts.NS, hosts.name("ns2." + zone)).add(zone, hosts.TXT, b"\1t").value(
            "www." + zone, hosts.A, bytes([192, 0, 2, 2])).delete(zone, hosts.NS).used("*.w." + zone).delete("*.w." + zone)
        yield "apex.%s" % zone[:4], 0, update
        update = hosts.Update(zone).add(zone, hosts.SOA, hosts.name("ns." + zone) * 2 + struct.pack("!5I", 4000, 1, 2, 3, 4))
        yield "soa.%s" % zone[:4], 0, update.remove("www." + zone, hosts.A, bytes([192, 0, 2, 2]))
        update = hosts.Update(zone)
        for rdtype in range(1000, 1300):
            update.add("t." + zone, rdtype, b"x")
        yield "types.%s" % zone[:4], 0, update
        update = hosts.Update(zone).add("ds." + zone, 43, bytes.fromhex("00010d02") + bytes(32))
        yield "ds.%s" % zone[:4], 0, update
        update = hosts.Update(zone).add("two." + zone, 39, hosts.name("a.")).add("two." + zone, 39, hosts.name("b."))
        yield "single.%s" % zone[:4], 0, update
        update = hosts.Update(zone).add("*." + zone, hosts.ELOC, hosts.eloc("192.0.2.1"))
        yield "star.%s" % zone[:4], 0, update.add("m." + zone, hosts.ELOC, hosts.eloc("192.0.2.1", flags=1))
        key = signer(3, zone)  # at two of its own addresses that are one
        update = hosts.registration(key, ["192.0.2.1"], zone).add(key.owner, hosts.ELOC, hosts.eloc("192.0.2.1", 20))
        yield "path.%s" % zone[:4], 3, update
        yield "made.%s" % zone[:4], 0, hosts.Update(zone).add(zone, 48, b"\1\1\3\17" + bytes(32)).delete("a." + zone, 46)


def prover(algorithm, owner):
    key = hosts.Key(algorithm, owner=owner)
    secret = b"\1" + bytes(31)
    if algorithm == hosts.ED25519:
        key.private = hosts.ed25519.Ed25519PrivateKey.from_private_bytes(secret)
        key.public = key.private.public_key().public_bytes(hosts.serialization.Encoding.Raw, hosts.serialization.PublicFormat.Raw)
    else:
        key.private = hosts.ec.derive_private_key(int.from_bytes(secret, "big"), hosts.ec.SECP256R1())
        point = key.private.public_key().public_numbers()
        key.public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        key.at("id.test")
    return key


def proofs():
    """What fuzz_proof takes: whose name it is, then the records before (1), after (2) and in both (3)."""
    def sets(which, *rows):
        return bytes([which]) + b"".join(struct.pack("!BH", sides, len(rdata)) + rdata for sides, rdata in rows)

    a, b = hosts.eloc("2001:db8:a:1::10"), hosts.eloc("192.0.2.1", 20, parameters=bytes.fromhex("0004000210510001000461626364"))
    via = struct.pack("!HHBB", 10, 50, 0, 3) + bytes(15) + b"\1" + hosts.name("site.id.test")
    net = struct.pack("!HHBBB", 10, 60, 0, 4, 48) + bytes.fromhex("20010db8000a") + bytes(10)
    for which, key in enumerate((prover(hosts.ED25519, PROVER), prover(hosts.P256, None))):
        old = hosts.proof(key, [a], NOW * 1000 - 5, NOW + 60)
        new = hosts.proof(key, [a, b, via], NOW * 1000, NOW + 86400)
        yield "first%d" % which, sets(which, (2, a), (2, b), (2, via), (2, new))
        yield "next%d" % which, sets(which, (3, a), (2, b), (2, via), (1, old), (2, new))
        yield "back%d" % which, sets(which, (3, a), (1, b), (1, via), (2, old), (1, new))
        yield "stays%d" % which, sets(which, (3, a), (2, b), (3, old))
        yield "other%d" % which, sets(which ^ 1, (2, a), (2, old))
        yield "late%d" % which, sets(which, (2, a), (2, hosts.proof(key, [a], NOW * 1000, NOW - 1)))
        yield "far%d" % which, sets(which, (2, a), (2, hosts.proof(key, [a], NOW * 1000, NOW + 8 * 86400)))
        yield "ahead%d" % which, sets(which, (2, a), (2, hosts.proof(key, [a], NOW * 1000 + 400000, NOW + 60)))
        yield "revoked%d" % which, sets(which, (1, a), (1, old), (2, hosts.proof(key, [], NOW * 1000, 1, 0x80)))
        yield "two%d" % which, sets(which, (2, a), (2, old), (2, new))
        yield "none%d" % which, sets(2 + which, (2, a), (2, old))
    yield "net", sets(3, (2, net), (2, a))
    yield "many", sets(0, *((2, hosts.eloc("192.0.2.%d" % i)) for i in range(18)))


def texts():
    """Of our types, whose text only we have; and what any type may be."""
    yield "epid_text", 65300, "10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e at=56/id.example.org."
    yield "epid_key", 65300, "10 gxiccan53skxelil2nfxl5mwhxtymgqclbhpfqlbbjj3kpyd33iq@example.org."
    yield "epid_name", 65300, "30 www.example.org."
    yield "eloc_via", 65301, "10 50 via:::1:0:0:0:10@site cap=mptcp,tls"
    yield "eloc_net", 65301, "10 60 net:2001:db8:a::/48 path=isp-a"
    yield "eloc_direct", 65301, "20 0 2001:db8:a:1::10 home backup path=isp-a probe=4177"
    yield "opaque", 65280, "\\# 4 00010203"


def cases(directory):
    folder = os.path.join(HERE, "..", "..", "cases")
    lines = set()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".case"):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                lines.update(tuple(line.split()[1:3]) for line in f if line.startswith("query ") and len(line.split()) > 2)
    for i, (qname, qtype) in enumerate(sorted(lines)):
        try:
            rdtype = dns.rdatatype.from_text({"EPID": "TYPE65300", "ELOC": "TYPE65301"}.get(qtype, qtype))
            for name in {qname, qname.replace("example.test.", "example.net.")}:
                query = dns.message.make_query(name, rdtype, use_edns=0, want_dnssec=i % 4 > 0, payload=1232, id=i,
                                               options=[dns.edns.GenericOption(10, b"12345678")] if i % 2 else [])
                with open(os.path.join(directory, "%d%s" % (i, name[-5:-1])), "wb") as out:
                    out.write(query.to_wire())
        except (dns.exception.DNSException, ValueError):
            pass  # what dnspython does not take has other seeds


def main():
    if sys.argv[1:2] == ["cases"]:
        cases(sys.argv[2])
        return 0
    random.seed(1)
    for name, rdtype, text in texts():
        put("rdata_text", name, struct.pack("!H", rdtype) + text.encode())
    for name, data in queries():
        put("serve", name, data)
    for name, data in messages():
        put("message", name, data)
    for name, data in updates():
        put("update", name, data)
    for name, data in policies():
        put("policy", name, data)
    for name, data in leases():
        put("lease", name, data)
    for name, data in answers():
        put("answer", name, data)
    for name, data in sealed():
        put("tsig", name, data)
    for name, who, update in registers():
        put("register", name, bytes([who]) + (update if isinstance(update, bytes) else update.wire()))
    for name, data in proofs():
        put("proof", name, data)
    for i, text in enumerate(SIG0):
        put("sig0", "nsupdate%d" % i, bytes.fromhex(text))
    for name, rdtype, wire, data in rdatas():
        put("rdata", name, struct.pack("!H", rdtype) + wire)
        if data is not None:
            put("rdata_text", name, struct.pack("!H", rdtype) + data.split(" ", 1)[1].encode())
    for i, text in enumerate(NAMES):
        put("name_text", "text%02d" % i, text.encode("latin-1"))
    for name, text in zones():
        put("zone", name, (ZONE_HEAD + text).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
