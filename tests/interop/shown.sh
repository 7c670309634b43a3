#!/usr/bin/env bash
# shown.sh - what an UPDATE changed is in the next answer after its acknowledgement, many at a time and several workers
# needs: cores
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/shown.XXXXXX")
PORT=5879 CHANGES=30000
trap '[ -z "${MAPD:-}" ] || { kill "$MAPD"; wait "$MAPD"; } 2>/dev/null; rm -rf "$DIR"' EXIT

cat >"$DIR/mapd.yaml" <<-Y
listen: [127.0.0.1@$PORT]
database: $DIR/db
control: $DIR/control
workers: 4
tsig-keys: $DIR/keys
zones: {id.bench.test: {denial: nsec3}}
Y
printf 'key "bench." { algorithm hmac-sha256; secret "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="; };\n' >"$DIR/keys"
chmod 600 "$DIR/keys"
mkfifo "$DIR/ready"
"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/log" &
MAPD=$!
[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { cat "$DIR/log"; echo "not ok shown: mapd does not start"; exit 1; }
"$BUILD/bench/premake" zone >"$DIR/zone"
"$BUILD/mapctl/mapctl" -s "$DIR/control" zone load id.bench.test "$DIR/zone"
"$BUILD/bench/premake" -c $CHANGES updates >"$DIR/updates"
# so few at a time that no buffer of a socket is too small for the questions
"$BUILD/bench/update" -c 16 -w 8 -v -t 60 127.0.0.1@$PORT "$DIR/updates" | tee "$DIR/run"
if grep -qx "seen $CHANGES" "$DIR/run"; then
	echo "ok shown: $CHANGES changes, each shown by the next answer after its acknowledgement"
else
	echo "not ok shown: $(grep unseen "$DIR/run") of $CHANGES were not shown at once"
	exit 1
fi
