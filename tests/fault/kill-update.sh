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
# two zones of guests: in one an end of a lease is written with others, in the other each takes an edit
short="policy: open, verify-locators: no, lease: {min: 1s}"
realm_conf "verify-locators: no}, guests.example: {$short}, walked.example: {$short, denial: nsec" "journal-size: 256M"
realm_must_start
realm_load
for zone in guests walked; do
	printf '%s\n' '$TTL 60' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns' 'ns A 192.0.2.1' >"$DIR/zone.$zone"
	ok "the zone $zone is loaded" mapctl zone load $zone.example "$DIR/zone.$zone"
done
realm_stop
/usr/bin/python3 "$SOURCE/tests/fault/update/kill.py" "$BUILD" "$DIR" "$PORT" $REALM "$SECRET" "${ROUNDS:-20}" guests.example walked.example || failed=1
exit $failed
