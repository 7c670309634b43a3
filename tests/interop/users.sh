#!/usr/bin/env bash
# users.sh - one user of resolverd who asks for as much as he gets, of a server that says nothing:
# what is cached is still told to everybody, and another user finds room as if he were alone.
# needs: root
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
# shellcheck source=tests/interop/agent.inc
. "$SOURCE/tests/interop/agent.inc"
chmod 711 "$DIR" # the other user has to get through to the socket

# The silent server: a second mapd, stopped.
silent_start() {
	sed "s,@$PORT,@$((PORT + 1)),; s,$DIR/,$DIR/silent.," "$DIR/mapd.yaml" >"$DIR/silent.yaml"
	agent_run "$BUILD/mapd/mapd" -c "$DIR/silent.yaml" && kill -STOP "${AGENT_PIDS[-1]}"
}
if ! agent_start "silent.test: [127.0.0.1@$((PORT + 1))]" || ! silent_start; then echo "not ok users: set up"; exit 1; fi
trap 'kill -CONT "${AGENT_PIDS[-1]}"; agent_stop; rm -rf "$DIR"' EXIT

# The greedy one: 80 clients with 64 look-ups each, every name another, until he is refused; then he says
# so, and holds on to what he has until his input ends. With "brief" his clients wait 1 ms each.
cat >"$DIR/greedy.py" <<'P'
import socket, struct, sys
path, brief = sys.argv[1], sys.argv[2] == "brief"
LIMIT = 29 # MAP_ELIMIT
def ask(number):
    name = b"%c%s" % (len(sys.argv[2]), sys.argv[2].encode()) + b"\x07n%06d" % number + b"\x06silent\x04test\x00"
    payload = struct.pack(">HIB", 0, 1 if brief else 60000, 3) + name + bytes(4) # no local identity, no wishes
    return struct.pack(">IBBHI", 8 + len(payload), 1, 1, 0, number) + payload
def answer(s):
    head = s.recv(12, socket.MSG_WAITALL)
    return s.recv(struct.unpack(">I", head[:4])[0] - 8, socket.MSG_WAITALL)
clients, number = [], 0
for _ in range(80):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendall(b"".join(ask(number + i) for i in range(64)))
    number += 64
    clients.append(s)
# of the last client's look-ups at least one is answered at once: with a refusal
print("refused" if any(answer(clients[-1])[0] == LIMIT for _ in range(64 if brief else 1)) else "not refused", flush=True)
sys.stdin.read()
P
greedy() { # HOW
	coproc GREEDY { /usr/bin/env python3 "$DIR/greedy.py" "$DIR/map.sock" "$1" 2>&1; }
	read -r said <&"${GREEDY[0]}"
	if [ "$said" = refused ]; then echo "ok users: refused in the end ($1)"; else echo "not ok users: refused in the end ($1): $said"; fi
}
satisfied() {
	local pid=$GREEDY_PID
	eval "exec ${GREEDY[1]}>&-"
	wait "$pid"
}
# WHAT USER NAME PATTERN
sees() {
	setpriv --reuid="$2" --clear-groups "$BUILD/mapdig/mapdig" -s "$DIR/map.sock" +noreverse +timeout=2 "$3" >"$DIR/out" 2>&1
	if grep -qE -- "$4" "$DIR/out"; then echo "ok users: $1"; else echo "not ok users: $1"; sed 's/^/    | /' "$DIR/out"; fi
}

greedy patient
sees "another user's look-up has room" nobody host.example.test '^found: 2 locators'
sees "what is cached is told to the greedy one, too" root host.example.test ', cached$'
sees "what he asks for anew is not" root nothing.example.test 'limit reached'
satisfied
# those who left are not waited for, but the questions that they began are still on their way
sees "having left makes no room at once" root nothing.example.test 'limit reached'
greedy brief
sees "another user's look-up still has room" nobody nothing.example.test '^not-found: '
satisfied
