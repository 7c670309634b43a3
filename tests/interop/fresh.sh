#!/usr/bin/env bash
# fresh.sh - past resolverd's caches: what is found there is not forgotten again for what is older.
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
# shellcheck source=tests/interop/agent.inc
. "$SOURCE/tests/interop/agent.inc"

mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
look() { "$BUILD/mapdig/mapdig" -s "$DIR/map.sock" +noreverse "$@" >"$DIR/out" 2>&1; }
says() { # WHAT PATTERN: of what was looked up last
	if grep -qE -- "$2" "$DIR/out"; then echo "ok fresh: $1"; else echo "not ok fresh: $1"; sed 's/^/    | /' "$DIR/out"; fi
}
# An identity whose locators live for a second, while who has the name is told for five minutes.
identity() { # NAME LOCATOR
	"$BUILD/mapctl/mapctl" id new --realm 2001:3f:fe00:a00::/56=id.example.test --name "$1.example.test" --locator "$2" \
		--dir "$DIR/id" | sed -E 's/^([^ ]+) [0-9]+ (.*)ELOC/\1 1 \2ELOC/'
}
moves() { # TO: the name's identity is that of TO
	{ cat "$DIR/base" "$DIR/first" "$DIR/second"
	  sed -nE "s/^$1\.example\.test\. (.*EPID.*)/moving.example.test. \1/p" "$DIR/$1"; } >"$DIR/zone"
	mapctl zone load example.test "$DIR/zone" >>"$DIR/log" 2>&1
}

if ! agent_start; then echo "not ok fresh: set up"; exit 1; fi
grep -v '^host\|^[0-9a-f]*\.id' "$DIR/zone" >"$DIR/base"
grep '^host\|^[0-9a-f]*\.id' "$DIR/zone" >"$DIR/host"

# A newer proof that one asker was told of, and an older one that libunbound still holds for others
host="eid:[$(sed -nE 's/^host.* EPID 10 ([^ ]*) .*/\1/p' "$DIR/host")]?at=56/id.example.test"
look "$host"
says "a proof" 'proof of the host +host-proved'
"$BUILD/mapctl/mapctl" id sign --key "$DIR/id/host.example.test.private" --realm 2001:3f:fe00:a00::/56=id.example.test \
	<"$DIR/host" >"$DIR/newer"
cat "$DIR/base" "$DIR/newer" >"$DIR/zone"
mapctl zone load example.test "$DIR/zone" >>"$DIR/log" 2>&1 || echo "not ok fresh: the zone, signed anew"
look host.example.test +fresh
says "a newer proof" 'proof of the host +host-proved'
look "$host" +insecure
says "the older one is no error to who asks otherwise" 'proof of the host +host-proved'

identity first 2001:db8:a:1::1 >"$DIR/first"
identity second 2001:db8:b:1::2 >"$DIR/second"
moves first || echo "not ok fresh: the zone"
look moving.example.test
says "before" '2001:db8:a:1::1 '
moves second || echo "not ok fresh: the zone, changed"
look moving.example.test +fresh
says "past the caches, the new one" '2001:db8:b:1::2 '
# the next look-up that is not answered from resolverd's own cache
while look moving.example.test && grep -q ', cached$' "$DIR/out"; do :; done
says "later, still the new one" '2001:db8:b:1::2 '
