#!/usr/bin/env bash
# load.sh - 1,000 clients of resolverd wait for a server that says nothing, each for a name of its
# own; a cached look-up must still be told within 1 ms at the 99th percentile, and in the end every
# client gets its error.
# limit: 90
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
# shellcheck source=tests/interop/agent.inc
. "$SOURCE/tests/interop/agent.inc"

# The silent server: a second mapd, stopped.
silent_start() {
	sed "s,@$PORT,@$((PORT + 1)),; s,$DIR/,$DIR/silent.," "$DIR/mapd.yaml" >"$DIR/silent.yaml"
	agent_run "$BUILD/mapd/mapd" -c "$DIR/silent.yaml" && kill -STOP "${AGENT_PIDS[-1]}"
}
if ! agent_start "silent.test: [127.0.0.1@$((PORT + 1))]" || ! silent_start; then echo "not ok load: set up"; exit 1; fi
agent_wake() { kill -CONT "${AGENT_PIDS[-1]}"; }
trap 'agent_wake; agent_stop; rm -rf "$DIR"' EXIT

if "$BUILD/bench/resolve" -n 2000 -r 3 -c 1000 -z silent.test "$DIR/map.sock" host.example.test >"$DIR/out"; then
	cat "$DIR/out"
	echo "ok 1000 clients of a silent server are all answered"
else
	cat "$DIR/out"
	echo "not ok 1000 clients of a silent server are all answered"
fi
figure() { awk -v line="$1" -v field="$2" '$1 == line { print $field }' "$DIR/out"; }
p99=$(figure resolve 3) waiting=$(figure waiting 2)
judge() { if awk "BEGIN { exit !($1) }" </dev/null; then echo "ok $2"; else echo "not ok $2"; fi; }
judge "${p99:-9999} < 1000" "a cached look-up stays under 1 ms at p99: ${p99:-none} us"
judge "${waiting:-0} > 900" "they waited all the while: ${waiting:-none}"
