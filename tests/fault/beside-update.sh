#!/usr/bin/env bash
# beside-update.sh - honest questions, and honest updates, beside forged updates that come as fast as a core can send
# them; and what they leave in mapd's memory. mapd has the last core to itself, with one worker. Of 30,000 questions a
# second that are asked for, and sent, 95 % are answered, 99 % of those within 10 ms. A bound that the machine misses
# without an attack, or nearly so, says nothing of mapd: the line of that kind names it as not judged.
#: usage: beside-update.sh [SECONDS [KIND...]]
# EIDMAP_FLOOD: so many forged updates of each kind are received, however long that takes (1). Where it is given, what
# cannot be judged is a failure.
# needs: root cores dnspython cryptography
# limit: 240
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=beside-update RATE=30000 PERCENT=95 LATE=10000 MEMORY=65536 FLOOD=${EIDMAP_FLOOD:-1} FLOOD_WAIT=600 # s
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
# No question is among them.
received() { mapctl -j status | grep -oE '"(update.received|drop.update)": ?[0-9]+' | awk '{ n += $NF } END { printf "%d", n }' FS='[ :]+'; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$MAPD/status"; }

realm_conf "verify-locators: no, quota: {identities-of-source: 1000000}" "workers: 1"
# mapd before whatever else runs on this machine; its verifiers give way by themselves
FIRST_TOO=''
! chrt -o 0 nice -n -20 true 2>/dev/null || FIRST_TOO='chrt -o 0 nice -n -20'
# shellcheck disable=SC2086 # words
realm_must_start $FIRST_TOO taskset -c $(($(nproc) - 1))
realm_load
/usr/bin/python3 -c 'import hosts, struct, sys
w = hosts.query("www.id.example", 1)
open(sys.argv[1], "wb").write(struct.pack("!H", len(w)) + w)' "$DIR/good"
first=$(memory)
round=0 judged=0
attack() { # KIND: starts it, on the honest one's core
	if [ "$1" = tcp ]; then
		rm -f "$DIR/there"
		mkfifo "$DIR/there"
		taskset -c 0 /usr/bin/python3 "$BAD/forged.py" "$PORT" $REALM "$SECRET" tcp 16 >"$DIR/there" 2>"$DIR/trouble" &
		attacker=$!
		head -n 1 "$DIR/there" >/dev/null
	else
		forged write "$1" "$DIR/forged" || return 1
		taskset -c 0 "$BUILD/bench/offer" -x -r 0 -t 3600 127.0.0.1@"$PORT" "$DIR/forged" >"$DIR/sent" 2>&1 &
		attacker=$!
	fi
}
# What is asked for is the measure, not what the client got sent.
percent() { awk -v n="$1" -v all=$((RATE * each)) 'BEGIN { printf "%.2f", 100 * n / all }'; }
holds() { awk "BEGIN { exit !($1) }" </dev/null; }
# Sets bad to the bounds that do not hold, and unjudged to those that this machine is too slow for by itself.
judge_kind() {
	bad='' unjudged=''
	if ! holds "$(percent "$sent") >= 99"; then
		if holds "$(percent "$sent_alone") >= 99"; then bad+=" sent"; else unjudged+=" sent"; fi
	fi
	if ! holds "$part >= $PERCENT"; then
		if holds "$part_alone >= 99 && $p99_alone < $LATE"; then bad+=" answered"; else unjudged+=" answered"; fi
	fi
	if ! holds "$p99 < $LATE"; then
		if holds "$p99_alone <= $LATE / 2"; then bad+=" p99"; else unjudged+=" p99"; fi
	fi
	[ "$updates" = "20 of 20 over TCP, 20 of 20 with a cookie" ] || bad+=" updates"
	[ $alive = 0 ] || bad+=" attacker"
	[ "$count" -ge "$FLOOD" ] || bad+=" received"
}
# Until so many more forged ones have been received; the attacker goes on.
flood_wait() { # MORE
	local from now end=$((SECONDS + FLOOD_WAIT))
	from=$(received) now=$from
	while [ $((now - from)) -lt "$1" ] && [ $SECONDS -lt $end ] && kill -0 "$attacker" 2>/dev/null; do
		read -r -t 0.2 -u 9 # nobody writes there
		now=$(received)
	done
	count=$((count + now - from))
}
mkfifo "$DIR/never"
exec 9<>"$DIR/never"
for kind in "${kinds[@]}"; do
	kept='' line=''
	# the best of three: what disturbs the machine can only make it worse
	for _ in 1 2 3; do
		read -r _ _ _ _ sent_alone _ answers _ _ _ _ _ _ _ p99_alone _ < <(honest)
		part_alone=$(percent "$answers")
		attack "$kind" || { bad=" attack" unjudged=''; break; }
		count=$(received)
		read -r _ _ _ _ sent _ answers _ _ _ _ median _ _ p99 _ < <(honest)
		count=$(($(received) - count))
		part=$(percent "$answers") speed=$((count / each))
		# shellcheck disable=SC2086 # words
		updates=$($FIRST taskset -c 0 /usr/bin/python3 "$BAD/forged.py" "$PORT" $REALM "$SECRET" honest "$((round += 1))" 2>"$DIR/refused")
		flood_wait $((FLOOD - count))
		kill -0 "$attacker"
		alive=$?
		{ kill "$attacker"; wait "$attacker"; attacker=''; } 2>/dev/null
		judge_kind
		line="$part % of $RATE questions/s answered, $((sent / each))/s sent, median $median us, p99 $p99 us (alone: $part_alone %, $((sent_alone / each))/s, $p99_alone us); received $count, $speed/s; updates: $updates"
		[ -n "$bad$unjudged" ] || { kept=''; break; }
		echo "# again: ${what[$kind]}: $line"
		[ -n "$bad${EIDMAP_FLOOD:-}" ] || kept="$line; NOT JUDGED, this machine is too slow for it without an attack:$unjudged"
	done
	bad+=$unjudged
	if [ -n "$kept" ]; then bad='' line=$kept; else judged=$((judged + 1)); fi
	[ -z "$bad" ]
	result $? "${what[$kind]}: $line${bad:+; DOES NOT HOLD:$bad}" "$DIR/refused"
done
echo "# judged in full: $judged of ${#kinds[@]} kinds"
last=$(memory)
[ $((last - first)) -le $MEMORY ]
result $? "class 14: memory has grown by $((last - first)) KiB, from $first"
judge "after all that"
exit $failed
