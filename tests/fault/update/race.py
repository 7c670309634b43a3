#!/usr/bin/python3
"""race.py - updates by many at once while all that they depend on changes: the realm's policy, the keys that sign,
the connections that they came over.
usage: race.py BUILD FOLDER PORT ZONE SECRET UPDATES"""
import base64
import collections
import os
import random
import re
import socket
import subprocess
import sys
import threading

import hosts

BUILD, DIR, PORT, ZONE = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[5]))
UPDATES = int(sys.argv[6])
SENDERS, BURST = 8, 16
RIGHT = {"NOERROR", "REFUSED", "NOTAUTH", "closed", "YXDOMAIN"}
said, lock = collections.Counter(), threading.Lock()


def sender(number):
    """Bursts over connections, half of which are closed before the answers are there."""
    rng = random.Random(number)
    server = hosts.Server(PORT, wait=60.0, source="127.0.%d.1" % (number + 2))
    count, key, used = 0, None, 99
    while count < UPDATES // SENDERS:
        wires = []
        for _ in range(BURST):
            if used >= 50:
                key, used = hosts.Key(hosts.P256 if count % 2 else hosts.ED25519, "%d %d" % (number, count)).at(ZONE), 0
            used += 1
            way = rng.random()
            if way < 0.2:  # the key goes while its messages are under way
                wires.append(hosts.tsig(hosts.Update(ZONE).delete(key.owner), ADMIN)[0])
            elif way < 0.4:
                wires.append(hosts.sig0(hosts.registration(key, ["2001:db8:bad::1"], ZONE), key, signature=b"\1" * 64))
            else:
                address = "2001:db8:%x::%x" % (number + 1, count + used)
                wires.append(hosts.sig0(hosts.registration(key, [address], ZONE, proved=way > 0.9), key))
        count += BURST
        words = collections.Counter()
        try:
            if server.stream is None:
                server.connect()
            server.stream.sendall(b"".join(len(w).to_bytes(2, "big") + w for w in wires))
            for _ in range(BURST if rng.random() < 0.5 else rng.randrange(BURST)):
                head = server.stream.recv(2, socket.MSG_WAITALL)
                answer = server.stream.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL) if len(head) == 2 else None
                words[hosts.rcode(answer) if answer else "closed"] += 1
                if not answer:
                    break
        except OSError:
            words["closed"] += 1
        if rng.random() < 0.5 or words["closed"]:
            server.close()
        with lock:
            said.update(words)


def main():
    with open(DIR + "/mapd.yaml", encoding="ascii") as file:
        conf = file.read()
    threads = [threading.Thread(target=sender, args=(n,), daemon=True) for n in range(SENDERS)]
    for thread in threads:
        thread.start()
    reloads = wrong = 0
    while any(thread.is_alive() for thread in threads):
        policy = ("open", "enrolled", "open", "closed")[reloads % 4]
        with open(DIR + "/mapd.yaml.new", "w", encoding="ascii") as file:
            file.write(re.sub("policy: [a-z]+", "policy: " + policy, conf))
        os.rename(DIR + "/mapd.yaml.new", DIR + "/mapd.yaml")
        wrong += subprocess.run([BUILD + "/mapctl/mapctl", "-s", DIR + "/control", "reload"], stdout=subprocess.DEVNULL,
                                check=False).returncode != 0
        reloads += 1
        threads[reloads % SENDERS].join(0.02)
    with open(DIR + "/mapd.yaml", "w", encoding="ascii") as file:
        file.write(conf)
    good = not wrong and set(said) <= RIGHT and said["NOERROR"] and said["REFUSED"]
    print("%s races: %d updates sent, %d reloads: %s" % ("ok" if good else "not ok", UPDATES // SENDERS // BURST * SENDERS * BURST,
          reloads, ", ".join("%s %d" % pair for pair in said.most_common())))
    return 0 if good else 1


sys.exit(main())
