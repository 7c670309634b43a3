#!/usr/bin/env bash
# returns.sh - does a session that this host began have both its paths again each time that the provider it began by returns, with the
# kernel's path manager, which counts such returns? And is every address announced again as soon as this host accepts a session?
# needs: root namespaces mptcp
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=returns
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
R=$FIG1_R
session() { # FROM TO IDENTITY PORT
	MAP_SOCKET=$WORK/$2.sock start "listener-$4" "$2" "$BUILD/examples/listener" "$3" "$4"
	wait_line "listener-$4" '^listening ' 5 || return 1
	MAP_SOCKET=$WORK/$1.sock start "session-$4" "$1" "$BUILD/examples/connector" "$2.example.test" "$4"
	wait_line "session-$4" '^connected ' 15
}
announced() { [ "$("$FIG1" exec host ip mptcp endpoint | grep -c "$1 id [0-9]* signal subflow")" = "$2" ]; } # ADDRESS TIMES

realm_start
for node in host r; do agent_start $node "paths: kernel" "classes: {any: {watch: fast}}" || give_up "resolverd serves on $node"; done
ok "a session that host begins" session host r "$R_ID" 7000
ok "is by both" soon 10 leads host 7000 "$A $R" "$B $R"
for time in 1 2 3 4; do
	which=$(carrying a b)
	if [ "$which" = a ]; then other=$B; else other=$A; fi
	"$FIG1" blackhole "isp-$which"
	ok "its provider goes, time $time: it is by the other one" soon 5 leads host 7000 "$other $R"
	ok "octets come" flows session-7000
	"$FIG1" restore "isp-$which"
	ok "it returns, time $time: it is by both" soon 10 leads host 7000 "$A $R" "$B $R"
done
ok "nobody listens at host, and no address is announced" eval 'announced "$A" 0 && announced "$B" 0'
tell session-7000 TERM
ok "it ends whole" eval 'wait_line session-7000 "^end " 5 >"$WORK/end" && ! grep -q wrong "$WORK/session-7000.log"'
ok "a session that host accepts" session r host "$HOST_ID" 7001
ok "is by both" soon 10 leads r 7001 "$R $A" "$R $B"
ok "since both addresses are announced again" eval 'announced "$A" 1 && announced "$B" 1'
exit $failed
