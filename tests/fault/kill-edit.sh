#!/usr/bin/env bash
# kill-edit.sh - does the journal still lead from the first zone to the one that is served, after kill -9? Many
# times: mapd starts, edits are committed and files loaded one after the other, mapd is killed at a random moment
# and started again. What was reported as done must be there, and the differences, each from the serial where
# the one before ended, must make the zone that is dumped of the one that was loaded first.
# needs: dig ldns
# beside: yes
# limit: 180
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
ROUNDS=${ROUNDS:-60}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/kill-edit.XXXXXX")
PORT=5876 MAPD='' EDITOR=''
trap 'kill_mapd; rm -rf "$DIR"' EXIT

# shellcheck source=tests/fault/killed.inc
. "$SOURCE/tests/fault/killed.inc"
# Changes after changes until mapd is gone; each line of the report is a serial that was said to be done.
edit_on() {
	local n=0 said
	while n=$((RANDOM % 40)); do
		case $((RANDOM % 4)) in
		0) said=$(mapctl zone load edit.test "$DIR/zone.$((RANDOM % 2))" 2>/dev/null) ;;
		1) said=$(printf 'set n%s.a 60 A 192.0.2.%s\nset w%s 60 TXT "%s"\ncommit\n' $n $n $n $RANDOM |
			mapctl zone edit edit.test 2>/dev/null) ;;
		2) said=$(printf 'set cut%s 60 NS ns.cut%s\nset ns.cut%s 60 A 192.0.2.9\ncommit\n' $((n % 4)) $((n % 4)) $((n % 4)) |
			mapctl zone edit edit.test 2>/dev/null) ;;
		3) said=$(printf 'set only 60 A 192.0.2.1\nunset only\nset only 60 TXT "%s"\ncommit\n' $RANDOM |
			mapctl zone edit edit.test 2>/dev/null) ;;
		esac || return 0
		said=${said#*serial } said=${said#*-> }
		echo "${said%%,*}" >>"$DIR/reported"
	done
}
served() { dig +short +norecurse +tries=1 @127.0.0.1 -p $PORT edit.test SOA | awk '{ print $3 }'; }
dump() { mapctl zone dump edit.test | LC_ALL=C sort; }
# Walks the journal from the serial of dump.first; python, since each difference is applied in turn.
journal() { # WHEN
	dump >"$DIR/dump.now"
	mapctl zone journal edit.test 1 >"$DIR/journal" || fail "$1: the journal can be read"
	/usr/bin/python3 - "$DIR" "$(served)" <<-'P' || fail "$1: the journal makes the zone"
		import sys
		folder, serial = sys.argv[1], int(sys.argv[2])
		zone = set(open(folder + "/dump.first"))
		at, gone, come = 1, set(), set()
		for line in open(folder + "/journal"):
		    if line[0] == ";":
		        a, b = line.split()[2], line.split()[4].rstrip(",")
		        assert int(a) == at, "from %s, not %d" % (a, at)
		        assert gone <= zone and not come & (zone - gone), "at %s" % a
		        zone, at, gone, come = zone - gone | come, int(b), set(), set()
		    else:
		        (gone if line[0] == "-" else come).add(line[2:])
		assert at == serial, "to %d, not %d" % (at, serial)
		assert zone == set(open(folder + "/dump.now")), "another zone"
	P
}

cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
	journal-size: 256M
Y
mkfifo "$DIR/ready"
for version in 0 1; do
	{
		printf '@ 60 SOA ns hostmaster 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nv 60 TXT "%s"\n' $version
		for i in $(seq 20); do echo "host$i 60 A 192.0.2.$((i + version))"; done
	} >"$DIR/zone.$version"
done

round=0 last=0
start_mapd
mapctl zone load edit.test "$DIR/zone.0" >"$DIR/out" || fail "the zone is loaded"
echo 1 >"$DIR/reported"
dump >"$DIR/dump.first"
for round in $(seq "$ROUNDS"); do
	edit_on &
	EDITOR=$!
	# A random moment, which is what is tested; nothing is waited for.
	timeout "0.$(printf %03d $((RANDOM % 300 + 5)))" tail -f /dev/null
	kill_mapd
	wait "$EDITOR"
	reported=$(sort -n "$DIR/reported" | tail -n 1)
	start_mapd
	serial=$(served)
	[ -n "$serial" ] || fail "round $round: the zone is not served"
	[ "$serial" -ge "$reported" ] || fail "round $round: $serial is served, $reported was reported as done"
	[ "$reported" -gt "$last" ] && last=$reported
	# One more may be durable that was not reported any more; no other serial can be.
	[ "$serial" -le $((last + 1)) ] || fail "round $round: $serial is served, $last was the last one known"
	last=$serial
	[ $((round % 10)) != 0 ] || journal "round $round"
done
mapctl zone dump edit.test >"$DIR/dump"
ldns-verify-zone -V 1 "$DIR/dump" >"$DIR/out" 2>&1 || { cat "$DIR/out"; fail "ldns-verify-zone at the end"; }
echo "ok $ROUNDS times kill -9: the journal makes the zone ($(grep -c '^;' "$DIR/journal") differences, serial $(served))"
