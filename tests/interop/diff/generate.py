#!/usr/bin/python3
"""generate.py - zones full of corner cases, and questions about them; the same for the same seed.
usage: generate.py DIRECTORY ZONES QUESTIONS SEED
Writes DIRECTORY/zones/NAME (zone files), DIRECTORY/zones.list (name and denial), DIRECTORY/questions
(name, type, DO)."""
import os
import random
import sys
import zlib

LABELS = ["a", "b", "c", "d", "ns", "www", "x-y", "CaSe", "_tcp", r"\000", r"dot\.in", r"\255z", r"sp\032ce", "l" * 62]
TYPES = ("A A A AAAA NS SOA MX TXT CNAME DNAME DS SRV PTR DNSKEY NSEC NSEC3PARAM RRSIG ANY HINFO "
         "TYPE65280 TYPE65300 TYPE65301").split()
DS = "12345 13 2 " + "0123456789abcdef" * 4


class Zone:
    """One zone: which data is at which name, relative to its apex."""

    def __init__(self, rng, name):
        self.rng, self.name = rng, name
        self.records = {"@": [("SOA", "ns hostmaster %d 7200 3600 1209600 300" % rng.randrange(1, 9)), ("NS", "ns")],
                        "ns": [("A", "192.0.2.1")]}
        if rng.random() < 0.3:
            self.records["@"].append(("NS", "ns.elsewhere.test."))
        # nothing may be below it then, not even another zone (NSD holds all zones in one tree)
        if rng.random() < 0.1 and not name.startswith("child."):
            del self.records["ns"]
            self.records["@"] = [("SOA", self.records["@"][0][1].replace("ns ", "ns.elsewhere.test. ", 1)),
                                 ("NS", "ns.elsewhere.test."), ("DNAME", self.anywhere())]
            return
        for _ in range(rng.randrange(3, 14)):
            self.add()

    def owner(self):
        labels = [self.rng.choice(LABELS) for _ in range(self.rng.choice((1, 1, 1, 2, 2, 3, 4)))]
        if self.rng.random() < 0.25:
            labels[self.rng.randrange(len(labels)) if self.rng.random() < 0.2 else 0] = "*"
        below = [o for o in self.records if o != "@"]
        if below and self.rng.random() < 0.4:
            labels = labels[:self.rng.choice((1, 1, 2))] + [self.rng.choice(below)]
        return ".".join(labels)

    def anywhere(self):
        """What an alias may lead to: here, below a cut, nowhere, outside."""
        kind = self.rng.random()
        if kind < 0.5:
            return self.rng.choice(list(self.records))
        if kind < 0.75:
            return self.owner()
        if kind < 0.9:
            return "x." + self.rng.choice([o for o in self.records if o != "@"] or ["x"])
        return self.rng.choice(["www.elsewhere.test.", "a.z0001.test.", "ns.z0002.test.", "test."])

    def has(self, owner, *types):
        return any(t in types for t, _ in self.records.get(owner, ()))

    def above(self, owner):
        while "." in owner.replace(r"\.", ""):
            at = owner.index(".") if not owner.startswith(r"dot\.") else owner.index(".", 6)
            owner = owner[at + 1:]
            yield owner

    def is_below(self, owner, *types):
        return any(self.has(o, *types) for o in self.above(owner.lower()))

    def is_above_something(self, owner):
        return any(owner in self.above(o) for o in self.records)

    def put(self, owner, *records):
        if len(owner) + len(self.name) < 200:
            self.records.setdefault(owner, []).extend(records)

    def add(self):
        owner, kind, rng = self.owner().lower(), self.rng.random(), self.rng
        fresh = owner not in self.records
        if self.is_below(owner, "DNAME", "NS") or self.has(owner, "CNAME", "NS"):
            return
        if kind < 0.35:
            self.put(owner, *rng.choice([[("A", "192.0.2.%d" % rng.randrange(2, 250))],
                                         [("A", "192.0.2.7"), ("AAAA", "2001:db8::7")], [("TXT", '"text" "more"')],
                                         [("MX", "10 " + self.anywhere())], [("SRV", "0 0 7000 " + self.anywhere())],
                                         [("PTR", self.anywhere())], [("TYPE65280", r"\# 3 010203")]]))
        elif kind < 0.4 and "*" not in owner.split("."):
            self.put(owner, ("TYPE65301", r"\# 10 000a00320001c0000207"))
        elif kind < 0.6 and fresh:
            self.put(owner, ("CNAME", self.anywhere()))
        elif kind < 0.72 and not self.has(owner, "DNAME") and not self.is_above_something(owner) and not owner.startswith("*"):
            self.put(owner, ("DNAME", self.anywhere()), *([("A", "192.0.2.8")] if rng.random() < 0.3 else []))
        elif kind < 0.95 and fresh and not owner.startswith("*") and not self.is_above_something(owner):
            self.cut(owner)

    def cut(self, owner):
        inside, rng = "ns." + owner, self.rng
        servers = rng.choice([[inside], [inside, "ns"], ["ns.elsewhere.test."], [inside, "ns2." + owner], [owner],
                              ["ns"]])
        self.put(owner, *[("NS", s) for s in servers])
        if rng.random() < 0.4:
            self.put(owner, ("DS", DS))
        for server in servers:
            if server.endswith(owner) and server != owner:
                self.put(server, ("A", "192.0.2.53"), *([("AAAA", "2001:db8::53")] if rng.random() < 0.5 else []))
            elif server == owner:
                self.put(owner, ("A", "192.0.2.54"))

    def write(self, path):
        with open(path, "w", encoding="ascii") as out:
            print("$ORIGIN %s.\n$TTL 3600" % self.name, file=out)
            for owner, records in self.records.items():
                for rdtype, rdata in dict.fromkeys(records):
                    ttl = (60, 300, 3600)[zlib.crc32((owner + rdtype).encode()) % 3]
                    print("%s\t%d %s %s" % (owner, ttl, rdtype, rdata), file=out)

    def questions(self, n):
        """Names there are, those around them, and their other spellings."""
        names = list(self.records)
        for _ in range(n):
            name, kind = self.rng.choice(names), self.rng.randrange(9)
            name = "" if name == "@" else name + "."
            if kind == 0:
                name = self.rng.choice(LABELS) + "." + name
            elif kind == 1:
                name = "*." + name
            elif kind == 2:
                name = self.owner() + "." + name
            elif kind == 3:
                name = next(iter(self.above(name[:-1])), "") + "."
            elif kind == 4:
                name = self.owner() + "."
            elif kind == 5:
                name = "".join(c.upper() if self.rng.random() < 0.5 else c for c in name)
            elif kind == 6:
                name = "%s%s" % (self.rng.choice(("0", "z", "-")), name) if name[:1] not in ("\\", "") else name
            name = (name if name != "." else "") + self.name + "."
            if len(name) < 240:
                yield "%s %s %d" % (name, self.rng.choice(TYPES), self.rng.random() < 0.6)


def main():
    directory, zones, questions, seed = sys.argv[1], *map(int, sys.argv[2:])
    rng = random.Random(seed)
    os.makedirs(directory + "/zones", exist_ok=True)
    made = {}
    for i in range(zones):
        kind, parents = rng.random(), [z for z in made.values() if not z.has("@", "DNAME") and z.name.count(".") < 3]
        if kind < 0.15 and parents:
            name = "child." + rng.choice(parents).name
        elif kind < 0.25:
            name = ".".join("%x" % (i >> s & 15) for s in (0, 4, 8)) + ".8.b.d.0.1.0.0.2.ip6.arpa"
        else:
            name = "z%04d.test" % i
        made[name] = Zone(rng, name)
        if name.startswith("child.") and "child" not in made[name[6:]].records:
            made[name[6:]].cut("child")
    made = list(made.values())
    for zone in made:
        zone.write("%s/zones/%s" % (directory, zone.name))
    with open(directory + "/zones.list", "w", encoding="ascii") as out:
        for zone in made:
            # NSD takes no NSEC3 record below a DNAME, not even below the zone's own
            print(zone.name, "nsec" if zone.has("@", "DNAME") else rng.choice(("nsec", "nsec3")), file=out)
    with open(directory + "/questions", "w", encoding="ascii") as out:
        for i, zone in enumerate(made):
            for line in zone.questions(questions * (i + 1) // len(made) - questions * i // len(made)):
                print(line, file=out)


if __name__ == "__main__":
    main()
