#!/usr/bin/env bash
# edits - 10,000 changes of zones, judged by ldns, BIND and Unbound after each: four sequences side by side
# needs: delv unbound-host ldns dnssec-verify
set -u
edits=$(dirname "$(readlink -f "$0")")/../interop/diff/edits.sh
port=5859 pids=() status=0
for denial in nsec nsec3; do
	for seed in 1 3; do
		EIDMAP_EDITS_PORT=$((port++)) "$edits" 2500 $((seed + ${SEED:-0})) $denial &
		pids+=($!)
	done
done
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
exit $status
