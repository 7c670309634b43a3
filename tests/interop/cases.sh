#!/usr/bin/env bash
# cases.sh - the case files of tests/cases over the sockets of a real mapd, UDP and TCP, with and without DO; and
# what they ask is asked of NSD, Knot DNS, BIND and PowerDNS too, so that no expectation is only our own.
# needs: dig nsd knot bind9 pdns sqlite3
# beside: yes
# limit: 300
# usage: cases.sh [CASE...]
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
TOP=$(mktemp -d "${TMPDIR:-/tmp}/cases.XXXXXX")
pids=()
end_all() { [ ${#pids[@]} = 0 ] || { kill "${pids[@]}"; wait "${pids[@]}"; pids=(); } 2>/dev/null; }
trap 'end_all; rm -rf "$TOP"' EXIT
fail() { echo "not ok $NAME: $1"; [ $# = 1 ] || tail -n 20 "$2" | sed 's/^/    | /'; exit 1; }
# shellcheck source=tests/interop/diff/servers.inc
. "$SOURCE/tests/interop/diff/servers.inc"

# What the case file has of the configuration.
configure() { # CASE
	awk -v port=$MAPD -v d="$DIR" '
		BEGIN { printf "listen: [127.0.0.1@%s]\ndatabase: %s/db\ncontrol: %s/control\nmap-size: 1G\n", port, d, d }
		function zone(z) { sub(/\.$/, "", z); if (z == "") z = "."; if (!(z in rule)) { order[++n] = z; rule[z] = "private-locators: true" }; return z }
		$1 == "zone" && NF == 4 && !seen[$2]++ { z = zone($2); rule[z] = rule[z] ", denial: " $3; denial[z] = $3 }
		$1 == "zone" && NF == 3 { zone($2) }
		$1 == "zone" { last[zone($2)] = $NF }
		$1 == "prefix" { z = zone($2); rule[z] = rule[z] ", prefix: \"" $3 "/" $4 "\"" }
		$1 == "configured" { zone($2) }
		$1 == "said" { printf "version: %s\nidentity: %s\n", $2, $3 }
		END { if (n > 0) print "zones:"
			for (i = 1; i <= n; i++) { print "  \"" order[i] "\": {" rule[order[i]] "}"
				if (order[i] in last) print order[i], denial[order[i]] > d "/zones.list" } }' "$1" >"$DIR/mapd.yaml"
}
# Queries that ask.c can ask: class IN, and nothing odd about their form. Every one with and without DO.
questions() { # CASE
	awk '$1 == "query" && !/ \+(class|flags|questions|once|bufsize|noedns|edns)/ {
		type = $3; sub(/^EPID$/, "TYPE65300", type); sub(/^ELOC$/, "TYPE65301", type)
		if (!seen[$2, type]++) { print $2, type, 0; print $2, type, 1 } }' "$1"
}
# shellcheck disable=SC2086 # one word a server
compare() { # CASE: unless its head says why not
	local without
	without=$(sed -n '1,8s/^# peers: without \(.*\): .*/\1/p' "$1")
	[ "$without" != all ] || return
	dump
	questions "$1" >"$DIR/questions"
	start_peers $without
	ask_all "$DIR/questions"
	if /usr/bin/python3 "$SOURCE/tests/interop/diff/explain.py" "$SOURCE/tests/interop/diff/explained" "$DIR/differences" $without >"$DIR/said"; then
		echo "ok $NAME: as the others, or explained"
	else
		echo "not ok $NAME: as the others, or explained"
		grep -E '^# +(unexplained|alone)' -A1 "$DIR/said"
	fi
	sed 's/^/# /' "$DIR/asked"
}

port=$MAPD
[ $# -gt 0 ] || set -- "$SOURCE"/tests/cases/*.case
for file; do
	NAME=$(basename "$file" .case) DIR=$TOP/$(basename "$file" .case)
	mkdir "$DIR"
	# ports of its own: a child of NSD may have those of the case before for a moment more
	MAPD=$((port)) NSD=$((port + 1)) KNOT=$((port + 2)) BIND=$((port + 3)) PDNS=$((port + 4)) port=$((port + 5))
	configure "$file"
	run_mapd
	if "$BUILD/tests/mapd/replay" 127.0.0.1 $MAPD "$BUILD/mapctl/mapctl" "$DIR/control" "$file" >"$DIR/replayed" 2>&1; then
		echo "ok $NAME: $(tail -n 1 "$DIR/replayed")"
	else
		echo "not ok $NAME: over sockets"
		sed 's/^/    | /' "$DIR/replayed"
	fi
	compare "$file"
	end_all
	rm -rf "$DIR"
done
