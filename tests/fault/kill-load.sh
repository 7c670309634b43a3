#!/usr/bin/env bash
# kill-load.sh - is what mapctl reported as done still there after kill -9? A hundred times:
# mapd starts, zone versions are loaded one after the other, mapd is killed at a random moment, is started
# again, and must serve at least the last serial that was reported.
# needs: dig ldns dnssec-verify
# beside: yes
# limit: 180
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
ROUNDS=${ROUNDS:-100}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/kill-load.XXXXXX")
PORT=5854 MAPD='' LOADER=''
trap 'kill_mapd; rm -rf "$DIR"' EXIT

# shellcheck source=tests/fault/killed.inc
. "$SOURCE/tests/fault/killed.inc"
# Loads one version after the other until mapd is gone; each line of the report is a serial that was
# said to be done. Even versions are big enough to be written in several transactions.
load_on() {
	while said=$(mapctl zone load load.test "$DIR/zone.$((RANDOM % 4))" 2>/dev/null); do
		said=${said#*serial } said=${said#*-> }
		echo "${said%%,*}" >>"$DIR/reported"
	done
}
served() { dig +short +norecurse +tries=1 @127.0.0.1 -p $PORT load.test SOA | awk '{ print $3 }'; }
verify() { # WHEN
	mapctl zone dump load.test >"$DIR/dump" || fail "$1: the zone can be dumped"
	ldns-verify-zone -V 1 "$DIR/dump" >"$DIR/out" 2>&1 || { cat "$DIR/out"; fail "$1: ldns-verify-zone"; }
	dnssec-verify -q -o load.test -z "$DIR/dump" >"$DIR/out" 2>&1 || { cat "$DIR/out"; fail "$1: dnssec-verify"; }
}

cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
Y
mkfifo "$DIR/ready"
for version in 0 1 2 3; do
	{
		printf '@ 60 SOA ns hostmaster 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n'
		printf 'v 60 TXT "%s"\n' $version
		[ $version != 2 ] || for i in $(seq 300); do echo "n$i.a 60 A 192.0.2.1"; done
	} >"$DIR/zone.$version"
done

round=0 last=0
start_mapd
mapctl zone load load.test "$DIR/zone.0" | sed 's/.*serial \([0-9]*\),.*/\1/' >"$DIR/reported"
for round in $(seq "$ROUNDS"); do
	load_on &
	LOADER=$!
	# A random moment, which is what is tested; nothing is waited for.
	timeout "0.$(printf %03d $((RANDOM % 200 + 5)))" tail -f /dev/null
	kill_mapd
	wait "$LOADER"
	reported=$(tail -n 1 "$DIR/reported")
	start_mapd
	serial=$(served)
	[ -n "$serial" ] || fail "round $round: the zone is not served"
	[ "$serial" -ge "$reported" ] || fail "round $round: $serial is served, $reported was reported as done"
	# One more may be durable that was not reported any more; no other serial can be.
	[ "$reported" -gt "$last" ] && last=$reported
	[ "$serial" -le $((last + 1)) ] || fail "round $round: $serial is served, $last was the last one known"
	last=$serial
	[ $((round % 25)) != 0 ] || verify "round $round"
done
verify "at the end"
[ "$(find "$DIR/db" -name 'spool.*' | wc -l)" = 0 ] || fail "nothing of a load is left"
echo "ok $ROUNDS times kill -9: nothing that was reported as done is lost ($(wc -l <"$DIR/reported") loads, serial $(served))"
