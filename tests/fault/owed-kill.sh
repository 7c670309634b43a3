#!/usr/bin/env bash
# owed-kill.sh - are names in step with their identities after kill -9? They are of another zone, whose denial only an
# edit can write, so each commit of new locators owes them an edit. mapd is killed between the two, as soon as the
# locators are served; when they are acknowledged; and at random moments under load. It is started again, and each name
# must have just the addresses of its identity.
# needs: ldns dnssec-verify dnspython cryptography
# beside: yes
# limit: 120
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=owed-kill NAMES=names.example
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
realm_conf "verify-locators: no}, $NAMES: {denial: nsec" "journal-size: 256M"
realm_must_start
realm_load
printf '%s\n' '$TTL 60' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns' 'ns A 192.0.2.1' >"$DIR/zone.names"
ok "the zone of names is loaded" mapctl zone load $NAMES "$DIR/zone.names"
realm_stop
/usr/bin/python3 "$SOURCE/tests/fault/update/owed.py" "$BUILD" "$DIR" "$PORT" $REALM $NAMES "${ROUNDS:-30}" || failed=1
exit $failed
