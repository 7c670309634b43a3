#!/bin/sh
# survive.sh - the longest gaps in sessions by identity: every fault of the testbed, both directions, classes fast and normal
# needs: root namespaces mptcp
# limit: 7000
status=0
echo "# a path dies silently, 20 times in each stream"
LIMIT=250 tests/survive/survive.sh -n 20 -c fast,normal -f "blackhole isp-a both" || status=1
echo "# each of the others, three times"
LIMIT=250 tests/survive/survive.sh -n 3 -c fast,normal -f all || status=1
echo "# without an agent at the peer"
LIMIT=250 tests/survive/survive.sh -n 3 -c fast,normal -a host -f all || status=1
exit $status
