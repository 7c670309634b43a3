#!/usr/bin/env bash
# route.sh - does a session go on when this host's route by one provider goes, and nothing else does: no link and no address, and what
# the peer sends still comes? A stream in each direction, by that provider, the one that it began by, at that moment.
#
# usage: route.sh [FAULTS [PATHS]]   in each stream (1); kernel or manage, by commas (manage)
# needs: root namespaces mptcp
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=route
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
LIMIT=250 N=${1:-1}
ok_more() { for id in $(ctl r sessions | cut -d' ' -f1); do ctl r why "$id"; done; }
mark() { tell receiver USR1; line=$(wait_line receiver '^mark ' 5); }
both() { mark && [ "$(field paths "$line")" = 2 ]; }
flow() { mark && [ "$(field octets "$line")" -gt 0 ]; }
# DIRECTION: down, the host sends, or up; r connects
stream() {
	local here=receiver there=sender
	[ "$1" = down ] || here=sender there=receiver
	for name in receiver sender; do finish $name; done
	MAP_SOCKET=$WORK/host.sock start $there host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 "$1"
	wait_line $there '^listening' 5 >/dev/null || return 1
	MAP_SOCKET=$WORK/r.sock start $here r "$BUILD/tests/survive/pace" connect host.example.test 7000 "$1"
	wait_line $here '^connected' 15 && soon 10 both && soon 5 flow
}
route() { # VERB: that of the host by the provider that has the stream
	local table=101 site=$FIG1_SITE_A
	[ "$which" = a ] || table=102 site=$FIG1_SITE_B
	gone=2001:db8:$site:1::10
	"$FIG1" exec host ip -6 route "$1" default via "2001:db8:$site:1::1" dev eth0 table $table src "$gone" metric 1024
}
stands() { # MS: at most, until octets come again
	mark || return 1
	route del || return 1
	pass 0.5
	mark && echo "$line" && took=$(field gap "$line") && [ "$took" -le "$1" ] && [ "$(field octets "$line")" -gt 0 ]
}
left() { ctl r why "$(ctl r sessions | head -n 1 | cut -d' ' -f1)" | tee /dev/stderr | grep "from $FIG1_R to $gone " | tail -n 1 | grep -q "left: dead"; }

realm_start
MODES=${2:-manage}
for mode in ${MODES//,/ }; do
	for node in host r; do
		agent_start $node "paths: $mode" "classes: {any: {watch: fast}}" "flap: {penalty: 1}" || give_up "resolverd serves on $node"
	done
	for direction in down up; do
		ok "$mode, $direction: a stream by both providers" stream $direction
		for ((i = 0; i < N; i++)); do
			soon 10 both || give_up "both paths"
			which=$(carrying a b)
			ok "$mode, $direction: the route goes: octets come again within $LIMIT ms" stands $LIMIT
			# the kernel's manager has nothing to leave: this host owes nothing there, and the address is not the peer's
			[ $mode = kernel ] || ok "$mode, $direction: and the story says why" soon 5 left
			route add || give_up "the route can be set"
		done
		tell receiver TERM
		ok "$mode, $direction: it ends whole" eval 'wait_line receiver "^end " 5 && ! grep -q wrong "$WORK/receiver.log"'
	done
done
exit $failed
