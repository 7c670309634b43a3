#!/usr/bin/env bash
# long.sh - differences of many octets: shown whole, by zone journal and edit diff, or refused with a word.
# limit: 120
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/long.XXXXXX")
PORT=5893 bad=0
trap '[ -z "${MAPD:-}" ] || { kill "$MAPD"; wait "$MAPD"; }; rm -rf "$DIR"' EXIT

ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$DIR/out" 2>&1; then echo "ok $what"; return; fi
	echo "not ok $what"
	bad=1
	tail -n 4 "$DIR/out" | cut -c 1-300 | sed 's/^/    | /'
}
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
zone() { # NAMES SERIAL OCTETS/250: so many octets at each name
	awk -v names="$1" -v serial="$2" -v n="$3" 'BEGIN {
		print "@ 60 SOA ns hostmaster " serial " 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1"
		for (y = ""; length(y) < 249;) y = y "y"
		for (k = 0; k < n; k++) text = text " \"" serial y "\""
		for (i = 0; i < names; i++) print "n" i " 60 TXT" text }'
}
count() { grep -cP "^\Q$1\E n[0-9.a-z]*\t60\tIN\tTXT\t" "$2"; }

printf 'listen: [127.0.0.1@%d]\ndatabase: %s/db\ncontrol: %s/control\njournal-size: 200M\n' $PORT "$DIR" "$DIR" >"$DIR/mapd.yaml"
mkfifo "$DIR/ready"
"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/log" &
MAPD=$!
[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { cat "$DIR/log"; exit 1; }

shown() { # NAMES OCTETS/250
	zone "$1" 1 "$2" >"$DIR/1"
	zone "$1" 2 "$2" >"$DIR/2"
	mapctl zone load "z$1.test" "$DIR/1" && mapctl zone load "z$1.test" "$DIR/2" || return 1
	mapctl zone journal "z$1.test" >"$DIR/journal"
}
whole() { shown 1500 32 && [ "$(count - "$DIR/journal")" = 1500 ] && [ "$(count + "$DIR/journal")" = 1500 ]; }
ok "24 MB are shown whole" whole
refused() { ! shown 3000 32 2>"$DIR/why" && grep -qF 'too long to be shown' "$DIR/why" && [ ! -s "$DIR/journal" ]; }
ok "48 MB are refused, and none of them shown" refused
unset_all() {
	{ for ((i = 0; i < $1; i++)); do echo "unset n$i"; done; printf 'diff\nabort\n'; } | mapctl zone edit z3000.test >"$DIR/diff"
}
part() { unset_all 1500 && [ "$(count - "$DIR/diff")" = 1500 ]; }
ok "an edit that takes 12 MB away is shown" part
exit $bad
