#!/usr/bin/env bash
# patience.sh - does mapctl get its answer when a load takes longer than a client may idle? mapd's clock
# runs so fast that each load does; its loop looks at the clock whenever somebody else asks for the status.
# needs: faketime
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/patience.XXXXXX")
PORT=5859 IDLE=300
trap 'mapctl stop >/dev/null 2>&1; wait; rm -rf "$DIR"' EXIT
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
uptime() { # a client of this mapd idles soon: it may have to ask again
	until mapctl -j status 2>/dev/null | grep -o '"uptime": *[0-9]*'; do :; done | grep -o '[0-9]*$'
}

cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
Y
{
	printf '@ 60 SOA ns hostmaster 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n'
	for i in $(seq 8000); do echo "n$i 60 A 192.0.2.1"; done
} >"$DIR/zone"
mkfifo "$DIR/ready"
ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 faketime -m -f '+0 x4000' \
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/log" &
[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { echo "not ok mapd serves"; cat "$DIR/log"; exit 1; }

before=$(uptime)
mapctl zone load long.test "$DIR/zone" >"$DIR/out" 2>&1 &
loading=$!
while kill -0 $loading 2>/dev/null; do mapctl status >/dev/null 2>&1; done
if wait $loading; then echo "ok a load that takes long is answered"; else
	echo "not ok a load that takes long is answered"
	sed 's/^/    | /' "$DIR/out" "$DIR/log"
fi
took=$(($(uptime) - before))
if [ $took -gt $IDLE ]; then echo "ok it took longer than a client may idle"; else
	echo "not ok it took longer than a client may idle: $took s"
fi
