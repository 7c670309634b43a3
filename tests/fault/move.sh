#!/usr/bin/env bash
# move.sh - does a session survive that a host moves, with one address at a time, none for a while, and the first one never again: of the
# end that connected, and of one that listens, which tells its mapping?
# usage: move.sh [END...]     of connects, listens (both, one after the other)
#   AWAY, MODE in the environment: s without an address (2), and who manages the paths (manage)
# needs: root namespaces mptcp
# limit: 120
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=move
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../survive/bed.inc"
R=$FIG1_R TTL=2 AWAY=${AWAY:-2} MODE=${MODE:-manage}
[ $# -gt 0 ] || set -- connects listens
host_ip() { "$FIG1" exec host ip -6 "$@" 2>>"$WORK/ip.log"; }
goes() { host_ip address del "${!1}/64" dev eth0; } # LETTER
comes() { # LETTER
	local site=FIG1_SITE_$1 table=101
	[ "$1" = A ] || table=102
	host_ip address add "${!1}/64" dev eth0 nodad
	host_ip route replace default via "2001:db8:${!site}:1::1" dev eth0 src "${!1}" table $table
}
# It leaves provider A's network: what still goes by that address, since a socket has it, goes nowhere.
moves() { goes A; "$FIG1" blackhole isp-a; pass "$AWAY"; comes B; }
returns() { "$FIG1" restore isp-a; comes A; }
set_is() { # PROVIDERS, as a pattern
	grep -E "$1" "$WORK/site.both" >"$WORK/zones/site.records"
	site_load || give_up "the set can be changed"
}
session() { # NODE NAME PORT
	MAP_SOCKET=$WORK/$1.sock start session "$1" "$BUILD/examples/connector" "$2" "$3"
	wait_line session '^connected ' 15
}
listen() { # NODE IDENTITY PORT
	MAP_SOCKET=$WORK/$1.sock start listener "$1" "$BUILD/examples/listener" "$2" "$3"
	wait_line listener '^listening ' 5 >"$WORK/out" || give_up "a listener listens on $1"
}
ends() {
	tell session TERM
	wait_line session '^end ' 5 && ! grep wrong "$WORK/session.log"
}
connects() {
	goes B
	listen r "$R_ID" 7000
	ok "a host with one address connects" session host r.example.test 7000
	ok "by that one" soon 5 leads host 7000 "$A $R"
	ok "octets come" flows session
	moves
	ok "after $AWAY s without one it has another: the session goes on" soon 5 flows session
	ok "by the new one" soon 5 leads host 7000 "$B $R"
	ok "it ends whole" ends
	returns
	for name in session listener; do finish $name; done
}
listens() {
	set_is isp-a
	goes B
	listen host "$HOST_ID" 7001
	ok "a host with one address listens, and is connected to" session r host.example.test 7001
	ok "by that one" soon 5 leads r 7001 "$R $A"
	ok "octets come" flows session
	moves
	set_is isp-b
	ok "after $AWAY s without one it has another, as its mapping says: the session is by that, within the set's TTL and a second" \
		follows leads r 7001 "$R $B"
	ok "it goes on" soon 5 flows session
	ok "the story says why" eval 'ctl r why "$(ctl r sessions | cut -d" " -f1)" | grep "path from $R to $B joined"'
	ok "who connects now is there too" eval 'MAP_SOCKET=$WORK/r.sock start second r "$BUILD/examples/connector" host.example.test 7001 &&
		line=$(wait_line second "^connected " 5) && echo "$line" && [ "$(field destination "$line")" = "$B" ]'
	ok "it ends whole" ends
	tell second TERM
	ok "and so does that one" wait_line second '^end ' 5
	returns
	for name in session second listener; do finish $name; done
	set_is .
}

realm_start $TTL
cp "$WORK/zones/site.records" "$WORK/site.both"
for node in host r; do agent_start $node "paths: $MODE" "classes: {any: {watch: fast}}" || give_up "resolverd serves on $node"; done
for end in "$@"; do "$end"; done
exit $failed
