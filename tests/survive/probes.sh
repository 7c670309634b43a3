#!/usr/bin/env bash
# probes.sh - what probing costs: a healthy pair at rest, of UDP and of MPTCP, no more than 1 % of the packets of 10 Mbit/s, also
# when its round trip is long; a suspect one no more than 100 probes a second, over any 200 ms, and after a minute few.
# usage: probes.sh [-l]     -l: waits for that minute
# needs: root namespaces mptcp
# limit: 240
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=probes
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
LONG=${1:-} STREAMS=4 # they share their pairs, and so probes
PACKETS=863 # a second, of 1448 octets each: 10 Mbit/s
FAST='classes: {any: {watch: fast}}'
counted() { tell count USR1; line=$(wait_line count '^mark ' 5); } # what was, since the last time
count() { counted; pass "$1"; counted && echo "$line"; } # SECONDS
is() { test "$(field "$1" "$line")" "$2" "$3"; } # FIELD -OPERATOR NUMBER
# Probes and answers; one of each may fall on the edge.
is_cheap() {
	local n ms
	n=$(($(field probes "$line") + $(field answers "$line") - 2)) ms=$(field ms "$line")
	[ $((n * 100 * 1000)) -le $((PACKETS * ms)) ]
}
datagrams() { # an asker on the host
	MAP_SOCKET=$WORK/host.sock start talk host "$BUILD/examples/datagrams" r.example.test 7000
	line=$(wait_line talk '^connected ' 15) && echo "$line"
}
agents() { # LINE...
	local node
	for node in host r; do agent_start $node 'exits: off' "$FAST" "$@" || give_up "resolverd serves on $node"; done
}
streams() { # PATHS: STREAMS from the host to r, each by so many
	local i
	for ((i = 1; i <= STREAMS; i++)); do
		MAP_SOCKET=$WORK/r.sock start receiver$i r "$BUILD/tests/survive/pace" listen "$R_ID" 700$i up
		wait_line receiver$i '^listening' 5 >/dev/null || return 1
		MAP_SOCKET=$WORK/host.sock start sender$i host "$BUILD/tests/survive/pace" connect r.example.test 700$i up
		wait_line sender$i '^connected' 15 >/dev/null && soon 10 by receiver$i "$1" || return 1
	done
}
by() { # NAME PATHS
	local line
	tell "$1" USR1
	line=$(wait_line "$1" '^mark ' 5) && [ "$(field paths "$line")" = "$2" ]
}
each() { # SIGNAL [WHO]
	local i who
	for ((i = 1; i <= STREAMS; i++)); do for who in ${2:-sender receiver}; do tell $who$i "$1"; done; done
}
unstream() {
	local i
	each KILL
	for ((i = 1; i <= STREAMS; i++)); do finish sender$i; finish receiver$i; done
	# their sockets would go on trying for as long again as all was dead, and be suspect
	soon 10 unsocketed || give_up "no socket is left"
}
unsocketed() {
	local node
	for node in host r; do "$FIG1" exec $node ss -HKtn "( sport >= 7001 or dport >= 7001 )"; done >/dev/null 2>&1
	[ -z "$("$FIG1" exec host ss -Hn -A tcp,mptcp "( sport >= 7001 or dport >= 7001 )")" ]
}

realm_start
start echo r "$BUILD/examples/datagrams" -l 7000
wait_line echo '^answers ' 5 >"$WORK/out" || give_up "somebody answers"
start count host /usr/bin/python3 "$SOURCE/tests/survive/probes.py" count
wait_line count '^counts' 5 >"$WORK/out" || give_up "somebody counts"

agents 'paths: off'
ok "UDP, fast: a session" datagrams
ok "at rest: probes, and each is answered" eval 'count 1.5 && is probes -ge 4 && is answers -ge $(($(field probes "$line") - 1))'
ok "and that is cheap: $line" is_cheap
finish talk
agent_start r 'paths: off' 'probe: off' 'exits: off' || give_up "resolverd serves on r"
start far r /usr/bin/python3 "$SOURCE/tests/survive/probes.py" answer 40
wait_line far '^answers' 5 >"$WORK/out" || give_up "somebody is far"
agent_start host 'paths: off' 'exits: off' "$FAST" || give_up "resolverd serves on the host"
ok "UDP, fast, a round trip of 40 ms: a session" datagrams
# its first probes come before its round trip is known
ok "at rest: probes, and each is answered" eval 'pass 0.5; count 1.5 && is probes -ge 4 && is answers -ge $(($(field probes "$line") - 1))'
ok "and that is cheap: $line" is_cheap
finish talk
finish far

for paths in kernel manage; do
	agents "paths: $paths"
	ok "MPTCP, $paths: streams by both providers" streams 2
	each STOP sender
	ok "MPTCP, $paths: at rest, no probe in a second" eval 'pass 0.5; count 1 && is probes -eq 0'
	each CONT sender
	ok "MPTCP, $paths: they go on" flows receiver$STREAMS
	"$FIG1" blackhole isp-a
	"$FIG1" blackhole isp-b
	ok "MPTCP, $paths: all is dead: both pairs are probed, at most 20 times in 200 ms each" eval 'count 1 && is pairs -ge 2 && is probes -ge 20 && is most -le 20'
	echo "# $line"
	"$FIG1" restore all
	unstream
	# by one path only: nothing else can be found out but by probes
	"$FIG1" exec host ip -6 address del "$B/64" dev eth0
	ok "MPTCP, $paths: streams by one path" streams 1
	"$FIG1" blackhole isp-a
	ok "MPTCP, $paths: it is dead: it is probed, at most 20 times in 200 ms" eval 'count 1 && is probes -ge 20 && is most -le 20'
	echo "# $line"
	if [ "$LONG" = -l ]; then
		pass 62
		ok "MPTCP, $paths: after a minute, at most 10 times a second" eval 'count 10 && is probes -ge 10 && is probes -le 100'
		echo "# $line"
	fi
	"$FIG1" restore all
	unstream
	"$FIG1" exec host ip -6 address add "$B/64" dev eth0 nodad
	"$FIG1" exec host ip -6 route replace default via "${B%::*}::1" dev eth0 src "$B" table 102
done
exit $failed
