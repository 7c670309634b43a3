#!/usr/bin/env bash
# pairs.sh - which pairs of addresses resolverd ranks, by the addresses and routes that a host has. In a
# network namespace of its own.
# needs: root namespaces
# limit: 60
set -u
[ -n "${PAIRS_INSIDE:-}" ] || PAIRS_INSIDE=1 exec unshare --net --mount "$0"
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
# shellcheck source=tests/interop/agent.inc
. "$SOURCE/tests/interop/agent.inc"

# WHAT STATUS PATTERN [OPTION...]: mapdig's exit status, and what its output has; with a leading !, has not
shows() {
	local got
	"$BUILD/mapdig/mapdig" -s "$DIR/map.sock" +pairs +noreverse "${@:4}" host.example.test >"$DIR/out" 2>&1
	got=$?
	if [ $got = "$2" ] && if [ "${3:0:1}" = ! ]; then ! grep -qE -- "${3:1}" "$DIR/out"; else grep -qE -- "$3" "$DIR/out"; fi
	then echo "ok pairs: $1"; else echo "not ok pairs: $1: exit status $got"; sed 's/^/    | /' "$DIR/out"; fi
}

# Gives out an address, and returns when the kernel has said so: it does that later, from a work queue.
address_add() { # ADDRESS
	/usr/bin/python3 - "$1" <<-'P'
	import socket, subprocess, sys
	address = socket.inet_pton(socket.AF_INET6, sys.argv[1])
	events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
	events.bind((0, 0x100))  # RTMGRP_IPV6_IFADDR
	subprocess.check_call(["ip", "-6", "address", "add", sys.argv[1] + "/64", "dev", "out", "nodad"])
	while address not in events.recv(65536):
	    pass
	P
}

# WHAT OPTIONS PAIR...: the pairs in this order, each "SOURCE DESTINATION", and no others
ranks() {
	local what=$1 options=$2
	shift 2
	# shellcheck disable=SC2086 # options are words
	"$BUILD/mapdig/mapdig" -s "$DIR/map.sock" +json +pairs +noreverse $options host.example.test >"$DIR/out" 2>&1
	if /usr/bin/python3 - "$DIR/out" "$@" <<-'P'
	import json, sys
	got = ["%s %s" % (p["source"], p["destination"]) for p in json.load(open(sys.argv[1]))["pairs"]]
	sys.exit(got != sys.argv[2:])
	P
	then echo "ok pairs: $what"; else echo "not ok pairs: $what"; sed 's/^/    | /' "$DIR/out"; fi
}

AGENT_RECORDS=('here ELOC 20 0 2001:db8:c::1 path=wifi' 'here ELOC 10 0 2001:db8:d::1 path=lte'
	'bare A 192.0.2.1' 'drained ELOC 20 0 2001:db8:c::1 path=wifi' 'drained ELOC 10 0 2001:db8:d::1 path=lte drain')
ip link set lo up
cp /etc/gai.conf "$DIR/gai" 2>/dev/null || : >"$DIR/gai"
[ ! -e /etc/gai.conf ] || mount --bind "$DIR/gai" /etc/gai.conf # the system's own is as it was when this ends
if ! agent_start; then echo "not ok pairs: set up"; exit 1; fi
shows "no address leads there" 4 '^no-locators: .*no address of this host has a route'
ip link add out type veth peer name in && ip link set out up && ip link set in up
address_add 2001:db8:c::1
shows "an address without a route" 4 '^no-locators: .*no address of this host has a route'
ip -6 route add default dev out
shows "an address and a route" 0 '2001:db8:c::1 -> 2001:db8:a:1::10'
shows "to each locator" 0 '2001:db8:c::1 -> 2001:db8:b:1::10'
ip -6 route add unreachable 2001:db8:a::/48
shows "a locator without a route drops out" 0 '! -> 2001:db8:a:1::10'
shows "the others stay" 0 '2001:db8:c::1 -> 2001:db8:b:1::10'
address_add 2001:db8:d::1
shows "a second address is a pair more" 0 '2001:db8:d::1 -> 2001:db8:b:1::10'

# whose sources, and in which order: the local identity's own preferences, and the caller's wishes
A=2001:db8:a:1::10 B=2001:db8:b:1::10 C=2001:db8:c::1 D=2001:db8:d::1
ip -6 route del unreachable 2001:db8:a::/48
ranks "the local identity prefers d" "+from=here.example.test +avoid=isp-b" "$D $A" "$C $A" "$D $B" "$C $B"
ranks "but the caller c" "+from=here.example.test +prefer=wifi +avoid=isp-b" "$C $A" "$D $A" "$D $B" "$C $B"
ranks "what the local identity drains comes last" "+from=drained.example.test +avoid=isp-b" "$C $A" "$C $B" "$D $A" "$D $B"
ranks "and is the last for all wishes" "+from=drained.example.test +prefer=lte +avoid=isp-b" "$C $A" "$C $B" "$D $A" "$D $B"
shows "and why" 0 "being drained, path preferred" +from=drained.example.test +prefer=lte
shows "a local identity that does not exist" 4 'the local identity: ' +from=nobody.example.test
shows "one that has none of this host's addresses" 4 'no address of this host that the local identity publishes' \
	+from=host.example.test
printf 'classes:\n  cheap: {prefer: [wifi]}\n' >>"$DIR/resolverd.yaml"
"$BUILD/mapctl/mapctl" -s "$DIR/resolverd.control" reload >>"$DIR/log" 2>&1
ranks "what a class costs is for the operator to say" "+from=here.example.test +class=cheap +avoid=isp-b" \
	"$C $A" "$D $A" "$D $B" "$C $B"
ranks "and changes nothing for others" "+from=here.example.test +class=bulk +avoid=isp-b" "$D $A" "$C $A" "$D $B" "$C $B"
if [ -e /etc/gai.conf ]; then
	for order in b a; do # by weight it would be a draw
		printf 'precedence ::/0 40\nprecedence 2001:db8:%s::/48 45\n' $order >"$DIR/gai"
		"$BUILD/mapctl/mapctl" -s "$DIR/resolverd.control" reload >>"$DIR/log" 2>&1
		if [ $order = b ]; then then=$A; else then=$B; fi
		shows "gai.conf has $order first" 0 "-> $then .*lower precedence" +from=here.example.test
	done
	: >"$DIR/gai"
	"$BUILD/mapctl/mapctl" -s "$DIR/resolverd.control" reload >>"$DIR/log" 2>&1
	shows "an empty one is the RFC's own" 0 "!precedence" +from=here.example.test
fi
printf 'classes:\n  cheep: {}\n' >"$DIR/wrong.yaml"
for wrong in 'cheep: {}' 'bulk: {avoid: [isp/a]}' 'bulk: {avoids: [isp-a]}'; do
	printf 'classes:\n  %s\n' "$wrong" >"$DIR/wrong.yaml"
	if "$BUILD/resolverd/resolverd" -c "$DIR/wrong.yaml" --check >"$DIR/out" 2>&1 || ! grep -q "wrong.yaml:2: " "$DIR/out"
	then echo "not ok pairs: classes: $wrong"; sed 's/^/    | /' "$DIR/out"; else echo "ok pairs: classes: $wrong is refused"; fi
done

# a mapping with an address of this host, where the peer cannot be, unless he is here altogether or is this host
address_add $A
shows "an address of this host is no place where a peer can be" 0 "! -> $A"
shows "another locator of his is" 0 "$A -> $B"
ranks "but the local identity itself can" "+from=host.example.test +avoid=isp-b" "$A $A" "$A $B"
address_add $B
shows "nor is one that is at addresses of this host alone left out" 0 "$D -> $A"
ip -6 addr del $A/64 dev out && ip -6 addr del $B/64 dev out
ip -6 route add unreachable 2001:db8:a::/48

# as many addresses as a server of many services has: each locator, and each exit, gets its share
seq 400 | while read -r i; do printf 'addr add 2001:db8:c::%x/64 dev out nodad\n' $((i + 4096)); done >"$DIR/many"
ip -6 -batch "$DIR/many" && ip -6 route del unreachable 2001:db8:a::/48
shows "400 addresses, the first locator" 0 ' -> 2001:db8:a:1::10'
shows "400 addresses, the second locator" 0 ' -> 2001:db8:b:1::10'
ip link add out2 type veth peer name in2 && ip link set out2 up && ip link set in2 up
ip -6 addr add 2001:db8:e::1/64 dev out2 nodad
ip -6 rule add from 2001:db8:e::/64 lookup 100 && ip -6 route add default dev out2 table 100
ip -6 route add unreachable 2001:db8:b::/48
shows "400 addresses that do not lead there, and one that does" 0 '2001:db8:e::1 -> 2001:db8:b:1::10'
ip link set out2 down
ip link set out down
shows "not when its link is down" 4 '^no-locators: '
