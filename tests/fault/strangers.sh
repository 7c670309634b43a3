#!/usr/bin/env bash
# strangers.sh - what does a third party get that a mapping names beside the peer's own addresses? c has nothing to do with any of
# it and says of every port that nothing listens there: it gets probes and beginnings of handshakes, and no data, as long as the
# peer himself is to be found. In the two-provider testbed, with the example programs.
# needs: root namespaces mptcp
# limit: 120
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=strangers
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
R=$FIG1_R C=$FIG1_C
realm_records() { realm_identity both.example.test --via ::1:0:0:0:10@site.example.test --locator "$C" >"$WORK/out"; }
agent() { agent_start "$1" "paths: $2" "classes: {any: {watch: fast}}"; } # NODE PATHS
ok_more() { got; led r 7000; for id in $(ctl r sessions | cut -d' ' -f1); do ctl r why "$id"; done; }

# Counts what comes to c; SIGUSR1: all of it so far.
catcher='
import select, signal, socket, sys
us = socket.inet_pton(socket.AF_INET6, sys.argv[1])
raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD))
raw.setblocking(False)
wake, waker = socket.socketpair()
waker.setblocking(False)
signal.set_wakeup_fd(waker.fileno())
signal.signal(signal.SIGUSR1, lambda *_: None)
seen = dict.fromkeys(["probes", "syns", "data"], 0)
def kind(packet):
    if packet[6] == socket.IPPROTO_UDP:
        probe = packet[42:44] == (4177).to_bytes(2, "big") and packet[48:56] == b"probe-1\0" and len(packet) == 112
        return "probes" if probe else "data"
    if packet[6] == socket.IPPROTO_TCP:
        bare = 40 + packet[52] // 16 * 4 == len(packet)
        return "syns" if packet[53] & 0x3F == 2 and bare else "data"
print("ready", flush=True)
while True:
    asked = wake in select.select([raw, wake], [], [])[0] and wake.recv(64)
    try:
        while True:
            packet = raw.recv(65536)
            if packet[24:40] == us and kind(packet):
                seen[kind(packet)] += 1
    except BlockingIOError:
        pass
    if asked:
        print("mark " + " ".join("%s=%d" % each for each in seen.items()), flush=True)
'
got() { tell catcher USR1; wait_line catcher '^mark ' 5; } # what c got so far
more() { # KIND THAN: more of it than that
	local line
	line=$(got) && [ "$(field "$1" "$line")" -gt "$2" ]
}
spared() { # since the last time: c got KIND, and no data
	local kind=$1 line was=${had[$1]:-0}
	line=$(got) || return 1
	echo "$line"
	had[$kind]=$(field "$kind" "$line")
	[ "${had[$kind]}" -gt "$was" ] && [ "$(field data "$line")" = 0 ]
}
declare -A had=()
isp_of() { [ "$1" = "$A" ] && echo isp-a || echo isp-b; } # ADDRESS
other() { [ "$1" = "$A" ] && echo "$B" || echo "$A"; }

realm_start
start catcher c /usr/bin/python3 -c "$catcher" "$C"
wait_line catcher '^ready' 5 >"$WORK/out" || give_up "c is watched"
start echo host "$BUILD/examples/datagrams" -l 7000
wait_line echo '^answers ' 5 >"$WORK/out" || give_up "somebody answers"

# MPTCP: a pair carries data only after its own handshake, with a key that c cannot know
session() { # r sends, and host receives
	MAP_SOCKET=$WORK/host.sock start receiver host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 up
	wait_line receiver '^listening' 5 || return 1
	MAP_SOCKET=$WORK/r.sock start sender r "$BUILD/tests/survive/pace" connect both.example.test 7000 up
	wait_line sender '^connected' 15
}
for paths in manage kernel; do
	agent host $paths || give_up "resolverd serves on host"
	agent r $paths || give_up "resolverd serves on r"
	ok "$paths: a session with who names c first" session
	ok "$paths: is by his own addresses" soon 10 leads r 7000 "$R $A" "$R $B"
	ok "$paths: octets come" flows receiver
	"$FIG1" blackhole isp-a
	ok "$paths: provider A dies, and they come still" soon 5 flows receiver
	"$FIG1" blackhole isp-b
	[ $paths = kernel ] || ok "$paths: so does provider B: c is probed, like all others" soon 10 more probes "${had[probes]:-0}"
	"$FIG1" restore isp-b
	ok "$paths: provider B is back, and so are they" soon 10 flows receiver
	"$FIG1" restore isp-a
	ok "$paths: c got handshakes to refuse, and no data" spared syns
	tell receiver TERM
	ok "$paths: it ends whole" eval 'wait_line receiver "^end " 5 >"$WORK/end"; ! grep -q wrong "$WORK/receiver.log"'
	finish receiver
	finish sender
done

# UDP has no handshake: an answered probe is in its place
talk() { # NAME: an asker on r, and where it begins
	MAP_SOCKET=$WORK/r.sock start "$1" r "$BUILD/examples/datagrams" both.example.test 7000
	line=$(wait_line "$1" '^connected ' 15) || return 1
	echo "$line"
	at=$(field destination "$line")
}
becomes() { # NAME EVENT DESTINATION
	line=$(wait_line "$1" '^(moved|cut-off|back|end) ' 20) || return 1
	echo "$line"
	[[ $line == "$2 "* ]] && at=$(field destination "$line") && [ "$at" = "$3" ]
}
over() { tell "$1" TERM; wait_line "$1" '^end ' 5 && finish "$1"; } # NAME
agent host off || give_up "resolverd serves on host, for probes"
agent r off || give_up "resolverd serves on r anew"
ok "datagrams begin where the peer's agent answers, not at c" eval 'talk one && [ "$at" = "$A" ]'
"$FIG1" blackhole isp-a
ok "the pair dies: they go where the agent answers" becomes one moved "$B"
ok "others begin there, too" eval 'talk two && [ "$at" = "$B" ] && over two'
"$FIG1" blackhole isp-b
ok "and nowhere when it answers nowhere" becomes one cut-off "$B"
"$FIG1" restore isp-b
ok "until it does" becomes one back "$B"
ok "c got probes, and no data" spared probes
ok "they end" over one

# where nobody but c answers its program has asked for whom the mapping names; but data does not stay there
"$FIG1" blackhole isp-b
agent r off || give_up "resolverd serves on r, and knows nothing"
ok "only c answers: datagrams begin as with any socket" eval 'talk three && [ "$at" = "$C" ]'
ok "which c sees" soon 5 more data 0
"$FIG1" restore isp-b
"$FIG1" restore isp-a
ok "the peer's agent answers, and they leave c" eval 'line=$(wait_line three "^(moved|end) " 20) && echo "$line" && [[ $line == "moved "* ]] &&
	[ "$(field destination "$line")" != "$C" ]'
ok "they end there" over three
exit $failed
