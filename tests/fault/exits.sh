#!/usr/bin/env bash
# exits.sh - is a source whose exit does not work found out, said, and tried last? In the two-provider testbed, with the
# example programs: no route, the wrong one, filters that are silent or not, an exit that is cut off; and back.
# needs: root namespaces mptcp
# limit: 240
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=exits
# host's source of provider B shares more with r's address, so that it is tried first
BED_A=4a BED_B=1
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
ok_more() { exits; }
exits() { "$BUILD/mapctl/mapctl" -s "$WORK/host.control" exits; }
# A fresh agent each time: it knows nothing of what worked.
agent() { agent_start host 'paths: off' "$@"; }
connect() { # by host, to r; over r's listener, which goes on
	MAP_SOCKET=$WORK/host.sock start session host "$BUILD/examples/connector" r.example.test 7000
	line=$(wait_line session '^connected ' 15)
	finish session
	[ -n "$line" ]
}
# The log of this agent has it, now or soon: verdicts take about a second, and looks of itself ten.
said() { # PATTERN SECONDS
	# shellcheck disable=SC2016 # for the inner shell
	timeout "$2" bash -c 'grep -qm 1 -E -- "$2" <(exec tail --pid=$$ -n +1 -F "$1" 2>/dev/null)' - "$WORK/agent-host.log" "$1"
}
listed() { exits | grep -E "^$1 $2"; } # SOURCE PATTERN
first() { # SOURCE [PATTERN]: it is the source of the first pair now; and the last one's words
	"$BUILD/mapdig/mapdig" -s "$WORK/host.sock" +pairs +noreverse r.example.test >"$WORK/pairs"
	grep -A 9 'pairs, best first' "$WORK/pairs"
	[[ $(grep -m 1 -oE '[^ ]+ -> [^ ]+' <(grep -A 1 'pairs, best first' "$WORK/pairs")) == "$1 -> "* ]] &&
		tail -n +2 "$WORK/pairs" | grep -qE "${2:-.}"
}
inside() { local node=$1; shift; "$FIG1" exec "$node" "$@"; }

realm_start
start listener r "$BUILD/examples/listener" "$R_ID" 7000
wait_line listener '^listening ' 5 >"$WORK/out" || give_up "the listener listens"

agent || give_up "resolverd serves"
ok "all well: provider B's source is first" first "$B"
ok "a session" connect
ok "and nothing is in question" eval 'exits | grep -qx "exits: 0 of the 0 sources in question do not work"'

# NAME BREAK MEND VERDICT [WORDS]: the verdict, and the words that are more than a pair's; found out by one session, said in the log and by mapctl; B comes last, and why; then mended
found() {
	agent || give_up "resolverd serves again"
	eval "$2"
	ok "$1: a session all the same" connect
	ok "$1: found out" said "exit of $B: $4${5:+: $5} .*tried: $FIG1_R" 10
	ok "$1: listed" listed "$B" "$4${5:+: $5}, tried with $FIG1_R beside $A"
	ok "$1: its source comes last, and why" first "$A" "$B -> .* $4, "
	ok "$1: the next session" connect
	eval "$3"
	ok "$1: mended, and found out by itself" said "exit of $B: works" 30
	ok "$1: its source is as good as an untried one" first "$A" "$B -> .*not tried lately"
}
filter() { inside "$1" ip -6 rule "$2" pref 50 iif site from "2001:db8:$FIG1_SITE_B::/48" "$3"; } # NODE add|del TYPE

found "no answer by its exit" 'filter isp-b add blackhole' 'filter isp-b del blackhole' \
	"no answer by its exit" "where $A gets an answer"
found "a filter that says so" 'filter isp-b add prohibit' 'filter isp-b del prohibit' "its exit filters it" 'says [0-9a-f:]+'
found "an exit that is cut off" '"$FIG1" fail isp-b-site' '"$FIG1" restore isp-b-site' \
	"a router of its exit has no route" 'says [0-9a-f:]+'
wrong_route() {
	inside host ip -6 rule del pref 1102
	inside host ip -6 rule del pref 1202
	filter isp-a add blackhole
}
right_route() {
	inside host ip -6 rule add pref 1102 from "2001:db8:$FIG1_SITE_B:1::/64" lookup 102
	inside host ip -6 rule add pref 1202 from "2001:db8:$FIG1_SITE_B:1::/64" unreachable
	inside host ip -6 route replace default via "2001:db8:$FIG1_SITE_B:1::1" dev eth0 src "$B" table 102
	filter isp-a del blackhole
}
found "the wrong exit" wrong_route right_route "wrong route for this source" \
	"leaves by 2001:db8:$FIG1_SITE_A:1::1 on eth0, as $A does"

agent || give_up "resolverd serves again"
inside host ip -6 route del default table 102
ok "no route: a session" connect
ok "no route: found out" said "exit of $B: no route for this source: where $A gets an answer" 10
ok "no route: listed" listed "$B" "no route for this source"
inside host ip -6 route replace default via "2001:db8:$FIG1_SITE_B:1::1" dev eth0 src "$B" table 102
ok "no route: one again, and found out by itself" said "exit of $B: works" 5

# a peer that is dead by every exit is no exit's fault
agent || give_up "resolverd serves again"
"$FIG1" fail core-r
ok "the peer is dead: no session" eval '! connect'
"$FIG1" restore core-r
ok "nor is any exit in question" eval 'exits | grep -q "^exits: 0 of"'

# what a user's programs say of a pair is of no account to other users
mark() { /usr/bin/python3 "$SOURCE/tests/fault/mark.py" "$WORK/host.sock" "$1" "$B" "$FIG1_R"; } # UID
agent || give_up "resolverd serves again"
chmod 711 "$WORK" # another user has to get to the socket
ok "a user says that provider B's pair failed" mark 65534
ok "it is first all the same" first "$B" "$B -> .*not tried lately"
ok "root says so, too" mark 0
ok "it is not first any more, to root" first "$A"

agent 'exits: off' || give_up "resolverd serves without"
ok "exits: off" eval 'exits | grep -qx "exits: not observed"'
exit $failed
