#!/usr/bin/env bash
# reverse.sh - hosts set the reverse names that are given to them, of IPv6 and IPv4, in zones that are not their realm's:
# PTR and EPID and nothing else, until the lease ends; judged by ldns, BIND and the journal.
# needs: dig ldns dnssec-verify dnspython cryptography
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=reverse
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
SIX=a.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa FOUR=2.0.192.in-addr.arpa
realm_conf "verify-locators: no}, $SIX: {policy: enrolled, lease: {min: 1s}}, $FOUR: {policy: enrolled, lease: {min: 1s}"
realm_must_start
realm_load
printf '%s\n' '$TTL 60' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns.id.example.' >"$DIR/zone"
part() { # ZONE NAME
	ok "$1 is loaded" mapctl zone load "$1" "$DIR/zone"
	rm -f "$DIR/judged"
	REALM=$1 judge "$1 before"
	/usr/bin/python3 "$UPDATE/reverse.py" "$PORT" $REALM "$SECRET" "$1" "$2.$1" "$BUILD/mapctl/mapctl" -s "$DIR/control" >"$DIR/part" 2>&1 ||
		failed=1
	sed -E 's/^(ok|not ok) /\1 reverse: /' "$DIR/part"
	REALM=$1 judge "$1 afterwards"
}
part $SIX 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0
part $FOUR 77
exit $failed
