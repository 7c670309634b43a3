#!/usr/bin/env bash
# follow.sh - do live MPTCP sessions to many identities, of 10,000 behind one set of prefixes, all follow what becomes of it, within
# its TTL and a second: a new prefix, a lost one; nothing when it turns bogus, or nobody answers for it; and is nothing left of them when
# their programs are killed?
# needs: root namespaces mptcp
# limit: 180
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=follow
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
R=$FIG1_R
N=20 TTL=2
ok_more() { led r 7000 | uniq -c; ctl r status; }
realm_records() {
	local i
	for ((i = 0; i < N; i++)); do
		realm_identity "h$i.example.test" --via ::1:0:0:0:10@site.example.test || give_up "identities can be made"
	done >"$WORK/identities"
	others >>"$WORK/zones/identities.records"
	cp "$WORK/zones/site.records" "$WORK/site.both"
	sed -i '/isp-b/d' "$WORK/zones/site.records"
}
set_is() { # PROVIDERS, as a pattern: what the set has from now on
	grep -E "$1" "$WORK/site.both" | sed "s/ELOC/$TTL ELOC/" >"$WORK/zones/site.records"
	site_load || give_up "the set can be changed"
}
paths_are() { [ "$(led r 7000 | uniq -c | awk '{ print $1, $2, $3 }')" = "$(printf "$N %s\n" "$@" | sort)" ]; } # PATH...: of each session
carry() { local i; for ((i = 0; i < N; i++)); do tell "s$i" USR1; done; for ((i = 0; i < N; i++)); do carries "s$i" || return 1; done; }
carries() { # NAME: octets have come since the last time
	line=$(wait_line "$1" '^mark ' 5) && [ "$(field octets "$line")" -gt 0 ] || { echo "$1: $line"; return 1; }
}
stories() { for id in $(ctl r sessions | grep mptcp | cut -d' ' -f1); do ctl r why "$id"; done | sed -E 's/^ *[0-9.]+ s ago: //; s/, [0-9]+ s$//'; }
moves() { line=$(wait_line asker '^moved ' 5) && [ "$(field destination "$line")" = "$B" ]; } # the session of datagrams
stays() { # since then: no move, no break, and answers come
	tell asker USR1
	line=$(wait_line asker '^(moved|cut-off|back|ended|end|mark) ' 5) && echo "$line" && [[ $line == "mark "* ]] && [ "$(field came "$line")" -gt 0 ]
}
told() { [ "$(stories | grep -c "$1")" = $N ]; } # PATTERN: in each story once
# COUNTER...: their sum
counters() {
	ctl r -j status | /usr/bin/python3 -c 'import json, sys
counters = json.load(sys.stdin)["counters"]
print(sum(counters[name] for name in sys.argv[1:]))' "$@"
}
turned_bogus() { [ $(($(counters result.bogus) - bogus)) -ge $N ]; } # each has asked, and was answered that
# Each has asked in vain: some are told what libunbound found out just before.
fallen_silent() { [ $(($(counters result.bogus result.timeout result.error) - vain)) -ge $N ] && [ "$(counters result.timeout)" -ge $((N / 2)) ]; }
left() { # NODE: sessions, and sessions that are managed
	ctl "$1" -j status | /usr/bin/python3 -c 'import json, sys
s = json.load(sys.stdin)
print(sum(s["sessions"].values()), s["paths"])'
}
nothing_left() { left r | tee /dev/stderr | grep -q '^0 .* 0 sessions managed'; }

realm_start $TTL
agent_start host "paths: off" || give_up "resolverd serves on host"
agent_start r "paths: manage" || give_up "resolverd serves on r"
MAP_SOCKET=$WORK/host.sock start listener host "$BUILD/examples/listener" "$HOST_ID" 7000
wait_line listener '^listening ' 5 >"$WORK/out" || give_up "the listener listens"
for ((i = 0; i < N; i++)); do
	MAP_SOCKET=$WORK/r.sock start "s$i" r "$BUILD/examples/connector" "h$i.example.test" 7000
	wait_line "s$i" '^connected ' 15 >>"$WORK/out" || give_up "a session to identity $i: $(tail -n 1 "$WORK/s$i.log")"
done
start echo host "$BUILD/examples/datagrams" -l 7001
wait_line echo '^answers ' 5 >"$WORK/out" || give_up "somebody answers datagrams"
MAP_SOCKET=$WORK/r.sock start asker r "$BUILD/examples/datagrams" h0.example.test 7001
wait_line asker '^connected ' 15 >"$WORK/out" || give_up "a session of datagrams"
ok "$N sessions to as many identities behind one set, by its only prefix" paths_are "$R $A"
ok "octets come" carry

set_is .
ok "10,000 others are behind it" [ "$(wc -l <"$WORK/others")" = 10000 ]
ok "a new prefix: all have joined it, within the set's TTL and a second" follows paths_are "$R $A" "$R $B"
ok "and say so" told "path from $R to $B joined"
set_is isp-b
ok "a lost one, at which they began: all have left it" follows paths_are "$R $B"
ok "and say why" told "to $A left: the mapping gives it up"
ok "octets come" carry
ok "a session of datagrams has moved" moves

# a server of somebody else's: all that it has is signed, by keys that are not the realm's
server() { # DATABASE
	finish mapd
	sed -i "s,^database: .*,database: $WORK/$1," "$WORK/mapd.yaml"
	start mapd ns "$BUILD/mapd/mapd" -c "$WORK/mapd.yaml" --ready-fd 1
	wait_ready mapd 10
}
stories >"$WORK/stories"
unchanged() { diff "$WORK/stories" <(stories) && paths_are "$R $B" && carry && stays; }
bogus=$(counters result.bogus)
server other || give_up "another server"
set_is isp-a
realm_load "$FIG1_SITE_A" "$FIG1_SITE_B" >>"$WORK/realm.log" 2>&1 || give_up "its zones are loaded"
ok "the mapping turns bogus: all sessions have seen that" soon 20 turned_bogus
ok "and nothing has become of it" unchanged
tell mapd STOP
vain=$(counters result.bogus result.timeout result.error)
ok "its server falls silent: all sessions have seen that" soon 25 fallen_silent
ok "and nothing has become of it" unchanged
tell mapd CONT
server db || give_up "the realm's server"
set_is .
ok "the right one answers: they follow it again" soon 30 paths_are "$R $A" "$R $B"

tell asker TERM
ok "that of datagrams ends" wait_line asker '^end ' 5
finish asker
ok "sessions are known" eval 'left r | grep "^$N .* $N sessions managed"'
for ((i = 0; i < N; i++)); do tell "s$i" KILL; finish "s$i"; done
ok "their programs are killed: nothing of them is left" soon 5 nothing_left
exit $failed
