#!/usr/bin/env bash
# calm.sh - loss, a path that flaps, and connecting while a provider is away: nothing known; known from before, and almost ten minutes
# ago; and by a host whose own provider it is
# needs: root namespaces mptcp nft
# limit: 2400
# shellcheck source=tests/long/side.inc
. "$(dirname "$0")/side.inc"
for mode in kernel manage; do row 2 tests/survive/calm.sh -n 20 -l 30 -f 60 -g 590 -p $mode; done
heading "a host whose own provider is dead, which its questions to name servers leave by"
row 2 tests/survive/asks.sh -n 20 -l 350
rows_end
