#!/bin/sh
# sessions.sh - 100,000 sessions by UDP and as many by MPTCP, one after the other: nothing of them is left in resolverd
# needs: root namespaces mptcp
# limit: 7000
tests/survive/many.sh 100000
