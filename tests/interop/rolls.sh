#!/usr/bin/env bash
# rolls.sh - every kind of key roll and both ways between NSEC and NSEC3, judged by Unbound with whatever its
# caches may hold at each step; a month switched off; and two months by themselves, with a parent that follows
# CDS. mapd is killed and started again in each phase.
# needs: unbound faketime ldns dnspython
# beside: yes
# limit: 400
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/rolls.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
PATH=$PATH:/usr/sbin /usr/bin/python3 "$SOURCE/tests/interop/rolls/rolls.py" "$BUILD" "$DIR" \
	zsk ksk csk split algorithm denial off life
