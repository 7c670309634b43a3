#!/usr/bin/python3
"""flood.py - asks for names that do not exist, each once, without and with DNSSEC records.
usage: flood.py ADDRESS PORT NAMES [FILE]    FILE: waits until strace has begun to write it"""
import os
import random
import socket
import struct
import sys

import messages

address, number = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
rng = random.Random(1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(address)
s.settimeout(30)
while len(sys.argv) > 4 and (not os.path.exists(sys.argv[4]) or os.path.getsize(sys.argv[4]) == 0):
    s.send(messages.good())
    s.recv(65535)
for i in range(number):
    name = b"\x10%016x\7example\4test\0" % rng.getrandbits(64)
    for flags in (0, 0x8000):
        s.send(messages.query(name, extra=messages.opt(ttl=flags), ar=1))
        answer = s.recv(65535)
        rcode, authority = answer[3] & 15, struct.unpack("!H", answer[8:10])[0]
        if rcode != 3 or authority < (4 if flags else 1):
            sys.exit("not ok class 31: %r got rcode %d, %d records" % (name, rcode, authority))
