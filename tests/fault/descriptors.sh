#!/usr/bin/env bash
# descriptors.sh - does mapd have open after thousands of TCP connections what it had before? They end in every way:
# closed, reset, in the middle of a message, with answers unread, with updates on their way; 1,000,000 of them in
# ./check --long bad.
# needs: dnspython cryptography
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=descriptors
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
realm_conf "verify-locators: no" "workers: 2"
realm_must_start
realm_load
/usr/bin/python3 "$SOURCE/tests/fault/bad/sessions.py" "$PORT" "$MAPD" $REALM "$SECRET" "${SESSIONS:-6000}" \
	"$BUILD/mapctl/mapctl" -s "$DIR/control" -j status || failed=1
exit $failed
