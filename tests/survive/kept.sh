#!/usr/bin/env bash
# kept.sh - is an address that fell silent kept back until it answers, with the kernel's path manager: so that the peer's kernel does not
# count it in vain, which takes up few in a session? And is it used at once when a session begins, or resolverd does? Of a path
# that ends for another reason: is there one again?
# needs: root namespaces mptcp nft
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=kept
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
R=$FIG1_R
endpoint() { "$FIG1" exec host ip mptcp endpoint | sed -nE "s/^$1 id [0-9]+ *//p"; } # ADDRESS: its flags
has_flags() { [ "$(endpoint "$1" | tr -d ' ')" = "$2" ]; } # ADDRESS FLAGS
is_endpoint() { "$FIG1" exec host ip mptcp endpoint | grep -q "^$1 id "; }
kept() { is_endpoint "$1" && has_flags "$1" ""; }
status() { ctl host status | grep -q "2 endpoints$1\$"; } # WORDS
# PORT: how many addresses r's kernel has taken up in the session there.
taken_up() { "$FIG1" exec r ss -HMni state established "( dport = $1 )" | grep -o 'add_addr_accepted:[0-9]*' | cut -d: -f2; }
# A router that says so ends the kernel's attempts at once.
refuse() { "$FIG1" exec "isp-$1" ip -6 rule "$2" pref 10 iif core unreachable; } # LETTER add|del
fails() { # where most of the stream is
	which=$(carrying a b)
	if [ "$which" = a ]; then gone=$A other=$B; else gone=$B other=$A; fi
	refuse "$which" add
	ok "$1: it is by the other one" soon 5 leads r 7000 "$R $other"
	ok "$1: the address is kept back" soon 2 kept "$gone"
}
both() { leads r 7000 "$R $A" "$R $B"; }

realm_start
for node in host r; do agent_start $node "paths: kernel" "classes: {any: {watch: fast}}" "flap: {penalty: 1}" || give_up "resolverd serves on $node"; done
MAP_SOCKET=$WORK/host.sock start sender host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 down
wait_line sender '^listening' 5 >"$WORK/out" || give_up "host listens"
MAP_SOCKET=$WORK/r.sock start receiver r "$BUILD/tests/survive/pace" connect host.example.test 7000 down
ok "a session that host accepts, and sends by" wait_line receiver '^connected' 15
ok "is by both" soon 10 both
# by A, as B refuses to be joined, though it answers probes
"$FIG1" exec host nft "add table inet t; add chain inet t in { type filter hook input priority 0; }; add rule inet t in ip6 daddr $B tcp dport 7002 reject with tcp reset"
MAP_SOCKET=$WORK/host.sock start listener2 host "$BUILD/examples/listener" "$HOST_ID" 7002
wait_line listener2 '^listening ' 5 >"$WORK/out" || give_up "host listens for a third one"
MAP_SOCKET=$WORK/r.sock start session2 r "$BUILD/examples/connector" host.example.test 7002
ok "a session with a peer who refuses to be joined at one of his addresses" wait_line session2 '^connected ' 15
pass 5
ok "has that taken up once" [ "$(taken_up 7002)" = 1 ]
finish session2
finish listener2
"$FIG1" exec host nft delete table inet t
for gone in $A $B; do
	"$FIG1" exec r ss -HKtn dst "[$gone]" dport = 7000 >"$WORK/killed"
	ok "r's kernel is made to end a path to $gone" [ "$(wc -l <"$WORK/killed")" = 1 ]
	ok "which is over" soon 2 eval '! both'
	ok "it is offered again when nobody has come back to it" soon 10 both
done
at_first=$(taken_up 7000)
for time in 1 2 3 4; do
	fails "time $time"
	ok "which status says" status ", 1 kept back"
	pass 2.5 # it is looked at meanwhile
	ok "as long as it does not answer" kept "$gone"
	refuse "$which" del
	ok "it is by both when it does" soon 10 both
	ok "and nothing is kept back" status ""
done
now=$(taken_up 7000)
ok "r's kernel counts no more addresses than before (${at_first:-0}, ${now:-0})" [ "${now:-0}" -le $((${at_first:-0} + 1)) ]
fails "a session begins meanwhile"
MAP_SOCKET=$WORK/host.sock start listener host "$BUILD/examples/listener" "$HOST_ID" 7001
wait_line listener '^listening ' 5 >"$WORK/out" || give_up "host listens for another one"
MAP_SOCKET=$WORK/r.sock start session r "$BUILD/examples/connector" host.example.test 7001
ok "it begins" wait_line session '^connected ' 15
ok "and may come there" soon 2 has_flags "$gone" signalsubflow
refuse "$which" del
ok "the stream is by both" soon 20 both
fails "resolverd begins anew meanwhile"
ok "it does" agent_start host "paths: kernel" "classes: {any: {watch: fast}}" "flap: {penalty: 1}"
ok "and uses it" soon 2 has_flags "$gone" signalsubflow
refuse "$which" del
ok "the stream is by both" soon 20 both
tell receiver TERM
ok "it ends whole" eval 'wait_line receiver "^end " 5 >"$WORK/end" && ! grep -q wrong "$WORK/receiver.log"'
exit $failed
