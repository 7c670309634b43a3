#!/usr/bin/env bash
# bad - every bad message at a running mapd; an honest client beside each kind of hostile one; wrong clocks
# needs: root dnspython strace valgrind faketime unbound-host ldns dig
set -u
FAULT=$(dirname "$(readlink -f "$0")")/../fault
echo "# all types, all flags, each message over UDP and TCP"
EIDMAP_BAD_EVERY=1 "$FAULT/bad.sh"
echo "# a hostile client that sends 100,000 messages a second, 5 seconds of each kind"
"$FAULT/bad/beside.sh" 5 100000 95
echo "# wrong clocks, serials that wrap"
"$FAULT/clocks.sh"
