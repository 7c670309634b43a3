#!/bin/sh
# plot.sh - the stream across a failure for doc/survival.md: TCP, the kernel's MPTCP, and resolverd's
# needs: root namespaces mptcp gnuplot
# limit: 120
bench/survival.sh doc/survival.svg
