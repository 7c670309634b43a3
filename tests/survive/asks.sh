#!/usr/bin/env bash
# asks.sh - does a host with two providers find others when the one that its questions to name servers leave by is dead, which it does not
# know, with nothing cached? And does it say so where nobody answers at all?
# usage: asks.sh [-n TIMES] [-l LIMIT]
#   TIMES that the provider is found dead (3); LIMIT of each, in ms (700: the machine may have more to do; the best of them has 350,
#   or more where the machine is slow)
# needs: root namespaces mptcp
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=asks
# By RFC 6724, rule 8, both the host's questions and its sessions are by A, where nothing else is known.
BED_A=1f BED_B=f1
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
N=3 LIMIT=700
while getopts n:l: option; do
	case $option in
	n) N=$OPTARG ;;
	l) LIMIT=$OPTARG ;;
	*) exit 2 ;;
	esac
done
R=$FIG1_R
agent() { agent_start host "paths: kernel" "$@" || give_up "resolverd serves on host"; }
connect() { # ms it lasted, by the program's own clock
	local line
	MAP_SOCKET=$WORK/host.sock start once host "$BUILD/examples/connector" r.example.test 7000
	line=$(wait_line once '^connected ' 15) || return 1
	finish once
	field ms "$line"
}
# [OPTION] NAME, while asked for by nobody yet: ms that the answer lasted, or what became of it
look() {
	local began
	began=$(now_ms)
	"$FIG1" exec host "$BUILD/mapdig/mapdig" -s "$WORK/host.sock" +noreverse "$@" >"$WORK/look" 2>&1
	lasted=$(($(now_ms) - began))
}
by() { [[ $("$FIG1" exec host ip -6 route get "$FIG1_NS") == *" src $1 "* ]]; }
fast() { [ "$lasted" -le "$1" ] && grep -q "$2" "$WORK/look"; } # MS WORDS
said() { grep -cE "name servers answer by $1, and not by" "$WORK/agent-host.log"; } # ADDRESS

realm_start
agent_start r "paths: kernel" || give_up "resolverd serves on r"
MAP_SOCKET=$WORK/r.sock start listener r "$BUILD/examples/listener" "$R_ID" 7000
wait_line listener '^listening ' 5 >"$WORK/out" || give_up "r listens"
ok "the host's questions leave by provider A" by "$A"
agent
well=$(connect)
ok "all well: a session begins (${well} ms)" [ "${well:-9999}" -le 100 ]
ok "and nobody is asked by others" [ "$(said .)" = 0 ]
all=()
for ((time = 0; time < N; time++)); do
	"$FIG1" blackhole isp-a
	agent
	ms=$(connect)
	ok "provider A is dead, which nobody knows, and nothing is cached: a session begins (${ms} ms)" [ "${ms:-9999}" -le "$LIMIT" ]
	all+=("${ms:-9999}")
	ok "which is said" [ "$(said "$B")" = 1 ]
	look host.example.test
	ok "what is asked next is asked by each at once ($lasted ms)" fast 100 "$HOST_ID"
	look +fresh host.example.test
	ok "past the caches, too ($lasted ms)" fast 300 "$HOST_ID"
	"$FIG1" restore isp-a
done
mapfile -t all < <(printf '%s\n' "${all[@]}" | sort -n)
# What is waited for is 310 ms; the rest is work, which the machine does three times as often as where all is well.
most=$((310 + 3 * well > 350 ? 310 + 3 * well : 350))
[ $most -le 400 ] || most=400
ok "in at most $most ms on a machine that has nothing else to do (of $N: best ${all[0]}, median ${all[N / 2]}, worst ${all[N - 1]} ms)" [ "${all[0]}" -le $most ]
look none.example.test
ok "it is back: what does not exist does not ($lasted ms)" fast 100 'does not exist'
# Questions are under way to several sources while these, or the whole of the configuration, change.
third=2001:db8:$FIG1_SITE_B:1::11
"$FIG1" blackhole isp-a
agent
for time in 1 2 3 4 5 6; do
	"$FIG1" exec host ip -6 address "$([ $((time % 2)) = 1 ] && echo add || echo del)" "$third/64" dev eth0 nodad
	for one in 1 2 3 4; do "$FIG1" exec host "$BUILD/mapdig/mapdig" -s "$WORK/host.sock" +noreverse "none$time$one.example.test" >"$WORK/look$one" 2>&1 & looks[one]=$!; done
	[ $((time % 3)) != 0 ] || ctl host reload >"$WORK/reload.log" 2>&1
	wait "${looks[@]}"
done
ok "an address that comes and goes, and reloads, harm nobody who asks" eval 'grep -q "does not exist" "$WORK/look4"'
"$FIG1" restore isp-a
"$FIG1" blackhole isp-a
"$FIG1" blackhole isp-b
agent "try: 300ms"
look host.example.test
ok "nobody answers at all: that is said ($lasted ms)" eval 'grep -q "no server answered in time" "$WORK/look" && [ "$lasted" -ge 800 ] && [ "$lasted" -le 3000 ]'
"$FIG1" restore all
exit $failed
