#!/usr/bin/env bash
# returns.sh - does a session that this host began have both its paths again each time that the provider it began by returns, with the
# kernel's path manager, which counts such returns? And is every address announced again as soon as this host accepts a session?
# needs: root namespaces mptcp
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=returns
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
R=$FIG1_R
# PROVIDER'S ADDRESS WORDS TIMES: in how many stories of host's sessions its path did this last. What a look at it that was under way when it
# was left says after that does not count.
last_words() {
	local id
	for id in $(ctl host sessions | cut -d' ' -f1); do ctl host why "$id" | grep -F "path from $1 to $R" | grep -E " (left: |joined)" | tail -n 1; done |
		tee /dev/stderr | grep -c " $2" | grep -qx "$3"
}
announced() { [ "$("$FIG1" exec host ip mptcp endpoint | grep -c "$1 id [0-9]* signal subflow")" = "$2" ]; } # ADDRESS TIMES

realm_start
for node in host r; do agent_start $node "paths: kernel" "classes: {any: {watch: fast}}" || give_up "resolverd serves on $node"; done
MAP_SOCKET=$WORK/r.sock start receiver r "$BUILD/tests/survive/pace" listen "$R_ID" 7000 up
wait_line receiver '^listening' 5 >"$WORK/out" || give_up "r listens"
MAP_SOCKET=$WORK/host.sock start sender host "$BUILD/tests/survive/pace" connect r.example.test 7000 up
ok "a session that host begins, and sends by" wait_line sender '^connected' 15
ok "is by both" soon 10 leads host 7000 "$A $R" "$B $R"
MAP_SOCKET=$WORK/r.sock start idle-listener r "$BUILD/examples/listener" "$R_ID" 7002
wait_line idle-listener '^listening ' 5 >"$WORK/out" || give_up "r listens for another one"
MAP_SOCKET=$WORK/host.sock start idle host "$BUILD/examples/connector" r.example.test 7002
ok "another session, which is not the one to find out" wait_line idle '^connected ' 15
ok "is by both" soon 10 leads host 7002 "$A $R" "$B $R"
for time in 1 2 3 4; do
	which=$(carrying a b)
	if [ "$which" = a ]; then gone=$A other=$B; else gone=$B other=$A; fi
	"$FIG1" blackhole "isp-$which"
	ok "its provider goes, time $time: it is by the other one" soon 5 leads host 7000 "$other $R"
	ok "octets come" flows receiver
	ok "so are both sessions, whose stories say so" eval 'soon 5 leads host 7002 "$other $R" && last_words "$gone" "left: " 2'
	"$FIG1" restore "isp-$which"
	ok "it returns, time $time: it is by both" soon 10 leads host 7000 "$A $R" "$B $R"
	ok "and so are both, which is in their stories too" eval 'soon 10 leads host 7002 "$A $R" "$B $R" && soon 5 last_words "$gone" joined 2'
done
# A router that says so ends the kernel's attempts at once, and a session that begins before resolverd has looked again is by the
# address while the older ones are not: they are to be, too, whether or not this resolverd knows what was left.
icmp() { "$FIG1" exec "isp-$1" ip -6 rule "$2" pref 10 iif site unreachable; } # LETTER add|del
port=7002
for since in "" ", and resolverd begins anew meanwhile"; do
	which=$(carrying a b) port=$((port + 1))
	if [ "$which" = a ]; then other=$B; else other=$A; fi
	MAP_SOCKET=$WORK/r.sock start "young-listener$port" r "$BUILD/examples/listener" "$R_ID" $port
	wait_line "young-listener$port" '^listening ' 5 >"$WORK/out" || give_up "r listens for a young one"
	icmp "$which" add
	ok "its provider says that there is no way$since: both are by the other one" \
		eval 'soon 5 leads host 7000 "$other $R" && soon 5 leads host 7002 "$other $R"'
	if [ -n "$since" ]; then ok "resolverd begins anew" agent_start host "paths: kernel" "classes: {any: {watch: fast}}"; fi
	pass 12 # so that its looks are far from each other
	icmp "$which" del
	MAP_SOCKET=$WORK/host.sock start "young$port" host "$BUILD/examples/connector" r.example.test $port
	ok "it returns, and a young session is by both" eval 'wait_line "young$port" "^connected " 15 && soon 5 leads host $port "$A $R" "$B $R"'
	ok "so are the older ones" eval 'soon 20 leads host 7000 "$A $R" "$B $R" && soon 5 leads host 7002 "$A $R" "$B $R"'
	ok "and the young one still" soon 5 leads host $port "$A $R" "$B $R"
	ok "octets come" flows receiver
	finish "young$port"
	finish "young-listener$port"
done
ok "nobody listens at host, and no address is announced" eval 'announced "$A" 0 && announced "$B" 0'
tell receiver TERM
ok "it ends whole" eval 'wait_line receiver "^end " 5 >"$WORK/end" && ! grep -q wrong "$WORK/receiver.log"'
for name in sender idle idle-listener; do finish $name; done
MAP_SOCKET=$WORK/host.sock start listener host "$BUILD/examples/listener" "$HOST_ID" 7001
ok "host listens" wait_line listener '^listening ' 5
ok "both addresses are announced again" soon 10 eval 'announced "$A" 1 && announced "$B" 1'
MAP_SOCKET=$WORK/r.sock start session r "$BUILD/examples/connector" host.example.test 7001
ok "a session that host accepts" wait_line session '^connected ' 15
ok "is by both" soon 10 leads r 7001 "$R $A" "$R $B"
exit $failed
