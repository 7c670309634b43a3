#!/usr/bin/env bash
# resume.sh - sessions over TCP, which cannot move: each ends when its provider fails, and the program goes on by the other one
# where it stopped (map_reconnect). The listener is told who its peer seems to be (map_peer_hint).
# needs: root namespaces mptcp
# limit: 120
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=resume
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
OCTETS=3000000 # for about three seconds
realm_start
for node in host r; do agent_start $node || give_up "resolverd serves on $node"; done
"$FIG1" exec r sysctl -qw net.mptcp.enabled=0
MAP_SOCKET=$WORK/r.sock start giver r "$BUILD/examples/resume" -l "$R_ID" 7002
wait_line giver '^listening' 5 >"$WORK/out" || give_up "the giver listens"
MAP_SOCKET=$WORK/host.sock start fetcher host "$BUILD/examples/resume" r.example.test 7002 $OCTETS
ok "a session over TCP" eval 'line=$(wait_line fetcher "^connected " 15) && echo "$line" && [ "$(field transport "$line")" = tcp ]'
ok "the listener has the identity of who connected, from the reverse tree" \
	eval 'line=$(wait_line giver "^gives offset=0 " 10) && echo "$line" && [ "$(field peer "$line")" = "$HOST_ID" ]'
at=$(ctl host sessions | sed -nE 's/^.* tcp ([^ ]*) port .*/\1/p' | head -n 1)
# LETTER ADDRESS: the provider of that letter fails, the session goes on from that other address
goes_on() {
	line=$(wait_line fetcher "^resumed " 15) || return 1
	echo "$line"
	[ "$(field source "$line")" = "$2" ] && [ "$(field offset "$line")" -gt 0 ] && [ "$(field ms "$line")" -le 500 ]
}
if [ "$at" = "$A" ]; then one=a other=b back=$A to=$B; else one=b other=a back=$B to=$A; fi
"$FIG1" blackhole isp-$one
ok "provider $one fails: it goes on by the other one" goes_on $one "$to"
"$FIG1" restore isp-$one
ok "the listener was told where" eval 'line2=$(wait_line giver "^gives offset=[1-9]" 10) && echo "$line2" &&
	[ "$(field offset "$line2")" = "$(field offset "$line")" ]'
"$FIG1" blackhole isp-$other
ok "that one fails too: it goes back" goes_on $other "$back"
ok "all came, each octet once and in order" eval 'line=$(wait_line fetcher "^end " 20) && [ "$(field octets "$line")" -ge $OCTETS ] && ! grep -q wrong "$WORK/fetcher.log"'
ok "and nothing is left to watch" soon 10 eval '! ctl host sessions | grep -q " tcp "'
exit $failed
