#!/usr/bin/env bash
# managed.sh - do MPTCP sessions go where their mapping says: to addresses that the peer never announced, away from what a site
# drains, to a prefix that is new; and do they survive that a host moves? With the kernel's path manager as far as that can, and
# with sessions that are managed one by one.
# needs: root namespaces mptcp
# limit: 200
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=managed
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
R=$FIG1_R
site() { mapctl zone load example.test "$WORK/zones/example.test.zone" >"$WORK/load.log" 2>&1; }
session() { # NAME PORT: one that r begins
	MAP_SOCKET=$WORK/r.sock start "$1" r "$BUILD/examples/connector" host.example.test "$2"
	wait_line "$1" '^connected ' 15
}
listen() { # NAME NODE IDENTITY PORT
	MAP_SOCKET=$WORK/$2.sock start "$1" "$2" "$BUILD/examples/listener" "$3" "$4"
	wait_line "$1" '^listening ' 5
}
story() { ctl "$1" why "$(ctl "$1" sessions | grep mptcp | head -n 1 | cut -d' ' -f1)"; } # NODE

realm_start 5
agent_start host "paths: off" || give_up "resolverd serves on host"
agent_start r "paths: manage" || give_up "resolverd serves on r"
listen listener host "$HOST_ID" 7000 >"$WORK/out" || give_up "the listener listens"

ok "a session to who announces nothing" session one 7000
ok "is by both addresses that its mapping has" soon 10 leads r 7000 "$R $A" "$R $B"
ok "and says so" eval "story r | grep -q 'path from $R to [0-9a-f:]* joined'"
sed -i '/isp-a/s/$/ drain/' "$WORK/zones/site.records"
ok "the site drains provider A" site
ok "the session leaves it, within the set's TTL" soon 10 leads r 7000 "$R $B"
ok "and says why" eval "story r | grep -q 'to $A left: the mapping gives it up'"
ok "octets come" flows one
ok "who connects now comes by provider B" session two 7000
ok "and no other" eval '[ "$(led r 7000 | sort -u)" = "$R $B" ]'
sed -i 's/ drain//' "$WORK/zones/site.records"
ok "it is drained no more" site
ok "both sessions are by both again" soon 20 leads r 7000 "$R $A" "$R $A" "$R $B" "$R $B"
for name in one two; do tell $name TERM; done
ok "they end" eval 'wait_line one "^end " 5 && wait_line two "^end " 5'

# the kernel's manager can be told to leave, not where to go
agent_start host "paths: kernel" || give_up "resolverd serves on host again"
agent_start r "paths: kernel" || give_up "resolverd serves on r again"
ok "kernel: a session" session three 7000
ok "kernel: by both" soon 10 leads r 7000 "$R $A" "$R $B"
sed -i '/isp-a/s/$/ drain/' "$WORK/zones/site.records"
ok "kernel: the site drains provider A" site
ok "kernel: the session leaves it" soon 10 leads r 7000 "$R $B"
ok "kernel: octets come" flows three
sed -i 's/ drain//' "$WORK/zones/site.records"
ok "kernel: it is drained no more" site
tell three TERM
ok "kernel: it ends" wait_line three '^end ' 5

# a host that moves: one address at a time, none for a while, and the first one never again
agent_start host "paths: manage" "classes: {any: {watch: fast}}" || give_up "resolverd serves on host, and manages"
agent_start r "paths: manage" "classes: {any: {watch: fast}}" || give_up "resolverd serves on r, and manages"
"$FIG1" exec host ip address del "$B/64" dev eth0
listen peer r "$R_ID" 7001 >"$WORK/out" || give_up "r listens"
MAP_SOCKET=$WORK/host.sock start four host "$BUILD/examples/connector" r.example.test 7001
ok "a session of a host with one address" wait_line four '^connected ' 15
ok "by that one" soon 5 leads host 7001 "$A $R"
ok "octets come" flows four
"$FIG1" exec host ip address del "$A/64" dev eth0
pass "${AWAY:-2}"
"$FIG1" exec host ip address add "$B/64" dev eth0 nodad
"$FIG1" exec host ip -6 route replace default via "2001:db8:$FIG1_SITE_B:1::1" dev eth0 2>"$WORK/route.log"
ok "its address goes, and another one comes later: the session goes on" soon 5 flows four
ok "by the new one" soon 5 leads host 7001 "$B $R"
tell four TERM
ok "it ends whole" eval 'wait_line four "^end " 5 >"$WORK/end"; ! grep -q wrong "$WORK/four.log"'
exit $failed
