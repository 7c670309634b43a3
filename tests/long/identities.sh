#!/bin/sh
# identities.sh - 1,000,000 identities loaded beside ldns-signzone and NSD: bench/identities.sh, which has goals
# needs: dig ldns nsd
if bench/identities.sh; then echo "ok identities: both goals held"; else echo "not ok identities: a goal was missed"; exit 1; fi
