#!/usr/bin/env bash
# letters.sh - updates whose names differ from those that are there in upper and lower case only, of owners and in RDATA,
# by administrators and hosts; what results is judged by ldns, BIND and the journal.
# needs: dig ldns dnssec-verify dnspython cryptography
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=letters
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
realm_conf
realm_must_start
realm_load
judge "before"
/usr/bin/python3 "$UPDATE/letters.py" "$PORT" $REALM "$SECRET" >"$DIR/part" 2>&1 || failed=1
sed -E 's/^(ok|not ok) /\1 letters: /' "$DIR/part"
judge "afterwards"
exit $failed
