#!/usr/bin/env bash
# bad - every bad message at a running mapd; an honest client beside each kind of hostile one; wrong clocks
# needs: root cores dnspython cryptography strace valgrind faketime unbound-host ldns dig dnssec-verify
set -u
FAULT=$(dirname "$(readlink -f "$0")")/../fault
echo "# all types, all flags, each message over UDP and TCP"
EIDMAP_BAD_EVERY=1 "$FAULT/bad.sh"
echo "# a hostile client that sends 100,000 messages a second, 5 seconds of each kind"
"$FAULT/bad/beside.sh" 5 100000 95
echo "# the same as fast as it can from its own core: more than mapd can answer, no promise"
"$FAULT/bad/beside.sh" 5 0 0 chains noise responses edns deep proved absent
echo "# updates: every type, every bit; forged ones beside honest ones, 10 seconds and a million of each kind"
EIDMAP_BAD_EVERY=1 "$FAULT/bad-update.sh"
EIDMAP_FLOOD=1000000 "$FAULT/beside-update.sh" 10
echo "# TCP connections that end in every way"
SESSIONS=1000000 "$FAULT/descriptors.sh"
echo "# wrong clocks, serials that wrap"
"$FAULT/clocks.sh"
