#!/usr/bin/env bash
# matrix.sh - sessions by identity: each fault, three times in each stream, in both directions, with one and two multi-homed ends,
# a host that listens and one that connects, each class, and either path manager; and with a peer that has no agent
# needs: root namespaces mptcp nft
# limit: 7100
# shellcheck source=tests/long/side.inc
. "$(dirname "$0")/side.inc"
export RETURN=40
survive() { row 3 env LIMIT="$1" tests/survive/survive.sh -n 3 -f all "${@:2}"; } # LIMIT OPTION...
for ends in one two; do
	survive 150 -c fast -p manage -e $ends
	survive 250 -c fast -p kernel -e $ends
	for mode in kernel manage; do
		survive 250 -c normal -p $mode -e $ends
		survive 1000 -c sticky -p $mode -e $ends
	done
done
survive 250 -c fast -r connects
survive 250 -c fast -a host
survive 250 -c normal -a host
survive 250 -c fast -a host -r connects
heading "the host's own link, which is all that it has: until the peer's kernel tries again, where the peer sends"
row 3 env LIMIT=1000 tests/survive/lone.sh -n 3 -w link -p kernel,manage
rows_end
