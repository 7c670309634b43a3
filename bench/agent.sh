#!/usr/bin/env bash
# agent.sh - what resolverd takes and what it costs to be asked, in the two-provider testbed: memory of cached mappings, time on
# a CPU when nobody asks and when sessions run, and a connection to a name that was never looked up.
# needs: root namespaces mptcp
#
# usage: bench/agent.sh [PART...]     of memory, sessions, connect (all)
#   IDENTITIES, SESSIONS, NAMES     in the environment (100000, 100, 200)
#
# Goals: 100,000 mappings in less than 100 MB; under 1 % of a core when idle with them; under 5 % with 100 sessions that send a
# block each 50 ms both ways, whoever manages their paths; and a connection within 5 ms of the round trips that its look-up needs,
# one where name and identity share a zone, else two. Exits 1 when one is missed.
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=agent
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$(readlink -f "$0")")/../tests/survive/bed.inc"
IDENTITIES=${IDENTITIES:-100000} SESSIONS=${SESSIONS:-100} NAMES=${NAMES:-200}
LOOK=10      # seconds for which time on a CPU is counted, three times; the median of these counts
BLOCK=2048   # octets, in each direction of each session ...
PACE=50      # ... every so many ms
DELAY=20     # ms of a round trip to the distant server
DISTANT=2001:db8:0:53::99
missed=0

calc() { awk "BEGIN { $1 }" </dev/null; }
goal() { # CONDITION WHAT: of what is as large as the goals have it
	if [ "$IDENTITIES" -lt 100000 ] || [ "$SESSIONS" -lt 100 ] || [ "$NAMES" -lt 100 ]; then echo "measured: $2"
	elif calc "exit !($1)"; then echo "held: $2"
	else echo "missed: $2"; missed=1; fi
}
agent_pid() { awk '/^Pid/ { print $2; exit }' "/proc/${PID[agent-$1]}/status"; } # NODE: fig1 exec is replaced by what it runs
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$(agent_pid r)/status"; } # KiB
ticks() { sed 's/.*) //' "/proc/$(agent_pid "$1")/stat" | awk '{ print $12 + $13 }'; } # NODE: of all threads
busy() { awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; } # ticks of all programs
# Counts three times, a while each, what the agents of these nodes take: medians to used, in percent of a core. What else went on
# is said too: where all cores are busy, what waits for one comes late, and takes less in a second.
look() { # NODE...
	local node i from ms before hz
	declare -A base
	hz=$(getconf CLK_TCK)
	for node in "$@"; do : >"$WORK/spent.$node"; done
	for i in 1 2 3; do
		for node in "$@"; do base[$node]=$(ticks "$node"); done
		before=$(busy) from=$(now_ms)
		pass $LOOK
		ms=$(($(now_ms) - from))
		for node in "$@"; do
			calc "printf \"%.2f\\n\", ($(ticks "$node") - ${base[$node]}) / $hz * 100000 / $ms" >>"$WORK/spent.$node"
		done
		calc "printf \"%.0f\\n\", ($(busy) - $before) / $hz * 100000 / $ms / $(nproc)" >>"$WORK/spent.all"
	done
	for node in "$@"; do
		used[$node]=$(sort -n "$WORK/spent.$node" | sed -n 2p)
		echo "three times $LOOK s on $node: $(paste -sd' ' "$WORK/spent.$node") % of a core"
	done
	echo "all programs together: $(tail -n 3 "$WORK/spent.all" | paste -sd' ') % of $(nproc) cores"
}
cached() { ctl r -j status | sed -nE 's/.*"cached": ?([0-9]+).*/\1/p'; }
counter() { ctl r -j status | sed -nE "s/.*\"$1\": ?([0-9]+).*/\1/p"; }

# --- memory, and nothing to do ---

part_memory() {
	local zone=id.bench.test before after count grown
	declare -A used
	"$BUILD/bench/premake" -n "$IDENTITIES" zone | awk '{ $2 = 3600; print }' >"$WORK/zone"
	mapctl zone load $zone "$WORK/zone" >"$WORK/load.log" 2>&1 || give_up "a zone of $IDENTITIES identities is loaded"
	mapctl key ds $zone >>"$WORK/anchors" || give_up "it has a key"
	echo "2001:3f:fe00:a00::/56: $zone" >"$WORK/realms.yaml"
	# below 2001:3f:fe00:a00::/56 a name of the zone is the other 72 bits
	awk '$3 == "TYPE65301" && $1 != last { last = $1
		printf "2001:3f:fe00:a%s:%s:%s:%s:%s\n", substr($1, 1, 2), substr($1, 3, 4), substr($1, 7, 4), substr($1, 11, 4), substr($1, 15, 4)
	}' "$WORK/zone" >"$WORK/identities"
	[ "$(sort -u "$WORK/identities" | wc -l)" = "$IDENTITIES" ] || give_up "there are $IDENTITIES identities"
	agent_start r || give_up "resolverd serves"
	head -n 1 "$WORK/identities" >"$WORK/one"
	"$BUILD/bench/fill" "$WORK/r.sock" "$WORK/one" >"$WORK/fill" || give_up "one is looked up: $(cat "$WORK/fill")"
	before=$(resident)
	"$BUILD/bench/fill" "$WORK/r.sock" "$WORK/identities" >"$WORK/fill" || give_up "all are looked up: $(cat "$WORK/fill")"
	after=$(resident) count=$(cached)
	grown=$(calc "printf \"%.1f\", ($after - $before) * 1024 / 1e6")
	cat "$WORK/fill"
	echo "resident before: $before KiB, with the first of them cached; after: $after KiB"
	echo "mapctl status: $count results cached, $(counter cache.evicted) left for want of room"
	echo "in what has grown are libunbound's caches, capped apart: messages at 16 MiB, records at 32 (resolve/settings.c)"
	goal "$count >= $IDENTITIES && $grown < 100" "memory: $count mappings cached, all of them secure: $grown MB more, libunbound's caches included (goal: 100000 in under 100 MB)"

	look r
	[ "$(cached)" = "$count" ] || give_up "$(cached) of $count mappings are still cached"
	goal "${used[r]} < 1" "idle: ${used[r]} % of a core, $count mappings cached and no client (goal: under 1 %)"
	finish agent-r
	rm "$WORK/realms.yaml"
}

# --- sessions ---

crowd() { # PROGRAM NODE MODE WHOM
	MAP_SOCKET=$WORK/$2.sock start "$1" "$2" "$BUILD/bench/crowd" "$3" "$4" 7000 "$SESSIONS" $BLOCK $PACE
}
both_paths() { [ "$(led r 7000 | sort | uniq -c | awk '{ print $1 }' | paste -sd' ')" = "$SESSIONS $SESSIONS" ]; }
mark() { tell "$1" USR1; wait_line "$1" '^mark ' 5; } # PROGRAM
# Both ends have sent what they should, on time, and heard what the other one sent.
paced() { # LINE MS
	calc "want = $SESSIONS * $2 / $PACE; exit !($(field sent "$1") > 0.9 * want && $(field late "$1") < 0.01 * want &&
		$(field received "$1") > 0.9 * want * $BLOCK)"
}
part_sessions() {
	local paths node from line
	declare -A used
	for paths in kernel manage; do
		for node in host r; do agent_start $node "paths: $paths" || give_up "resolverd serves on $node"; done
		crowd far host listen "$HOST_ID"
		wait_line far '^listening' 10 >"$WORK/out" || give_up "somebody listens"
		crowd near r connect host.example.test
		wait_line near '^connected' 60 >"$WORK/out" || give_up "$SESSIONS sessions: $(tail -n 1 "$WORK/near.log")"
		soon 30 both_paths || give_up "$SESSIONS sessions by two paths each: $(led r 7000 | sort | uniq -c | paste -sd,)"
		mark far >"$WORK/out" && mark near >"$WORK/out" || give_up "they talk"
		from=$(now_ms)
		look host r
		from=$(($(now_ms) - from))
		for node in far near; do
			line=$(mark $node) && paced "$line" $from || give_up "they keep their pace: $node: $line in $from ms"
		done
		both_paths || give_up "both paths of all sessions stand still"
		for node in host r; do
			goal "${used[$node]} < 5" "sessions: paths: $paths: ${used[$node]} % of a core on $node, $SESSIONS sessions by two paths, $BLOCK octets each $PACE ms both ways, class normal (goal: under 5 %)"
		done
		finish near
		finish far
	done
	finish agent-host
	finish agent-r
}

# --- a connection to a name that was never looked up ---

# Names and identities, in one zone or in two, each with the host's address by provider A.
names_make() { # ZONE ZONE-OF-IDENTITIES PREFIX
	local i out owner name
	: >"$WORK/$1.records"
	: >"$WORK/$2.records"
	for ((i = 0; i <= NAMES; i++)); do
		name=n$i.$1
		out=$(mapctl id new --realm "$3=id.$1" --name "$name" --dir "$WORK/id" --locator "$A") || return 1
		out=$(grep -v '^;' <<<"$out")
		awk -v n="$name." '$1 == n' <<<"$out" >>"$WORK/$1.records"
		awk -v n="$name." '$1 != n' <<<"$out" >>"$WORK/$2.records"
		owner=$(awk '$2 == "ELOC" || $3 == "ELOC" || $4 == "ELOC" { print $1; exit }' <<<"$out")
		echo "$name $name/EPID$([ "$1" = "$2" ] || echo " $owner/ELOC")"
	done >"$WORK/$1.list"
}
zone_head() { printf '$TTL 300\n@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n@ NS ns.test.\n'; }
zones_load() { # ZONE [CHILD]
	local zone
	for zone in "${@:2}" "$1"; do
		{ zone_head
		  [ "$zone" != "$1" ] || [ $# = 1 ] || { echo "id NS ns.test."; cat "$WORK/ds"; }
		  cat "$WORK/$zone.records"; } >"$WORK/$zone.zone"
		mapctl zone load "$zone" "$WORK/$zone.zone" && mapctl key ds "$zone" >"$WORK/ds" || return 1
	done >"$WORK/load.log" 2>&1
	cat "$WORK/ds" >>"$WORK/anchors"
}
part_connect() {
	local zone line asked trips
	declare -A least=([one.bench]=1 [two.bench]=2)
	declare -A where=([one.bench]="in the zone of their identities" [two.bench]="in another zone than their identities")
	names_make one.bench one.bench 2001:3f:fe00:b00::/56 && zones_load one.bench || give_up "a zone of $NAMES names and their identities"
	names_make two.bench id.two.bench 2001:3f:fe00:c00::/56 && zones_load two.bench id.two.bench ||
		give_up "two zones, of $NAMES names and of their identities"
	"$FIG1" exec ns ip address add $DISTANT/128 dev lo
	start relay ns "$BUILD/bench/relay" "$DISTANT@53" "$FIG1_NS@53" $DELAY
	wait_line relay '^relays' 5 >"$WORK/out" || give_up "a distant server"
	"$FIG1" exec core ip -6 route replace $DISTANT/128 via "$FIG1_NS" dev ns
	start sink host /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 7000)); s.listen(1024); print("listening", flush=True)
while True: s.accept()[0].close()'
	wait_line sink '^listening' 10 >"$WORK/out" || give_up "somebody accepts"
	for zone in one.bench two.bench; do
		trips=${least[$zone]}
		agent_start r "  bench: [$DISTANT@53]" || give_up "resolverd serves"
		MAP_SOCKET=$WORK/r.sock "$FIG1" exec r "$BUILD/bench/connect" "$DISTANT@53" 7000 "$WORK/$zone.list" >"$WORK/figures" ||
			give_up "sessions to $NAMES names of $zone"
		line=$(cat "$WORK/figures") asked=$(field questions "$(mark relay)")
		echo "$zone, ms: $line"
		echo "$asked questions came to the server, $((trips * (NAMES + 1))) of them to compare with"
		goal "$(field difference "$line") <= 5" "connect: $NAMES names ${where[$zone]}, cold, trust chain warm: $(field connect "$line") ms, $(field difference "$line") ms more than the look-up's $(field questions "$line") (medians; p99 $(field difference_p99 "$line") ms more; goal: at most 5 ms more)"
	done
	finish relay
	finish sink
	finish agent-r
}

[ $# -gt 0 ] || set -- memory sessions connect
realm_start
for part in "$@"; do
	[ "$(type -t "part_$part")" = function ] || give_up "no part $part"
	"part_$part"
done
exit $missed
