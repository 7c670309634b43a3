#!/usr/bin/env bash
# beside-update.sh - honest questions, and honest updates, beside forged updates that come as fast as a core can send
# them; and what they leave in mapd's memory. mapd has the last core to itself, with one worker. What counts is the part
# that is answered beside the part without an attack; how late answers come is not judged on a machine that is late by
# itself.
#: usage: beside-update.sh [SECONDS [KIND...]]
# needs: root cores dnspython cryptography
# limit: 180
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=beside-update RATE=30000 PERCENT=95 LATE=10000 MEMORY=65536
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
BAD=$SOURCE/tests/fault/bad
each=${1:-2} attacker=''
shift
trap '[ -z "$attacker" ] || kill "$attacker"; realm_stop; rm -rf "$DIR"' EXIT
declare -A what=()
kinds=()
forged() { /usr/bin/python3 "$BAD/forged.py" "$PORT" $REALM "$SECRET" "$@"; }
while read -r kind text; do
	what[$kind]=$text
	kinds+=("$kind")
done < <(/usr/bin/python3 "$BAD/forged.py" kinds)
what[tcp]="class 9: wrongly signed ones over 16 connections"
kinds+=(tcp)
[ $# = 0 ] || kinds=("$@")
# the honest ones before the hostile one on the same core, when that is allowed
FIRST='nice -n -10'
! chrt -r 1 true 2>/dev/null || FIRST='chrt -r 1'
# shellcheck disable=SC2086 # words
honest() { $FIRST taskset -c 0 "$BUILD/bench/offer" -l -r $RATE -t "$each" 127.0.0.1@"$PORT" "$DIR/good"; }
received() { mapctl -j status | grep -oE '"(query.udp|drop.update)": ?[0-9]+' | awk '{ n += $NF } END { printf "%d", n }' FS='[ :]+'; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$MAPD/status"; }

realm_conf "verify-locators: no, quota: {identities-of-source: 1000000}" "workers: 1"
# mapd before whatever else runs on this machine; its verifiers give way by themselves
FIRST_TOO=''
! nice -n -20 true 2>/dev/null || FIRST_TOO='nice -n -20'
# shellcheck disable=SC2086 # words
realm_must_start $FIRST_TOO taskset -c $(($(nproc) - 1))
realm_load
/usr/bin/python3 -c 'import hosts, struct, sys
w = hosts.query("www.id.example", 1)
open(sys.argv[1], "wb").write(struct.pack("!H", len(w)) + w)' "$DIR/good"
first=$(memory)
round=0
attack() { # KIND: starts it, on the honest one's core
	if [ "$1" = tcp ]; then
		rm -f "$DIR/there"
		mkfifo "$DIR/there"
		taskset -c 0 /usr/bin/python3 "$BAD/forged.py" "$PORT" $REALM "$SECRET" tcp 16 >"$DIR/there" 2>"$DIR/trouble" &
		attacker=$!
		head -n 1 "$DIR/there" >/dev/null
	else
		forged write "$1" "$DIR/forged" || return 1
		taskset -c 0 "$BUILD/bench/offer" -x -r 0 -t 60 127.0.0.1@"$PORT" "$DIR/forged" >"$DIR/sent" 2>&1 &
		attacker=$!
	fi
}
for kind in "${kinds[@]}"; do
	good=1
	# the best of three: what disturbs the machine can only make it worse
	for _ in 1 2 3; do
		read -r _ _ _ _ sent _ answers _ _ _ _ _ _ _ p99_alone _ < <(honest)
		part_alone=$(awk -v s="$sent" -v a="$answers" 'BEGIN { printf "%.2f", (s > 0 ? 100 * a / s : 0) }')
		attack "$kind" || { result 1 "${what[$kind]}"; break; }
		before=$(received)
		read -r _ _ _ _ sent _ answers _ _ _ _ median _ _ p99 _ < <(honest)
		after=$(received)
		# shellcheck disable=SC2086 # words
		updates=$($FIRST taskset -c 0 /usr/bin/python3 "$BAD/forged.py" "$PORT" $REALM "$SECRET" honest "$((round += 1))" 2>"$DIR/refused")
		kill -0 "$attacker"
		alive=$?
		{ kill "$attacker"; wait "$attacker"; attacker=''; } 2>/dev/null
		part=$(awk -v s="$sent" -v a="$answers" 'BEGIN { printf "%.2f", (s > 0 ? 100 * a / s : 0) }')
		line="${what[$kind]}: $part % of $((sent / each)) questions/s answered, median $median us, p99 $p99 us (alone: $part_alone %, $p99_alone us); received $(((after - before) / each))/s; updates: $updates"
		[ $alive = 0 ] && [ "$updates" = "20 of 20 over TCP, 20 of 20 with a cookie" ] &&
			awk -v p="$part" -v a="$part_alone" -v l="$p99" -v d="$p99_alone" \
				"BEGIN { exit !(p >= $PERCENT * a / 100 && (l < $LATE || d > $LATE / 2)) }"
		good=$?
		[ $good != 0 ] || break
		echo "# again: $line"
	done
	result $good "$line" "$DIR/refused"
done
last=$(memory)
[ $((last - first)) -le $MEMORY ]
result $? "class 14: memory has grown by $((last - first)) KiB, from $first"
judge "after all that"
exit $failed
