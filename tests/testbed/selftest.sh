#!/usr/bin/env bash
# selftest.sh - what the testbed promises: paths, faults, a second end with two providers, cleaning up. Prints 'ok NAME'
# lines.
# needs: root namespaces ping
# limit: 300
set -u
here=$(dirname "$(readlink -f "$0")")
fig1=$here/fig1
failed=0

report() { # STATUS NAME
	if [ "$1" = 0 ]; then echo "ok $2"; else echo "not ok $2"; failed=1; fi
}
reaches() { # NODE SOURCE DESTINATION; a first packet may wait for neighbour discovery
	local _
	for _ in 1 2 3 4; do
		"$fig1" exec "$1" ping -6 -q -n -c 1 -W 0.4 -I "$2" "$3" >/dev/null 2>&1 && return 0
	done
	return 1
}
silent() { # NODE SOURCE DESTINATION: no answer, and no ICMP error either
	local out
	out=$("$fig1" exec "$1" ping -6 -n -c 2 -i 0.2 -W 0.4 -I "$2" "$3" 2>&1) && return 1
	! grep -q -e 'From ' -e nreachable <<<"$out"
}
inside() {
	local node source _
	for source in "$FIG1_HOST_A" "$FIG1_HOST_B"; do
		for node in "$FIG1_R" "$FIG1_C" "$FIG1_NS"; do
			reaches host "$source" "$node"; report $? "testbed: host $source reaches $node"
		done
	done
	reaches c "$FIG1_C" "$FIG1_HOST_B"; report $? "testbed: c reaches host by provider B"
	for source in both in out; do
		"$fig1" blackhole isp-a $source
		silent host "$FIG1_HOST_A" "$FIG1_R"; report $? "testbed: blackhole $source of isp-a says nothing"
		reaches host "$FIG1_HOST_B" "$FIG1_R"; report $? "testbed: blackhole $source of isp-a leaves B alone"
		"$fig1" restore isp-a
		reaches host "$FIG1_HOST_A" "$FIG1_R"; report $? "testbed: isp-a restored after $source"
	done
	for node in isp-a-site core-isp-a exit-a-lan; do
		"$fig1" fail $node
		! reaches host "$FIG1_HOST_A" "$FIG1_R"; report $? "testbed: $node failed"
		reaches host "$FIG1_HOST_B" "$FIG1_R"; report $? "testbed: $node failed leaves B alone"
		"$fig1" restore $node
		reaches host "$FIG1_HOST_A" "$FIG1_R"; report $? "testbed: $node restored"
	done
	! "$fig1" exec r2 true 2>/dev/null; report $? "testbed: no r2 unless asked for"
}

# ----------------------------------------------------------------------------- both ends with two providers

alive() { # the pairs of host's and r2's addresses that reach each other, both ends asked, all at once
	local h r from to
	for h in A B; do
		for r in C D; do
			from=FIG1_HOST_$h to=FIG1_R2_$r
			{ reaches host "${!from}" "${!to}" && echo $h$r; } &
			{ reaches r2 "${!to}" "${!from}" && echo $r$h; } &
		done
	done | sort | paste -sd' '
}
pairs() { # WHAT PAIR...: these and no others
	local what=$1 is
	shift
	is=$(alive)
	[ "$is" = "$*" ] || echo "# alive: $is"
	[ "$is" = "$*" ]; report $? "testbed: $what"
}
all=(AC AD BC BD CA CB DA DB) # in order
# What a fault may change and restore has to put back, in all nodes.
everything() {
	local v
	for v in "${!FIG1_NETNS_@}"; do
		echo "== $v"
		ip -n "${!v}" -br link show | tr '@' ' ' | awk '{ print $1, $NF }' | sort
		ip -6 -n "${!v}" -o address show scope global
		ip -6 -n "${!v}" route show table all | sort
		ip -6 -n "${!v}" rule show
		ip netns exec "${!v}" nft list ruleset 2>/dev/null
	done
	"$fig1" status | grep '^fault '
}
received() { # SOURCE COUNT: of so many packets that host sends to r2's provider C, how many were answered
	"$fig1" exec host ping -6 -q -n -c "$2" -i 0.001 -W 2 -I "$1" "$FIG1_R2_C" 2>&1 |
		sed -n 's/.* \([0-9]*\) received.*/\1/p'
}
between() { [ "$3" -ge "$1" ] && [ "$3" -le "$2" ]; } # LEAST MOST NUMBER
refused() { # WHAT COMMAND...
	local out what=$1
	shift
	out=$("$@" 2>&1)
	[ $? = 1 ] && grep -q -e "$what" <<<"$out"
}
loss_is_possible() { unshare --net nft 'add table t; add chain t c; add rule t c numgen random mod 2 < 1 drop' 2>/dev/null; }
loses() {
	local n bad=0
	if ! loss_is_possible; then echo "skip testbed: loss: nft"; return; fi
	"$fig1" loss isp-a 5
	"$fig1" loss isp-a 30
	# 49 of a hundred come through there and back, 70 if only one way lost any; these bounds are six deviations away
	n=$(received "$FIG1_HOST_A" 1000)
	between 395 585 "$n"; report $? "testbed: loss 30 of isp-a, both ways ($n of 1000 received)"
	n=$(received "$FIG1_HOST_B" 100)
	[ "$n" = 100 ]; report $? "testbed: loss of isp-a leaves B alone ($n of 100 received)"
	"$fig1" loss isp-a off
	n=$(received "$FIG1_HOST_A" 100)
	[ "$n" = 100 ]; report $? "testbed: loss off ($n of 100 received)"
	"$fig1" loss isp-c 99.9
	n=$(received "$FIG1_HOST_B" 100)
	between 0 10 "$n"; report $? "testbed: loss 99.9 of isp-c ($n of 100 received)"
	"$fig1" restore isp-c
	n=$(received "$FIG1_HOST_B" 100)
	[ "$n" = 100 ]; report $? "testbed: restore isp-c undoes loss ($n of 100 received)"
	for n in 0 0.0 100 x '' -5 1.25; do
		refused 'loss ISP PERCENT' "$fig1" loss isp-a "$n" || bad=1
	done
	report $bad "testbed: loss of what is no percentage"
	# shellcheck disable=SC2016 # for the inner shell
	refused 'needs nft (package nftables)' unshare --mount sh -c 'mount -n --bind /dev/null "$1" && exec "$0" loss isp-a 5' \
		"$fig1" "$(readlink -f "$(PATH=$PATH:/usr/sbin:/sbin command -v nft)")"
	report $? "testbed: loss without nft says what is missing"
}
deprecated() { # NODE: its addresses that are
	ip -6 -n "$FIG1_PREFIX-$1" -o address show scope global deprecated | awk '{ sub(/\/.*/, "", $4); print $4 }'
}
sent() { # NODE SOURCE DESTINATION: what the kernel says to one datagram
	"$fig1" exec "$1" /usr/bin/python3 -c 'import errno, socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
try: s.sendto(b"x", (sys.argv[2], 9)); print("sent")
except OSError as e: print(errno.errorcode[e.errno])' "$2" "$3"
}
withdraws() { # HOW-UNDONE ISP NODE ADDRESS PEER PAIR...: these are left
	local how=$1 isp=$2 node=$3 address=$4 peer=$5
	shift 5
	[ "$(sent "$node" "$address" "$peer")" = sent ]; report $? "testbed: $isp: sends leave"
	"$fig1" withdraw "$isp"
	[ "$(sent "$node" "$address" "$peer")" = ENETUNREACH ]; report $? "testbed: withdraw $isp: sends fail at once"
	[ "$(deprecated "$node")" = "$address" ]; report $? "testbed: withdraw $isp: the address is deprecated"
	! ip -6 -n "$FIG1_PREFIX-$node" route show table all | grep -q "via ${address%10}1 "
	report $? "testbed: withdraw $isp: no route by it"
	"$fig1" exec "$node" ping -6 -q -n -c 1 -W 5 "$peer" >/dev/null 2>&1
	report $? "testbed: withdraw $isp: what has no source goes by the other"
	pairs "withdraw $isp leaves the other alone" "$@"
	"$fig1" "$how" "$isp"
	[ -z "$(deprecated "$node")" ]; report $? "testbed: $how $isp: the address is preferred"
	pairs "$how $isp heals" "${all[@]}"
}
ends() {
	local node before
	before=$(everything)
	pairs "host and r2 reach each other over all pairs" "${all[@]}"
	"$fig1" blackhole isp-c
	pairs "blackhole of isp-c kills the pairs of C" AD BD DA DB
	silent host "$FIG1_HOST_A" "$FIG1_R2_C"; report $? "testbed: blackhole of isp-c says nothing"
	"$fig1" restore isp-c
	"$fig1" blackhole isp-d in
	pairs "blackhole in of isp-d kills the pairs of D" AC BC CA CB
	"$fig1" restore isp-d
	"$fig1" blackhole isp-b
	pairs "blackhole of isp-b kills the pairs of B" AC AD CA DA
	"$fig1" restore all
	pairs "restored" "${all[@]}"
	for node in r2-isp-c core-isp-c; do
		"$fig1" fail $node
		pairs "$node failed" AD BD DA DB
		"$fig1" restore $node
		pairs "$node restored" "${all[@]}"
	done
	"$fig1" fail r2-isp-d
	[ "$(ip -n "$FIG1_NETNS_R2" -o link show | grep -F '<NO-CARRIER' | cut -d' ' -f2)" = eth-d@if51: ]
	report $? "testbed: r2-isp-d failed: r2 sees its carrier gone"
	"$fig1" restore r2-isp-d
	loses
	withdraws announce isp-a host "$FIG1_HOST_A" "$FIG1_R2_C" BC BD CB DB
	withdraws restore isp-d r2 "$FIG1_R2_D" "$FIG1_HOST_B" AC BC CA CB
	diff <(echo "$before") <(everything); report $? "testbed: each restored is as it was"

	loss_is_possible && "$fig1" loss isp-d 10
	"$fig1" blackhole isp-a out
	"$fig1" withdraw isp-a
	"$fig1" withdraw isp-c
	"$fig1" withdraw isp-d
	"$fig1" fail core-isp-d
	"$fig1" fail isp-b-site
	diff - <("$fig1" status | grep '^fault ' | grep -v loss) <<-T; report $? "testbed: status tells all faults"
		fault blackhole isp-a out
		fault fail core-isp-d
		fault fail isp-b-site
		fault withdraw isp-a
		fault withdraw isp-c
		fault withdraw isp-d
	T
	"$fig1" restore all
	diff <(echo "$before") <(everything); report $? "testbed: restore all undoes all"
	pairs "all restored" "${all[@]}"
}

# ------------------------------------------------------------------------------------------ cleaning up

left_over() { # PREFIX...: namespaces or state of these testbeds
	local p
	for p in "$@"; do
		if ip netns | grep -q "^$p-" || [ -e "/run/eidmap-fig1/$p" ]; then return 0; fi
	done
	return 1
}
# Three at once, with random sites, each with a process inside that does not end by itself; one is
# interrupted, one only killed. That one has r2, which is known to who is not told.
outside() {
	local work pid1 pid2 pid3 site1 site2 r2
	work=$(mktemp -d)
	mkfifo "$work/ready"
	exec 3<>"$work/ready"
	for p in 1 2 3; do
		r2=$((p == 3))
		# a shell starts background jobs with SIGINT ignored, which no trap can undo
		# shellcheck disable=SC2016
		FIG1_QUIET=1 FIG1_PREFIX="t$$.$p" FIG1_SITE_A=random FIG1_SITE_B=random FIG1_R2=$r2 \
			env --default-signal=INT "$fig1" run sh -c '
			$FIG1 exec host sleep 1000 & echo "$FIG1_SITE_A $FIG1_SITE_B" >&3; wait' </dev/null &
		eval "pid$p=$!"
	done
	read -r -t 30 site1 <&3 && read -r -t 30 site2 <&3 && read -r -t 30 _ <&3
	report $? "testbed: three at once"
	[ "$site1" != "$site2" ]; report $? "testbed: each has another site ($site1, $site2)"
	kill -TERM "$pid1"; wait "$pid1" 2>/dev/null
	! left_over "t$$.1"; report $? "testbed: nothing left after SIGTERM"
	kill -INT "$pid2"; wait "$pid2" 2>/dev/null
	! left_over "t$$.2"; report $? "testbed: nothing left after SIGINT"
	[ -e "/run/netns/t$$.3-r2" ] && [ ! -e "/run/netns/t$$.2-r2" ]; report $? "testbed: only one of them has r2"
	kill -KILL "$pid3"; wait "$pid3" 2>/dev/null
	FIG1_QUIET=1 "$fig1" gc
	! left_over "t$$.3"; report $? "testbed: gc removes what SIGKILL left"
	FIG1_QUIET=1 FIG1_PREFIX="t$$.1" "$fig1" run false
	[ $? = 1 ]; report $? "testbed: run returns the status of its command"
	rm -rf "$work"
}
case ${1:-} in
inside) inside ;;
ends) ends ;;
*)
	unset FIG1_R2
	export FIG1_QUIET=1
	FIG1_SITE_A=random FIG1_SITE_B=random "$fig1" run "$0" inside || failed=1
	FIG1_R2=1 FIG1_SITE_A=random FIG1_SITE_B=random FIG1_SITE_C=random FIG1_SITE_D=random "$fig1" run "$0" ends || failed=1
	FIG1_PREFIX=t$$.4 FIG1_R2=1 "$fig1" up
	FIG1_PREFIX=t$$.4 "$fig1" exec r2 true; report $? "testbed: r2 is known to who is not told of it"
	FIG1_PREFIX=t$$.4 "$fig1" down
	! left_over "t$$.4"; report $? "testbed: down leaves nothing"
	outside ;;
esac
exit $failed
