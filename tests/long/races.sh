#!/usr/bin/env bash
# races - 100,000 updates while configuration, keys, bans and connections change, under the thread sanitizer
# needs: tsan dnspython cryptography ldns dnssec-verify dig
set -u
EIDMAP_RACES=${EIDMAP_RACES:-100000} exec "$(dirname "$(readlink -f "$0")")/../fault/races.sh"
