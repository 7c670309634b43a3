#!/usr/bin/env bash
# update-storage.sh - what mapd does when the place of its database is not as it should be: read-only when it starts or
# while it serves updates, somebody else's, or read by a program that is killed; and with as many workers as there may be.
# needs: root namespaces dig dnspython cryptography strace ldns
# limit: 90
# shellcheck disable=SC2317 # the trap calls what it likes
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
if [ "${1:-}" != inside ]; then # a mount namespace: its file systems end with it
	exec unshare --mount --propagation private "$0" inside
fi
NAME=update-storage TRACE='' READER=''
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
trap 'end TRACE; end READER; realm_stop; umount "$DIR/disk"; rm -rf "$DIR"' EXIT
DATABASE=$DIR/disk/db

end() { # TRACE, READER: that process
	local pid=${!1}
	[ -z "$pid" ] || { kill "${2:--TERM}" "$pid"; wait "$pid"; } 2>/dev/null
	printf -v "$1" ''
}
load() { /usr/bin/python3 "$SOURCE/tests/fault/update/load.py" "$PORT" $REALM "$SECRET" "$DIR/kept" "$@"; }
taken() { # WHEN
	same "$1: updates are taken" "$(load send 10)" "NOERROR 10"
}
kept() { # WHEN
	same "$1: questions are answered" "$(ask www.$REALM A)" 192.0.2.3
	same "$1: nothing acknowledged is lost" "$(load check)" "lost 0 of $(wc -l <"$DIR/kept")"
}
refused() { # WHAT PATTERN: a start ends with status 1, and says it
	: >"$DIR/mapd.log"
	timeout 20 "$BUILD/mapd/mapd" -f -c "$DIR/mapd.yaml" 2>"$DIR/mapd.log"
	[ $? = 1 ] && grep -qE -- "$2" "$DIR/mapd.log"
	result $? "$1: mapd does not start, and says why" "$DIR/mapd.log"
}
trace() { # INJECTION: until it is ended; returns when it is in force
	strace -f -qq -e "trace=${1%%:*}" -e "inject=$1" -o "$DIR/traced" -p "$MAPD" 2>"$DIR/trace" &
	TRACE=$!
	until grep -q "^TracerPid:.[1-9]" "/proc/$MAPD/status"; do kill -0 $TRACE || break; done
}

mkdir "$DIR/disk"
: >"$DIR/kept"
mount -t tmpfs -o size=200M none "$DIR/disk" || exit 1
realm_conf "verify-locators: no, lease: {min: 1s}" "workers: 2"

# --- read-only
realm_must_start
realm_load
taken "at first"
realm_stop
mount -o remount,ro "$DIR/disk"
refused "a read-only disk" "$DATABASE.*Read-only file system"
mount -o remount,rw "$DIR/disk"
realm_must_start
kept "a disk that can be written again"
said=$(/usr/bin/python3 -c 'import sys, hosts
key = hosts.Key(seed="guest").at(sys.argv[2])
print(hosts.said(hosts.Server(int(sys.argv[1])).tcp(hosts.sig0(hosts.registration(key, [], sys.argv[2]).lease(2, 2), key))))' "$PORT" $REALM)
same "a host registers for 2 s" "$said" NOERROR
# a file system that fails is left so by the kernel, under who has its files open; a mount by hand would be busy
: >"$DIR/mapd.log"
trace 'pwrite64,pwritev,pwritev2,fdatasync,fsync,msync,ftruncate,fallocate:error=EROFS'
since=$SECONDS
load send 40 >"$DIR/said"
grep -qE '^SERVFAIL [0-9]+ the disk is full, or it fails: [^;]* 40$' "$DIR/said"
result $? "read-only while it serves: SERVFAIL, and why" "$DIR/said"
kept "read-only while it serves"
over='leases that are over could not be ended, tried again in 60 s: the disk is full, or it fails'
until grep -q "$over" "$DIR/mapd.log" || [ $((SECONDS - since)) -gt 20 ]; do load send 2; done >"$DIR/said"
since=$SECONDS
while [ $((SECONDS - since)) -lt 3 ]; do load send 2; done >"$DIR/said" # they are looked at once a second while updates come
same "read-only while it serves: the log has each once, with the reason" "$(sed -E \
	's/.* update of .* SERVFAIL .*(the disk is full, or it fails).*/an update: \1/; s/.*(leases that .*): free.*/\1/' "$DIR/mapd.log")" \
	"an update: the disk is full, or it fails"$'\n'"$over"
end TRACE
[ "$(load send 10)" = "NOERROR 10" ] || { realm_stop; realm_must_start; } # LMDB may have given up: update-disk.sh
taken "no longer read-only"
kept "no longer read-only"
realm_stop

# --- somebody else's
sed -i '/^tsig-keys/d' "$DIR/mapd.yaml"
echo "user: nobody" >>"$DIR/mapd.yaml"
chmod 711 "$DIR" "$DIR/disk"
refused "another's directory" "mapd.yaml:[0-9]+: database: $DATABASE: .*Permission denied"
chown nobody "$DATABASE"
refused "another's files in its own directory" "$DATABASE/(lock|data.mdb): .*Permission denied"
chown nobody "$DATABASE"/lock "$DATABASE"/lock.mdb
refused "another's database beside its own locks" "$DATABASE/data.mdb: .*Permission denied"
chown -R root "$DATABASE"

# --- as many workers as there may be
realm_conf "verify-locators: no" "workers: 256"
realm_must_start
taken "256 workers"
kept "256 workers"
ok "256 workers: mapctl is answered" mapctl status
realm_stop

# --- a program that reads beside mapd, and is killed
MAP_SIZE=48M realm_conf "verify-locators: no" "workers: 2" "journal-size: 0B"
realm_must_start
/usr/bin/python3 "$SOURCE/tests/fault/update/reader.py" "$DATABASE" >"$DIR/reader" 2>&1 &
READER=$!
timeout 20 tail -n +1 -f "$DIR/reader" --pid=$READER | grep -qm1 reads
result $? "another program reads the database" "$DIR/reader"
used() { mapctl -j status | sed -nE 's/.*"database_used": ?([0-9]+).*/\1/p'; }
rewrite() { /usr/bin/python3 "$SOURCE/tests/fault/update/rewrite.py" "$PORT" $REALM "$SECRET" "$1"; }
before=$(used)
ok "while it reads: a text is changed" rewrite 200
during=$(used)
[ $((during - before)) -gt 4000000 ]
result $? "while it reads: what it sees stays in the file, which grows: $before, then $during"
end READER -9
ok "it is killed: a text is changed more often than there is room for" rewrite 2500
after=$(used)
[ $((after - during)) -lt $((during - before)) ]
result $? "it is killed: the file stays as it is: $during, then $after"
kept "it is killed"
exit $failed
