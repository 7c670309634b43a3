#!/usr/bin/env bash
# survive.sh - the figures of doc/survival.md: a path that dies, and the only one that does; in two testbeds side by side
# needs: root namespaces mptcp nft
# limit: 7000
# shellcheck source=tests/long/side.inc
. "$(dirname "$0")/side.inc"
export RETURN=40
survive() { row 2 env LIMIT="$1" MEDIAN="$2" tests/survive/survive.sh -n 20 -m 100 "${@:3}"; } # LIMIT MEDIAN OPTION...
dies() { survive "$@" -f "blackhole isp-a both" -f "fail core-isp-a"; }
heading "a path dies, silently and as a router says; managed, fast, agents at both ends (goals: median 60 ms, worst 150 ms, 40 ms at the return)"
dies 150 60 -c fast -p manage
heading "the same of a provider of who began the session, which both ends have two of"
survive 150 60 -c fast -p manage -e two -d down -f "blackhole isp-c both"
survive 150 60 -c fast -p manage -e two -d down -f "fail core-isp-c"
heading "the same with normal, with the kernel's path manager, and with a peer without an agent (goal: worst 250 ms)"
dies 250 250 -c normal -p manage
dies 250 250 -c fast -p kernel
dies 250 250 -c normal -p kernel
dies 250 250 -c fast -p manage -a host
heading "to compare with: the kernel alone, the kernel with provider B as a backup, and TCP"
for mode in alone backup tcp; do survive 250 250 -p $mode -f "blackhole isp-a both"; done
heading "the only path dies, another one appears (goals: worst 100 ms; 300 ms with normal, and with the kernel's path manager)"
row 2 env LIMIT=100 tests/survive/lone.sh -n 20
row 2 env LIMIT=300 tests/survive/lone.sh -n 20 -c normal
for class in fast normal; do row 2 env LIMIT=300 tests/survive/lone.sh -n 20 -c $class -p kernel; done
rows_end
