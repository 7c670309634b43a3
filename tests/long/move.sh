#!/bin/sh
# move.sh - a host that moves, with no address at all for longer than Mobile IPv6 keeps a binding (420 s, RFC 6275)
# needs: root namespaces mptcp
# limit: 900
AWAY=430 tests/fault/managed.sh
