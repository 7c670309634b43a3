#!/usr/bin/env bash
# kill-batched.sh - a kill of mapd alone loses nothing with "updates: batched" either, however long the disk may be put
# off: what was acknowledged is there after kill -9 under load, the zone is whole and its signatures are valid. What a
# crash of the host may leave is tests/store/test_batched's to say.
# needs: ldns dnssec-verify dnspython cryptography
# limit: 120
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=kill-batched
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
realm_conf "verify-locators: no" "journal-size: 256M" "updates: batched" "batched-loss: 10s"
realm_must_start
realm_load
realm_stop
/usr/bin/python3 "$SOURCE/tests/fault/update/kill.py" "$BUILD" "$DIR" "$PORT" $REALM "$SECRET" "${ROUNDS:-5}" | sed "s/kill-update:/$NAME:/"
exit "${PIPESTATUS[0]}"
