#!/usr/bin/env bash
# bad.sh - messages as nobody should send them, and what a running mapd does with each: all of them at a plain
# one, and a sample at one whose every octet that goes out valgrind follows to where it was set.
# needs: root dnspython strace valgrind
# limit: 300
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
HERE=$SOURCE/tests/fault/bad
DIR=$(mktemp -d "${TMPDIR:-/tmp}/bad.XXXXXX")
PORT=$((20000 + $$ % 3000 * 4))
MAPD='' TRACE=''
trap 'finish; rm -rf "$DIR"' EXIT
export PYTHONDONTWRITEBYTECODE=1
finish() {
	[ -z "$TRACE" ] || { kill "$TRACE"; wait "$TRACE"; } 2>/dev/null
	[ -z "$MAPD" ] || { kill "$MAPD"; wait "$MAPD"; } 2>/dev/null
	MAPD='' TRACE=''
}
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
counter() { mapctl -j status | sed -nE "s/.*\"$1\": ?([0-9]+).*/\1/p" | head -n 1; }
serve() { # [PREFIX...]: mapd below it, from a database without zones
	rm -rf "$DIR/db" "$DIR/ready"
	mkfifo "$DIR/ready"
	printf 'listen: [127.0.0.1@%s]\ndatabase: %s/db\ncontrol: %s/control\nmap-size: 256M\nworkers: 1\nzones: {example.test: {denial: nsec3}, example.org: {denial: nsec}}\n' \
		$PORT "$DIR" "$DIR" >"$DIR/mapd.yaml"
	"$@" "$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] && mapctl zone load example.test "$SOURCE/tests/cases/basic.zone" &&
		mapctl zone load example.org "$SOURCE/tests/cases/mapping.zone" && return
	echo "not ok mapd serves"
	sed 's/^/    | /' "$DIR/log"
	exit 1
}

died() { # after a failure: how mapd ended, if it did, and what it said
	kill -0 "$MAPD" 2>/dev/null || { wait "$MAPD"; echo "# mapd ended with status $?"; MAPD=''; }
	sed 's/^/    | /' "$DIR/log"
}
ask() { # LABEL [every]
	local label=$1
	shift
	/usr/bin/python3 "$HERE/ask.py" 127.0.0.1 $PORT "$@" | sed -E "s/^(ok|not ok) /\1 $label/"
	[ "${PIPESTATUS[0]}" = 0 ] || died
}

# --- class 1 to 6, to a plain mapd; every one of 65,536 types and flags in ./check --long bad
serve
ask "" ${EIDMAP_BAD_EVERY:+every}
status=$(mapctl -j status)
for counter in answer.formerr answer.notimp answer.badvers drop.malformed drop.response; do
	grep -qE "\"$counter\": ?[1-9]" <<<"$status" || echo "not ok $counter is counted: $status"
done
echo "ok all of it is counted"

# --- class 31: what mapd asks of the system for each name that does not exist: nothing but to receive and to send
strace -f -qq -o "$DIR/calls" -p "$MAPD" 2>"$DIR/traced" &
TRACE=$!
if ! /usr/bin/python3 "$HERE/flood.py" 127.0.0.1 $PORT 2000 "$DIR/calls"; then died; fi
kill "$TRACE"
wait "$TRACE" 2>/dev/null
TRACE=''
calls=$(sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$DIR/calls" | sort | uniq -c | awk '{ printf "%s %s ", $2, $1 }')
# futex: verifiers of updates, which sleep all the time
if grep -vE '^[0-9]+ +(recvmmsg|sendmmsg|epoll_wait|timerfd_settime|restart_syscall|<... |futex\(.*WAIT.*unfinished)' "$DIR/calls" >"$DIR/other"; then
	sed 's/^/    | /' "$DIR/other" | head
	echo "not ok class 31: 4,000 names that do not exist are answered with nothing of the system but what receives, sends and waits"
else
	echo "ok class 31: 4,000 names that do not exist are answered with nothing of the system but what receives, sends and waits: $calls"
fi

# --- class 7: RDATA of wrong lengths, of every type that has a form; types that have none are octets of any length
wrong=0 taken=''
for type in 1 2 5 6 12 13 15 17 18 25 28 33 35 39 43 52 64 104 106 257 65300 65301; do
	for rdata in '0' '1 c0' '3 00ffff'; do
		printf '@ 60 SOA ns h 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nx 60 TYPE%s \\# %s\n' $type "$rdata" >"$DIR/wrong"
		wrong=$((wrong + 1))
		"$BUILD/mapctl/mapctl" zone check wrong.test "$DIR/wrong" >"$DIR/out" 2>&1 && taken+=" TYPE$type($rdata)"
		grep -q "wrong:4: " "$DIR/out" || taken+=" TYPE$type($rdata) without its line"
	done
done
if [ -z "$taken" ]; then echo "ok class 7: $wrong records of a wrong length are refused with their line"; else
	echo "not ok class 7: records of a wrong length:$taken"
fi
printf '@ 60 SOA ns h 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n' >"$DIR/octets"
for n in 0 1 2 3 255 4000; do printf 'x%s 60 TYPE65280 \\# %s %s\n' $n $n "$(printf "%0$((2 * n))d" 0 | head -c $((2 * n)))"; done >>"$DIR/octets"
mapctl zone load octets.test "$DIR/octets" >"$DIR/out" 2>&1
if [ "$(mapctl zone dump octets.test | grep -cE 'TYPE65280.\\# (0|1 00|2 0000|3 000000|255 0+|4000 0+)$')" = 6 ]; then
	echo "ok class 7: octets of any length are printed as that"
else
	cat "$DIR/out"
	echo "not ok class 7: octets of any length are printed as that"
fi
finish

# --- class 8: nothing that was never set goes out, or decides
serve valgrind --quiet --error-exitcode=99 --log-file="$DIR/valgrind"
ask "class 8, under valgrind: "
/usr/bin/python3 "$HERE/flood.py" 127.0.0.1 $PORT 200 || died
kill "$MAPD"
wait "$MAPD"
status=$?
MAPD=''
if [ $status = 0 ] && ! grep -q '^==' "$DIR/valgrind"; then # --: that it knows no seccomp
	echo "ok class 8: valgrind has seen no octet go out that was not set, and no other fault"
else
	sed 's/^/    | /' "$DIR/valgrind" | head -n 60
	echo "not ok class 8: valgrind (mapd ended with status $status)"
fi
