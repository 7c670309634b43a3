#!/usr/bin/env bash
# selftest.sh - what the testbed promises: paths, faults, cleaning up. Prints 'ok NAME' lines.
# needs: root namespaces ping
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
}
left_over() { # PREFIX...: namespaces or state of these testbeds
	local p
	for p in "$@"; do
		if ip netns | grep -q "^$p-" || [ -e "/run/eidmap-fig1/$p" ]; then return 0; fi
	done
	return 1
}
# Two at once, with random sites, each with a process inside that does not end by itself; one is
# interrupted, one only killed.
outside() {
	local work pid1 pid2 pid3 site1 site2
	work=$(mktemp -d)
	mkfifo "$work/ready"
	exec 3<>"$work/ready"
	for p in 1 2 3; do
		# a shell starts background jobs with SIGINT ignored, which no trap can undo
		# shellcheck disable=SC2016
		FIG1_QUIET=1 FIG1_PREFIX="t$$.$p" FIG1_SITE_A=random FIG1_SITE_B=random \
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
	kill -KILL "$pid3"; wait "$pid3" 2>/dev/null
	FIG1_QUIET=1 "$fig1" gc
	! left_over "t$$.3"; report $? "testbed: gc removes what SIGKILL left"
	FIG1_QUIET=1 FIG1_PREFIX="t$$.1" "$fig1" run false
	[ $? = 1 ]; report $? "testbed: run returns the status of its command"
	rm -rf "$work"
}
if [ "${1:-}" = inside ]; then
	inside
else
	FIG1_QUIET=1 FIG1_SITE_A=random FIG1_SITE_B=random "$fig1" run "$0" inside || failed=1
	outside
fi
exit $failed
