#!/bin/sh
# updates-large.sh - the same with TSIG alone, and 10,000, 1,000,000 and 10,000,000 identities, as many as each peer takes
# needs: dig bind9 knot pdns-lmdb
# limit: 7000
if bench/updates.sh -m tsig 10000 1000000 10000000; then echo "ok updates-large: all goals held"; else echo "not ok updates-large: a goal was missed"; exit 1; fi
