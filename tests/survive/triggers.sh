#!/usr/bin/env bash
# triggers.sh - each thing that can make a pair suspect moves a session, and is what `mapctl why` names; the asker is the host with
# two providers. Where several would find the same fault, those that are not meant are kept from it: the program is stopped
# meanwhile, or probes are seldom. And a datagram session that begins while its best provider is dead begins by the other one.
# needs: root namespaces mptcp
# limit: 120
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=triggers
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
ok_more() { for id in $(ctl host sessions | cut -d' ' -f1); do ctl host why "$id"; done; }
RARELY='watch: {normal: {beat: 60s}}' # probes of what nobody suspects cannot be what finds it
OFTEN='watch: {normal: {beat: 100ms}}'
# Where the session is: a provider's letter, the host's address there, and the number of its table of routes (fig1), which has a
# way out or is followed by "unreachable". Of two sources that are alike the site's prefixes, which are random, make one the first.
IS='' OWN='' OTHER='' TABLE=''
is_by() { # SOURCE
	if [ "$1" = "$A" ]; then IS=a OWN=$A OTHER=$B TABLE=101; else IS=b OWN=$B OTHER=$A TABLE=102; fi
}
ip_host() { "$FIG1" exec host ip -6 "$@"; }
link() { ip_host address del "$OWN/64" dev eth0; }
unlink() {
	ip_host address add "$OWN/64" dev eth0 nodad
	unroute
	ip_host route replace default via "${OWN%::*}::1" dev eth0 src "$OWN" metric "${TABLE#10}00"
}
route() { ip_host route del default table $TABLE; }
unroute() { ip_host route replace default via "${OWN%::*}::1" dev eth0 src "$OWN" table $TABLE; }
icmp() { "$FIG1" fail core-isp-$IS; }
unicmp() { "$FIG1" restore core-isp-$IS; }
# "prohibited", of which the program's next send tells it
program() { "$FIG1" exec exit-$IS ip -6 rule add pref 10 iif lan from "$OWN" prohibit; }
unprogram() { "$FIG1" exec exit-$IS ip -6 rule del pref 10; }
silent() { "$FIG1" blackhole isp-$IS; }
unsilent() { "$FIG1" restore isp-$IS; }
datagrams() { # NAME: an asker on the host
	MAP_SOCKET=$WORK/host.sock start "$1" host "$BUILD/examples/datagrams" r.example.test 7000
	line=$(wait_line "$1" '^connected ' 15) && echo "$line"
}
from() { [ "$(field source "$line")" = "$1" ]; } # SOURCE
answers() { # NAME: they come
	local came=0
	for _ in {1..200}; do
		tell "$1" USR1
		line=$(wait_line "$1" '^mark ' 5) || return 1
		came=$((came + $(field came "$line")))
		[ $came -lt 10 ] || return 0
	done
	return 1
}
why() { ctl host why "$(ctl host sessions | head -n 1 | cut -d' ' -f1)" | tee /dev/stderr | grep -qF "$1"; } # WORDS
# FAULT WORDS: a session goes on by the other provider, with that as the cause
row() {
	ok "$1: a session" eval 'datagrams talk && is_by "$(field source "$line")"'
	ok "$1: answers come" answers talk
	[ "$1" = program ] || tell talk STOP # it says nothing of its own, and uses up no router's patience for errors
	"$1"
	ok "$1: it moves, and why" soon 10 why "moves to $FIG1_R: $2"
	tell talk CONT
	ok "$1: it goes on by the other provider" eval 'line=$(wait_line talk "^(moved|cut-off|back|ended|end) " 5) && echo "$line" &&
		[[ $line == moved\ * ]] && from "$OTHER" && answers talk'
	finish talk
	"un$1"
}

realm_start
start echo r "$BUILD/examples/datagrams" -l 7000
wait_line echo '^answers ' 5 >"$WORK/out" || give_up "somebody answers"
agent_start r 'paths: off' || give_up "resolverd serves on r"
rows() { # LINE [FAULT WORDS]...: with an agent of its own each, which knows of no fault before
	local conf=$1
	shift
	while [ $# -gt 0 ]; do
		agent_start host 'paths: off' 'exits: off' "$conf" || give_up "resolverd serves on the host"
		row "$1" "$2"
		shift 2
	done
}
rows "$RARELY" link 'a link or address changed: ' route 'no route: ' program 'its program says so: a router says prohibited'
rows "$OFTEN" icmp 'a router says it is unreachable: a router says unreachable' silent 'probes are not answered: no answer'

# a datagram session that begins: the preferred provider is silent, and nothing is known of that
agent_start host 'paths: off' || give_up "resolverd serves on the host"
"$FIG1" exec host "$BUILD/mapdig/mapdig" -s "$WORK/host.sock" r.example.test >"$WORK/out" || give_up "the host looks r up"
silent
ok "begins by the provider that lives, from the host" eval 'datagrams cold && from "$OTHER" && [ "$(field gap "$line")" -le 600 ]'
ok "and answers come" answers cold
finish cold
unsilent
is_by "$A" # which the mapping prefers
silent
start echo2 host "$BUILD/examples/datagrams" -l 7000
wait_line echo2 '^answers ' 5 >"$WORK/out" || give_up "somebody answers on the host"
agent_start r 'paths: off' || give_up "resolverd serves on r again"
MAP_SOCKET=$WORK/r.sock start cold r "$BUILD/examples/datagrams" host.example.test 7000
ok "begins by the provider that lives, to the host" eval 'line=$(wait_line cold "^connected " 15) && echo "$line" &&
	[ "$(field destination "$line")" = "$B" ] && [ "$(field gap "$line")" -le 600 ]'
ok "and answers come" answers cold
finish cold
unsilent

# TCP whose data is not acknowledged; the peer's kernel has no MPTCP
"$FIG1" exec r sysctl -qw net.mptcp.enabled=0
agent_start host 'paths: off' || give_up "resolverd serves on the host"
MAP_SOCKET=$WORK/r.sock start receiver r "$BUILD/tests/survive/pace" listen "$R_ID" 7001 up
wait_line receiver '^listening' 5 >"$WORK/out" || give_up "somebody accepts"
MAP_SOCKET=$WORK/host.sock start sender host "$BUILD/tests/survive/pace" connect r.example.test 7001 up tcp
ok "transport: a TCP session that sends" eval 'wait_line sender "^connected" 15 && ctl host sessions | tee "$WORK/tcp" && is_by "$(sed -E "s/.* tcp ([^ ]*) .*/\1/" "$WORK/tcp")"'
silent
# with a pair that lives it would be gone, and its story with it
if [ $IS = a ]; then too=isp-b; else too=isp-a; fi
"$FIG1" blackhole $too
ok "transport: it is cut off, and why" soon 10 why "cut off: its data is not acknowledged: no answer, and no other pair answers"
"$FIG1" restore $too
ok "transport: it is ended when another pair lives" eval '
	for _ in {1..200}; do kill -0 "${PID[sender]}" || break; pass 0.05; done; grep "connection abort" "$WORK/sender.log"'
unsilent
exit $failed
