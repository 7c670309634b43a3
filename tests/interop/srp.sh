#!/usr/bin/env bash
# srp.sh - hosts register as the Service Registration Protocol has it (RFC 9665): one host description with a key,
# addresses and leases; refreshed, changed, contested, withdrawn, forgotten; judged by ldns and BIND in between.
# needs: dig delv ldns dnssec-verify dnspython cryptography
# beside: yes
# limit: 120
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=srp
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"

# Runs a part of srp.py and counts what it found.
part() { # PART
	/usr/bin/python3 "$UPDATE/srp.py" "$PORT" $REALM "$1" >"$DIR/part" 2>&1 || failed=1
	sed -E 's/^(ok|not ok) /\1 srp: /' "$DIR/part"
}
realm_conf 'verify-locators: no'
realm_must_start
realm_load
judge "before"
part register
trusted "a registration" host1.$REALM A AAAA KEY TYPE65301
judge "registrations"
part contest
part withdraw
judge "withdrawals"
realm_stop
realm_conf 'verify-locators: no, lease: {min: 1s}'
realm_must_start
part expire
judge "expiry"
part restart-before
realm_stop -9
realm_must_start
part restart-after
judge "expiry after kill -9"
exit $failed
