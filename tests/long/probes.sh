#!/bin/sh
# probes.sh - what probing costs: a pair at rest, a suspect one, and one that has been dead for a minute
# needs: root namespaces mptcp
# limit: 600
tests/survive/probes.sh -l
