#!/usr/bin/env bash
# clocks.sh - serials that wrap, dates past 2038 and 2106, and a clock that goes backwards: mapd loads, signs,
# renews and answers, and ldns and Unbound judge by the same clock. (BIND's tools do not start under faketime 0.9.10.)
# needs: dig ldns unbound-host faketime
# limit: 180
set -u
export LC_ALL=C TZ=UTC
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/clocks.XXXXXX")
PORT=$((20000 + $$ % 3000 * 4)) MAPD='' CLOCK=''
trap 'stop; rm -rf "$DIR"' EXIT
stop() { [ -z "$MAPD" ] || { kill "$MAPD"; wait "$MAPD"; MAPD=; } 2>/dev/null; }
# shellcheck disable=SC2016 # the shell that faketime starts says what it was told
PRELOAD=$(faketime -m -f +0 sh -c 'echo "$LD_PRELOAD"')
clock() { # fills "clock" with what goes before a command that is to have the clock of this round
	clock=(env FAKETIME="$CLOCK" FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$PRELOAD"
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0")
}
at() { # COMMAND...
	clock
	"${clock[@]}" "$@"
}
mapctl() { at "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$DIR/out" 2>&1; then echo "ok $what"; return; fi
	echo "not ok $what"
	tail -n 20 "$DIR/out" "$DIR/log" | sed 's/^/    | /'
	[ "$1" != begin ] || exit 1
}
begin() { # CLOCK, as faketime's -f has it
	CLOCK=$1
	rm -f "$DIR/ready"
	mkfifo "$DIR/ready"
	clock
	"${clock[@]}" "$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ]
}
zone() { # SERIAL [LINE]
	printf '@ 60 SOA ns hostmaster %s 3600 600 86400 60\n@ 60 NS ns\nns 60 A 127.0.0.1\nwww 60 A 192.0.2.1\n%s\n' "$1" "${2:-}"
}
load() { zone "$@" >"$DIR/zone"; mapctl zone load clock.test "$DIR/zone"; }
serial() { dig @127.0.0.1 -p $PORT +short +norecurse clock.test SOA | cut -d' ' -f3; }
serial_is() { echo "serial $(serial)"; [ "$(serial)" = "$1" ]; }
empty() {
	rm -rf "$DIR/db"
	printf 'listen: [127.0.0.1@%s]\ndatabase: %s/db\ncontrol: %s/control\nmap-size: 256M\nworkers: 1\n' $PORT "$DIR" "$DIR" >"$DIR/mapd.yaml"
}
anchor() {
	cat "$DIR"/db/keys/Kclock.test.*.key >"$DIR/key"
	printf 'server:\n do-not-query-localhost: no\n trust-anchor-file: "%s/key"\n local-zone: "test." transparent\nstub-zone:\n name: "clock.test"\n stub-addr: 127.0.0.1@%s\n' \
		"$DIR" $PORT >"$DIR/unbound.conf"
}
unbound_believes() { # NAME
	at unbound-host -C "$DIR/unbound.conf" -v -t A "$1.clock.test" >"$DIR/said" 2>&1
	cat "$DIR/said"
	grep -q '(secure)' "$DIR/said" && ! grep -qE 'BOGUS|insecure' "$DIR/said"
}
# ldns 1.8.3 does not compare times as serials (RFC 4034 3.1.5) when they lie on both sides of 2^31: that is all it may say.
verified() {
	mapctl zone dump --plain clock.test >"$DIR/dump" || return 1
	at ldns-verify-zone "$DIR/dump" >"$DIR/said" 2>&1 && return
	cat "$DIR/said"
	[ "$(first_time 10)" -lt 20380119031408 ] && [ "$(first_time 9)" -ge 20380119031408 ] &&
		! grep -vE 'expiration date earlier than inception date|There were errors' "$DIR/said"
}
first_time() { awk -v f="$1" '$4 == "RRSIG" { print $f; exit }' "$DIR/dump"; }
judged() { # WHEN
	ok "$1: ldns verifies the zone" verified
	ok "$1: Unbound believes what is there" unbound_believes www
	ok "$1: Unbound believes what is not" unbound_believes "nothing-$RANDOM"
}
expires() { mapctl zone dump --plain clock.test | awk '$4 == "RRSIG" && $5 == "A" { print $9; exit }'; }

# --- class 37: 2038 and 2106
while read -r day name later; do
	empty
	ok "class 37, $name: mapd starts" begin "@$day 12:00:00"
	ok "class 37, $name: a zone is loaded and signed" load 1
	anchor
	judged "class 37, $name"
	first=$(expires)
	stop
	ok "class 37, $name: mapd starts again on $later" begin "@$later 12:00:00"
	judged "class 37, $name, on $later"
	ok "class 37, $name: signatures were renewed: $first, then $(expires)" [ "$first" != "$(expires)" ]
	ok "class 37, $name: a change is signed" load 2 'new 60 A 192.0.2.2'
	ok "class 37, $name: and believed" unbound_believes new
	stop
done <<-T
	2037-12-20 2037-12 2038-01-02
	2038-01-12 2038-01 2038-01-25
	2038-02-10 2038-02 2038-02-23
	2106-02-01 2106-02 2106-02-14
T

# --- class 36: serials
CLOCK=+0
empty
ok "class 36: mapd starts" begin +0
while read -r given expected what; do
	load "$given" "step 60 TXT \"$given $expected\"" >/dev/null 2>&1
	ok "class 36: $what: $given gives $expected" serial_is "$expected"
done <<-'T'
	4294967294 4294967294 a large one
	4294967295 4294967295 the largest
	4294967295 0 the same with other content wraps
	5 5 one behind the wrap is newer
	2147483653 6 half the circle away is not newer: the next
	2147483653 2147483653 one less than half is
	2147483652 2147483654 a smaller one is not: the next
	1 1 again behind the wrap
	0 2 and not back
T
anchor
judged "class 36"
stop

# --- class 38: backwards
empty
ok "class 38: mapd starts, ten days ahead" begin +10d
ok "class 38: a zone is loaded" load 1
anchor
stop
starts_not() { ! begin +0 && grep -q 'the clock is .* behind' "$DIR/log"; }
ok "class 38: with the clock ten days back a start is refused, and says why" starts_not
wait "$MAPD" 2>/dev/null
MAPD=''
ok "class 38: half an hour back is a clock that was set" begin +14370m
judged "class 38"
# under a running mapd: the file that faketime reads is changed
stop
echo '+10d' >"$DIR/rc"
export FAKETIME_TIMESTAMP_FILE="$DIR/rc" FAKETIME_NO_CACHE=1
begin_by_file() {
	rm -f "$DIR/ready"
	mkfifo "$DIR/ready"
	env -u FAKETIME FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$PRELOAD" "$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ]
}
ok "class 38: mapd runs by a clock that can be set" begin_by_file
echo '+8d' >"$DIR/rc"
unset FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE
CLOCK=+8d
zone 2 'late 60 A 192.0.2.9' >"$DIR/zone"
refuses() { ! mapctl zone load clock.test "$DIR/zone" && grep -q 'clock is .* behind' "$DIR/out"; }
ok "class 38: two days back while it runs, nothing is signed" refuses
ok "class 38: and what was signed is served" serial_is 1
stop
