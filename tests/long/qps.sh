#!/bin/sh
# qps.sh - mapd beside NSD, Knot DNS and an echo server: bench/qps.sh with 100,000 names
# needs: dig nsd knot
if bench/qps.sh; then echo "ok qps: measured"; else echo "not ok qps: not measured"; exit 1; fi
