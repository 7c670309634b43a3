#!/usr/bin/env bash
# bad-names.sh - names of hosts that would be a line of the log, an escape sequence, a format, JSON or a directive of a
# zone file if they were printed as they are: in mapd's log, mapctl's lists and JSON, and dumps that others read.
# needs: dnspython cryptography ldns dnssec-verify dig
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=bad-names
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
realm_conf
realm_must_start
realm_load
/usr/bin/python3 "$SOURCE/tests/fault/bad/names.py" "$PORT" $REALM "$DIR" "$BUILD/mapctl/mapctl" -s "$DIR/control" || failed=1
judge "with such names"
exit $failed
