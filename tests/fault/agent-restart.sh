#!/usr/bin/env bash
# agent-restart.sh - do sessions go on when resolverd is killed, stopped and started again under them, on
# the listener's and on the connector's host? In the two-provider testbed, with the example programs; once with the kernel's
# path manager, once with sessions that resolverd manages.
# needs: root namespaces mptcp
# limit: 120
# shellcheck disable=SC2317 # functions are called by ok
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
if [ -z "${AGENT_INSIDE:-}" ]; then
	unset FIG1_PREFIX
	failed=0
	for paths in kernel manage; do
		AGENT_INSIDE=$paths FIG1_QUIET=1 FIG1_SITE_A=random FIG1_SITE_B=random \
			"$SOURCE/tests/testbed/fig1" run "$0" || failed=1
	done
	exit $failed
fi
WORK=$(mktemp -d "${TMPDIR:-/tmp}/agent.XXXXXX")
# shellcheck source=tests/demo/realm.sh
. "$SOURCE/tests/demo/realm.sh"
# shellcheck source=tests/demo/run.sh
. "$SOURCE/tests/demo/run.sh"
NODES=(host r)
clean_up() {
	local node
	finish_all
	for node in "${NODES[@]}"; do restore "$node"; done
	rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$WORK/out" 2>&1; then echo "ok agent: $AGENT_INSIDE: $what"; return; fi
	echo "not ok agent: $AGENT_INSIDE: $what"
	sed 's/^/    | /' "$WORK/out"
	tail -n 5 "$WORK"/agent-*.log | sed 's/^/    | /'
}
give_up() { echo "not ok agent: $AGENT_INSIDE: $*"; tail -n 5 "$WORK"/*.log | sed 's/^/    | /'; exit 1; }
restore() { "$FIG1" exec "$1" "$BUILD/resolverd/resolverd" --restore >"$WORK/restore.log" 2>&1; } # NODE
agent_start() { # NODE
	printf '%s\n' "socket: $WORK/$1.sock" "control: $WORK/$1.control" "trust-anchors: [$WORK/anchors]" \
		"paths: $AGENT_INSIDE" 'stubs:' "  test: [$FIG1_NS@53]" "  8.b.d.0.1.0.0.2.ip6.arpa: [$FIG1_NS@53]" >"$WORK/$1.yaml"
	start "agent-$1" "$1" "$BUILD/resolverd/resolverd" -c "$WORK/$1.yaml" --ready-fd 1
	wait_ready "agent-$1" 10
}
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
realm_make "$FIG1_SITE_A" "$FIG1_SITE_B" "$FIG1_R" >"$WORK/realm.log" 2>&1 || give_up "identities can be made"
printf '%s\n' "listen: [\"$FIG1_NS@53\"]" "database: $WORK/db" "control: $WORK/mapd.control" 'zones:' \
	'  - name: id.example.test' '    prefix: 2001:3f:fe00:a00::/56' >"$WORK/mapd.yaml"
start mapd ns "$BUILD/mapd/mapd" -c "$WORK/mapd.yaml" --ready-fd 1
wait_ready mapd 10 || give_up "mapd serves"
realm_load "$FIG1_SITE_A" "$FIG1_SITE_B" >>"$WORK/realm.log" 2>&1 || give_up "the zones are loaded"
for node in "${NODES[@]}"; do agent_start $node || give_up "resolverd serves on $node"; done
MAP_SOCKET=$WORK/host.sock start listener host "$BUILD/examples/listener" "$HOST_ID" 7000
wait_line listener '^listening ' 5 >"$WORK/out" || give_up "the listener listens"
connect session || give_up "a session by identity"
ok "a session over two paths" carries_on session 2
[ "$AGENT_INSIDE" = kernel ] || for node in "${NODES[@]}"; do ok "sessions are managed on $node" [ "$(manager $node)" = 1 ]; done

for node in "${NODES[@]}"; do
	set_was=$(state $node)
	ok "resolverd on $node is killed" agent_kill $node
	ok "the session carries on" carries_on session 2
	ok "it starts again" agent_start $node
	ok "takes over what was left" says $node 'endpoints taken over from a resolverd that is gone: [12]$'
	ok "as it is" diff <(echo "$set_was") <(state $node)
	ok "and the session carries on" carries_on session 2
done

ok "both are killed" eval 'agent_kill host && agent_kill r'
"$FIG1" blackhole isp-a
ok "provider A goes: the kernel carries the session on" carries_on session 1
"$FIG1" restore isp-a
ok "provider A returns, and resolverd on host" agent_start host
ok "resolverd on r" agent_start r
ok "the session carries on over both" carries_on session 2
ok "and a new one is made" connect second
ok "over both" carries_on second 2

for node in "${NODES[@]}"; do
	ok "resolverd on $node is stopped" agent_stop $node
	ok "says that endpoints stay, and why" says $node 'endpoints that stay for the sessions that run over them: [12];'
	ok "takes the limits back" diff <(ip -n "$FIG1_PREFIX-ns" mptcp limits) <(ip -n "$FIG1_PREFIX-$node" mptcp limits)
	ok "the session carries on" carries_on session 2
	ok "it starts again" agent_start $node
	ok "takes over what stayed" says $node 'endpoints taken over from a resolverd that is gone: [12]$'
	ok "and the session carries on" carries_on session 2
done

tell second TERM
ok "a session ends whole" wait_line second '^end ' 5
tell session TERM
ok "and so does that one" wait_line session '^end ' 5
for node in "${NODES[@]}"; do
	ok "without sessions, resolverd on $node stops" agent_stop $node
	ok "and all is as before" as_before $node
done

for node in "${NODES[@]}"; do agent_start $node || give_up "resolverd serves again on $node"; done
connect third || give_up "a session by identity"
ok "a session" carries_on third 2
for node in "${NODES[@]}"; do
	ok "under which resolverd on $node is stopped" agent_stop $node
	ok "--restore on $node" restore $node
	ok "takes back what stayed" as_before $node
done
