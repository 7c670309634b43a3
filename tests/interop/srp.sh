#!/usr/bin/env bash
# srp.sh - hosts register as the Service Registration Protocol has it (RFC 9665): one host description with a key,
# addresses and leases; refreshed, changed, contested, withdrawn, forgotten; judged by ldns and BIND in between. And what
# they get where addresses are to be proved.
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
part() { # PART [ZONE]
	/usr/bin/python3 "$UPDATE/srp.py" "$PORT" "${2:-$REALM}" "$1" >"$DIR/part" 2>&1 || failed=1
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

# The realm as it is when nothing is said of it but that it is open, and beside it the two that doc/registration.md
# has for such clients.
realm_stop
realm_conf ' '
sed -i 's/^zones: {/&default.service.arpa: {policy: open, verify-locators: no}, few.example: {policy: enrolled}, /' "$DIR/mapd.yaml"
realm_must_start
for zone in default.service.arpa few.example; do
	printf '%s\n' '$TTL 60' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns' 'ns A 192.0.2.1' >"$DIR/zone"
	ok "$zone is loaded" mapctl zone load $zone "$DIR/zone"
done
part default
same "who gives no port is sent no probe" "$(mapctl -j status | grep -oE '"update.probes": ?[0-9]+' | grep -oE '[0-9]+$')" 0
part own-zone default.service.arpa
part not-enrolled few.example
ok "a name is enrolled" mapctl identity enroll printer.few.example.
key=$(/usr/bin/python3 "$UPDATE/srp.py" "$PORT" few.example key)
printf 'set printer.few.example. 300 KEY %s\ncommit\n' "$key" >"$DIR/lines"
ok "with its key" eval 'mapctl zone edit few.example <"$DIR/lines"'
part enrolled few.example
judge "realms for such clients"
exit $failed
