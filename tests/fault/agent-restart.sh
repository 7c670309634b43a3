#!/usr/bin/env bash
# agent-restart.sh - do sessions go on when resolverd is killed, stopped and started again under them, on
# the listener's and on the connector's host? In the two-provider testbed, with the example programs; once with the kernel's
# path manager, once with sessions that resolverd manages.
# needs: root namespaces mptcp
# limit: 120
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=agent
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
NODES=(host r)
restore() { "$FIG1" exec "$1" "$BUILD/resolverd/resolverd" --restore >"$WORK/restore.log" 2>&1; } # NODE
agent() { agent_start "$1" "paths: $PATHS"; } # NODE
agent_kill() { tell "agent-$1" KILL; ended "agent-$1"; [ $? = 137 ]; } # NODE
agent_stop() { tell "agent-$1" TERM; ended "agent-$1"; }
ended() { # NAME: its status
	local pid=${PID[$1]} fd=${OUT[$1]}
	exec {fd}<&-
	unset "PID[$1]" "OUT[$1]"
	wait "$pid" 2>/dev/null
}
says() { grep -q "$2" "$WORK/agent-$1.log"; } # NODE PATTERN, in the log of its last start
state() { # NODE
	ip -n "$FIG1_PREFIX-$1" mptcp endpoint show
	ip -n "$FIG1_PREFIX-$1" mptcp limits show
	manager "$1"
}
manager() { "$FIG1" exec "$1" cat /proc/sys/net/mptcp/pm_type; } # NODE
nothing_leads() { ! led "$1" 7000 | grep .; } # NODE
as_before() { diff <(echo "${BEFORE[$1]}") <(state "$1"); }
connect() { # NAME
	MAP_SOCKET=$WORK/r.sock start "$1" r "$BUILD/examples/connector" host.example.test 7000
	line=$(wait_line "$1" '^connected ' 15) || return 1
	SOCKET[$1]="$(field descriptor "$line") $(field socket "$line")"
}
# NAME PATHS: octets came since the last time, over so many paths, and over the same descriptor. The
# first line says what came until now.
carries_on() {
	local line paths=0 deadline=$((SECONDS + 15))
	tell "$1" USR1
	wait_line "$1" '^mark ' 5 || return 1
	while [ $SECONDS -lt $deadline ]; do # a path that was dead is joined again after a while
		tell "$1" USR1
		line=$(wait_line "$1" '^(mark|end) ' 5) || return 1
		echo "$line"
		case $line in end*) return 1 ;; esac
		paths=$(field paths "$line")
		[ "$(field octets "$line")" -gt 0 ] && [ "$paths" -ge "$2" ] && break
	done
	[ "$paths" -ge "$2" ] && [ "$(field descriptor "$line") $(field socket "$line")" = "${SOCKET[$1]}" ]
}

declare -A BEFORE=() SOCKET=()
for node in "${NODES[@]}"; do BEFORE[$node]=$(state $node); done
realm_start
restarts() {
	for node in "${NODES[@]}"; do agent $node || give_up "$PATHS: resolverd serves on $node"; done
	MAP_SOCKET=$WORK/host.sock start listener host "$BUILD/examples/listener" "$HOST_ID" 7000
	wait_line listener '^listening ' 5 >"$WORK/out" || give_up "$PATHS: the listener listens"
	connect session || give_up "$PATHS: a session by identity"
	ok "$PATHS: a session over two paths" carries_on session 2
	[ "$PATHS" = kernel ] || for node in "${NODES[@]}"; do ok "$PATHS: sessions are managed on $node" [ "$(manager $node)" = 1 ]; done

	for node in "${NODES[@]}"; do
		set_was=$(state $node)
		ok "$PATHS: resolverd on $node is killed" agent_kill $node
		ok "$PATHS: the session carries on" carries_on session 2
		ok "$PATHS: it starts again" agent $node
		ok "$PATHS: takes over what was left" says $node 'endpoints taken over from a resolverd that is gone: [12]$'
		ok "$PATHS: as it is" diff <(echo "$set_was") <(state $node)
		ok "$PATHS: and the session carries on" carries_on session 2
	done

	ok "$PATHS: both are killed" eval 'agent_kill host && agent_kill r'
	"$FIG1" blackhole isp-a
	ok "$PATHS: provider A goes: the kernel carries the session on" carries_on session 1
	"$FIG1" restore isp-a
	ok "$PATHS: provider A returns, and resolverd on host" agent host
	ok "$PATHS: resolverd on r" agent r
	ok "$PATHS: the session carries on over both" carries_on session 2
	ok "$PATHS: and a new one is made" connect second
	ok "$PATHS: over both" carries_on second 2

	for node in "${NODES[@]}"; do
		ok "$PATHS: resolverd on $node is stopped" agent_stop $node
		ok "$PATHS: says that endpoints stay, and why" says $node 'endpoints that stay for the sessions that run over them: [12];'
		ok "$PATHS: takes the limits back" diff <(ip -n "$FIG1_PREFIX-ns" mptcp limits) <(ip -n "$FIG1_PREFIX-$node" mptcp limits)
		ok "$PATHS: the session carries on" carries_on session 2
		ok "$PATHS: it starts again" agent $node
		ok "$PATHS: takes over what stayed" says $node 'endpoints taken over from a resolverd that is gone: [12]$'
		ok "$PATHS: and the session carries on" carries_on session 2
	done

	tell second TERM
	ok "$PATHS: a session ends whole" wait_line second '^end ' 5
	tell session TERM
	ok "$PATHS: and so does that one" wait_line session '^end ' 5
	for node in "${NODES[@]}"; do
		ok "$PATHS: nothing of them is left on $node" soon 10 nothing_leads $node
		ok "$PATHS: without sessions, resolverd on $node stops" agent_stop $node
		ok "$PATHS: and all is as before" as_before $node
	done

	for node in "${NODES[@]}"; do agent $node || give_up "$PATHS: resolverd serves again on $node"; done
	connect third || give_up "$PATHS: a session by identity"
	ok "$PATHS: a session" carries_on third 2
	for node in "${NODES[@]}"; do
		ok "$PATHS: under which resolverd on $node is stopped" agent_stop $node
		ok "$PATHS: --restore on $node" restore $node
		ok "$PATHS: takes back what stayed" as_before $node
	done
	for name in listener session second third; do finish $name; done
}
for PATHS in kernel manage; do restarts; done
exit $failed
