#!/usr/bin/python3
"""rewrite.py - an administrator changes one large set of TXT again and again.
usage: rewrite.py PORT ZONE SECRET NUMBER"""
import base64
import sys

import hosts
from hosts import TXT

PORT, ZONE = int(sys.argv[1]), sys.argv[2]
ADMIN = hosts.Secret("admin", secret=base64.b64decode(sys.argv[3]))
server = hosts.Server(PORT)
for n in range(int(sys.argv[4])):
    text = (b"\xfa" + (b"%08d" % n).ljust(250, b"x")) * 80
    said = hosts.said(server.tcp(hosts.tsig(hosts.Update(ZONE).edns().delete("large." + ZONE, TXT).add("large." + ZONE, TXT, text), ADMIN)[0]))
    if said != "NOERROR":
        sys.exit("number %d: %s" % (n, said))
