#!/usr/bin/env bash
# managed.sh - do MPTCP sessions go where their mapping says: to addresses that the peer never announced, and away from what a site
# drains, with 10,000 others behind its set; and is one safe before anything was said? With the kernel's path manager as far as that
# can, and with sessions that are managed one by one.
# needs: root namespaces mptcp
# limit: 200
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=managed
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
R=$FIG1_R
TTL=5
session() { # NAME PORT: one that r begins
	MAP_SOCKET=$WORK/r.sock start "$1" r "$BUILD/examples/connector" host.example.test "$2"
	wait_line "$1" '^connected ' 15
}
counted() { ctl "$1" status | tee /dev/stderr | grep -qE "path\.$2:? +$3$"; } # NODE WHAT TIMES
story() { ctl "$1" why "$(ctl "$1" sessions | grep mptcp | head -n 1 | cut -d' ' -f1)"; } # NODE

# STATE: 50 of the others, whoever they are, have a locator of provider A that is drained, or one that is not
others_are() {
	local identity line drained=0 well=0
	for identity in $(shuf -n 50 "$WORK/others"); do
		line=$("$FIG1" exec r "$BUILD/mapdig/mapdig" -s "$WORK/r.sock" "$identity" | grep "2001:db8:$FIG1_SITE_A:") || return 1
		case $line in *drain*) drained=$((drained + 1)) ;; *) well=$((well + 1)) ;; esac
	done
	echo "$drained drained, $well well"
	[ "${!1}" = 50 ]
}
realm_records() { others >>"$WORK/zones/identities.records"; }

realm_start $TTL
echo "2001:3f:fe00:a00::/56: id.example.test" >"$WORK/realms.yaml"
agent_start host "paths: off" || give_up "resolverd serves on host"
agent_start r "paths: manage" || give_up "resolverd serves on r"
MAP_SOCKET=$WORK/host.sock start listener host "$BUILD/examples/listener" "$HOST_ID" 7000
wait_line listener '^listening ' 5 >"$WORK/out" || give_up "the listener listens"

ok "a session to who announces nothing" session one 7000
ok "is by both addresses that its mapping has" soon 10 leads r 7000 "$R $A" "$R $B"
ok "and says so" eval "story r | grep -q 'path from $R to [0-9a-f:]* joined'"
sed -i '/isp-a/s/$/ drain/' "$WORK/zones/site.records"
ok "10,000 others are behind its set" others_are well
ok "the site drains provider A" site_load
left() { leads r 7000 "$R $B" && others_are drained; }
ok "the session leaves it, and so have all others behind the set, within its TTL and a second" follows left
ok "and says why" eval "story r | grep -q 'to $A left: the mapping gives it up'"
ok "a path that joined is counted, and one that was left" eval 'counted r joined 1 && counted r left 1 && counted r renewed 0'
ok "octets come" flows one
ok "who connects now comes by provider B" session two 7000
ok "and no other" eval '[ "$(led r 7000 | sort -u)" = "$R $B" ]'
sed -i 's/ drain//' "$WORK/zones/site.records"
ok "it is drained no more" site_load
ok "both sessions are by both again" soon 20 leads r 7000 "$R $A" "$R $A" "$R $B" "$R $B"
for name in one two; do tell $name TERM; done
ok "they end" eval 'wait_line one "^end " 5 && wait_line two "^end " 5'

# the kernel's manager can be told to leave, not where to go
agent_start host "paths: kernel" || give_up "resolverd serves on host again"
agent_start r "paths: kernel" || give_up "resolverd serves on r again"
ok "kernel: a session" session three 7000
ok "kernel: by both" soon 10 leads r 7000 "$R $A" "$R $B"
sed -i "/isp-a/s/$/ drain/; s/$TTL ELOC/60 ELOC/" "$WORK/zones/site.records" # from then on nobody asks again because of the TTL
ok "kernel: the site drains provider A" site_load
ok "kernel: the session leaves it, as soon" follows leads r 7000 "$R $B"
ok "kernel: that is counted, too" eval 'counted r joined 1 && counted r left 1'
ok "kernel: octets come" flows three
ok "kernel: who connects now comes by provider B" session four 7000
ok "kernel: and leaves the other, which its peer announces" soon 12 counted r left 2
ok "kernel: so that both sessions are by one" leads r 7000 "$R $B" "$R $B"
sed -i 's/ drain//' "$WORK/zones/site.records"
ok "kernel: it is drained no more" site_load
for name in three four; do tell $name TERM; done
ok "kernel: they end" eval 'wait_line three "^end " 5 && wait_line four "^end " 5'

# a session in which nothing was said: whoever has one address announces that, and the handshake is complete
quiet='
import signal, socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
if sys.argv[1] == "listen":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", 7002))
    s.listen()
    print("listening", flush=True)
    print("heard", s.accept()[0].recv(99).decode(), flush=True)
else:
    s.bind((sys.argv[2], 0))
    s.connect((sys.argv[1], 7002))
    print("connected", flush=True)
    signal.sigwait([signal.SIGUSR1])
    s.send(b"hello")
    s.recv(1)
'
for node in host r; do
	agent_start $node "paths: manage" "classes: {any: {watch: fast}}" || give_up "resolverd serves on $node, and manages"
done
heard() {
	tell who USR1
	wait_line whom '^heard hello' 1
}
start whom r /usr/bin/python3 -c "$quiet" listen
wait_line whom '^listening' 5 >"$WORK/out" || give_up "python listens"
start who host /usr/bin/python3 -c "$quiet" "$R" "$A"
ok "a session in which nothing is said" wait_line who '^connected' 5
ok "is by both all the same" soon 5 leads host 7002 "$A $R" "$B $R"
ok "the path that it began with dies" "$FIG1" blackhole isp-a
ok "and its first words come within a second" heard
"$FIG1" restore isp-a
exit $failed
