#!/usr/bin/env bash
# kill-batched.sh - a kill of mapd alone loses nothing with "updates: batched" either, however long the disk may be put
# off: what was acknowledged is there after kill -9 under load, the zone is whole and its signatures are valid. What a
# crash of the host may leave is tests/store/test_batched's to say.
# needs: ldns dnssec-verify dnspython cryptography
# beside: yes
# limit: 120
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=kill-batched
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
# shellcheck source=tests/fault/update/kill.inc
. "$SOURCE/tests/fault/update/kill.inc"
kill_run "${ROUNDS:-5}" "updates: batched" "batched-loss: 10s"
exit $failed
