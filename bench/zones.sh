#!/usr/bin/env bash
# zones.sh - many small zones: loaded in one mapctl session, and a start with all of them.
# usage: bench/zones.sh [ZONES]   (10000)
#
# Goals, with 10,000: under 20 s, and under 1 s.
set -u
export LC_ALL=C
BUILD=${EIDMAP_BUILD:-$(dirname "$(readlink -f "$0")")/../build/check}
ZONES=${1:-10000}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/zones.XXXXXX")
MAPD=''
trap 'stop; rm -rf "$DIR"' EXIT
stop() { [ -z "$MAPD" ] || { kill "$MAPD"; wait "$MAPD"; MAPD=; } 2>/dev/null; }
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'; }
cpu() { sed 's/.*) //' "/proc/$MAPD/stat" | awk -v hz="$(getconf CLK_TCK)" '{ printf "%.1f", ($12 + $13) / hz }'; }
busy() { awk -v hz="$(getconf CLK_TCK)" '$1 == "cpu" { printf "%.1f", ($2 + $3 + $4 + $7 + $8) / hz }' /proc/stat; } # of all programs
start() {
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { cat "$DIR/log"; exit 1; }
}

printf 'listen: [127.0.0.1@5899]\ndatabase: %s/db\ncontrol: %s/control\nmap-size: 8G\n' "$DIR" "$DIR" >"$DIR/mapd.yaml"
printf '@ 60 SOA ns hostmaster 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n' >"$DIR/zone"
seq "$ZONES" | sed "s,.*,zone load z&.test $DIR/zone," >"$DIR/commands"
mkfifo "$DIR/ready"
# what the disk takes for what each zone needs at least: a key's file, and a commit
python3 - "$DIR" <<-'P'
	import os, sys, time
	t = time.time()
	for i in range(200):
	    f = os.open(sys.argv[1] + "/probe", os.O_CREAT | os.O_RDWR)
	    os.pwrite(f, b"x" * 4096, 4096 * i)
	    os.fdatasync(f)
	    os.close(f)
	print("one fdatasync here: %.2f ms" % ((time.time() - t) * 5))
	os.unlink(sys.argv[1] + "/probe")
P
start
before=$(busy)
from=$(now)
TIMEFORMAT='%U %S'
{ time "$BUILD/mapctl/mapctl" -s "$DIR/control" - <"$DIR/commands" >"$DIR/said"; } 2>"$DIR/cpu" || { tail -n 3 "$DIR/said"; exit 1; }
load=$(since "$from")
echo "$ZONES zones loaded and signed, each durable: $load s"
awk -v l="$load" -v m="$(cpu)" -v b="$before" -v a="$(busy)" -v n="$(nproc)" '{ c = $1 + $2
	printf "seconds of CPU: %.1f in mapctl, %.1f in mapd, %.1f in all other programs, of %.1f\n", c, m, a - b - c - m, l * n }' "$DIR/cpu"
[ "$(grep -c ': new, serial 1, 4 records$' "$DIR/said")" = "$ZONES" ] || { echo "not all of them are"; exit 1; }
for _ in 1 2 3 4 5; do
	stop
	from=$(now)
	start
	since "$from" >>"$DIR/starts"
	echo >>"$DIR/starts"
done
start=$(sort -n "$DIR/starts" | sed -n 3p)
echo "start with $ZONES zones, database read and keys opened: $start s"
"$BUILD/mapctl/mapctl" -s "$DIR/control" status | awk '$1 == "database_used:" { printf "database: %.0f MB\n", $2 / 1048576 }'
awk '/^Anonymous:/ { printf "memory that is no file'"'"'s: %.0f MB\n", $2 / 1024 }' "/proc/$MAPD/smaps_rollup"
awk -v l="$load" -v s="$start" -v n="$ZONES" 'BEGIN { held = l < 20 && s < 1
	print held ? "held" : "not held", "(goal, with 10000: under 20 s, and under 1 s)"
	exit n >= 10000 && !held }'
