#!/bin/sh
# resolve.sh - a cached look-up beside a bare ping-pong: bench/resolve.sh, which has goals
# needs: root namespaces
if bench/resolve.sh; then echo "ok resolve: both goals held"; else echo "not ok resolve: a goal was missed"; exit 1; fi
