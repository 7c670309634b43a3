#!/usr/bin/env bash
# far.sh - does a provider that returns have its paths again when the peer is far away? All that r sends is 60 ms under way: probes are
# answered later than two of them are sent. r sends and joins, so that it has to find out both, that a path is dead and that it is not.
# needs: root namespaces mptcp
# limit: 120
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=far
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
mark() { tell receiver USR1; line=$(wait_line receiver '^mark ' 5); }
paths() { mark && [ "$(field paths "$line")" = "$1" ]; }
# What r itself sends goes by a device whose other end waits, and comes back to be forwarded.
far() {
	start delay r /usr/bin/python3 -c '
import collections, fcntl, os, select, struct, time
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"far", 0x1001))
print("ready", flush=True)
late = collections.deque()
while True:
    if select.select([tun], [], [], max(0, late[0][0] - time.monotonic()) if late else None)[0]:
        late.append((time.monotonic() + 0.06, os.read(tun, 65536)))
    while late and late[0][0] <= time.monotonic():
        os.write(tun, late.popleft()[1])'
	wait_line delay '^ready' 5 || return 1
	"$FIG1" exec r sh -ec 'sysctl -qw net.ipv6.conf.all.forwarding=1
		ip link set far up
		ip -6 route add 2001:db8::/32 dev far table 77
		ip -6 rule add pref 100 iif lo lookup 77'
}
is_far() { "$FIG1" exec r ping -c 1 -W 2 "$A" | tee /dev/stderr | grep -q 'time=[6-9][0-9][. ]'; }
realm_start
ok "r is far away" far
ok "by 60 ms and more" is_far
for node in host r; do
	agent_start $node "paths: manage" "classes: {any: {watch: fast}}" || give_up "resolverd serves on $node"
done
MAP_SOCKET=$WORK/host.sock start receiver host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 up
wait_line receiver '^listening' 5 >"$WORK/out" || give_up "the receiver listens"
MAP_SOCKET=$WORK/r.sock start sender r "$BUILD/tests/survive/pace" connect host.example.test 7000 up
wait_line sender '^connected' 15 >"$WORK/out" || give_up "the sender connects"
ok "a session by both paths" soon 10 paths 2
for isp in isp-a isp-b; do
	"$FIG1" blackhole $isp
	ok "provider ${isp#isp-} fails and is left" soon 10 paths 1
	"$FIG1" restore $isp
	ok "and returns: both paths" soon 20 paths 2
done
tell receiver TERM
ok "the stream ends whole" eval 'wait_line receiver "^end " 5 && ! grep -q wrong "$WORK/receiver.log"'
exit $failed
