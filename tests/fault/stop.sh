#!/usr/bin/env bash
# stop.sh - mapd is told to end in the middle of a load: it goes on answering until the load is done, and
# the load is done.
# needs: dig
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/stop.XXXXXX")
PORT=5864 MAPD=''
trap '[ -z "$MAPD" ] || { kill "$MAPD"; wait; } 2>/dev/null; rm -rf "$DIR"' EXIT
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$DIR/said" 2>&1; then echo "ok $what"; else echo "not ok $what"; sed 's/^/    | /' "$DIR/said" "$DIR/log"; fi
}
start() {
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>>"$DIR/log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ]
}
answers() { dig @127.0.0.1 -p $PORT +norecurse +tries=1 +timeout=3 +short "$1" SOA | grep -q '^ns'; }
# The writer has the load in hand when it does not come to new rules, which it does at once otherwise: the
# same reload is not done yet however often one asks.
under_way() {
	local waits=0
	while [ $waits -lt 10 ]; do
		if mapctl reload 2>&1 | grep -q 'not done yet'; then waits=$((waits + 1)); else waits=0; fi
		kill -0 $loading 2>/dev/null || return
	done
}
# Queries until the process is gone: how many were answered, and that none before the end was not.
ask_on() {
	local n=0
	while answers short.test; do n=$((n + 1)); done
	# the last one found nobody, or the end: then the load had been answered before
	wait $loading && [ $n -gt 0 ]
}

printf '%s\n' "listen: [127.0.0.1@$PORT]" "database: $DIR/db" "control: $DIR/control" 'map-size: 1G' >"$DIR/mapd.yaml"
printf '@ 60 SOA ns h 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n' >"$DIR/short"
{ cat "$DIR/short"; for i in $(seq 30000); do echo "n$i 60 A 192.0.2.1"; done; } >"$DIR/long"
mkfifo "$DIR/ready"
: >"$DIR/log"
ok "mapd serves" start
ok "a zone" mapctl zone load short.test "$DIR/short"
mapctl zone load long.test "$DIR/long" >"$DIR/out" 2>&1 &
loading=$!
ok "a long load begins" under_way
kill "$MAPD"
ok "told to end, mapd answers until the load is done" ask_on
wait "$MAPD"
ok "and ends well" test $? = 0
MAPD=''
ok "mapctl got its answer" grep -q 'zone long.test.: new' "$DIR/out"
ok "started again" start
ok "the load was done" answers long.test
