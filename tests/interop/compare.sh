#!/usr/bin/env bash
# compare.sh - the same signed zone served by mapd, NSD and Knot DNS, the same random questions asked
# of all: mapd must not be alone with an answer.
# needs: dig nsd knot dnspython
# limit: 120
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/compare.XXXXXX")
ZONE=example.test MAPD=5871 NSD=5872 KNOT=5873
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$DIR"' EXIT

start_mapd() { # DENIAL
	cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$MAPD]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
	zones: {$ZONE: {denial: $1}}
	Y
	mkfifo "$DIR/ready"
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/mapd.log" &
	pids+=($!)
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { cat "$DIR/mapd.log"; return 1; }
	"$BUILD/mapctl/mapctl" -s "$DIR/control" zone load $ZONE "$SOURCE/tests/cases/basic.zone" &&
		"$BUILD/mapctl/mapctl" -s "$DIR/control" zone dump $ZONE >"$DIR/signed"
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
	nsd -d -c "$DIR/nsd.conf" >"$DIR/nsd.log" 2>&1 &
	pids+=($!)
}
start_knot() {
	mkdir "$DIR/knot"
	cat >"$DIR/knot.conf" <<-C
	server:
	  listen: 127.0.0.1@$KNOT
	  rundir: $DIR/knot
	database:
	  storage: $DIR/knot
	log:
	  - target: stderr
	    any: error
	zone:
	  - domain: $ZONE
	    file: $DIR/signed
	C
	knotd -c "$DIR/knot.conf" >"$DIR/knot.log" 2>&1 &
	pids+=($!)
}
answers() { # NAME PORT: dig itself asks until it is there
	dig @127.0.0.1 -p "$2" +tries=30 +time=1 +short ns1.$ZONE A | grep -q . ||
		{ echo "$1 does not answer:"; cat "$DIR/$1.log"; return 1; }
}
compare() { # DENIAL
	start_mapd "$1" && start_nsd && start_knot && answers nsd $NSD && answers knot $KNOT &&
		/usr/bin/python3 "$SOURCE/tests/interop/compare.py" $ZONE. "$DIR/signed" \
			1 2000 mapd=$MAPD nsd=$NSD knot=$KNOT
}

for denial in nsec3 nsec; do
	if compare $denial >"$DIR/out" 2>&1; then echo "ok answers with $denial are as NSD's or Knot's"; else
		echo "not ok answers with $denial are as NSD's or Knot's"
		sed 's/^/    | /' "$DIR/out"
	fi
	kill "${pids[@]}"
	wait "${pids[@]}" 2>/dev/null
	pids=()
	rm -rf "${DIR:?}"/*
done
