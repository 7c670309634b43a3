#!/bin/sh
# move.sh - a host that moves, with no address at all for longer than Mobile IPv6 keeps a binding (420 s, RFC 6275): the end that
# connected, with either path manager, and one that listens, at the same time in testbeds of their own
# needs: root namespaces mptcp
# limit: 900
export AWAY=430
tests/fault/move.sh connects &
MODE=kernel tests/fault/move.sh connects &
tests/fault/move.sh listens
status=$?
for job in $(jobs -p); do wait "$job" || status=1; done
exit $status
