#!/usr/bin/env bash
# diff - 220,000 questions about 2,000 zones, to mapd, NSD, Knot, BIND and PowerDNS
# needs: dig nsd knot bind9 pdns sqlite3
exec "$(dirname "$(readlink -f "$0")")/../interop/diff/run.sh" 2000 220000 "${SEED:-1}"
