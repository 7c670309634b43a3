#!/usr/bin/env bash
# pairs.sh - which pairs of addresses resolverd ranks, by the addresses and routes that a host has. In a
# network namespace of its own.
# needs: root namespaces
# limit: 60
set -u
[ -n "${PAIRS_INSIDE:-}" ] || PAIRS_INSIDE=1 exec unshare --net "$0"
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
# shellcheck source=tests/interop/agent.inc
. "$SOURCE/tests/interop/agent.inc"

# WHAT STATUS PATTERN: mapdig's exit status, and what its output has; with a leading !, has not
shows() {
	local got
	"$BUILD/mapdig/mapdig" -s "$DIR/map.sock" +pairs +noreverse host.example.test >"$DIR/out" 2>&1
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

ip link set lo up
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
