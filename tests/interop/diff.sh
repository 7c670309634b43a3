#!/usr/bin/env bash
# diff.sh - generated zones and questions: mapd beside NSD, Knot DNS, BIND and PowerDNS, each difference with
# the sentence of an RFC that decides (tests/interop/diff/explained). ./check --long diff asks more.
# needs: dig nsd knot bind9 pdns sqlite3
# limit: 180
exec "$(dirname "$(readlink -f "$0")")/diff/run.sh" 60 6000 1
