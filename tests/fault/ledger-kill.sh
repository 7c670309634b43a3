#!/usr/bin/env bash
# ledger-kill.sh - is all that resolverd set taken back by the next one when it is killed with -9 at any
# moment? At each system call of its life that concerns the kernel's path manager or the ledger, one
# after the other; then at random, while addresses come and go, alone and two at once.
# needs: root namespaces mptcp strace
# beside: yes
# limit: 240
# shellcheck disable=SC2317 # functions are called by ok
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
ROUNDS=${ROUNDS:-50}
# shellcheck source=tests/fault/ledger.inc
. "$SOURCE/tests/fault/ledger.inc" || exit 1

conf a
conf other
conf off 'paths: off'
bad() { # WHAT: what went wrong, and where
	echo "not ok ledger: $1"
	{ state; tail -n 8 "$DIR/a.log"; tail -n 5 "$DIR/trace"; } 2>&1 | sed 's/^/    | /'
	exit 1
}

# ------------------------------------------------------------------------------- each system call

CALLS=mkdir,flock,openat,pwrite64,renameat,unlinkat,rmdir,socket,sendto,recvmsg,inotify_add_watch
# From start to end, with an address that comes and goes; ends early when it is killed.
life() { # COMMAND...
	start a "$@" || return
	address add 2001:db8:3::3
	heard 'path 2001:db8:3::3: used'
	address del 2001:db8:3::3
	heard 'path 2001:db8:3::3: taken out'
	kill "${PID[a]}" 2>/dev/null
}
heard() { timeout 20 tail --pid="${PID[a]}" -s 0.02 -n +1 -f "$DIR/a.log" | grep -aqm 1 -e "$1"; }
# What comes after; the fourth way is that nothing does, before the next one is killed too.
mend() { # NUMBER [WHERE]
	case $(($1 % 4)) in
	0) restore ;;
	1) start off && stop off ;;
	2) start a && stop a ;;
	3) return ;;
	esac || bad "killed at ${2:-$1}: the next one fails"
	as_before >"$DIR/out" || bad "killed at ${2:-$1}: the next one takes back all"
	[ -z "$(find "$LEDGERS" -name '[0-9]*' 2>/dev/null)" ] || bad "killed at ${2:-$1}: no ledger is left"
}
life strace -D -f -qq -o "$DIR/trace" -e trace="$CALLS"
ended a || bad "it lives"
# The calls in order, each as NAME NUMBER-OF-ITS-KIND, from the first that asks the kernel on; what
# comes before sets nothing.
awk '{ sub(/^[0-9]+ +/, ""); netlink = netlink || /^socket\(AF_NETLINK/; sub(/\(.*/, "") }
	/^[a-z0-9_]+$/ { n[$0]++; if (netlink) print $0, n[$0] }' "$DIR/trace" >"$DIR/calls"
call=0 killed=0
while read -r name number; do
	call=$((call + 1))
	life strace -D -f -qq -o "$DIR/trace" -e trace="$CALLS" -e inject="$name:signal=KILL:when=$number" 2>/dev/null
	ended a
	[ $? != 137 ] || killed=$((killed + 1))
	ip addr del 2001:db8:3::3/64 dev d0 2>/dev/null
	mend $call "$name $number"
done <"$DIR/calls"
mend 0
# One of another life may not come in this one: reads that found nothing more, an heir's.
[ $killed -ge $((call * 9 / 10)) ] || bad "$killed kills at $call calls"
echo "ok ledger: killed at each of $killed system calls: all is taken back"

# ---------------------------------------------------------------------------------------- at random

flap() { while :; do address add 2001:db8:5::5; address add 2001:db8:6::6; address del 2001:db8:5::5; address del 2001:db8:6::6; done; }
# A random moment, which is what is tested; nothing is waited for.
moment() { timeout "0.$(printf %03d $((RANDOM % ${1:-120} + 1)))" tail -f /dev/null; }
start_unseen() { # NAME
	STARTED=$1
	"$RESOLVERD" -c "$DIR/$1.yaml" -f 2>"$DIR/$1.log" &
	PID[$1]=$!
}
flap 2>/dev/null &
PID[flap]=$!
for ((round = 1; round <= ROUNDS; round++)); do
	start_unseen a
	moment
	murder a || bad "round $round: it lives until it is killed"
	mend $round
done
mend 0
echo "ok ledger: killed $ROUNDS times at random: all is taken back"
for ((round = 1; round <= ROUNDS / 2; round++)); do
	for name in a other; do [ -n "${PID[$name]:-}" ] || start_unseen $name; done
	moment 200
	name=$([ $((RANDOM % 2)) = 0 ] && echo a || echo other)
	murder "$name" || bad "round $round: $name lives until it is killed"
done
for name in a other; do [ -z "${PID[$name]:-}" ] || stop "$name" || bad "the last one stops"; done
as_before >"$DIR/out" || bad "of two, one killed at random $((ROUNDS / 2)) times: the last one takes back all"
echo "ok ledger: of two, one killed at random $((ROUNDS / 2)) times: the last one takes back all"
kill "${PID[flap]}"
ended flap
for a in 2001:db8:5::5 2001:db8:6::6; do ip addr del $a/64 dev d0 2>/dev/null; done

# --------------------------------------------- lists that change while they are read, in several parts

for i in {1..60}; do echo "link add v$i type veth peer name w$i"; done | ip -batch -
for _ in {1..600}; do echo "link add z0 type veth peer name z1"; echo "link del z0"; done >"$DIR/links"
ip -batch "$DIR/links" &
PID[links]=$!
slowly() { start a strace -D -f -qq -o "$DIR/trace" -e trace=recvmsg -e inject=recvmsg:delay_enter=2000; }
ok "while links come and go, it starts" slowly
ok "and sets the same" as_set
stop a
ok "and takes it back" as_before
kill "${PID[links]}"
ended links # by that signal
exit 0
