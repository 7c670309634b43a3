#!/bin/sh
# zones.sh - 10,000 zones loaded in one mapctl session, and a start with them: bench/zones.sh, which has goals
if bench/zones.sh; then echo "ok zones: both goals held"; else echo "not ok zones: a goal was missed"; exit 1; fi
