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
MAPD=5881 NSD=5882 KNOT=5883 BIND=5884 PDNS=5885
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$DIR"' EXIT
fail() { echo "not ok $1"; [ $# = 1 ] || tail -n 20 "$2" | sed 's/^/    | /'; exit 1; }

start_mapd() {
	{
		printf 'listen: [127.0.0.1@%s]\ndatabase: %s/db\ncontrol: %s/control\nmap-size: 4G\nzones:\n' $MAPD "$DIR" "$DIR"
		awk '{ print "  " $1 ": {denial: " $2 "}" }' "$DIR/zones.list"
	} >"$DIR/mapd.yaml"
	mkfifo "$DIR/ready"
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/mapd.log" &
	pids+=($!)
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || fail "mapd serves" "$DIR/mapd.log"
	awk -v d="$DIR" '{ print "zone load", $1, d "/zones/" $1 }' "$DIR/zones.list" |
		mapctl - >"$DIR/load.log" 2>&1 || fail "mapd loads all zones" "$DIR/load.log"
}
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
# What mapd signed is what the others serve, so that proofs can be compared octet by octet.
dump() {
	local zone _
	mkdir "$DIR/signed"
	while read -r zone _; do
		mapctl zone dump --plain "$zone" >"$DIR/signed/$zone" || fail "mapd dumps $zone"
	done <"$DIR/zones.list"
}
start_nsd() {
	{
		cat <<-C
			server:
			  ip-address: 127.0.0.1@$NSD
			  server-count: 1
			  username: ""
			  pidfile: "$DIR/nsd.pid"
			  xfrdfile: "$DIR/nsd.xfrd"
			  zonelistfile: "$DIR/nsd.list"
			  zonesdir: "$DIR/signed"
			  xfrdir: "$DIR"
			  database: ""
			  minimal-responses: yes
			  rrl-ratelimit: 0
			  ipv4-edns-size: 4096
			remote-control:
			  control-enable: no
		C
		awk '{ print "zone:\n  name: " $1 "\n  zonefile: " $1 }' "$DIR/zones.list"
	} >"$DIR/nsd.conf"
	nsd -d -c "$DIR/nsd.conf" >"$DIR/nsd.log" 2>&1 &
	pids+=($!)
}
start_knot() {
	mkdir "$DIR/knot"
	{
		cat <<-C
			server:
			  listen: 127.0.0.1@$KNOT
			  rundir: $DIR/knot
			  udp-max-payload: 4096
			database:
			  storage: $DIR/knot
			log:
			  - target: stderr
			    any: error
			template:
			  - id: default
			    storage: $DIR/signed
			    semantic-checks: off
			zone:
		C
		awk '{ print "  - domain: " $1 "\n    file: " $1 }' "$DIR/zones.list"
	} >"$DIR/knot.conf"
	knotd -c "$DIR/knot.conf" >"$DIR/knot.log" 2>&1 &
	pids+=($!)
}
start_bind() {
	mkdir "$DIR/bind"
	awk -v d="$DIR" '{ print "zone \"" $1 "\" { type master; file \"" d "/signed/" $1 "\"; };" }' "$DIR/zones.list" >"$DIR/zones.conf"
	cat >"$DIR/named.conf" <<-C
		options {
			directory "$DIR/bind"; pid-file none; listen-on port $BIND { 127.0.0.1; }; listen-on-v6 { none; };
			recursion no; minimal-responses yes; notify no; dnssec-validation no; check-names primary ignore;
			check-integrity no; check-wildcard no; max-udp-size 4096; edns-udp-size 4096; zone-statistics no;
		};
		controls { };
		include "$DIR/zones.conf";
	C
	named -g -n 1 -c "$DIR/named.conf" >"$DIR/bind.log" 2>&1 &
	pids+=($!)
}
start_pdns() {
	local db=$DIR/pdns/dnssec.db
	mkdir "$DIR/pdns"
	cat >"$DIR/pdns/pdns.conf" <<-C
		launch=bind
		bind-config=$DIR/zones.conf
		bind-dnssec-db=$db
		local-address=127.0.0.1
		local-port=$PDNS
		socket-dir=$DIR/pdns
		cache-ttl=0
		query-cache-ttl=0
		negquery-cache-ttl=0
		zone-cache-refresh-interval=0
		security-poll-suffix=
		udp-truncation-threshold=4096
		dname-processing=yes
		receiver-threads=1
	C
	pdnsutil --config-dir="$DIR/pdns" create-bind-db "$db" >"$DIR/pdns.log" 2>&1 || fail "PowerDNS's database" "$DIR/pdns.log"
	awk '{ print "insert into domainmetadata (domain, kind, content) values (\x27" $1 "\x27, \x27PRESIGNED\x27, \x27" 1 "\x27);"
		if ($2 == "nsec3") print "insert into domainmetadata (domain, kind, content) values (\x27" $1 "\x27, \x27NSEC3PARAM\x27, \x27" "1 0 0 -" "\x27);"
	}' "$DIR/zones.list" | { echo 'begin;'; cat; echo 'commit;'; } | sqlite3 "$db"
	pdns_server --config-dir="$DIR/pdns" --daemon=no --guardian=no --disable-syslog --write-pid=no >"$DIR/pdns.log" 2>&1 &
	pids+=($!)
}
# dig asks until it is there; a server answers for the last zone when it has loaded all.
answers() { # NAME PORT
	local zone
	zone=$(awk 'END { print $1 }' "$DIR/zones.list")
	dig @127.0.0.1 -p "$2" +tries=60 +time=1 +norecurse "$zone" SOA | grep -q 'status: NOERROR' || fail "$1 answers" "$DIR/$1.log"
}

python=/usr/bin/python3
$python "$HERE/generate.py" "$DIR" "$1" "$2" "$3" || fail "zones are made"
start_mapd
dump
start_nsd
start_knot
start_bind
start_pdns
for server in nsd=$NSD knot=$KNOT bind=$BIND pdns=$PDNS; do answers "${server%=*}" "${server#*=}"; done
"$BUILD/tests/interop/diff/ask" "$DIR/questions" mapd=$MAPD nsd=$NSD knot=$KNOT bind=$BIND pdns=$PDNS \
	>"$DIR/differences" 2>"$DIR/asked" || fail "all questions are answered by all" "$DIR/asked"
[ -z "${HOLD:-}" ] || read -r _ <"$HOLD" # a FIFO: look at the servers until somebody writes
$python "$HERE/explain.py" "$HERE/explained" "$DIR/differences"
status=$?
sed 's/^/# /' "$DIR/asked"
exit $status
