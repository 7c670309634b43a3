#!/usr/bin/env bash
# visible.sh - is an update there for the very next question after its acknowledgement? 1,000 here, by SIG(0) and
# TSIG, asked through other sockets than the update's, so that any worker answers; 100,000 in ./check --long visible.
# needs: dnspython cryptography
# limit: 120
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=visible
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
realm_conf "verify-locators: no, quota: {identities-of-source: 1000000}" "workers: 4"
realm_must_start
realm_load
/usr/bin/python3 "$UPDATE/visible.py" "$PORT" $REALM "$SECRET" "${UPDATES:-1000}"
