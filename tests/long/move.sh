#!/bin/sh
# move.sh - a host that moves, with no address at all for longer than Mobile IPv6 keeps a binding (420 s, RFC 6275): the end that
# connected, and one that listens, at the same time in testbeds of their own
# needs: root namespaces mptcp
# limit: 900
export AWAY=430
tests/fault/move.sh connects &
tests/fault/move.sh listens
status=$?
wait $! && exit $status
