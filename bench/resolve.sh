#!/usr/bin/env bash
# resolve.sh - a cached look-up through resolverd's socket beside a bare ping-pong over a Unix
# socket, in turns, on real daemons: mapd serves, resolverd validates and caches.
# needs: root namespaces
#
# usage: bench/resolve.sh [COUNT [ROUNDS]]     (20000 5)
#
# Everything runs on one core: waking another, idle one costs some 50 us in a virtual machine, and the
# scheduler's luck would decide which of the two pays for that.
#
# Goal: at most 2.5 times the ping-pong, and under 30 microseconds at the median.
set -u
export LC_ALL=C
taskset -cp 0 $$ >/dev/null || exit 1
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
# shellcheck source=tests/interop/agent.inc
. "$SOURCE/tests/interop/agent.inc"
# shellcheck disable=SC2119 # its arguments are stubs, and there are none
agent_start || exit 1
"$BUILD/bench/resolve" -n "${1:-20000}" -r "${2:-5}" "$DIR/map.sock" host.example.test | tee "$DIR/figures"
awk '/^resolve/ { good = $2 < 30 && $10 <= 2.5; print good ? "held" : "not held", "(goal: under 30 us, ratio at most 2.5)" }
	END { exit !good }' "$DIR/figures"
