#!/bin/sh
# agent.sh - what resolverd takes, of memory and of a core, and what a cold connection costs: bench/agent.sh, which has goals
# needs: root namespaces mptcp
# limit: 1200
if bench/agent.sh; then echo "ok agent: all goals held"; else echo "not ok agent: a goal was missed"; exit 1; fi
