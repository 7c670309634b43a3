#!/usr/bin/python3
"""edit.py - one zone in many versions, each a few changes from the one before; the same for the same seed.
usage: edit.py DIRECTORY ZONE VERSIONS SEED
Writes DIRECTORY/N (zone files from 0) and DIRECTORY/N.ask (questions whose answers can be validated)."""
import copy
import random
import sys

from generate import Zone


def remove(zone):
    """A record, or a name; never the apex and its server, without which it is no zone."""
    owners = [o for o in zone.records if o not in ("@", "ns")]
    if not owners:
        return
    owner = zone.rng.choice(owners)
    records = zone.records[owner]
    if zone.rng.random() < 0.5:
        records.remove(zone.rng.choice(records))
    if not records or zone.rng.random() < 0.5:
        del zone.records[owner]


def is_zone(zone):
    """Whether mapd takes it: servers in the zone have addresses, DS is beside NS."""
    for owner, records in zone.records.items():
        if zone.has(owner, "DS") and not zone.has(owner, "NS"):
            return False
        for rdtype, rdata in records:
            if rdtype == "NS" and not rdata.endswith(".") and not zone.has(rdata, "A"):
                return False
    return True


def ask(zone, path):
    """Names at and around what is there, but not where another zone answers, or an alias leads away."""
    with open(path, "w", encoding="ascii") as out:
        for _ in range(2):
            owner = zone.rng.choice(list(zone.records))
            if owner == "@" or zone.is_below("x." + owner, "NS", "DNAME") or zone.has(owner, "CNAME") or "*" in owner:
                owner = "nothing-here"
            if "\\" in owner or zone.has("*", "CNAME"):
                owner = "ns"
            print("%s.%s. %s" % (owner, zone.name, zone.rng.choice(("A", "TXT", "TYPE65280"))), file=out)


def deny(zone, path):
    """A name that does not exist, below one that does, and some labels deep: random, so that each proof is another."""
    for _ in range(20):
        owner = zone.rng.choice(list(zone.records))
        below = "" if owner == "@" else "." + owner
        if not ("\\" in owner or "*" in owner or zone.has("*" + below, "CNAME") or zone.is_below("x" + below, "NS", "DNAME")
                or any(zone.has(owner, t) for t in ("NS", "DNAME", "CNAME")) and owner != "@"):
            break
    else:
        return
    name = ".".join("%08x" % zone.rng.getrandbits(32) for _ in range(zone.rng.randrange(1, 5)))
    with open(path, "a", encoding="ascii") as out:
        print("%s%s.%s. A" % (name, below, zone.name), file=out)


def main():
    directory, name, versions, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    rng = random.Random(seed)
    zone = Zone(rng, name)
    while zone.has("@", "DNAME"):
        zone = Zone(rng, name)
    for version in range(versions):
        zone.write("%s/%d" % (directory, version))
        ask(zone, "%s/%d.ask" % (directory, version))
        deny(zone, "%s/%d.ask" % (directory, version))
        before = copy.deepcopy(zone.records)
        while zone.records == before:
            for _ in range(rng.randrange(1, 4)):
                if rng.random() < 0.6 and len(zone.records) < 40:
                    zone.add()
                else:
                    remove(zone)
            if not is_zone(zone):
                zone.records = copy.deepcopy(before)


main()
