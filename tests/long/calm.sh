#!/bin/sh
# asks.sh - a host whose own provider is dead, which its questions to name servers leave by: how long until its session begins
# needs: root namespaces mptcp
# limit: 600
tests/survive/asks.sh -n 20 -l 350
