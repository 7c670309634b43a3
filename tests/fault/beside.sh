#!/usr/bin/env bash
# beside.sh - an honest client beside hostile ones, of some kinds and for a second each; ./check --long bad has all
# needs: root cores dnspython
# limit: 120
exec "$(dirname "$(readlink -f "$0")")/bad/beside.sh" 1 60000 95 chains options noise proved deaf
