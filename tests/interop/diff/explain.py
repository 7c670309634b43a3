#!/usr/bin/python3
"""explain.py - holds each difference to the table of reasons. usage: explain.py TABLE DIFFERENCES [PEER...]
Differences of a PEER that is named count for nothing: it cannot load the zones.
A row of TABLE: PEERS | REGULAR EXPRESSION | REASON; the expression is matched against what ask.c tells.
A reason that begins with [N] counts only where at least N of the other servers said what mapd said."""
import collections
import re
import sys


SERVERS = ["nsd", "knot", "bind", "pdns"]


def rows(path):
    for line in open(path, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            peers, pattern, reason = (part.strip() for part in line.split(" | "))
            need = re.match(r"\[(\d)\] ", reason)
            yield peers.split(), re.compile(pattern), int(need[1]) if need else 0, reason


def differences(path, without):
    """The questions, each with what is told of the servers that differ."""
    told = collections.defaultdict(dict)
    for line in open(path, encoding="utf-8", errors="replace"):
        peer, what, question = line.rstrip("\n").split("\t")
        if peer not in without:
            told[question][peer] = what
    return told


def main():
    table = list(rows(sys.argv[1]))
    peers_in_all = len(set(SERVERS) - set(sys.argv[3:]))
    used, unexplained, alone, first = collections.Counter(), collections.Counter(), collections.Counter(), {}
    for question, by in differences(sys.argv[2], sys.argv[3:]).items():
        for peer, what in by.items():
            for i, (peers, pattern, need, _) in enumerate(table):
                if peer in peers and peers_in_all - len(by) >= need and pattern.fullmatch(what):
                    used[i] += 1
                    break
            else:
                unexplained[peer, what] += 1
                first.setdefault((peer, what), question)
        if len(by) == peers_in_all and len(set(by.values())) == 1:
            what = next(iter(by.values()))
            alone[what] += 1
            first.setdefault(what, question)
    for i, (peers, _, _, reason) in enumerate(table):
        print("# %6d  %s: %s" % (used[i], " ".join(peers), reason))
    for (peer, what), n in unexplained.most_common():
        print("#   unexplained %d: %s: %s\n#       %s" % (n, peer, what, first[peer, what]))
    for what, n in alone.most_common():
        print("#   alone %d: %s\n#       %s" % (n, what, first[what]))
    print("%sok every difference has a reason" % ("not " if unexplained else ""))
    print("%sok mapd is nowhere alone against all others" % ("not " if alone else ""))
    return 1 if unexplained or alone else 0


sys.exit(main())
