#!/usr/bin/env bash
# updates.sh - signed UPDATEs a second: mapd, BIND, Knot DNS and PowerDNS (LMDB), each with automatic signing (P-256,
# NSEC3) and everything durable, and bare LMDB (bench/floor), which no server that keeps its data so can beat.
# needs: dig bind9 knot pdns-lmdb
#
# usage: bench/updates.sh [-t SECONDS] [-m MODES] [-s SERVERS] [-o OPTIONS] [-x] [SIZE...]     (10000)
#   MODES:   of tsig p256 ed25519 p256-proof ed25519-proof (all; beyond 10,000 identities tsig alone), separated by commas
#   SERVERS: of mapd bind knot pdns floor (all)
#   OPTIONS: of the client, such as "-c 64 -w 16" or "-u" (mapd's updates then have a cookie)
#   -x       without what is measured of mapd besides: visibility, and queries meanwhile
#
# One client for all: 64 connections of TCP, with 32 messages in flight each (with SIG(0), 16: mapd lets one /24 have no
# more than 4096 wait to be verified), made and signed before. mapd gets ELOC, its peers the same names with AAAA. A
# peer is measured at the sizes that it loads and signs within 10 minutes and 16 GB; for the others stands its highest
# figure at a smaller one. A peer that ends connections which wait for long is measured again with 16 of them and 4 messages
# on each. Updates made within 300 s (TSIG) and 890 s (SIG(0)) before their end.
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
BENCH=$BUILD/bench
SECONDS_EACH=30 MODES=tsig,p256,ed25519,p256-proof,ed25519-proof SERVERS=mapd,floor,bind,knot,pdns EXTRAS=yes
OPTIONS=() WINDOW=32
while getopts t:m:s:o:x option; do
	case $option in
	t) SECONDS_EACH=$OPTARG ;;
	m) MODES=$OPTARG ;;
	s) SERVERS=$OPTARG ;;
	o) read -ra OPTIONS <<<"$OPTARG" ;;
	x) EXTRAS=no ;;
	*) sed -n 's/^# \{0,1\}//p' "$0" | sed -n '5,18p' >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
SIZES=("${@:-10000}")
ZONE=id.bench.test PORT=5871 SECRET=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
LOAD_LIMIT=600 MEMORY_LIMIT=$((16 * 1024 * 1024))
DIR=$(mktemp -d "${TMPDIR:-/tmp}/updates.XXXXXX")
# With the server's folder, so that no journal beside it (BIND's) is taken for one of the next server's zone.
FILE=$DIR/server/zone
PID=''
trap 'stop; rm -rf "$DIR"' EXIT
missed=0 first=0
mkfifo "$DIR/ready" "$DIR/never"
exec 9<>"$DIR/never"

stop() { [ -z "$PID" ] || { kill "$PID"; wait "$PID"; PID=; } 2>/dev/null; }
fail() { echo "updates.sh: $*" >&2; tail -n 5 "$DIR/log" >&2; exit 1; }
calc() { awk "BEGIN { $1 }" </dev/null; }
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }
has() { [[ ",$1," == *",$2,"* ]]; } # LIST WORD
for need in dig named knotd pdns_server pdnsutil; do
	command -v $need >/dev/null || { echo "updates.sh: $need is missing" >&2; exit 1; }
done

# ------------------------------------------------------------------------------------- the servers

start() { "$@" >>"$DIR/log" 2>&1 & PID=$!; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null || echo 0; }
ask() { dig +norecurse +dnssec +tries=1 +time=1 +noall +answer +authority @127.0.0.1 -p $PORT "$@" 2>/dev/null; }
# The last name below the zone's own is signed, and so is what does not exist.
is_signed() { ask "$LAST" "$TYPE" | grep -q RRSIG && ask "zzz.$ZONE" A | grep -q 'IN[[:space:]]NSEC3'; }
wait_signed() { # FROM: 1: not within the limits
	until is_signed; do
		kill -0 "$PID" 2>/dev/null || { echo "ended: $(tail -n 1 "$DIR/log")" >"$DIR/why"; return 1; }
		if calc "exit !($(since "$1") > $LOAD_LIMIT)"; then echo "not signed in $LOAD_LIMIT s" >"$DIR/why"; return 1; fi
		if [ "$(memory "$PID")" -gt $MEMORY_LIMIT ]; then echo "more than 16 GB" >"$DIR/why"; return 1; fi
		read -r -t 0.5 -u 9 # nobody writes there
	done
	return 0
}
load_mapd() {
	cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/server/db
	control: $DIR/control
	map-size: 64G
	tsig-keys: $DIR/tsig.key
	zones: {$ZONE: {denial: nsec3, prefix: "2001:3f:fe00:a00::/56", policy: open, verify-locators: no,
	  quota: {identities: 100000000, identities-of-source: 100000000, identities-unproved: 100000000}}}
	Y
	printf 'key "bench." { algorithm hmac-sha256; secret "%s"; };\n' $SECRET >"$DIR/tsig.key"
	chmod 600 "$DIR/tsig.key"
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>>"$DIR/log" &
	PID=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || fail "mapd does not start"
	"$BUILD/mapctl/mapctl" -s "$DIR/control" zone load $ZONE "$FILE" >>"$DIR/log" 2>&1 || fail "mapd does not load it"
}
load_bind() {
	cat >"$DIR/server/named.conf" <<-C
	options {
		directory "$DIR/server"; pid-file none; session-keyfile none; listen-on port $PORT { 127.0.0.1; };
		listen-on-v6 { none; }; recursion no; notify no; update-quota 100000; tcp-clients 2000;
		sig-signing-nodes 10000; sig-signing-signatures 10000; dnssec-validation no; minimal-responses yes;
	};
	controls { };
	key "bench." { algorithm hmac-sha256; secret "$SECRET"; };
	dnssec-policy bench {
		keys { csk lifetime unlimited algorithm ecdsap256sha256; };
		nsec3param iterations 0 optout no salt-length 0;
	};
	zone "$ZONE" { type primary; file "$FILE"; allow-update { key "bench."; }; dnssec-policy bench; };
	C
	start named -g -c "$DIR/server/named.conf"
}
load_knot() {
	cat >"$DIR/server/knot.conf" <<-C
	server:
	  listen: 127.0.0.1@$PORT
	  rundir: $DIR/server
	  tcp-idle-timeout: 600
	database:
	  storage: $DIR/server
	  journal-db-max-size: 16G
	log:
	  - target: stderr
	    any: error
	key:
	  - id: bench.
	    algorithm: hmac-sha256
	    secret: $SECRET
	acl:
	  - id: bench
	    key: bench.
	    action: update
	policy:
	  - id: bench
	    algorithm: ecdsap256sha256
	    single-type-signing: on
	    nsec3: on
	    nsec3-iterations: 0
	    nsec3-salt-length: 0
	zone:
	  - domain: $ZONE
	    file: $FILE
	    acl: bench
	    dnssec-signing: on
	    dnssec-policy: bench
	    zonefile-sync: -1
	    journal-max-usage: 8G
	C
	start knotd -c "$DIR/server/knot.conf"
}
load_pdns() {
	cat >"$DIR/server/pdns.conf" <<-C
	launch=lmdb
	lmdb-filename=$DIR/server/pdns.lmdb
	lmdb-sync-mode=sync
	local-address=127.0.0.1
	local-port=$PORT
	socket-dir=$DIR/server
	dnsupdate=yes
	allow-dnsupdate-from=127.0.0.0/8
	daemon=no
	guardian=no
	security-poll-suffix=
	max-tcp-connections=1000
	max-tcp-connections-per-client=0
	loglevel=2
	C
	cat >"$DIR/server/commands" <<-C
	load-zone $ZONE $FILE
	secure-zone $ZONE
	set-nsec3 $ZONE 1\ 0\ 0\ -
	rectify-zone $ZONE
	import-tsig-key bench hmac-sha256 $SECRET
	set-meta $ZONE TSIG-ALLOW-DNSUPDATE bench
	C
	timeout "$LOAD_LIMIT" xargs -L 1 pdnsutil "--config-dir=$DIR/server" <"$DIR/server/commands" >>"$DIR/log" 2>&1 ||
		{ echo "not loaded in $LOAD_LIMIT s" >"$DIR/why"; return 1; }
	start pdns_server "--config-dir=$DIR/server"
}

# ------------------------------------------------------------------------------------ measurements

put() { echo "$1" >>"$DIR/results"; } # "SIZE MODE SERVER WHAT VALUE"
get() { awk -v a="$1" -v b="$2" -v c="$3" -v d="$4" '$1 == a && $2 == b && $3 == c && $4 == d { v = $5 } END { print v }' "$DIR/results"; }
of_run() { awk -v w="$1" '$1 == w { print $2 }' "$DIR/run"; }
# By its calls, and what the kernel charges for: whole folios, of which the disk gets only the pages that were changed.
written() { awk -v w="$1:" '$1 == w { print $2 }' "/proc/$PID/io"; }
serial() { ask +short $ZONE SOA | awk 'NF == 7 { print $3; exit }'; } # mapd's: one more each commit
cpu() { sed 's/.*) //' "/proc/$PID/stat" | awk -v hz="$(getconf CLK_TCK)" '{ print ($12 + $13) / hz }'; }
premake() { # MODE SIZE WORD...
	local mode=$1 size=$2 kind=()
	shift 2
	case $mode in
	tsig) kind=(-k tsig) ;;
	*-proof) kind=(-k "${mode%-proof}" -p) ;;
	*) kind=(-k "$mode") ;;
	esac
	[ "$TYPE" != AAAA ] || kind+=(-a)
	"$BENCH/premake" -n "$size" "${kind[@]}" "$@"
}
make_zone() { # MODE SIZE
	premake "${1%-proof}" "$2" zone >"$FILE" || fail premake
	sync "$FILE"
	LAST=$(awk '$3 == "SOA" || $3 == "NS" { next } $1 > last { last = $1 } END { print last }' "$FILE") # an order that BIND signs in
}
make_updates() { # MODE SIZE COUNT
	local cookie=()
	if [ "$TYPE" != AAAA ] && [[ " ${OPTIONS[*]} " == *" -u "* ]]; then cookie=(-u "127.0.0.1@$PORT"); fi
	premake "$1" "$2" -c "$3" -f "$first" "${cookie[@]}" updates >"$DIR/updates" || fail premake
	sync "$DIR/updates" # not while a server waits for the same disk
	first=$((first + $3))
}
send() { # OPTION...: the client's figures to file run
	"$BENCH/update" -w $WINDOW "${OPTIONS[@]}" "$@" 127.0.0.1@$PORT "$DIR/updates" >"$DIR/run" 2>>"$DIR/log" || { tail -n 2 "$DIR/log"; return 1; }
	sed 's/^/    /' "$DIR/run" | grep -E 'rcode_|unseen' # what should not be
	grep -h '^update:' "$DIR/log" | tail -n 1 >"$DIR/refusal"
	sed -i '/^update:/d' "$DIR/log"
	cat "$DIR/refusal"
	return 0
}
most() { # SERVER MODE: more updates than it can take, a second
	case $1.$2 in
	mapd.tsig) echo 60000 ;;
	mapd.*-proof) echo 12000 ;;
	mapd.*) echo 20000 ;;
	*) echo 6000 ;;
	esac
}
measure() { # SERVER MODE SIZE
	local bytes charged used half commits batch='' fewer=()
	WINDOW=32
	[ "$2" = tsig ] || WINDOW=16
	make_updates "$2" "$3" $(($(most "$1" "$2") * SECONDS_EACH))
	bytes=$(written wchar) charged=$(written write_bytes) used=$(cpu) commits=$(serial)
	if ! send -t "$SECONDS_EACH"; then
		[ "$1" != mapd ] || fail "mapd ended a connection"
		make_updates "$2" "$3" $(($(most "$1" "$2") * SECONDS_EACH))
		fewer=(-c 16 -w 4)
		bytes=$(written wchar) charged=$(written write_bytes) used=$(cpu)
		send "${fewer[@]}" -t "$SECONDS_EACH" || { put "$3 $2 $1 failed 1"; return; }
		echo "  $1: with 16 connections and 4 messages on each"
	fi
	bytes=$(($(written wchar) - bytes)) charged=$(($(written write_bytes) - charged)) used=$(calc "print $(cpu) - $used")
	commits=$(($(serial) - commits)) # not of peers, some of which have other serials
	for what in rate slowest_second p99_us lost client_cpu; do put "$3 $2 $1 $what $(of_run $what)"; done
	put "$3 $2 $1 bytes $(calc "printf \"%.0f\", $bytes / $(of_run acknowledged)")"
	if [ "$1" = mapd ] && [ "$commits" -gt 0 ]; then
		batch=$(($(of_run acknowledged) / commits))
		put "$3 $2 $1 batch $batch"
	fi
	put "$3 $2 $1 charged $(calc "printf \"%.0f\", $charged / $(of_run acknowledged)")"
	put "$3 $2 $1 cpu_us $(calc "printf \"%.0f\", $used * 1e6 / $(of_run acknowledged)")"
	half=$(($(of_run rate) / 2))
	echo "  $1 $2: $(of_run rate) updates/s (slowest second $(of_run slowest_second), lost $(of_run lost)), acknowledged after" \
		"$(of_run median_us) us, p99 $(of_run p99_us); $(get "$3" "$2" "$1" bytes) bytes written" \
		"($(get "$3" "$2" "$1" charged) charged) and $(get "$3" "$2" "$1" cpu_us) us of" \
		"CPU each${batch:+, $batch a commit}; client's CPU: $(of_run client_cpu)"
	[ "$half" -gt 0 ] || return
	make_updates "$2" "$3" $((half * SECONDS_EACH + 1000))
	send "${fewer[@]}" -r "$half" -t "$SECONDS_EACH" || return
	put "$3 $2 $1 half_p99_us $(of_run p99_us)"
	put "$3 $2 $1 half_rate $(of_run rate)"
	put "$3 $2 $1 half_offered $half"
	echo "    at half that rate ($half/s offered, $(of_run rate) acknowledged): median $(of_run median_us) us, p99 $(of_run p99_us) us"
}
goal() { # CONDITION TEXT
	if calc "exit !($1)"; then echo "held: $2"; else echo "missed: $2"; missed=1; fi
}
extras() { # SIZE: of mapd alone
	local answers
	make_updates tsig "$1" 100000
	send -c 16 -w 8 -v -t 120 -n 100000 || { goal 0 "$1 identities: no change was acknowledged"; return; }
	goal "$(of_run unseen) == 0 && $(of_run seen) == 100000" \
		"$1 identities: $(of_run seen) of 100000 changes shown by the next query after their acknowledgement, $(of_run unseen) not"
	# questions for all names in turn, as messages
	awk '$3 == "TYPE65301" && $1 != last { print $1; last = $1 } NR > 60000 { exit }' "$FILE" | questions >"$DIR/questions"
	make_updates tsig "$1" $((10000 * SECONDS_EACH))
	"$BENCH/offer" -r 30000 -t "$SECONDS_EACH" -l 127.0.0.1@$PORT "$DIR/questions" >"$DIR/offered" &
	local offer=$!
	send -r 10000 -t "$SECONDS_EACH"
	wait $offer
	cat "$DIR/offered"
	answers=$(sed 's/.* \([0-9]*\) answers,.*/\1/' "$DIR/offered")
	goal "$answers >= 0.99 * 30000 * $SECONDS_EACH && $(sed 's/.*p99 \([0-9]*\) us.*/\1/' "$DIR/offered") <= 5000 && $(of_run rate) >= 0.99 * 10000" \
		"$1 identities: of 30,000 queries/s offered $(calc "printf \"%.2f\", 100 * $answers / (30000 * $SECONDS_EACH)") % answered, $(sed 's/.*\(p99 .* us\).*/\1/' "$DIR/offered"), beside $(of_run rate) updates/s (10,000 offered; p99 $(of_run p99_us) us)"
}
questions() { # names to questions for ELOC, each behind its length
	/usr/bin/python3 -c '
import struct, sys
for line in sys.stdin:
    name = b"".join(bytes([len(l)]) + l.encode() for l in line.strip().split(".")[:-1]) + b"\0"
    m = struct.pack(">HHHHHH", 0, 0, 1, 0, 0, 0) + name + struct.pack(">HH", 65301, 1)
    sys.stdout.buffer.write(struct.pack(">H", len(m)) + m)'
}
run_server() { # SERVER SIZE MODE
	local from loaded
	TYPE=AAAA
	[ "$1" != mapd ] || TYPE=TYPE65301
	rm -rf "$DIR/server"
	mkdir -p "$DIR/server"
	: >"$DIR/log"
	make_zone "$3" "$2"
	from=$(now)
	if ! "load_$1" || ! wait_signed "$from"; then
		echo "  $1 is not measured at $2 identities: $(cat "$DIR/why")"
		put "$2 $3 $1 failed 1"
		stop
		return
	fi
	loaded=$(since "$from")
	put "$2 $3 $1 load $loaded"
	echo "  $1: $2 identities loaded and signed in $loaded s, $(($(memory "$PID") / 1024)) MB"
	measure "$1" "$3" "$2"
	if [ "$1.$3" = mapd.tsig ] && [ $EXTRAS = yes ]; then extras "$2"; fi
	stop
}
# A peer that took long for fewer, or could not, is not tried with more.
too_many() { # SERVER SIZE
	local size load
	for size in "${SIZES[@]}"; do
		[ "$size" -lt "$2" ] || continue
		[ -z "$(get "$size" tsig "$1" failed)" ] || return 0
		load=$(get "$size" tsig "$1" load)
		if [ -n "$load" ] && calc "exit !($load * $2 / $size > 2 * $LOAD_LIMIT)"; then
			echo "  $1 is not tried with $2 identities: $load s for $size"
			return 0
		fi
	done
	return 1
}
run_floor() { # SIZE: with mapd's batch, and then at the pace of half of mapd's rate
	local batch half
	batch=$(get "$1" tsig mapd batch) half=$(get "$1" tsig mapd half_offered)
	# shellcheck disable=SC2086 # several options
	"$BENCH/floor" -n "$1" -b "${batch:-256}" -t "$SECONDS_EACH" -p "${half:-0}" ${EIDMAP_FLOOR:-} "$DIR/floor" >"$DIR/run" || fail floor
	rm -rf "$DIR/floor"
	put "$1 tsig floor rate $(of_run rate)"
	echo "  floor: $(of_run rate) updates/s with ${batch:-256} a commit; $(of_run bytes) bytes written each"
	[ -n "$half" ] || return 0
	put "$1 tsig floor half_p99_us $(of_run paced_p99_us)"
	echo "    floor at $half/s: median $(of_run paced_median_us) us, p99 $(of_run paced_p99_us) us"
}

# ------------------------------------------------------------------------------------------ report

rate_of() { # SERVER SIZE: its own, or its highest of smaller ones
	local rate size
	rate=$(get "$2" tsig "$1" rate)
	if [ -z "$rate" ]; then
		rate=$(for size in "${SIZES[@]}"; do [ "$size" -ge "$2" ] || get "$size" tsig "$1" rate; done | sort -n | tail -n 1)
	fi
	echo "${rate:-0}"
}
best_peer() { local s; for s in bind knot pdns; do rate_of $s "$1"; done | sort -n | tail -n 1; }
report() {
	local size mode rate peer floor server row
	echo
	printf '%-10s %-13s %8s %8s %8s %8s %8s %10s %10s\n' identities updates mapd BIND Knot PowerDNS floor mapd/peer mapd/floor
	for size in "${SIZES[@]}"; do
		for mode in ${MODES//,/ }; do
			rate=$(get "$size" "$mode" mapd rate)
			[ $mode = tsig ] || [ -n "$rate" ] || continue
			peer=$(best_peer "$size")
			floor=''
			[ $mode != tsig ] || floor=$(get "$size" tsig floor rate)
			row=$(printf '%-10s %-13s %8s' "$size" "$mode" "${rate:--}")
			for server in bind knot pdns floor; do
				if [ $mode != tsig ]; then row+=$(printf ' %8s' -)
				elif [ -n "$(get "$size" tsig $server rate)" ]; then row+=$(printf ' %8s' "$(get "$size" tsig $server rate)")
				else row+=$(printf ' %8s' "($(rate_of $server "$size"))"); fi
			done
			row+=$(calc "printf \" %10s\", ($peer > 0 ? sprintf(\"%.1f\", ${rate:-0} / $peer) : \"-\")")
			row+=$(calc "f = ${floor:-0}; printf \" %10s\", (f > 0 ? sprintf(\"%.2f\", ${rate:-0} / f) : \"-\")")
			echo "$row"
		done
	done
	echo "(in brackets: the peer's highest figure at a smaller size)"
}
floor_waits() { # SIZE MODE
	local us
	us=$(get "$1" "$2" floor half_p99_us)
	[ -z "$us" ] || echo " (bare LMDB: $us us)"
}
goals() {
	local size rate floor mode row half offered
	has "$SERVERS" mapd || return
	for size in "${SIZES[@]}"; do
		rate=$(get "$size" tsig mapd rate)
		floor=$(get "$size" tsig floor rate)
		if [ "$size" -le 10000 ]; then
			has "$MODES" tsig && goal "${rate:-0} >= 20000" "$size identities: ${rate:-0} TSIG updates/s (goal: 20,000)"
			for row in p256:8000 ed25519:6000 p256-proof:3500 ed25519-proof:3500; do
				has "$MODES" "${row%:*}" || continue
				rate=$(get "$size" "${row%:*}" mapd rate)
				goal "${rate:-0} >= ${row#*:}" "$size identities: ${rate:-0} SIG(0) updates/s, ${row%:*} (goal: ${row#*:})"
			done
		elif [ "$size" -ge 1000000 ]; then # in between is for the curve
			goal "${rate:-0} >= 0.6 * ${floor:-1e9}" "$size identities: ${rate:-0} updates/s, at least 60 % of the floor's ${floor:--}"
			goal "${rate:-0} >= 10 * $(best_peer "$size")" "$size identities: ${rate:-0} updates/s, at least ten times the best peer's $(best_peer "$size")"
		fi
		for mode in ${MODES//,/ }; do
			half=$(get "$size" "$mode" mapd half_p99_us)
			[ -n "$(get "$size" "$mode" mapd rate)" ] || continue # said above, or not asked for
			offered=$(get "$size" "$mode" mapd half_offered) rate=$(get "$size" "$mode" mapd half_rate)
			goal "${half:-1e9} < $((size >= 10000000 ? 50000 : 20000)) && ${rate:-0} >= 0.99 * ${offered:-1}" \
				"$size identities, $mode: p99 of the acknowledgement at half the rate ${half:--} us, ${rate:-0}/s of ${offered:--}/s acknowledged$(floor_waits "$size" "$mode")"
		done
	done
}

: >"$DIR/results"
echo "$(nproc) cores; $(named -v); $(knotd -V); PowerDNS $(pdns_server --version 2>&1 | grep -oE '[0-9]+\.[0-9.]+' | head -n 1); $SECONDS_EACH s each"
for size in "${SIZES[@]}"; do
	echo "$size identities"
	for server in ${SERVERS//,/ }; do
		if [ "$server" = floor ]; then run_floor "$size"; continue; fi
		if [ "$server" != mapd ]; then
			if has "$MODES" tsig && ! too_many "$server" "$size"; then run_server "$server" "$size" tsig; fi
			continue
		fi
		# each with a database of its own: of a key, 64 messages are remembered
		for mode in ${MODES//,/ }; do
			[ "$mode" = tsig ] || [ "$size" -le 10000 ] || continue
			run_server mapd "$size" "$mode"
		done
	done
done
report
goals
exit $missed
