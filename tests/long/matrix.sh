#!/bin/sh
# matrix.sh - sessions by identity: each fault, three times in each stream, in both directions, with one and two multi-homed ends,
# a host that listens and one that connects, each class, and either path manager; and with a peer that has no agent
# needs: root namespaces mptcp nft
# limit: 7100
status=0
export RETURN=40
survive() { tests/survive/survive.sh -n 3 -f all "$@" || status=1; }
for ends in one two; do
	LIMIT=150 survive -c fast -p manage -e $ends
	LIMIT=250 survive -c fast -p kernel -e $ends
	LIMIT=250 survive -c normal -e $ends
	LIMIT=1000 survive -c sticky -e $ends
done
LIMIT=250 survive -c fast -r connects
LIMIT=250 survive -c fast,normal -a host
LIMIT=250 survive -c fast -a host -r connects
echo "# the host's own link, which is all that it has: until the peer's kernel tries again, where the peer sends"
LIMIT=1000 tests/survive/lone.sh -n 3 -w link -p kernel,manage || status=1
exit $status
