#!/usr/bin/env bash
# daemon.sh - mapd as a process: options, readiness, reload, the end; and what it says of mistakes.
# needs: dig
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/daemon.XXXXXX")
PORT=5881 OTHER=5882
MAPD=
trap '[ -z "$MAPD" ] || kill "$MAPD"; wait; rm -rf "$DIR"' EXIT

ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$DIR/out" 2>&1; then echo "ok $what"; else echo "not ok $what"; sed 's/^/    | /' "$DIR/out" "$DIR/log"; fi
}
fails() { # STATUS PATTERN COMMAND...
	local status=$1 pattern=$2
	shift 2
	"$@" >"$DIR/said" 2>&1
	local was=$?
	cat "$DIR/said"
	[ $was = "$status" ] && grep -qE "$pattern" "$DIR/said"
}
mapd() { "$BUILD/mapd/mapd" "$@"; }
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
conf() { # LISTEN [LINE...]
	printf 'listen: [%s]\ndatabase: %s\ncontrol: %s\nmap-size: 1G\n' "$1" "$DIR/db" "$DIR/control" >"$DIR/mapd.yaml"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" >>"$DIR/mapd.yaml"
}
answers() { dig @127.0.0.1 -p "$1" +tries=1 +timeout=3 +short example.test SOA | grep -q ns1; }
silent() { ! dig @127.0.0.1 -p "$1" +tries=1 +timeout=3 example.test SOA | grep -q status:; }
start() {
	rm -f "$DIR/ready"
	mkfifo "$DIR/ready"
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>>"$DIR/log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ]
}
finish() {
	kill "$MAPD"
	wait "$MAPD"
	local was=$?
	MAPD=
	return $was
}
detached() { # the command returns when queries are answered
	mapd -c "$DIR/mapd.yaml" 2>>"$DIR/log" && answers $OTHER && mapctl stop
}

: >"$DIR/log"
conf "127.0.0.1@$PORT"
ok "a right configuration" mapd -c "$DIR/mapd.yaml" --check
ok "a wrong option" fails 2 '^usage: ' "$BUILD/mapd/mapd" --nonsense
ok "the version" fails 0 '^mapd [0-9]' "$BUILD/mapd/mapd" -V
ok "ready when it serves" start
ok "a zone is loaded" mapctl zone load example.test "$SOURCE/tests/cases/basic.zone"
ok "and answered for" answers $PORT
ok "the database is one mapd's" fails 1 'database: .*in use' \
	"$BUILD/mapd/mapd" -f -c <(sed "s/@$PORT/@$OTHER/; s/^control:.*/&2/" "$DIR/mapd.yaml")

ok "its address too" fails 1 'listen .*: Address already in use' \
	timeout 10 "$BUILD/mapd/mapd" -f -c <(sed 's/^\(database\|control\):.*/&2/' "$DIR/mapd.yaml")

conf "127.0.0.1@$PORT" "workers: many"
ok "a wrong value is named with its line" fails 1 'mapd\.yaml:5: workers: .*expected' \
	"$BUILD/mapd/mapd" --check -c "$DIR/mapd.yaml"
ok "a reload with it says so" fails 1 'workers' mapctl reload
ok "and changes nothing" answers $PORT
conf "127.0.0.1@$OTHER" "log: debug"
ok "a reload moves to another port" mapctl reload
ok "where it answers" answers $OTHER
ok "and no more at the old one" silent $PORT
conf "0.0.0.0@$OTHER"
ok "a reload to an address that takes in the old one" mapctl reload
ok "where it answers" answers $OTHER
ok "SIGTERM ends it with status 0" finish
ok "the control socket is gone" test ! -e "$DIR/control"
ok "started again, the zone is there; in the background" detached
