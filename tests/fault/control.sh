#!/usr/bin/env bash
# control.sh - does mapd's control socket bear clients that do not keep to the protocol?
# limit: 120
# shellcheck disable=SC2317 # the trap calls stop
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/control.XXXXXX")
MAPD=''
trap 'stop; rm -rf "$DIR"' EXIT
stop() { [ -z "$MAPD" ] || { kill "$MAPD"; wait "$MAPD"; MAPD=; } 2>/dev/null; }

cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@5856]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
	log: error
Y
mkfifo "$DIR/ready"
"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/mapd.log" &
MAPD=$!
[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { echo "not ok mapd serves"; cat "$DIR/mapd.log"; exit 1; }
/usr/bin/python3 "$SOURCE/tests/fault/control.py" "$DIR/control" "$MAPD"
bad=$?
kill "$MAPD"
if wait "$MAPD"; then
	echo "ok mapd ends by itself"
else
	echo "not ok mapd ends by itself: status $?"
	bad=1
fi
MAPD=''
[ $bad = 0 ] || cat "$DIR/mapd.log"
exit $bad
