#!/usr/bin/env bash
# qps.sh - mapd beside NSD, Knot DNS and an echo server: the same signed zone, the same queries, one
# core for the server and one for the client, in turns, so that what disturbs one disturbs all.
# needs: dig nsd knot
#
# usage: bench/qps.sh [NAMES [ROUNDS [SECONDS]]]     (100000 5 2)
#
# Prints the median of the rounds: thousands of answers a second, and microseconds of CPU that the
# server spent on one; then mapd's part of the others'. The second is what still means something on a
# machine that does other things too. The echo server's answers have the length of mapd's: it is what
# the kernel alone costs.
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAMES=${1:-100000} ROUNDS=${2:-5} SECONDS_EACH=${3:-2}
ZONE=bench.test MAPD=5861 NSD=5862 KNOT=5863 ECHO=5864
DIR=$(mktemp -d "${TMPDIR:-/tmp}/qps.XXXXXX")
declare -A pid=()
trap 'kill "${pid[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$DIR"' EXIT

for need in dig nsd knotd taskset; do
	command -v $need >/dev/null || { echo "qps.sh: $need is missing" >&2; exit 1; }
done
[ "$(nproc)" -ge 2 ] || { echo "qps.sh: needs two cores" >&2; exit 1; }
on_server() { # NAME COMMAND...
	local name=$1
	shift
	taskset -c 1 "$@" >>"$DIR/log" 2>&1 &
	pid[$name]=$!
}
wait_for() { # NAME PORT
	dig @127.0.0.1 -p "$2" +tries=60 +time=1 +short ns.$ZONE A | grep -q . ||
		{ echo "qps.sh: nobody answers at port $2:" >&2; tail -n 20 "$DIR/log" >&2; exit 1; }
	taskset -acp 1 "${pid[$1]}" >>"$DIR/log" # Knot spreads its threads itself
}

make_zone() {
	awk -v n="$NAMES" 'BEGIN {
		print "$ORIGIN '$ZONE'.\n$TTL 300\n@ SOA ns h 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.1"
		for (i = 0; i < n; i++)
			printf "h%07d A 192.0.2.%d\nh%07d AAAA 2001:db8::%x\n", i, i % 250 + 1, i, i % 65000 }' >"$DIR/zone"
	awk -v n="$NAMES" 'BEGIN { srand(1); for (i = 0; i < 50000; i++)
		printf "h%07d.'$ZONE'. A\n", int(rand() * n) }' >"$DIR/positive"
	awk 'BEGIN { srand(2); for (i = 0; i < 50000; i++)
		printf "x%09d.'$ZONE'. A\n", int(rand() * 1000000000) }' >"$DIR/nxdomain"
}
start_mapd() {
	cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$MAPD]
	database: $DIR/db
	control: $DIR/control
	workers: 1
	zones: {$ZONE: {denial: nsec3}}
	Y
	mkfifo "$DIR/ready"
	exec 4<>"$DIR/ready"
	on_server mapd "$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 4
	read -r -n 1 -u 4 -t 60 || { cat "$DIR/log" >&2; exit 1; }
	"$BUILD/mapctl/mapctl" -s "$DIR/control" zone load $ZONE "$DIR/zone" &&
		"$BUILD/mapctl/mapctl" -s "$DIR/control" zone dump $ZONE >"$DIR/signed" || exit 1
}
start_nsd() {
	cat >"$DIR/nsd.conf" <<-C
	server:
	  ip-address: 127.0.0.1@$NSD
	  server-count: 1
	  username: ""
	  pidfile: "$DIR/nsd.pid"
	  xfrdfile: "$DIR/nsd.xfrd"
	  zonelistfile: "$DIR/nsd.list"
	  zonesdir: "$DIR"
	  xfrdir: "$DIR"
	  database: ""
	  minimal-responses: yes
	  rrl-ratelimit: 0
	remote-control:
	  control-enable: no
	zone:
	  name: $ZONE
	  zonefile: signed
	C
	on_server nsd nsd -d -c "$DIR/nsd.conf"
}
start_knot() {
	mkdir "$DIR/knot"
	cat >"$DIR/knot.conf" <<-C
	server:
	  listen: 127.0.0.1@$KNOT
	  rundir: $DIR/knot
	  udp-workers: 1
	  tcp-workers: 1
	  background-workers: 1
	database:
	  storage: $DIR/knot
	log:
	  - target: stderr
	    any: error
	zone:
	  - domain: $ZONE
	    file: $DIR/signed
	C
	on_server knot knotd -c "$DIR/knot.conf"
}

ask() { # PORT QUERIES [-d]: answers a second, and what else qps says
	taskset -c 0 "$BUILD/bench/qps" -t "$SECONDS_EACH" ${3:+"$3"} "127.0.0.1@$1" "$DIR/$2" | tee -a "$DIR/log"
}
cpu() { # PID: seconds on a CPU, of the process and its children
	local p
	for p in "$1" $(pgrep -P "$1") $(pgrep -P "$(pgrep -d, -P "$1" || echo 0)"); do
		sed 's/.*) //' /proc/"$p"/stat
	done 2>/dev/null | awk -v hz="$(getconf CLK_TCK)" '{ s += $12 + $13 } END { print s / hz }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
turn() { # SERVER PORT RESULTS QUERIES [-d]
	local before after answers
	before=$(cpu "${pid[$1]}")
	answers=$(ask "$2" "$4" "${5:-}" | cut -d' ' -f1)
	after=$(cpu "${pid[$1]}")
	echo "$answers" >>"$3.$1.rate"
	awk -v a="$after" -v b="$before" -v n=$((answers * SECONDS_EACH)) 'BEGIN { print (a - b) * 1e6 / n }' >>"$3.$1.cpu"
}
line() { # NAME OCTETS RESULTS rate|cpu FACTOR UNIT
	awk -v w="$1" -v s="$2" -v u="$6" -v f="$5" -v m="$(median <"$3.mapd.$4")" -v n="$(median <"$3.nsd.$4")" \
		-v k="$(median <"$3.knot.$4")" -v e="$(median <"$3.echo.$4")" 'BEGIN {
		printf "%-17s %6s %-8s %7.1f %7.1f %7.1f %7.1f %9.2f %9.2f %9.2f\n", w, s, u, m*f, n*f, k*f, e*f, m/n, m/k, m/e }'
}
compare() { # NAME QUERIES [-d]
	local size server port results=$DIR/$2${3:-}
	size=$(ask $MAPD "$2" "${3:-}" | sed 's/.*s, \([0-9]*\) octets.*/\1/')
	on_server echo "$BUILD/bench/echo" 127.0.0.1@$ECHO "$size"
	for ((round = 0; round < ROUNDS; round++)); do
		for server in mapd nsd knot echo; do
			port=${server^^}
			turn $server "${!port}" "$results" "$2" "${3:-}"
		done
	done
	kill "${pid[echo]}"
	wait "${pid[echo]}" 2>/dev/null
	line "$1" "$size" "$results" rate 0.001 "1000/s"
	line "" "" "$results" cpu 1 "us CPU"
}

make_zone
start_mapd
start_nsd
start_knot
wait_for mapd $MAPD
wait_for nsd $NSD
wait_for knot $KNOT
echo "$(nproc) cores, one for the server; $NAMES names, NSEC3, P-256; $ROUNDS rounds of $SECONDS_EACH s; medians"
echo "mapd: this tree; $(nsd -v 2>&1 | head -n 1); $(knotd -V)"
printf '%-17s %6s %-8s %7s %7s %7s %7s %9s %9s %9s\n' query octets "" mapd NSD Knot echo mapd/NSD mapd/Knot mapd/echo
compare "positive" positive
compare "positive with DO" positive -d
compare "NXDOMAIN" nxdomain
compare "NXDOMAIN with DO" nxdomain -d
