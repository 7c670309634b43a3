#!/bin/sh
# matrix.sh - sessions by identity: each fault, three times in each stream, in both directions, with one and two multi-homed ends,
# each class, and either path manager; and with a peer that has no agent
# needs: root namespaces mptcp nft
# limit: 7000
status=0
export LIMIT=250 RETURN=40
for ends in one two; do
	tests/survive/survive.sh -n 3 -c fast,normal -e $ends -f all || status=1
	LIMIT=1000 tests/survive/survive.sh -n 3 -c sticky -e $ends -f all || status=1
done
tests/survive/survive.sh -n 3 -c fast,normal -a host -f all || status=1
exit $status
