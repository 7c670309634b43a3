#!/bin/sh
# updates.sh - signed UPDATEs a second beside BIND, Knot DNS, PowerDNS and bare LMDB, 10,000 and 100,000 identities
# needs: dig bind9 knot pdns-lmdb
# limit: 7000
if bench/updates.sh 10000 100000; then echo "ok updates: all goals held"; else echo "not ok updates: a goal was missed"; exit 1; fi
