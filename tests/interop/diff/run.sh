#!/usr/bin/env bash
# run.sh - mapd, NSD, Knot DNS, BIND and PowerDNS serve the same generated zones and are asked the same
# questions; every difference is one that the table `explained` has a reason for.
# usage: run.sh ZONES QUESTIONS SEED
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin
HERE=$(dirname "$(readlink -f "$0")")
BUILD=${EIDMAP_BUILD:-$HERE/../../../build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/diff.XXXXXX")
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$DIR"' EXIT
fail() { echo "not ok $1"; [ $# = 1 ] || tail -n 20 "$2" | sed 's/^/    | /'; exit 1; }

# shellcheck source=tests/interop/diff/servers.inc
. "$HERE/servers.inc"

python=/usr/bin/python3
$python "$HERE/generate.py" "$DIR" "$1" "$2" "$3" || fail "zones are made"
start_mapd
dump
start_peers
ask_all "$DIR/questions"
[ -z "${HOLD:-}" ] || read -r _ <"$HOLD" # a FIFO: look at the servers until somebody writes
$python "$HERE/explain.py" "$HERE/explained" "$DIR/differences"
status=$?
sed 's/^/# /' "$DIR/asked"
exit $status
