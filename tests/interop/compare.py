#!/usr/bin/python3
"""compare.py - asks several servers of one zone the same questions and tells where the first of them
differs from all others. usage: compare.py ZONE NAMES-FILE SEED COUNT NAME=PORT..."""
import random
import sys

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

TYPES = ("A AAAA NS SOA MX TXT CNAME DNAME DS SRV DNSKEY NSEC NSEC3PARAM TYPE65280 TYPE65300 "
         "TYPE65301").split()
CHAIN = 16  # how many aliases are followed is each server's own choice


def ask(port, query):
    answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=5)
    if answer.flags & dns.flags.TC:
        answer = dns.query.tcp(query, "127.0.0.1", port=port, timeout=5)
    return answer


def section(rrsets):
    """The records of a section, without order."""
    found = set()
    for rrset in rrsets:
        for rdata in rrset:
            found.add((rrset.name.to_text().lower(), rrset.ttl, rrset.rdtype,
                       rdata.to_text().lower()))
    return found


def essence(answer):
    flags = answer.flags & (dns.flags.AA | dns.flags.TC | dns.flags.RA | dns.flags.AD)
    glue = [r for r in answer.additional if r.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)]
    referral = not answer.answer and not flags & dns.flags.AA
    return (dns.rcode.to_text(answer.rcode()), flags, section(answer.answer),
            section(answer.authority), section(glue) if referral else set())


def names(zone, path):
    owners = set()
    for line in open(path, encoding="ascii"):
        if line[0] not in " \t;" and line.strip():
            owners.add(line.split()[0])
    return sorted(owners) + [zone]


def invent(rng, owners, zone):
    """A name of the zone, one below or above it, or one that is a little different."""
    name = rng.choice(owners)
    kind = rng.randrange(6)
    if kind == 0:
        return "x%d.%s" % (rng.randrange(50), name)
    if kind == 1:
        return "*.%s" % name
    if kind == 2:
        return "a.b.%s" % name
    if kind == 3 and name.count(".") > zone.count("."):
        return name.split(".", 1)[1]
    if kind == 4:
        return "%s%s" % (rng.choice("0az-_"), name) if not name.startswith("\\") else name
    return name


def difference(mine, theirs):
    for what, a, b in zip(("rcode", "flags", "answer", "authority", "glue"), mine, theirs):
        if a != b:
            if isinstance(a, set):
                a, b = sorted(a - b), sorted(b - a)
            return "%s: %s, they: %s" % (what, a, b)
    return None


def main():
    zone, path, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    servers = [(s.split("=")[0], int(s.split("=")[1])) for s in sys.argv[5:]]
    rng = random.Random(seed)
    owners = names(zone, path)
    wrong = 0
    for _ in range(count):
        name, rdtype = invent(rng, owners, zone), rng.choice(TYPES)
        dnssec = rng.random() < 0.7
        query = dns.message.make_query(name, rdtype, want_dnssec=dnssec, use_edns=0)
        query.flags &= ~dns.flags.RD
        answers = [ask(port, query) for _, port in servers]
        said = [essence(answer) for answer in answers]
        if sum(r.rdtype == dns.rdatatype.CNAME for r in answers[0].answer) > CHAIN:
            continue
        told = [difference(said[0], other) for other in said[1:]]
        if all(told):
            wrong += 1
            print("%s %s%s" % (name, rdtype, " DO" if dnssec else ""))
            for (who, _), text in zip(servers[1:], told):
                print("    %s: %s" % (who, text))
    print("%d questions, %d answered by %s as by nobody else" % (count, wrong, servers[0][0]))
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
