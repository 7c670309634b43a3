#!/usr/bin/env bash
# kill-update.sh - is each acknowledged update still there after kill -9? mapd is killed at a random moment while
# hosts and administrators change their records as fast as they can, is started again, and must have all that was
# acknowledged and nothing half done, know it when it is sent again, and end the leases that are over; 1,000 times in
# ./check --long kills.
# needs: ldns dnssec-verify dnspython cryptography
# limit: 240
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=kill-update
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
# shellcheck source=tests/fault/update/kill.inc
. "$SOURCE/tests/fault/update/kill.inc"
kill_run "${ROUNDS:-20}"
exit $failed
