#!/bin/sh
# survive.sh - the longest gaps in sessions by identity: every fault of the testbed, both directions, classes fast and normal, the
# kernel's path manager and ours
# needs: root namespaces mptcp
# limit: 7000
status=0
echo "# managed, fast, agents at both ends: a path dies, 20 times in each stream (goal: median 60 ms, worst 150 ms)"
LIMIT=150 tests/survive/survive.sh -n 20 -c fast -p manage -f all || status=1
echo "# the kernel's path manager, or normal, or a peer without an agent (goal: worst 250 ms): 20 times silently"
LIMIT=250 tests/survive/survive.sh -n 20 -c normal -p manage -f "blackhole isp-a both" || status=1
LIMIT=250 tests/survive/survive.sh -n 20 -c fast,normal -p kernel -f "blackhole isp-a both" || status=1
echo "# each of the others, three times"
LIMIT=250 tests/survive/survive.sh -n 3 -c normal -p manage -f all || status=1
LIMIT=250 tests/survive/survive.sh -n 3 -c fast,normal -p kernel -f all || status=1
LIMIT=250 tests/survive/survive.sh -n 3 -c fast,normal -a host -f all || status=1
exit $status
