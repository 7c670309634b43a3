#!/usr/bin/env bash
# calm.sh - what moves nothing, and how sessions begin beside what is dead: random loss, a path that flaps, and connecting while a
# provider is away, nothing known and nothing cached, or known from the last time.
# usage: calm.sh [-n TIMES] [-l SECONDS] [-f SECONDS] [-g SECONDS] [-p PATHS]
#   TIMES of each connect (1); how long there is loss (5), and the path flaps (6); how long ago a provider was
#   found dead that still is, for one connect more (none); PATHS of kernel, manage, by commas (manage)
# needs: root namespaces mptcp nft
# limit: 240
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=calm
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
N=1 LOSS=5 FLAP=6 AGO=0 MODES=manage
while getopts n:l:f:g:p: option; do
	case $option in
	n) N=$OPTARG ;;
	l) LOSS=$OPTARG ;;
	f) FLAP=$OPTARG ;;
	g) AGO=$OPTARG ;;
	p) MODES=$OPTARG ;;
	*) exit 2 ;;
	esac
done
is() { # LIMIT NUMBER WHAT: at most
	if [ "$2" -le "$1" ]; then echo "ok calm: $paths, $3"; else echo "not ok calm: $paths, $3 (limit $1)"; failed=1; fi
}
agents() { for node in host r; do agent_start $node "paths: $paths" "log: debug" "classes: {any: {watch: fast}}" || give_up "resolverd serves on $node"; done; }
connect() { # ms it took, by the program's own clock
	local line
	MAP_SOCKET=$WORK/r.sock start once r "$BUILD/examples/connector" host.example.test 7000
	line=$(wait_line once '^connected ' 15) || return 1
	tell once TERM
	wait_line once '^end ' 5 >/dev/null
	finish once
	field ms "$line"
}
worst() { printf '%s\n' "$@" | sort -n | tail -n 1; }
left() { cat "$WORK"/agent-{host,r}.log | grep -cE "path from .* left:|taken out: silent|: left$"; } # moves, at both ends
stream() {
	MAP_SOCKET=$WORK/host.sock start sender host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7001 down
	wait_line sender '^listening' 5 >/dev/null || return 1
	MAP_SOCKET=$WORK/r.sock start receiver r "$BUILD/tests/survive/pace" connect host.example.test 7001 down
	wait_line receiver '^connected' 15 >/dev/null && soon 10 both
}
both() { local line; tell receiver USR1; line=$(wait_line receiver '^mark ' 5); [ "$(field paths "$line")" = 2 ]; }
mark() { tell receiver USR1; line=$(wait_line receiver '^mark ' 5); }
stream_end() { tell receiver TERM; wait_line receiver '^end ' 5 >"$WORK/end"; finish receiver; finish sender; ! grep -q wrong "$WORK/receiver.log"; }
begin() {
	local cold=() warm=() i aged
	MAP_SOCKET=$WORK/host.sock start listener host "$BUILD/examples/listener" "$HOST_ID" 7000
	wait_line listener '^listening ' 5 >"$WORK/out" || give_up "the listener listens"
	"$FIG1" blackhole isp-a
	for ((i = 0; i < N; i++)); do
		agent_start r "paths: $paths" "log: debug" || give_up "resolverd serves on r"
		cold+=("$(connect)") && warm+=("$(connect)") || give_up "a connect while provider A is away"
	done
	if [ "$AGO" -gt 0 ]; then
		pass "$AGO"
		aged=$(connect) || give_up "a connect while provider A is still away"
		is 100 "$aged" "connect, the same known for $AGO s: $aged ms"
	fi
	"$FIG1" restore isp-a
	finish listener
	is 350 "$(worst "${cold[@]}")" "connect, provider A dead and unknown, nothing cached: worst $(worst "${cold[@]}") ms of $N"
	is 100 "$(worst "${warm[@]}")" "connect, the same known from before: worst $(worst "${warm[@]}") ms of $N"
}
lossy() {
	local before
	stream || give_up "a stream by both paths"
	before=$(left)
	"$FIG1" loss isp-a 5 && "$FIG1" loss isp-b 5 || give_up "loss can be made"
	pass "$LOSS"
	"$FIG1" restore all
	is 0 $(($(left) - before)) "5 % loss on both for $LOSS s: $(($(left) - before)) moves"
	stream_end || { echo "not ok calm: $paths, octets lost or doubled"; failed=1; }
}
flapping() {
	local before i
	stream || give_up "a stream by both paths"
	before=$(left)
	mark
	for ((i = 0; i < FLAP * 10 / 6; i++)); do
		"$FIG1" blackhole isp-a
		pass 0.3
		"$FIG1" restore isp-a
		pass 0.3
	done
	mark
	is 6 $(($(left) - before)) "a path that flaps every 300 ms for $FLAP s: $(($(left) - before)) moves, longest gap $(field gap "$line") ms"
	stream_end || { echo "not ok calm: $paths, octets lost or doubled"; failed=1; }
}
realm_start
for paths in ${MODES//,/ }; do
	agents
	begin
	agents
	lossy
	agents
	flapping
done
exit $failed
