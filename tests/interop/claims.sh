#!/usr/bin/env bash
# claims.sh - where names are claimed from counts only when it was shown: a realm that takes one name by UDP without a
# cookie, and stock nsupdate and mapctl register, by UDP and TCP, before and behind that.
# needs: root namespaces dig ldns dnssec-verify dnspython cryptography
# limit: 60
# shellcheck disable=SC2317 # functions are called by ok
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
if [ "${1:-}" != inside ]; then # a network namespace: the addresses are its own
	exec unshare --net "$0" inside
fi
NAME=claims
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
ip link set lo up

declare -A key owner
host() { # HOST: makes its key
	key[$1]=$(hosts key "$DIR" 15 "$1" @"$REALM")
	owner[$1]=${key[$1]##*/K}
	owner[$1]=${owner[$1]%%.+*}
}
stock() { # HOST OPTION...: its KEY by stock nsupdate
	local h=$1
	shift
	printf 'server 127.0.0.1 %s\nzone %s\n%s\nsend\n' "$PORT" "$REALM" "update add ${owner[$h]} 60 $(cut -d' ' -f3- "${key[$h]}.key")" >"$DIR/lines"
	timeout 30 nsupdate "$@" -k "${key[$h]}.private" "$DIR/lines"
}
register() { # HOST OPTION...
	local h=$1
	shift
	"$BUILD/mapctl/mapctl" register --key "${key[$h]}.private" --realm "2001:3f:fe00:a00::/56=$REALM" --server "127.0.0.1@$PORT" --locator 192.0.2.10 "$@"
}
withdraw() { "$BUILD/mapctl/mapctl" register withdraw --release --key "${key[$1]}.private" --realm "2001:3f:fe00:a00::/56=$REALM" --server "127.0.0.1@$PORT"; }
from() { mapctl -j identity show "${owner[$1]}" | sed -n 's/.*"source":"\([^"]*\)".*/\1/p'; }
fails() { # WHAT PATTERN COMMAND...
	local what=$1 pattern=$2
	shift 2
	! "$@" >"$DIR/out" 2>&1 && grep -q "$pattern" "$DIR/out"
	result $? "$what" "$DIR/out"
}

realm_conf "verify-locators: no, quota: {identities-unproved: 1, identities-of-source: 2}" "unproved-updates-of-source: 1000"
realm_must_start
realm_load
for h in one two three four; do host $h; done

ok "nsupdate, by UDP" stock one
same "counts for no network" "$(from one)" anywhere
fails "another one by UDP" "update failed: REFUSED" stock two
ok "the first one once more by UDP" stock one
ok "the other one by TCP" stock two -v
same "counts for its network" "$(from two)" 127.0.0.0/24
ok "mapctl register --udp, which has a cookie" register three --udp
owner[three]=$(sed -n 's/.*registered at \([^;]*\)\.;.*/\1/p' "$DIR/out") # its name is of the prefix
same "counts for its network too" "$(from three)" 127.0.0.0/24
fails "which is full now" "from this network" register four
ok "there is no room for the first one, which stays what it is" stock one -v
same "as it was" "$(from one)" anywhere
ok "one that goes" withdraw three
ok "leaves room to the first one" stock one -v
same "which moves there" "$(from one)" 127.0.0.0/24
ok "and leaves room by UDP" stock four
same "where it was" "$(from four)" anywhere
judge "after"
exit $failed
