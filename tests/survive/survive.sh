#!/usr/bin/env bash
# survive.sh - sessions by identity across every failure of the testbed: the longest gap that the receiver of a paced stream
# (2 KiB each 5 ms) sees, and whether an octet was lost or doubled. A multi-homed host that listens, and a peer that connects.
#
# usage: survive.sh [-n FAULTS] [-c CLASSES] [-d DIRECTIONS] [-p PATHS] [-e ENDS] [-a AGENTS] [-f FAULT]...
#   FAULTS     in one stream, of each cell (1)
#   CLASSES    of fast, normal, sticky (fast), by commas;   DIRECTIONS  of down (the host sends), up (both)
#   PATHS      who looks after them: kernel, manage (both); to compare with: alone, the kernel without any agent's help, and tcp,
#              a session that has one path and no agent
#   ENDS       one, the host only has two providers, or two, its peer has too (one)
#   AGENTS     both, or host: the peer's looks names up and does nothing else (both)
#   FAULT      "blackhole isp-a both", "fail isp-a-site" and so on (two of them; -f all: all); the same at the other
#              provider comes in turn
#   LIMIT, RETURN  in the environment: ms that a gap may last (400), and one after the restore (400); none for what is compared with
# needs: root namespaces mptcp
# limit: 300
# shellcheck disable=SC2034,SC2154,SC2317 # bed.inc uses and defines
set -u
NAME=survive
case " $* " in *" -e two "*) export FIG1_R2=1 FIG1_SITE_C=random FIG1_SITE_D=random ;; esac
# shellcheck source=tests/survive/bed.inc
. "$(dirname "$0")/bed.inc"
N=1 CLASSES=fast DIRECTIONS=down,up MODES=kernel,manage ENDS=one AGENTS=both FAULTS=()
while getopts n:c:d:p:e:f:a: option; do
	case $option in
	n) N=$OPTARG ;;
	c) CLASSES=$OPTARG ;;
	d) DIRECTIONS=$OPTARG ;;
	p) MODES=$OPTARG ;;
	e) ENDS=$OPTARG ;;
	f) FAULTS+=("$OPTARG") ;;
	a) AGENTS=$OPTARG ;;
	*) exit 2 ;;
	esac
done
[ ${#FAULTS[@]} -gt 0 ] || FAULTS=("blackhole isp-a both" "fail core-isp-a")
[ "${FAULTS[0]}" != all ] || FAULTS=("blackhole isp-a both" "blackhole isp-a in" "blackhole isp-a out" "fail isp-a-site"
	"fail core-isp-a" "fail exit-a-lan" "withdraw isp-a")
PEER=r
[ "$ENDS" = one ] || PEER=r2

mark() { tell receiver USR1; line=$(wait_line receiver '^mark ' 5); }
# By both of the host's providers; who knows all pairs has them from both of the peer's.
all_paths() {
	local most=2
	case $mode-$ENDS in tcp-*) return 0 ;; manage-two) most=4 ;; esac
	mark && [ "$(field paths "$line")" -ge $most ]
}
# As the other provider's fault.
other() { sed -E 's/isp-a/isp-b/; s/exit-a/exit-b/' <<<"$1"; }
undo() { "$FIG1" restore "$(cut -d' ' -f2 <<<"$1")"; } # FAULT
# CLASS: agents, or what is compared with them
agents() {
	local node options=()
	for node in host $PEER; do "$FIG1" exec "$node" sysctl -qw "net.mptcp.enabled=$([ "$mode" = tcp ]; echo $?)"; done
	case $mode in
	kernel | manage) options=("paths: $mode" "classes: {any: {watch: $1}}") ;;
	*) options=("paths: off" "probe: off" "exits: off") ;;
	esac
	agent_start host "${options[@]}" || return 1
	[ "$AGENTS" = both ] || options=("paths: off" "probe: off" "exits: off")
	agent_start $PEER "${options[@]}" || return 1
	[ "$mode" != alone ] || endpoints host "$A" "$B"
	if [ "$mode" = alone ] || [ "$AGENTS" != both ]; then "$FIG1" exec $PEER ip mptcp limits set subflow 8 add_addr_accepted 8; fi
}
endpoints() { # NODE ADDRESS...: as an administrator would
	local node=$1 address
	shift
	"$FIG1" exec "$node" ip mptcp limits set subflow 8 add_addr_accepted 8
	"$FIG1" exec "$node" ip mptcp endpoint flush
	for address in "$@"; do "$FIG1" exec "$node" ip mptcp endpoint add "$address" subflow signal; done
}
# DIRECTION FAULT: N of it in one stream; the gaps to $gaps, those of restores to $returns
cell() {
	local fault i here=receiver there=sender transport=
	[ "$mode" != tcp ] || transport=tcp
	gaps=() returns=()
	finish receiver
	finish sender
	[ "$1" = down ] || here=sender there=receiver
	MAP_SOCKET=$WORK/host.sock start $there host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 "$1"
	wait_line $there '^listening' 5 >/dev/null || return 1
	MAP_SOCKET=$WORK/$PEER.sock start $here $PEER "$BUILD/tests/survive/pace" connect host.example.test 7000 "$1" ${transport:+"$transport"}
	wait_line $here '^connected' 15 >/dev/null || return 1
	for ((i = 0; i < N; i++)); do
		fault=$2
		[ $((i % 2)) = 0 ] || [ "$mode" = tcp ] || fault=$(other "$2")
		soon 20 all_paths || { echo "    | not all paths before fault $i"; return 1; }
		pass 0.5
		mark || return 1
		# shellcheck disable=SC2086 # a fault is words
		"$FIG1" $fault
		pass 1.5
		mark || return 1
		gaps+=("$(field gap "$line")")
		undo "$fault"
		pass 1.2
		mark || return 1
		returns+=("$(field gap "$line")")
	done
	tell receiver TERM
	wait_line receiver '^end ' 5 >/dev/null && ! grep -q wrong "$WORK/receiver.log"
}
figures() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { printf "median %d ms, worst %d ms", v[int((NR + 1) / 2)], v[NR] }'; }
worst() { printf '%s\n' "$@" | sort -n | tail -n 1; }
cells() { # CLASS
	local direction fault name word limit=${LIMIT:-400} back=${RETURN:-400}
	case $mode in alone | tcp) limit=1000000 back=1000000 ;; esac
	for direction in ${DIRECTIONS//,/ }; do
		for fault in "${FAULTS[@]}"; do
			name="$mode, $fault, $direction, $1"
			[ "$ENDS" = one ] || name+=", both ends"
			[ "$AGENTS" = both ] || name+=", no agent at the peer"
			if cell "$direction" "$fault"; then
				if [ "$(worst "${gaps[@]}")" -le "$limit" ] && [ "$(worst "${returns[@]}")" -le "$back" ]; then word=ok; else word="not ok" failed=1; fi
				echo "$word survive: $name: $(figures "${gaps[@]}") of $N; at the return $(figures "${returns[@]}"); no octet lost or doubled"
			else
				echo "not ok survive: $name: $(tail -n 1 "$WORK/receiver.log" 2>/dev/null)"
				"$FIG1" restore all
				failed=1
			fi
		done
	done
}

realm_start
for class in ${CLASSES//,/ }; do
	for mode in ${MODES//,/ }; do
		agents "$class" || give_up "agents"
		cells "$class"
	done
done
exit $failed
