#!/usr/bin/env bash
# identities.sh - one large realm: loaded and signed by mapd, and by ldns-signzone and then loaded by NSD; the
# same file, the same algorithm (P-256) and denial (NSEC3, no salt, no more iterations), until a question is answered.
# needs: dig ldns nsd
#
# usage: bench/identities.sh [IDENTITIES]     (1000000)
#
# Both may use all cores. mapd goes first and again last, and its slower time counts, so that what disturbs for a
# while is no advantage. Goals, with 10^6 identities: at least four times as fast; a start in under a second.
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
COUNT=${1:-1000000}
ZONE=id.bench.test MAPD=5893 NSD=5894
DIR=$(mktemp -d "${TMPDIR:-/tmp}/identities.XXXXXX")
declare -A pid=()
trap 'kill "${pid[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$DIR"' EXIT
missed=0

fail() { echo "identities.sh: $*" >&2; tail -n 5 "$DIR/log" >&2; exit 1; }
for need in dig ldns-keygen ldns-signzone nsd; do
	command -v $need >/dev/null || { echo "identities.sh: $need is missing" >&2; exit 1; }
done
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'; }
calc() { awk "BEGIN { $1 }" </dev/null; }
goal() { # CONDITION WHAT: of the figures as the issue has them
	if [ "$COUNT" -lt 1000000 ]; then echo "$2"
	elif calc "exit !($1)"; then echo "$2: held"
	else echo "$2: missed"; missed=1; fi
}
answered() { dig +norecurse +tries=1 +time=1 +noall +answer @127.0.0.1 -p "$1" $ZONE SOA 2>/dev/null | grep -q SOA; }
cpu() { # PID: seconds on a CPU
	sed 's/.*) //' "/proc/$1/stat" | awk -v hz="$(getconf CLK_TCK)" '{ printf "%.1f", ($12 + $13) / hz }'
}
private() { # PID...: MB that are no file's
	local p
	for p in "$@"; do cat "/proc/$p/smaps_rollup"; done | awk '/^Anonymous:/ { s += $2 } END { printf "%.0f", s / 1024 }'
}
peak() { awk '/^VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$1/status"; }

# Names as HHITs have them, in no order; three addresses each, of two providers and one more.
make_zone() {
	awk -v n="$COUNT" 'BEGIN {
		print "$ORIGIN '$ZONE'.\n$TTL 60\n@ SOA ns.bench.test. h.bench.test. 1 3600 600 86400 60\n@ NS ns.bench.test."
		srand(1)
		for (i = 0; i < n; i++) {
			name = sprintf("05%08x%08x", int(rand() * 4294967296), i)
			for (k = 1; k <= 3; k++)
				printf "%s TYPE65301 \\# 22 000%x0032000220010db8000%x%04x%08x00000010\n", name, k, k, i % 65536, i
		} }' >"$DIR/zone"
	cut -d' ' -f1 "$DIR/zone" | awk 'NR > 4 && NR % '$((COUNT / 10 + 1))' == 0 { print $1 ".'$ZONE'. TYPE65301"; print "x" $1 ".'$ZONE'. A" }
		NR == 5 { print $1 ".'$ZONE'. TYPE65301" }' >"$DIR/questions"
}
start_mapd() { # DATABASE
	printf 'listen: [127.0.0.1@%d]\ndatabase: %s\ncontrol: %s\nmap-size: 16G\nzones: {%s: {denial: nsec3}}\n' \
		$MAPD "$1" "$DIR/control" $ZONE >"$DIR/mapd.yaml"
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>>"$DIR/log" &
	pid[mapd]=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || fail "mapd does not start"
}
stop() { kill "${pid[$1]}"; wait "${pid[$1]}" 2>/dev/null; unset "pid[$1]"; }
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
load_mapd() { # TURN: seconds to file mapd.TURN
	local from TIMEFORMAT='%U %S'
	start_mapd "$DIR/db.$1"
	from=$(now)
	{ time mapctl zone load $ZONE "$DIR/zone" >>"$DIR/log" || fail "mapd does not load it"; } 2>"$DIR/mapctl.cpu"
	answered $MAPD || fail "mapd does not answer"
	since "$from" >"$DIR/mapd.$1"
	echo "mapd, turn $1: $(cat "$DIR/mapd.$1") s ($(awk '{ print $1 + $2 }' "$DIR/mapctl.cpu") s of CPU in mapctl, $(cpu "${pid[mapd]}") in mapd)"
}
load_nsd() {
	local from TIMEFORMAT='%U %S' signing
	( cd "$DIR" && ldns-keygen -a ECDSAP256SHA256 -k $ZONE >key ) || fail "ldns-keygen"
	sync "$DIR/zone"
	from=$(now)
	{ time ldns-signzone -n -t 0 -o $ZONE -f "$DIR/signed" "$DIR/zone" "$DIR/$(cat "$DIR/key")" >>"$DIR/log" 2>&1 || fail "ldns-signzone"; } 2>"$DIR/ldns.cpu"
	signing=$(since "$from")
	printf 'server:\n ip-address: 127.0.0.1@%d\n server-count: 1\n username: ""\n zonesdir: "%s"\n xfrdir: "%s"\n' $NSD "$DIR" "$DIR" >"$DIR/nsd.conf"
	printf ' pidfile: "%s/nsd.pid"\n xfrdfile: "%s/xfrd"\n zonelistfile: "%s/list"\n database: ""\n minimal-responses: yes\n rrl-ratelimit: 0\n' "$DIR" "$DIR" "$DIR" >>"$DIR/nsd.conf"
	printf 'remote-control:\n control-enable: no\nzone:\n name: %s\n zonefile: signed\n' $ZONE >>"$DIR/nsd.conf"
	nsd -d -c "$DIR/nsd.conf" >>"$DIR/log" 2>&1 &
	pid[nsd]=$!
	until answered $NSD; do kill -0 "${pid[nsd]}" || fail "nsd has ended"; done
	since "$from" >"$DIR/nsd"
	echo "ldns-signzone and NSD: $(cat "$DIR/nsd") s ($signing s of it signing, $(awk '{ print $1 + $2 }' "$DIR/ldns.cpu") s of CPU)"
}
answers() { # PORT: what is served, without what differs by nature: signatures and their times, and mapd's CDS
	dig +norecurse +dnssec +noall +answer +authority +tries=3 @127.0.0.1 -p "$1" -f "$DIR/questions" |
		sed 's/[ \t]\{1,\}/ /g; s/ CDS CDNSKEY$//' | awk '$4 == "RRSIG" { print $1, $2, $4, $5, $6, $7, $8; next } { print }' | sort
}

mkfifo "$DIR/ready"
: >"$DIR/log"
make_zone
echo "$COUNT identities, three ELOC each, NSEC3, P-256; $(nproc) cores; $(nsd -v 2>&1 | head -n 1); $(ldns-signzone -v 2>&1 | grep -oE 'ldns version [0-9.]+' | head -n 1)"
load_mapd 1
stop mapd
load_nsd
load_mapd 2
answers $MAPD >"$DIR/answers.mapd"
answers $NSD >"$DIR/answers.nsd"
diff "$DIR/answers.nsd" "$DIR/answers.mapd" >>"$DIR/log" || fail "mapd and NSD do not serve the same"
echo "both serve the same: $(wc -l <"$DIR/answers.mapd") records compared"
slower=$(sort -n "$DIR/mapd.1" "$DIR/mapd.2" | tail -n 1)
ratio=$(calc "printf \"%.2f\", $(cat "$DIR/nsd") / $slower")
goal "$ratio >= 4" "ratio: $ratio times as fast (goal: at least 4)"

used=$(mapctl status | awk '$1 == "database_used:" { print $2 }')
echo "database: $(calc "printf \"%.0f\", $used / 1048576") MB, $(calc "printf \"%.0f\", $used / $COUNT") octets a name (NSD's zone file: $(calc "printf \"%.0f\", $(stat -c %s "$DIR/signed") / 1048576") MB)"
# shellcheck disable=SC2046 # numbers
echo "memory that is no file's: mapd $(private "${pid[mapd]}") MB after the load, at most $(peak "${pid[mapd]}") MB with the pages of files; NSD $(private "${pid[nsd]}" $(pgrep -P "${pid[nsd]}")) MB"
stop nsd
stop mapd
for _ in 1 2 3 4 5; do
	from=$(now)
	start_mapd "$DIR/db.2"
	since "$from" >>"$DIR/starts"
	echo >>"$DIR/starts"
	memory=$(private "${pid[mapd]}")
	stop mapd
done
median=$(grep . "$DIR/starts" | sort -n | sed -n 3p)
echo "memory that is no file's, after a start: $memory MB"
goal "$median < 1" "start: $median s, the database read as a whole (goal: under 1 s)"
exit $missed
