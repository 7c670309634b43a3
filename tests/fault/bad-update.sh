#!/usr/bin/env bash
# bad-update.sh - updates as nobody should send them, over TCP and UDP, and what a running mapd does with each; the
# zone is what it was. Every type and every bit in ./check --long bad.
# needs: dnspython cryptography ldns dnssec-verify dig
# beside: yes
# limit: 240
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=bad-update
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
realm_conf "verify-locators: no, quota: {identities-of-source: 1000000}" "journal-size: 256M"
realm_must_start
realm_load
judge "before"
/usr/bin/python3 "$SOURCE/tests/fault/bad/updates.py" "$PORT" $REALM "$SECRET" ${EIDMAP_BAD_EVERY:+every} || failed=1
kill -0 "$MAPD"
result $? "mapd lives"
judge "after all that"
exit $failed
