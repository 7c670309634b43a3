#!/usr/bin/env bash
# survival.sh - one paced stream across a provider's failure and return, by TCP, by the kernel's MPTCP alone, and with resolverd's
# paths: manage (class fast); as a plot, and as the longest gaps.
# usage: survival.sh [FILE.svg]
# needs: root namespaces mptcp gnuplot
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=survival
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/../tests/survive/bed.inc"
FILE=${1:-$SOURCE/doc/survival.svg}
MS=5 # from one look at the receiver to the next
start_with() { # MODE
	local node options=("paths: off" "probe: off" "exits: off")
	for node in host r; do "$FIG1" exec "$node" sysctl -qw "net.mptcp.enabled=$([ "$1" = tcp ]; echo $?)"; done
	[ "$1" != manage ] || options=("paths: manage" "classes: {any: {watch: fast}}")
	for node in host r; do agent_start $node "${options[@]}" || give_up "resolverd serves on $node"; done
	[ "$1" = alone ] || return 0
	"$FIG1" exec r ip mptcp limits set subflow 8 add_addr_accepted 8
	"$FIG1" exec host ip mptcp limits set subflow 8 add_addr_accepted 8
	for node in "$A" "$B"; do "$FIG1" exec host ip mptcp endpoint add "$node" subflow signal; done
}
# MODE: the stream's octets, each MS, from a second before the fault; the longest gap
run() {
	local transport=
	[ "$1" != tcp ] || transport=tcp
	start_with "$1"
	MAP_SOCKET=$WORK/host.sock start sender host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 down
	wait_line sender '^listening' 5 >"$WORK/out" || give_up "the sender listens"
	PACE_TRACE=$MS MAP_SOCKET=$WORK/r.sock start receiver r "$BUILD/tests/survive/pace" connect host.example.test 7000 down ${transport:+$transport}
	wait_line receiver '^connected' 15 >"$WORK/out" || give_up "the receiver connects"
	pass 1
	"$FIG1" blackhole isp-a
	pass 1.5
	"$FIG1" restore isp-a
	pass 2.5
	tell receiver TERM
	wait_line receiver '^end ' 5 >"$WORK/out" || give_up "the stream ends whole"
	finish receiver
	finish sender
	sed -nE 's/^mark at=([0-9]+) octets=([0-9]+) .*/\1 \2/p' "$WORK/receiver.out" |
		awk '{ sum += $2; print $1 / 1000, sum / 1e6 }' >"$WORK/$1.dat"
	echo "$1: longest gap $(sed -nE 's/.*gap=([0-9]+).*/\1/p' "$WORK/receiver.out" | sort -n | tail -n 1) ms"
	: >"$WORK/receiver.out"
}
realm_start
for mode in tcp alone manage; do run $mode; done
gnuplot <<-T || give_up "gnuplot draws"
	set terminal svg size 960,400 font "sans,12" background "white"
	set output "$FILE"
	set multiplot layout 1,2
	set xlabel "seconds"; set ylabel "megabytes received"
	set key left top
	set label 1 "provider A falls silent" at first 1.05, graph 0.05 left
	set label 2 "and returns" at first 2.6, graph 0.11 left
	set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead dashtype 2 lc rgb "#888888"
	set arrow 2 from first 2.55, graph 0 to first 2.55, graph 1 nohead dashtype 2 lc rgb "#888888"
	plot [0:5] [0:2.6] "$WORK/tcp.dat" with steps lw 2 lc rgb "#c04040" title "TCP", \
		"$WORK/alone.dat" with steps lw 2 lc rgb "#4060c0" title "MPTCP, the kernel alone", \
		"$WORK/manage.dat" with steps lw 2 lc rgb "#208040" title "MPTCP, paths: manage"
	unset label 1; unset label 2; unset arrow 2; unset key
	plot [0.95:1.35] [0.36:0.58] "$WORK/tcp.dat" with steps lw 2 lc rgb "#c04040" title "TCP", \
		"$WORK/alone.dat" with steps lw 2 lc rgb "#4060c0" title "MPTCP, the kernel alone", \
		"$WORK/manage.dat" with steps lw 2 lc rgb "#208040" title "MPTCP, paths: manage"
T
exit $failed
