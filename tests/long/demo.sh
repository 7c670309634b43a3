#!/usr/bin/env bash
# demo.sh - the demonstration twenty times over, each with keys and site prefixes of its own
# needs: root namespaces mptcp
held=0 runs=20
for ((i = 0; i < runs; i++)); do
	out=$(tests/demo/demo) && held=$((held + 1))
	grep -E 'largest gap|connected|NOT HELD|disturbed' <<<"$out" | tr -s ' ' | paste -sd';'
done
if [ $held = $runs ]; then echo "ok demo: $held of $runs runs held all limits"; else
	echo "not ok demo: $held of $runs runs held all limits"
	exit 1
fi
