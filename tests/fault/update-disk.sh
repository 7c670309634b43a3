#!/usr/bin/env bash
# update-disk.sh - what becomes of updates when mapd's disk or map has no room left, fails, or is not its own:
# SERVFAIL with a reason, answers as before, nothing lost that was acknowledged, and updates again when it is over.
# needs: root namespaces dig dnspython cryptography strace ldns
# limit: 180
# shellcheck disable=SC2317 # the trap calls what it likes
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
if [ "${1:-}" != inside ]; then # a mount namespace: its file systems end with it
	exec unshare --mount --propagation private "$0" inside
fi
NAME=update-disk TRACE=''
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
trap 'untrace; realm_stop; umount "$DIR/disk"; rm -rf "$DIR"' EXIT
DATABASE=$DIR/disk/db

load() { /usr/bin/python3 "$SOURCE/tests/fault/update/load.py" "$PORT" $REALM "$SECRET" "$DIR/kept" "$@"; }
send() { load send "$@" >"$DIR/said" 2>&1; }
says() { # WHAT PATTERN
	grep -qE -- "$2" "$DIR/said"
	result $? "$1" "$DIR/said"
}
taken() { # WHEN: all of some updates
	send 10
	same "$1: updates are taken" "$(cat "$DIR/said")" "NOERROR 10"
}
kept() { # WHEN: nothing is lost, and answers go on
	same "$1: questions are answered" "$(ask www.$REALM A)" 192.0.2.3
	same "$1: nothing acknowledged is lost" "$(load check)" "lost 0 of $(wc -l <"$DIR/kept")"
}
sound() { # WHEN: signatures too
	mapctl zone dump --plain $REALM >"$DIR/dump"
	ok "$1: ldns-verify-zone" ldns-verify-zone -V 1 "$DIR/dump"
}
killed() { # AFTER: what it has on the disk is enough for a start
	realm_stop -9
	realm_must_start
	kept "$1, after kill -9"
	sound "$1, after kill -9"
}
fill() { # all but KIB
	rm -f "$DIR/disk/ballast"
	head -c $((($(df --output=avail -k "$DIR/disk" | tail -n 1) - $1) * 1024)) /dev/zero >"$DIR/disk/ballast"
}
trace() { # INJECTION: until untrace; returns when it is in force
	strace -f -qq -e "trace=${1%%:*}" -e "inject=$1" -o "$DIR/traced" -p "$MAPD" 2>"$DIR/trace" &
	TRACE=$!
	until grep -q "^TracerPid:.[1-9]" "/proc/$MAPD/status"; do kill -0 $TRACE || break; done
}
untrace() {
	[ -z "$TRACE" ] || { kill "$TRACE"; wait "$TRACE"; TRACE=''; } 2>/dev/null
}

mkdir "$DIR/disk"
: >"$DIR/kept"
mount -t tmpfs -o size=60M none "$DIR/disk" || exit 1

# --- no room on the disk
realm_conf "verify-locators: no" "workers: 2"
realm_must_start
realm_load
taken "room"
full=$SECONDS
fill 0
send 60 4000
says "a full disk: SERVFAIL, and why" '(^|; )SERVFAIL [0-9]+ .*disk is full'
says "a full disk: nothing else is said" '^(NOERROR [0-9]+; )?SERVFAIL [0-9]+ [^;]*(; NOERROR [0-9]+)?$'
kept "a full disk"
send 1000
said=$(grep -c 'disk is full' "$DIR/mapd.log")
[ "$said" -ge 1 ] && [ "$said" -le $((1 + (SECONDS - full) / 60)) ]
result $? "a full disk: it is logged, and not more than once a minute"
realm_stop -9
realm_must_start
kept "a full disk, after kill -9"
rm "$DIR/disk/ballast"
taken "room again"
kept "room again"
sound "room again"

# --- a disk that fails
trace 'fdatasync,fsync,msync,sync_file_range:error=EIO'
send 20
says "EIO when the disk is waited for: SERVFAIL, and why" '^SERVFAIL [0-9]+ [^;]+ 20$'
kept "EIO when the disk is waited for"
untrace
taken "the disk is sound again"
kept "the disk is sound again"
sound "the disk is sound again"
trace 'fdatasync,fsync,msync,sync_file_range:error=EIO'
send 20
untrace
killed "EIO when the disk is waited for"
trace 'pwrite64,pwritev,pwritev2:error=EIO'
send 20
says "EIO when it is written: SERVFAIL, and why" '^SERVFAIL [0-9]+ [^;]+ 20$'
kept "EIO when it is written"
untrace
send 10 # LMDB gives up when even its old state could not be written back
says "after that: updates are taken, or the reason says what to do" '^NOERROR 10$|SERVFAIL [0-9]+ .*(start mapd again|restart)'
killed "EIO when it is written"
taken "after that"
kept "after that"
sound "after that"

# --- two of them
cp "$DIR/mapd.yaml" "$DIR/second.yaml"
sed -i "s/@$PORT/@$((PORT + 1))/; s,$DIR/control,$DIR/control2," "$DIR/second.yaml"
"$BUILD/mapd/mapd" -c "$DIR/second.yaml" >"$DIR/second.log" 2>&1
[ $? != 0 ] && grep -qiE 'database|another mapd|in use|lock' "$DIR/second.log"
result $? "a second mapd on one database: refused, and why" "$DIR/second.log"
taken "the first one"
kept "the first one"

# --- a file that is not whole
realm_stop
cp -a "$DATABASE" "$DIR/whole"
size=$(stat -c %s "$DATABASE/data.mdb")
for part in 2 3 10; do
	truncate -s $((size * (part - 1) / part / 4096 * 4096)) "$DATABASE/data.mdb"
	if realm_start; then
		kept "a file cut to $((part - 1))/$part of it, which was not used" # the end of a file may be free pages
		realm_stop
	else
		tail -n 3 "$DIR/mapd.log" | grep -q 'data.mdb'
		result $? "a file cut to $((part - 1))/$part of it: refused, and why"
	fi
	cp "$DIR/whole/data.mdb" "$DATABASE/data.mdb"
done
realm_must_start
kept "the whole file"
realm_stop

# --- no room in the map
rm -rf "$DATABASE"
: >"$DIR/kept"
MAP_SIZE=1M realm_conf "verify-locators: no"
if ! realm_start; then
	MAP_SIZE=4M realm_conf "verify-locators: no"
	realm_must_start
fi
realm_load
taken "a small map"
for _ in $(seq 40); do
	send 60 8000
	! grep -q SERVFAIL "$DIR/said" || break
done
says "a full map: SERVFAIL, and what to raise" 'SERVFAIL [0-9]+ [^;]*raise map-size:'
kept "a full map"
sound "a full map"
realm_stop -9
realm_must_start
kept "a full map, after kill -9"
realm_stop
MAP_SIZE=256M realm_conf "verify-locators: no"
realm_must_start
taken "a larger map"
kept "a larger map"
sound "a larger map"
exit $failed
