#!/usr/bin/env bash
# many.sh - does resolverd keep anything of sessions that are over? Many of them, one after the other, by UDP and by MPTCP: none is
# listed afterwards, and memory has not grown.
# usage: many.sh [COUNT]     of each kind (4000)
# needs: root namespaces mptcp
# limit: 240
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
if [ -z "${MANY_INSIDE:-}" ]; then
	unset FIG1_PREFIX
	MANY_INSIDE=1 FIG1_QUIET=1 FIG1_SITE_A=random FIG1_SITE_B=random exec "$SOURCE/tests/testbed/fig1" run "$0" "$@"
fi
N=${1:-4000}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/many.XXXXXX")
# shellcheck source=tests/demo/realm.sh
. "$SOURCE/tests/demo/realm.sh"
# shellcheck source=tests/demo/run.sh
. "$SOURCE/tests/demo/run.sh"
trap 'finish_all; "$FIG1" exec r "$BUILD/resolverd/resolverd" --restore >"$WORK/restore.log" 2>&1; rm -rf "$WORK"' EXIT
trap 'exit 143' TERM INT HUP
give_up() { echo "not ok many: $*"; tail -n 5 "$WORK"/*.log | sed 's/^/    | /'; exit 1; }
ctl() { "$BUILD/mapctl/mapctl" -s "$WORK/r.control" "$@"; }
agent() { awk '/^Pid/ { print $2; exit }' "/proc/${PID[agent-r]}/status"; } # fig1 exec is replaced by what it runs
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$(agent)/status"; }
sessions() { ctl -j status | /usr/bin/python3 -c 'import json, sys; print(sum(json.load(sys.stdin)["sessions"].values()))'; }
# Events of closed sockets may be on their way still.
none_left() { for _ in {1..200}; do [ "$(sessions)" = 0 ] && return 0; done; return 1; }

realm_make "$FIG1_SITE_A" "$FIG1_SITE_B" "$FIG1_R" >"$WORK/realm.log" 2>&1 || give_up "identities can be made"
printf '%s\n' "listen: [\"$FIG1_NS@53\"]" "database: $WORK/db" "control: $WORK/mapd.control" 'zones:' \
	'  - name: id.example.test' '    prefix: 2001:3f:fe00:a00::/56' >"$WORK/mapd.yaml"
start mapd ns "$BUILD/mapd/mapd" -c "$WORK/mapd.yaml" --ready-fd 1
wait_ready mapd 10 || give_up "mapd serves"
realm_load "$FIG1_SITE_A" "$FIG1_SITE_B" >>"$WORK/realm.log" 2>&1 || give_up "the zones are loaded"
printf '%s\n' "socket: $WORK/r.sock" "control: $WORK/r.control" "trust-anchors: [$WORK/anchors]" \
	'stubs:' "  test: [$FIG1_NS@53]" "  8.b.d.0.1.0.0.2.ip6.arpa: [$FIG1_NS@53]" >"$WORK/r.yaml"
start agent-r r "$BUILD/resolverd/resolverd" -c "$WORK/r.yaml" --ready-fd 1
wait_ready agent-r 10 || give_up "resolverd serves"
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
