#!/usr/bin/env bash
# hostile.sh - one user asks resolverd for all that he can, where it looks after sessions: is another user served meanwhile, and is the
# death of his session's pair found? In the two-provider testbed, with the example programs. Before that, frames that are not quite right.
# needs: root namespaces mptcp
# limit: 60
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=hostile
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
SILENT=2001:db8:ffff:: SLOWEST=250
# An identity by as many silent addresses as one is made with.
realm_records() {
	local i locators=()
	for i in {1..15}; do locators+=(--locator "${SILENT}1:$i"); done
	realm_identity silent.example.test "${locators[@]}" >>"$WORK/realm.log" 2>&1 || give_up "an identity by silent addresses"
	"$FIG1" exec r sh -ec "ip link add silent type veth peer name none
		sysctl -qw net.ipv6.conf.none.disable_ipv6=1
		ip link set none up; ip link set silent arp off up; ip -6 route add $SILENT/64 dev silent" || give_up "addresses that nobody has"
}
ok_more() { tail -n 3 "$WORK/flood.log"; ctl r status; }
served() {
	local ms
	ms=$("$FIG1" exec r /usr/bin/python3 "$SOURCE/tests/fault/hostile.py" pings "$WORK/r.sock" 3) && ms=${ms#slowest } || return 1
	took=$ms
	[ "$ms" -le $SLOWEST ]
}
asks() { # look-ups are answered, and all sessions watched, still
	ctl r -j status | /usr/bin/python3 -c '
import json, sys
s = json.load(sys.stdin)
print(s["counters"]["request.cached"], s["sessions"])
sys.exit(s["counters"]["request.cached"] < 1000 or s["sessions"]["udp"] < 1000)' && kill -0 "${PID[flood]}"
}
moved() { # MS SINCE
	line=$(wait_line talk '^(moved|cut-off|end) ' 20) || return 1
	took=$(($(now_ms) - $2))
	echo "$line"
	[[ $line == "moved "* ]] && [ "$(field destination "$line")" = "$B" ] && [ $took -le "$1" ]
}

chmod 711 "$WORK" # another user has to get to the socket
ulimit -n 4096
realm_start
for node in host r; do agent_start $node 'paths: manage' || give_up "resolverd serves on $node"; done
"$FIG1" exec r /usr/bin/python3 "$SOURCE/tests/fault/clients.py" "$WORK/r.sock" "$WORK/r.control" "$BUILD/mapctl/mapctl" \
	"$BUILD/mapdig/mapdig" "$BUILD/examples/connector" 0 "$SOURCE/tests/fuzz/corpus/frame" hostile || failed=1

start echo host "$BUILD/examples/datagrams" -l 7000
wait_line echo '^answers ' 5 >"$WORK/out" || give_up "somebody answers"
MAP_SOCKET=$WORK/r.sock start talk r "$BUILD/examples/datagrams" host.example.test 7000
wait_line talk "^connected .* destination=$A " 15 >"$WORK/out" || give_up "a session by the preferred provider"
start flood r /usr/bin/python3 "$SOURCE/tests/fault/hostile.py" flood "$WORK/r.sock" silent.example.test "${SILENT}3:"
wait_line flood '^told' 15 >"$WORK/out" || give_up "another user has sessions"
ok "another user is served" served
died=$(now_ms)
"$FIG1" blackhole isp-a
ok "the session's pair dies: that is found, and it moves" moved 5000 "$died"
ok "as the other one goes on to ask" asks
exit $failed
