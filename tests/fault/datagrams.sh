#!/usr/bin/env bash
# datagrams.sh - does a datagram session go on by another pair when its own dies, is cut off, given up by the mapping, or its
# agent is killed; and is a TCP session that cannot move ended early? In the two-provider testbed, with the example programs.
# needs: root namespaces mptcp
# limit: 240
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=datagrams
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
sessions() { ctl r sessions; }
ok_more() { for id in $(sessions | cut -d' ' -f1); do ctl r why "$id"; done; }
agent() { agent_start "$1" 'paths: off' "${@:2}"; } # NODE [LINE...]
talk() { # NAME: an asker on r, and where it begins
	MAP_SOCKET=$WORK/r.sock start "$1" r "$BUILD/examples/datagrams" host.example.test 7000
	line=$(wait_line "$1" '^connected ' 15) || return 1
	SOCKET[$1]="$(field descriptor "$line") $(field socket "$line")"
	echo "$line"
}
# NAME EVENT DESTINATION MS: it says so, is there, with the descriptor it began with, and was without answers no longer
becomes() {
	line=$(wait_line "$1" "^(moved|cut-off|back|ended|end) " 20) || return 1
	echo "$line"
	[[ $line == "$2 "* ]] && [ "$(field destination "$line")" = "$3" ] &&
		[ "$(field descriptor "$line") $(field socket "$line")" = "${SOCKET[$1]}" ] || return 1
	[ "$2" = cut-off ] || answered "$1" "$4"
}
# NAME MS: answers come again, and the longest time without is no longer than that
answered() {
	local gap=0 came=0
	for _ in {1..500}; do
		tell "$1" USR1
		line=$(wait_line "$1" '^mark ' 5) || return 1
		[ "$(field gap "$line")" -le $gap ] || gap=$(field gap "$line")
		came=$((came + $(field came "$line")))
		[ $came -lt 10 ] || break
	done
	echo "answers $came, longest time without $gap ms"
	[ $came -ge 10 ] && [ $gap -le "$2" ]
}
fresh() { tell "$1" USR1; wait_line "$1" '^mark ' 5 >/dev/null; } # NAME: gaps are counted from here
why() { ctl r why "$(sessions | head -n 1 | cut -d' ' -f1)" | tee /dev/stderr | grep -qE "$1"; } # PATTERN

declare -A SOCKET=()
TTL=5 # of the set: how soon a change is followed
realm_start $TTL
start echo host "$BUILD/examples/datagrams" -l 7000
wait_line echo '^answers ' 5 >"$WORK/out" || give_up "somebody answers"
agent r || give_up "resolverd serves on r"

# a firewall of the host, say, lets no probe through: the first session waits for answers, the next one does not
start deaf host /usr/bin/python3 -c '
import signal, socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 4177)); print("deaf", flush=True); signal.pause()'
wait_line deaf '^deaf' 5 >"$WORK/out" || give_up "somebody hears no probes"
ok "a session to who answers no probes" eval 'talk mute && ms=$(field gap "$line") && [ "$ms" -le 600 ]'
ok "and the next one without waiting" eval 'talk mute2 && [ $(($(field gap "$line") + 100)) -le "$ms" ]'
for name in mute mute2 deaf; do tell $name KILL; finish $name; done
ok "which are forgotten" eval 'for i in {1..100}; do [ -z "$(sessions)" ] && break; done; [ -z "$(sessions)" ]'

# the host has no agent: its kernel says that the probe's port is closed, which is an answer, six times in a row at most
ok "a session, by the preferred provider" eval 'talk talk && [ "$(field destination "$line")" = "$A" ]'
ok "answers come" answered talk 200
ok "mapsessions" eval "sessions | grep -qE '^3 udp $FIG1_R port [0-9]+ -> $A port 7000, 2001:3f:fe00:.*, any, user 0'"
fresh talk
"$FIG1" blackhole isp-a
ok "provider A goes silent: it moves" becomes talk moved "$B" 8500
ok "and why" why "moves to $B: probes are not answered: no answer"
"$FIG1" blackhole isp-b
ok "both are silent: cut off" becomes talk cut-off "$B"
"$FIG1" restore isp-b
ok "and back" becomes talk back "$B" 20000
"$FIG1" restore isp-a
fresh talk
ok "provider A is back: it stays where it is" answered talk 100
"$FIG1" fail isp-b-site
ok "provider B is cut off, and says so: it moves" becomes talk moved "$A" 8500
"$FIG1" restore isp-b-site

# the agent is killed under it
fresh talk
ok "resolverd is killed" eval 'tell agent-r KILL; finish agent-r; true'
ok "the session goes on" answered talk 100
ok "it starts again" agent r
ok "and hears of the session" eval 'for i in {1..100}; do [ -n "$(sessions)" ] && break; fresh talk; done; [ -n "$(sessions)" ]'

# with an agent at the other end, which answers probes; one on r that has not heard lately that nothing listens there
tell talk TERM
ok "it ends" wait_line talk '^end ' 5
finish talk
agent host || give_up "resolverd serves on host"
tell agent-r TERM
finish agent-r
agent r || give_up "resolverd serves on r again"
ok "another session" talk talk
ok "answers come" answered talk 200
fresh talk
at=$(field destination "$line")
if [ "$at" = "$A" ]; then isp="isp-a" at=$B; else isp="isp-b" at=$A; fi
"$FIG1" blackhole $isp
ok "an agent on the other side: it moves" becomes talk moved "$at" 2000
"$FIG1" restore $isp
ok "and back" eval 'for i in {1..30}; do "$FIG1" exec r ping -c 1 -W 1 "$([ "$at" = "$A" ] && echo "$B" || echo "$A")" && break; done'
fresh talk
[ "$at" = "$A" ] && isp="isp-a" at=$B || isp="isp-b" at=$A
sed -i "/$isp/s/\$/ drain/" "$WORK/zones/site.records"
site_load || give_up "the set can be changed"
in_time() { becomes talk moved "$at" 100 && took=$(($(now_ms) - changed)) && [ $took -le $(((TTL + 1) * 1000 + 500)) ]; }
ok "its provider is drained in the mapping: it moves within the set's TTL and a second" in_time
ok "and why" why "moves to $at: the mapping changed"
sed -i 's/ drain//' "$WORK/zones/site.records"
site_load || give_up "the set can be changed back"

tell talk TERM
ok "it ends" wait_line talk '^end ' 5
ok "and is forgotten" eval 'for i in {1..100}; do [ -z "$(sessions)" ] && break; done; [ -z "$(sessions)" ]'

# TCP that cannot move: the listener's kernel has no MPTCP
"$FIG1" exec host sysctl -qw net.mptcp.enabled=0
MAP_SOCKET=$WORK/host.sock start listener host "$BUILD/examples/listener" "$HOST_ID" 7001
wait_line listener '^listening ' 5 >"$WORK/out" || give_up "the listener listens"
MAP_SOCKET=$WORK/r.sock start tcp r "$BUILD/examples/connector" host.example.test 7001
ok "a TCP session" eval 'line=$(wait_line tcp "^connected " 15) && [ "$(field transport "$line")" = tcp ]'
at=$(field destination "$line")
echo "$line" >"$WORK/tcp"
if [ "$at" = "$A" ]; then isp="isp-a"; else isp="isp-b"; fi
ok "is watched" eval 'sessions | grep -q " tcp "'
"$FIG1" blackhole "$isp"
SECONDS=0
ok "its provider goes silent: it is ended, not left to hang" eval '
	wait_line tcp "^end " 15 && [ $SECONDS -le 4 ] && { finish tcp; grep -q "connection abort" "$WORK/tcp.log"; }'
ok "and another one begins by the other provider" eval '
	MAP_SOCKET=$WORK/r.sock start tcp2 r "$BUILD/examples/connector" host.example.test 7001
	line=$(wait_line tcp2 "^connected " 15) && echo "$line" && [ "$(field ms "$line")" -le 100 ] && [ "$(field destination "$line")" != "$at" ]'
"$FIG1" restore "$isp"
exit $failed
