#!/bin/sh
# survive.sh - the figures of doc/survival.md: a path that dies, the only one that does, what must not move, and how sessions begin
# needs: root namespaces mptcp nft
# limit: 7000
status=0
export RETURN=40
survive() { tests/survive/survive.sh -n 20 -m 100 -f "blackhole isp-a both" -f "fail core-isp-a" "$@" || status=1; }
echo "# a path dies, silently and as a router says; managed, fast, agents at both ends (goals: median 60 ms, worst 150 ms, 40 ms at the return)"
LIMIT=150 MEDIAN=60 survive -c fast -p manage
echo "# the same with normal, with the kernel's path manager, and with a peer without an agent (goal: worst 250 ms)"
export LIMIT=250
survive -c normal -p manage
survive -c fast,normal -p kernel
survive -c fast -p manage -a host
echo "# to compare with: the kernel alone, the kernel with provider B as a backup, and TCP"
tests/survive/survive.sh -n 20 -m 100 -p alone,backup,tcp -f "blackhole isp-a both" || status=1
echo "# the only path dies, another one appears (goals: worst 100 ms; 300 ms with normal, and with the kernel's path manager)"
LIMIT=100 tests/survive/lone.sh -n 20 || status=1
LIMIT=300 tests/survive/lone.sh -n 20 -c normal || status=1
LIMIT=300 tests/survive/lone.sh -n 20 -c fast,normal -p kernel || status=1
echo "# loss, flapping, and connecting while a provider is away"
tests/survive/calm.sh -n 20 -l 30 -f 60 -g 61 -p kernel,manage || status=1
exit $status
