#!/usr/bin/env bash
# prove.sh - a realm that verifies locators: nobody publishes an address at which he does not hear, and nobody is
# sent more than he can stop.
# needs: root namespaces dnspython cryptography dig ldns dnssec-verify
# limit: 120
# shellcheck disable=SC2317 # the trap calls what it likes
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
if [ "${1:-}" != inside ]; then # a network namespace: the addresses are its own
	exec unshare --net "$0" inside
fi
NAME=prove
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
ip link set lo up
for address in 2001:db8:a::1/128 2001:db8:a::2/128 2001:db8:a::3/128 192.0.2.10/32 192.0.2.11/32; do ip address add $address dev lo; done
for i in $(seq 20); do ip address add "2001:db8:b::$i/128" dev lo; done
LISTEN=", \"::1@$PORT\"" # IPv6 is where IPv6 is listened
realm_conf "verify-locators: yes"
realm_must_start
realm_load
judge "before"
/usr/bin/python3 "$UPDATE/prove.py" "$PORT" $REALM || failed=1
judge "after"
exit $failed
