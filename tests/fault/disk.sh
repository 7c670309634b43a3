#!/usr/bin/env bash
# disk.sh - what does mapd say and keep when its disk, or its map, has no room left?
# needs: root namespaces dig
# limit: 120
# shellcheck disable=SC2317 # the trap calls stop
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
if [ "${1:-}" != inside ]; then # a mount namespace: its file systems end with it
	exec unshare --mount --propagation private "$0" inside
fi
DIR=$(mktemp -d "${TMPDIR:-/tmp}/disk.XXXXXX")
PORT=5858 MAPD='' bad=0
trap 'stop; umount "$DIR/disk"; rm -rf "$DIR"' EXIT
stop() { [ -z "$MAPD" ] || { kill "$MAPD"; wait "$MAPD"; MAPD=; } 2>/dev/null; }

ok() { # WHAT CMD...
	local what=$1
	shift
	if "$@" >"$DIR/out" 2>&1; then echo "ok $what"; return; fi
	echo "not ok $what"
	sed 's/^/    | /' "$DIR/out" "$DIR/said"
	tail -n 5 "$DIR/mapd.log" | sed 's/^/    | /'
	bad=1
}
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
start() { # MAP-SIZE: waits until mapd serves, or has ended
	cat >"$DIR/mapd.yaml" <<-Y
		listen: [127.0.0.1@$PORT]
		database: $DIR/disk/db
		control: $DIR/control
		map-size: $1
	Y
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/mapd.log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { wait "$MAPD"; MAPD=; return 1; }
}
zone() { # NAMES SERIAL
	printf '@ 60 SOA ns hostmaster %s 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n' "$2"
	seq -f 'n%.0f 60 TXT "some text, so that it takes room, and some more of it"' "$1"
}
load() { mapctl zone load "$1.test" "$DIR/$2" >"$DIR/said" 2>&1; }
refused() { ! load "$@"; }
says() { grep -qF -- "$1" "$DIR/said"; }
logs() { grep -qF -- "$1" "$DIR/mapd.log"; }
serves() { [ "$(dig +short +norecurse +tries=1 @127.0.0.1 -p $PORT "$1.test" SOA | awk '{ print $3 }')" = "$2" ]; }
fill() { # all but KIB
	local free
	rm -f "$DIR/disk/ballast"
	free=$(df --output=avail -k "$DIR/disk" | tail -n 1)
	head -c $(((free - $1) * 1024)) /dev/zero >"$DIR/disk/ballast"
}

mkdir "$DIR/disk"
mkfifo "$DIR/ready"
: >"$DIR/said"
zone 3 1 >"$DIR/small"
zone 3 2 >"$DIR/small.2"
zone 3000 2 >"$DIR/medium"
zone 30000 1 >"$DIR/big"
mount -t tmpfs -o size=60M none "$DIR/disk" || exit 1

fill 8
ok "no room at the first start: refused" eval '! start 1G'
ok "no room at the first start: says so" logs "No space left on device"
rm "$DIR/disk/ballast"
ok "room again: starts" start 1G
ok "a small zone is loaded" load a small
fill 600
ok "no room for a zone's records, or for what is made of them: refused" refused big big
ok "no room for a zone: says what and what to do" says "the disk is full"
ok "no room for a zone: the one before is served" serves a 1
ok "no room for a zone: nothing of it is listed" eval '! mapctl zone list | grep -q "^big"'
fill 6000
ok "records fit, signatures do not: refused" refused big big
ok "records fit, signatures do not: says what and what to do" says "the disk is full"
fill 0
ok "not an octet left: refused" refused a medium
ok "not an octet left: says what and what to do" says "the disk is full"
ok "not an octet left: the old content is served" serves a 1
ok "not an octet left: status is shown" mapctl status
kill -9 "$MAPD"
wait "$MAPD" 2>/dev/null
ok "not an octet left, after kill -9: starts" start 1G
ok "not an octet left, after kill -9: the old content is served" serves a 1
rm "$DIR/disk/ballast"
ok "room again: the refused change is made" load a small.2
ok "room again: the change is served" serves a 2
ok "room again: the big zone is loaded" load big big
ok "the big zone is served" serves big 1
stop

rm -rf "$DIR/disk/db"
ok "a map of 4 MiB: starts" start 4M
ok "a map of 4 MiB: a small zone is loaded" load a small
ok "a map of 4 MiB: a big one is refused" refused big big
ok "a map of 4 MiB: says what to raise" says "the database is full: raise map-size:"
ok "a map of 4 MiB: the small one still changes" load a small.2
printf "zone load %s.test $DIR/%s\n" b small m1 medium m2 medium m3 medium m4 medium m5 medium c small >"$DIR/session"
ok "a map of 4 MiB, a session: fails in the end" eval '! mapctl - <"$DIR/session" >"$DIR/session.said" 2>&1'
ok "a map of 4 MiB, a session: what fits is loaded, also behind what does not" eval \
	'serves b 1 && serves m1 2 && serves c 1 && ! serves m5 2'
ok "a map of 4 MiB, a session: says which and what to raise" grep -q "m5.test.*raise map-size:" "$DIR/session.said"
for zone in b m1 m2 m3 m4 c; do mapctl zone remove $zone.test >/dev/null 2>&1; done
stop
ok "a larger map: starts" start 64M
ok "a larger map: the big one is loaded" load big big
ok "a larger map: both are served" eval 'serves a 2 && serves big 1'
stop
exit $bad
