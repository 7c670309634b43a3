#!/usr/bin/env bash
# lone.sh - the only path of a session dies, and another one appears a second later: how long after that the receiver of a paced
# stream has octets again. With an address that comes (the host hears of it from its kernel), with a provider that does (nobody
# is told), and with the host's own link, which is all that it has, and returns.
# usage: lone.sh [-n TIMES] [-c CLASSES] [-d DIRECTIONS] [-p PATHS] [-w WAYS]
#   as in survive.sh; WAYS of address, provider, link, by commas (the first two)
#   LIMIT in the environment: ms (400)
# needs: root namespaces mptcp
# limit: 240
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=lone
# The host's questions to the name server leave by the address that is nearest to the server's (RFC 6724, rule 8): A, as B is dead when a
# session begins.
BED_A=1f BED_B=f1
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
N=1 CLASSES=fast DIRECTIONS=down,up MODES=manage WAYS=address,provider LIMIT=${LIMIT:-400}
while getopts n:c:d:p:w: option; do
	case $option in
	n) N=$OPTARG ;;
	c) CLASSES=$OPTARG ;;
	d) DIRECTIONS=$OPTARG ;;
	p) MODES=$OPTARG ;;
	w) WAYS=$OPTARG ;;
	*) exit 2 ;;
	esac
done
mark() { tell receiver USR1; line=$(wait_line receiver '^mark ' 5); }
paths_are() { mark && [ "$(field paths "$line")" = "$1" ]; }
# Commands to ip(8) in a node, which is started beforehand: what is done is done at once.
declare -A IP=()
ip_open() { # NODE
	mkfifo "$WORK/ip.$1"
	start "ip-$1" "$1" sh -c "exec ip -6 -force -batch - <'$WORK/ip.$1'"
	local fd
	exec {fd}>"$WORK/ip.$1"
	IP[$1]=$fd
}
ip_do() { echo "$2" >&"${IP[$1]}"; } # NODE LINE
drop() { ip_do "$1" "rule $2 pref 20 iif site blackhole"; ip_do "$1" "rule $2 pref 21 iif core blackhole"; } # ISP add|del
# WAY LETTER: it goes, or appears
goes() {
	case $1 in
	address) ip_do host "address del ${!2}/64 dev eth0" ;;
	provider) drop "isp-${2,}" add ;;
	link) [ "$2" = B ] || ip_do lan "link set host down" ;;
	esac
}
appears() {
	case $1 in
	provider) drop "isp-${2,}" del; return ;;
	link) [ "$2" = A ] || ip_do lan "link set host up"; return ;;
	esac
	ip_do host "address add ${!2}/64 dev eth0 nodad"
	ip_do host "route replace default via 2001:db8:$FIG1_SITE_A:1::1 dev eth0 src $A table 101"
	ip_do host "route replace default via 2001:db8:$FIG1_SITE_B:1::1 dev eth0 src $B table 102"
}
# DIRECTION PATHS: the host sends, or r does. Who accepts cannot join: where the kernel looks after paths the host connects, else r.
stream() {
	local sender=sender receiver=receiver there=host here=r id=$HOST_ID name=host.example.test way=$1
	if [ "$2" = kernel ]; then
		there=r here=host id=$R_ID name=r.example.test
		if [ "$1" = down ]; then way=up; else way=down; fi
	fi
	finish receiver
	finish sender
	[ "$way" = down ] || sender=receiver receiver=sender
	MAP_SOCKET=$WORK/$there.sock start $sender $there "$BUILD/tests/survive/pace" listen "$id" 7000 "$way"
	wait_line $sender '^listening' 5 >/dev/null || return 1
	MAP_SOCKET=$WORK/$here.sock start $receiver $here "$BUILD/tests/survive/pace" connect $name 7000 "$way"
	wait_line $receiver '^connected' 15 >/dev/null
}
lone() { # WAY DIRECTION PATHS: one stream, one fault; ms after it appeared
	goes "$1" B
	stream "$2" "$3" || { tail -n 1 "$WORK/receiver.log" "$WORK/sender.log" | tr "\n" " "; echo "no stream"; return 1; }
	soon 5 paths_are "$([ "$1" = link ] && echo 2 || echo 1)" || { echo "by others"; return 1; }
	pass 0.5
	mark
	goes "$1" A
	pass 1.$((RANDOM % 500 + 100)) # at any moment of the timers that run meanwhile
	mark || return 1
	[ "$(field gap "$line")" -ge 800 ] || { echo "it went on"; return 1; }
	appears "$1" B
	pass 1.5
	mark || return 1
	field first "$line"
	appears "$1" A
	tell receiver TERM
	wait_line receiver '^end ' 5 >/dev/null && ! grep -q wrong "$WORK/receiver.log"
}
cell() { # CLASS PATHS WAY DIRECTION
	local all=() ms i word=ok name="$2, only path dies, another $3 appears, $4, $1"
	for ((i = 0; i < N; i++)); do
		ms=$(lone "$3" "$4" "$2")
		if [[ ! $ms =~ ^-?[0-9]+$ ]]; then
			echo "not ok lone: $name: $ms"
			failed=1
			return
		fi
		all+=("$ms")
	done
	mapfile -t all < <(printf '%s\n' "${all[@]}" | sort -n)
	[ "${all[-1]}" -le "$LIMIT" ] || word="not ok" failed=1
	echo "$word lone: $name: median ${all[(N - 1) / 2]} ms, worst ${all[-1]} ms of $N after it appeared; no octet lost or doubled"
}
realm_start
for node in host isp-a isp-b lan; do ip_open $node; done
for class in ${CLASSES//,/ }; do
	for paths in ${MODES//,/ }; do
		for node in host r; do
			agent_start $node "paths: $paths" "classes: {any: {watch: $class}}" || give_up "resolverd serves on $node"
		done
		for way in ${WAYS//,/ }; do
			for direction in ${DIRECTIONS//,/ }; do cell "$class" "$paths" "$way" "$direction"; done
		done
	done
done
exit $failed
