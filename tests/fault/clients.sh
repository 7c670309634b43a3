#!/usr/bin/env bash
# clients.sh - 10,000 clients of resolverd at once: those beyond the limit are told why, other users are served, and when all are
# gone nothing of them is left. Clients that never read, and hostile ones; hostile.sh has these where sessions are looked after.
# needs: root
# limit: 60
# shellcheck disable=SC2317 # the trap calls stop
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/clients.XXXXXX")
RESOLVERD=''
trap 'stop; rm -rf "$DIR"' EXIT
stop() { [ -z "$RESOLVERD" ] || { kill "$RESOLVERD"; wait "$RESOLVERD"; RESOLVERD=; } 2>/dev/null; }

chmod 711 "$DIR" # another user has to get to the socket
ulimit -n 20000 || { echo "not ok clients: descriptors for as many"; exit 1; }
printf '%s\n' "socket: $DIR/sock" "control: $DIR/control" 'paths: off' 'probe: off' 'exits: off' 'trust-anchors: []' >"$DIR/resolverd.yaml"
mkfifo "$DIR/ready"
"$BUILD/resolverd/resolverd" -f -c "$DIR/resolverd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/log" &
RESOLVERD=$!
[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { echo "not ok clients: resolverd serves"; cat "$DIR/log"; exit 1; }
/usr/bin/python3 "$SOURCE/tests/fault/clients.py" "$DIR/sock" "$DIR/control" "$BUILD/mapctl/mapctl" "$BUILD/mapdig/mapdig" \
	"$BUILD/examples/connector" "$RESOLVERD" "$SOURCE/tests/fuzz/corpus/frame"
bad=$?
[ $bad = 0 ] || cat "$DIR/log"
exit $bad
