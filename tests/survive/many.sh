#!/usr/bin/env bash
# many.sh - does resolverd keep anything of sessions that are over? Many of them, one after the other, by UDP and by MPTCP: none is
# listed afterwards, and memory has not grown.
# usage: many.sh [COUNT]     of each kind (4000)
# needs: root namespaces mptcp
# limit: 240
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=many
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
N=${1:-4000}
agent() { awk '/^Pid/ { print $2; exit }' "/proc/${PID[agent-r]}/status"; } # fig1 exec is replaced by what it runs
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$(agent)/status"; }
sessions() { ctl r -j status | /usr/bin/python3 -c 'import json, sys; print(sum(json.load(sys.stdin)["sessions"].values()))'; }
# Events of closed sockets may be on their way still.
none_left() { for _ in {1..200}; do [ "$(sessions)" = 0 ] && return 0; done; return 1; }

realm_start
agent_start r || give_up "resolverd serves"
start listener host "$BUILD/examples/datagrams" -l 7000
wait_line listener '^answers ' 5 >/dev/null || give_up "somebody answers"
start sink host /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 7000)); s.listen(1024); print("listening", flush=True)
while True: s.accept()[0].close()'
wait_line sink '^listening' 10 >/dev/null || give_up "somebody accepts"

for kind in udp tcp; do
	before=0
	for count in $((N / 4)) $N; do # the first warms up what is kept for good
		MAP_SOCKET=$WORK/r.sock start many r "$BUILD/tests/survive/many" host.example.test 7000 "$count" $kind
		wait_line many '^done ' 200 >/dev/null || give_up "$count sessions by $kind: $(tail -n 1 "$WORK/many.log")"
		if none_left; then echo "ok many: $kind: $count sessions, none of them left"; else echo "not ok many: $kind: $(sessions) of $count sessions left"; fi
		tell many KILL
		finish many
		[ $before != 0 ] || before=$(memory)
	done
	grown=$(($(memory) - before))
	if [ $grown -le 1024 ]; then echo "ok many: $kind: memory has grown by $grown KiB at $before"; else echo "not ok many: $kind: memory has grown by $grown KiB at $before"; fi
done
