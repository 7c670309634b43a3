#!/bin/sh
# survive.sh - the figures of doc/survival.md: a path that dies, the only one that does, what must not move, and how sessions begin
# needs: root namespaces mptcp nft
# limit: 7000
status=0
export RETURN=40
echo "# a path dies, silently and as a router says; managed, fast, agents at both ends (goals: median 60 ms, worst 150 ms)"
LIMIT=150 tests/survive/survive.sh -n 20 -c fast -p manage -f "blackhole isp-a both" -f "fail core-isp-a" || status=1
echo "# the same with normal, with the kernel's path manager, and with a peer without an agent (goal: worst 250 ms)"
LIMIT=250 tests/survive/survive.sh -n 20 -c normal -p manage -f "blackhole isp-a both" || status=1
LIMIT=250 tests/survive/survive.sh -n 20 -c fast -p kernel -f "blackhole isp-a both" || status=1
LIMIT=250 tests/survive/survive.sh -n 20 -c fast -p manage -a host -f "blackhole isp-a both" || status=1
echo "# to compare with: the kernel alone, and TCP"
tests/survive/survive.sh -n 5 -p alone,tcp -f "blackhole isp-a both" || status=1
echo "# the only path dies, another one appears (goals: worst 100 ms; 300 ms with the kernel's path manager)"
LIMIT=100 tests/survive/lone.sh -n 20 || status=1
LIMIT=300 tests/survive/lone.sh -n 5 -p kernel || status=1
echo "# loss, flapping, and connecting while a provider is away"
tests/survive/calm.sh -n 20 -l 30 -f 60 -p kernel,manage || status=1
exit $status
