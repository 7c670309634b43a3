#!/usr/bin/python3
"""curve.py - updates a second by the number of identities, as the tables of doc/updates.md: of what
./check --long updates updates-large has written to doc/results. Measures nothing itself.
usage: curve.py           prints the tables
       curve.py --write   puts them into doc/updates.md, in the place of those that are there
       curve.py --check   prints how doc/updates.md differs from them, and fails when it does"""
import difflib
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
RESULTS = ["doc/results/updates", "doc/results/updates-large"]
PAGE = "doc/updates.md"
BEGIN, END = "<!-- tables: bench/curve.py -->\n", "<!-- end of tables -->\n"
COLUMNS = ["mapd", "bind", "knot", "pdns", "floor"]
PEERS = COLUMNS[1:4]
MODES = {"p256": "P-256", "ed25519": "Ed25519", "p256-proof": "P-256, with a proof", "ed25519-proof": "Ed25519, with a proof"}


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="ascii") as file:
        return file.read()


def read(found, text):
    """Fills found: size -> (mode, server, what) -> number; brackets of the report's table are kept as "borrowed".
    Returns the goals that were missed."""
    size = server = mode = None
    for line in text.splitlines():
        if re.fullmatch(r"\d+ identities", line):
            size = found.setdefault(int(line.split()[0]), {})
        elif match := re.match(r"  (\w+) ([\w-]+): (\d+) updates/s .* (\d+) bytes written", line):
            server, mode = match[1], match[2]
            size[mode, server, "bytes"] = int(match[4])
        elif match := re.match(r"  floor: .* (\d+) bytes written", line):
            size["tsig", "floor", "bytes"] = int(match[1])
        elif match := re.match(r"    floor at .* p99 (\d+) us", line):
            size["tsig", "floor", "half"] = int(match[1])
        elif match := re.match(r"    at half that rate .* p99 (\d+) us", line):
            size[mode, server, "half"] = int(match[1])
        elif match := re.match(r"\w+: (\d+) identities: of 30,000 queries/s offered ([\d.]+) % answered, p99 (\d+) us", line):
            found[int(match[1])]["beside"] = "%s %%, p99 %.1f ms" % (match[2], int(match[3]) / 1000)
        elif match := re.match(r"(\d+) +(tsig|p256\S*|ed25519\S*) " + 5 * r" +(\(?[\d-]+\)?)", line):
            for name, cell in zip(COLUMNS, match.groups()[2:]):
                if cell.strip("()").isdigit():
                    found[int(match[1])][match[2], name, "rate"] = int(cell.strip("()"))
                    found[int(match[1])][match[2], name, "borrowed"] = cell.startswith("(")
    return re.findall(r"^missed: (.*)", text, re.M)


def cell_of(size, name):
    rate = size.get(("tsig", name, "rate"))
    if not rate:
        return "-"
    return "({:,})".format(rate) if size["tsig", name, "borrowed"] else "{:,}".format(rate)


def below_ten(n, mapd, peer, floor):
    text = "At {:,} identities mapd does {:,} updates/s, {:.1f} times what the best peer does,\nnot ten times.".format(n, mapd, mapd / peer)
    if floor < 10 * peer:
        text += (" Nor does bare LMDB (`bench/floor`) with the same values, as many updates a commit, on the same\ndisk: it does {:,}, where ten times are {:,}."
                 " Of what this disk gives with that many identities,\nmapd gets {:.0f} %.").format(floor, 10 * peer, 100 * mapd / floor)
    return text


def tables(found, missed):
    sizes = sorted(found.items())
    out = ["| identities | mapd | BIND | Knot DNS | PowerDNS | bare LMDB | mapd / best peer | mapd / LMDB |", "|--:" * 8 + "|"]
    for n, size in sizes:
        mapd, floor = size["tsig", "mapd", "rate"], size["tsig", "floor", "rate"]
        peer = max(size.get(("tsig", name, "rate"), 0) for name in PEERS)
        out.append("| {:,} | {} | {:.1f} | {:.2f} |".format(n, " | ".join(cell_of(size, name) for name in COLUMNS), mapd / peer, mapd / floor))
    out += ["", "| identities | p99 at half that rate (LMDB) | octets written for an update (LMDB) | of 30,000 queries/s, beside 10,000 updates/s |",
            "|--:" * 4 + "|"]
    for n, size in sizes:
        floor = size.get(("tsig", "floor", "half"))
        out.append("| {:,} | {:.1f} ms ({}) | {:,} ({:,}) | {} |".format(
            n, size["tsig", "mapd", "half"] / 1000, "-" if floor is None else "%.1f" % (floor / 1000), size["tsig", "mapd", "bytes"], size["tsig", "floor", "bytes"], size["beside"]))
    out += ["", "| signed by the hosts, over TCP | identities | updates/s | p99 at half that rate |", "|---|--:|--:|--:|"]
    for n, size in sizes:
        for mode, what in MODES.items():
            if (mode, "mapd", "rate") in size:
                out.append("| {} | {:,} | {:,} | {:.1f} ms |".format(
                    what, n, size[mode, "mapd", "rate"], size[mode, "mapd", "half"] / 1000))
    out += ["", "Goals missed in these runs:" if missed else "No goal was missed in these runs."]
    if missed:
        out += [""] + ["- " + text for text in missed]
    for n, size in sizes:
        peer = max(size.get(("tsig", name, "rate"), 0) for name in PEERS)
        if n >= 1000000 and size["tsig", "mapd", "rate"] < 10 * peer:
            out += ["", below_ten(n, size["tsig", "mapd", "rate"], peer, size["tsig", "floor", "rate"])]
    return "\n".join(out) + "\n"


def main(words):
    found, missed = {}, []
    for path in RESULTS:
        missed += read(found, text_of(path))
    made = tables(found, missed)
    if not words:
        print(made, end="")
        return 0
    page = text_of(PAGE)
    head, tail = page.split(BEGIN)[0] + BEGIN, END + page.split(END)[1]
    if words == ["--write"]:
        with open(os.path.join(ROOT, PAGE), "w", encoding="ascii") as file:
            file.write(head + "\n" + made + "\n" + tail)
        return 0
    if words != ["--check"]:
        print(__doc__, file=sys.stderr)
        return 2
    lines = [text.splitlines() for text in (page, head + "\n" + made + "\n" + tail)]
    different = list(difflib.unified_diff(*lines, PAGE, " and ".join(RESULTS), n=0, lineterm=""))
    print("\n".join(different), end="\n" if different else "")
    return 1 if different else 0


sys.exit(main(sys.argv[1:]))
