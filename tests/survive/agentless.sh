#!/usr/bin/env bash
# agentless.sh - a managed session whose peer has no agent: four failures, so that each provider fails, returns and fails again
# needs: root namespaces mptcp
# limit: 150
exec "$(dirname "$0")/survive.sh" -n 4 -d down -p manage -a host -f "blackhole isp-a both"
