#!/usr/bin/env bash
# many.sh - does resolverd keep anything of sessions that are over? Many of them, one after the other, over each an octet and its
# echo: by UDP and by MPTCP, and by MPTCP with managed sessions and an agent at both ends. resolverd had them, none is listed
# afterwards, and memory has not grown.
# usage: many.sh [COUNT]     of each kind (4000)
# needs: root namespaces mptcp
# limit: 240
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=many
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
N=${1:-4000}
memory() { # NODE; fig1 exec is replaced by what it runs
	awk '/^VmRSS/ { print $2 }' "/proc/${PID[agent-$1]}/status"
}
status() { # NODE: sessions that it has, those that a path manager has, mappings that it asks for them, and sessions that it had
	ctl "$1" -j status | /usr/bin/python3 -c '
import json, re, sys
s = json.load(sys.stdin)
managed = re.search(r"([0-9]+) sessions", s["paths"])
print(sum(s["sessions"].values()), managed.group(1) if managed else 0, s["subscriptions"], s["counters"]["session.all"] - s["counters"]["session.limited"])'
}
# Events of closed sockets may be on their way still.
none_left() { # NODE
	local own managed asked had
	read -r own managed asked had <<<"$(status "$1")"
	[ "$own $managed $asked" = "0 0 0" ]
}
had() { status "$1" | cut -d' ' -f4; } # NODE
is() { # WHAT COMMAND...
	if "${@:2}"; then echo "ok many: $1"; else echo "not ok many: $1"; failed=1; fi
}
many() { # KIND TRANSPORT NODE...: the first is who connects
	local kind=$1 transport=$2 node count before=() i told
	shift 2
	for count in $((N / 4)) "$N"; do # the first warms up what is kept for good
		told=$(had "$1")
		MAP_SOCKET=$WORK/r.sock start many r "$BUILD/tests/survive/many" host.example.test 7000 "$count" "$transport"
		wait_line many '^done ' $((60 + count / 100)) >/dev/null || give_up "$count sessions by $kind: $(tail -n 1 "$WORK/many.log")"
		told=$(($(had "$1") - told))
		is "$kind: resolverd had $told of $count sessions" [ $((told * 100)) -ge $((count * 99)) ]
		for node in "$@"; do is "$kind: none of them left at $node" soon 10 none_left "$node"; done
		tell many KILL
		finish many
		[ ${#before[@]} -gt 0 ] || for node in "$@"; do before+=("$(memory "$node")"); done
	done
	i=0
	for node in "$@"; do
		count=$(($(memory "$node") - before[i]))
		is "$kind: memory has grown by $count KiB at ${before[i]}, at $node" [ $count -le 1024 ]
		i=$((i + 1))
	done
}

realm_start
agent_start r || give_up "resolverd serves"
start listener host "$BUILD/examples/datagrams" -l 7000
wait_line listener '^answers ' 5 >/dev/null || give_up "somebody answers"
start sink host /usr/bin/python3 -c '
import select, socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 7000)); s.listen(1024); print("listening", flush=True)
peers = [s]
while True:
    for c in select.select(peers, [], [])[0]:
        if c is s:
            peers.append(s.accept()[0])
        elif octet := c.recv(1):
            c.sendall(octet)
        else:
            c.close()
            peers.remove(c)'
wait_line sink '^listening' 10 >/dev/null || give_up "somebody accepts"

many udp udp r
many tcp tcp r
for node in host r; do agent_start $node "paths: manage" || give_up "resolverd serves on $node"; done
many "tcp, managed at both ends" tcp r host
exit $failed
