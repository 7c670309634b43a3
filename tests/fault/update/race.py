#!/usr/bin/python3
"""race.py - updates by many at once, over TCP and UDP, while all that they depend on changes: the configuration, the
zone, who is banned, the keys that sign, the connections that they came over. No update may be judged half by one
configuration and half by another.
usage: race.py FOLDER PORT ZONE SECRET UPDATES"""
import base64
import collections
import json
import os
import random
import re
import socket
import struct
import sys
import threading
import time

import hosts

DIR, PORT, ZONE = sys.argv[1], int(sys.argv[2]), sys.argv[3]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[4]))
SECOND = hosts.Secret("second", "hmac-sha512")
UPDATES = int(sys.argv[5])
SENDERS, DATAGRAMS, BURST = 8, 2, 16  # of the senders, so many send datagrams
PROVED_WAIT = 120  # seconds in which a token has to come and to be used
RIGHT = {"NOERROR", "REFUSED", "NOTAUTH", "closed", "YXDOMAIN", "BADCOOKIE", "silence"}

# What one configuration says, no two of which have anything in common: kind, site, lease, lease of a KEY.
CHARTERS = [("open", "s0", 3600, 7200), ("open", "s1", 4000, 9000), ("enrolled", "s2", 5000, 10000), ("open", "s3", 6000, 11000),
            ("closed", "s4", 7000, 12000)]
VERIFIED = "s3"  # there locators must be proved
SERVER = ["updates: durable", "updates: batched\nbatched-loss: 50ms", "unproved-updates: 1000", "cookies: no", "log: error",
          "journal-size: 64M", "version: other"]

said, wrong, keys, lock = collections.Counter(), [], {}, threading.Lock()
ended, proved = threading.Event(), threading.Event()
tokens = collections.OrderedDict()  # of the last probes, by address
sent = [0] * SENDERS


def fault(text):
    with lock:
        wrong.append(text)


# ------------------------------------------------------------------------------------------ senders


def charters_of(site, lease):
    """Those that grant it; site "": whatever it is."""
    return [c for c in CHARTERS if c[0] != "closed" and site in ("", c[1]) and c[2:] == lease]


def charter_of(site):
    return next(c for c in CHARTERS if c[1] == site)


def ear():
    """Hears at every address that senders register, and keeps what it is told there."""
    at = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    at.bind(("::", PORT + 2))
    at.settimeout(0.5)
    while not ended.is_set():
        try:
            octets = at.recv(2048)
        except socket.timeout:
            continue
        if len(octets) != 32 or octets[:8] != b"prove-1\0":
            fault("what is no probe comes to an address: %s" % octets.hex())
            continue
        with lock:
            said["probes heard"] += 1
            tokens[octets[8:24]] = octets[24:]
            if len(tokens) > 4096:
                tokens.popitem(last=False)


def judge(site, answer):
    """Who is taken at a site is granted the lease of the charter that has the site; so is who has a token to show."""
    lease = hosts.granted(answer)
    if site == "token":
        site = ""
        if lease is not None and lease == charter_of(VERIFIED)[2:]:
            said["with a token"] += 1
            proved.set()
    if lease is not None and not charters_of(site, lease):
        fault("via %s: granted %s" % (site or "none", lease))
    if site:
        said["at a site"] += lease is not None


def token_of(number, first):
    """An address that was asked for by the key that is in use since the sender's update of that number, and its token."""
    with lock:
        for packed, token in reversed(tokens.items()):
            if packed[4:6] == struct.pack("!H", number + 1) and struct.unpack("!H", packed[14:])[0] >= first % 0x10000:
                return socket.inet_ntop(socket.AF_INET6, packed), token
    return None


def messages(rng, number, count, first, key, cookie):
    """A burst: of a key that goes, of signatures that are none, of registrations; with the site of its via, ""
    without one, "token" when it has a token, or None."""
    out, idents = [], count % 0x10000
    for n in range(BURST):
        way, at = rng.random(), count + n
        if way < 0.15:  # the key goes while its messages are under way
            wire = hosts.tsig(hosts.Update(ZONE, idents + n).delete(key.owner), ADMIN)[0]
            out.append((None, wire))
        elif way < 0.2:  # a key of an administrator that is there now and then
            text = hosts.Update(ZONE, idents + n).add("n%d.%s" % (number, ZONE), hosts.TXT, b"\1t")
            out.append((None, hosts.tsig(text, SECOND)[0]))
        elif way < 0.3:
            update = hosts.registration(key, ["2001:db8:bad::1"], ZONE)
            update.ident = idents + n
            out.append((None, hosts.sig0(update, key, signature=b"\1" * 64)))
        else:
            address, token = "2001:db8:%x::%x" % (number + 1, at % 0x10000), None
            if way > 0.8:  # what a probe said, if one came
                address, token = token_of(number, first) or (address, None)
            update = hosts.registration(key, [address], ZONE, proved=way > 0.9)
            update.ident = idents + n
            site = rng.choice(CHARTERS)[1] if way < 0.7 else "token" if token else ""
            if way < 0.7:  # another one each time: what stays as it was is never blamed
                update.add(key.owner, hosts.ELOC, struct.pack("!HHBBQQ", 10, 50, 0, 3, 0, at + 1) + hosts.name(site + "." + ZONE))
            if cookie:
                update.option(hosts.COOKIE, cookie)
            if at % 2 or token:
                update.option(hosts.PROVE, struct.pack("!H", PORT + 2) + (token or struct.pack("!Q", at)))
            out.append((site, hosts.sig0(update.lease(1, 1 << 30), key)))
    return out


def heard(server, answer, words):
    words[hosts.rcode(answer)] += 1
    server.cookie = dict(hosts.options(answer) or []).get(hosts.COOKIE, server.cookie)
    site = server.sent[struct.unpack("!H", answer[:2])[0]]
    if site is not None:
        judge(site, answer)


def close(server):
    if server.stream is not None:
        server.file.close()
    server.close()


def over_tcp(server, rng, burst, words):
    if server.stream is None:
        server.connect()
        server.file = server.stream.makefile("rb")
    server.stream.sendall(b"".join(struct.pack("!H", len(wire)) + wire for _, wire in burst))
    for _ in range(BURST if rng.random() < 0.5 else rng.randrange(BURST)):
        heard(server, server.file.read(struct.unpack("!H", server.file.read(2))[0]), words)
    if rng.random() < 0.5:  # though answers are under way
        close(server)


def over_udp(server, rng, burst, words):
    if server.datagrams is None:
        server.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.datagrams.bind((server.source, 0))
        server.datagrams.connect(server.address)
        server.datagrams.settimeout(0.5)
    for _, wire in burst:
        server.datagrams.send(wire)
    for _ in range(BURST if rng.random() < 0.5 else rng.randrange(BURST)):
        try:
            heard(server, server.datagrams.recv(65535), words)
        except socket.timeout:
            words["silence"] += 1
            return
    if rng.random() < 0.5:
        server.datagrams.close()
        server.datagrams = None


def sender(number):
    rng = random.Random(number)
    server = hosts.Server(PORT, wait=60.0, source="127.0.%d.1" % (number + 2))
    server.cookie, server.sent = b"client %d" % number, {}
    count, key, used, first, late = 0, None, 99, 0, None
    while not ended.is_set():
        if count >= UPDATES // SENDERS:
            late = late or time.monotonic() + PROVED_WAIT
            if proved.is_set() or time.monotonic() > late:
                return
        if used >= 4:
            first = count
            key, used = hosts.Key(hosts.P256 if count % 2 else hosts.ED25519, "%d %d" % (number, count)).at(ZONE), 0
            keys[number] = key
        used += 1
        words = collections.Counter()
        burst = messages(rng, number, count, first, key, server.cookie if rng.random() < 0.7 else None)
        server.sent.update(((count + n) % 0x10000, site) for n, (site, _) in enumerate(burst))
        count += BURST
        sent[number] = count
        try:
            (over_udp if number < DATAGRAMS else over_tcp)(server, rng, burst, words)
        except (OSError, struct.error):
            words["closed"] += 1
            close(server)
            server.datagrams = None
        with lock:
            said.update(words)


# ---------------------------------------------------------------------------------- what is in the way


class Control:
    """mapd's control socket (doc/control.md)."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)
        self.socket.connect(DIR + "/control")
        self.file = self.socket.makefile("rb")

    def ask(self, words, **arguments):
        payload = json.dumps(dict(arguments, command=words)).encode()
        self.socket.sendall(struct.pack(">IBBHI", 8 + len(payload), 1, 16, 0, 1) + payload)
        while True:
            n, _, kind = struct.unpack(">IBB", self.file.read(6))
            payload = self.file.read(n - 2)
            if kind == 17:
                return json.loads(payload[6:])

    def close(self):
        self.file.close()
        self.socket.close()


def operator():
    """Edits, bans, releases, questions; and connections that end in the middle of one."""
    rng, control, done, n = random.Random("operator"), Control(), collections.Counter(), 0
    zone = ZONE + "."
    while not ended.is_set():
        n += 1
        key = keys.get(rng.randrange(SENDERS))
        owner = key.owner + "." if key is not None else "www." + zone
        work = rng.choice(["edit", "ban", "unban", "release", "enroll", "assign", "status", "test", "dump", "list", "show", "leave"])
        if work == "edit":
            control.ask("zone edit", zone=zone, do="begin")
            control.ask("zone edit", zone=zone, do="set", owner="e%d.%s" % (n % 50, zone), type=hosts.TXT, rdata="0131", ttl=60)
            control.ask("zone edit", zone=zone, do="unset", owner="e%d.%s" % ((n + 25) % 50, zone))
            if not control.ask("zone edit", zone=zone, do="commit")["ok"]:
                control.ask("zone edit", zone=zone, do="abort")
        elif work in ("ban", "unban", "release", "enroll"):
            control.ask("identity " + work, identity=owner)
        elif work == "assign":
            control.ask("identity assign", identity=owner, name="a%d.%s" % (n, zone))
            control.ask("identity unassign", name="a%d.%s" % (n - 5, zone))
        elif work == "test" and key is not None:
            control.ask("policy test", zone=zone, identity=owner, algorithm=key.algorithm, tag=key.tag,
                        key=base64.b64encode(key.public).decode(), changes=[{"do": "unset", "owner": owner, "type": hosts.ELOC}])
        elif work == "dump":
            control.ask("zone dump", zone=zone)
        elif work == "list":
            control.ask("identity list", zone=zone)
        elif work == "show":
            control.ask("identity show", identity=owner)
        elif work == "status" and not control.ask("status")["ok"]:
            fault("status is refused")
        elif work == "leave":
            control.socket.sendall(b"\0\0")
            control.close()
            control = Control()
        done[work] += 1
    return done


def asker():
    server, n = hosts.Server(PORT, wait=30.0), 0
    while not ended.is_set():
        n += 1
        key = keys.get(n % SENDERS)
        word, _ = server.ask(key.owner if key is not None and n % 3 else "gone." + ZONE, hosts.ELOC, dnssec=True)
        if word not in ("NOERROR", "NXDOMAIN"):
            fault("a question is answered with " + word)


def configure(conf, n):
    """A whole configuration in the place of the last."""
    kind, site, lease, key_lease = CHARTERS[n % len(CHARTERS)]
    row = ("policy: %s, verify-locators: %s, sites: [%s.%s], lease: {default: %ds, key: %ds, min: %ds, max: %ds, key-max: %ds}, quota: {"
           "identities-of-source: 1000000, identities-unproved: 1000000}" % (kind, "yes" if site == VERIFIED else "no", site, ZONE, lease, key_lease, lease, lease, key_lease))
    conf = re.sub("policy: [a-z]+, quota: {[^}]*}, verify-locators: no", row, conf)
    # another listener, and another one at IPv6, from where probes go out
    listen = ", 127.0.0.1@%d]" % (PORT + 1) if n % 3 else "]"
    conf = conf.replace("::1@%d" % PORT, "::1@%d" % (PORT + n % 2)).replace("]", listen, 1) + SERVER[n % len(SERVER)] + "\n"
    for name, text in (("tsig", ADMIN.clause() + (SECOND.clause() if n % 2 else "")), ("mapd.yaml", conf)):
        with open("%s/%s.new" % (DIR, name), "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)
        os.rename("%s/%s.new" % (DIR, name), "%s/%s" % (DIR, name))


def claims_hold(control):
    """What is stored of the last ones is of one charter too."""
    good = 0
    for key in list(keys.values()):
        answer = control.ask("identity show", identity=key.owner + ".")
        claim = answer.get("claim")
        if claim and not charters_of("", (claim["lease"], claim["key_lease"])):
            fault("%s stays for %s" % (key.owner, claim))
        good += claim is not None
    return good


def main():
    with open(DIR + "/mapd.yaml", encoding="ascii") as file:
        conf = file.read()
    control, reloads, refused = Control(), 0, 0
    configure(conf, 0)
    if not control.ask("reload")["ok"]:
        fault("the first configuration is refused")
    threads = [threading.Thread(target=sender, args=(n,), daemon=True) for n in range(SENDERS)]
    others = [threading.Thread(target=work, daemon=True) for work in (operator, asker, ear)]
    for thread in threads + others:
        thread.start()
    while any(thread.is_alive() for thread in threads) and all(thread.is_alive() for thread in others):
        reloads += 1
        configure(conf, reloads - refused)
        answer = control.ask("reload")
        refused += not answer["ok"]
        if not answer["ok"] and "not done yet" not in answer["error"]:
            fault(answer["error"])
        threads[reloads % SENDERS].join(0.02)
    if not all(thread.is_alive() for thread in others):
        fault("somebody gave up")
    ended.set()
    for thread in threads + others:
        thread.join()
    claims_hold(control)
    control.close()
    with open(DIR + "/mapd.yaml", "w", encoding="ascii") as file:
        file.write(conf)
    for text in sorted(set(wrong))[:20]:
        print("    | " + text)
    seen = {"NOERROR", "REFUSED", "at a site", "probes heard", "with a token"}
    good = not wrong and set(said) <= RIGHT | seen and all(said[word] for word in seen)
    print("%s races: %d updates sent, %d reloads (%d while one was going on): %s" % ("ok" if good else "not ok",
          sum(sent), reloads, refused,
          ", ".join("%s %d" % pair for pair in said.most_common())))
    return 0 if good else 1


sys.exit(main())
