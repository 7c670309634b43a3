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
ok "a wrong option" fails 2 '^mapd: --nonsense: not a known option; mapd -h lists the options$' "$BUILD/mapd/mapd" --nonsense
ok "the version" fails 0 '^mapd [0-9]' "$BUILD/mapd/mapd" -V
ok "ready when it serves" start
ok "a zone is loaded" mapctl zone load example.test "$SOURCE/tests/cases/basic.zone"
ok "and answered for" answers $PORT
ok "the database is one mapd's" fails 1 'database: .*in use' \
	"$BUILD/mapd/mapd" -f -c <(sed "s/@$PORT/@$OTHER/; s/^control:.*/&2/" "$DIR/mapd.yaml")

ok "its address too" fails 1 ':1: listen/0: .*: Address already in use' \
	timeout 10 "$BUILD/mapd/mapd" -f -c <(sed 's/^\(database\|control\):.*/&2/' "$DIR/mapd.yaml")

ok "a control path that is somebody's file" fails 1 'control: .*3: File exists' \
	timeout 10 "$BUILD/mapd/mapd" -f -c <(: >"$DIR/control3"
		sed "s/@$PORT/@$OTHER/; s/^\(database\|control\):.*/&3/" "$DIR/mapd.yaml")

conf "127.0.0.1@$PORT" "workers: many"
ok "a wrong value is named with its line" fails 1 'mapd\.yaml:5: workers: .*expected' \
	"$BUILD/mapd/mapd" --check -c "$DIR/mapd.yaml"
ok "a reload with it says so" fails 1 'workers' mapctl reload
ok "and changes nothing" answers $PORT
mv "$DIR/mapd.yaml" "$DIR/away"
ok "a reload without the file it had says so" fails 1 'mapd\.yaml: ' mapctl reload
ok "and changes nothing either" answers $PORT
conf "127.0.0.1@$OTHER" "log: debug"
ok "a reload moves to another port" mapctl reload
ok "where it answers" answers $OTHER
ok "and no more at the old one" silent $PORT
# Rules that a zone which is there does not follow: said at a reload, at a start and by a load.
said() { grep -qF -- "warn: zone example.test.: $1" "$DIR/log"; }
unsaid() { ! said "$1"; }
status_has() { mapctl zone status example.test | tee "$DIR/status" && grep -qx "$1" "$DIR/status" && grep -qx "$2" "$DIR/status"; }
restarts() { finish && : >"$DIR/log" && start; }
rules=('zones:' '  example.test:' '    denial: nsec' '    algorithm: ed25519')
conf "127.0.0.1@$OTHER" "${rules[@]}"
: >"$DIR/log"
ok "a reload with another denial and algorithm" mapctl reload
# The rules are the writer's after the answer; the next job is done behind them.
ok "the next change comes behind it" fails 1 'not served' mapctl zone remove absent.test
ok "says how denial: takes effect" said 'denial is nsec3, nsec is configured: mapctl key roll example.test. denial changes it'
ok "says how algorithm: takes effect" \
	said 'algorithm is ecdsap256, ed25519 is configured: mapctl key roll example.test. algorithm changes it'
ok "zone status shows what is in force" status_has 'denial: nsec3' 'algorithm_name: ecdsap256'
ok "started again" restarts
ok "it says both again: denial" said 'denial is nsec3, nsec is configured'
ok "it says both again: algorithm" said 'algorithm is ecdsap256, ed25519 is configured'
: >"$DIR/log"
ok "the zone is loaded again" mapctl zone load example.test "$SOURCE/tests/cases/basic.zone"
ok "now there is the other denial" status_has 'denial: nsec' 'algorithm_name: ecdsap256'
ok "and in answers too" sh -c "dig @127.0.0.1 -p $OTHER +dnssec +tries=1 +timeout=3 nothing.example.test A | grep -q 'IN[[:space:]]*NSEC[[:space:]]'"
ok "the load says what still has no effect" said 'algorithm is ecdsap256, ed25519 is configured'
ok "and no more of denial" unsaid 'denial is'
# The parent's DS is of the key that is there, whatever is configured.
conf "127.0.0.1@$OTHER" "${rules[@]}"
ok "stopped" finish
rm "$DIR/db/data.mdb"
: >"$DIR/log"
ok "started without its database, with its keys" start
ok "loaded anew" mapctl zone load example.test "$SOURCE/tests/cases/basic.zone"
ok "the zone has the key that it had" status_has 'denial: nsec' 'algorithm_name: ecdsap256'
ok "and what was configured is still not in force" said 'algorithm is ecdsap256, ed25519 is configured'
conf "0.0.0.0@$OTHER"
ok "a reload to an address that takes in the old one" mapctl reload
ok "where it answers" answers $OTHER
ok "SIGTERM ends it with status 0" finish
ok "the control socket is gone" test ! -e "$DIR/control"
ok "started again, the zone is there; in the background" detached
