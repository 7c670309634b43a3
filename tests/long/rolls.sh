#!/usr/bin/env bash
# rolls.sh - ten years of a signed zone by themselves: keys rolled on a schedule, signatures renewed, a parent
# that follows CDS, and one Unbound that is asked every four hours and must always validate.
# needs: unbound faketime ldns dnspython
# limit: 7200
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/rolls.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
PATH=$PATH:/usr/sbin /usr/bin/python3 "$SOURCE/tests/interop/rolls/rolls.py" "$BUILD" "$DIR" years
