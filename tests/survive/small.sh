#!/bin/sh
# small.sh - of the matrix (./check --long matrix) what survive.sh by itself leaves out, once each: two multi-homed ends, the host
# that connects, the other classes, one direction, loss
# needs: root namespaces mptcp
# limit: 300
status=0
survive() { "$(dirname "$0")/survive.sh" "$@" || status=1; }
survive -e two -p manage -f "blackhole isp-c in" -f "fail core-isp-a"
# whoever began the session joins anew what the other end has left
LIMIT=150 survive -e two -p manage -d down -n 8 -f "blackhole isp-c both"
# each return leaves what the next fault needs: in under the 200 ms of the kernel's own timer
LIMIT=190 survive -p manage -d down -n 3 -f "fail core-isp-a"
survive -c normal -r connects -p kernel -d down -f "blackhole isp-a out"
LIMIT=1000 survive -c sticky -p manage -d down -f "blackhole isp-a out" -f "loss isp-a 5"
exit $status
