#!/usr/bin/env bash
# overrun.sh - does resolverd still know its sessions after the kernel had more events to tell than it could take? It is stopped
# while thousands of MPTCP connections come and go beside a managed session, whose provider then fails; and after the kernel
# did not tell of its sockets for a while; and does it see a new address while events do not end, or are lost?
# needs: root namespaces mptcp strace
# limit: 120
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=overrun
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
mark() { tell receiver USR1; line=$(wait_line receiver '^mark ' 5); }
more() { mark && [ "$(field paths "$line")" = 6 ]; } # by three addresses of r
both() { mark && [ "$(field paths "$line")" = 2 ]; }
flood() {
	"$FIG1" exec r /usr/bin/python3 -c '
import socket
MPTCP = 262
listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, MPTCP)
listener.bind(("::1", 0))
listener.listen(100)
for i in range(3000):
    one = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, MPTCP)
    one.connect(listener.getsockname())
    other = listener.accept()[0]
    one.send(b"x")
    other.recv(1)
    other.send(b"x")
    one.recv(1)
    one.close()
    other.close()'
}
realm_start
for node in host r; do
	agent_start $node "paths: manage" "classes: {any: {watch: fast}}" "log: debug" || give_up "resolverd serves on $node"
done
MAP_SOCKET=$WORK/host.sock start sender host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 down
wait_line sender '^listening' 5 >"$WORK/out" || give_up "the sender listens"
MAP_SOCKET=$WORK/r.sock start receiver r "$BUILD/tests/survive/pace" connect host.example.test 7000 down
wait_line receiver '^connected' 15 >"$WORK/out" || give_up "the receiver connects"
ok "a session by both paths" soon 10 both
tell agent-r STOP
ok "3,000 connections come and go while resolverd is stopped" flood
tell agent-r CONT
ok "it has lost events, and says so" soon 10 grep -q "events of sessions were lost" "$WORK/agent-r.log"
ok "the session is still by both paths" both
outage() { # ISP
	mark
	"$FIG1" blackhole "$1"
	pass 1
	mark
	ok "provider ${1#isp-} fails: octets come again within 400 ms" [ "$(field gap "$line")" -le 400 ]
	"$FIG1" restore "$1"
	ok "and returns: both paths" soon 20 both
}
outage isp-a
outage isp-b
traced() { # [OPTION...]: its questions go to file calls
	strace -qq -o "$WORK/calls" -e trace=sendto "$@" -p "${PID[agent-host]}" 2>/dev/null &
	strace=$!
}
untraced() { kill $strace; wait $strace 2>/dev/null; }
blind() { grep -q "sessions cannot be read" "$WORK/agent-host.log"; }
# As often as before, for all sockets or for one after the other: each second alone it would be some twenty. Who follows mappings asks, too,
# but seldom.
asks() { [ "$(grep -c "nlmsg_type=0x1[24]" "$WORK/calls")" -ge 100 ]; }
traced -e inject=sendto:error=ENOBUFS
ok "the kernel does not tell of its sockets: that is said" soon 10 blind
untraced
traced
ok "it is asked again, though nothing happens" soon 5 asks
untraced
ok "it was said once" [ "$(grep -c "sessions cannot be read" "$WORK/agent-host.log")" = 1 ]
outage isp-a
outage isp-b
alone() { ctl r status | tee /dev/stderr | grep -q " 1 sessions managed one by one"; }
ok "none of the others is kept" soon 10 alone
# link events without end, as a host has whose containers come and go, do not hide an address that is new
used() { "$FIG1" exec r ip mptcp endpoint show | grep -q "2001:db8:0:1::$1 "; } # LAST GROUP
dropped() { [ "$("$FIG1" exec r awk '$2 == 0 { n += $9 } END { print n + 0 }' /proc/net/netlink)" -gt "$1" ]; } # MORE THAN
start storm r /usr/bin/python3 -c '
import subprocess
subprocess.check_call("ip link add storm type veth peer name calm".split())
ip = subprocess.Popen(["ip", "-batch", "-"], stdin=subprocess.PIPE, text=True)
print("storm", flush=True)
while True:
    ip.stdin.write("link set storm mtu 1400\nlink set storm mtu 1401\n")'
wait_line storm '^storm' 5 >"$WORK/out" || give_up "links change all the time"
"$FIG1" exec r ip -6 address add 2001:db8:0:1::77/64 dev eth0 nodad
ok "link events without end: a new address is used" soon 5 used 77
tell agent-r STOP
drops=$("$FIG1" exec r awk '$2 == 0 { n += $9 } END { print n + 0 }' /proc/net/netlink)
ok "it is stopped, and the kernel has events of links that it cannot take" soon 20 dropped "$drops"
"$FIG1" exec r ip -6 address add 2001:db8:0:1::78/64 dev eth0 nodad
tell storm KILL
finish storm
tell agent-r CONT
ok "an address that came then is used" soon 5 used 78
ok "and the session is by it, too" soon 10 more
tell receiver TERM
ok "the stream ends whole" eval 'wait_line receiver "^end " 5 && ! grep -q wrong "$WORK/receiver.log"'
exit $failed
