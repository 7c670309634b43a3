#!/usr/bin/python3
"""names.py - hosts with names that would be something else to a terminal, a shell, a log or a zone file: what mapd and
mapctl print of them is one line of ASCII each, and is the name again to who reads it.
usage: names.py PORT ZONE FOLDER MAPCTL...    FOLDER has mapd.log"""
import json
import re
import select
import subprocess
import sys
import time

import dns.name
import dns.zone

import hosts
from hosts import AAAA, KEY

PORT, ZONE, DIR, MAPCTL = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
WAIT = 30  # seconds until something must be in the log, which has ten lines a second
LABELS = {
    "newline": b"new\nmapd: error: forged", "return": b"over\rwritten", "escape": b"\x1b[31mred\x1b]0;title\x07", "quote": b'say "so"',
    "format": b"%s%n%x%5$n", "backslash": b"back\\slash\\010", "comment": b"all;of;it", "brackets": b"(two\nlines)", "dot": b"one.label",
    "directive": b"$include", "apex": b"@", "nul": b"a\0b\x7f", "latin": b"\xe9\xff", "c1": b"\x9b31m", "shell": b"`id`$(id)",
    "spaces": b" a\tb ", "long": b"\n" * 55, "json": b'","name":"x', "wildcard": b"*x"}
server = hosts.Server(PORT)
failed = False


def result(good, what, *shown):
    global failed
    for each in () if good else shown:
        print("    | %r" % (each,))
    print("%s names: %s" % ("ok" if good else "not ok", what))
    failed = failed or not good


def mapctl(*words):
    return subprocess.run(MAPCTL + list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout


def owner(label):
    return [label] + [each.encode() for each in ZONE.split(".")]


def update(label, key, address):
    return hosts.Update(ZONE).add(hosts.name(owner(label)), KEY, key.rdata).add(
        hosts.name(owner(label)), AAAA, hosts.eloc(address)[6:]).edns()


def plain(octets):
    """Nothing but lines of printable ASCII."""
    return re.search(rb"[^\n -~]", octets) is None


def read(text):
    """The labels of a name, lower case, as dnspython reads it; None: it is no name."""
    try:
        return dns.name.from_text(text).canonicalize().labels[:-1]
    except dns.exception.DNSException:
        return None


def wanted():
    return {tuple(owner(label.lower())) for label in LABELS.values()}


def register():
    said = {}
    for what, label in LABELS.items():
        key = hosts.Key(seed=what, owner=owner(label), flags=0)
        said[what] = hosts.said(server.tcp(hosts.sig0(update(label, key, "2001:db8::1"), key)))
    result(set(said.values()) == {"NOERROR"}, "%d hosts with odd names are registered" % len(LABELS), said)


def contest():
    """Somebody else wants each of them, and something in a zone with such a name: the log has it, in one line."""
    end, said, lines = time.monotonic() + WAIT, {}, {}
    for what, label in LABELS.items():
        key = hosts.Key(seed="other " + what, owner=owner(label), flags=0)
        while what not in lines and time.monotonic() < end:  # ten are said a second, others counted
            said[what] = hosts.said(server.tcp(hosts.sig0(update(label, key, "2001:db8::2"), key)))
            lines.update(logged([what]))
            select.select([], [], [], 0 if what in lines else 0.05)
    result(all(text.startswith("YXDOMAIN ") for text in said.values()), "each is another's already", said)
    result(all(plain(text.encode()) for text in said.values()), "who asks is told in printable words", said)
    result(set(lines) == set(LABELS), "the log has each of these names as that name", set(LABELS) - set(lines), log()[-2000:])


def log():
    with open(DIR + "/mapd.log", "rb") as file:
        return file.read()


def logged(whats):
    """Of these, whose update the log has, with the name that it had."""
    found = {}
    for line in log().decode("latin-1").splitlines():
        match = re.search(r"update of (\S+) from \S+: YXDOMAIN", line)
        labels = read(match.group(1)) if match else None
        for what in whats:
            if labels == tuple(owner(LABELS[what].lower())):
                found[what] = line
    return found


def elsewhere():
    """A zone of such a name is none of ours, and the log may say so."""
    for label in LABELS.values():
        key = hosts.Key(seed="stranger", owner=owner(label), flags=0)
        message = hosts.Update(ZONE)
        message.zone = hosts.name([label, b"elsewhere"]) + message.zone[-4:]
        said = hosts.said(server.tcp(hosts.sig0(message, key)))
        if not said.startswith("NOTAUTH"):
            result(False, "a zone that is not served", label, said)


def listed():
    lines = mapctl("identity", "list", ZONE)
    names = [read(line.split(" ")[0]) for line in lines.decode("latin-1").splitlines()]
    result(plain(lines), "identity list: printable lines", lines)
    result(len(names) == len(LABELS) and set(names) == wanted(), "identity list: each name once, as that name", names)
    rows = [row for line in mapctl("-j", "identity", "list", ZONE).splitlines() for row in json.loads(line)["identities"]]
    result({read(row["name"]) for row in rows} == wanted() and len(rows) == len(LABELS), "identity list -j: JSON, and the same names", rows)
    for what in LABELS:
        name = [row["name"] for row in rows if read(row["name"]) == tuple(owner(LABELS[what].lower()))][0]
        text, answer = mapctl("identity", "show", name), json.loads(mapctl("-j", "identity", "show", name))
        if not plain(text) or "name: %s\n" % name not in text.decode() or answer["name"] != name:
            result(False, "identity show: %s" % what, text, answer)
            return
    result(True, "identity show takes the names that were listed, and says the same, with -j too")


def dumped():
    for words in (["dump", ZONE], ["dump", "--plain", ZONE]):
        text = mapctl("zone", *words)
        result(plain(text.replace(b"\t", b" ")), "zone %s: printable lines" % " ".join(words[:-1]), text)
        if "--plain" not in words:
            continue
        lines = [line for line in text.decode().splitlines() if "\tKEY\t" not in line]  # it has no KEY in text
        zone = dns.zone.from_text("\n".join(lines), origin=ZONE, relativize=False, check_origin=False)
        found = {name.canonicalize().labels[:-1] for name, node in zone.nodes.items() if node.get_rdataset(hosts.IN, AAAA)}
        result(found == wanted(), "zone dump: dnspython reads the same names", found ^ wanted())
    journal = mapctl("zone", "journal", ZONE, "1")
    names = {read(line.split()[1]) for line in journal.decode("latin-1").splitlines() if line[0] == "+" and "\tKEY\t" in line}
    result(plain(journal.replace(b"\t", b" ")) and names == wanted(), "zone journal: printable lines, and the same names", names ^ wanted())


def main():
    register()
    contest()
    elsewhere()
    listed()
    dumped()
    lines = log().split(b"\n")
    result(plain(log()) and all(re.match(rb"mapd: (error|warn|info): ", line) for line in lines[:-1]) and lines[-1] == b"",
           "the log is %d printable lines, each of them mapd's" % (len(lines) - 1),
           *[line for line in lines if not plain(line) or not line.startswith(b"mapd: ")])
    result(not any(line.startswith(b"mapd: error: forged") for line in lines), "no line is a host's")
    return failed


sys.exit(main())
