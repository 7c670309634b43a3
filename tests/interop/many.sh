#!/usr/bin/env bash
# many.sh - hundreds of zones in one "mapctl -": answered in the order of their lines, each for itself, and
# made durable together; and what was answered is there after kill -9.
# needs: dig strace
# beside: yes
# limit: 180
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
ROUNDS=${ROUNDS:-10}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/many.XXXXXX")
PORT=5891 MAPD='' bad=0
trap 'kill_mapd; rm -rf "$DIR"' EXIT

ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$DIR/out" 2>&1; then echo "ok $what"; return; fi
	echo "not ok $what"
	bad=1
	tail -n 8 "$DIR/out" | sed 's/^/    | /'
}
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
start_mapd() { # [COMMAND...]: under that
	"$@" "$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>>"$DIR/log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { echo "mapd does not start"; tail -n 3 "$DIR/log"; return 1; }
}
kill_mapd() { [ -z "$MAPD" ] || { kill -9 "$MAPD"; wait "$MAPD"; MAPD=; } 2>/dev/null; }
serials() { # FILE-WITH-NAMES: one line "NAME SERIAL" for each that is served
	sed 's/$/ SOA/' "$1" >"$DIR/questions"
	dig +norecurse +noall +answer +tries=2 @127.0.0.1 -p $PORT -f "$DIR/questions" | awk '$4 == "SOA" { print $1, $7 }'
}
transactions() { # number of the newest of the database, as LMDB's two heads have it
	python3 -c 'import struct, sys
print(max(struct.unpack_from("<Q", open(sys.argv[1], "rb").read(8192), p * 4096 + 144)[0] for p in (0, 1)))' "$DIR/db/data.mdb"
}
zone() { printf '@ 60 SOA ns hostmaster %d 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n%s\n' "$1" "${2:-}"; }

printf 'listen: [127.0.0.1@%d]\ndatabase: %s/db\ncontrol: %s/control\nmap-size: 1G\n' $PORT "$DIR" "$DIR" >"$DIR/mapd.yaml"
mkfifo "$DIR/ready"
zone 1 >"$DIR/good"
zone 2 'www 60 A 192.0.2.2' >"$DIR/better"
zone 1 'www 60 A 192.0.2.300' >"$DIR/bad"
zone 1 'host 60 ELOC 10 50 10.0.0.1' >"$DIR/private"
start_mapd || exit 1

# What is asked, line by line, and how each line must be answered: what mapctl says of a line that failed
# names it, and so stands where it belongs.
for ((i = 1; i <= 300; i++)); do
	case $i in
	*50) printf 'zone load z%d.test %s\n' $i "$DIR/bad" >&3
		printf 'mapctl: %s:4: www.z%d.test. A: *\nmapctl: standard input:%d: failed\n' "$DIR/bad" $i $i ;;
	*7) printf 'zone load --private-locators z%d.test %s\n' $i "$DIR/private" >&3
		printf 'mapctl: %s:4: zone z%d.test.: host.z%d.test. ELOC: *\nmapctl: standard input:%d: failed\n' "$DIR/private" $i $i $i ;;
	*60) printf 'zone load z%d.test %s\n' $((i - 1)) "$DIR/better" >&3
		printf 'zone z%d.test.: serial 1 -> 2, 4 records, 1 added, 0 removed\n' $((i - 1)) ;;
	*80) printf 'zone status z%d.test\n' $((i - 1)) >&3
		printf 'zone: z%d.test.\n*\n' $((i - 1)) ;;
	*90) printf 'frobnicate\n' >&3
		printf 'mapctl: frobnicate: no such command; *\nmapctl: standard input:%d: failed\n' $i ;;
	*) printf 'zone load z%d.test %s\n' $i "$DIR/good" >&3
		printf 'zone z%d.test.: new, serial 1, 3 records\n' $i ;;
	esac
done 3>"$DIR/commands" >"$DIR/wanted"
before=$(transactions)
mapctl - <"$DIR/commands" >"$DIR/said" 2>&1
ok "the exit status is that of the first that failed" [ $? = 1 ]
took=$(($(transactions) - before))

in_order() { # each wanted line is said, in this order; "*" at its end: whatever follows, alone: any lines
	awk 'NR == FNR { said[++n] = $0; next }
		{ want = $0; open = sub(/\*$/, "", want)
		  if (want == "") { skip = 1; next }
		  do { at++; hit = open ? index(said[at], want) == 1 : said[at] == want } while (skip && !hit && at < n)
		  skip = 0
		  if (!hit) { print "wanted: " $0; print "said:   " said[at]; exit 1 } }
		END { if (at != n) { print "left over: " said[at + 1]; exit 1 } }' "$DIR/said" "$DIR/wanted"
}
ok "300 lines, each answered in its turn" in_order
awk '/: new, serial 1, 3/ { print $2 }' "$DIR/said" | tr -d : >"$DIR/names"
awk '/serial 1 -> 2/ { print $2 }' "$DIR/said" | tr -d : >"$DIR/changed"
{ sed 's/$/ 1/' "$DIR/names" | grep -vFf "$DIR/changed"; sed 's/$/ 2/' "$DIR/changed"; } | sort >"$DIR/right"
all_served() { diff <(serials "$DIR/names" | sort) "$DIR/right"; }
none_else() { [ "$(mapctl zone list | wc -l)" = "$(wc -l <"$DIR/names")" ]; }
ok "the $(wc -l <"$DIR/names") right ones are served" all_served
ok "none of the others is there" none_else
ok "several in one transaction: $took for $(wc -l <"$DIR/names") new zones" [ "$took" -lt 150 ]

# Who sends the next line when this one is answered is answered.
one_by_one() {
	local answer i
	coproc SESSION { "$BUILD/mapctl/mapctl" -s "$DIR/control" -; }
	for i in 1 2 3; do
		echo "zone load talk$i.test $DIR/good" >&"${SESSION[1]}"
		read -r -t 20 answer <&"${SESSION[0]}" || return 1
		[[ $answer == "zone talk$i.test.: new"* ]] || return 1
	done
	eval "exec ${SESSION[1]}>&-"
	wait "$SESSION_PID"
}
ok "a line that waits for the answer before it" one_by_one

# As many sessions as mapd takes, each with as many loads ahead as it may have.
at_once() {
	local s all=()
	for s in $(seq 15); do
		for i in $(seq 64); do echo "zone load s$s.$i.test $DIR/good"; done | mapctl - >"$DIR/said.$s" 2>&1 &
		all+=($!)
	done
	for s in $(seq 15); do wait "${all[s - 1]}" || { tail -n 2 "$DIR/said.$s"; return 1; }; done
}
ok "15 sessions at once" at_once

# kill -9 when some of a session have been answered: those are there, and the rest whole or not at all.
killed() {
	local round answered
	for ((round = 0; round < ROUNDS; round++)); do
		for i in $(seq 150); do echo "zone load k$round.$i.test $DIR/good"; done >"$DIR/commands"
		answered=$((RANDOM % 140 + 1))
		mapctl - <"$DIR/commands" 2>/dev/null | {
			head -n $answered >"$DIR/answered"
			kill -9 "$MAPD"
			cat >>"$DIR/answered"
		}
		kill_mapd
		start_mapd || return 1
		awk '/: new, serial 1, 3 records/ { print $2 }' "$DIR/answered" | tr -d : >"$DIR/names"
		[ "$(wc -l <"$DIR/names")" -ge $answered ] || { echo "round $round: fewer than $answered answers"; return 1; }
		diff <(serials "$DIR/names") <(sed 's/$/ 1/' "$DIR/names") || return 1
		# one that was killed is loaded as if nothing had been
		mapctl - <"$DIR/commands" >"$DIR/again" 2>&1 || { tail -n 3 "$DIR/again"; return 1; }
		[ "$(grep -cE ': (new, serial 1|unchanged, serial 1), 3 records$' "$DIR/again")" = 150 ] || return 1
	done
	[ -z "$(find "$DIR/db" -name '*.private.*')" ]
}
ok "kill -9, $ROUNDS times: what was answered is there, and the rest can be loaded" killed

# Keys that cannot be made durable are in no zone; and a kill at any call that makes something durable leaves
# whole zones and whole keys, or none.
under() { # STRACE-ARGUMENT...
	kill_mapd
	start_mapd strace -D -f -qq -o "$DIR/trace" "$@"
}
session() { for i in $(seq 40); do echo "zone load $1.$i.test $DIR/good"; done | mapctl - >"$DIR/session" 2>&1; }
no_keys() {
	under -e trace=fsync -e inject=fsync:error=EIO || return 1
	! session nokey || return 1
	[ "$(grep -cE 'Knokey.*\.private: Input/output error' "$DIR/session")" = 40 ] || { tail -n 3 "$DIR/session"; return 1; }
	[ "$(mapctl zone list | grep -c nokey)" = 0 ] || return 1
	kill_mapd
	start_mapd || return 1
	[ "$(mapctl zone list | grep -c nokey)" = 0 ] && session nokey
}
ok "key files that cannot be stored: refused, each zone by itself, and loaded later" no_keys
at_each_call() {
	local call when n=0
	for call in linkat fsync fdatasync pwrite64; do
		for when in 1 2 7 20 50; do
			n=$((n + 1))
			: >"$DIR/session"
			# a start makes some of these calls too
			under -e trace=$call -e "inject=$call:signal=KILL:when=$when" && session c$n
			kill_mapd
			start_mapd || return 1
			awk '/: new, serial 1, 3 records/ { print $2 }' "$DIR/session" | tr -d : >"$DIR/names"
			diff <(serials "$DIR/names") <(sed 's/$/ 1/' "$DIR/names") || return 1
			session c$n || { echo "after $call $when:"; grep -v serial "$DIR/session"; return 1; }
		done
	done
}
ok "kill -9 at each call that makes something durable: what was answered is there, and the rest can be loaded" at_each_call
exit $bad
